//! What the answers of a batch used, seen as they go by: a line each, as OpenAI has them in the file
//! that a batch comes to, and Anthropic among its results.

use crate::chat::Usage;
use crate::dialect::Dialect;
use crate::json::{Cursor, JsonError, Kind};

/// A line that is longer is not read: nobody's text is, and images have no tokens that it tells.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// In whose words the answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultForm {
    /// Each line has the whole response.
    Openai,
    /// Each line has the message, where there is one.
    Anthropic,
}

/// What one answer used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerUsed {
    /// The model that says it is its own.
    pub model: String,
    /// The tokens.
    pub usage: Usage,
}

/// Reads the answers of a batch, at any cut.
#[derive(Debug, Clone)]
pub struct BatchResults {
    form: ResultForm,
    /// What came of a line that has not ended.
    line: Vec<u8>,
    is_too_long: bool,
    /// How many lines have ended.
    lines: u64,
}

impl BatchResults {
    /// At the first line.
    #[must_use]
    pub fn new(form: ResultForm) -> Self {
        Self { form, line: Vec::new(), is_too_long: false, lines: 0 }
    }

    /// Takes the next bytes; `take` gets each line that ends in them, by its number from 0, with what
    /// its answer used, where it says that.
    pub fn push(&mut self, bytes: &[u8], take: &mut impl FnMut(u64, Option<AnswerUsed>)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at(end);
            rest = &behind[1..];
            self.add(line);
            self.close(take);
        }
        self.add(rest);
    }

    /// All has come: the last line need not have an end.
    pub fn end(&mut self, take: &mut impl FnMut(u64, Option<AnswerUsed>)) {
        if !self.line.is_empty() {
            self.close(take);
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.line.len() + bytes.len() > LINE_BYTES_MAX;
        match self.is_too_long {
            true => self.line.clear(),
            false => self.line.extend_from_slice(bytes),
        }
    }

    fn close(&mut self, take: &mut impl FnMut(u64, Option<AnswerUsed>)) {
        let text = std::str::from_utf8(&self.line).ok().filter(|_| !self.is_too_long);
        take(self.lines, text.and_then(|text| used(self.form, text)));
        self.lines += 1;
        self.is_too_long = false;
        self.line.clear();
    }
}

/// What the answer in a line used; nothing of a failure.
fn used(form: ResultForm, line: &str) -> Option<AnswerUsed> {
    let [outer, inner] = match form {
        ResultForm::Openai => ["response", "body"],
        ResultForm::Anthropic => ["result", "message"],
    };
    let mut found = (None, None);
    let mut cursor = Cursor::new(line);
    within(&mut cursor, outer, &mut |cursor| {
        within(cursor, inner, &mut |cursor| {
            cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("model", Kind::Text) => found.0 = Some(cursor.text()?.into_owned()),
                    ("usage", Kind::Object) => found.1 = Some(cursor.json()?.as_str().to_owned()),
                    _ => cursor.skip()?,
                }
                Ok(())
            })
        })
    })
    .ok()?;
    let (model, counts) = (found.0?, found.1?);
    let responses = || {
        let event = format!(r#"{{"type":"response.completed","response":{{"usage":{counts}}}}}"#);
        Dialect::OpenaiResponses.usage_of_event(&event)
    };
    let usage = match form {
        // Of the total, both would take it that it is theirs.
        ResultForm::Openai if counts.contains("\"input_tokens\"") => responses(),
        ResultForm::Openai => {
            Dialect::OpenaiChat.usage_of_event(&format!(r#"{{"usage":{counts}}}"#))
        }
        ResultForm::Anthropic => {
            let event = format!(r#"{{"type":"message_start","message":{{"usage":{counts}}}}}"#);
            Dialect::AnthropicMessages.usage_of_event(&event)
        }
    };
    Some(AnswerUsed { model, usage: usage? })
}

/// Reads one field of an object, where it is an object itself.
fn within(
    cursor: &mut Cursor<'_>,
    field: &str,
    read: &mut dyn FnMut(&mut Cursor<'_>) -> Result<(), JsonError>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| match (name == field, cursor.kind()) {
        (true, Kind::Object) => read(cursor),
        _ => cursor.skip(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line's model, prompt and answer, however the text is cut.
    fn read(form: ResultForm, text: &str) -> Vec<Option<(String, u64, u64)>> {
        let all = |piece: usize| {
            let (mut results, mut found) = (BatchResults::new(form), Vec::new());
            let mut take =
                |number: u64, used: Option<AnswerUsed>| {
                    assert_eq!(number, found.len() as u64);
                    found.push(used.map(|used| {
                        (used.model, used.usage.input_total(), used.usage.output_total())
                    }));
                };
            text.as_bytes().chunks(piece).for_each(|piece| results.push(piece, &mut take));
            results.end(&mut take);
            found
        };
        let whole = all(text.len().max(1));
        for piece in [1, 7, 64] {
            assert_eq!(all(piece), whole, "{piece}");
        }
        whole
    }

    #[test]
    fn lines_of_openais_output_say_what_each_answer_used() {
        let text = concat!(
            r#"{"id":"r1","custom_id":"1","response":{"status_code":200,"body":{"object":"chat.completion","model":"gpt-4o-mini","choices":[{"message":{"content":"{\"usage\":1}"}}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}},"error":null}"#,
            "\n",
            r#"{"custom_id":"2","response":{"body":{"model":"o4","usage":{"input_tokens":7,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":10}}}}"#,
            "\n",
            r#"{"custom_id":"3","response":null,"error":{"message":"expired"}}"#,
            "\nno json\n",
            r#"{"response":{"body":{"object":"list","model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}}}"#,
        );
        let found = read(ResultForm::Openai, text);
        let some = |model: &str, input, output| Some((model.to_owned(), input, output));
        let all = [some("gpt-4o-mini", 10, 5), some("o4", 7, 3), None, None, some("e", 4, 0)];
        assert_eq!(found, all);
        assert_eq!(read(ResultForm::Openai, ""), []);
    }

    #[test]
    fn lines_of_anthropics_results_say_what_each_message_used() {
        let text = concat!(
            r#"{"custom_id":"1","result":{"type":"succeeded","message":{"id":"m","model":"claude-sonnet-4-5","content":[],"usage":{"input_tokens":8,"cache_read_input_tokens":2,"output_tokens":6}}}}"#,
            "\n",
            r#"{"custom_id":"2","result":{"type":"errored","error":{"type":"x"}}}"#,
            "\n",
        );
        let found = read(ResultForm::Anthropic, text);
        assert_eq!(found, [Some(("claude-sonnet-4-5".to_owned(), 10, 6)), None]);
    }

    #[test]
    fn a_line_that_is_too_long_is_counted_and_not_read() {
        let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(LINE_BYTES_MAX));
        let good = r#"{"response":{"body":{"model":"m","usage":{"prompt_tokens":1}}}}"#;
        let (mut results, mut found) = (BatchResults::new(ResultForm::Openai), Vec::new());
        let mut take = |number, used: Option<AnswerUsed>| found.push((number, used.is_some()));
        let text = long + good;
        text.as_bytes().chunks(1 << 16).for_each(|piece| results.push(piece, &mut take));
        results.end(&mut take);
        assert_eq!(found, [(0, false), (1, true)]);
    }
}
