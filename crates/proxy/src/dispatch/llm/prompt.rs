//! Prompt services: a plain REST endpoint in front of a model. The caller fills the holes of a text
//! by JSON, and gets JSON, or events where it asks for them; it needs to know neither the model nor
//! its dialect.

mod document;
mod events;
mod input;
mod output;
mod problem;

use architrave_config::PromptService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::{Address, Dialect};
use architrave_llm::scan::{Scanned, Spellings, Watch};
use architrave_llm::surface::Surface;
use architrave_net::Method;

use super::answer::{AnswerBody, LlmAnswer};
use super::ask::Ask;
use super::facts::LlmFacts;
use super::missed::Missed;
use super::run::Run;
use super::{outgoing, permit, read_body, refusal, reserve, seen};
use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::worker::Worker;

pub(crate) use events::PromptEvents;
pub(super) use output::has_form;

/// The dialect in which the question is put; whichever the provider speaks, it is told from here.
const DIALECT: Dialect = Dialect::OpenaiChat;

/// Inputs are words, not media: a long report has a quarter of a million of them.
const BODY_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Bodies of prompt services have no member that the gateway must know.
static WATCH: Watch = Watch { members: &[], spellings: Spellings::One };

/// Serves a request to a prompt service.
pub(crate) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    service: &PromptService,
) -> LlmAnswer<'a> {
    match exchange.head.method {
        Method::Get | Method::Head => document::answer(exchange, service),
        Method::Post => match ask(worker, exchange, client, service).await {
            Ok(answer) => answer,
            Err(missed) => refuse(worker, exchange, &missed),
        },
        _ => {
            let message = "a prompt is asked by POST; GET says how";
            let error = ChatError { status: 405, ..ChatError::new(ErrorKind::NotFound, message) };
            let mut answer =
                refuse(worker, exchange, &Missed::refused(error, Reason::MethodNotAllowed));
            answer.head.fields.append("Allow", b"GET, HEAD, POST");
            answer
        }
    }
}

async fn ask<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    service: &PromptService,
) -> Result<LlmAnswer<'a>, Missed> {
    let ClientSide { reader, writer, facts } = client;
    let bytes_max = exchange.admission.body_bytes_max.unwrap_or(BODY_BYTES_MAX);
    read_body::give_leave(facts, writer).await.map_err(refusal::client_gone)?;
    reader.limit_pace(exchange.connection.listener.body_pace());
    let body = read_body::read_json(reader, facts, bytes_max, &WATCH).await;
    let body = body.map_err(|unread| refusal::unread(&unread, bytes_max))?;
    exchange.is_body_read = true;
    exchange.note_request_body(&body.bytes);
    exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
    let values = input::read(service, &body.bytes).map_err(refusal::invalid)?;
    let stream = wants_events(exchange);
    let question = input::question(service, &values, stream).map_err(refusal::invalid)?;
    let scanned = Scanned::whole(&question, DIALECT.watch()).map_err(ChatError::from);
    let scanned = scanned.map_err(refusal::invalid)?;
    let ask = Ask::of(DIALECT, &Address::default(), (question, scanned));
    let mut ask = ask.map_err(refusal::invalid)?;
    exchange.llm = Some(Box::new(LlmFacts {
        operation: "prompt",
        model: ask.model.clone(),
        is_stream: stream,
        prompt_tokens: ask.prompt_tokens,
        ..LlmFacts::default()
    }));
    let models = permit::of_prompt(worker, exchange, &ask)?;
    let surface = Surface::chat(DIALECT);
    let (seen, known) = seen::see(worker, exchange, surface, &Address::default(), &mut ask).await?;
    let LlmAnswer { mut head, body } = match known {
        Some(answer) => answer,
        None => {
            let granted = reserve::reserve(worker, exchange, &models, &ask).await?;
            let timeout = exchange.matched.and_then(|matched| matched.route.timeout);
            let affinity = ask.affinity();
            let form = Some(service);
            let run =
                Run { worker, ask: &ask, client: reader, granted, timeout, affinity, seen, form };
            run.until_answered(exchange, &models).await?
        }
    };
    head.fields.retain(|field| !field.name.eq_ignore_ascii_case(b"content-type"));
    let body = match body {
        AnswerBody::Whole(bytes) if stream => {
            head.fields.append("Content-Type", b"text/event-stream");
            let (mut events, mut told) = (PromptEvents::new(service), Vec::new());
            events.push(&bytes, &mut told);
            events.end(&mut told);
            AnswerBody::Whole(told)
        }
        AnswerBody::Whole(bytes) => {
            head.fields.append("Content-Type", b"application/json");
            let service = service.clone();
            let tell = move |bytes: &[u8]| output::tell(&service, bytes);
            let (_as_it_came, told) = outgoing::looked_at(worker, bytes, tell).await;
            AnswerBody::Whole(told?)
        }
        AnswerBody::Stream(stream) => {
            head.fields.append("Content-Type", b"text/event-stream");
            AnswerBody::Stream(Box::new(stream.into_prompt(PromptEvents::new(service))))
        }
        talk @ (AnswerBody::Talk(_) | AnswerBody::Parting(_)) => talk,
    };
    Ok(LlmAnswer { head, body })
}

/// Whether the caller asks for events rather than for one answer.
fn wants_events(exchange: &Exchange<'_>) -> bool {
    exchange
        .head
        .fields
        .all("accept")
        .any(|value| memchr::memmem::find(value, b"text/event-stream").is_some())
}

fn refuse<'a>(worker: &Worker, exchange: &mut Exchange<'_>, missed: &Missed) -> LlmAnswer<'a> {
    exchange.reason = Some(missed.reason);
    exchange.termination = missed.termination();
    let mut answer = problem::answer(exchange, missed);
    answer.explain(exchange, worker.now());
    answer
}
