//! Takes the event out of a stream of OpenAI Chat that tells usage and nothing else: the gateway
//! asked for it where the client did not, and clients that did not take it for an answer without
//! choices.

use memchr::memmem;

/// What such an event has, in whatever order: no choices. Events of content have some.
const NO_CHOICES: [&[u8]; 2] = [b"\"choices\":[]", b"\"choices\": []"];

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
            if !may_be_usage(event) {
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
        if !may_be_usage(&self.open) {
            out.extend_from_slice(&self.open);
        }
        self.open.clear();
    }
}

fn may_be_usage(event: &[u8]) -> bool {
    NO_CHOICES.iter().any(|mark| memmem::find(event, mark).is_some())
        && memmem::find(event, b"\"usage\"").is_some()
}

fn is_whole(bytes: &[u8]) -> bool {
    bytes.ends_with(b"\n\n") || bytes.ends_with(b"\r\n\r\n")
}

/// How many bytes the first event has, its blank line included.
fn event_end(bytes: &[u8]) -> Option<usize> {
    let lines = memmem::find(bytes, b"\n\n").map(|at| at + 2);
    let returns = memmem::find(bytes, b"\r\n\r\n").map(|at| at + 4);
    match (lines, returns) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
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
    fn what_is_no_usage_goes_on() {
        let filtered = "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n";
        assert_eq!(sifted(&[filtered, "data: trunc"]), [filtered, "data: trunc"].concat());
    }
}
