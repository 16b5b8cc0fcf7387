//! What messages mean to who pays for the talk: when the model answers, and what an answer used.

use crate::chat::Usage;
use crate::estimate::tokens_of_bytes;
use crate::used::Used;

use super::{gemini, openai};

/// The output that is reserved for an answer where nothing states a limit.
const OUTPUT_TOKENS_DEFAULT: u64 = 4_096;
/// More answers at once than anybody has in one talk.
const AT_ONCE_MAX: u32 = 16;

/// Whose words they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// OpenAI's Realtime.
    Openai,
    /// Gemini's Live.
    Gemini,
}

/// What a message of the client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nobody here can tell: it is no JSON, or says a field twice.
    Unreadable,
    /// More answers would be made at once than are allowed.
    TooManyAtOnce,
    /// It is what may be said once alone, and was.
    Again,
    /// The model is to answer.
    Starts,
    /// It adds to what the next answer begins with, at most.
    Adds,
}

/// What a message of the provider tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Whether the model has begun to answer.
    pub is_begun: bool,
    /// What was used by what is over now.
    pub used: Option<Used>,
    /// The model that used it, where it is another one than that of the talk.
    pub model: Option<String>,
}

/// Tokens of text and of sound.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount {
    pub text: u64,
    pub audio: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.text = self.text.saturating_add(other.text);
        self.audio = self.audio.saturating_add(other.audio);
    }

    pub(super) fn of_text(bytes: u64) -> Self {
        Self { text: tokens_of_bytes(bytes), audio: 0 }
    }

    pub(super) fn of_sound(bytes: u64, bytes_a_token: u64) -> Self {
        Self { text: 0, audio: bytes.div_ceil(bytes_a_token) }
    }
}

/// Listens to both sides of one talk.
#[derive(Debug)]
pub struct Ear {
    words: Words,
    /// What the last answer left as the beginning of the next one.
    context: Amount,
    /// What the client has said since.
    added: Amount,
    /// What has come of the answers under way.
    output: Amount,
    /// Answers that were asked for and have not begun.
    pub(super) asked: u32,
    /// Answers that have begun and not ended.
    pub(super) running: u32,
    /// The limit of an answer that the session states.
    pub(super) output_max: Option<u64>,
    /// The limit that the answer states that was asked for last.
    pub(super) answer_max: Option<u64>,
    /// The model that writes down what the client says.
    pub(super) transcriber: Option<String>,
    /// Whether sound goes out with eight bits and at eight kilohertz.
    pub(super) is_narrow: bool,
    /// What the turn under way has used, as far as it was told.
    pub(super) turn: Option<Usage>,
    /// Whether the turn is over and what it used is still to be told.
    pub(super) is_untold: bool,
    /// Whether the client has said what the talk is to be like.
    pub(super) is_set_up: bool,
}

impl Ear {
    /// An ear for a talk that begins.
    #[must_use]
    pub fn new(words: Words) -> Self {
        Self {
            words,
            context: Amount::default(),
            added: Amount::default(),
            output: Amount::default(),
            asked: 0,
            running: 0,
            output_max: None,
            answer_max: None,
            transcriber: None,
            is_narrow: false,
            turn: None,
            is_untold: false,
            is_set_up: false,
        }
    }

    /// Hears a message of the client's, of so many bytes.
    pub fn said(&mut self, message: Option<&str>, bytes: u64) -> Said {
        let Some(text) = message else { return Said::Unreadable };
        let (said, adds) = match self.words {
            Words::Openai => openai::said(self, text, bytes),
            Words::Gemini => gemini::said(self, text, bytes),
        };
        self.added.add(adds);
        if said == Said::Starts {
            if self.asked + self.running >= AT_ONCE_MAX {
                return Said::TooManyAtOnce;
            }
            self.asked += 1;
        }
        said
    }

    /// Hears a message of the provider's, of so many bytes.
    pub fn told(&mut self, message: Option<&str>, bytes: u64) -> Heard {
        match (message, self.words) {
            (None, _) => Heard::default(),
            (Some(text), Words::Openai) => openai::told(self, text, bytes),
            (Some(text), Words::Gemini) => gemini::told(self, text, bytes),
        }
    }

    /// How many answers must be paid for: those that are made, those that are asked for, and one
    /// that may begin by itself.
    #[must_use]
    pub fn answers(&self) -> usize {
        (self.asked + self.running).max(1) as usize
    }

    /// Whether an answer is being made.
    #[must_use]
    pub const fn is_answering(&self) -> bool {
        self.running > 0
    }

    /// The tokens that the next answer begins with, by an estimate.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        let Amount { text, audio } = self.prompt();
        text.saturating_add(audio)
    }

    /// The limit of the next answer.
    #[must_use]
    pub fn output_tokens_max(&self) -> u64 {
        let stated = self.answer_max.or(self.output_max);
        stated.map_or(OUTPUT_TOKENS_DEFAULT, |stated| stated.min(OUTPUT_TOKENS_DEFAULT))
    }

    /// What the answers under way have used by now, by an estimate; nothing where there are none.
    #[must_use]
    pub fn so_far(&self) -> Usage {
        if self.running == 0 && !self.is_untold {
            return Usage::default();
        }
        let (prompt, Amount { text, audio }) = (self.prompt(), self.output);
        let told = self.turn.unwrap_or_default();
        let estimate = Usage {
            input: prompt.text,
            input_audio: prompt.audio,
            output: text,
            output_audio: audio,
            ..Usage::default()
        };
        if told.total() > estimate.total() { told } else { estimate }
    }

    fn prompt(&self) -> Amount {
        let mut prompt = self.context;
        prompt.add(self.added);
        prompt
    }

    /// An answer has begun.
    pub(super) fn begin(&mut self) {
        self.asked = self.asked.saturating_sub(1);
        self.running = self.running.saturating_add(1).min(AT_ONCE_MAX);
        self.answer_max = None;
    }

    /// So much has come of an answer.
    pub(super) fn grow(&mut self, more: Amount) {
        self.output.add(more);
    }

    /// An answer is over: what it used, as it was told or else by the estimate.
    pub(super) fn end(&mut self, told: Option<Usage>) -> Usage {
        let usage = told.unwrap_or_else(|| self.so_far());
        self.running = self.running.saturating_sub(1);
        let audio = usage.input_audio + usage.cache_read_audio + usage.output_audio;
        // What it was made of and what it says is what the next one begins with.
        self.context = Amount { text: usage.total().saturating_sub(audio), audio };
        self.added = Amount::default();
        if self.running == 0 {
            self.output = Amount::default();
        }
        (self.turn, self.is_untold) = (None, false);
        usage
    }
}
