//! The form that an answer must have: a JSON Schema (draft 2020-12 unless it says another), read
//! once.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use boon::{Compiler, SchemaIndex, Schemas, UrlLoader};
use serde_json::Value;

/// The name under which a schema is known to its compiler.
const NAME: &str = "schema:///";

/// A JSON Schema, ready to be held against values.
#[derive(Clone)]
pub struct OutputForm {
    schema: String,
    compiled: Arc<(Schemas, SchemaIndex)>,
}

/// Nothing outside a schema is read for it.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        Err(format!("{url} is not in it").into())
    }
}

impl OutputForm {
    /// Reads a schema.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow its name.
    pub(super) fn new(schema: String) -> Result<Self, String> {
        let value = serde_json::from_str(&schema).map_err(|error| error.to_string())?;
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nothing));
        let mut schemas = Schemas::new();
        compiler.add_resource(NAME, value).map_err(|error| error.to_string())?;
        let index = compiler.compile(NAME, &mut schemas);
        let index = index.map_err(|error| in_a_line(&error))?;
        Ok(Self { schema, compiled: Arc::new((schemas, index)) })
    }

    /// The schema as JSON.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Whether a text is JSON of this form.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        let (schemas, index) = &*self.compiled;
        serde_json::from_str(text).is_ok_and(|value| schemas.validate(&value, *index).is_ok())
    }
}

/// What is wrong and where, without the rules that say so.
fn in_a_line(error: &impl fmt::Display) -> String {
    let told = format!("{error:#}").replace(NAME, "");
    let places: Vec<&str> =
        told.lines().skip(1).map(|line| line.trim_start_matches("- ")).collect();
    if places.is_empty() { told } else { places.join("; ") }
}

impl PartialEq for OutputForm {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
    }
}

impl fmt::Debug for OutputForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("OutputForm").field(&self.schema).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_told_from_what_does_not() {
        let schema = r#"{"type":"object","properties":{"mood":{"enum":["good","bad"]}},
                         "required":["mood"],"additionalProperties":false}"#;
        let form = OutputForm::new(schema.to_owned()).expect("a schema");
        assert!(form.fits(r#"{"mood": "good"}"#));
        for text in [r#"{"mood":"odd"}"#, "{}", "good", "", r#"{"mood":"good"} and so on"#] {
            assert!(!form.fits(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for schema in [r#"{"type":"objekt"}"#, r##"{"$ref":"#/$defs/none"}"##, "7"] {
            assert!(OutputForm::new(schema.to_owned()).is_err(), "{schema}");
        }
        let outside = r#"{"$ref":"file:///etc/passwd"}"#.to_owned();
        let told = OutputForm::new(outside).expect_err("nothing outside is read");
        assert!(told.contains("is not in it"), "{told}");
    }
}
