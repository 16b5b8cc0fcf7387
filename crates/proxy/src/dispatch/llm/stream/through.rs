//! What becomes of a provider's bytes on their way to the client: passed on and watched, or told in
//! another dialect.

use std::sync::Arc;

use architrave_llm::chat::ChatError;
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::estimate;
use architrave_llm::field::Losses;
use architrave_llm::frame::Framing;
use architrave_llm::hush::Hush;
use architrave_llm::pass::{PassedStream, UsageSieve, WholeEvents};
use architrave_llm::surface::KeptId;
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::Used;

use crate::dispatch::llm::batch_used::BatchUsed;
use crate::dispatch::llm::opaque::OpaqueWatch;

/// What becomes of a stream.
#[derive(Debug)]
pub(super) enum Through {
    /// It is passed on as it comes, by whole events.
    Passed(PassedStream, (Dialect, Framing), WholeEvents),
    /// It is passed on but for the event that tells usage.
    Sifted(PassedStream, UsageSieve, (Dialect, Framing)),
    /// It is told in another dialect.
    Translated(Box<StreamTranslation>),
    /// It is no stream of events: sound, files.
    Opaque(OpaqueWatch),
}

/// What was seen of a stream when it was over.
pub(super) struct Seen {
    /// What was used, where the provider said it.
    pub used: Used,
    /// The tokens that have come, by an estimate.
    pub answer_tokens: u64,
    /// Events that could not be read.
    pub bad_events: u64,
    /// What of it could not be said in the words of the client.
    pub losses: Losses,
    /// What it made that the provider keeps.
    pub made: Vec<KeptId>,
    /// Why it is not whole, of one that the provider has ended.
    pub failure: Option<ChatError>,
    /// What answers of a batch used that it brought.
    pub batch: BatchUsed,
}

impl Through {
    /// It is passed on in the dialect and the framing that it comes in.
    pub(super) fn passed(watch: PassedStream, spoken: (Dialect, Framing)) -> Self {
        Self::Passed(watch, spoken, WholeEvents::new(spoken.1))
    }

    /// The same, told event by event where it was passed on, so that each can be looked at.
    pub(super) fn by_events(self) -> Self {
        match self {
            Self::Passed(_, spoken, _) | Self::Sifted(_, _, spoken) => {
                Self::Translated(Box::new(told_as_it_is(spoken)))
            }
            told => told,
        }
    }

    /// Has failures that are told in another dialect told without what the provider was shown.
    pub(super) fn hush(&mut self, hush: &Arc<Hush>) {
        if let Self::Translated(translation) = self {
            translation.hush(Arc::clone(hush));
        }
    }

    /// Whether its events have checksums, so that none of them can be changed.
    pub(super) const fn is_checked(&self) -> bool {
        matches!(self, Self::Passed(_, (_, Framing::AwsEvents), _))
    }

    /// Whether it may tell of things that the provider keeps.
    pub(super) fn can_make(&self) -> bool {
        let watch = match self {
            Self::Passed(watch, ..) | Self::Sifted(watch, ..) => watch,
            Self::Translated(_) | Self::Opaque(_) => return false,
        };
        watch.can_make()
    }

    /// Has it looked whether the web was searched for it.
    pub(super) fn seek_searches(&mut self) {
        match self {
            Self::Passed(watch, ..) | Self::Sifted(watch, ..) => watch.seek_searches(),
            // Who reads all of it sees that, too.
            Self::Translated(_) | Self::Opaque(_) => {}
        }
    }

    /// Has it looked for what is said aloud in so many answers.
    pub(super) fn seek_audio(&mut self, choices: u64) {
        if let Self::Passed(watch, ..) | Self::Sifted(watch, ..) = self {
            watch.seek_audio(choices);
        }
    }

    /// Has it looked by which id the provider stores it.
    pub(super) fn seek_stored(&mut self) {
        if let Self::Passed(watch, ..) | Self::Sifted(watch, ..) = self {
            watch.seek_stored();
        }
    }

    /// Whether a piece goes on to the client from where it was read, with nothing left out.
    pub(super) fn lets_through(&mut self, piece: &[u8]) -> bool {
        match self {
            Self::Passed(_, _, whole) => whole.lets_through(piece),
            Self::Opaque(_) => true,
            Self::Sifted(..) | Self::Translated(_) => false,
        }
    }

    /// Whether pieces can go on from where they were read.
    pub(super) const fn goes_by(&self) -> bool {
        matches!(self, Self::Passed(..) | Self::Opaque(_))
    }

    /// Sees what goes on from where it was read.
    pub(super) fn see(&mut self, piece: &[u8]) {
        match self {
            Self::Passed(watch, ..) => watch.see(piece),
            Self::Opaque(watch) => watch.see(piece),
            Self::Sifted(..) | Self::Translated(_) => {}
        }
    }

    /// Tells a piece, appending what is for the client; whether the provider said in it that it
    /// failed.
    pub(super) fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> bool {
        match self {
            Self::Passed(watch, _, whole) => {
                let before = out.len();
                whole.push(piece, out);
                watch.see(&out[before..]);
            }
            Self::Sifted(watch, sieve, _) => {
                watch.see(piece);
                sieve.push(piece, out);
            }
            Self::Translated(translation) => {
                translation.push(piece, out);
                return translation.error().is_some();
            }
            Self::Opaque(watch) => {
                watch.see(piece);
                out.extend_from_slice(piece);
            }
        }
        false
    }

    /// The provider has said all: appends what is left of that for the client, or that the stream
    /// broke off, where it has not the end that its dialect has.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        let before = out.len();
        match self {
            Self::Passed(watch, spoken, whole) => {
                whole.end(out);
                watch.see(&out[before..]);
                if !whole.is_within() {
                    tell_break(watch, *spoken, before, out);
                }
            }
            Self::Sifted(watch, sieve, spoken) => {
                sieve.end(out);
                tell_break(watch, *spoken, before, out);
            }
            Self::Translated(translation) => translation.end(out),
            Self::Opaque(_) => {}
        }
    }

    /// Tells the client in its dialect that the stream broke off; `false` where nothing can be said:
    /// within an event, or in the middle of a file. That is cut off, and so shows.
    pub(super) fn fail(&mut self, error: &ChatError, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Passed(_, _, whole) if whole.is_within() => return false,
            Self::Passed(watch, spoken, _) | Self::Sifted(watch, _, spoken) => {
                let number = watch.next_number();
                told_as_it_is(*spoken).numbered_from(number).fail(error, out);
            }
            Self::Translated(translation) => translation.fail(error, out),
            Self::Opaque(_) => return false,
        }
        true
    }

    /// What it made so far that the provider keeps.
    pub(super) fn take_made(&mut self) -> Vec<KeptId> {
        match self {
            Self::Passed(watch, ..) | Self::Sifted(watch, ..) => watch.take_made(),
            Self::Translated(_) | Self::Opaque(_) => Vec::new(),
        }
    }

    /// Whether a guardrail has ended it.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Translated(translation) if translation.is_refused())
    }

    /// What was seen of it; `is_read`: all that the provider had to say was read.
    pub(super) fn into_seen(self, is_read: bool) -> Seen {
        match self {
            Self::Passed(mut watch, ..) | Self::Sifted(mut watch, ..) => {
                watch.end();
                let failure = if is_read { watch.take_failure() } else { None };
                let (answer_tokens, made) = (watch.answer_tokens(), watch.take_made());
                Seen {
                    used: watch.into_used(),
                    answer_tokens,
                    bad_events: 0,
                    // It went on as it came.
                    losses: Losses::default(),
                    made,
                    failure,
                    batch: BatchUsed::new(),
                }
            }
            Self::Translated(translation) => Seen {
                used: translation.used(),
                answer_tokens: estimate::tokens_of_bytes(translation.answer_bytes()),
                bad_events: translation.bad_events(),
                losses: translation.losses(),
                made: Vec::new(),
                failure: translation.error().filter(|_| !translation.is_refused()).cloned(),
                batch: BatchUsed::new(),
            },
            Self::Opaque(mut watch) => Seen {
                batch: watch.take_batch(is_read),
                used: watch.used(is_read),
                answer_tokens: watch.answer_tokens(),
                bad_events: 0,
                losses: Losses::default(),
                made: Vec::new(),
                failure: None,
            },
        }
    }
}

/// Tells that a stream broke off which was passed on and has ended, where it did. What is behind
/// `before` is half an event then, which no reader takes for one.
fn tell_break(
    watch: &mut PassedStream,
    spoken: (Dialect, Framing),
    before: usize,
    out: &mut Vec<u8>,
) {
    watch.end();
    let number = watch.next_number();
    if let Some(error) = watch.broke_off() {
        out.truncate(before);
        told_as_it_is(spoken).numbered_from(number).fail(error, out);
    }
}

/// A translation of a dialect to itself.
fn told_as_it_is(spoken: (Dialect, Framing)) -> StreamTranslation {
    StreamTranslation::new(spoken, spoken, &Context::default())
}
