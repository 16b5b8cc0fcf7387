//! What messages mean to who pays for the talk: when the model answers, and what an answer used.

use std::collections::VecDeque;

use crate::chat::Usage;
use crate::used::Used;

use super::amount::Amount;
use super::{gemini, openai};

/// The output that a model can say at most of which nobody knows it.
const OUTPUT_TOKENS_DEFAULT: u64 = 4_096;
/// More answers at once than anybody has in one talk.
const AT_ONCE_MAX: usize = 16;

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

/// How much an answer may say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Limit {
    /// As much as the session lets it.
    #[default]
    OfSession,
    /// As much as the model can.
    OfModel,
    /// So many tokens.
    Tokens(u64),
}

/// What an answer may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The tokens that it begins with, by an estimate.
    pub prompt_tokens: u64,
    /// What it may say at most.
    pub output_tokens_max: u64,
}

/// An answer that is asked for or being made.
#[derive(Debug, Clone, Copy)]
struct Answer {
    prompt: Amount,
    output_tokens_max: u64,
    /// All that the client had said by then.
    said: Amount,
    /// Whether it is no part of the conversation, or not made of it: what it used tells nothing of how
    /// long that is.
    is_aside: bool,
}

/// Listens to both sides of one talk.
#[derive(Debug)]
pub struct Ear {
    words: Words,
    /// What the model can say at most.
    possible: u64,
    /// What the last answer of the conversation left as the beginning of the next one.
    context: Amount,
    /// All that the client has said, and how much of it is in the context.
    said: Amount,
    counted: Amount,
    /// What has come of the answers under way.
    output: Amount,
    /// Answers that were asked for and have not begun, and those that have and not ended; each in
    /// their order.
    asked: VecDeque<Answer>,
    running: VecDeque<Answer>,
    /// Whether it was lost sight of which answer is an aside.
    is_doubtful: bool,
    /// The limit of an answer that the session states; else it is the model's.
    output_max: Option<u64>,
    /// How often the client has said what the session is to be like and was not told that it is.
    updates: u32,
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
    /// An ear for a talk that begins, with a model that can say so much at most; nothing where that
    /// is not known.
    #[must_use]
    pub fn new(words: Words, possible: Option<u64>) -> Self {
        Self {
            words,
            possible: possible.unwrap_or(OUTPUT_TOKENS_DEFAULT),
            context: Amount::default(),
            said: Amount::default(),
            counted: Amount::default(),
            output: Amount::default(),
            asked: VecDeque::new(),
            running: VecDeque::new(),
            is_doubtful: false,
            output_max: None,
            updates: 0,
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
        match self.words {
            Words::Openai => openai::said(self, text, bytes),
            Words::Gemini => gemini::said(self, text, bytes),
        }
    }

    /// Hears a message of the provider's, of so many bytes.
    pub fn told(&mut self, message: Option<&str>, bytes: u64) -> Heard {
        match (message, self.words) {
            (None, _) => Heard::default(),
            (Some(text), Words::Openai) => openai::told(self, text, bytes),
            (Some(text), Words::Gemini) => gemini::told(self, text, bytes),
        }
    }

    /// What must be paid for: the answers that are made, then those that are asked for; or else one
    /// that may begin by itself.
    #[must_use]
    pub fn needs(&self) -> Vec<Need> {
        let mut answers: Vec<_> = self.running.iter().chain(&self.asked).copied().collect();
        if answers.is_empty() {
            answers.push(self.next(Limit::OfSession, false));
        }
        let need = |Answer { prompt, output_tokens_max, .. }: Answer| Need {
            prompt_tokens: prompt.total(),
            output_tokens_max,
        };
        answers.into_iter().map(need).collect()
    }

    /// How many must be paid for.
    #[must_use]
    pub fn answers(&self) -> usize {
        (self.asked.len() + self.running.len()).max(1)
    }

    /// Whether an answer is being made.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        !self.running.is_empty()
    }

    /// Whether no answer is made or asked for.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.running.is_empty() && self.asked.is_empty()
    }

    /// What the answers under way have used by now, by an estimate, and the prompts of those that were
    /// asked for: the provider may have begun with them.
    #[must_use]
    pub fn so_far(&self) -> Usage {
        let mut prompts = Amount::default();
        self.running.iter().for_each(|answer| prompts.add(answer.prompt));
        let mut usage = self.or_told(prompts);
        for Answer { prompt, .. } in &self.asked {
            usage.input = usage.input.saturating_add(prompt.text);
            usage.input_audio = usage.input_audio.saturating_add(prompt.audio);
        }
        usage
    }

    /// The answer that was asked for last is not: its request did not go on.
    pub fn take_back(&mut self) {
        self.asked.pop_back();
    }

    /// None of the answers that were asked for will begin: the provider is not there any more.
    pub fn take_all_back(&mut self) {
        self.asked.clear();
    }

    /// What was told of the turn under way, or what an estimate says where that is more.
    fn or_told(&self, prompt: Amount) -> Usage {
        let Amount { text, audio } = self.output;
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

    /// An answer that would begin now.
    fn next(&self, limit: Limit, is_aside: bool) -> Answer {
        let stated = match limit {
            Limit::OfSession => self.output_max,
            Limit::OfModel => None,
            Limit::Tokens(stated) => Some(stated),
        };
        let output_tokens_max = stated.map_or(self.possible, |stated| stated.min(self.possible));
        Answer { prompt: self.prompt(self.said), output_tokens_max, said: self.said, is_aside }
    }

    /// What an answer begins with when the client has said so much.
    fn prompt(&self, said: Amount) -> Amount {
        let mut prompt = self.context;
        prompt.add(said.less(self.counted));
        prompt
    }

    /// The client has said so much more.
    pub(super) fn add(&mut self, more: Amount) {
        self.said.add(more);
    }

    /// The client asks for an answer.
    pub(super) fn ask(&mut self, limit: Limit, is_aside: bool) -> Said {
        if self.words == Words::Gemini {
            // Whatever asks again is answered in the same turn.
            self.asked.clear();
        }
        if self.asked.len() + self.running.len() >= AT_ONCE_MAX {
            return Said::TooManyAtOnce;
        }
        let answer = self.next(limit, is_aside);
        self.asked.push_back(answer);
        Said::Starts
    }

    /// The client says what limit the session is to have. Until it is told that it has, the larger
    /// one counts.
    pub(super) fn update(&mut self, limit: Limit) {
        self.updates = self.updates.saturating_add(1);
        self.output_max = match (limit, self.output_max) {
            (Limit::OfSession, before) => before,
            (Limit::Tokens(stated), Some(before)) => Some(stated.max(before)),
            (Limit::Tokens(_) | Limit::OfModel, _) => None,
        };
    }

    /// The provider says what limit the session has.
    pub(super) fn updated(&mut self, limit: Limit) {
        self.updates = self.updates.saturating_sub(1);
        let stated = match limit {
            Limit::Tokens(stated) => Some(stated),
            Limit::OfSession | Limit::OfModel => None,
        };
        // One of those that are under way may be larger.
        self.output_max = match self.updates {
            0 => stated,
            _ => stated.and_then(|stated| Some(stated.max(self.output_max?))),
        };
    }

    /// An answer has begun.
    pub(super) fn begin(&mut self) {
        let asked = self.asked.pop_front();
        let mut answer = asked.unwrap_or_else(|| self.next(Limit::OfSession, false));
        // Another may have ended since it was asked for, and be in the conversation.
        answer.prompt = answer.prompt.or_more(self.prompt(answer.said));
        if self.running.len() < AT_ONCE_MAX {
            self.running.push_back(answer);
        }
    }

    /// Something was refused, which may be an answer that was asked for: then none begins.
    pub(super) fn refused(&mut self) {
        self.is_doubtful |= self.asked.pop_front().is_some_and(|answer| answer.is_aside);
    }

    /// So much has come of an answer.
    pub(super) fn grow(&mut self, more: Amount) {
        self.output.add(more);
    }

    /// An answer is over: what it used, as it was told or else by the estimate. `is_aside`: it is said
    /// to be no part of the conversation.
    pub(super) fn end(&mut self, told: Option<Usage>, is_aside: bool) -> Usage {
        let mut others = self.running.iter().chain(&self.asked);
        let is_known = !is_aside && !self.is_doubtful && !others.any(|answer| answer.is_aside);
        let ended = self.running.pop_front();
        let (prompt, said) = ended
            .map_or_else(|| (Amount::default(), self.said), |answer| (answer.prompt, answer.said));
        let usage = told.unwrap_or_else(|| self.or_told(prompt));
        // What it was made of and what it says is what the next one begins with, and what was said
        // since; of an answer beside the conversation nobody knows how much of that it saw.
        let used = Amount::of_usage(&usage);
        (self.context, self.counted) = match is_known {
            true => (used, said),
            false => (self.prompt(self.said).or_more(used), self.said),
        };
        if self.running.is_empty() {
            self.output = Amount::default();
        }
        (self.turn, self.is_untold) = (None, false);
        usage
    }
}
