//! What a provider says, without what it was shown: some repeat the credential that they refuse, in
//! messages, in details, and in the middle of streams.

use std::collections::HashSet;
use std::fmt;

use architrave_core::Secret;
use memchr::memmem::Finder;

use crate::chat::ChatError;
use crate::json::skip_value;

/// The longest message that is told where nobody waits for all of it, in characters.
const CHARS_MAX: usize = 1_000;

/// So many characters in a row of a secret are told by nobody.
const PIECE_CHARS: usize = 6;

/// What is shorter is no secret, and a word of many messages.
const SECRET_BYTES_MIN: usize = 8;

/// What stands for what is left out.
const HIDDEN: char = '•';

/// The secrets that a provider is shown along one lane.
#[derive(Default)]
pub struct Hush {
    secrets: Vec<Secret>,
    /// Them, and how they look where they are written in a link or in JSON.
    spellings: Vec<Finder<'static>>,
}

/// Nobody is told by this either.
impl fmt::Debug for Hush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hush({} secrets)", self.secrets.len())
    }
}

impl Hush {
    /// What hides these secrets.
    #[must_use]
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let secrets = secrets.into_iter().filter(|it| it.expose().len() >= SECRET_BYTES_MIN);
        let secrets: Vec<Secret> = secrets.cloned().collect();
        let mut spellings = Vec::new();
        for secret in &secrets {
            let own = secret.expose();
            let (in_link, in_json) = (percent_encoded(own), own.replace('/', "\\/"));
            let others = [in_link, in_json].into_iter().filter(|other| other != own);
            spellings.extend(std::iter::once(own.to_owned()).chain(others));
        }
        let finder = |spelling: String| Finder::new(spelling.as_bytes()).into_owned();
        Self { secrets, spellings: spellings.into_iter().map(finder).collect() }
    }

    /// Hides every piece of the secrets in what a provider says of a failure.
    pub fn error(&self, error: &mut ChatError) {
        if self.secrets.is_empty() {
            return;
        }
        let secrets: Vec<&Secret> = self.secrets.iter().collect();
        let pieces = Pieces::of(&secrets);
        if let Some(message) = pieces.hidden(&error.message) {
            error.message = message;
        }
        // Words that programs go by are told but for the secrets as they are.
        for word in [&mut error.code, &mut error.param].into_iter().flatten() {
            self.hide_in(word);
        }
        if let Some(id) = error.request_id.take() {
            let mut id = id.into_string();
            self.hide_in(&mut id);
            error.request_id = Some(id.into());
        }
        if let Some(said) = &mut error.said {
            match self.said(&pieces, &said.1) {
                Some(Some(hidden)) => said.1 = hidden,
                Some(None) => {}
                None => error.said = None,
            }
        }
    }

    /// Whether bytes of a stream have a secret in them.
    #[must_use]
    pub fn shows(&self, bytes: &[u8]) -> bool {
        self.spellings.iter().any(|finder| finder.find(bytes).is_some())
    }

    /// Hides the secrets in what was appended behind `from`.
    pub fn hide(&self, out: &mut Vec<u8>, from: usize) {
        for finder in &self.spellings {
            let mut at = from;
            while let Some(found) = out.get(at..).and_then(|rest| finder.find(rest)) {
                let start = at + found;
                let hidden = HIDDEN.to_string();
                out.splice(start..start + finder.needle().len(), hidden.bytes());
                at = start + hidden.len();
            }
        }
    }

    fn hide_in(&self, text: &mut String) {
        if self.shows(text.as_bytes()) {
            let mut bytes = std::mem::take(text).into_bytes();
            self.hide(&mut bytes, 0);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
    }

    /// JSON with no piece of the secrets in what its strings say, `Some(None)` where there was none;
    /// nothing where it would not be JSON then.
    fn said(&self, pieces: &Pieces, json: &str) -> Option<Option<String>> {
        if !pieces.are_in(json) && !self.shows(json.as_bytes()) {
            return Some(None);
        }
        let is_json = |text: &str| skip_value(text.as_bytes(), 0).is_ok();
        if !is_json(json) {
            return Some(Some(pieces.hidden(json).unwrap_or_else(|| json.to_owned())));
        }
        let mut hidden = String::with_capacity(json.len());
        let (mut rest, mut is_word) = (json, false);
        while let Some(open) = rest.find('"') {
            let (before, string) = rest.split_at(open + 1);
            let end = string_end(string);
            let (string, behind) = string.split_at(end);
            hidden.push_str(before);
            let is_name = behind.get(1..).is_some_and(|it| it.trim_start().starts_with(':'));
            // Words of closed lists are told, unless they are the secret itself.
            match is_name || is_word {
                true => {
                    let mut string = string.to_owned();
                    self.hide_in(&mut string);
                    hidden.push_str(&string);
                }
                false => hidden.push_str(pieces.hidden(string).as_deref().unwrap_or(string)),
            }
            is_word = is_name && WORDS.contains(&string);
            rest = behind;
            if let Some(behind) = rest.strip_prefix('"') {
                hidden.push('"');
                rest = behind;
            }
        }
        hidden.push_str(rest);
        is_json(&hidden).then_some(Some(hidden))
    }
}

/// Members whose strings are of closed lists.
const WORDS: [&str; 6] = ["type", "__type", "code", "status", "param", "reason"];

/// Where a string of JSON ends, its opening quote apart.
fn string_end(text: &str) -> usize {
    let (bytes, mut at) = (text.as_bytes(), 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn percent_encoded(text: &str) -> String {
    use fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => encoded.push(char::from(byte)),
            false => _ = write!(encoded, "%{byte:02X}"),
        }
        encoded
    })
}

/// All pieces of secrets of which none is told.
struct Pieces(Vec<(usize, HashSet<Vec<char>>)>);

impl Pieces {
    fn of(secrets: &[&Secret]) -> Self {
        let pieces = secrets.iter().filter_map(|secret| {
            let secret: Vec<char> = secret.expose().chars().collect();
            let length = secret.len().min(PIECE_CHARS);
            if length == 0 {
                return None;
            }
            // What has letters alone may as well be of a word that the message has.
            let is_word = |piece: &&[char]| piece.iter().all(char::is_ascii_lowercase);
            let pieces = secret.windows(length).filter(|piece| !is_word(piece));
            let mut pieces: HashSet<_> = pieces.map(<[char]>::to_vec).collect();
            if pieces.is_empty() {
                pieces.extend(secret.windows(length).map(<[char]>::to_vec));
            }
            Some((length, pieces))
        });
        Self(pieces.collect())
    }

    fn are_in(&self, text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        let has = |(length, pieces): &(usize, HashSet<Vec<char>>)| {
            letters.windows(*length).any(|window| pieces.contains(window))
        };
        self.0.iter().any(has)
    }

    /// A text without the pieces; nothing where it has none.
    fn hidden(&self, text: &str) -> Option<String> {
        let mut letters: Vec<char> = text.chars().collect();
        let mut is_hidden = vec![false; letters.len()];
        for (length, pieces) in &self.0 {
            for (at, window) in letters.windows(*length).enumerate() {
                if pieces.contains(window) {
                    is_hidden[at..at + length].fill(true);
                }
            }
        }
        if !is_hidden.contains(&true) {
            return None;
        }
        for (letter, is_hidden) in letters.iter_mut().zip(is_hidden) {
            if is_hidden {
                *letter = HIDDEN;
            }
        }
        letters.dedup_by(|next, before| *next == HIDDEN && *before == HIDDEN);
        Some(letters.into_iter().collect())
    }
}

/// A message as it may be told: bounded, printable, and without any piece of a secret.
#[must_use]
pub fn redacted(message: &str, secrets: &[&Secret]) -> String {
    let printable = |letter: char| if letter.is_control() { ' ' } else { letter };
    // What is cut off behind is looked at, too, so that a piece at the edge is found.
    let message: String = message.chars().take(2 * CHARS_MAX).map(printable).collect();
    let hidden = Pieces::of(secrets).hidden(&message).unwrap_or(message);
    hidden.chars().take(CHARS_MAX).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ErrorKind;
    use crate::dialect::Dialect;

    const KEY: &str = "sk-proj-A1b2C3d4E5/x";

    fn check(message: &str, expected: &str) {
        let (key, token) = (Secret::new("sk-proj-A1b2C3d4E5"), Secret::new("t0k"));
        assert_eq!(redacted(message, &[&key, &token]), expected);
    }

    #[test]
    fn no_piece_of_a_secret_is_told() {
        check("Incorrect API key: sk-proj-A1b2C3d4E5.", "Incorrect API key: •.");
        check("key sk-proj-**** is wrong", "key •**** is wrong");
        check("ends with C3d4E5", "ends with •");
        check("the token t0k is none", "the token • is none");
        check("sk-p is no piece", "sk-p is no piece");
        let words = Secret::new("key-of-messages-1");
        assert_eq!(redacted("messages, key-of-messages-1", &[&words]), "messages, •");
        check("nothing\u{7}\nof it", "nothing  of it");
        check("", "");
    }

    #[test]
    fn a_long_message_is_cut_and_shows_no_secret_at_its_edge() {
        let long = format!("{}sk-proj-A1b2C3d4E5", "x".repeat(CHARS_MAX - 3));
        let key = Secret::new("sk-proj-A1b2C3d4E5");
        let told = redacted(&long, &[&key]);
        assert!(told.ends_with("x•"), "{told}");
        assert_eq!(redacted(&"y".repeat(5_000), &[&key]).chars().count(), CHARS_MAX);
    }

    fn error(message: &str, said: &str) -> ChatError {
        let said = Some(Box::new((Dialect::OpenaiChat, said.to_owned())));
        ChatError { said, ..ChatError::new(ErrorKind::InvalidRequest, message) }
    }

    #[test]
    fn a_failure_is_told_without_the_credential_in_words_and_details() {
        let hush = Hush::new([&Secret::new(KEY), &Secret::new("none")]);
        let mut told = error(
            &format!("bad header Authorization: Bearer {KEY}\nfor none"),
            r#"{"error":{"message":"\"sk-proj-A1b2C3d4E5\/x\" is wrong, and sk-proj-A too","type":"sk-projects","metadata":{"headers":["x","sk-proj-A1b2C3d4E5/x"],"sk-proj-":1}}}"#,
        );
        told.code = Some("sk-projects".to_owned());
        told.request_id = Some(format!("req-{KEY}").into());
        hush.error(&mut told);
        assert_eq!(told.message, "bad header Authorization: Bearer •\nfor none");
        assert_eq!(told.code.as_deref(), Some("sk-projects"));
        assert_eq!(told.request_id.as_deref(), Some("req-•"));
        assert_eq!(
            told.said.as_ref().unwrap().1,
            r#"{"error":{"message":"\"•\/x\" is wrong, and • too","type":"sk-projects","metadata":{"headers":["x","•"],"sk-proj-":1}}}"#
        );
        let before = error("nothing\n of it", "{ \"a\": \"b\" }");
        let mut same = before.clone();
        hush.error(&mut same);
        assert_eq!(same, before);
        // What is no JSON is looked at as a whole.
        let mut page = error("", "<pre>sk-proj-A1b2</pre>");
        hush.error(&mut page);
        assert_eq!(page.said.unwrap().1, "<pre>•</pre>");
    }

    #[test]
    fn in_a_stream_a_secret_is_hidden_however_it_is_written() {
        let hush = Hush::new([&Secret::new(KEY)]);
        assert!(!hush.shows(b"data: {\"error\":\"sk-proj-A1\"}"));
        let event = br#"{"a":"sk-proj-A1b2C3d4E5/x","b":"?key=sk-proj-A1b2C3d4E5%2Fx sk-proj-A1b2C3d4E5\/x"}"#;
        assert!(hush.shows(event));
        let mut out = b"sk-proj-A1b2C3d4E5/x ".to_vec();
        let from = out.len();
        out.extend_from_slice(event);
        hush.hide(&mut out, from);
        let told = String::from_utf8(out).unwrap();
        assert_eq!(told, r#"sk-proj-A1b2C3d4E5/x {"a":"•","b":"?key=• •"}"#);
        assert!(!format!("{hush:?}").contains("proj"));
    }
}
