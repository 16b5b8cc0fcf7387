//! Streams of OpenAI Chat: server-sent events, each a chunk of one or more choices.
//!
//! Parts have no borders there; the reader finds them, the writer leaves them out.

mod chunk;
mod read;
mod write;
mod write_delta;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::Usage;
use crate::json::{Cursor, JsonError};

/// What a chunk, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut usage = None;
    let read = cursor.object(|cursor, name| field(cursor, name, &mut usage));
    read.ok().and(usage)
}

/// How much of the end of an answer is looked through for its usage.
const END_BYTES: usize = 2 * 1024;

/// The same of a sound answer whose usage stands near its end, as nearly all have it: what comes
/// before is not read. A name from which on exactly one object closes stands in the outermost.
pub(in crate::dialect) fn usage_at_end(text: &str) -> Option<Usage> {
    let from = text.len().saturating_sub(END_BYTES);
    let at = from + memchr::memmem::rfind(&text.as_bytes()[from..], b"\"usage\"")?;
    let mut usage = None;
    let mut cursor = Cursor::new(&text[at..]);
    let read = cursor.fields(|cursor, name| field(cursor, name, &mut usage));
    read.and_then(|()| cursor.end()).ok().and(usage)
}

fn field(cursor: &mut Cursor<'_>, name: &str, usage: &mut Option<Usage>) -> Result<(), JsonError> {
    match name {
        "usage" => cursor.maybe(super::usage::read).map(|used| *usage = used),
        _ => cursor.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_at_the_end_is_that_of_the_answer_and_of_nothing_within_it() {
        let told = |text: &str| usage_at_end(text).map(|usage| usage.output);
        let usage = r#""usage":{"prompt_tokens":1,"completion_tokens":2}"#;
        assert_eq!(told(&format!(r#"{{"choices":[],{usage}}}"#)), Some(2));
        let tail = r#" , "service_tier":"default","x":[{"usage":3}]}"#;
        assert_eq!(
            told(&format!(r#"{{"choices":[],{usage}{tail}"#)),
            None,
            "the last one is within"
        );
        assert_eq!(told(&format!(r#"{{{usage},"service_tier":null}}"#)), Some(2));
        assert_eq!(told(&format!(r#"{{"a":{{{usage}}}}}"#)), None);
        assert_eq!(told(&format!(r#"{{"a":[{{{usage}}}]}}"#)), None);
        assert_eq!(told(&format!(r#"{{"a":"{}","b":1}}"#, usage.replace('"', "\\\""))), None);
        assert_eq!(told(&format!(r#"{{{usage}}} {{}}"#)), None);
        assert_eq!(told(r#"{"usage":null}"#), None);
        assert_eq!(told(r#"{"a":["usage"]}"#), None);
    }
}
