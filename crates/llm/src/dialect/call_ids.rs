//! Which ids of calls a dialect takes, and what becomes of one that it does not.
//!
//! A conversation goes from provider to provider, and with it the ids that others have made: those
//! of Kimi have dots and colons, those of Gemini may be of any length. The one made here depends on
//! the one that came alone, so it is the same in every request of a conversation, and a result goes
//! on naming its call.

mod in_place;

use std::borrow::Cow;

use ring::digest::{SHA256, digest};

use crate::chat::{ChatRequest, Content, Message, Text};

/// The ids of calls that a dialect takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallIds {
    /// All.
    Any,
    /// Those of at most so many characters.
    UpTo(usize),
    /// Those of letters, digits, `_` and `-`, one to so many of them.
    Plain(usize),
    /// Those of nine letters and digits.
    Nine,
}

/// How long one is that Mistral takes.
const NINE: usize = 9;

/// How many characters tell ids apart that are made of others: 80 bits.
const MARK: usize = 16;

impl CallIds {
    /// The request with ids that are taken: itself where all of them are.
    pub(super) fn fit<'r, 'a>(self, request: &'r ChatRequest<'a>) -> Cow<'r, ChatRequest<'a>> {
        if ids(&request.messages).all(|id| self.takes(id)) {
            return Cow::Borrowed(request);
        }
        let mut request = request.clone();
        for part in request.messages.iter_mut().flat_map(|message| &mut message.parts) {
            let id = match &mut part.content {
                Content::ToolCall(call) => &mut call.id,
                Content::ToolResult(result) => &mut result.call_id,
                _ => continue,
            };
            if !self.takes(id) {
                *id = Text::Owned(self.made_of(id));
            }
        }
        Cow::Owned(request)
    }

    fn takes(self, id: &str) -> bool {
        match self {
            Self::Any => true,
            Self::UpTo(max) => id.len() <= max || id.chars().count() <= max,
            Self::Plain(max) => (1..=max).contains(&id.len()) && id.bytes().all(is_plain),
            Self::Nine => id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        }
    }

    /// One that is taken in place of one that is not: what it began with, so that a person who reads
    /// it knows it again, and a mark by which it differs from all others.
    fn made_of(self, id: &str) -> String {
        let max = match self {
            Self::Any => return id.to_owned(),
            Self::UpTo(max) | Self::Plain(max) => max,
            Self::Nine => return mark(id, NINE),
        };
        let plain = |byte: u8| if is_plain(byte) { char::from(byte) } else { '_' };
        let mut made: String = id.bytes().take(max - MARK - 1).map(plain).collect();
        made.push('_');
        made.push_str(&mark(id, MARK));
        made
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// So many small letters and digits that are those of this id alone.
fn mark(id: &str, length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes = digest(&SHA256, id.as_bytes());
    let letters = bytes.as_ref().iter().take(length);
    letters.map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

fn ids<'m>(messages: &'m [Message<'_>]) -> impl Iterator<Item = &'m str> {
    let parts = messages.iter().flat_map(|message| &message.parts);
    parts.filter_map(|part| match &part.content {
        Content::ToolCall(call) => Some(&*call.id),
        Content::ToolResult(result) => Some(&*result.call_id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dialect::{Address, Context, Dialect, Quirks};

    /// A conversation of OpenAI Chat in which a call of that id was answered.
    fn conversation(id: &str) -> String {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"q"}},
            {{"role":"assistant","tool_calls":[{{"id":"{id}","type":"function",
              "function":{{"name":"f","arguments":"{{}}"}}}}]}},
            {{"role":"tool","tool_call_id":"{id}","content":"a"}}],
            "tools":[{{"type":"function","function":{{"name":"f","parameters":{{}}}}}}]}}"#
        )
    }

    /// The ids of call and result, as they are sent in a dialect.
    fn sent(to: Dialect, quirks: &Quirks, id: &str) -> Vec<String> {
        let body = conversation(id);
        let (request, _) = Dialect::OpenaiChat.read_request(&body, &Address::default()).unwrap();
        let mut out = Vec::new();
        let losses = to.write_request(&request, quirks, &mut out).unwrap();
        assert!(losses.is_empty(), "{losses:?}");
        let out = String::from_utf8(out).unwrap();
        let (request, _) = to.read_request(&out, &Address::default()).unwrap();
        ids(&request.messages).map(str::to_owned).collect()
    }

    fn is_plain_up_to(max: usize) -> impl Fn(&str) -> bool {
        move |id| (1..=max).contains(&id.len()) && id.bytes().all(is_plain)
    }

    const STRANGE: [&str; 6] = [
        "functions.get_weather:0",
        "functions.get_weather:1",
        "call_0123456789abcdef0123456789abcdef_0_0",
        "call_0123456789abcdef0123456789abcdef_0_1",
        "a b/c é",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    ];

    #[test]
    fn each_provider_gets_ids_that_it_takes_for_call_and_result_alike() {
        type Rule<'r> = &'r dyn Fn(&str) -> bool;
        let plain = Quirks::default();
        let nine = Quirks { call_ids_of_nine: true, ..plain };
        let is_nine =
            |id: &str| id.len() == NINE && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let rules: [(Dialect, Quirks, Rule<'_>); 5] = [
            (Dialect::AnthropicMessages, plain, &is_plain_up_to(64)),
            (Dialect::BedrockConverse, plain, &is_plain_up_to(64)),
            (Dialect::OpenaiChat, plain, &|id| id.chars().count() <= 40),
            (Dialect::OpenaiResponses, plain, &|id| id.chars().count() <= 64),
            (Dialect::OpenaiChat, nine, &is_nine),
        ];
        for (to, quirks, rule) in rules {
            let mut seen = HashSet::new();
            for id in STRANGE {
                let ids = sent(to, &quirks, id);
                assert_eq!(ids.len(), 2);
                assert_eq!(ids[0], ids[1], "{to:?}");
                assert!(rule(&ids[0]), "{to:?} is sent {}", ids[0]);
                assert_eq!(ids, sent(to, &quirks, id), "it is the same each time");
                assert!(seen.insert(ids[0].clone()), "{to:?}: {} is sent twice", ids[0]);
            }
        }
    }

    #[test]
    fn ids_that_are_taken_stay() {
        let plain = Quirks::default();
        for to in Dialect::ALL.iter().copied() {
            assert_eq!(sent(to, &plain, "call_aB3-x"), ["call_aB3-x", "call_aB3-x"], "{to:?}");
        }
        // Kimi wants its own back as they were, and Gemini's and Cohere's are of any form.
        for to in [Dialect::OpenaiChat, Dialect::GeminiGenerateContent, Dialect::CohereChat] {
            assert_eq!(sent(to, &plain, STRANGE[0])[0], STRANGE[0], "{to:?}");
        }
        let nine = Quirks { call_ids_of_nine: true, ..plain };
        assert_eq!(sent(Dialect::OpenaiChat, &nine, "D681PevKs"), ["D681PevKs", "D681PevKs"]);
    }

    #[test]
    fn one_made_of_another_can_be_known_again() {
        let ids = sent(Dialect::AnthropicMessages, &Quirks::default(), "functions.get_weather:0");
        assert!(ids[0].starts_with("functions_get_weather_0_"), "{}", ids[0]);
    }

    #[test]
    fn ids_that_the_gateway_makes_are_taken_everywhere() {
        let id = "0123456789abcdef0123456789abcdef".to_owned();
        let context = Context { id, ..Context::default() };
        let made = context.call_id(127, 65_535);
        let other = context.call_id(127, 65_534);
        assert!(is_plain_up_to(40)(&made), "{made}");
        assert_ne!(made, other);
    }
}
