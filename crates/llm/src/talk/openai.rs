//! The events of OpenAI's Realtime.

use crate::chat::{Text, Usage};
use crate::json::{Cursor, JsonError, Kind};
use crate::surface::Surface;
use crate::used;

use super::amount::Amount;
use super::ear::{Ear, Heard, Limit, Said};

/// Base64 of the sound of a token that goes in: a tenth of a second, at 8 bits and 8 kHz. What has
/// more bits is taken for more than it is.
const SOUND_IN_BYTES: u64 = 1_067;
/// The same of sound that comes out, of which a token is a twentieth of a second: at 16 bits and
/// 24 kHz, and at 8 bits and 8 kHz.
const SOUND_OUT_BYTES: u64 = 3_200;
const NARROW_SOUND_OUT_BYTES: u64 = 534;

/// What is read of an event.
#[derive(Debug, Default)]
struct Event<'a> {
    kind: Text<'a>,
    /// Of the answer that it is about.
    usage: Option<Usage>,
    limit: Limit,
    /// Whether it is no part of the conversation, or made of something else.
    is_aside: bool,
    session: Option<Session>,
}

#[derive(Debug, Default)]
struct Session {
    limit: Limit,
    transcriber: Option<String>,
    is_narrow: bool,
}

/// The model that a client asks for to write down what it says: in an event, or in the request for a
/// key, whose session may be all of it.
#[must_use]
pub fn transcriber_asked(text: &str) -> Option<String> {
    // Nearly no message says a word of it.
    memchr::memmem::find(text.as_bytes(), b"transcription")?;
    let within = read(text).ok()?.session.and_then(|session| session.transcriber);
    within.or_else(|| session(&mut Cursor::new(text)).ok()?.transcriber)
}

pub(super) fn said(ear: &mut Ear, text: &str, bytes: u64) -> Said {
    let Ok(event) = read(text) else { return Said::Unreadable };
    let is_sound = &*event.kind == "input_audio_buffer.append";
    ear.add(match is_sound {
        true => Amount::of_sound(bytes, SOUND_IN_BYTES),
        false => Amount::of_text(bytes),
    });
    match &*event.kind {
        "response.create" => ear.ask(event.limit, event.is_aside),
        "session.update" => {
            ear.update(event.session.unwrap_or_default().limit);
            Said::Adds
        }
        _ => Said::Adds,
    }
}

pub(super) fn told(ear: &mut Ear, text: &str, bytes: u64) -> Heard {
    let Ok(event) = read(text) else { return Heard::default() };
    if let Some(session) = event.session {
        ear.updated(session.limit);
        ear.transcriber = session.transcriber;
        ear.is_narrow = session.is_narrow;
        return Heard::default();
    }
    match &*event.kind {
        "response.created" => {
            ear.begin();
            Heard { is_begun: true, ..Heard::default() }
        }
        // What is said now is going to be written down by a model.
        "input_audio_buffer.committed" if ear.transcriber.is_some() => {
            Heard { is_begun: true, ..Heard::default() }
        }
        "response.done" => {
            let used = ear.end(event.usage, event.is_aside);
            Heard { used: Some(used.into()), ..Heard::default() }
        }
        "conversation.item.input_audio_transcription.completed" => {
            let used = used::of_reply(Surface::OpenaiTranscription, text);
            Heard { used: Some(used), model: ear.transcriber.clone(), ..Heard::default() }
        }
        "error" => {
            ear.refused();
            Heard::default()
        }
        "response.output_audio.delta" | "response.audio.delta" => {
            let a_token = if ear.is_narrow { NARROW_SOUND_OUT_BYTES } else { SOUND_OUT_BYTES };
            ear.grow(Amount::of_sound(bytes, a_token));
            Heard::default()
        }
        // What is said is told in words as well, and paid for as sound.
        "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => {
            Heard::default()
        }
        kind if kind.starts_with("response.") && kind.ends_with(".delta") => {
            ear.grow(Amount::of_text(bytes));
            Heard::default()
        }
        _ => Heard::default(),
    }
}

fn read(text: &str) -> Result<Event<'_>, JsonError> {
    let mut event = Event::default();
    let mut cursor = Cursor::new(text);
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("type", Kind::Text) => event.kind = cursor.text()?,
            ("response", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("usage", Kind::Object) => event.usage = Some(usage(cursor)?),
                    ("max_output_tokens" | "max_response_output_tokens", _) => {
                        event.limit = limit(cursor)?;
                    }
                    ("conversation", Kind::Text) => event.is_aside |= cursor.text()? != "auto",
                    ("input", kind) => {
                        event.is_aside |= kind != Kind::Null;
                        cursor.skip()?;
                    }
                    ("conversation_id", Kind::Null) => {
                        event.is_aside = true;
                        cursor.skip()?;
                    }
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            ("session", Kind::Object) => event.session = Some(session(cursor)?),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(event)
}

/// A limit that is stated. What is no number, as `inf`, is none: then it is what the model can say.
fn limit(cursor: &mut Cursor<'_>) -> Result<Limit, JsonError> {
    match cursor.kind() {
        Kind::Scalar => Ok(Limit::Tokens(cursor.count()?)),
        _ => cursor.skip().map(|()| Limit::OfModel),
    }
}

/// What a session is like: flat in the preview of the API, by direction in the API itself.
fn session(cursor: &mut Cursor<'_>) -> Result<Session, JsonError> {
    let mut session = Session::default();
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("max_output_tokens" | "max_response_output_tokens", _) => {
                session.limit = limit(cursor)?;
            }
            ("output_audio_format", Kind::Text) => {
                session.is_narrow = is_narrow(&cursor.text()?);
            }
            ("input_audio_transcription", Kind::Object) => {
                session.transcriber = model(cursor)?;
            }
            ("audio", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("input", Kind::Object) => cursor.object(|cursor, name| {
                        match (name, cursor.kind()) {
                            ("transcription", Kind::Object) => {
                                session.transcriber = model(cursor)?;
                            }
                            _ => cursor.skip()?,
                        }
                        Ok(())
                    })?,
                    ("output", Kind::Object) => cursor.object(|cursor, name| {
                        match (name, cursor.kind()) {
                            ("format", Kind::Object) => cursor.object(|cursor, name| {
                                match (name, cursor.kind()) {
                                    ("type", Kind::Text) => {
                                        session.is_narrow = is_narrow(&cursor.text()?);
                                    }
                                    _ => cursor.skip()?,
                                }
                                Ok(())
                            })?,
                            _ => cursor.skip()?,
                        }
                        Ok(())
                    })?,
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(session)
}

fn model(cursor: &mut Cursor<'_>) -> Result<Option<String>, JsonError> {
    let mut model = None;
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("model", Kind::Text) => model = Some(cursor.text()?.into_owned()),
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(model)
}

fn is_narrow(format: &str) -> bool {
    format.starts_with("g711")
        || format.starts_with("audio/pcmu")
        || format.starts_with("audio/pcma")
}

/// Tokens by modality.
#[derive(Debug, Default)]
struct Details {
    text: Option<u64>,
    audio: u64,
    image: u64,
    cached: u64,
    cached_audio: u64,
    cached_image: u64,
}

fn usage(cursor: &mut Cursor<'_>) -> Result<Usage, JsonError> {
    let (mut input, mut output) = (0, 0);
    let (mut of_input, mut of_output) = (Details::default(), Details::default());
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("input_tokens", Kind::Scalar) => input = cursor.count()?,
            ("output_tokens", Kind::Scalar) => output = cursor.count()?,
            ("input_token_details" | "input_tokens_details", Kind::Object) => {
                of_input = details(cursor)?;
            }
            ("output_token_details" | "output_tokens_details", Kind::Object) => {
                of_output = details(cursor)?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    let input_audio = of_input.audio.saturating_sub(of_input.cached_audio);
    let input_image = of_input.image.saturating_sub(of_input.cached_image);
    let apart = of_input.cached.saturating_add(input_audio).saturating_add(input_image);
    Ok(Usage {
        input: input.saturating_sub(apart),
        cache_read: of_input.cached,
        cache_read_audio: of_input.cached_audio,
        input_audio,
        input_image,
        output: output.saturating_sub(of_output.audio).max(of_output.text.unwrap_or(0)),
        output_audio: of_output.audio,
        ..Usage::default()
    })
}

fn details(cursor: &mut Cursor<'_>) -> Result<Details, JsonError> {
    let mut details = Details::default();
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("text_tokens", Kind::Scalar) => details.text = Some(cursor.count()?),
            ("audio_tokens", Kind::Scalar) => details.audio = cursor.count()?,
            ("image_tokens", Kind::Scalar) => details.image = cursor.count()?,
            ("cached_tokens", Kind::Scalar) => details.cached = cursor.count()?,
            ("cached_tokens_details", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("audio_tokens", Kind::Scalar) => details.cached_audio = cursor.count()?,
                    ("image_tokens", Kind::Scalar) => details.cached_image = cursor.count()?,
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(details)
}
