//! A message of a client, read and held to the rules of its era; and its session, opened.

use std::pin::pin;

use architrave_core::Reason;
use architrave_mcp::arrival::{Arrival, era_of_heads};
use architrave_mcp::header::Heads;
use architrave_mcp::message::{Body, Message, MessageKind, MessageLimits};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::Session;
use architrave_net::{Fields, Reader, WireError, Writer};
use architrave_telemetry::Phase;

use super::{front, session};
use crate::dispatch::llm::{Unread as UnreadBody, give_leave, read_body};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::LiveMcpService;
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// What a client has sent.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The text of the body.
    pub text: String,
    /// What it holds.
    pub body: Body,
    /// What it was found to be; of several, the first one.
    pub arrival: Arrival,
    /// Its session.
    pub session: Option<Session>,
    /// `MCP-Protocol-Version`, where it was said.
    pub version: Option<String>,
}

impl Incoming {
    /// The message, where it is one.
    pub(super) fn message(&self) -> Option<&Message> {
        match &self.body {
            Body::One(message) => Some(message),
            Body::Several(_) => None,
        }
    }

    /// The id of the request that it is.
    pub(super) fn id(&self) -> Option<&str> {
        self.message().filter(|message| message.kind() == MessageKind::Request)?.id(&self.text)
    }
}

/// A message that is refused.
#[derive(Debug)]
pub(super) struct Unread {
    /// Why.
    pub refusal: Refusal,
    /// Whom the refusal answers.
    pub id: Option<Box<str>>,
    /// In whose words.
    pub era: Era,
}

/// The headers of the protocol.
pub(super) fn heads(fields: &Fields) -> Result<Heads<'_>, Refusal> {
    // What is no text says nothing that a body could say as well.
    let text = |bytes| str::from_utf8(bytes).unwrap_or("\u{1}");
    Heads::of(fields.iter().map(|field| (text(field.name), text(field.value))))
}

/// Reads what a client sends.
///
/// # Errors
/// The client is gone; within, why its message is refused.
pub(super) async fn read(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (reader, writer, facts): (&mut Reader, &mut Writer, &RequestFacts),
    service: &LiveMcpService,
    heads: &Heads<'_>,
) -> Result<Result<Incoming, Unread>, Failure> {
    let era = era_of_heads(heads);
    let unread = |refusal: Refusal| Ok(Err(Unread { refusal, id: None, era }));
    if let Err(refusal) = front::takes_messages(&exchange.head.fields) {
        return unread(refusal);
    }
    let bytes_max = exchange.admission.body_bytes_max.unwrap_or(u64::MAX);
    let bytes_max = bytes_max.min(service.config.body_bytes_max);
    give_leave(facts, writer).await.map_err(|_gone| gone())?;
    reader.limit_pace(exchange.connection.listener.body_pace());
    let bytes = match pin!(read_body(reader, facts, bytes_max, |_piece| Ok(()))).await {
        Ok(bytes) => bytes,
        Err(UnreadBody::TooLarge) => {
            let about = format!("up to {bytes_max} bytes are taken");
            return unread(Refusal::new(RefusalKind::TooLarge, about));
        }
        Err(UnreadBody::Broken(error)) => return Err(broken(&error)),
        Err(UnreadBody::Unsound(_)) => return Err(gone()),
    };
    exchange.is_body_read = true;
    exchange.note_request_body(&bytes);
    exchange.timings.read_at = exchange.timings.read_at.or(Some(worker.now()));
    let Ok(text) = String::from_utf8(bytes) else {
        return unread(Refusal::new(RefusalKind::NoJson, "the body is not UTF-8"));
    };
    Ok(judge(worker, exchange, (service, heads), text))
}

fn judge(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    (service, heads): (&LiveMcpService, &Heads<'_>),
    text: String,
) -> Result<Incoming, Unread> {
    let era = era_of_heads(heads);
    let limits = MessageLimits {
        bytes_max: usize::try_from(service.config.body_bytes_max).unwrap_or(usize::MAX),
        ..MessageLimits::default()
    };
    let revision = match (heads.version, heads.session) {
        (Some(version), _) => Revision::named(version),
        // Then it is that of its session.
        (None, Some(id)) => session::open(worker, exchange, id).map(|session| session.revision),
        (None, None) => Some(Revision::UNSAID),
    };
    let may_be_several = revision.is_some_and(Revision::has_batches);
    let body = match may_be_several {
        true => Body::read(text.as_bytes(), &limits),
        false => Message::read(&text, &limits).map(Body::One),
    };
    let body = body.map_err(|unread| Unread {
        refusal: of_era(unread.refusal, heads, era),
        id: unread.id,
        era,
    })?;
    let arrival = match &body {
        Body::One(message) => {
            if let Some(facts) = &mut exchange.mcp {
                facts.note(message, &text);
            }
            arrival_of(message, &text, heads)?
        }
        Body::Several(entries) => {
            let mut first = None;
            for entry in entries {
                let text = &text[entry.range.clone()];
                let message = entry.message.as_ref().map_err(|unread| Unread {
                    refusal: unread.refusal.clone(),
                    id: unread.id.clone(),
                    era,
                })?;
                let arrival = arrival_of(message, text, heads)?;
                if arrival.era() == Era::Modern {
                    let refusal = Refusal::new(RefusalKind::Batch, "one message is expected");
                    return Err(Unread { refusal, id: None, era: Era::Modern });
                }
                first.get_or_insert(arrival);
            }
            first.expect("a batch that was read is not empty")
        }
    };
    let session = match (arrival, heads.session) {
        (Arrival::Legacy { .. }, Some(id)) => {
            let session = session::open(worker, exchange, id);
            let id = |body: &Body| match body {
                Body::One(message) => message.id(&text).map(Box::from),
                Body::Several(_) => None,
            };
            Some(session.ok_or_else(|| Unread {
                refusal: Refusal::new(RefusalKind::SessionUnknown, "make another"),
                id: id(&body),
                era: Era::Legacy,
            })?)
        }
        _ => None,
    };
    let version = heads.version.map(str::to_owned);
    Ok(Incoming { text, body, arrival, session, version })
}

/// A method that this era has not is refused for that, whatever else is wrong with the message.
fn of_era(refusal: Refusal, heads: &Heads<'_>, era: Era) -> Refusal {
    let method = heads.method.and_then(Method::named).filter(|method| !method.is_of_era(era));
    match (refusal.kind, method) {
        (RefusalKind::WrongParams, Some(method)) => Refusal::unknown_method(method.as_str()),
        _ => refusal,
    }
}

fn arrival_of(message: &Message, text: &str, heads: &Heads<'_>) -> Result<Arrival, Unread> {
    Arrival::of(message, text, heads).map_err(|(refusal, era)| {
        let is_request = message.kind() == MessageKind::Request;
        let id = message.id(text).filter(|_| is_request).map(Box::from);
        Unread { refusal, id, era }
    })
}

fn gone() -> Failure {
    Failure::client(Reason::ClientClosed, Phase::RequestBody, "the client went away")
}

fn broken(error: &WireError) -> Failure {
    match error {
        WireError::Stalled | WireError::TooSlow => Failure::client(
            Reason::ClientTimeout,
            Phase::RequestBody,
            "the body did not come in time",
        ),
        _ => gone(),
    }
}
