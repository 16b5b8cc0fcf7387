//! What is hidden by its place in JSON, which may be only the beginning of a value, or one of several
//! in a stream.

use super::json::{end_of_text, end_of_value, skip_space, text_within, unescaped};
use super::{Form, REDACTED};

/// Deeper than that nothing is looked for.
const DEPTH_MAX: usize = 64;

/// A JSON Pointer in which `*` stands for any member or element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::usage) struct BodyPath(Box<[Box<str>]>);

impl BodyPath {
    /// Reads one; the steps behind its first slash.
    pub(in crate::usage) fn new(pointer: &str) -> Self {
        let steps = pointer.strip_prefix('/').unwrap_or(pointer).split('/');
        Self(steps.map(|step| step.replace("~1", "/").replace("~0", "~").into()).collect())
    }

    fn is(&self, steps: &[Step]) -> bool {
        self.0.len() == steps.len()
            && self.0.iter().zip(steps).all(|(wanted, step)| **wanted == *"*" || step.is(wanted))
    }
}

/// Where a value stands in the one around it.
enum Step {
    Member(String),
    Element(usize),
}

impl Step {
    fn is(&self, wanted: &str) -> bool {
        match self {
            Self::Member(name) => name == wanted,
            Self::Element(at) => wanted.parse() == Ok(*at),
        }
    }
}

/// Without the values at the paths.
pub(super) fn redact(text: &str, form: Form, paths: &[BodyPath]) -> String {
    if paths.is_empty() || form == Form::Fields {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    if form == Form::Json {
        redact_value(text, paths, &mut out);
        return out;
    }
    for line in text.split_inclusive('\n') {
        let start = line.find(['{', '[']).unwrap_or(line.len());
        out.push_str(&line[..start]);
        redact_value(&line[start..], paths, &mut out);
    }
    out
}

fn redact_value(text: &str, paths: &[BodyPath], out: &mut String) {
    let bytes = text.as_bytes();
    // What is open: of an object the name of the member that is read, of an array the place.
    let mut steps: Vec<Step> = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' if steps.len() < DEPTH_MAX => {
                steps.push(Step::Member(String::new()));
                at += 1;
            }
            b'[' if steps.len() < DEPTH_MAX => {
                steps.push(Step::Element(0));
                at += 1;
                hide(text, (&steps, paths), (&mut at, &mut copied), out);
            }
            b'{' | b'[' => at = end_of_value(bytes, at),
            b'}' | b']' => {
                steps.pop();
                at += 1;
            }
            b',' => {
                at += 1;
                if let Some(Step::Element(place)) = steps.last_mut() {
                    *place += 1;
                    hide(text, (&steps, paths), (&mut at, &mut copied), out);
                }
            }
            b'"' => {
                let end = end_of_text(bytes, at);
                let colon = skip_space(bytes, end);
                let is_name = bytes.get(colon) == Some(&b':');
                match steps.last_mut() {
                    Some(Step::Member(name)) if is_name => {
                        *name = unescaped(text_within(text, at, end)).into_owned();
                        at = colon + 1;
                        hide(text, (&steps, paths), (&mut at, &mut copied), out);
                    }
                    _ => at = end,
                }
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[copied..]);
}

/// Hides the value that begins here, where it stands at one of the paths.
fn hide(
    text: &str,
    (steps, paths): (&[Step], &[BodyPath]),
    (at, copied): (&mut usize, &mut usize),
    out: &mut String,
) {
    if !paths.iter().any(|path| path.is(steps)) {
        return;
    }
    let bytes = text.as_bytes();
    let value = skip_space(bytes, *at);
    // An empty array has no element, and of what is not there nothing is hidden.
    if matches!(bytes.get(value), None | Some(b']' | b'}' | b',')) {
        return;
    }
    out.push_str(&text[*copied..value]);
    out.push('"');
    out.push_str(REDACTED);
    out.push('"');
    *at = end_of_value(bytes, value);
    *copied = *at;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(paths: &[&str], form: Form, text: &str, expected: &str) {
        let paths: Vec<BodyPath> = paths.iter().map(|path| BodyPath::new(path)).collect();
        assert_eq!(redact(text, form, &paths), expected, "{text}");
    }

    #[test]
    fn what_stands_at_a_path_is_hidden_and_nothing_else() {
        let json = Form::Json;
        let text = r#"{"a":{"b":[1,{"c":"x"},2]},"b":[0],"c":"y"}"#;
        check(&["/c"], json, text, r#"{"a":{"b":[1,{"c":"x"},2]},"b":[0],"c":"***"}"#);
        check(&["/a/b/1/c"], json, text, r#"{"a":{"b":[1,{"c":"***"},2]},"b":[0],"c":"y"}"#);
        check(&["/a/b/*"], json, text, r#"{"a":{"b":["***","***","***"]},"b":[0],"c":"y"}"#);
        check(&["/*/b/*/c"], json, text, r#"{"a":{"b":[1,{"c":"***"},2]},"b":[0],"c":"y"}"#);
        check(&["/a"], json, text, r#"{"a":"***","b":[0],"c":"y"}"#);
        check(&["/x", "/a/c", "/b/1"], json, text, text);
        check(&["/*"], json, "[ ]", "[ ]");
        check(&["/*"], json, r#"[ {"a":1} , "b" ]"#, r#"[ "***" , "***" ]"#);
        check(&["/a~1b/~0"], json, r#"{"a/b":{"~":1}}"#, r#"{"a/b":{"~":"***"}}"#);
        // Written so that it is not seen at once.
        check(&["/name"], json, r#"{"n\u0061me" : "x"}"#, r#"{"n\u0061me" : "***"}"#);
    }

    #[test]
    fn of_a_beginning_nothing_is_left_that_stands_at_a_path() {
        let text = r#"{"a":1,"b":{"c":["correct", {"d":"horse"}]},"e":2}"#;
        for end in 0..text.len() {
            let paths = [BodyPath::new("/b/c")];
            let shown = redact(&text[..end], Form::Json, &paths);
            assert!(!shown.contains("orrect") && !shown.contains("hors"), "{shown}");
        }
    }

    #[test]
    fn of_streams_each_value_is_looked_at_by_itself() {
        let lines = "{\"a\":1}\n{\"a\":[2,3],\"b\":4}\n";
        check(&["/a"], Form::Lines, lines, "{\"a\":\"***\"}\n{\"a\":\"***\",\"b\":4}\n");
        let events = "event: e\ndata: {\"a\":1}\n\ndata: [DONE]\n\n";
        let shown = "event: e\ndata: {\"a\":\"***\"}\n\ndata: [DONE]\n\n";
        check(&["/a"], Form::Events, events, shown);
        check(&["/a"], Form::Fields, "a=1", "a=1");
    }

    #[test]
    fn however_deep_it_is_looking_ends() {
        let deep = "[".repeat(5_000);
        check(&["/0"], Form::Json, &deep, "[\"***\"");
        check(&["/a"], Form::Json, &deep, &deep);
    }
}
