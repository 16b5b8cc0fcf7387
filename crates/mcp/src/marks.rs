//! Where one is at each of several servers, in one text: the cursor of a merged list, and the id of
//! an event on a merged stream, with which a client that comes back finds all of them again.
//!
//! `orders=12~docs=a%7Eb`: servers' names have none of these letters, and in marks they are escaped.
//! The mark of a stream that answers a request names the request as well, `orders=12=7`: who comes
//! back to it may be answered that by this server, and by no other.

use crate::name::is_server;

/// A text longer than this is not taken, and none is made: it comes back in a header.
const TEXT_BYTES_MAX: usize = 6 * 1024;

/// Marks of servers, each of which has one at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    server: String,
    mark: String,
    /// The JSON of the id of the request that its stream answers, where it answers one.
    asked: Option<String>,
}

impl Marks {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a server's mark. It is the newest from then on.
    pub fn set(&mut self, server: &str, mark: &str) {
        let asked = self.asked_of(server).map(str::to_owned);
        self.remove(server);
        self.0.push(Mark { server: server.to_owned(), mark: mark.to_owned(), asked });
    }

    /// Says which request a server's stream answers, by the JSON of its id; nothing where it answers
    /// none, or has done so. It must have a mark.
    pub fn set_asked(&mut self, server: &str, id: Option<&str>) {
        if let Some(known) = self.0.iter_mut().find(|known| known.server == server) {
            known.asked = id.map(str::to_owned);
        }
    }

    /// The JSON of the id of the request that a server's stream answers.
    #[must_use]
    pub fn asked_of(&self, server: &str) -> Option<&str> {
        self.0.iter().find(|known| known.server == server)?.asked.as_deref()
    }

    /// Takes a server's mark away.
    pub fn remove(&mut self, server: &str) {
        self.0.retain(|known| known.server != server);
    }

    /// A server's mark.
    #[must_use]
    pub fn of(&self, server: &str) -> Option<&str> {
        self.0.iter().find(|known| known.server == server).map(|known| known.mark.as_str())
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|known| (known.server.as_str(), known.mark.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of them; none where it would be too long. A cursor that leaves a server out would
    /// leave out what it has.
    #[must_use]
    pub fn encode(&self) -> Option<String> {
        let text = self.encode_newest();
        let is_whole = text.matches('~').count() + 1 == self.0.len();
        (is_whole && !text.is_empty()).then_some(text)
    }

    /// The text of the newest of them, as many as fit: of events of the others, what was missed is
    /// told from the beginning of their streams, or not at all.
    #[must_use]
    pub fn encode_newest(&self) -> String {
        let mut parts: Vec<String> = Vec::with_capacity(self.0.len());
        let mut length = 0;
        for Mark { server, mark, asked } in self.0.iter().rev() {
            let mut part = format!("{server}={}", escaped(mark));
            if let Some(asked) = asked {
                part.push('=');
                part.push_str(&escaped(asked));
            }
            length += part.len() + 1;
            if length > TEXT_BYTES_MAX {
                break;
            }
            parts.push(part);
        }
        parts.reverse();
        parts.join("~")
    }

    /// The marks of a text; none where it is not one that we have made.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let mut marks = Self::new();
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return None;
        }
        for part in text.split('~') {
            let (server, mark) = part.split_once('=')?;
            let (mark, asked) = match mark.split_once('=') {
                Some((mark, asked)) if !asked.is_empty() => (mark, Some(unescaped(asked)?)),
                Some(_) => return None,
                None => (mark, None),
            };
            if !is_server(server) || marks.of(server).is_some() {
                return None;
            }
            marks.set(server, &unescaped(mark)?);
            marks.set_asked(server, asked.as_deref());
        }
        Some(marks)
    }
}

/// With everything escaped that does not stand in a header, or that means something here.
fn escaped(mark: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(mark.len());
    for byte in mark.bytes() {
        match byte {
            b'~' | b'=' | b'%' | ..=b' ' | 127.. => {
                let _infallible = write!(out, "%{byte:02X}");
            }
            byte => out.push(char::from(byte)),
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'!'..=b'}' if byte != b'=' => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_one_text_and_the_newest_stands_last() {
        let mut marks = Marks::new();
        marks.set("orders", "11");
        marks.set("docs", "a~b");
        marks.set("orders", "12");
        assert_eq!(marks.encode_newest(), "docs=a%7Eb~orders=12");
        assert_eq!(Marks::decode("docs=a%7Eb~orders=12"), Some(marks));
        for text in
            ["", "orders", "Orders=1", "a=1~a=2", "a=1~", "a=%7", "a=\u{e9}", "a=b=", "a=b=c=d"]
        {
            assert_eq!(Marks::decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_mark_says_what_its_stream_answers_until_that_is_answered() {
        let mut marks = Marks::new();
        marks.set("orders", "1");
        marks.set_asked("orders", Some("\"a=b\""));
        marks.set("docs", "5");
        marks.set("orders", "2");
        let text = marks.encode_newest();
        assert_eq!(text, "docs=5~orders=2=\"a%3Db\"");
        let back = Marks::decode(&text).unwrap();
        assert_eq!((back.of("orders"), back.asked_of("orders")), (Some("2"), Some("\"a=b\"")));
        assert_eq!(back.asked_of("docs"), None);
        marks.set_asked("orders", None);
        assert_eq!(marks.encode_newest(), "docs=5~orders=2");
    }

    #[test]
    fn a_text_that_is_too_long_leaves_the_oldest_out() {
        let mut marks = Marks::new();
        marks.set("old", &"x".repeat(4000));
        marks.set("new", &"y".repeat(4000));
        assert_eq!(marks.encode(), None);
        let kept = Marks::decode(&marks.encode_newest()).unwrap();
        assert_eq!((kept.of("old"), kept.of("new").map(str::len)), (None, Some(4000)));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_and_stands_in_a_header(
            pairs in prop::collection::btree_map("[a-z0-9-]{1,5}", ".{0,9}", 1..5),
        ) {
            let mut marks = Marks::new();
            pairs.iter().for_each(|(server, mark)| marks.set(server, mark));
            let text = marks.encode().unwrap();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(Marks::decode(&text), Some(marks));
        }
    }
}
