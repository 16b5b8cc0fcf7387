//! The regular expressions in schemas: each is bounded, and all of them together, before the library
//! sees them, which takes any size and fails over the ones that are too large.

use std::collections::HashMap;

use regex::{Error, RegexBuilder};
use serde_json::Value;

use super::ValueFault;
use crate::pointer;
use crate::walk::Within;

/// What one may need, compiled: steps from small to large, so that the small ones cost little.
const SIZES: [usize; 3] = [16 << 10, 256 << 10, 4 << 20];
/// What all of a description may need.
const SIZE_ALL_MAX: usize = 128 << 20;

/// Takes the patterns out that are too large, or that are none; where they stood, and why.
pub(crate) fn take_out(document: &mut Value) -> Vec<ValueFault> {
    let mut patterns = Patterns { left: SIZE_ALL_MAX, known: HashMap::new(), faults: Vec::new() };
    patterns.within(document, &mut String::new(), Within::Thing);
    patterns.faults
}

struct Patterns {
    left: usize,
    /// What was found of each, since many are written several times.
    known: HashMap<String, Option<String>>,
    faults: Vec<ValueFault>,
}

impl Patterns {
    fn within(&mut self, value: &mut Value, at: &mut String, within: Within) {
        let length = at.len();
        match value {
            Value::Object(members) => {
                if within == Within::Thing {
                    self.keyword(members, at);
                    if let Some(Value::Object(named)) = members.get_mut("patternProperties") {
                        let place = pointer::below(at, "patternProperties");
                        named.retain(|pattern, _| {
                            self.is_good(pattern, &pointer::below(&place, pattern))
                        });
                    }
                }
                for (key, member) in members.iter_mut() {
                    let Some(below) = within.below(key, member) else { continue };
                    pointer::push(at, key);
                    self.within(member, at, below);
                    at.truncate(length);
                }
            }
            Value::Array(items) => {
                for (place, item) in items.iter_mut().enumerate() {
                    pointer::push(at, &place.to_string());
                    self.within(item, at, Within::Thing);
                    at.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn keyword(&mut self, members: &mut serde_json::Map<String, Value>, at: &str) {
        let Some(Value::String(pattern)) = members.get("pattern") else { return };
        let pattern = pattern.clone();
        if !self.is_good(&pattern, &pointer::below(at, "pattern")) {
            members.shift_remove("pattern");
        }
    }

    fn is_good(&mut self, pattern: &str, at: &str) -> bool {
        if !self.known.contains_key(pattern) {
            let told = self.judge(pattern);
            self.known.insert(pattern.to_owned(), told);
        }
        match self.known.get(pattern) {
            Some(Some(message)) => {
                self.faults.push(ValueFault { pointer: at.to_owned(), message: message.clone() });
                false
            }
            _ => true,
        }
    }

    /// What is wrong with a pattern.
    fn judge(&mut self, pattern: &str) -> Option<String> {
        let plain = in_ascii(pattern);
        for size in SIZES {
            match RegexBuilder::new(&plain).size_limit(size).build() {
                Ok(_) if size > self.left => {
                    return Some("the patterns of the description are too large together".into());
                }
                Ok(_) => {
                    self.left -= size;
                    return None;
                }
                Err(Error::CompiledTooBig(_)) => {}
                // What the library says of it is told with its schema.
                Err(_) => return None,
            }
        }
        let most = SIZES.last().map_or(0, |size| size >> 20);
        Some(format!("the pattern is too large: it needs more than {most} MiB, compiled"))
    }
}

/// As it is meant in schemas, where `\w` and `\d` are of ASCII alone, which is far smaller.
fn in_ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}
