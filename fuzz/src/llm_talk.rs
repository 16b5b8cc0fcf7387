//! Claims about what `architrave-llm` hears of talk over WebSockets, from any bytes at all: frames
//! over any split of them, what messages mean, the first message and keys.

use std::fmt::Debug;

use architrave_llm::json::is_object;
use architrave_llm::talk::{
    Ear, FrameError, Listener, Minted, Sender, SetupReader, TOKENS, Words, may_begin_until,
    text_frame,
};

use crate::llm::Entry;

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] = &[("llm_talk", llm_talk)];

/// No message is larger.
const BYTES_MAX: u64 = 1 << 20;
/// What one side may have in flight at most, as the ear holds it.
const ANSWERS_MAX: usize = 32;

/// A message: its JSON where it can be read, and how many bytes it had.
type Message = (Option<String>, u64);

/// The messages of these bytes, given in pieces of that size, and why no more could be read.
fn heard(sender: Sender, bytes: &[u8], piece: usize) -> (Vec<Message>, Option<FrameError>) {
    let mut listener = Listener::new(sender, BYTES_MAX);
    let mut messages = Vec::new();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            match listener.hear(piece) {
                Ok(passed) => {
                    assert!(passed.bytes > 0, "it goes on");
                    let message = passed.message;
                    messages.extend(message.map(|(text, all)| (text.map(str::to_owned), all)));
                    piece = &piece[passed.bytes..];
                }
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// What both sides' messages come to.
fn meaning(words: Words, messages: &[Message]) -> impl Debug + PartialEq {
    let mut ear = Ear::new(words, None);
    let mut all = Vec::new();
    for (text, bytes) in messages {
        let said = ear.said(text.as_deref(), *bytes);
        let told = ear.told(text.as_deref(), *bytes);
        assert!((1..=ANSWERS_MAX).contains(&ear.answers()), "{} answers", ear.answers());
        all.push((said, told, ear.so_far().total(), format!("{:?}", ear.needs())));
    }
    all
}

/// The first byte says who sends, in whose words, and how large the pieces are; the rest is what
/// goes over the wire, or a text. However it is split, the same is heard and it means the same; a
/// message that can be read is an object or no object, but JSON; a first message is told on with
/// another model and nothing else; a key is found where it was put.
pub fn llm_talk(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let sender = if first & 1 == 0 { Sender::Client } else { Sender::Server };
    let words = if first & 2 == 0 { Words::Openai } else { Words::Gemini };
    let piece = usize::from(first >> 2) + 1;
    let (whole, split) = (heard(sender, bytes, usize::MAX), heard(sender, bytes, piece));
    assert_eq!(whole, split, "in pieces of {piece}");
    assert_eq!(meaning(words, &whole.0), meaning(words, &split.0));
    set_up(bytes, piece);
    let Ok(text) = str::from_utf8(bytes) else { return };
    let _ = may_begin_until(text);
    if let Some(minted) = Minted::find(text) {
        // Gemini's are known by what they begin with, and others may begin so.
        let value = format!("{TOKENS}\"other");
        // Where something of it would be left, nothing is told.
        if let Some(other) = minted.with_value(text, &value) {
            let other = str::from_utf8(&other).expect("a key is text in text");
            assert_eq!(Minted::find(other).expect("it is there still").value, value);
        }
    }
    // As what a client says first, it is one message.
    let framed = text_frame(bytes, Some([7, 0, 255, 42]));
    if bytes.len() as u64 <= BYTES_MAX {
        assert_eq!(heard(Sender::Client, &framed, piece).0.len(), 1);
    }
    set_up(&framed, piece);
}

/// Reads the first message over two splits.
fn set_up(bytes: &[u8], piece: usize) {
    let read = |piece: usize| {
        let mut reader = SetupReader::new(BYTES_MAX);
        for piece in bytes.chunks(piece) {
            match reader.read(piece) {
                Ok(Some((_, true))) => return reader.setup().ok(),
                Ok(Some((_, false))) => {}
                Ok(None) | Err(_) => return None,
            }
        }
        None
    };
    let (whole, split) = (read(usize::MAX), read(piece));
    assert_eq!(whole, split, "in pieces of {piece}");
    let Some(setup) = whole else { return };
    let other = setup.with_model("other");
    assert!(str::from_utf8(&other).is_ok_and(is_object));
    let mut reader = SetupReader::new(BYTES_MAX * 2);
    reader.read(&text_frame(&other, Some([1, 2, 3, 4]))).expect("a frame");
    assert_eq!(reader.setup().expect("a setup still").model, "other");
}
