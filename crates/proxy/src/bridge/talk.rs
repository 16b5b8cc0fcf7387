//! Who waits for what, on a line that has no streams: many requests go one way, and whatever the
//! server says comes back the other, in any order. Pure: messages in, messages out.
//!
//! On the line each request has an id of ours, and so has its progress; so two clients that count
//! alike never get each other's answers.

use std::collections::BTreeMap;

use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::method::Method;

/// What is open on a line; `T` is who waits.
#[derive(Debug)]
pub(super) struct Talk<T> {
    open: BTreeMap<u64, Open<T>>,
    last: u64,
}

#[derive(Debug)]
struct Open<T> {
    /// The JSON of the id, as who asks knows it.
    id: Box<str>,
    /// The JSON of the token of its progress.
    token: Option<Box<str>>,
    /// It is open for as long as somebody listens.
    is_listening: bool,
    /// Who asks has called it off, and is told nothing of it any more but what the server says.
    is_off: bool,
    to: T,
}

/// What a server has said, and to whom.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<T> {
    /// The answer to who has waited for it.
    Last(T, Vec<u8>),
    /// Something on the way to an answer.
    On(T, Vec<u8>),
    /// On the way to one of several answers, nobody knows which; the newest that is waited for.
    OnOne(T, Vec<u8>),
    /// To nobody in particular.
    Aside(Vec<u8>),
    /// Nobody waits for it, or it is no message.
    Nothing(&'static str),
}

impl<T: Clone> Talk<T> {
    pub(super) const fn new() -> Self {
        Self { open: BTreeMap::new(), last: 0 }
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// A request, as it goes on the line, and by what it is known there.
    pub(super) fn ask(&mut self, message: &Message, text: &str, to: T) -> (u64, Vec<u8>) {
        self.last += 1;
        let own = self.last;
        let token = message.raw(Part::ProgressToken, text);
        let mut rewrite = message.rewrite();
        rewrite.json(Part::Id, own.to_string());
        if token.is_some() {
            rewrite.json(Part::ProgressToken, own.to_string());
        }
        let open = Open {
            id: message.id(text).unwrap_or("null").into(),
            token: token.map(Into::into),
            is_listening: message.method() == Some(Method::SubscriptionsListen),
            is_off: false,
            to,
        };
        self.open.insert(own, open);
        (own, rewrite.apply(text))
    }

    /// What tells or answers, as it goes on the line.
    pub(super) fn tell(&mut self, message: &Message, text: &str) -> Vec<u8> {
        let cancelled = (message.method() == Some(Method::Cancelled))
            .then(|| message.raw(Part::RequestId, text))
            .flatten();
        let own = cancelled.and_then(|id| self.open.iter_mut().find(|(_, open)| *open.id == *id));
        match own {
            Some((own, open)) => {
                open.is_off = true;
                let mut rewrite = message.rewrite();
                rewrite.json(Part::RequestId, own.to_string());
                rewrite.apply(text)
            }
            None => text.as_bytes().to_vec(),
        }
    }

    /// Nobody waits for it any more; whether somebody did, and of an answer that has not come.
    pub(super) fn give_up(&mut self, own: u64) -> bool {
        self.open.remove(&own).is_some()
    }

    /// Everybody who waits, with the JSON of what they have asked by; who has called it off does not.
    pub(super) fn end(&mut self) -> impl Iterator<Item = (T, Box<str>)> + use<T> {
        let open = std::mem::take(&mut self.open).into_values();
        open.filter(|open| !open.is_off).map(|open| (open.to, open.id))
    }

    /// What the server says.
    pub(super) fn hear(&mut self, text: &str) -> Said<T> {
        let Ok(message) = Message::read(text, &MessageLimits::default()) else {
            return Said::Nothing("what it says is no message");
        };
        match message.kind() {
            MessageKind::Response | MessageKind::Failure => self.answer(&message, text),
            MessageKind::Request | MessageKind::Notification => self.aside(&message, text),
        }
    }

    fn answer(&mut self, message: &Message, text: &str) -> Said<T> {
        let own = number(message.id(text));
        let Some(open) = own.and_then(|own| self.open.remove(&own)) else {
            return Said::Nothing("nobody waits for that answer");
        };
        let mut rewrite = message.rewrite();
        rewrite.json(Part::Id, open.id.as_bytes());
        Said::Last(open.to, rewrite.apply(text))
    }

    fn aside(&self, message: &Message, text: &str) -> Said<T> {
        let mut rewrite = message.rewrite();
        if message.method() == Some(Method::Progress) {
            let own = number(message.raw(Part::ProgressOf, text));
            let open = own.and_then(|own| self.open.get(&own));
            // Its own word for progress of what it has asked itself is nobody's here.
            return match open.and_then(|open| Some((open, open.token.as_ref()?))) {
                Some((open, token)) => {
                    rewrite.json(Part::ProgressOf, token.as_bytes());
                    Said::On(open.to.clone(), rewrite.apply(text))
                }
                None => Said::Nothing("nobody waits for that progress"),
            };
        }
        if let Some(listener) = message.raw(Part::SubscriptionId, text) {
            let open = number(Some(listener)).and_then(|own| self.open.get(&own));
            return match open {
                Some(open) => {
                    rewrite.json(Part::SubscriptionId, open.id.as_bytes());
                    Said::On(open.to.clone(), rewrite.apply(text))
                }
                None => Said::Nothing("nobody listens for that"),
            };
        }
        let text = text.as_bytes().to_vec();
        let mut asking = self.open.values().rev().filter(|open| !open.is_listening);
        // What is asked or told while one request alone is open belongs to that.
        match (asking.next(), asking.next()) {
            _ if is_of_lists(message.method()) => Said::Aside(text),
            (None, _) => Said::Aside(text),
            (Some(only), None) => Said::On(only.to.clone(), text),
            (Some(newest), Some(_)) => Said::OnOne(newest.to.clone(), text),
        }
    }
}

/// Whether it tells of what there is, and belongs to no request.
fn is_of_lists(method: Option<Method>) -> bool {
    matches!(
        method,
        Some(
            Method::ToolsChanged
                | Method::PromptsChanged
                | Method::ResourcesChanged
                | Method::ResourcesUpdated
        )
    )
}

/// An id of ours. Some servers say a number again as a text.
fn number(raw: Option<&str>) -> Option<u64> {
    raw?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(talk: &mut Talk<char>, text: &str, to: char) -> String {
        let message = Message::read(text, &MessageLimits::default()).unwrap();
        String::from_utf8(talk.ask(&message, text, to).1).unwrap()
    }

    fn heard(talk: &mut Talk<char>, text: &str) -> (char, String) {
        let (to, bytes) = match talk.hear(text) {
            Said::Last(to, bytes) => (to.to_ascii_uppercase(), bytes),
            Said::On(to, bytes) => (to, bytes),
            Said::OnOne(to, bytes) => (if to == 'b' { '?' } else { to }, bytes),
            Said::Aside(bytes) => ('*', bytes),
            Said::Nothing(why) => ('-', why.as_bytes().to_vec()),
        };
        (to, String::from_utf8(bytes).unwrap())
    }

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","_meta":{"progressToken":"p"}}}"#;

    #[test]
    fn two_who_count_alike_get_their_own_answers() {
        let mut talk = Talk::new();
        assert_eq!(ask(&mut talk, CALL, 'a'), CALL.replace("\"p\"", "1"));
        assert_eq!(
            ask(&mut talk, CALL, 'b'),
            CALL.replace("\"id\":1", "\"id\":2").replace("\"p\"", "2")
        );
        let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":2,"progress":1}}"#;
        assert_eq!(heard(&mut talk, progress), ('b', progress.replace(":2,", ":\"p\",")));
        let log = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
        assert_eq!(heard(&mut talk, log).0, '?', "of two, nobody knows whose it is");
        let answer = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"n":1.50}}}}"#);
        assert_eq!(heard(&mut talk, &answer("2")), ('B', answer("1")));
        assert_eq!(heard(&mut talk, &answer("2")).0, '-', "once");
        assert_eq!(heard(&mut talk, log).0, 'a');
        let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        assert_eq!(heard(&mut talk, changed).0, '*');
        assert_eq!(heard(&mut talk, &answer("\"1\"")), ('A', answer("1")));
        assert!(talk.is_empty());
        for garbage in ["", "hello", "[]", "{}", r#"{"jsonrpc":"2.0","id":null,"result":{}}"#] {
            assert_eq!(heard(&mut talk, garbage).0, '-', "{garbage}");
        }
    }

    #[test]
    fn what_a_client_calls_off_is_called_off_by_our_id() {
        let mut talk = Talk::new();
        ask(&mut talk, &CALL.replace("\"id\":1", "\"id\":\"z\""), 'a');
        let tell = |talk: &mut Talk<char>, text: &str| {
            let message = Message::read(text, &MessageLimits::default()).unwrap();
            String::from_utf8(talk.tell(&message, text)).unwrap()
        };
        let off =
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"z"}}"#;
        assert_eq!(tell(&mut talk, off), off.replace("\"z\"", "1"));
        let other = off.replace("\"z\"", "\"y\"");
        assert_eq!(tell(&mut talk, &other), other);
        assert!(!talk.is_empty(), "the server may answer all the same");
        ask(&mut talk, CALL, 'b');
        let left: Vec<_> = talk.end().map(|(to, _)| to).collect();
        assert_eq!(left, ['b'], "what was called off is not answered at the end");
        assert!(talk.is_empty() && !talk.give_up(1));
    }

    #[test]
    fn who_listens_hears_by_the_id_that_they_know() {
        let mut talk = Talk::new();
        let listen = r#"{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{}}}"#;
        ask(&mut talk, listen, 'l');
        ask(&mut talk, CALL, 'a');
        let told = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}"#;
        assert_eq!(heard(&mut talk, told), ('l', told.replace(":1}", ":\"l\"}")));
        let asked = r#"{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}"#;
        assert_eq!(heard(&mut talk, asked), ('a', asked.to_owned()), "a listener asks nothing");
        let left: Vec<_> = talk.end().map(|(to, id)| (to, id.into_string())).collect();
        assert_eq!(left, [('l', "\"l\"".to_owned()), ('a', "1".to_owned())]);
    }
}
