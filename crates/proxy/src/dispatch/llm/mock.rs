//! The mock provider: what it says is the pure crate's; here it is given time, and a place among
//! the providers. No socket is involved.

use std::task::{Context, Poll};
use std::time::Duration;

use architrave_config::{self as config, ProviderKind};
use architrave_llm::chat::{ChatError, ChatEvent, ChatReply, Text, Usage};
use architrave_llm::completion::CompletionWriter;
use architrave_llm::dialect::{Address, Context as ReplyContext, Dialect, EventWriter};
use architrave_llm::frame::{FrameWriter, Framing};
use architrave_llm::json::{Number, Writer};
use architrave_llm::mock::{EMBED_DIMENSIONS, Mock, MockFailure, MockReply, Step, Steps, embed};
use architrave_llm::translate::EventFilter;
use architrave_llm::{call, embedding, estimate, translate};
use architrave_net::Timer;
use architrave_policy::guardrail::ReplyGuard;

use super::ask::Ask;
use crate::models::LiveLane;

/// The most texts that vectors are made of at once, and the most numbers of a vector: what OpenAI
/// takes, and what the largest of its kind has. So no request fills the memory.
const EMBED_INPUTS_MAX: usize = 2_048;
const EMBED_DIMENSIONS_MAX: usize = 4_096;

/// A mock's stream, given out by the clock.
#[derive(Debug)]
pub(super) struct MockSteps {
    steps: Steps,
    next: Option<Step>,
    writer: Words,
    frames: FrameWriter,
    spoken: (Dialect, Framing),
    timer: Timer,
    is_waiting: bool,
    is_over: bool,
    guard: Option<Box<ReplyGuard>>,
    /// What was used so far, which the client may not want to be told.
    used: Option<Usage>,
}

/// In whose words a stream is given out.
#[derive(Debug)]
enum Words {
    Chat(EventWriter),
    Completion(CompletionWriter),
}

impl Words {
    fn write(&mut self, event: &ChatEvent<'_>, frames: &mut FrameWriter, out: &mut Vec<u8>) {
        match self {
            Self::Chat(writer) => writer.write(event, frames, out),
            Self::Completion(writer) => writer.write(event, frames, out),
        }
    }
}

/// Bytes that are gathered before they are given out, where steps do not wait.
const GATHERED_BYTES_MAX: usize = 4 * 1024;

impl MockSteps {
    /// A stream of which nothing is said.
    pub(super) fn new(steps: Steps, spoken: (Dialect, Framing), context: &ReplyContext) -> Self {
        Self {
            steps,
            next: None,
            writer: Words::Chat(EventWriter::new(spoken.0, context)),
            frames: FrameWriter::new(spoken.1),
            spoken,
            timer: Timer::new(),
            is_waiting: false,
            is_over: false,
            guard: None,
            used: None,
        }
    }

    /// The same as the stream of a legacy completion.
    fn completion(steps: Steps, context: &ReplyContext) -> Self {
        let spoken = (Dialect::OpenaiChat, Framing::Sse);
        let writer = Words::Completion(CompletionWriter::new(context));
        Self { writer, ..Self::new(steps, spoken, context) }
    }

    /// The same as the stream of a bare call of a model.
    fn call(steps: Steps, context: &ReplyContext) -> Self {
        let spoken = (call::WORDS, Framing::AwsEvents);
        Self { frames: FrameWriter::of_call(), ..Self::new(steps, spoken, context) }
    }

    /// How long its first event takes; from then on nothing is waited for before that.
    pub(super) fn take_first_wait(&mut self) -> Duration {
        self.next = self.next.take().or_else(|| self.steps.next());
        self.next.as_mut().map_or(Duration::ZERO, |step| std::mem::take(&mut step.after))
    }

    /// What was used so far.
    pub(super) const fn used(&self) -> Option<Usage> {
        self.used
    }

    /// The same, seen through by guardrails.
    pub(super) fn guarded(mut self: Box<Self>, guard: ReplyGuard) -> Box<Self> {
        self.guard = Some(Box::new(guard));
        self
    }

    /// Whether a guardrail has ended it.
    pub(super) fn is_refused(&self) -> bool {
        self.guard.as_ref().is_some_and(|guard| guard.has_refused())
    }

    /// The dialect and the framing that it is given out in.
    pub(super) const fn spoken(&self) -> (Dialect, Framing) {
        self.spoken
    }

    /// Appends what is due; whether there was anything.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>, out: &mut Vec<u8>) -> Poll<bool> {
        while out.len() < GATHERED_BYTES_MAX && !self.is_over {
            if self.next.is_none() {
                self.next = self.steps.next();
            }
            let Some(step) = &self.next else {
                self.frames.end(out);
                self.is_over = true;
                break;
            };
            if !step.after.is_zero() && !self.is_waiting {
                self.timer.start(step.after);
                self.is_waiting = true;
            }
            if self.is_waiting && self.timer.poll_elapsed(context).is_pending() {
                return if out.is_empty() { Poll::Pending } else { Poll::Ready(true) };
            }
            self.is_waiting = false;
            if let ChatEvent::Usage(usage) = &step.event {
                self.used.get_or_insert_default().merge(usage);
            }
            let (writer, frames) = (&mut self.writer, &mut self.frames);
            match &mut self.guard {
                Some(guard) => {
                    guard.take(&step.event, &mut |event| writer.write(&event, frames, out));
                }
                None => writer.write(&step.event, frames, out),
            }
            self.next = None;
            if self.is_refused() {
                self.frames.end(out);
                self.is_over = true;
            }
        }
        Poll::Ready(!out.is_empty())
    }
}

/// What a mock says to a request.
pub(super) enum Said {
    /// A whole reply, after a while.
    Whole {
        /// Its body in the client's dialect.
        body: Vec<u8>,
        /// What it used.
        usage: Option<Usage>,
        /// How long it takes.
        after: Duration,
    },
    /// A stream.
    Stream(Box<MockSteps>),
    /// The failure that was ordered.
    Failed(MockFailure),
    /// What a provider would refuse, too.
    Refused(ChatError),
}

impl Said {
    /// How long it takes to its first word.
    pub(super) fn take_first_wait(&mut self) -> Duration {
        match self {
            Self::Whole { after, .. } => *after,
            Self::Stream(steps) => steps.take_first_wait(),
            Self::Failed(_) | Self::Refused(_) => Duration::ZERO,
        }
    }
}

/// Asks the mock of a lane; `number` counts the requests to it.
pub(super) fn say(
    ask: &Ask,
    lane: &LiveLane,
    granted: Option<u64>,
    number: u64,
    context: &ReplyContext,
) -> Said {
    let Some(mock) = mock_of(lane) else {
        let kind = architrave_llm::chat::ErrorKind::Internal;
        return Said::Refused(ChatError::new(kind, "the provider is no mock"));
    };
    if let Some(failure) = mock.failure(number) {
        return Said::Failed(failure);
    }
    let address = ask.address_for(&ask.model, ask.framing);
    let read = translate::read_request(ask.dialect, &address, &ask.body);
    let reply = read.and_then(|(mut request, _losses)| {
        request.model = lane.model.as_ref().into();
        if granted.is_some() {
            request.output.tokens_max = granted;
        }
        let reply = mock.reply(&request, ask.dialect, context)?;
        // It is no model of anybody's, so it goes by the name that it was asked by.
        Ok(ChatReply { model: Some(Text::Owned(ask.model.clone())), ..reply })
    });
    match reply {
        Err(error) => Said::Refused(error),
        Ok(reply) if ask.stream => {
            let spoken = (ask.dialect, ask.framing);
            Said::Stream(Box::new(MockSteps::new(mock.steps(&reply), spoken, context)))
        }
        Ok(reply) => {
            let mut body = Vec::with_capacity(512);
            ask.dialect.write_reply(&reply, context, &mut body);
            Said::Whole { body, usage: reply.usage, after: mock.whole_after(&reply) }
        }
    }
}

fn mock_of(lane: &LiveLane) -> Option<Mock> {
    match &lane.provider.config.kind {
        ProviderKind::Mock(settings) => Some(of_settings(settings)),
        _ => None,
    }
}

/// What a mock says to what has become a request for chat.
pub(super) enum Completed {
    /// All at once, in the words of that chat.
    Whole(Vec<u8>),
    /// Word by word, in those that the client asked in.
    Stream(Box<MockSteps>),
}

/// The mock of a lane asked for a completion, or by a bare call where `is_call`, which has become a
/// request for chat in a dialect; `stream`: where that does not say in the body that a stream is
/// wanted.
///
/// # Errors
/// What a provider would refuse, too.
pub(super) fn complete(
    lane: &LiveLane,
    (chat, body): (Dialect, &[u8]),
    (is_call, stream): (bool, bool),
    context: &ReplyContext,
) -> Result<Completed, ChatError> {
    let unknown = || ChatError::new(architrave_llm::chat::ErrorKind::Internal, "it is no mock");
    let mock = mock_of(lane).ok_or_else(unknown)?;
    let address = Address { model: Some((&*lane.model).into()), ..Address::default() };
    let (request, _losses) = translate::read_request(chat, &address, body)?;
    let reply = mock.reply(&request, chat, context)?;
    let reply = ChatReply { model: Some(Text::Owned(context.model.clone())), ..reply };
    if request.stream || stream {
        let steps = match is_call {
            true => MockSteps::call(mock.steps(&reply), context),
            false => MockSteps::completion(mock.steps(&reply), context),
        };
        return Ok(Completed::Stream(Box::new(steps)));
    }
    let mut body = Vec::with_capacity(512);
    chat.write_reply(&reply, context, &mut body);
    Ok(Completed::Whole(body))
}

/// The mock that the configuration describes.
pub(crate) fn of_settings(settings: &config::Mock) -> Mock {
    Mock {
        reply: match &settings.reply {
            config::MockReply::Echo => MockReply::Echo,
            config::MockReply::Fixed(text) => MockReply::Fixed(text.clone()),
            config::MockReply::Script(texts) => MockReply::Script(texts.clone()),
        },
        first_token: settings.first_token,
        tokens_per_second: settings.tokens_per_second,
        fail_percent: f64::from(settings.fail_percent),
        fail_status: settings.fail_status,
    }
}

/// How many numbers each of the vectors is to have.
///
/// # Errors
/// That nobody has that many, or for so many texts.
fn dimensions_of(asked: Option<u64>, inputs: usize) -> Result<usize, ChatError> {
    if inputs > EMBED_INPUTS_MAX {
        let message = format!("`input` has more than {EMBED_INPUTS_MAX} texts");
        return Err(ChatError::invalid("input", message));
    }
    let Some(asked) = asked else { return Ok(EMBED_DIMENSIONS) };
    let dimensions = usize::try_from(asked).ok();
    let dimensions = dimensions.filter(|count| (1..=EMBED_DIMENSIONS_MAX).contains(count));
    dimensions.ok_or_else(|| {
        let message = format!("`dimensions` must be between 1 and {EMBED_DIMENSIONS_MAX}");
        ChatError::invalid("dimensions", message)
    })
}

/// How many bytes the answer to a request for vectors has, about, which is what it takes to make it:
/// of so many bytes of JSON none has more texts than there are commas in it.
pub(super) fn embeddings_weight(body: &[u8]) -> usize {
    let texts = memchr::memchr_iter(b',', body).count().min(EMBED_INPUTS_MAX) + 1;
    texts.saturating_mul(EMBED_DIMENSIONS_MAX)
}

/// The vectors that the mock has for the texts of a request in OpenAI's words, in the same; `model`
/// is the name that it was asked by.
///
/// # Errors
/// What is wrong with the request.
pub(super) fn embeddings(body: &[u8], model: &str) -> Result<Vec<u8>, ChatError> {
    let (request, _losses) = embedding::read_request(embedding::Wire::Openai, None, body)?;
    let dimensions = dimensions_of(request.dimensions, request.inputs.len())?;
    let (mut tokens, mut out) = (0, Vec::new());
    Writer::new(&mut out).object(|w| {
        w.key("object").text("list");
        w.key("data").array(|w| {
            for (place, input) in (0..).zip(&request.inputs) {
                let text: String = input.texts().collect();
                tokens += estimate::answer_tokens(&text);
                w.object(|w| {
                    w.key("object").text("embedding");
                    w.key("index").count(place);
                    w.key("embedding").array(|w| {
                        for number in embed(&text, dimensions) {
                            if let Some(number) = Number::new(number.to_string()) {
                                w.number(&number);
                            }
                        }
                    });
                });
            }
        });
        w.key("model").text(model);
        w.key("usage").object(|w| {
            w.key("prompt_tokens").count(tokens);
            w.key("total_tokens").count(tokens);
        });
    });
    Ok(out)
}
