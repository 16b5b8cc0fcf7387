//! What a provider says of a failure beside its message, put behind the message: the other dialects
//! have no place for it, and whoever has to act on the failure needs it.

use super::said;

/// So much of one of them is told.
const BYTES_MAX: usize = 400;

/// Puts more behind a message, which says it already or not.
pub(super) fn add(message: &mut String, more: &str) {
    let more = more.trim();
    if more.is_empty() || message.contains(more) {
        return;
    }
    let end = (0..=BYTES_MAX.min(more.len())).rev().find(|at| more.is_char_boundary(*at));
    let told = &more[..end.unwrap_or_default()];
    let cut = if told.len() < more.len() { "…" } else { "" };
    let seam = if message.ends_with(['.', '!', '?', ':']) { " " } else { "; " };
    message.push_str(&format!("{seam}{told}{cut}"));
}

/// The same of JSON, without what says whose account it is.
pub(super) fn add_json(message: &mut String, json: &str) {
    if let Some(passable) = said::passable(json).filter(|text| !matches!(&**text, "{}" | "[]")) {
        add(message, &passable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_stands_behind_the_message_once_and_cut() {
        let with = |message: &str, more: &str| {
            let mut message = message.to_owned();
            add(&mut message, more);
            message
        };
        assert_eq!(with("it failed", "hate: high"), "it failed; hate: high");
        assert_eq!(with("It failed.", " so it did "), "It failed. so it did");
        assert_eq!(with("it failed", "failed"), "it failed");
        assert_eq!(with("it failed", ""), "it failed");
        let long = with("x", &"\u{e9}".repeat(500));
        assert_eq!(long.len(), "x; ".len() + BYTES_MAX + "…".len());
        let mut message = "no".to_owned();
        add_json(&mut message, r#"{"why":"odd","organization_id":"org-1"}"#);
        assert_eq!(message, r#"no; {"why":"odd"}"#);
        add_json(&mut message, r#"{"account":"7"}"#);
        assert_eq!(message, r#"no; {"why":"odd"}"#);
    }
}
