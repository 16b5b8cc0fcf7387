//! The transport of 2024-11-05: one stream of events from the server, whose first says where
//! messages go by POST. What they answer comes on the stream.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::Secret;
use architrave_mcp::message::MessageLimits;
use architrave_mcp::place::MessagePlace;
use architrave_mcp::stream::{StreamReader, Streamed};
use architrave_net::dns::Resolver;
use architrave_net::egress::Permission;
use architrave_net::feed::Feed;
use architrave_net::fetch::{self, Destination, Question, QuestionBody};
use architrave_net::tls::ClientTls;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::line::LineError;
use super::server::SessionLimits;

/// How long a server may take to answer, and then to say where messages go.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Servers say that they are there several times a minute.
const STALL: Duration = Duration::from_secs(10 * 60);

/// Where such a server is.
#[derive(Clone)]
pub(super) struct OldPlace(Arc<Inner>);

/// Who looks names up, and where.
#[derive(Clone)]
pub(super) struct Names {
    pub resolver: Arc<Resolver>,
    pub runtime: Handle,
}

struct Inner {
    names: Names,
    tls: Option<ClientTls>,
    host: String,
    port: u16,
    authority: String,
    target: String,
    fields: Vec<(String, Secret)>,
    permission: Permission,
    limits: SessionLimits,
}

/// What is needed to reach one.
#[derive(Debug)]
pub(super) struct OldUrl<'a> {
    /// Whether it is `https`.
    pub is_encrypted: bool,
    /// The host, without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Host and port as the URL has them.
    pub authority: &'a str,
    /// Path and query of the stream.
    pub target: &'a str,
    /// What is said with every request.
    pub fields: Vec<(String, Secret)>,
    /// Whether its name may lead to an address that is not of the public internet.
    pub allow_private: bool,
    /// How many sessions there may be, and for how long.
    pub limits: SessionLimits,
}

impl std::fmt::Debug for OldPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "OldPlace({}{})", self.0.authority, self.0.target)
    }
}

impl OldPlace {
    /// Nothing is asked yet. `tls` is used where the URL says so.
    pub(super) fn new(url: OldUrl<'_>, names: Names, tls: ClientTls) -> Self {
        Self(Arc::new(Inner {
            names,
            tls: url.is_encrypted.then_some(tls),
            host: url.host.to_owned(),
            port: url.port,
            authority: url.authority.to_owned(),
            target: url.target.to_owned(),
            fields: url.fields,
            permission: Permission::of_host(url.host, url.allow_private),
            limits: url.limits,
        }))
    }

    /// What holds for its sessions.
    pub(super) fn limits(&self) -> SessionLimits {
        self.0.limits
    }

    /// Opens the stream, and waits for where messages go.
    pub(super) async fn open(&self) -> Result<(OldMouth, OldEar), LineError> {
        let old = |why: String| LineError::Old(why);
        let inner = &self.0;
        let fields = inner.fields();
        let question = Question {
            accept: Some("text/event-stream"),
            ..inner.question(&inner.target, &fields)
        };
        let addresses = self.addresses().await.map_err(&old)?;
        let (permission, tls) = (Some(inner.permission), inner.tls.as_ref());
        let feed = Feed::open(&addresses, permission, tls, &question, OPEN_TIMEOUT).await;
        let feed = feed.map_err(|error| old(error.to_string()))?;
        let kind = feed.fields.get("content-type").unwrap_or_default().to_ascii_lowercase();
        if feed.status != 200 || !kind.starts_with(b"text/event-stream") {
            return Err(old(format!("it answered {} and no stream of events", feed.status)));
        }
        let scheme = if inner.tls.is_some() { "https" } else { "http" };
        let place = MessagePlace::of_stream(scheme, &inner.authority, &inner.target);
        let address = feed.address;
        let events = StreamReader::new(MessageLimits::default());
        let heard = VecDeque::new();
        let mut ear = OldEar { feed, events, place, heard };
        let placed = timeout(OPEN_TIMEOUT, ear.until_placed()).await;
        let target = placed.unwrap_or(None);
        let target = target.ok_or_else(|| old("it does not say where messages go".to_owned()))?;
        let mouth = OldMouth { place: self.clone(), address, target: target.into() };
        Ok((mouth, ear))
    }

    /// Where its host is; names are looked up where that is done.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let place = self.clone();
        let looking_up = self.0.names.runtime.spawn(async move {
            let Inner { names, host, port, .. } = &*place.0;
            let destination = Destination { host, port: *port, permission: None };
            let found = timeout(OPEN_TIMEOUT, fetch::addresses(&names.resolver, destination)).await;
            match found {
                Ok(found) => found.map_err(|error| error.to_string()),
                Err(_late) => Err("its name is not found in time".to_owned()),
            }
        });
        looking_up.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

impl Inner {
    fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, value.expose())).collect()
    }

    fn question<'a>(&'a self, target: &'a str, fields: &'a [(&'a str, &'a str)]) -> Question<'a> {
        Question {
            authority: &self.authority,
            host: &self.host,
            path: target,
            fields,
            ..Question::default()
        }
    }
}

/// Says messages to such a server.
#[derive(Clone, Debug)]
pub(super) struct OldMouth {
    place: OldPlace,
    /// The very one that the stream is of: behind a name there may be several servers.
    address: SocketAddr,
    target: Arc<str>,
}

impl OldMouth {
    pub(super) async fn say(&self, message: &[u8]) -> Result<(), LineError> {
        let inner = &self.place.0;
        let fields = inner.fields();
        let question = Question {
            body: Some(QuestionBody { content_type: "application/json", bytes: message }),
            ..inner.question(&self.target, &fields)
        };
        let asked = fetch::ask(self.address, inner.tls.as_ref(), &question).await;
        let answer = asked.map_err(|error| LineError::Old(error.to_string()))?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(LineError::Old(format!("it answered {status} to a message"))),
        }
    }
}

/// Hears such a server.
#[derive(Debug)]
pub(super) struct OldEar {
    feed: Feed,
    events: StreamReader,
    place: MessagePlace,
    heard: VecDeque<Bytes>,
}

impl OldEar {
    async fn until_placed(&mut self) -> Option<String> {
        loop {
            if let Some(target) = self.place.target() {
                return Some(target.to_owned());
            }
            if !self.read().await {
                return None;
            }
        }
    }

    pub(super) async fn hear(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = self.heard.pop_front() {
                return Some(message);
            }
            if !matches!(timeout(STALL, self.read()).await, Ok(true)) {
                return None;
            }
        }
    }

    /// Reads what comes next; false when the stream is of no use any more.
    async fn read(&mut self) -> bool {
        let mut bytes = Vec::new();
        match self.feed.next(&mut bytes).await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                tracing::warn!(%error, "the stream of an MCP server broke off");
                return false;
            }
        }
        let (place, heard) = (&mut self.place, &mut self.heard);
        let mut is_well = true;
        self.events.push(&bytes, &mut |event| match event {
            Streamed::Message { text, .. } => {
                heard.push_back(Bytes::copy_from_slice(text.as_bytes()))
            }
            Streamed::Endpoint(reference) => {
                if let Err(wrong) = place.say(&reference) {
                    tracing::warn!("an MCP server is not spoken to: {wrong}");
                    is_well = false;
                }
            }
            Streamed::Mark { .. } => {}
            Streamed::Wrong(_) | Streamed::TooLarge => {
                tracing::warn!("a message of an MCP server is lost");
            }
        });
        is_well
    }
}
