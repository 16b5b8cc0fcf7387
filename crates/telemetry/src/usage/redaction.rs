//! What the request log never has, beside what looks like a secret by its name: by names, by places in
//! JSON, and by what it looks like. It is applied by the thread that writes lines down, before it
//! writes or shows them.

use std::borrow::Cow;
use std::fmt::Debug;

use serde_json::Value;

use super::bodies::{BodyPath, REDACTED, mask_json, plain_name};
use super::percent;

/// The facts that a client has a hand in.
const CLIENTS_FACTS: [&str; 8] =
    ["path", "host", "query", "user_agent", "model", "operation", "detail", "tls_sni"];

/// So often at most a text is decoded: what is encoded in what is encoded is looked at as well.
const DECODED_MAX: usize = 3;

/// Finds what is hidden for what it looks like.
pub trait Screen: Debug + Send + Sync {
    /// The text without it; `None` where it stays as it is.
    fn mask(&self, text: &str) -> Option<String>;
}

/// What the request log never has.
#[derive(Debug, Default)]
pub struct Redaction {
    names: Box<[Box<str>]>,
    paths: Box<[BodyPath]>,
    query: Box<[Box<str>]>,
    hides_user_agent: bool,
    screen: Option<Box<dyn Screen>>,
}

impl PartialEq for Redaction {
    /// One is like itself alone: nobody can look into what it screens by.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Redaction {}

impl Redaction {
    /// One that hides the values of members and fields of these names, values at these places of
    /// JSON, the names of these parameters, and what a screen finds.
    #[must_use]
    pub fn new(
        names: &[String],
        paths: &[String],
        query: &[String],
        screen: Option<Box<dyn Screen>>,
    ) -> Self {
        Self {
            names: names.iter().map(|name| plain_name(name).into()).collect(),
            paths: paths.iter().map(|path| BodyPath::new(path)).collect(),
            query: query.iter().map(|name| plain_name(name).into()).collect(),
            hides_user_agent: false,
            screen,
        }
    }

    /// The same without what clients say that they are.
    #[must_use]
    pub fn without_user_agent(mut self) -> Self {
        self.hides_user_agent = true;
        self
    }

    /// Whether values of a plain name are hidden.
    pub(super) fn hides_name(&self, name: &str) -> bool {
        self.names.iter().any(|own| **own == *name)
    }

    /// The places in JSON of which nothing is kept.
    pub(super) fn paths(&self) -> &[BodyPath] {
        &self.paths
    }

    /// A text without what is hidden for what it looks like; `None` where it stays as it is.
    #[must_use]
    pub fn mask(&self, text: &str) -> Option<String> {
        self.screen.as_ref()?.mask(text)
    }

    /// A path without what is hidden for what it looks like, percent-encoded or not; `None` where it
    /// stays as it is.
    #[must_use]
    pub fn mask_path(&self, path: &str) -> Option<String> {
        self.mask_encoded(path, Some(percent::IN_PATH))
    }

    /// The facts of an exchange, a JSON object, without what is hidden.
    #[must_use]
    pub fn facts(&self, facts: String) -> String {
        // Where nothing is encoded, a look at all of it is enough.
        let may_hide = self.screen.is_some() && facts.contains(['%', '+']);
        let is_touched = self.hides_user_agent
            || !self.query.is_empty()
            || may_hide
            || mask_json(&facts, self).is_some();
        if !is_touched {
            return facts;
        }
        // What nobody can look into is not kept.
        let Ok(mut value) = serde_json::from_str::<Value>(&facts) else { return String::new() };
        let Some(members) = value.as_object_mut() else { return String::new() };
        let mut is_changed = false;
        if self.hides_user_agent {
            is_changed |= members.shift_remove("user_agent").is_some();
        }
        for name in CLIENTS_FACTS {
            let Some(Value::String(text)) = members.get_mut(name) else { continue };
            let masked = match name {
                "path" => self.mask_path(text),
                "query" => self.mask_query(text),
                _ => self.mask_encoded(text, None),
            };
            if let Some(masked) = masked {
                *text = masked;
                is_changed = true;
            }
        }
        if is_changed { value.to_string() } else { facts }
    }

    /// A query, of which there are only the names, without what is hidden of them.
    fn mask_query(&self, query: &str) -> Option<String> {
        let parameters = query.split('&').map(|parameter| {
            let (name, value) = parameter.split_at(parameter.find('=').unwrap_or(parameter.len()));
            if self.hides_parameter(name) {
                return Cow::Borrowed(REDACTED);
            }
            let masked = self.mask_encoded(name, Some(percent::IN_NAME));
            // A plus may mean itself, as in an address of mail, or a space.
            let shown = masked.as_deref().unwrap_or(name);
            let spaced = shown.replace('+', " ").replace("%2B", " ");
            let is_other = spaced != shown;
            let of_spaced = is_other.then(|| self.mask_encoded(&spaced, Some(percent::IN_NAME)));
            let masked = of_spaced.flatten().or(masked);
            masked.map_or(Cow::Borrowed(parameter), |masked| Cow::Owned(masked + value))
        });
        let named = parameters.collect::<Vec<_>>().join("&");
        let masked = self.mask(&named);
        masked.or_else(|| (named != query).then_some(named))
    }

    /// Whether the name of a parameter is hidden, as it stands there or as it is meant.
    fn hides_parameter(&self, name: &str) -> bool {
        let mut name = Cow::Borrowed(name);
        for _ in 0..=DECODED_MAX {
            let plain = plain_name(&name);
            if self.query.iter().any(|own| **own == *plain) {
                return true;
            }
            name = Cow::Owned(percent::decoded(&name).into_owned());
        }
        false
    }

    /// A text in which things may be percent-encoded, without what is hidden for what it looks like.
    /// Where that is seen only in what is meant, the text is what is meant, encoded again but for
    /// what is `kept`, or as it is without that.
    fn mask_encoded(&self, text: &str, kept: Option<&[u8]>) -> Option<String> {
        let mut masked = self.mask(text);
        let mut plain = Cow::Borrowed(masked.as_deref().unwrap_or(text)).into_owned();
        for _ in 0..DECODED_MAX {
            let decoded = percent::decoded(&plain);
            if decoded == plain {
                break;
            }
            plain = decoded.into_owned();
            if let Some(found) = self.mask(&plain) {
                let shown = kept.map(|kept| percent::encoded(&found, kept));
                masked = Some(shown.unwrap_or_else(|| found.clone()));
                plain = found;
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::usage::{BodyRule, BodyStart, LineBodies};

    /// Finds one word.
    #[derive(Debug)]
    struct Word(&'static str);

    impl Screen for Word {
        fn mask(&self, text: &str) -> Option<String> {
            text.contains(self.0).then(|| text.replace(self.0, "***"))
        }
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|&text| text.to_owned()).collect()
    }

    fn redaction() -> Redaction {
        let screen: Box<dyn Screen> = Box::new(Word("ann@x.org"));
        Redaction::new(
            &texts(&["Birth-Day"]),
            &texts(&["/customer/*"]),
            &texts(&["session_hint"]),
            Some(screen),
        )
    }

    fn shown(content_type: &str, text: &str) -> String {
        let rule = BodyRule::new(4_096, &texts(&["color"]), Arc::new(redaction()));
        let mut request = BodyStart { content_type: content_type.into(), ..BodyStart::default() };
        rule.take(&mut request, text.as_bytes());
        let bodies = LineBodies { rule: rule.into(), request, response: BodyStart::default() };
        let told: Value = serde_json::from_str(&bodies.to_json([text.len() as u64, 0])).unwrap();
        told["request"]["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn bodies_are_held_to_every_rule_there_is() {
        let json = "application/json";
        for (text, expected) in [
            (
                r#"{"birthDay":1,"color":2,"password":3}"#,
                r#"{"birthDay":"***","color":"***","password":"***"}"#,
            ),
            (
                r#"{"customer":{"a":[1],"b":"c"},"a":1}"#,
                r#"{"customer":{"a":"***","b":"***"},"a":1}"#,
            ),
            (r#"{"say":"to ann@x.org now","n":1}"#, r#"{"say":"to *** now","n":1}"#),
            // Written so that it is not seen at once, also within a text of JSON.
            (r#"{"say":"to ann\u0040x.org now"}"#, r#"{"say":"to *** now"}"#),
            (r#"{"say":"{\"to\":\"ann@x.org\"}"}"#, r#"{"say":"{\"to\":\"***\"}"}"#),
        ] {
            assert_eq!(shown(json, text), expected, "{text}");
        }
        let form = "application/x-www-form-urlencoded";
        assert_eq!(shown(form, "birth_day=1&to=ann%40x.org&a=b"), "birth_day=***&to=***&a=b");
        assert_eq!(shown("application/x-ndjson", "{\"to\":\"ann@x.org\"}\n"), "{\"to\":\"***\"}\n");
    }

    #[test]
    fn what_is_encoded_is_hidden_as_if_it_were_not() {
        let redaction = redaction();
        for (path, expected) in [
            ("/users/ann%40x.org", Some("/users/***")),
            ("/users/ann%2540x.org/a%20b", Some("/users/***/a%20b")),
            ("/%61nn@x%2eorg/100%25", Some("/***/100%25")),
            ("/users/ben%40x.org", None),
            ("/100%", None),
        ] {
            assert_eq!(redaction.mask_path(path).as_deref(), expected, "{path}");
            let told = redaction.facts(format!(r#"{{"path":"{path}" }}"#));
            let shown = match expected {
                Some(expected) => format!(r#"{{"path":"{expected}"}}"#),
                None => format!(r#"{{"path":"{path}" }}"#),
            };
            assert_eq!(told, shown, "{path}");
        }
        for (query, expected) in [
            ("session%5Fhint=*&a=*", "***&a=*"),
            ("session%255fhint=*", "***"),
            ("%53ession-hint=*", "***"),
            ("ann%40x.org=*&a%20b=*", "***=*&a%20b=*"),
            ("to+ann%40x.org=*", "to%2B***=*"),
        ] {
            let told = redaction.facts(format!(r#"{{"query":"{query}"}}"#));
            assert_eq!(told, format!(r#"{{"query":"{expected}"}}"#), "{query}");
        }
        let agent = redaction.facts(r#"{"user_agent":"bot of ann%40x.org"}"#.to_owned());
        assert_eq!(agent, r#"{"user_agent":"bot of ***"}"#);
    }

    #[test]
    fn facts_are_kept_as_they_are_or_without_what_is_hidden() {
        let plain = redaction();
        let screened = Redaction { query: Box::default(), ..redaction() };
        let facts = r#"{"time":"t","path":"/a/ann@x.org","query":"a=*&Session-Hint=*","user_agent":"curl ann@x.org","upstream":"ann@x.org"}"#;
        let told = plain.facts(facts.to_owned());
        assert_eq!(
            told,
            r#"{"time":"t","path":"/a/***","query":"a=*&***","user_agent":"curl ***","upstream":"ann@x.org"}"#
        );
        let nothing = r#"{"time":"t" , "path":"/a"}"#;
        assert_eq!(screened.facts(nothing.to_owned()), nothing);
        let mute = redaction().without_user_agent().facts(facts.to_owned());
        assert!(!mute.contains("curl"), "{mute}");
        assert_eq!(plain.facts("ann@x.org".to_owned()), "");
        assert_eq!(Redaction::default().facts(facts.to_owned()), facts);
    }
}
