//! Requests to models: what is asked, by whom, along which lane, and what the client is told.
//!
//! Whatever happens, the client gets an answer in its own dialect: nothing here fails past this
//! file. What dialects say is `llm`'s, which deployment is asked is `balance`'s, who may spend what
//! is `policy`'s; here they are put together around the attempts.

mod answer;
mod ask;
mod attempted;
mod awaited;
mod batch_used;
mod credential;
mod endpoint;
mod facts;
mod fallback;
mod fetched;
mod fit;
pub(crate) mod kept;
mod listing;
mod missed;
mod mock;
mod opaque;
mod opening;
mod outgoing;
mod pass;
mod pass_on;
mod passed_over;
mod payload;
mod permit;
pub(crate) mod prompt;
mod read_body;
mod read_reply;
mod refusal;
mod reply;
mod reserve;
mod run;
mod seen;
pub(crate) mod settle;
mod signal;
mod stream;
pub(crate) mod talk;
pub(crate) mod unpriced;

use std::pin::pin;
use std::sync::Arc;

use architrave_config::{LlmService, PathMatch};
use architrave_core::Reason;
use architrave_llm::dialect::Dialect;
use architrave_llm::surface::{self, Asked, Kept, Operation, Surface};

use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::models::LiveModel;
use crate::worker::Worker;
use ask::Ask;
use missed::Missed;
use run::Run;

pub(crate) use answer::{AnswerBody, LlmAnswer, name_exchange};
pub(crate) use facts::LlmFacts;
pub(crate) use mock::of_settings as mock_of_settings;
pub(crate) use outgoing::rewritten;
pub(crate) use pass::vouch;
pub(super) use read_body::{Unread, give_leave, read as read_body};
pub(crate) use refusal::body_of_refusal;
pub(crate) use stream::LlmStream;

/// Serves a request to an llm service.
pub(crate) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    service: &LlmService,
) -> LlmAnswer<'a> {
    let path = below_route(exchange).to_owned();
    let query = exchange.head.query().unwrap_or_default().to_owned();
    let method = exchange.head.method.as_str().to_owned();
    let Some(asked) = Surface::of(&method, &path, &query) else {
        return unknown_path(worker, exchange, &method, &path);
    };
    let mut asked = of_client(asked, exchange);
    // Whom the gateway vouches for is somebody who goes on with an upload, or who has a key for a
    // talk, and may do nothing else.
    let may_by = match exchange.talk_key {
        Some(_) => {
            matches!(asked.surface, Surface::OpenaiRealtime | Surface::GeminiLiveByToken)
        }
        None => exchange.admission.vouched.is_none() || asked.surface == Surface::GeminiFileUpload,
    };
    if !may_by {
        return unknown_path(worker, exchange, &method, &path);
    }
    exchange.llm =
        Some(Box::new(LlmFacts { operation: asked.operation().name(), ..LlmFacts::default() }));
    let dialect = asked.dialect();
    if let Some(key) = exchange.talk_key.as_deref().filter(|_| !talk::opens_here(asked.surface)) {
        match pass::of_key(exchange, key, asked.address.model.as_deref()) {
            Ok(model) => asked.address.model = Some(model.into()),
            Err(missed) => return refuse(worker, exchange, dialect, missed),
        }
    }
    let served = match asked.operation() {
        Operation::Chat => pin!(chat(worker, exchange, client, &asked, service)).await,
        Operation::ModelList => listing::list(exchange, &asked, service),
        Operation::ModelGet => listing::get(exchange, &asked, service),
        Operation::Realtime if talk::opens_here(asked.surface) => {
            return Box::pin(live(worker, exchange, client, asked, service)).await;
        }
        // Boxed, as it is larger than chat, and every future is moved as a whole when it begins.
        _ => Box::pin(pass::serve(worker, exchange, client, &asked, service)).await.map(
            |mut answer| {
                answer.explain(exchange, worker.now());
                answer
            },
        ),
    };
    match served {
        Ok(answer) => answer,
        Err(missed) => refuse(worker, exchange, dialect, missed),
    }
}

/// Serves a talk of which the client's first message says with whom: the 101 has gone by then, and
/// what goes wrong is told over the WebSocket.
async fn live<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    mut asked: Asked<'_>,
    service: &LlmService,
) -> LlmAnswer<'a> {
    let ClientSide { reader, writer, facts } = client;
    let dialect = asked.dialect();
    if let Err(missed) = talk::open(exchange, writer, facts).await {
        return refuse(worker, exchange, dialect, missed);
    }
    let served = async {
        let setup = talk::setup(exchange, reader, service).await?;
        if let Some(key) = exchange.talk_key.as_deref() {
            pass::of_key(exchange, key, Some(&setup.model))?;
        }
        asked.address.model = Some(setup.model.clone().into());
        let client = ClientSide { reader, writer, facts };
        pass::serve(worker, exchange, client, &asked, service).await?.with_setup(setup)
    };
    match served.await {
        Ok(answer) => answer,
        Err(missed) => {
            exchange.reason = Some(missed.reason);
            exchange.termination = missed.termination();
            LlmAnswer::parting(&missed.error)
        }
    }
}

async fn chat<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let ClientSide { reader, writer, facts } = client;
    let dialect = asked.dialect();
    let bytes_max = exchange.admission.body_bytes_max.unwrap_or(u64::MAX);
    let bytes_max = bytes_max.min(service.body_bytes_max);
    read_body::give_leave(facts, writer).await.map_err(refusal::client_gone)?;
    reader.limit_pace(exchange.connection.listener.body_pace());
    let body = pin!(read_body::read_json(reader, facts, bytes_max, asked.surface.watch())).await;
    let body =
        body.map_err(|unread| refusal::unread_of(&exchange.head.fields, &unread, bytes_max))?;
    exchange.is_body_read = true;
    let read_at = worker.now();
    exchange.timings.read_at = exchange.timings.read_at.or(Some(read_at));
    exchange.note_request_body(&body.bytes);
    let ask = Ask::of(dialect, &asked.address, (body.bytes, body.scanned));
    let mut ask = ask.map_err(refusal::invalid)?;
    // Before anybody refuses it: the log is to say what was asked for in vain, too.
    note(exchange, &ask);
    let models = permit::models(worker, exchange, service, &ask)?;
    // What names a thing that a provider keeps goes there, whatever the fleet says, and nobody else
    // is told what the thing is about, not even from the cache.
    let named = kept::named(worker, asked.surface, (&ask.body, &ask.scanned)).await?;
    let (named, links) = (named.kept, named.links);
    ask.links = links;
    let home = match named.is_empty() {
        true => None,
        false => Some(pass::home_of_chat(worker, exchange, (&models, &named))?),
    };
    let (seen, known) =
        pin!(seen::see(worker, exchange, asked.surface, &asked.address, &mut ask)).await?;
    if let Some(answer) = known {
        return Ok(answer);
    }
    let beside = worker.gateway().kept.beside(&named);
    ask.prompt_tokens = ask.prompt_tokens.saturating_add(beside.known_tokens);
    ask.unseen_tokens = ask.unseen_tokens.saturating_add(beside.guessed_tokens);
    // Guardrails may have masked it.
    note(exchange, &ask);
    if let Some(facts) = &mut exchange.llm {
        facts.grown = named.into_iter().filter(|(kept, _)| *kept == Kept::Conversation).collect();
    }
    if exchange.account().is_some() && dialect == Dialect::OpenaiResponses && ask.is_background() {
        return Err(refusal::not_counted("an answer in the background"));
    }
    let asks = home.as_ref().map_or(&models[..], |(model, _)| std::slice::from_ref(model));
    let granted = pin!(reserve::reserve(worker, exchange, asks, &ask)).await?;
    let timeout = exchange.matched.and_then(|matched| matched.route.timeout);
    let affinity = ask.affinity();
    let form = None;
    let run = Run { worker, ask: &ask, client: reader, granted, timeout, affinity, seen, form };
    match home {
        Some(home) => Box::pin(run.at_home(exchange, home)).await,
        None => pin!(run.until_answered(exchange, &models)).await,
    }
}

/// Notes what is asked.
fn note(exchange: &mut Exchange<'_>, ask: &Ask) {
    if let Some(facts) = &mut exchange.llm {
        facts.model.clone_from(&ask.model);
        facts.is_stream = ask.stream;
        facts.prompt_tokens = ask.prompt_tokens;
        facts.service = ask.service;
    }
}

/// The same in the words of whose client it is, where the path alone leaves that open.
fn of_client<'a>(asked: Asked<'a>, exchange: &Exchange<'_>) -> Asked<'a> {
    let (fields, is_of_google) = (&exchange.head.fields, exchange.admission.is_of_google);
    asked.of_client(|name| {
        // Who read the key has taken it out.
        if is_of_google && name == "x-goog-api-key" {
            return Some("");
        }
        let found = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(found.value).ok()
    })
}

/// The path as the service sees it: what is below the longest prefix of its route that it begins
/// with, unless the route keeps it.
pub(super) fn below_route<'e>(exchange: &'e Exchange<'_>) -> &'e str {
    let path = &*exchange.path;
    let Some(matched) = exchange.matched else { return path };
    let route = &matched.route.config;
    if route.keep_prefix {
        return path;
    }
    let prefixes = route.matches.iter().filter_map(|one| match &one.path {
        PathMatch::Prefix(prefix) => path.strip_prefix(&**prefix),
        PathMatch::Exact(_) | PathMatch::Regex(_) => None,
    });
    let below = prefixes.filter(|rest| rest.is_empty() || rest.starts_with('/'));
    below.min_by_key(|rest| rest.len()).unwrap_or(path)
}

/// Tells the client that nothing is at that path, or nothing with that method.
fn unknown_path<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    method: &str,
    path: &str,
) -> LlmAnswer<'a> {
    let query = exchange.head.query().unwrap_or_default();
    let methods = surface::methods(path, query);
    let known = methods.first().and_then(|first| Surface::of(first, path, query));
    let dialect = known.map_or_else(|| refusal::dialect_of_path(path), |asked| asked.dialect());
    let allowed = methods.join(", ");
    let missed = match methods.is_empty() {
        true => {
            let error = refusal::unknown_url(surface::nearest(method, path));
            Missed::refused(error, Reason::NotFound)
        }
        false => Missed::refused(refusal::wrong_method(&allowed), Reason::MethodNotAllowed),
    };
    let mut answer = refuse(worker, exchange, dialect, missed);
    if !methods.is_empty() {
        answer.head.fields.append("Allow", allowed.as_bytes());
    }
    answer
}

/// Tells the client in its dialect why there is no answer, and notes it.
fn refuse<'a>(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    dialect: Dialect,
    missed: Missed,
) -> LlmAnswer<'a> {
    exchange.reason = Some(missed.reason);
    exchange.termination = missed.termination();
    let mut answer = LlmAnswer::failure(dialect, &missed.error);
    answer.explain(exchange, worker.now());
    answer
}

/// The models that may answer, in the order in which they are asked.
type Candidates = Vec<Arc<LiveModel>>;
