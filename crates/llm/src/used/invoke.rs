//! What the whole answer to a bare call tells of tokens and of images, in the words of whichever model
//! it is.

use super::Used;
use crate::catalog::Unit;
use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Kind};

/// What a whole answer tells.
pub(super) fn used_of_reply(body: &str) -> Used {
    let mut told = Told::default();
    if Cursor::new(body).object(|cursor, name| told.see(cursor, name)).is_err() {
        return Used::default();
    }
    let images = told.images;
    let mut used = Used::from(told.usage());
    if images > 0 {
        used.add(Unit::ImageOut, images);
    }
    used
}

#[derive(Default)]
struct Told {
    input: Option<u64>,
    output: Option<u64>,
    cache_read: u64,
    cache_write: u64,
    images: u64,
}

impl Told {
    fn see(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<(), JsonError> {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => cursor.object(|cursor, name| self.count(cursor, name)),
            ("images" | "artifacts", Kind::Array) => cursor.array(|cursor| {
                self.images += u64::from(cursor.kind() != Kind::Null);
                cursor.skip()
            }),
            // Titan's, each with its own count.
            ("results", Kind::Array) => cursor.array(|cursor| match cursor.kind() {
                Kind::Object => cursor.object(|cursor, name| match (name, cursor.kind()) {
                    ("tokenCount", Kind::Scalar) => {
                        let count = cursor.maybe(Cursor::count)?.unwrap_or(0);
                        self.output = Some(self.output.unwrap_or(0).saturating_add(count));
                        Ok(())
                    }
                    _ => cursor.skip(),
                }),
                _ => cursor.skip(),
            }),
            _ => self.count(cursor, name),
        }
    }

    fn count(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<(), JsonError> {
        if cursor.kind() != Kind::Scalar {
            return cursor.skip();
        }
        match name {
            "inputTokenCount"
            | "inputTextTokenCount"
            | "input_tokens"
            | "inputTokens"
            | "prompt_tokens"
            | "prompt_token_count" => self.input = cursor.maybe(Cursor::count)?,
            "outputTokenCount"
            | "output_tokens"
            | "outputTokens"
            | "completion_tokens"
            | "generation_token_count" => self.output = cursor.maybe(Cursor::count)?,
            "cacheReadInputTokenCount" | "cache_read_input_tokens" => {
                self.cache_read = cursor.maybe(Cursor::count)?.unwrap_or(0);
            }
            "cacheWriteInputTokenCount" | "cache_creation_input_tokens" => {
                self.cache_write = cursor.maybe(Cursor::count)?.unwrap_or(0);
            }
            _ => cursor.skip()?,
        }
        Ok(())
    }

    fn usage(self) -> Option<Usage> {
        self.input.or(self.output)?;
        Some(Usage {
            input: self.input.unwrap_or(0),
            output: self.output.unwrap_or(0),
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            ..Usage::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_bare_calls_count_their_tokens_in_many_words() {
        for body in [
            r#"{"content":[],"usage":{"input_tokens":4,"output_tokens":5000}}"#,
            r#"{"output":{},"usage":{"inputTokens":4,"outputTokens":5000,"totalTokens":5004}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":5000}}"#,
            r#"{"generation":"a","prompt_token_count":4,"generation_token_count":5000}"#,
            r#"{"inputTextTokenCount":4,"results":[{"tokenCount":2000},{"tokenCount":3000}]}"#,
        ] {
            let told = used_of_reply(body).tokens.unwrap_or_else(|| panic!("{body}"));
            assert_eq!((told.input, told.output), (4, 5_000), "{body}");
        }
        let vector = used_of_reply(r#"{"embedding":[1],"inputTextTokenCount":4}"#);
        assert_eq!((vector.tokens.unwrap().input, vector.count(Unit::ImageOut)), (4, 0));
    }

    #[test]
    fn images_are_counted_as_they_are_asked_for_and_as_they_come() {
        for (body, count) in [
            (r#"{"images":["a","b","c"],"error":null}"#, 3),
            (r#"{"result":"success","artifacts":[{"base64":"a"}]}"#, 1),
            (r#"{"seeds":[1],"finish_reasons":["Filter reason: prompt"],"images":[null]}"#, 0),
        ] {
            let used = used_of_reply(body);
            assert_eq!((used.tokens, used.count(Unit::ImageOut)), (None, count), "{body}");
        }
        let asked = r#"{"taskType":"TEXT_IMAGE","imageGenerationConfig":{"numberOfImages":3,"width":10,"height":20}}"#;
        let asked = super::super::of_image_call(asked);
        assert_eq!((asked.count(Unit::ImageOut), asked.count(Unit::PixelOut)), (3, 600));
        assert_eq!(super::super::of_image_call(r#"{"prompt":"a"}"#).count(Unit::ImageOut), 1);
    }
}
