//! The first message of Gemini's Live: which model the talk is with.

use std::ops::Range;

use crate::json::{Cursor, JsonError, Kind, Writer};
use crate::scan::{Scanned, Spellings, Splice, Watch};
use crate::surface::gemini_model;

use super::frame::{Ended, FrameError, FrameReader, Sender};

static SOUND: Watch = Watch { members: &[], spellings: Spellings::Either };

/// Reads the first message of a client.
#[derive(Debug)]
pub struct SetupReader {
    frames: FrameReader,
    text: Vec<u8>,
}

/// The first message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    text: String,
    span: Range<usize>,
    /// The model that is asked for, without Gemini's collection.
    pub model: String,
}

impl SetupReader {
    /// A reader of a message of so many bytes at most.
    #[must_use]
    pub const fn new(bytes_max: u64) -> Self {
        Self { frames: FrameReader::new(Sender::Client, bytes_max), text: Vec::new() }
    }

    /// Reads what comes: how many bytes of it, and whether the message is whole. `None` where the
    /// client has said that it is done.
    ///
    /// # Errors
    /// That it is no WebSocket, or the message too large.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Option<(usize, bool)>, FrameError> {
        let mut used = 0;
        while used < bytes.len() {
            let (count, ended) = self.frames.read(&bytes[used..], &mut self.text)?;
            used += count;
            match ended {
                Ended::Message => return Ok(Some((used, true))),
                Ended::Close => return Ok(None),
                Ended::Nothing | Ended::Frame => {}
            }
        }
        Ok(Some((used, false)))
    }

    /// The message.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn setup(self) -> Result<Setup, &'static str> {
        let text = String::from_utf8(self.text).map_err(|_| "the first message is not JSON")?;
        Scanned::whole(text.as_bytes(), &SOUND).map_err(|_| "the first message is not JSON")?;
        let found = find(&text).map_err(|_| "the first message is not a `setup`")?;
        let (span, model) =
            found.ok_or("the first message must be a `setup` that names a model")?;
        Ok(Setup { text, span, model })
    }
}

impl Setup {
    /// The same with another model's name.
    #[must_use]
    pub fn with_model(&self, model: &str) -> Vec<u8> {
        let (collection, model) = gemini_model(model);
        let mut value = Vec::with_capacity(model.len() + 16);
        Writer::new(&mut value).text(&[collection, model].concat());
        let mut splice = Splice::new();
        splice.edit(self.span.clone(), value);
        splice.apply(self.text.as_bytes())
    }

    /// The message as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn find(text: &str) -> Result<Option<(Range<usize>, String)>, JsonError> {
    let mut found = None;
    Cursor::new(text).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("setup", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("model", Kind::Text) => {
                        let from = cursor.at();
                        let model = cursor.text()?;
                        let (_, name) = gemini_model(&model);
                        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
                        found = name.map(|name| (from..cursor.at(), name));
                    }
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(found)
}
