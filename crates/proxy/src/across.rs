//! MCP servers of the other era than a client's: made to speak the client's, by what
//! `architrave_mcp::between` says in the words of both.
//!
//! It stands behind the bridge, as Streamable HTTP of this machine: the relay finds a server there
//! that speaks as the client does. Sessions and calls that wait for an answer live on the bridge's
//! thread, where every worker reaches them.

mod client_session;
mod far_session;
mod from_legacy;
mod from_modern;
mod hearing;
mod listening;
mod outlet;
mod parked;
mod reach;
mod rounds;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use architrave_mcp::header;
use architrave_mcp::message::{Message, MessageLimits, Part};
use architrave_mcp::mirrored::Mirrored;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::{Era, Revision};
use architrave_net::RequestHead;
use architrave_net::whole::WholeResponse;

pub(crate) use reach::{CALLER, Reach};

use client_session::ClientSessions;
use far_session::FarSessions;
use outlet::refused;
use parked::Parking;

/// A server of the other era.
#[derive(Debug)]
pub(crate) struct Across {
    reach: Reach,
    /// Sessions with it, where it is of the legacy era.
    far: FarSessions,
    /// Calls of modern clients that wait for answers.
    parking: Parking,
    /// Sessions of legacy clients, where it is of the modern era.
    clients: ClientSessions,
    /// Which arguments of its tools are said again in headers.
    mirrored: RefCell<HashMap<String, Vec<Mirrored>>>,
    last: Cell<u64>,
}

/// A message of a client, and what is said beside it.
#[derive(Debug, Clone)]
struct Said {
    message: Rc<Message>,
    text: Rc<str>,
    /// For whom, where it is not said by a session.
    caller: Rc<str>,
    /// What goes along.
    along: Rc<[(String, String)]>,
}

impl Said {
    /// The JSON of the id of the request.
    fn id(&self) -> &str {
        self.message.id(&self.text).unwrap_or("null")
    }
}

impl Across {
    /// Nothing is asked yet.
    pub(crate) fn new(reach: Reach) -> Self {
        Self {
            reach,
            far: FarSessions::default(),
            parking: Parking::default(),
            clients: ClientSessions::default(),
            mirrored: RefCell::default(),
            last: Cell::new(0),
        }
    }

    /// It is not there any more.
    pub(crate) fn end(&self) {
        self.far.end();
        self.parking.end();
        self.clients.end();
    }

    /// An id that nothing else of ours has.
    fn next_id(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    /// Answers a request of the relay.
    pub(crate) async fn answer(self: &Rc<Self>, head: &RequestHead, body: &[u8]) -> WholeResponse {
        let fields = &head.fields;
        let said = |name: &'static str| std::str::from_utf8(fields.get(name)?).ok();
        let session = said(header::SESSION);
        if head.method != architrave_net::Method::Post {
            return from_legacy::without_body(self, &head.method, session).await;
        }
        let Ok(text) = std::str::from_utf8(body) else {
            return refused(&Refusal::new(RefusalKind::NoJson, ""), None, Era::Legacy);
        };
        let message = match Message::read(text, &MessageLimits::default()) {
            Ok(message) => message,
            Err(unread) => return refused(&unread.refusal, unread.id.as_deref(), Era::Legacy),
        };
        let is_modern = message.has(Part::MetaVersion)
            || said(header::VERSION).and_then(Revision::named).map(Revision::era)
                == Some(Era::Modern);
        let said = Said {
            message: Rc::new(message),
            text: text.into(),
            caller: said(CALLER).unwrap_or_default().into(),
            along: reach::along(&head.fields),
        };
        match is_modern {
            true => Box::pin(from_modern::post(self, said)).await,
            false => Box::pin(from_legacy::post(self, session, said)).await,
        }
    }
}
