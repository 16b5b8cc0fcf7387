//! The texts of a whole body, seen through where they stand: of a request or of a reply, in any
//! dialect. All that is not text stays as it came, byte for byte.
//!
//! What is text is told by the names of members, which the dialects share or do not use otherwise,
//! and by what stands beside them.
//! A member that nobody here knows is gone into, and its own strings are left alone: they are
//! names, ids, links, or words of the protocol. Bytes in base64 are looked at where they are a text,
//! and so are `data:` URLs, wherever they stand.

use std::ops::Range;
use std::sync::Arc;

use architrave_llm::json::{Cursor, JsonError, Kind, Writer};
use architrave_llm::scan::Splice;

use super::Rules;
use super::encoded::{Encoded, is_data_url};
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
    /// A text, a list of texts however deep, or parts.
    Text,
    /// A text, or data of anybody's own where it is an object.
    TextOrData,
    /// The JSON of a tool's arguments in a string, or as data.
    Arguments,
    /// Data of anybody's own: all of its strings and numbers are looked at.
    Data,
    /// A document, or a list of some: texts, or data with an id.
    Documents,
    /// A schema: what describes it, and the values that it names, are text.
    Schema,
    /// Schemas by names that are anybody's own.
    Schemas,
    /// A text where what stands beside it says so, data where it is an object, else bytes.
    TextByType,
    /// Bytes in base64, which may be a text.
    Bytes,
    /// What a model has thought: a text, or parts. Its maker may have signed it, and takes it back
    /// only as it was; whoever sends it may only say so.
    Thought,
    /// Nothing to look at.
    Nothing,
    /// Tokens with their texts, which tell what was masked: they are taken out.
    Tokens,
}

impl Holds {
    fn of(name: &str, kind: Kind, side: Side) -> Self {
        match name {
            "text" | "content" | "output" | "instructions" | "system" | "refusal" | "prompt"
            | "suffix" | "query" | "queries" | "texts" | "description" | "title" | "context"
            | "cited_text" | "citedText" | "document_title" | "tool_plan" | "code" | "command"
            | "commands" | "stdout" | "stderr" | "diff" | "transcript" | "inputText"
            | "outputText" | "snippet" | "generation" | "completion" | "renderedContent"
            | "webSearchQueries" | "message" | "preamble" | "negative_prompt"
            | "negativePrompt" | "negativeText" | "reasoning_content" | "logs"
            | "revised_prompt" | "word" | "quote" | "error" | "error_message" | "lines"
            | "modelOutput" | "match" | "server_description" => Self::Text,
            "input" | "inputs" => Self::TextOrData,
            "arguments" => Self::Arguments,
            "args" | "json" | "tool_output" | "toolOutput" | "variables" | "promptVariables"
            | "input_examples" => Self::Data,
            "documents" => Self::Documents,
            "data" | "response" => Self::TextByType,
            "schema"
            | "parameters"
            | "input_schema"
            | "inputSchema"
            | "parametersJsonSchema"
            | "responseSchema"
            | "responseJsonSchema" => Self::Schema,
            "parameter_definitions" => Self::Schemas,
            // A word of how much is to be thought; texts of it have a name of their own.
            "reasoning" if kind == Kind::Object => Self::Parts,
            "reasoning" => Self::Text,
            "thinking" | "summary" | "reasoning_details" | "reasoningContent" | "reasoningText" => {
                Self::Thought
            }
            "logprobs" | "logprobsResult" if side == Side::Reply => Self::Tokens,
            // Elsewhere it is an object that says where a file lies.
            "bytes" | "file_data" if kind == Kind::Text => Self::Bytes,
            "signature" | "thoughtSignature" | "encrypted_content" => Self::Nothing,
            _ => Self::Parts,
        }
    }

    /// What the members of a schema hold.
    fn of_schema(name: &str, kind: Kind) -> Self {
        match (name, kind) {
            ("description" | "title" | "$comment", Kind::Text) => Self::Text,
            ("enum" | "examples", Kind::Array) | ("const" | "default" | "example", _) => Self::Data,
            ("properties" | "patternProperties" | "$defs" | "definitions", _) => Self::Schemas,
            _ => Self::Schema,
        }
    }

    /// What the items of a list are that is held.
    const fn items(self) -> Self {
        match self {
            Self::Data
            | Self::Schema
            | Self::Text
            | Self::TextOrData
            | Self::Documents
            | Self::Thought => self,
            Self::Arguments => Self::Data,
            _ => Self::Parts,
        }
    }
}

/// What stands in an object beside its texts, as far as it says what they are.
#[derive(Default)]
struct Beside {
    /// `type` says that it is text.
    is_text: bool,
    /// Something says of what sort it is.
    is_typed: bool,
    /// Its maker has signed it.
    is_signed: bool,
}

/// A body that is gone through.
struct Walk<'r> {
    rules: &'r [Arc<Rules>],
    screen: Screen,
    side: Side,
    edits: Splice,
    has_edits: bool,
    /// Whether it goes through what was passed over before: that is done once, however deep it lies.
    is_late: bool,
    found: Option<Found>,
}

/// The body with its texts masked; `None` where it may stay as it is. A reply that is no JSON is a
/// text.
pub(super) fn see(rules: &[Arc<Rules>], body: &str, side: Side) -> Result<Option<Vec<u8>>, Found> {
    let mut walk = Walk {
        rules,
        screen: Screen::new(rules),
        side,
        edits: Splice::new(),
        has_edits: false,
        is_late: false,
        found: None,
    };
    let walked = walk.all(body);
    match (walk.found, walked) {
        (Some(found), _) => Err(found),
        (None, Ok(())) if walk.has_edits => Ok(Some(walk.edits.apply(body.as_bytes()))),
        // What cannot be read cannot be seen through: a provider that reads it anyhow shall not.
        (None, Err(_)) if side == Side::Request => Err(Found { what: "text that is no JSON" }),
        (None, Ok(())) => Ok(None),
        // It is JSON, and what stands deep in it is more than its letters.
        (None, Err(error)) if error.is_too_deep() => Err(Found::TOO_DEEP),
        // A client may make more of it than is made here.
        (None, Err(_)) => see_text(rules, body),
    }
}

/// A text that is no JSON, with what is found in it masked; `None` where it may stay as it is.
pub(super) fn see_text(rules: &[Arc<Rules>], text: &str) -> Result<Option<Vec<u8>>, Found> {
    Ok(Screen::new(rules).whole(text)?.map(String::into_bytes))
}

/// Whether what a part of a form holds is text, by its name.
pub(super) fn is_text_part(name: &str) -> bool {
    let name = name.strip_suffix("[]").unwrap_or(name);
    matches!(Holds::of(name, Kind::Text, Side::Request), Holds::Text | Holds::TextOrData)
}

impl Walk<'_> {
    /// All of a body: one value, or several one behind the other, as answers of batches are.
    fn all(&mut self, body: &str) -> Result<(), JsonError> {
        let mut cursor = Cursor::new(body);
        loop {
            // A text may begin as a number does, or be one between quotes.
            if self.side == Side::Reply && !matches!(cursor.kind(), Kind::Object | Kind::Array) {
                return Err(cursor.wrong("is no JSON of a dialect"));
            }
            self.value(&mut cursor, Holds::Parts)?;
            if self.side == Side::Request || cursor.end().is_ok() {
                return Ok(());
            }
        }
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, holds: Holds) -> Result<(), JsonError> {
        match (cursor.kind(), holds) {
            (_, Holds::Nothing) => cursor.skip(),
            (_, Holds::Tokens) => self.take_out(cursor),
            (Kind::Object, Holds::TextOrData | Holds::TextByType | Holds::Arguments) => {
                self.members(cursor, |_, _| Holds::Data)
            }
            (Kind::Object, Holds::Data) => self.members(cursor, |_, _| Holds::Data),
            (Kind::Object, Holds::Documents) => self.members(cursor, |name, _| match name {
                "id" => Holds::Nothing,
                _ => Holds::Data,
            }),
            (Kind::Object, Holds::Schema) => self.members(cursor, Holds::of_schema),
            (Kind::Object, Holds::Schemas) => self.members(cursor, |_, _| Holds::Schema),
            (Kind::Object, Holds::Parts | Holds::Text) => self.parts(cursor, false),
            (Kind::Object, Holds::Thought) => self.parts(cursor, true),
            (Kind::Array, Holds::TextOrData) => {
                // Of a list of parts, none is data.
                cursor.array(|item| self.value(item, Holds::Text))
            }
            (Kind::Array, _) => cursor.array(|item| self.value(item, holds.items())),
            (
                Kind::Text,
                Holds::Text | Holds::TextOrData | Holds::Data | Holds::Documents | Holds::Thought,
            ) => self.text(cursor),
            (Kind::Text, Holds::Arguments) => self.arguments(cursor),
            (Kind::Text, Holds::Bytes) => self.bytes(cursor),
            (Kind::Scalar, Holds::Data) => self.number(cursor),
            (Kind::Text, _) => self.link(cursor),
            _ => cursor.skip(),
        }
    }

    /// An object whose members hold what their names alone say.
    fn members(
        &mut self,
        cursor: &mut Cursor<'_>,
        holds: impl Fn(&str, Kind) -> Holds,
    ) -> Result<(), JsonError> {
        cursor.object(|cursor, name| {
            let kind = cursor.kind();
            self.value(cursor, holds(name, kind))
        })
    }

    /// An object of the dialect's own. `is_thought`: a model has thought what it says.
    fn parts(&mut self, cursor: &mut Cursor<'_>, is_thought: bool) -> Result<(), JsonError> {
        let mut beside = Beside::default();
        let mut later: Vec<(Holds, bool, Cursor<'_>)> = Vec::new();
        cursor.object(|cursor, name| {
            let kind = cursor.kind();
            match (name, kind) {
                ("type", Kind::Text) => {
                    let word = cursor.text()?;
                    beside.is_text = word == "text";
                    beside.is_typed = true;
                    return Ok(());
                }
                // Sound that a model has made has no word for its sort, but its text beside it.
                (
                    "format" | "media_type" | "mimeType" | "mime_type" | "transcript"
                    | "expires_at",
                    _,
                ) => beside.is_typed = true,
                ("signature" | "encrypted_content", Kind::Text) => {
                    beside.is_signed |= !cursor.text()?.is_empty();
                    return Ok(());
                }
                _ => {}
            }
            let mut holds = Holds::of(name, kind, self.side);
            if is_thought && holds == Holds::Text {
                holds = Holds::Thought;
            }
            let waits = match holds {
                Holds::TextByType => kind == Kind::Text,
                // A text may be signed, or be a word of how much is to be told; of what holds several,
                // those are signed together that Responses has.
                Holds::Thought => kind == Kind::Text || (name == "summary" && !self.is_late),
                _ => false,
            };
            if waits {
                // Within what was thought it is a text, whatever it stands beside.
                let may_be_word = kind == Kind::Text && name == "summary" && !is_thought;
                later.push((holds, may_be_word, cursor.clone_at()));
                return cursor.skip();
            }
            self.value(cursor, holds)
        })?;
        for (holds, may_be_word, mut cursor) in later {
            let is_signed = beside.is_signed && self.side == Side::Request;
            match holds {
                Holds::TextByType if beside.is_text || !beside.is_typed => {
                    self.text(&mut cursor)?
                }
                Holds::TextByType => self.bytes(&mut cursor)?,
                Holds::Thought if beside.is_typed || !may_be_word => {
                    let was_late = std::mem::replace(&mut self.is_late, true);
                    let seen = match is_signed {
                        true => self.signed(&mut cursor),
                        false => self.value(&mut cursor, Holds::Thought),
                    };
                    self.is_late = was_late;
                    seen?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is said to be signed. Whether it is, nobody here can tell, so it is looked at as all
    /// else is; masked, its maker would not take it back. A list of what it comes to may as well be
    /// empty; for anything else what is found is the answer.
    fn signed(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let is_list = cursor.kind() == Kind::Array;
        let from = cursor.at();
        let edits = std::mem::take(&mut self.edits);
        let had_edits = std::mem::take(&mut self.has_edits);
        let before = std::mem::replace(&mut self.screen, Screen::new(self.rules));
        let seen = self.value(cursor, Holds::Thought);
        let screen = std::mem::replace(&mut self.screen, before);
        self.screen.join(&screen);
        self.edits = edits;
        let is_found = std::mem::replace(&mut self.has_edits, had_edits);
        seen?;
        match is_found {
            true if is_list => self.edit(from..cursor.at(), b"[]".to_vec()),
            true => {
                screen.count_refused();
                return self.stop(cursor, Found { what: "signed reasoning" });
            }
            false => {}
        }
        Ok(())
    }

    fn text(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let (text, range) = text_at(cursor)?;
        match self.seen(&text) {
            Ok(Some(seen)) => self.edit(range, quoted(&seen)),
            Ok(None) => {}
            Err(found) => return self.stop(cursor, found),
        }
        Ok(())
    }

    /// A string that is none of the texts: where it is a file all the same, that.
    fn link(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        match is_data_url(&cursor.clone_at().text()?) {
            true => self.bytes(cursor),
            false => cursor.skip(),
        }
    }

    fn bytes(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let (value, range) = text_at(cursor)?;
        let encoded = match Encoded::read(&value) {
            Ok(Some(encoded)) => encoded,
            Ok(None) => return Ok(()),
            Err(found) => return self.stop(cursor, found),
        };
        match self.seen(&encoded.text) {
            Ok(Some(seen)) => self.edit(range, quoted(&encoded.with(&seen))),
            Ok(None) => {}
            Err(found) => return self.stop(cursor, found),
        }
        Ok(())
    }

    /// A text with what is found in it masked; `None` where it may stay as it is. What a tool gives
    /// may be JSON that writes letters as escapes: what they stand for is looked at first.
    fn seen(&mut self, text: &str) -> Result<Option<String>, Found> {
        let may_escape = text.trim_ascii_start().starts_with(['{', '[', '"']);
        if !may_escape || !text.contains('\\') {
            return self.screen.whole(text);
        }
        let Some(json) = self.seen_as_json(text)? else { return self.screen.whole(text) };
        Ok(Some(self.screen.whole(&json)?.unwrap_or(json)))
    }

    /// The same of JSON, whose strings are texts of their own.
    fn seen_as_json(&mut self, text: &str) -> Result<Option<String>, Found> {
        let (mut screen, mut seen) = (JsonScreen::new(self.rules), String::new());
        screen.push(text, &mut seen)?;
        screen.finish(&mut seen)?;
        self.screen.join(screen.screen());
        Ok(screen.has_masked().then_some(seen))
    }

    fn arguments(&mut self, cursor: &mut Cursor<'_>) -> Result<(), JsonError> {
        let (text, range) = text_at(cursor)?;
        match self.seen_as_json(&text) {
            Ok(Some(seen)) => self.edit(range, quoted(&seen)),
            Ok(None) => {}
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
