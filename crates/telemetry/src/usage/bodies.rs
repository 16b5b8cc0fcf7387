//! Bodies in the request log, for services that ask for them: copied on the way as far as they are
//! kept, and made fit to be kept by the thread that writes them down.
//!
//! What is secret is taken out by the names of what it belongs to, in JSON, streams of it, and
//! forms. A body of which nobody can say what belongs to what is not kept.

mod names;

use std::borrow::Cow;
use std::fmt::Write as _;

use names::{Fragments, is_secret, plain_name};

/// What stands in the place of what is not kept.
const REDACTED: &str = "***";

/// How much of a service's bodies is kept, and what of it never is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BodyRule {
    /// Bytes of each that are kept, from its beginning.
    pub bytes_max: usize,
    /// Names of what is never kept, without what people write differently.
    redact: Box<[Box<str>]>,
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
    pub rule: std::sync::Arc<BodyRule>,
    /// The request's.
    pub request: BodyStart,
    /// The response's.
    pub response: BodyStart,
}

impl BodyRule {
    /// A rule that never keeps what these names belong to, nor what looks like a secret.
    #[must_use]
    pub fn new(bytes_max: usize, redact: &[String]) -> Self {
        let redact = redact.iter().map(|name| plain_name(name).into());
        Self { bytes_max, redact: redact.collect() }
    }

    /// Whether what a name belongs to is never kept.
    fn hides(&self, name: &str) -> bool {
        let name = plain_name(name);
        self.redact.iter().any(|own| **own == *name) || is_secret(&name)
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
                let text = match form {
                    Form::Json => redact_json(&text, rule, Fragments::default()),
                    Form::Lines => redact_stream((&text, is_cut), rule, |_line| true),
                    Form::Events => {
                        redact_stream((&text, is_cut), rule, |line| line.trim().is_empty())
                    }
                    Form::Fields => redact_fields(&text, rule),
                };
                out.push_str(",\"text\":");
                write_text(&text, out);
            }
        }
        let _infallible = write!(out, ",\"is_cut\":{is_cut}}}");
    }
}

/// Without what is hidden in a stream, piece by piece, so that no piece is read in the light of
/// another; a line at which a piece ends is one that `ends_piece`.
///
/// What a tool is called with comes in fragments here, and the name of a secret in another than the
/// secret itself: nothing of them is kept.
fn redact_stream(
    (text, is_cut): (&str, bool),
    rule: &BodyRule,
    ends_piece: impl Fn(&str) -> bool,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = 0;
        let ended = rest.split_inclusive('\n').find(|line| {
            end += line.len();
            line.ends_with('\n') && ends_piece(line)
        });
        let piece;
        (piece, rest) = rest.split_at(end);
        let of_call = is_of_call(piece, is_cut && ended.is_none());
        let fragments = Fragments { is_stream: true, of_call };
        out.push_str(&redact_json(piece, rule, fragments));
    }
    out
}

/// Whether a piece of a stream tells of a call of a tool, by its `type` or as Bedrock has it. One
/// that was cut before it said so is taken to.
fn is_of_call(piece: &str, is_cut: bool) -> bool {
    let bytes = piece.as_bytes();
    let (mut at, mut has_type) = (0, false);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let colon = skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') {
            at = end;
            continue;
        }
        let name = plain_name(&unescaped(text_within(piece, at, end)));
        at = skip_space(bytes, colon + 1);
        if name == "tooluse" {
            return true;
        }
        if name == "type" && bytes.get(at) == Some(&b'"') {
            let end = end_of_text(bytes, at);
            // Of one that was cut nobody knows what it was to be.
            has_type |= end < bytes.len();
            if names::is_type_of_call(&unescaped(text_within(piece, at, end))) {
                return true;
            }
        }
    }
    is_cut && !has_type
}

/// What lies between the quotes of a text, of which the closing one may be missing.
fn text_within(text: &str, start: usize, end: usize) -> &str {
    &text[start + 1..(end - 1).max(start + 1)]
}

/// Without the values of members that are hidden. It reads no grammar, only texts, so that it gets
/// on with beginnings and with streams: a text with a colon behind it is the name of what follows.
fn redact_json(text: &str, rule: &BodyRule, fragments: Fragments) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let colon = skip_space(bytes, end);
        let is_name = bytes.get(colon) == Some(&b':');
        if !is_name {
            if let Some(within) = redact_within(&text[at..end], rule, fragments) {
                out.push_str(&text[copied..at]);
                out.push_str(&within);
                copied = end;
            }
            at = end;
            continue;
        }
        let name = unescaped(text_within(text, at, end));
        let value = skip_space(bytes, colon + 1);
        let is_text = bytes.get(value) == Some(&b'"');
        if !rule.hides(&name) && !fragments.are_in(&name, is_text) {
            at = end;
            continue;
        }
        out.push_str(&text[copied..value]);
        let after = end_of_value(bytes, value);
        if value < bytes.len() {
            let _infallible = write!(out, "\"{REDACTED}\"");
        }
        (at, copied) = (after, after);
    }
    out.push_str(&text[copied..]);
    out
}

/// A text that is JSON itself, as the arguments of a tool are, without what is hidden in it; `None`
/// where it stays as it is.
fn redact_within(text: &str, rule: &BodyRule, fragments: Fragments) -> Option<String> {
    if !text.contains("\\\"") && !text.contains("\\u0022") {
        return None;
    }
    // Of a beginning the last letter may be half there.
    let ends = (0..=6.min(text.len() - 1)).map(|cut| text.len() - cut);
    let decoded = ends.filter(|end| text.is_char_boundary(*end)).find_map(|end| {
        let part = &text[..end];
        let whole = serde_json::from_str::<String>(part);
        whole.or_else(|_| serde_json::from_str(&format!("{part}\""))).ok()
    });
    let Some(decoded) = decoded else { return Some(format!("\"{REDACTED}\"")) };
    let redacted = redact_json(&decoded, rule, fragments);
    (redacted != decoded).then(|| {
        let mut out = String::new();
        write_text(&redacted, &mut out);
        out
    })
}

/// A name in which letters may be written as numbers, as they are meant.
fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    let whole = format!("\"{name}\"");
    // What is none may be anything, so that it is hidden as if it were a secret.
    Cow::Owned(serde_json::from_str(&whole).unwrap_or_else(|_| "secret".to_owned()))
}

/// Behind the closing quote, or the end where there is none.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

/// Behind a value, whatever it is; the end where it does not end.
fn end_of_value(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at = end_of_text(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' if depth == 0 => return at,
            // A line of its own is a value of its own.
            b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// Without the values of fields that are hidden.
fn redact_fields(text: &str, rule: &BodyRule) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, field) in text.split('&').enumerate() {
        if place > 0 {
            out.push('&');
        }
        match field.split_once('=') {
            Some((name, _)) if rule.hides(&percent_decoded(name)) => {
                let _infallible = write!(out, "{name}={REDACTED}");
            }
            _ => out.push_str(field),
        }
    }
    out
}

fn percent_decoded(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let bytes = name.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// A text of JSON.
fn write_text(text: &str, out: &mut String) {
    // A text is always JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "null".to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(
        content_type: &str,
        text: &str,
        bytes_max: usize,
        redact: &[&str],
    ) -> serde_json::Value {
        let redact: Vec<String> = redact.iter().map(|name| (*name).to_owned()).collect();
        let rule = BodyRule::new(bytes_max, &redact);
        let mut request = BodyStart { content_type: content_type.into(), ..BodyStart::default() };
        text.as_bytes().chunks(3).for_each(|piece| rule.take(&mut request, piece));
        let bodies = LineBodies { rule: rule.into(), request, response: BodyStart::default() };
        let told = bodies.to_json([text.len() as u64, 0]);
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
    }

    fn check(content_type: &str, text: &str, expected: &str) {
        let told = kept(content_type, text, 4_096, &["color"]);
        assert_eq!(told["request"]["text"], expected, "{text}");
        assert_eq!(told["response"], serde_json::Value::Null);
    }

    #[test]
    fn what_is_secret_by_its_name_is_taken_out() {
        let json = "application/json; charset=utf-8";
        check(json, r#"{"a":1,"password":"x y","b":2}"#, r#"{"a":1,"password":"***","b":2}"#);
        check(json, r#"{"New-Password" : "x\"y" , "b":2}"#, r#"{"New-Password" : "***" , "b":2}"#);
        check(json, r#"{"apiKey":{"a":[1,{"b":"}"}]},"b":2}"#, r#"{"apiKey":"***","b":2}"#);
        check(json, r#"[{"pin":1234},{"pin": 12}]"#, r#"[{"pin":"***"},{"pin": "***"}]"#);
        check(json, r#"{"Color":"red","say":"password"}"#, r#"{"Color":"***","say":"password"}"#);
        // Written so that it is not seen at once.
        check(json, r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#);
        check(
            json,
            r#"{"secretAccessKey":"x","Subscription-Key":"y","primary_key":7,"jwt":"z"}"#,
            r#"{"secretAccessKey":"***","Subscription-Key":"***","primary_key":7,"jwt":"***"}"#,
        );
        check(json, r#"{"max_tokens":5,"tokens":[1]}"#, r#"{"max_tokens":5,"tokens":[1]}"#);
        check(
            "text/event-stream",
            "data: {\"token\": \"a\", \"x\": 1}\n\ndata: {\"token\": \"b\"}\n\n",
            "data: {\"token\": \"***\", \"x\": 1}\n\ndata: {\"token\": \"***\"}\n\n",
        );
        // JSON in a text of JSON, as tools are called with.
        check(
            json,
            r#"{"arguments":"{\"password\":\"x\",\"a\":\"b\"}","c":"say \"hi\""}"#,
            r#"{"arguments":"{\"password\":\"***\",\"a\":\"b\"}","c":"say \"hi\""}"#,
        );
        let form = "application/x-www-form-urlencoded";
        check(form, "a=1&client_secret=x%20y&b=2", "a=1&client_secret=***&b=2");
        check(form, "pass%77ord=x&colour=red", "pass%77ord=***&colour=red");
    }

    #[test]
    fn of_what_a_tool_is_called_with_no_fragment_is_kept() {
        let fragments = [r#"{\"password\": \""#, r#"hunter2 "#, r#"is it\"}"#];
        let streams: [&dyn Fn(&str) -> String; 7] = [
            // OpenAI's, older and newer; Anthropic's; Bedrock's; Cohere's; Vertex's; AG-UI's.
            &|it| {
                format!(
                    r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{it}"}}}}]}}}}]}}"#
                )
            },
            &|it| {
                format!(
                    r#"{{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{it}"}}"#
                )
            },
            &|it| {
                format!(
                    r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":"{it}"}}}}"#
                )
            },
            &|it| {
                format!(r#"{{"contentBlockDelta":{{"delta":{{"toolUse":{{"input":"{it}"}}}}}}}}"#)
            },
            &|it| {
                format!(
                    r#"{{"type":"tool-call-delta","delta":{{"message":{{"tool_calls":{{"function":{{"argum\u0065nts":"{it}"}}}}}}}}}}"#
                )
            },
            &|it| {
                format!(
                    r#"{{"functionCall":{{"partialArgs":[{{"jsonPath":"$.password","stringValue":"{it}"}}]}}}}"#
                )
            },
            &|it| format!(r#"{{"delta":"{it}","type":"TOOL_CALL_ARGS"}}"#),
        ];
        let leaks = |shown: &str| ["hunter", "is it", "passw"].iter().any(|it| shown.contains(it));
        for stream in streams {
            for (content_type, before, after) in [
                ("text/event-stream; charset=utf-8", "event: e\ndata: ", "\n\n"),
                ("text/event-stream", "data: ", "\r\n\r\n"),
                ("application/x-ndjson", "", "\n"),
                ("application/jsonl", "", "\r\n"),
            ] {
                let events = fragments.map(|it| [before, &stream(it), after].concat());
                let text = events.concat();
                for bytes_max in 1..=text.len() {
                    let told = kept(content_type, &text, bytes_max, &[]);
                    let shown = told["request"]["text"].as_str().unwrap();
                    assert!(!leaks(shown), "{content_type}, {bytes_max}: {shown}");
                }
                let told = kept(content_type, &text, 16_384, &[]);
                let shown = told["request"]["text"].as_str().unwrap();
                assert_eq!(shown.matches("***").count(), 3, "{shown}");
            }
        }
    }

    #[test]
    fn what_is_no_fragment_of_a_call_stays_in_a_stream() {
        let events = "text/event-stream";
        // A quote too many in one event does not turn inside out what comes behind it.
        let said = "data: he said \"hi\n\ndata: {\"password\":\"x\"}\n\n";
        check(events, said, "data: he said \"hi\n\ndata: {\"password\":\"***\"}\n\n");
        for text in [
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Rome\"}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n",
            // What is whole is looked into by its names.
            "data: {\"params\":{\"arguments\":{\"city\":\"Rome\"}}}",
        ] {
            check(events, text, text);
        }
        let line = "{\"body\":{\"input\":\"a text\"}}\n{\"body\":{\"input\":\"another\"}}";
        check("application/jsonl", line, line);
        let whole = r#"{"delta":"a","input":"b","arguments":"{\"city\":\"Rome\"}"}"#;
        check("application/json", whole, whole);
    }

    #[test]
    fn of_a_beginning_nothing_secret_is_left() {
        for text in [
            r#"{"a":1,"password":"correct horse battery","b":2}"#,
            r#"{"a":"{\"password\":\"correct horse battery\",\"b\":2}"}"#,
        ] {
            for bytes_max in 1..=text.len() {
                let told = kept("application/json", text, bytes_max, &[]);
                let shown = told["request"]["text"].as_str().unwrap();
                assert!(!shown.contains('c') && !shown.contains("horse"), "{bytes_max}: {shown}");
                assert_eq!(told["request"]["is_cut"], bytes_max < text.len());
            }
        }
    }

    #[test]
    fn what_nobody_can_look_into_is_not_kept() {
        for content_type in ["", "text/plain", "application/xml", "application/octet-stream"] {
            let told = kept(content_type, "password: x", 4_096, &[]);
            assert_eq!(told["request"]["text"], serde_json::Value::Null, "{content_type}");
        }
        let mut start =
            BodyStart { content_type: "application/json".into(), ..BodyStart::default() };
        start.is_encoded = true;
        start.bytes = b"{}".to_vec();
        let bodies = LineBodies { response: start, ..LineBodies::default() };
        let told = bodies.to_json([0, 2]);
        assert_eq!(
            told,
            "{\"request\":null,\"response\":{\"content_type\":\"application/json\",\"text\":null,\
             \"is_cut\":false}}"
        );
    }
}
