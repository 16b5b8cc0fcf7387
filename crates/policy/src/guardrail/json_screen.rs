//! The JSON of a tool's arguments seen through piece by piece, so that it stays JSON.
//!
//! Each of its strings is a text of its own, with its escapes resolved; a number in which something
//! is found becomes a string. Names of members are texts, too. From where it is no JSON on, it is a
//! text like any other.

use std::sync::Arc;

use architrave_llm::json::Writer;

use super::Rules;
use super::masker::Found;
use super::screen::Screen;

/// A number longer than this is let through as it is: no number of a thing has as many digits.
const NUMBER_BYTES_MAX: usize = 64;

/// No word of JSON is longer.
const WORD_BYTES_MAX: usize = 5;

/// Sees through JSON.
#[derive(Clone, Debug)]
pub(super) struct JsonScreen {
    screen: Screen,
    at: At,
    /// How many objects and lists are open.
    depth: usize,
    /// The number, the word or the escape that is coming.
    held: String,
    /// The first half of a letter that is written as two escapes.
    half: Option<u16>,
}

/// Where in the JSON it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between strings and numbers.
    Between,
    /// In a word, of which JSON has three.
    Word,
    /// In what is no JSON, to its end.
    Plain,
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
        Self { screen, at: At::Between, depth: 0, held: String::new(), half: None }
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
            At::Word => {
                self.end_word(out)?;
                self.screen.finish(out)?;
            }
            At::Plain => self.screen.finish(out)?,
            // It breaks off within a string.
            At::Text | At::Escape => {
                self.end_text(out)?;
                out.push_str(&self.held);
            }
        }
        (self.at, self.depth, self.half) = (At::Between, 0, None);
        self.held.clear();
        Ok(())
    }

    pub(super) fn has_masked(&self) -> bool {
        self.screen.has_masked()
    }

    /// What sees through its texts.
    pub(super) const fn screen(&self) -> &Screen {
        &self.screen
    }

    fn take(&mut self, letter: char, said: &mut String, out: &mut String) -> Result<(), Found> {
        let at = self.at;
        match at {
            At::Between => self.between(letter, said, out),
            At::Plain => said.push(letter),
            At::Number | At::LongNumber if is_of_number(letter) => self.number(letter, out),
            At::Number | At::LongNumber => {
                self.end_number(out)?;
                self.at = At::Between;
                self.between(letter, said, out);
            }
            At::Word if letter.is_ascii_alphabetic() && self.held.len() < WORD_BYTES_MAX => {
                self.held.push(letter);
            }
            At::Word => {
                self.end_word(out)?;
                return self.take(letter, said, out);
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

    fn between(&mut self, letter: char, said: &mut String, out: &mut String) {
        match letter {
            '{' | '[' => self.depth += 1,
            '}' | ']' => self.depth = self.depth.saturating_sub(1),
            ':' | ',' if self.depth > 0 => {}
            '"' => self.at = At::Text,
            _ if letter.is_ascii_whitespace() => {}
            // Arguments are an object: a number that stands alone is part of a text.
            '-' | '0'..='9' if self.depth > 0 => {
                self.at = At::Number;
                return self.held.push(letter);
            }
            _ if letter.is_ascii_alphabetic() => {
                self.at = At::Word;
                return self.held.push(letter);
            }
            _ => {
                self.at = At::Plain;
                return said.push(letter);
            }
        }
        out.push(letter);
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
        if said.is_empty() {
            return Ok(());
        }
        if self.at == At::Plain {
            self.screen.push(said, out)?;
        } else {
            let mut seen = String::new();
            self.screen.push(said, &mut seen)?;
            push_escaped(&seen, out);
        }
        said.clear();
        Ok(())
    }

    fn end_text(&mut self, out: &mut String) -> Result<(), Found> {
        let mut seen = String::new();
        self.screen.finish(&mut seen)?;
        push_escaped(&seen, out);
        Ok(())
    }

    /// A word of JSON, or the beginning of what is none.
    fn end_word(&mut self, out: &mut String) -> Result<(), Found> {
        if matches!(self.held.as_str(), "true" | "false" | "null") {
            out.push_str(&self.held);
            self.at = At::Between;
        } else {
            self.screen.push(&self.held, out)?;
            self.at = At::Plain;
        }
        self.held.clear();
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
