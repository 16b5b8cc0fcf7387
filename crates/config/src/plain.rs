//! Documents in YAML or JSON that are not gateway files, such as descriptions of APIs: their values
//! as JSON, and the line of each. The same bounds on depth and aliases hold for them as for ours.

use serde_json::{Map, Value};

use crate::read::is_number;
use crate::tree::{self, Content, Node, Tree};

/// A document that was read.
#[derive(Debug)]
pub struct PlainDocument {
    /// What it says. What stands without quotes and is `true`, `false` or a number of JSON is one;
    /// every other scalar is a text. Keys are in the order of the text.
    pub value: Value,
    lines: Line,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PlainFault {
    /// Where, from 1.
    pub line: u32,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// The line of a value, and those of what is in it in the order of the text.
#[derive(Debug)]
struct Line {
    line: u32,
    within: Box<[Self]>,
}

/// Reads one document.
///
/// # Errors
/// Everything that makes it unreadable or ambiguous: no YAML, a key twice, a tag, too deep.
pub fn read_plain(text: &str) -> Result<PlainDocument, Vec<PlainFault>> {
    let fault = |line, message| PlainFault { line, message };
    let mut faults = Vec::new();
    let tree = tree::parse(text, "", &mut faults)
        .map_err(|error| vec![fault(error.line, error.message)])?;
    if !faults.is_empty() {
        let told = tree.report(faults, "");
        return Err(told.into_iter().map(|error| fault(error.line, error.message)).collect());
    }
    let (value, lines) = taken(&tree, &tree.root);
    Ok(PlainDocument { value, lines })
}

impl PlainDocument {
    /// The line of what a JSON Pointer (RFC 6901) leads to; of the nearest thing above it, where it
    /// leads to nothing.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> u32 {
        let (mut value, mut line) = (&self.value, &self.lines);
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            let at = match value {
                Value::Object(members) => members.keys().position(|key| *key == part),
                Value::Array(_) => part.parse().ok(),
                _ => None,
            };
            let next = at.and_then(|at| {
                let within = match value {
                    Value::Object(members) => members.get(&part),
                    Value::Array(items) => items.get(at),
                    _ => None,
                };
                within.zip(line.within.get(at))
            });
            let Some((next_value, next_line)) = next else { break };
            (value, line) = (next_value, next_line);
        }
        line.line
    }
}

fn taken(tree: &Tree<'_>, node: &Node<'_>) -> (Value, Line) {
    let line = tree.line(node.place);
    let leaf = |value| (value, Line { line, within: Box::default() });
    match &node.content {
        Content::Nothing => leaf(Value::Null),
        Content::Text(text) => leaf(scalar(text, node.is_plain)),
        Content::List(items) => {
            let (values, within): (Vec<_>, Vec<_>) =
                items.iter().map(|item| taken(tree, item)).unzip();
            (Value::Array(values), Line { line, within: within.into() })
        }
        Content::Map(entries) => {
            let mut members = Map::with_capacity(entries.len());
            let mut within = Vec::with_capacity(entries.len());
            for entry in entries {
                let (value, mut below) = taken(tree, &entry.value);
                // The key says better where something is than a value that begins below it.
                below.line = tree.line(entry.key.place);
                members.insert(entry.key().to_owned(), value);
                within.push(below);
            }
            (Value::Object(members), Line { line, within: within.into() })
        }
    }
}

fn scalar(text: &str, is_plain: bool) -> Value {
    let literal = match text {
        _ if !is_plain => None,
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => text.parse().ok().filter(|_| is_number(text)).map(Value::Number),
    };
    literal.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = "a: [1, 'two', true, null]\nb:\n  '200': { c: 1.5 }\n  300: x\n";
        let document = read_plain(yaml).expect("readable");
        let wanted =
            json!({ "a": [1, "two", true, null], "b": { "200": { "c": 1.5 }, "300": "x" } });
        assert_eq!(document.value, wanted);
        assert_eq!(read_plain(&wanted.to_string()).expect("readable").value, wanted);
    }

    #[test]
    fn every_value_knows_its_line() {
        let document = read_plain("a:\n  - x\n  - { b/c: 1 }\nd:\n\n  e: 2\n").expect("readable");
        for (pointer, line) in
            [("", 1), ("/a", 1), ("/a/0", 2), ("/a/1/b~1c", 3), ("/d/e", 6), ("/d/none/more", 4)]
        {
            assert_eq!(document.line_of(pointer), line, "{pointer}");
        }
    }

    #[test]
    fn what_is_ambiguous_is_refused_with_its_line() {
        let faults = read_plain("a: 1\nb: 2\na: 3\n").expect_err("a key twice");
        assert_eq!(faults, [PlainFault { line: 3, message: "the key `a` comes twice".into() }]);
        assert!(read_plain("a: [").is_err() && read_plain("a: !x 1").is_err());
    }
}
