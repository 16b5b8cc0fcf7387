//! Answers of a service that is not there yet: from the description of its API.

use architrave_config::{Api, ApiAnswer, ApiRequest};
use architrave_core::Reason;
use architrave_net::{Fields, Framing, ResponseHead, WireError};
use architrave_telemetry::Phase;

use super::ClientSide;
use super::llm::{AnswerBody, LlmAnswer, Unread, give_leave, read_body};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::worker::Worker;

/// Bodies that are held against a schema; who sends more wants more than a mock.
const BODY_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Bodies over this are judged beside the worker.
const OFFLOADED_BYTES: usize = 64 * 1024;

/// Answers from the description.
///
/// # Errors
/// The body did not come, or is too large.
pub(super) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    api: &Api,
) -> Result<LlmAnswer<'a>, Failure> {
    let ClientSide { reader, writer, facts } = client;
    let bytes_max = exchange.admission.body_bytes_max.unwrap_or(BODY_BYTES_MAX).min(BODY_BYTES_MAX);
    let body = if facts.framing == Framing::Empty {
        Vec::new()
    } else {
        give_leave(facts, writer).await.map_err(|_gone| gone())?;
        reader.limit_pace(exchange.connection.listener.body_pace());
        let body = read_body(reader, facts, bytes_max, |_piece| Ok(())).await;
        body.map_err(|unread| not_read(&unread, bytes_max))?
    };
    exchange.is_body_read = true;
    exchange.note_request_body(&body);
    exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
    let asked = Asked::of(exchange, body);
    let answer = if asked.body.len() > OFFLOADED_BYTES {
        let api = api.clone();
        let answered = worker.gateway().offload.run(move || asked.answer(&api)).await;
        answered.map_err(|error| {
            Failure::gateway(Reason::Overloaded, Phase::Admit, error.to_string())
        })?
    } else {
        asked.answer(api)
    };
    let mut head =
        ResponseHead { status: answer.status, fields: Fields::roomy(), ..ResponseHead::default() };
    for (name, value) in &answer.headers {
        head.fields.append(name, value.as_bytes());
    }
    Ok(LlmAnswer { head, body: AnswerBody::Whole(answer.body) })
}

/// A request, kept apart from the connection that it came by.
struct Asked {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    fn of(exchange: &Exchange<'_>, body: Vec<u8>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let fields = exchange.head.fields.iter();
        Self {
            method: exchange.head.method.as_str().to_owned(),
            path: exchange.path.clone(),
            query: exchange.head.query().unwrap_or_default().to_owned(),
            headers: fields.map(|field| (text(field.name), text(field.value))).collect(),
            body,
        }
    }

    fn answer(&self, api: &Api) -> ApiAnswer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        api.0.answer(&ApiRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        })
    }
}

fn gone() -> Failure {
    Failure::client(Reason::ClientClosed, Phase::RequestBody, "the client went away")
}

fn not_read(unread: &Unread, bytes_max: u64) -> Failure {
    match unread {
        Unread::TooLarge => Failure::client(
            Reason::BodyTooLarge,
            Phase::RequestBody,
            format!("a mock takes bodies of up to {bytes_max} bytes"),
        ),
        Unread::Broken(WireError::Stalled | WireError::TooSlow) => Failure::client(
            Reason::ClientTimeout,
            Phase::RequestBody,
            "the body did not come in time",
        ),
        Unread::Unsound(_) | Unread::Broken(_) => gone(),
    }
}
