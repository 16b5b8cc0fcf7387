//! `guardrail`: what may not be said to models or by them: words, patterns, personal data.
//!
//! Not a judge of meaning: it finds texts, in either direction, and masks or refuses them.

use regex::Regex;

use crate::read::{List, NonEmpty, Reader, Scope, Shape, Written, pattern, record, scalar, words};
use crate::tree::Node;

/// The policy as validated: something to look for, somewhere to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// Words and phrases, found whatever their case and not within longer words.
    pub keywords: Vec<String>,
    /// Patterns, found anywhere.
    pub patterns: Vec<SoughtPattern>,
    /// Kinds of personal data.
    pub personal_data: Vec<PersonalData>,
    /// What is done about what is found.
    pub action: GuardrailAction,
    /// Whether it looks at what the client says.
    pub on_request: bool,
    /// Whether it looks at what the model says.
    pub on_response: bool,
    /// What stands in place of what was found.
    pub mask: String,
}

/// A pattern that is looked for within a text; it never matches the empty text.
#[derive(Clone, Debug)]
pub struct SoughtPattern(pub Regex);

impl PartialEq for SoughtPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for SoughtPattern {}

words! {
    /// Kinds of personal data.
    pub enum PersonalData {
        /// Addresses of mail.
        Email = "email",
        /// Telephone numbers with the code of a country, or in the form of North America.
        Phone = "phone",
        /// Numbers of payment cards, by their check digit.
        Card = "card",
        /// Numbers of bank accounts (IBAN), by their check digits.
        Iban = "iban",
        /// Addresses of the internet, version 4 and 6.
        Ip = "ip",
        /// Social security numbers of the United States.
        Ssn = "ssn",
    }
}

words! {
    /// What is done about what is found.
    pub enum GuardrailAction {
        /// It is replaced. The default.
        Mask = "mask",
        /// The request is refused, or the answer cut off.
        Refuse = "refuse",
    }
}

words! {
    /// Where it looks.
    enum Direction {
        /// At what the client says.
        Request = "request",
        /// At what the model says.
        Response = "response",
    }
}

/// Says what happened, and reads well in a sentence.
const MASK: &str = "[masked]";
/// As a list that people keep by hand; each costs a little of every request.
const KEYWORDS_MAX: usize = 10_000;
/// Each pattern is looked for on its own.
const PATTERNS_MAX: usize = 100;

record! {
    /// What may not be said to models or by them.
    #[derive(Debug)]
    pub(super) struct GuardrailWritten => Guardrail by finish {
        /// Words and phrases, found whatever their case and not within longer words.
        "keywords": List<Keyword> = Vec::new() => keywords: Vec<String>,
        /// Regular expressions, found anywhere in a text.
        "patterns": List<SoughtPattern> = Vec::new() => patterns: Vec<SoughtPattern>,
        /// Kinds of personal data.
        "personal_data": List<PersonalData> = Vec::new() => personal_data: Vec<PersonalData>,
        /// What is done about what is found.
        "action": GuardrailAction = GuardrailAction::Mask => action: GuardrailAction,
        /// Where it looks; by default at both.
        "on": NonEmpty<Direction> = vec![Direction::Request, Direction::Response]
            => on: Vec<Direction>,
        /// What stands in place of what was found (`mask` only).
        "mask_with": Mask = MASK.to_owned() => mask_with: String,
    }
}

impl GuardrailWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Guardrail> {
        let sought = ["keywords", "patterns", "personal_data"];
        if sought.iter().all(|key| scope.count(key) == 0) {
            scope.refuse("needs `keywords`, `patterns` or `personal_data` to look for");
        }
        for (key, most) in [("keywords", KEYWORDS_MAX), ("patterns", PATTERNS_MAX)] {
            if scope.count(key) > most {
                scope.refuse_at(key, format!("has more than {most} elements"));
            }
        }
        if self.action == GuardrailAction::Refuse && scope.has("mask_with") {
            scope.refuse_at("mask_with", "has no effect: what is found is refused, not masked");
        }
        Some(Guardrail {
            keywords: self.keywords,
            patterns: self.patterns,
            personal_data: self.personal_data,
            action: self.action,
            on_request: self.on.contains(&Direction::Request),
            on_response: self.on.contains(&Direction::Response),
            mask: self.mask_with,
        })
    }
}

/// A word or phrase.
struct Keyword;

impl Written for Keyword {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        const KEYWORD_BYTES_MAX: usize = 256;
        let expected = "a word or phrase of at most 256 bytes, without spaces around it";
        scalar(node, reader, expected, |text| {
            let fits = !text.is_empty() && text.len() <= KEYWORD_BYTES_MAX && text.trim() == text;
            fits.then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "word or phrase", pattern: None }
    }
}

/// What stands in place of something; nothing at all, too.
struct Mask;

impl Written for Mask {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        const MASK_BYTES_MAX: usize = 64;
        scalar(node, reader, "a text of at most 64 bytes", |text| {
            (text.len() <= MASK_BYTES_MAX).then(|| text.to_owned())
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "text", pattern: None }
    }

    fn show(value: &String) -> Option<serde_json::Value> {
        Some(value.as_str().into())
    }
}

impl Written for SoughtPattern {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let regex = pattern::read_sought(node, reader)?;
        if regex.is_match("") {
            let message = "matches the empty text, which is everywhere";
            reader.refuse(node.place, message);
            return None;
        }
        Some(Self(regex))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "regular expression", pattern: None }
    }
}
