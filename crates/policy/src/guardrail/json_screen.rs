//! The JSON of a tool's arguments seen through piece by piece, so that it stays JSON.
//!
//! Each of its strings is a text of its own, with its escapes resolved; a number in which something
//! is found becomes a string. Names of members are texts, too. What is no JSON comes out as it is,
//! seen through where it looks like a string.

use std::sync::Arc;

use architrave_llm::json::Writer;

use super::Rules;
use super::masker::Found;
use super::screen::Screen;

/// A number longer than this is let through as it is: no number of a thing has as many digits.
const NUMBER_BYTES_MAX: usize = 64;

/// Sees through JSON.
#[derive(Clone, Debug)]
pub(super) struct JsonScreen {
    screen: Screen,
    at: At,
    /// The number or the escape that is coming.
    held: String,
    /// The first half of a letter that is written as two escapes.
    half: Option<u16>,
}

/// Where in the JSON it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between strings and numbers.
    Between,
    /// In a number.
    Number,
    /// In a number that is too long.
    LongNumber,
    /// In a string.
    Text,
    /// In an escape of a string.
    Escape,
}

impl JsonScreen {
    pub(super) fn new(rules: &[Arc<Rules>]) -> Self {
        let screen = Screen::new(rules);
        Self { screen, at: At::Between, held: String::new(), half: None }
    }

    pub(super) fn push(&mut self, text: &str, out: &mut String) -> Result<(), Found> {
        // Letters of a string that come together are seen through together.
        let mut said = String::new();
        for letter in text.chars() {
            self.take(letter, &mut said, out)?;
        }
        self.say(&mut said, out)
    }

    pub(super) fn finish(&mut self, out: &mut String) -> Result<(), Found> {
        match self.at {
            At::Between | At::LongNumber => {}
            At::Number => self.end_number(out)?,
            // It breaks off within a string.
            At::Text | At::Escape => {
                self.end_text(out)?;
                out.push_str(&self.held);
            }
        }
        (self.at, self.half) = (At::Between, None);
        self.held.clear();
        Ok(())
    }

    pub(super) fn has_masked(&self) -> bool {
        self.screen.has_masked()
    }

    fn take(&mut self, letter: char, said: &mut String, out: &mut String) -> Result<(), Found> {
        let at = self.at;
        match at {
            At::Between => self.between(letter, out),
            At::Number | At::LongNumber if is_of_number(letter) => self.number(letter, out),
            At::Number | At::LongNumber => {
                self.end_number(out)?;
                self.at = At::Between;
                self.between(letter, out);
            }
            At::Text if letter == '"' => {
                self.end_half(said);
                self.say(said, out)?;
                self.end_text(out)?;
                out.push('"');
                self.at = At::Between;
            }
            At::Text => self.text(letter, said),
            At::Escape if self.escape(letter, said) => {}
            At::Escape => {
                // What was held as an escape and is none is text, and this letter comes behind it.
                self.end_half(said);
                said.push_str(&self.held);
                self.held.clear();
                self.at = At::Text;
                return self.take(letter, said, out);
            }
        }
        Ok(())
    }

    fn between(&mut self, letter: char, out: &mut String) {
        if letter.is_ascii_digit() || letter == '-' {
            self.at = At::Number;
            self.held.push(letter);
        } else {
            out.push(letter);
            self.at = if letter == '"' { At::Text } else { At::Between };
        }
    }

    fn number(&mut self, letter: char, out: &mut String) {
        self.held.push(letter);
        if self.at == At::LongNumber || self.held.len() > NUMBER_BYTES_MAX {
            self.at = At::LongNumber;
            out.push_str(&self.held);
            self.held.clear();
        }
    }

    fn text(&mut self, letter: char, said: &mut String) {
        if letter == '\\' {
            self.at = At::Escape;
            self.held.push(letter);
        } else {
            self.end_half(said);
            said.push(letter);
        }
    }

    /// Takes the next letter of an escape; whether it can be one.
    fn escape(&mut self, letter: char, said: &mut String) -> bool {
        if self.held.len() > 1 {
            return self.unicode(letter, said);
        }
        let meant = match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.held.push(letter);
                return true;
            }
            _ => return false,
        };
        self.end_half(said);
        said.push(meant);
        self.held.clear();
        self.at = At::Text;
        true
    }

    /// Takes the next of the four digits behind `\u`.
    fn unicode(&mut self, letter: char, said: &mut String) -> bool {
        if !letter.is_ascii_hexdigit() {
            return false;
        }
        self.held.push(letter);
        if self.held.len() == 6 {
            let unit = u16::from_str_radix(&self.held[2..], 16).unwrap_or_default();
            self.held.clear();
            self.at = At::Text;
            self.unit(unit, said);
        }
        true
    }

    /// Takes what `\u` and four digits say: a letter, or half of one.
    fn unit(&mut self, unit: u16, said: &mut String) {
        if let (Some(first), 0xdc00..=0xdfff) = (self.half, unit) {
            self.half = None;
            said.push_str(&String::from_utf16_lossy(&[first, unit]));
            return;
        }
        self.end_half(said);
        if (0xd800..0xdc00).contains(&unit) {
            self.half = Some(unit);
        } else {
            said.push_str(&String::from_utf16_lossy(&[unit]));
        }
    }

    fn end_half(&mut self, said: &mut String) {
        if self.half.take().is_some() {
            said.push(char::REPLACEMENT_CHARACTER);
        }
    }

    /// What a string has said so far goes through, and out as a string's text again.
    fn say(&mut self, said: &mut String, out: &mut String) -> Result<(), Found> {
        if !said.is_empty() {
            let mut seen = String::new();
            self.screen.push(said, &mut seen)?;
            said.clear();
            push_escaped(&seen, out);
        }
        Ok(())
    }

    fn end_text(&mut self, out: &mut String) -> Result<(), Found> {
        let mut seen = String::new();
        self.screen.finish(&mut seen)?;
        push_escaped(&seen, out);
        Ok(())
    }

    fn end_number(&mut self, out: &mut String) -> Result<(), Found> {
        match self.screen.whole(&self.held)? {
            Some(seen) => {
                out.push('"');
                push_escaped(&seen, out);
                out.push('"');
            }
            None => out.push_str(&self.held),
        }
        self.held.clear();
        Ok(())
    }
}

const fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+' | 'e' | 'E')
}

/// Appends a text as it stands between the quotes of a string.
fn push_escaped(text: &str, out: &mut String) {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    Writer::new(&mut quoted).text(text);
    // The writer puts what it was given between quotes.
    out.push_str(std::str::from_utf8(&quoted[1..quoted.len() - 1]).unwrap_or_default());
}
