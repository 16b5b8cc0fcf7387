//! From a provider's answer to the client's: a whole one is told at once, so that its cost can be
//! told in the head; a stream is told as it comes.

use architrave_llm::chat::{ChatError, Usage};
use architrave_llm::dialect::{Context, Dialect, EventWriter};
use architrave_llm::field::Losses;
use architrave_llm::frame::{FrameWriter, Framing};
use architrave_llm::translate::{self, StreamTranslation};
use architrave_llm::{estimate, pass};
use architrave_net::{Fields, Reader, ResponseHead};
use architrave_policy::guardrail::ReplyGuard;

use super::answer::{AnswerBody, LlmAnswer};
use super::ask::Ask;
use super::outgoing::{self, Outgoing};
use super::read_reply::unreadable;
use super::stream::LlmStream;
use crate::attempt::Answered;
use crate::worker::Worker;

/// A whole answer in the client's dialect, with what was used.
pub(super) struct Told {
    /// Its body.
    pub body: Vec<u8>,
    /// The media type of it.
    pub content_type: &'static str,
    /// What was used.
    pub usage: Usage,
    /// Whether that is an estimate, the provider having said nothing.
    pub is_estimated: bool,
    /// What could not be said.
    pub losses: Losses,
}

/// Tells a whole answer in the client's dialect.
///
/// # Errors
/// That it cannot be read.
pub(super) async fn tell(
    worker: &Worker,
    ask: &Ask,
    outgoing: &Outgoing,
    bytes: Vec<u8>,
    context: &Context,
) -> Result<Told, ChatError> {
    let (from, to) = (outgoing.dialect, ask.dialect);
    let prompt_tokens = ask.prompt_tokens;
    if from == to && !ask.stream {
        let usage = pass::usage_of_reply(to, &bytes);
        return Ok(Told::new(bytes, "application/json", usage, prompt_tokens));
    }
    let (stream, framing) = (ask.stream, ask.framing);
    let context = context.clone();
    outgoing::offloaded(worker, bytes.len(), move || {
        if stream {
            return replayed((from, to), framing, &bytes, &context, prompt_tokens);
        }
        let told = translate::reply(from, to, &bytes, &context)?;
        let losses = told.losses;
        let told = Told::new(told.body, "application/json", told.usage, prompt_tokens);
        Ok(Told { losses, ..told })
    })
    .await
}

impl Told {
    fn new(
        body: Vec<u8>,
        content_type: &'static str,
        usage: Option<Usage>,
        prompt_tokens: u64,
    ) -> Self {
        let is_estimated = usage.is_none();
        // Where the provider does not say it: the prompt as it was reserved, the answer by its
        // length.
        let usage = usage.unwrap_or_else(|| Usage {
            input: prompt_tokens,
            output: estimate::tokens_of_bytes(body.len() as u64),
            ..Usage::default()
        });
        Self { body, content_type, usage, is_estimated, losses: Losses::default() }
    }
}

/// Tells a whole answer as the stream that the client asked for: some servers have none.
fn replayed(
    (from, to): (Dialect, Dialect),
    framing: Framing,
    bytes: &[u8],
    context: &Context,
    prompt_tokens: u64,
) -> Result<Told, ChatError> {
    let text = std::str::from_utf8(bytes).map_err(|_not_text| unreadable())?;
    let (reply, losses) = from.read_reply(text, context).map_err(|_no_reply| unreadable())?;
    let mut body = Vec::with_capacity(bytes.len() * 2);
    let mut writer = EventWriter::new(to, context);
    let mut frames = FrameWriter::new(framing);
    translate::replay(&reply, &mut |event| writer.write(&event, &mut frames, &mut body));
    frames.end(&mut body);
    let told = Told::new(body, framing.content_type(), reply.usage, prompt_tokens);
    Ok(Told { losses, ..told })
}

/// A stream in the client's dialect.
pub(super) fn stream<'a>(
    ask: &Ask,
    outgoing: &Outgoing,
    (answered, held): (Box<Answered>, Vec<u8>),
    context: &Context,
    (client, guard): (&'a mut Reader, Option<ReplyGuard>),
) -> LlmAnswer<'a> {
    let from = (outgoing.dialect, outgoing.framing);
    let to = (ask.dialect, ask.framing);
    let mut head = ResponseHead { status: 200, fields: Fields::roomy(), ..ResponseHead::default() };
    head.fields.append("Content-Type", to.1.content_type().as_bytes());
    head.fields.append("Cache-Control", b"no-cache");
    let mut answer = LlmAnswer { head, body: AnswerBody::Whole(Vec::new()) };
    answer.pass_fields(&answered.head.fields);
    let stream = match guard {
        // Whoever is to see through a text must have it event by event.
        Some(guard) => {
            let translation = StreamTranslation::new(from, to, context).filtered(Box::new(guard));
            LlmStream::translated(answered, translation, client)
        }
        None if from == to => LlmStream::passed(answered, from, outgoing.hides_usage, client),
        None => LlmStream::translated(answered, StreamTranslation::new(from, to, context), client),
    };
    answer.body = AnswerBody::Stream(Box::new(stream.behind(held)));
    answer
}
