//! Several servers as one: what a client says goes to the server that it is for, or to all of them.

mod begin;
mod call;
mod lists;
mod tell;

use std::pin::pin;
use std::sync::Arc;

use architrave_mcp::between::changes::Filter;
use architrave_mcp::header::{self, Heads};
use architrave_mcp::list::ListKind;
use architrave_mcp::message::{Message, MessageKind, Part};
use architrave_mcp::method::Method as McpMethod;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_mcp::session::{ServerSession, Session};
use architrave_mcp::stream::StreamWriter;
use architrave_net::{Method, Reader};

use super::Missed;
use super::access::viewer;
use super::answer::McpAnswer;
use super::fan::{Asked, ask_all, open_all};
use super::gathered::{AnswerKind, Gathered};
use super::incoming::Incoming;
use super::outgoing::{Beside, beside, beside_legacy, beside_modern};
use super::relay::counted_as;
use super::stream::{Feed, Listening, McpStream, Role};
use crate::attempt::Answered;
use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mcp::{LiveMcpService, Sought};
use crate::worker::Worker;

/// A message for several servers.
struct Said<'s> {
    service: &'s Arc<LiveMcpService>,
    message: &'s Message,
    text: &'s str,
    era: Era,
    version: Option<&'s str>,
    session: Option<&'s Session>,
}

impl<'s> Said<'s> {
    /// The id of the request.
    fn id(&self) -> &'s str {
        self.message.id(self.text).unwrap_or("null")
    }

    /// What the client's session has with a server.
    fn own(&self, place: usize) -> Option<&'s ServerSession> {
        self.session?.with(self.service.servers[place].name())
    }

    /// The servers that can be asked: of a client with a session, those that it was made with.
    fn places(&self) -> impl Iterator<Item = usize> {
        (0..self.service.servers.len())
            .filter(|place| self.session.is_none() || self.own(*place).is_some())
    }

    /// Holds a server's answer to its part of the session being there. Where it is not, all of it is
    /// over: a client that went on without that server would miss what it had and not know why.
    ///
    /// # Errors
    /// It is not.
    fn hold_session(&self, place: usize, gathered: &Gathered) -> Result<(), Missed> {
        let has_session = self.own(place).is_some_and(|own| own.id.is_some());
        match gathered.status == 404 && has_session {
            true => Err(Refusal::new(RefusalKind::SessionUnknown, "make another").into()),
            false => Ok(()),
        }
    }

    /// What is said beside the message, to a server that knows what is asked for as `own_name`.
    fn beside(&self, place: usize, own_name: Option<&str>) -> Beside {
        beside(self.era, (self.message, self.text), own_name, (self.version, self.own(place)))
    }

    /// The message for one of several servers.
    fn asked(&self, place: usize, body: Vec<u8>) -> Asked {
        Asked {
            place,
            verb: Method::Post,
            counted_as: counted_as(self.message.method()),
            body,
            beside: self.beside(place, None),
            era: self.era,
            own: self.own(place).cloned(),
            is_repeatable: self.message.method().is_some_and(McpMethod::is_repeatable),
        }
    }

    /// The message as it came, for each server that can be asked.
    fn asked_of_all(&self) -> Vec<Asked> {
        self.places().map(|place| self.asked(place, self.text.as_bytes().to_vec())).collect()
    }
}

/// Answers a message, or has it answered.
///
/// # Errors
/// There is no answer.
pub(super) async fn post<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    service: &Arc<LiveMcpService>,
    incoming: Incoming,
) -> Result<McpAnswer<'a>, Missed> {
    let Some(message) = incoming.message() else {
        let about = "several servers are one here: send one message at a time";
        return Err(Refusal::new(RefusalKind::Batch, about).into());
    };
    let said = Said {
        service,
        message,
        text: &incoming.text,
        era: incoming.arrival.era(),
        version: incoming.version.as_deref(),
        session: incoming.session.as_ref(),
    };
    let said = &said;
    match (message.kind(), message.method()) {
        (MessageKind::Request, Some(method)) => match method {
            McpMethod::Initialize => {
                let revision = incoming.arrival.revision();
                pin!(begin::initialize(worker, exchange, said, revision)).await
            }
            McpMethod::ServerDiscover => pin!(begin::discover(worker, exchange, said)).await,
            McpMethod::Ping => Ok(McpAnswer::whole(200, tell::empty_result(said.id()))),
            McpMethod::LoggingSetLevel => pin!(tell::request_to_all(worker, exchange, said)).await,
            McpMethod::SubscriptionsListen => {
                pin!(listen(worker, exchange, client.reader, said)).await
            }
            method => match ListKind::of(method) {
                Some(kind) => pin!(lists::list(worker, exchange, said, kind)).await,
                None => Box::pin(call::to_owner(worker, exchange, client, said, method)).await,
            },
        },
        (MessageKind::Request, None) => {
            let method = message.method_text(said.text).unwrap_or_default();
            Err(Refusal::unknown_method(&method).into())
        }
        (MessageKind::Notification, _) => pin!(tell::notify(worker, exchange, said)).await,
        (MessageKind::Response | MessageKind::Failure, _) => {
            pin!(tell::answer(worker, exchange, client, said)).await
        }
    }
}

/// Listens to changes at all servers, as a client of the modern era does.
async fn listen<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: &'a mut Reader,
    said: &Said<'_>,
) -> Result<McpAnswer<'a>, Missed> {
    let wanted = Filter::read(said.message, said.text)?;
    let meta = said.message.raw(Part::Meta, said.text).unwrap_or("{}");
    let mut of_servers: Vec<Filter> =
        said.places().map(|_| Filter { uris: Vec::new(), ..wanted.clone() }).collect();
    let viewer = viewer(exchange, said.service).unwrap_or_default();
    for uri in &wanted.uris {
        // Whose resource it is nobody knows: nothing is heard of it, as of one that is not there.
        let owner = said.service.owner(ListKind::Resources, uri).filter(|(place, own)| {
            let sought = Sought { place: *place, kind: ListKind::Resources, name: own };
            said.service.access.as_ref().is_none_or(|access| access.shows(&viewer, sought))
        });
        if let Some((place, own)) = owner {
            of_servers[place].uris.push(own.into_owned());
        }
    }
    let asked = of_servers.iter().enumerate().map(|(place, filter)| Asked {
        beside: beside_modern(said.message, said.text, None),
        ..said.asked(place, filter.listen(said.id(), meta))
    });
    let asked: Vec<Asked> = asked.collect();
    let opened = pin!(open_all(worker, exchange, said.service, asked)).await;
    let feeds = streams(said.service, opened)?;
    let patience = feeds.iter().map(|feed| feed.patience()).max().unwrap_or_default();
    let listening = Box::new(Listening::new(said.id(), feeds.len(), patience));
    let about = (Arc::clone(said.service), true, Era::Modern);
    Ok(McpAnswer::stream(McpStream::new(feeds, Role::Listen(listening), about, client)))
}

/// Opens the streams of what servers say by themselves, as one.
///
/// # Errors
/// No server has one.
pub(super) async fn get<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    (service, session, heads): (&Arc<LiveMcpService>, Option<&Session>, &Heads<'_>),
) -> Result<McpAnswer<'a>, Missed> {
    let mut writer = StreamWriter::new(heads.last_event);
    let is_back = heads.last_event.is_some()
        && service.servers.iter().any(|it| writer.last_of(it.name()).is_some());
    let mut asked = Vec::new();
    for (place, server) in service.servers.iter().enumerate() {
        let own = session.and_then(|session| session.with(server.name()));
        let mark = writer.last_of(server.name());
        // Whoever comes back finds those streams again that he has had.
        if (session.is_some() && own.is_none()) || (is_back && mark.is_none()) {
            continue;
        }
        let mut beside = beside_legacy(heads.version, own);
        if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
            beside.push((header::LAST_EVENT, mark.to_owned()));
        }
        asked.push(Asked {
            place,
            verb: Method::Get,
            counted_as: "(stream)",
            body: Vec::new(),
            beside,
            era: Era::Legacy,
            own: own.cloned(),
            is_repeatable: true,
        });
    }
    let opened = pin!(open_all(worker, exchange, service, asked)).await;
    let feeds = streams(service, opened)?;
    if !is_back {
        let names = feeds.iter().map(|feed| service.servers[feed.place()].name());
        let begun: Vec<String> = names.map(|name| format!("{name}=")).collect();
        writer = StreamWriter::new(Some(&begun.join("~")));
    }
    let about = (Arc::clone(service), true, Era::Legacy);
    let stream = McpStream::new(feeds, Role::Open, about, client.reader);
    Ok(McpAnswer::stream(stream.writing(writer)))
}

/// The streams among answers.
///
/// # Errors
/// There is none among them.
fn streams(
    service: &Arc<LiveMcpService>,
    opened: Vec<(usize, Result<Box<Answered>, Failure>)>,
) -> Result<Vec<Feed>, Missed> {
    let mut feeds = Vec::new();
    let mut missed = None;
    for (place, answer) in opened {
        match answer {
            Ok(answered)
                if answered.head.status == 200
                    && AnswerKind::of(&answered.head.fields) == AnswerKind::Events =>
            {
                feeds.push(Feed::new(place, Arc::clone(&service.servers[place]), answered));
            }
            Ok(answered) if answered.head.status == 404 => {
                missed = Some(Refusal::new(RefusalKind::SessionUnknown, "make another").into());
            }
            Ok(_) => {}
            Err(failure) => missed = missed.or(Some(Missed::Failed(failure))),
        }
    }
    match (feeds.is_empty(), missed) {
        (false, _) => Ok(feeds),
        (true, Some(missed)) => Err(missed),
        (true, None) => {
            Err(Refusal::new(RefusalKind::WrongVerb, "no server has such a stream").into())
        }
    }
}

/// Ends a session with all servers.
///
/// # Errors
/// None could be told.
pub(super) async fn delete<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    (service, session): (&Arc<LiveMcpService>, &Session),
) -> Result<McpAnswer<'a>, Missed> {
    let asked = service.servers.iter().enumerate().filter_map(|(place, server)| {
        let own = session.with(server.name()).filter(|own| own.id.is_some())?;
        Some(Asked {
            place,
            verb: Method::Delete,
            counted_as: "(end)",
            body: Vec::new(),
            beside: beside_legacy(None, Some(own)),
            era: Era::Legacy,
            own: Some(own.clone()),
            is_repeatable: true,
        })
    });
    // Whatever they say of it: the client will not come back with it.
    let _told = pin!(ask_all(worker, exchange, service, asked.collect(), None)).await;
    Ok(McpAnswer::whole(204, Vec::new()))
}
