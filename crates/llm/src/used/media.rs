//! What requests and replies with images and sound tell of what is charged for them.
//!
//! What cannot be read tells nothing: these bodies are passed on, and are not ours to judge.

use super::Used;
use crate::catalog::Unit;
use crate::chat::Usage;
use crate::json::{Cursor, JsonError, Kind};
use crate::surface::{Operation, Surface};

/// The pixels of an image of which nobody says how large it is: of 1024 by 1024.
const PIXELS_DEFAULT: u64 = 1024 * 1024;

/// How many documents are ranked in one search, by which rankings are charged.
const DOCUMENTS_A_SEARCH: u64 = 100;

/// What is read aloud in a second: 150 words a minute.
const CHARACTERS_A_SECOND: u64 = 15;

/// What a request tells of what is charged, where the reply does not: characters of a text that
/// becomes sound and how long that will be, images asked for, searches. A reply that tells the same takes its
/// place.
#[must_use]
pub fn of_request(surface: Surface, body: &str) -> Used {
    let operation = surface.operation();
    let (mut characters, mut count, mut size, mut documents) = (0, 1, None, 0u64);
    let read = Cursor::new(body).object(|cursor, name| {
        match (operation, name, cursor.kind()) {
            (Operation::Speech, "input", Kind::Text) => {
                characters = cursor.text()?.chars().count() as u64;
            }
            (Operation::Rerank, "documents", Kind::Array) => cursor.array(|cursor| {
                documents += 1;
                cursor.skip()
            })?,
            (_, "n", Kind::Scalar) if makes_images(operation) => count = cursor.count()?,
            (_, "size", Kind::Text) if makes_images(operation) => size = pixels(&cursor.text()?),
            _ => cursor.skip()?,
        }
        Ok(())
    });
    let mut used = Used::default();
    if read.is_err() {
        return used;
    }
    if operation == Operation::Speech {
        used.add(Unit::CharacterIn, characters);
        used.add(Unit::SecondOut, characters.div_ceil(CHARACTERS_A_SECOND));
    }
    if makes_images(operation) {
        used = images(count, size);
    }
    if operation == Operation::Rerank {
        used.requests = Some(documents.div_ceil(DOCUMENTS_A_SEARCH).max(1));
    }
    used
}

/// The same of a request that is a form: images asked for. How long its sound is, is seen as it
/// goes by ([`SoundLength`](super::SoundLength)).
#[must_use]
pub fn of_form(surface: Surface, count: Option<u64>) -> Used {
    match makes_images(surface.operation()) {
        true => images(count.unwrap_or(1), None),
        false => Used::default(),
    }
}

/// What a bare call to a model of images asks for, in the words of whichever it is: one, where it does
/// not say.
#[must_use]
pub fn of_image_call(body: &str) -> Used {
    let (mut count, mut width, mut height) = (1, None, None);
    let read = Cursor::new(body).object(|cursor, name| match (name, cursor.kind()) {
        ("imageGenerationConfig", Kind::Object) => cursor.object(|cursor, name| {
            match (name, cursor.kind()) {
                ("numberOfImages", Kind::Scalar) => count = cursor.count()?,
                ("width", Kind::Scalar) => width = Some(cursor.count()?),
                ("height", Kind::Scalar) => height = Some(cursor.count()?),
                _ => cursor.skip()?,
            }
            Ok(())
        }),
        _ => cursor.skip(),
    });
    let size = width.zip(height).map(|(width, height)| width.saturating_mul(height));
    // What nobody here can read is the model's to judge, and makes one.
    if read.is_ok() { images(count, size) } else { images(1, None) }
}

fn makes_images(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ImageGeneration | Operation::ImageEdit | Operation::ImageVariation
    )
}

fn images(count: u64, size: Option<u64>) -> Used {
    let mut used = Used::default();
    used.add(Unit::ImageOut, count);
    used.add(Unit::PixelOut, size.unwrap_or(PIXELS_DEFAULT).saturating_mul(count));
    used
}

/// What a reply, or an event of its stream, tells.
pub(super) fn of_reply(body: &str) -> Used {
    let (mut told, mut images, mut size) = (Told::default(), 0, None);
    let read = Cursor::new(body).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("usage", Kind::Object) => usage(cursor, &mut told)?,
            ("duration", Kind::Scalar) => told.seconds = told.seconds.or(seconds(cursor)?),
            ("data", Kind::Array) => cursor.array(|cursor| {
                images += 1;
                cursor.skip()
            })?,
            ("size", Kind::Text) => size = pixels(&cursor.text()?),
            ("type", Kind::Text) => {
                let name = cursor.text()?;
                told.is_speech = name.starts_with("speech.");
                images += u64::from(name.starts_with("image_") && name.ends_with(".completed"));
            }
            _ => cursor.skip()?,
        }
        Ok(())
    });
    let mut used = Used::default();
    if read.is_ok() {
        used.tokens = told.has_tokens.then(|| told.tokens(images > 0));
        used.add(Unit::SecondIn, told.seconds.unwrap_or(0));
        used.add(Unit::ImageOut, images);
        used.add(Unit::PixelOut, size.unwrap_or(0u64).saturating_mul(images));
    }
    used
}

/// What `usage` says.
#[derive(Default)]
struct Told {
    has_tokens: bool,
    is_speech: bool,
    input: u64,
    input_audio: u64,
    input_image: u64,
    output: u64,
    output_text: Option<u64>,
    seconds: Option<u64>,
}

impl Told {
    fn tokens(&self, has_images: bool) -> Usage {
        let input = self.input.saturating_sub(self.input_audio).saturating_sub(self.input_image);
        let text = self.output_text.unwrap_or(0);
        let media = self.output.saturating_sub(text);
        let mut usage = Usage {
            input,
            input_audio: self.input_audio,
            input_image: self.input_image,
            ..Usage::default()
        };
        if self.is_speech {
            usage.output_audio = self.output;
        } else if has_images || self.output_text.is_some() {
            (usage.output, usage.output_image) = (text, media);
        } else {
            usage.output = self.output;
        }
        usage
    }
}

fn usage(cursor: &mut Cursor<'_>, told: &mut Told) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("input_tokens", Kind::Scalar) => {
                told.has_tokens = true;
                told.input = cursor.count()?;
            }
            ("output_tokens", Kind::Scalar) => {
                told.has_tokens = true;
                told.output = cursor.count()?;
            }
            ("input_tokens_details" | "input_token_details", Kind::Object) => {
                cursor.object(|cursor, name| {
                    match name {
                        "audio_tokens" => told.input_audio = count(cursor)?,
                        "image_tokens" => told.input_image = count(cursor)?,
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            ("output_tokens_details", Kind::Object) => cursor.object(|cursor, name| {
                match name {
                    "text_tokens" => told.output_text = Some(count(cursor)?),
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            ("seconds", Kind::Scalar) => told.seconds = seconds(cursor)?,
            _ => cursor.skip()?,
        }
        Ok(())
    })
}

fn count(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    Ok(cursor.maybe(Cursor::count)?.unwrap_or(0))
}

/// Seconds, rounded up.
fn seconds(cursor: &mut Cursor<'_>) -> Result<Option<u64>, JsonError> {
    let number = cursor.number()?;
    let (whole, part) = number.as_str().split_once('.').unwrap_or((number.as_str(), ""));
    let is_more = part.bytes().any(|digit| digit != b'0');
    Ok(whole.parse::<u64>().ok().map(|whole| whole.saturating_add(u64::from(is_more))))
}

/// The pixels of `1024x1024`.
fn pixels(size: &str) -> Option<u64> {
    let (width, height) = size.split_once('x')?;
    width.parse::<u64>().ok()?.checked_mul(height.parse().ok()?)
}
