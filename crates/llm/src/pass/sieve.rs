//! Takes the event out of a stream of OpenAI Chat that tells usage and nothing else: the gateway
//! asked for it where the client did not, and clients that did not take it for an answer without
//! choices. What such an event tells besides goes on with it.

use memchr::memmem;

use crate::frame::{Framing, SSE_EDGES, last_edge};
use crate::json::{Cursor, JsonError, Kind};

/// What such an event has, in whatever order: no choices. Events of content have some.
const NO_CHOICES: [&[u8]; 2] = [b"\"choices\":[]", b"\"choices\": []"];

/// What else such an event has; clients who asked for no usage miss nothing by it.
const ENVELOPE: [&str; 9] = [
    "id",
    "object",
    "created",
    "model",
    "service_tier",
    "system_fingerprint",
    "obfuscation",
    "provider",
    "x_groq",
];

/// An event longer than this has content: it is passed on.
const EVENT_MAX: usize = 64 * 1024;

/// Takes the event of usage out of a stream.
#[derive(Debug, Default)]
pub struct UsageSieve {
    /// What came of an event that has not ended.
    open: Vec<u8>,
}

impl UsageSieve {
    /// Takes the next bytes, and appends those that go on. An event that has not ended waits.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.open.is_empty() && is_whole(bytes) && !may_be_usage(bytes) {
            out.extend_from_slice(bytes);
            return;
        }
        self.open.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(end) = event_end(&self.open[from..]) {
            let event = &self.open[from..from + end];
            if !is_usage(event) {
                out.extend_from_slice(event);
            }
            from += end;
        }
        self.open.drain(..from);
        if self.open.len() > EVENT_MAX {
            out.append(&mut self.open);
        }
    }

    /// The stream has ended: what is left goes on.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if !is_usage(&self.open) {
            out.extend_from_slice(&self.open);
        }
        self.open.clear();
    }
}

fn may_be_usage(event: &[u8]) -> bool {
    NO_CHOICES.iter().any(|mark| memmem::find(event, mark).is_some())
        && memmem::find(event, b"\"usage\"").is_some()
}

/// Whether an event tells usage and nothing else.
fn is_usage(event: &[u8]) -> bool {
    may_be_usage(event) && data_of(event).is_some_and(|data| tells_usage_alone(data).is_ok())
}

/// The data of an event that is one line, as everybody writes them.
fn data_of(event: &[u8]) -> Option<&str> {
    let event = std::str::from_utf8(event).ok()?;
    let mut lines = event.split(['\n', '\r']).filter_map(|line| line.strip_prefix("data:"));
    let data = lines.next()?;
    lines.next().is_none().then_some(data)
}

/// Reads the data of such an event.
///
/// # Errors
/// What it has besides.
fn tells_usage_alone(data: &str) -> Result<(), JsonError> {
    let (mut cursor, mut has_usage) = (Cursor::new(data), false);
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => has_usage = true,
            ("choices", Kind::Array) => {
                return cursor.array(|cursor| Err(cursor.wrong("is a choice")));
            }
            (_, Kind::Null) => {}
            (name, _) if ENVELOPE.contains(&name) => {}
            _ => return Err(cursor.wrong("is no usage")),
        }
        cursor.skip()
    })?;
    if has_usage { Ok(()) } else { Err(cursor.wrong("tells no usage")) }
}

fn is_whole(bytes: &[u8]) -> bool {
    last_edge(Framing::Sse, bytes) == bytes.len()
}

/// How many bytes the first event has, its blank line included.
fn event_end(bytes: &[u8]) -> Option<usize> {
    let ends = SSE_EDGES.iter().filter_map(|edge| Some(memmem::find(bytes, edge)? + edge.len()));
    ends.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"choices\\\":[]\"}}],\"usage\":null}\n\n";
    const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn sifted(pieces: &[&str]) -> String {
        let (mut sieve, mut out) = (UsageSieve::default(), Vec::new());
        for piece in pieces {
            sieve.push(piece.as_bytes(), &mut out);
        }
        sieve.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn usage_is_taken_out_wherever_the_stream_is_cut() {
        let whole = [CONTENT, USAGE, DONE].concat();
        let wanted = [CONTENT, DONE].concat();
        assert_eq!(sifted(&[&whole]), wanted);
        for cut in 1..whole.len() {
            assert_eq!(sifted(&[&whole[..cut], &whole[cut..]]), wanted, "{cut}");
        }
        let bytes: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(sifted(&bytes.iter().map(String::as_str).collect::<Vec<_>>()), wanted);
    }

    #[test]
    fn lines_may_end_in_any_way() {
        for end in ["\r\n", "\r"] {
            let whole = [CONTENT, USAGE, DONE].concat().replace('\n', end);
            let wanted = [CONTENT, DONE].concat().replace('\n', end);
            for cut in 0..whole.len() {
                assert_eq!(sifted(&[&whole[..cut], &whole[cut..]]), wanted, "{cut} {end:?}");
            }
            let (mut sieve, mut out) = (UsageSieve::default(), Vec::new());
            sieve.push(CONTENT.replace('\n', end).as_bytes(), &mut out);
            assert_eq!(out.len(), CONTENT.replace('\n', end).len(), "it does not wait for more");
        }
    }

    #[test]
    fn what_comes_with_usage_is_not_lost() {
        let filtered = "data: {\"id\":\"\",\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}],\"usage\":null}\n\n";
        let both = filtered.replace("null", "{\"prompt_tokens\":1}");
        assert_eq!(sifted(&[filtered, &both]), [filtered, &both].concat());
        let lone = "data: {\"id\":\"x\",\"model\":\"m\",\"choices\": [],\"error\":null,\"usage\": {\"prompt_tokens\":1}}\n\n";
        assert_eq!(sifted(&[CONTENT, lone]), CONTENT);
    }

    #[test]
    fn what_is_no_usage_goes_on() {
        let filtered = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
        assert_eq!(sifted(&[filtered, "data: trunc"]), [filtered, "data: trunc"].concat());
    }
}
