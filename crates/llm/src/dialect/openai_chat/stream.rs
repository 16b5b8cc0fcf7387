//! Streams of OpenAI Chat: server-sent events, each a chunk of one or more choices.
//!
//! Parts have no borders there; the reader finds them, the writer leaves them out.

mod chunk;
mod read;
mod write;
mod write_delta;

pub(in crate::dialect) use read::Reader;
pub(in crate::dialect) use write::Writer;

use crate::chat::{ServiceClass, Usage};
use crate::json::{Cursor, JsonError, Kind};

/// What a chunk, or a whole reply, says of usage.
pub(in crate::dialect) fn usage(cursor: &mut Cursor<'_>) -> Option<Usage> {
    let mut told = Told::default();
    let read = cursor.object(|cursor, name| told.field(cursor, name));
    read.ok().and(told.usage())
}

/// What tells of a search of the web: a link that is cited, and what Perplexity has found.
pub(in crate::dialect) const SEARCH_MARKS: &[&str] =
    &[LINK_CITED, "\"citations\"", "\"search_results\""];
const LINK_CITED: &str = "\"url_citation\"";

/// Whether a chunk, or a whole reply, rests on a search of the web: it is one, for nobody counts
/// them there.
pub(in crate::dialect) fn searches(cursor: &mut Cursor<'_>) -> u64 {
    let mut has_found = false;
    let read = cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("citations" | "search_results", Kind::Array) => cursor.array(|cursor| {
            has_found = true;
            cursor.skip()
        }),
        ("choices", _) => {
            let choices = cursor.json()?;
            let cited = memchr::memmem::find(choices.as_str().as_bytes(), LINK_CITED.as_bytes());
            has_found |= cited.is_some();
            Ok(())
        }
        _ => cursor.skip(),
    });
    u64::from(read.is_ok() && has_found)
}

/// How much of the end of an answer is looked through for its usage.
const END_BYTES: usize = 2 * 1024;

/// The same of a sound answer whose usage stands near its end, as nearly all have it: what comes
/// before is not read. A name from which on exactly one object closes stands in the outermost.
pub(in crate::dialect) fn usage_at_end(text: &str) -> Option<Usage> {
    let from = text.len().saturating_sub(END_BYTES);
    let at = from + memchr::memmem::rfind(&text.as_bytes()[from..], b"\"usage\"")?;
    let mut told = Told::default();
    let mut cursor = Cursor::new(&text[at..]);
    let read = cursor.fields(|cursor, name| told.field(cursor, name));
    let usage = read.and_then(|()| cursor.end()).ok().and(told.usage())?;
    if usage.service.is_some() {
        return Some(usage);
    }
    // The class of service may stand before it, and be none that is cheap.
    let is_said = memchr::memmem::find(&text.as_bytes()[..at], b"\"service_tier\"").is_some();
    (!is_said).then_some(usage)
}

/// What an answer tells of what was used.
#[derive(Default)]
struct Told {
    usage: Option<Usage>,
    service: Option<ServiceClass>,
}

impl Told {
    fn field(&mut self, cursor: &mut Cursor<'_>, name: &str) -> Result<(), JsonError> {
        match (name, cursor.kind()) {
            ("usage", _) => {
                cursor.maybe(super::usage::read).map(|used| self.usage = used.flatten())
            }
            ("service_tier", Kind::Text) => {
                cursor.text().map(|word| self.service = ServiceClass::of_word(&word))
            }
            _ => cursor.skip(),
        }
    }

    fn usage(self) -> Option<Usage> {
        self.usage.map(|usage| Usage { service: self.service, ..usage })
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
        assert_eq!(told(&format!(r#"{{"service_tier":"flex",{usage}}}"#)), None);
        let class = |text: &str| usage_at_end(text).and_then(|usage| usage.service);
        let behind = format!(r#"{{{usage},"service_tier":"flex"}}"#);
        assert_eq!(class(&behind), Some(ServiceClass::Flex));
        let before = format!(r#"{{"service_tier":"flex",{usage}}}"#);
        let whole = super::usage(&mut Cursor::new(&before)).and_then(|usage| usage.service);
        assert_eq!(whole, Some(ServiceClass::Flex));
        assert_eq!(told(&format!(r#"{{"a":{{{usage}}}}}"#)), None);
        assert_eq!(told(&format!(r#"{{"a":[{{{usage}}}]}}"#)), None);
        assert_eq!(told(&format!(r#"{{"a":"{}","b":1}}"#, usage.replace('"', "\\\""))), None);
        assert_eq!(told(&format!(r#"{{{usage}}} {{}}"#)), None);
        assert_eq!(told(r#"{"usage":null}"#), None);
        assert_eq!(told(r#"{"a":["usage"]}"#), None);
    }
}
