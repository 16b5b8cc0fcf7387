//! Why the API has refused something, for the person at the terminal.

use std::fmt;

use architrave_config::object::ObjectKind;
use serde_json::Value;

/// A refusal of the API.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    body: Value,
}

impl Refusal {
    /// An answer, or that it is a refusal.
    pub(super) fn unless_fine(status: u16, body: Value) -> Result<Value, Self> {
        if (200..300).contains(&status) { Ok(body) } else { Err(Self { status, body }) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned);
        let said = text(&self.body, "detail").or_else(|| text(&self.body, "message"));
        write!(formatter, "{}", said.as_deref().unwrap_or("the gateway gave no reason"))?;
        for error in self.body["errors"].as_array().into_iter().flatten() {
            let part = |key: &str| text(error, key).unwrap_or_default();
            // `services/orders` as a difference has it.
            let object = part("object");
            let object = match object.split_once('/') {
                Some((kinds, name)) => format!("{} {name} ", kind_of(kinds)),
                None => object,
            };
            write!(formatter, "\n{object}{}: {}", part("pointer"), part("message"))?;
        }
        Ok(())
    }
}

/// The word for one of a kind.
fn kind_of(plural: &str) -> &str {
    ObjectKind::from_plural(plural).map_or(plural, |kind| kind.singular())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_names_what_it_is_about() {
        assert!(Refusal::unless_fine(204, Value::Null).is_ok());
        let body = json!({
            "detail": "the configuration would have a fault with this",
            "errors": [{ "object": "services/s", "pointer": "/http/upstream", "message": "no upstream" }],
        });
        let refusal = Refusal::unless_fine(422, body).expect_err("it is one");
        assert_eq!(
            refusal.to_string(),
            "the configuration would have a fault with this\nservice s /http/upstream: no upstream"
        );
        let bare = Refusal::unless_fine(500, Value::Null).expect_err("it is one");
        assert_eq!(bare.to_string(), "the gateway gave no reason");
    }
}
