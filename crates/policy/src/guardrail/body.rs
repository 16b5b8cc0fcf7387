//! The texts of a whole body, seen through where they stand: of a request or of a reply, in any
//! dialect. All that is not text stays as it came, byte for byte.
//!
//! What is text is told by the names of members, which the dialects share or do not use otherwise.
//! A member that nobody here knows is gone into, and its own strings are left alone: they are
//! names, ids, links, words of the protocol, or bytes in base64.

use std::ops::Range;
use std::sync::Arc;

use architrave_llm::json::{Cursor, JsonError, Kind, Writer};
use architrave_llm::scan::Splice;

use super::Rules;
use super::json_screen::JsonScreen;
use super::masker::Found;
use super::screen::Screen;

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A client's.
    Request,
    /// A model's.
    Reply,
}

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Members and lists of the dialect's own.
    Parts,
    /// A text, a list of texts, or parts.
    Text,
    /// A text, or data of anybody's own where it is an object.
    TextOrData,
    /// The JSON of a tool's arguments in a string, or as data.
    Arguments,
    /// Data of anybody's own: all of its strings and numbers are looked at.
    Data,
    /// A schema: what describes it is text.
    Schema,
    /// A text where `type` says so beside it, data where it is an object, else bytes.
    TextByType,
    /// Nothing to look at.
    Nothing,
    /// Tokens with their texts, which tell what was masked: they are taken out.
    Tokens,
}

impl Holds {
    fn of(name: &str, side: Side) -> Self {
        match name {
            "text" | "content" | "output" | "instructions" | "system" | "refusal" | "prompt"
            | "suffix" | "query" | "documents" | "texts" | "description" | "title" | "context"
            | "cited_text" | "citedText" | "tool_plan" | "code" | "transcript" | "inputText"
            | "outputText" | "snippet" | "generation" | "completion" => Self::Text,
            "input" => Self::TextOrData,
            "arguments" => Self::Arguments,
            "args" | "json" | "variables" | "promptVariables" => Self::Data,
            "data" | "response" => Self::TextByType,
            "schema"
            | "parameters"
            | "input_schema"
            | "inputSchema"
            | "parametersJsonSchema"
            | "responseSchema"
            | "responseJsonSchema"
            | "parameter_definitions" => Self::Schema,
            // In a request it is the model's own, signed by its maker: it was looked at when it was
            // said, and nobody takes it back changed.
            "thinking" | "reasoning" | "reasoning_content" | "reasoning_details" | "summary"
            | "reasoningContent" => match side {
                Side::Request => Self::Nothing,
                Side::Reply => Self::Text,
            },
            "logprobs" | "logprobsResult" if side == Side::Reply => Self::Tokens,
            "signature" | "thoughtSignature" | "encrypted_content" | "bytes" => Self::Nothing,
            _ => Self::Parts,
        }
    }

    /// What the items of a list are, and the values of members of an object, that is held.
    const fn within(self) -> Self {
        match self {
            Self::Data => Self::Data,
            Self::Schema => Self::Schema,
            _ => Self::Parts,
        }
    }
}

/// A body that is gone through.
struct Walk<'r> {
    rules: &'r [Arc<Rules>],
    screen: Screen,
    side: Side,
    edits: Splice,
    has_edits: bool,
    found: Option<Found>,
}

/// The body with its texts masked; `None` where it may stay as it is, be it because nothing was
/// found or because it is no JSON.
pub(super) fn see(rules: &[Arc<Rules>], body: &str, side: Side) -> Result<Option<Vec<u8>>, Found> {
    let mut walk = Walk {
        rules,
        screen: Screen::new(rules),
        side,
        edits: Splice::new(),
        has_edits: false,
        found: None,
    };
    let walked = walk.value(&mut Cursor::new(body), Holds::Parts);
    match (walk.found, walked) {
        (Some(found), _) => Err(found),
        (None, Ok(())) if walk.has_edits => Ok(Some(walk.edits.apply(body.as_bytes()))),
        // What cannot be read cannot be seen through: a provider that reads it anyhow shall not.
        (None, Err(_)) if side == Side::Request => Err(Found { what: "text that is no JSON" }),
        (None, _) => Ok(None),
    }
}

impl Walk<'_> {
    fn value(&mut self, cursor: &mut Cursor<'_>, holds: Holds) -> Result<(), JsonError> {
        match (cursor.kind(), holds) {
            (_, Holds::Nothing) => cursor.skip(),
            (_, Holds::Tokens) => self.take_out(cursor),
            (Kind::Object, Holds::TextOrData | Holds::TextByType | Holds::Arguments) => {
                self.object(cursor, Holds::Data)
            }
            (Kind::Object, _) => self.object(cursor, holds.within()),
            (Kind::Array, Holds::Text | Holds::TextOrData) => {
                // A list of texts, or of parts.
                cursor.array(|item| match item.kind() {
                    Kind::Text => self.text(item),
                    _ => self.value(item, Holds::Parts),
                })
            }
            (Kind::Array, _) => cursor.array(|item| self.value(item, holds.within())),
            (Kind::Text, Holds::Text | Holds::TextOrData | Holds::Data) => self.text(cursor),
            (Kind::Text, Holds::Arguments) => self.arguments(cursor),
            (Kind::Scalar, Holds::Data) => self.number(cursor),
            _ => cursor.skip(),
        }
    }

    fn object(&mut self, cursor: &mut Cursor<'_>, within: Holds) -> Result<(), JsonError> {
        let (mut is_text, mut by_type) = (false, None);
        cursor.object(|cursor, name| {
            if within == Holds::Data {
                return self.value(cursor, Holds::Data);
            }
            if within == Holds::Schema {
                // A property may be called so, too; then it is no string.
                let describes = matches!(name, "description" | "title");
                let is_text = describes && cursor.kind() == Kind::Text;
                return self.value(cursor, if is_text { Holds::Text } else { within });
            }
            let holds = Holds::of(name, self.side);
            if name == "type" && cursor.kind() == Kind::Text {
                is_text = cursor.text()? == "text";
                return Ok(());
            }
            if holds == Holds::TextByType && cursor.kind() == Kind::Text {
                // Whether it is one may be said only behind it.
                by_type = Some(cursor.clone_at());
                return cursor.skip();
            }
            self.value(cursor, holds)
        })?;
        match by_type {
            Some(mut text) if is_text => self.text(&mut text),
            _ => Ok(()),
        }
    }

    fn text(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let (text, range) = text_at(cursor)?;
        match self.screen.whole(&text) {
            Ok(Some(seen)) => self.edit(range, quoted(&seen)),
            Ok(None) => {}
            Err(found) => return self.stop(cursor, found),
        }
        Ok(())
    }

    fn arguments(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let (text, range) = text_at(cursor)?;
        let (mut screen, mut seen) = (JsonScreen::new(self.rules), String::new());
        match screen.push(&text, &mut seen).and_then(|()| screen.finish(&mut seen)) {
            Ok(()) if screen.has_masked() => self.edit(range, quoted(&seen)),
            Ok(()) => {}
            Err(found) => return self.stop(cursor, found),
        }
        Ok(())
    }

    fn number(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        cursor.kind();
        let from = cursor.at();
        let scalar = cursor.json()?;
        if scalar.as_str().starts_with(char::is_alphabetic) {
            return Ok(());
        }
        match self.screen.whole(scalar.as_str()) {
            Ok(Some(seen)) => self.edit(from..cursor.at(), quoted(&seen)),
            Ok(None) => {}
            Err(found) => return self.stop(cursor, found),
        }
        Ok(())
    }

    fn take_out(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let is_there = cursor.kind() != Kind::Null;
        let from = cursor.at();
        cursor.skip()?;
        if is_there {
            self.edit(from..cursor.at(), b"null".to_vec());
        }
        Ok(())
    }

    fn edit(&mut self, range: Range<usize>, bytes: Vec<u8>) {
        self.edits.edit(range, bytes);
        self.has_edits = true;
    }

    /// Ends the walk: what was found is the answer.
    fn stop(&mut self, cursor: &Cursor<'_>, found: Found) -> Result<(), JsonError> {
        self.found = Some(found);
        Err(cursor.wrong("says what may not be said"))
    }
}

/// A string and where it stands, quotes included.
fn text_at<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<(architrave_llm::chat::Text<'a>, Range<usize>), JsonError> {
    cursor.kind();
    let from = cursor.at();
    let text = cursor.text()?;
    Ok((text, from..cursor.at()))
}

fn quoted(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    Writer::new(&mut bytes).text(text);
    bytes
}
