//! Two spellings of one field: Gemini takes `generationConfig` for `generation_config`, as any
//! message of protocol buffers in JSON. A body that says both says a field twice.
//!
//! Where names are not those of messages, as in arguments of a tool, each is its own.

use std::borrow::Cow;

/// How the names of fields may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spellings {
    /// In one way.
    One,
    /// Of messages, with capitals or with underscores; those of values that are free in one.
    Either,
    /// Those of this object in one way, of what is in them in either: they are names that somebody
    /// gave to parts of a schema.
    OneHere,
}

impl Spellings {
    /// How those are spelled that are in the value of a field of that name.
    pub(super) fn within(self, name: &[u8]) -> Self {
        match (self, name) {
            (Self::One, _) => Self::One,
            (Self::OneHere, _) => Self::Either,
            (
                Self::Either,
                b"args"
                | b"response"
                | b"default"
                | b"example"
                | b"labels"
                | b"parametersJsonSchema"
                | b"parameters_json_schema"
                | b"responseJsonSchema"
                | b"response_json_schema"
                | b"_responseJsonSchema",
            ) => Self::One,
            (Self::Either, b"properties" | b"defs" | b"$defs") => Self::OneHere,
            (Self::Either, _) => Self::Either,
        }
    }

    /// What is the same for all spellings of a name.
    pub(super) fn fold(self, name: &[u8]) -> Cow<'_, [u8]> {
        if self != Self::Either || memchr::memchr(b'_', name).is_none() {
            return Cow::Borrowed(name);
        }
        let mut folded = Vec::with_capacity(name.len());
        let mut is_first = false;
        for byte in name {
            match byte {
                b'_' => is_first = !folded.is_empty(),
                _ if is_first => {
                    folded.push(byte.to_ascii_uppercase());
                    is_first = false;
                }
                _ => folded.push(*byte),
            }
        }
        Cow::Owned(folded)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Dialect;
    use crate::scan::{ScanError, Scanned};
    use crate::surface::Surface;

    #[test]
    fn both_spellings_of_one_field_say_it_twice() {
        let watch = Dialect::GeminiGenerateContent.watch();
        for body in [
            r#"{"systemInstruction":{},"system_instruction":{}}"#,
            r#"{"generation_config":{"maxOutputTokens":1},"generationConfig":{}}"#,
            r#"{"generationConfig":{"maxOutputTokens":1,"max_output_tokens":9}}"#,
            r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":1,"thinking_budget":9}}}"#,
            r#"{"contents":[{"parts":[{"inlineData":{},"inline_data":{}}]}]}"#,
            r#"{"tools":[{"functionDeclarations":[{"parameters":{"properties":{"a":{"anyOf":[],"any_of":[]}}}}]}]}"#,
            r#"{"generationConfig":{"_responseJsonSchema":1,"response_json_schema":2}}"#,
        ] {
            let refused = Scanned::whole(body.as_bytes(), watch);
            assert!(matches!(refused, Err(ScanError::DoubledField { .. })), "{body}: {refused:?}");
        }
        let embedding = r#"{"outputDimensionality":1,"output_dimensionality":2}"#.as_bytes();
        assert!(Scanned::whole(embedding, Surface::GeminiEmbedding.watch()).is_err());
        assert!(Scanned::whole(embedding, Surface::OpenaiEmbedding.watch()).is_ok());
    }

    #[test]
    fn names_that_are_no_fields_of_messages_are_each_their_own() {
        let watch = Dialect::GeminiGenerateContent.watch();
        for body in [
            r#"{"contents":[{"parts":[{"functionCall":{"args":{"user_id":1,"userId":2}}}]}]}"#,
            r#"{"contents":[{"parts":[{"functionResponse":{"response":{"a":[{"b_c":1,"bC":2}]}}}]}]}"#,
            r#"{"tools":[{"functionDeclarations":[{"parameters":{"properties":{"a_b":{},"aB":{}}}}]}]}"#,
            r#"{"generationConfig":{"responseJsonSchema":{"properties":{"a":{"x_y":1,"xY":2}}}}}"#,
            r#"{"contents":[{"parts":[{"text":"a"}]},{"parts":[{"text":"a"}]}]}"#,
        ] {
            assert_eq!(Scanned::whole(body.as_bytes(), watch).err(), None, "{body}");
        }
    }
}
