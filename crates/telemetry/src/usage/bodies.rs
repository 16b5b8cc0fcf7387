//! Bodies in the request log, for services that ask for them: copied on the way as far as they are
//! kept, and made fit to be kept by the thread that writes them down.
//!
//! What is secret is taken out by the names of what it belongs to, in JSON, streams of it, and
//! forms. A body of which nobody can say what belongs to what is not kept.

mod fields;
mod json;
mod names;
mod paths;

use std::fmt::Write as _;
use std::sync::Arc;

use super::redaction::Redaction;
use names::{Fragments, is_secret};

pub(super) use json::mask as mask_json;
pub(super) use names::plain_name;
pub(super) use paths::BodyPath;

/// What stands in the place of what is not kept.
pub(super) const REDACTED: &str = "***";

/// How much of a service's bodies is kept, and what of it never is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BodyRule {
    /// Bytes of each that are kept, from its beginning.
    pub bytes_max: usize,
    /// Names of what is never kept, without what people write differently.
    redact: Box<[Box<str>]>,
    /// What is never kept of any exchange of the service.
    redaction: Arc<Redaction>,
}

/// The beginning of a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BodyStart {
    /// As its head has it; empty where it says nothing.
    pub content_type: Box<str>,
    /// Whether it is compressed.
    pub is_encoded: bool,
    /// Its first bytes, no more than the rule allows.
    pub bytes: Vec<u8>,
}

/// The bodies of one exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineBodies {
    /// By what they are made fit to be kept.
    pub rule: Arc<BodyRule>,
    /// The request's.
    pub request: BodyStart,
    /// The response's.
    pub response: BodyStart,
}

impl BodyRule {
    /// A rule that never keeps what these names belong to, nor what looks like a secret, nor what is
    /// never kept of any exchange.
    #[must_use]
    pub fn new(bytes_max: usize, redact: &[String], redaction: Arc<Redaction>) -> Self {
        let redact = redact.iter().map(|name| plain_name(name).into());
        Self { bytes_max, redact: redact.collect(), redaction }
    }

    /// Whether what a name belongs to is never kept.
    fn hides(&self, name: &str) -> bool {
        let name = plain_name(name);
        self.redact.iter().any(|own| **own == *name)
            || self.redaction.hides_name(&name)
            || is_secret(&name)
    }

    /// Takes in what fits of a piece of a body.
    pub fn take(&self, start: &mut BodyStart, piece: &[u8]) {
        let room = self.bytes_max.saturating_sub(start.bytes.len());
        if room > 0 {
            start.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }
}

impl LineBodies {
    /// Both as a JSON object, fit to be kept; `lengths` are those of the whole bodies.
    #[must_use]
    pub fn to_json(&self, lengths: [u64; 2]) -> String {
        let mut text = String::from("{");
        let both = [("request", &self.request), ("response", &self.response)];
        for ((name, start), length) in both.into_iter().zip(lengths) {
            if text.len() > 1 {
                text.push(',');
            }
            let _infallible = write!(text, "\"{name}\":");
            start.write(&self.rule, length, &mut text);
        }
        text.push('}');
        text
    }
}

/// How what is secret is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One value of JSON.
    Json,
    /// A value of it in each line.
    Lines,
    /// Events of it, with blank lines between them.
    Events,
    /// `a=b&c=d`.
    Fields,
}

impl BodyStart {
    fn form(&self) -> Option<Form> {
        let sort = self.content_type.split(';').next().unwrap_or_default().trim();
        let sort = sort.to_ascii_lowercase();
        match sort.as_str() {
            "application/x-www-form-urlencoded" => Some(Form::Fields),
            "text/event-stream" => Some(Form::Events),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/jsonlines"
            | "application/x-jsonlines" => Some(Form::Lines),
            sort if sort == "application/json" || sort.ends_with("+json") => Some(Form::Json),
            _ => None,
        }
    }

    fn write(&self, rule: &BodyRule, length: u64, out: &mut String) {
        if length == 0 && self.bytes.is_empty() {
            out.push_str("null");
            return;
        }
        out.push_str("{\"content_type\":");
        write_text(&self.content_type, out);
        let is_cut = (self.bytes.len() as u64) < length;
        match self.form().filter(|_| !self.is_encoded) {
            None => out.push_str(",\"text\":null"),
            Some(form) => {
                let text = String::from_utf8_lossy(&self.bytes);
                let text = paths::redact(&text, form, rule.redaction.paths());
                let text = match form {
                    Form::Json => json::redact(&text, rule, Fragments::default()),
                    Form::Lines => json::redact_stream((&text, is_cut), rule, |_line| true),
                    Form::Events => {
                        json::redact_stream((&text, is_cut), rule, |line| line.trim().is_empty())
                    }
                    Form::Fields => fields::redact(&text, rule),
                };
                let text = match form {
                    Form::Fields => text,
                    _ => json::mask(&text, &rule.redaction).unwrap_or(text),
                };
                out.push_str(",\"text\":");
                write_text(&text, out);
            }
        }
        let _infallible = write!(out, ",\"is_cut\":{is_cut}}}");
    }
}

/// A text of JSON.
pub(super) fn write_text(text: &str, out: &mut String) {
    // A text is always JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned()));
}

#[cfg(test)]
mod tests;
