//! From a provider's answer to the client's: a whole one is told at once, so that its cost can be
//! told in the head; a stream is told as it comes.

use architrave_llm::catalog::Unit;
use architrave_llm::chat::{ChatError, Usage};
use architrave_llm::dialect::{Context, Dialect, EventWriter};
use architrave_llm::field::Losses;
use architrave_llm::frame::{FrameWriter, Framing};
use architrave_llm::surface::{self, KeptId, Surface};
use architrave_llm::translate::{self, StreamTranslation, TranslatedReply};
use architrave_llm::used::Used;
use architrave_llm::{estimate, failure, pass};
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
    pub used: Charged,
    /// What could not be said.
    pub losses: Losses,
    /// What it says was made that lives at the provider now.
    pub made: Vec<KeptId>,
}

/// What an answer used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charged {
    /// By the class of tokens.
    pub usage: Usage,
    /// Whether that is an estimate, the provider having said nothing.
    pub is_estimated: bool,
}

/// An answer that was given and cannot be told. It is paid for like any other.
pub(super) struct Untold {
    /// Why.
    pub error: ChatError,
    /// What it used.
    pub used: Charged,
    /// Whether it is no answer at all, and not the gateway that has no room for it.
    pub is_providers: bool,
}

impl Charged {
    /// What a provider says of an answer of so many bytes; where it does not: the prompt as it was
    /// reserved, the answer by its length.
    fn of(told: &Used, prompt_tokens: u64, bytes: usize) -> Self {
        let is_estimated = told.tokens.is_none();
        let usage = told.tokens.unwrap_or_else(|| Usage {
            input: prompt_tokens,
            output: estimate::tokens_of_bytes(bytes as u64),
            ..Usage::default()
        });
        Self { usage: usage.searching(told.count(Unit::Search)), is_estimated }
    }
}

/// What a whole answer says that it used, with the answer.
pub(super) async fn charged(
    worker: &Worker,
    ask: &Ask,
    from: Dialect,
    bytes: Vec<u8>,
) -> (Vec<u8>, Charged) {
    let (bytes, told) =
        outgoing::looked_at(worker, bytes, move |bytes| pass::used_of_reply(from, bytes)).await;
    let used = Charged::of(&told, ask.prompt_tokens, bytes.len());
    (bytes, used)
}

/// Tells a whole answer in the client's dialect.
///
/// # Errors
/// That it cannot be read, that it failed and says nothing, or that too much waits.
pub(super) async fn tell(
    worker: &Worker,
    ask: &Ask,
    outgoing: &Outgoing,
    bytes: Vec<u8>,
    context: &Context,
) -> Result<Told, Box<Untold>> {
    let (from, to) = (outgoing.dialect, ask.dialect);
    // Whoever has answers said aloud says so in a field that may name one, too.
    let may_make = from == to && (to != Dialect::OpenaiChat || ask.scanned.may_name_kept);
    let is_stored = from == to && ask.is_stored();
    let prompt_tokens = ask.prompt_tokens;
    if failure::is_empty(from, &bytes) {
        let used = Charged::of(&pass::used_of_reply(from, &bytes), prompt_tokens, 0);
        let error = failure::failed_answer();
        return Err(Box::new(Untold { error, used, is_providers: true }));
    }
    let made = move |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut made = match may_make {
            true => Surface::chat(to).kept_in_reply(text),
            false => Vec::new(),
        };
        made.extend(is_stored.then(|| surface::stored_chat(text)).flatten());
        made
    };
    if from == to && !ask.stream {
        let look = move |bytes: &[u8]| (pass::used_of_reply(to, bytes), made(bytes));
        let (body, (told, made)) = outgoing::looked_at(worker, bytes, look).await;
        let used = Charged::of(&told, prompt_tokens, body.len());
        let losses = Losses::default();
        return Ok(Told { body, content_type: "application/json", used, losses, made });
    }
    let framing = ask.stream.then_some(ask.framing);
    let (length, context) = (bytes.len(), context.clone());
    let told = outgoing::offloaded(worker, length, move || {
        let told = translated((from, to), framing, &bytes, &context);
        // What it was charged for can often be read where the rest of it cannot.
        let used = match &told {
            Ok(TranslatedReply { usage: Some(usage), .. }) => Used::from(*usage),
            Ok(_) | Err(_) => pass::used_of_reply(from, &bytes),
        };
        let told = told.map(|told| (told, made(&bytes)));
        Ok((told, Charged::of(&used, prompt_tokens, length)))
    });
    match told.await {
        Ok((Ok((told, made)), used)) => {
            let TranslatedReply { body, losses, usage: _ } = told;
            let content_type = framing.map_or("application/json", Framing::content_type);
            Ok(Told { body, content_type, used, losses, made })
        }
        Ok((Err(error), used)) => Err(Box::new(Untold { error, used, is_providers: true })),
        Err(error) => {
            let used = Charged::of(&Used::default(), prompt_tokens, length);
            Err(Box::new(Untold { error, used, is_providers: false }))
        }
    }
}

/// A whole answer in another dialect, or as the stream that the client asked for in that framing:
/// some servers have none.
fn translated(
    (from, to): (Dialect, Dialect),
    framing: Option<Framing>,
    bytes: &[u8],
    context: &Context,
) -> Result<TranslatedReply, ChatError> {
    let Some(framing) = framing else { return translate::reply(from, to, bytes, context) };
    let text = std::str::from_utf8(bytes).map_err(|_not_text| unreadable())?;
    let (reply, read) = from.read_reply(text, context).map_err(|_no_reply| unreadable())?;
    let mut body = Vec::with_capacity(bytes.len() * 2);
    let mut writer = EventWriter::new(to, context);
    let mut frames = FrameWriter::new(framing);
    translate::replay(&reply, &mut |event| writer.write(&event, &mut frames, &mut body));
    frames.end(&mut body);
    let mut losses = if from == to { Losses::default() } else { to.losses_of_reply(&reply) };
    losses.add_unknown((read.unknown, read.unknown_more));
    Ok(TranslatedReply { body, usage: reply.usage, losses })
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
