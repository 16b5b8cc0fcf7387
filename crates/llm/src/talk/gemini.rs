//! The messages of Gemini's Live, in camelCase or snake_case as Google reads them.

use crate::dialect::Dialect;
use crate::json::{Cursor, JsonError, Kind};

use super::amount::Amount;
use super::ear::{Ear, Heard, Limit, Said};

/// Base64 of the sound of a token: a twenty-fifth of a second at 16 bits, of 16 kHz in and 24 out;
/// on the high side.
const SOUND_IN_BYTES: u64 = 1_000;
const SOUND_OUT_BYTES: u64 = 2_560;
/// The tokens of a picture that goes in.
const IMAGE_TOKENS: u64 = 300;

pub(super) fn said(ear: &mut Ear, text: &str, bytes: u64) -> Said {
    let (mut starts, mut is_setup, mut is_sound) = (false, false, false);
    let mut limit = Limit::OfModel;
    let read = Cursor::new(text).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("setup", Kind::Object) => {
                is_setup = true;
                limit = limit_of(cursor)?;
            }
            ("clientContent" | "client_content", Kind::Object) => {
                cursor.object(|cursor, name| {
                    match (name, cursor.kind()) {
                        ("turnComplete" | "turn_complete", Kind::Scalar) => {
                            starts = cursor.truth()?
                        }
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?
            }
            ("toolResponse" | "tool_response", _) => {
                starts = true;
                cursor.skip()?;
            }
            ("realtimeInput" | "realtime_input", Kind::Object) => {
                cursor.object(|cursor, name| {
                    is_sound |= matches!(name, "audio" | "video" | "mediaChunks" | "media_chunks");
                    cursor.skip()
                })?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    });
    if read.is_err() {
        return Said::Unreadable;
    }
    ear.add(match is_sound && !is_setup {
        true if text.contains("image/") => Amount { text: IMAGE_TOKENS, audio: 0 },
        true => Amount::of_sound(bytes, SOUND_IN_BYTES),
        false => Amount::of_text(bytes),
    });
    if is_setup {
        ear.updated(limit);
        return match std::mem::replace(&mut ear.is_set_up, true) {
            true => Said::Again,
            false => Said::Adds,
        };
    }
    if starts { ear.ask(Limit::OfSession, false) } else { Said::Adds }
}

/// The limit of an answer that a setup states.
fn limit_of(cursor: &mut Cursor<'_>) -> Result<Limit, JsonError> {
    let mut limit = Limit::OfModel;
    cursor.object(|cursor, name| {
        match (name, cursor.kind()) {
            ("generationConfig" | "generation_config", Kind::Object) => {
                cursor.object(|cursor, name| {
                    match (name, cursor.kind()) {
                        ("maxOutputTokens" | "max_output_tokens", Kind::Scalar) => {
                            limit = Limit::Tokens(cursor.count()?);
                        }
                        _ => cursor.skip()?,
                    }
                    Ok(())
                })?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    Ok(limit)
}

pub(super) fn told(ear: &mut Ear, text: &str, bytes: u64) -> Heard {
    let (mut speaks, mut is_over, mut calls, mut is_sound) = (false, false, false, false);
    let read = Cursor::new(text).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("serverContent", Kind::Object) => cursor.object(|cursor, name| {
                match (name, cursor.kind()) {
                    ("modelTurn", _) => {
                        speaks = true;
                        is_sound = cursor.json()?.as_str().contains("\"inlineData\"");
                    }
                    ("turnComplete", Kind::Scalar) => is_over = cursor.truth()?,
                    _ => cursor.skip()?,
                }
                Ok(())
            })?,
            ("toolCall", _) => {
                calls = true;
                cursor.skip()?;
            }
            _ => cursor.skip()?,
        }
        Ok(())
    });
    if read.is_err() {
        return Heard::default();
    }
    let mut heard = Heard::default();
    // The last turn will not be told of any more.
    if ear.is_untold && (speaks || calls) {
        heard.used = Some(ear.end(None, false).into());
    }
    if (speaks || calls) && !ear.is_answering() {
        ear.begin();
        heard.is_begun = true;
    }
    if speaks || calls {
        ear.grow(match is_sound {
            true => Amount::of_sound(bytes, SOUND_OUT_BYTES),
            false => Amount::of_text(bytes),
        });
    }
    if let Some(usage) = Dialect::GeminiGenerateContent.usage_of_event(text) {
        let is_more = ear.turn.is_none_or(|turn| usage.total() >= turn.total());
        ear.turn = if is_more { Some(usage) } else { ear.turn };
    }
    let is_told = ear.turn.is_some();
    if is_told && (is_over || calls || ear.is_untold || !ear.is_answering()) {
        let turn = ear.turn;
        heard.used = Some(ear.end(turn, false).into());
    } else if is_over && ear.is_answering() {
        ear.is_untold = true;
    }
    heard
}
