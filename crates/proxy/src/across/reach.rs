//! How a server of the other era is reached: at the endpoints of its upstream, as they are balanced
//! and limited for everybody, each request over a connection of its own.

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::{Criteria, Load, Outcome};
use architrave_config::{McpTimeouts, UpstreamProtocol};
use architrave_core::Clock;
use architrave_net::egress::Permission;
use architrave_net::feed::Feed;
use architrave_net::fetch::{Question, QuestionBody};
use architrave_net::{Fields, Method};

use super::hearing::Hearing;
use crate::assembly::LiveUpstream;
use crate::queue::Place;

/// The header by which the relay says for whom a request is, of those who have no session.
pub(crate) const CALLER: &str = "architrave-mcp-caller";

/// Fields that mean something between two sides of a connection, or that are written anew.
const OURS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    CALLER,
];

/// How a server is reached.
#[derive(Clone)]
pub(crate) struct Reach {
    /// What it is called.
    pub name: Arc<str>,
    /// Its endpoints.
    pub upstream: Arc<LiveUpstream>,
    /// Host and port as requests name them; those of the endpoint where nothing is said.
    pub authority: Option<Box<str>>,
    /// The path.
    pub target: Box<str>,
    /// What is said to it with every request.
    pub fields: Fields,
    /// Bounds on how long it may take.
    pub timeouts: McpTimeouts,
    /// The time that its endpoints are judged by.
    pub clock: Clock,
}

impl fmt::Debug for Reach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Reach({})", self.name)
    }
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// With which method of HTTP.
    pub verb: Method,
    /// The message.
    pub body: &'a [u8],
    /// Headers of the protocol.
    pub beside: &'a [(&'a str, String)],
    /// What a client's request says beside.
    pub along: &'a [(String, String)],
    /// The endpoint that has made the session.
    pub pinned: Option<SocketAddr>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Missed {
    /// None can be asked.
    #[error("it cannot be reached: {0}")]
    Unreached(String),
    /// The endpoint of the session is not there any more.
    #[error("the endpoint of the session is not there any more")]
    Moved,
    /// The answer is none.
    #[error("{0}")]
    Foreign(String),
}

/// The weight of a request at its endpoint and its upstream, for as long as it lasts.
#[derive(Debug)]
pub(super) struct Weight {
    load: Option<Load>,
    _place: Place,
    clock: Clock,
}

impl Weight {
    /// What came of it.
    pub(super) fn finish(&mut self, outcome: Outcome) {
        if let Some(load) = self.load.take() {
            let _turned = load.finish(outcome, self.clock.now());
        }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.finish(Outcome::Neutral);
    }
}

impl Reach {
    /// Asks, and gives what is heard with its head read.
    pub(super) async fn ask(&self, asked: Asked<'_>) -> Result<Hearing, Missed> {
        let upstream = &self.upstream;
        if matches!(upstream.config.protocol, UpstreamProtocol::H2 | UpstreamProtocol::H2c) {
            let why = "servers of the other era are spoken to by HTTP/1.1";
            return Err(Missed::Unreached(why.to_owned()));
        }
        let place = upstream.queue.try_take();
        let place =
            place.ok_or_else(|| Missed::Unreached("too many requests to it wait".to_owned()))?;
        let criteria = Criteria { hash: fastrand::u64(..), pinned: asked.pinned, tried: &[] };
        let now = self.clock.now();
        let reserved = upstream.balance.reserve(&criteria, now, &mut fastrand::Rng::new());
        let reserved = reserved.map_err(|error| Missed::Unreached(error.to_string()))?;
        let address = reserved.endpoint().address();
        if asked.pinned.is_some_and(|pinned| pinned != address) {
            return Err(Missed::Moved);
        }
        let load = Some(reserved.begin(now));
        let mut weight = Weight { load, _place: place, clock: self.clock.clone() };
        let opened = self.open(address, &asked).await;
        match opened {
            // What it says of credentials is about those of the gateway, and none of its clients'.
            Ok(feed) if matches!(feed.status, 401 | 403 | 407) => {
                Err(Missed::Foreign(format!("it does not let the gateway in ({})", feed.status)))
            }
            Ok(feed) => {
                let now = self.clock.now();
                if feed.status < 500
                    && let Some(load) = &mut weight.load
                {
                    load.answered(now);
                }
                Ok(Hearing::new(feed, weight, self.timeouts.stall))
            }
            Err(error) => {
                weight.finish(Outcome::Failure);
                Err(Missed::Unreached(error))
            }
        }
    }

    async fn open(&self, address: SocketAddr, asked: &Asked<'_>) -> Result<Feed, String> {
        let upstream = &self.upstream.config;
        let authority =
            self.authority.as_deref().map_or_else(|| address.to_string(), str::to_owned);
        let host = architrave_net::message::host_of(&authority);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let written: Vec<(&str, &str)> = (self.fields.iter())
            .filter_map(|field| {
                Some((
                    std::str::from_utf8(field.name).ok()?,
                    std::str::from_utf8(field.value).ok()?,
                ))
            })
            .collect();
        let is_written = |name: &str| written.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let along = asked.along.iter().map(|(name, value)| (&**name, &**value));
        let beside = asked.beside.iter().map(|(name, value)| (*name, &**value));
        let mut fields: Vec<(&str, &str)> =
            along.chain(beside).filter(|(name, _)| !is_written(name)).collect();
        fields.extend(&written);
        let question = Question {
            authority: &authority,
            host,
            path: &self.target,
            method: Some(&asked.verb),
            fields: &fields,
            accept: Some(match asked.verb {
                Method::Get => "text/event-stream",
                _ => "application/json, text/event-stream",
            }),
            body: (!asked.body.is_empty())
                .then_some(QuestionBody { content_type: "application/json", bytes: asked.body }),
            ..Question::default()
        };
        let permission = Permission::of_upstream(upstream.egress);
        let tls = self.upstream.connector.plain_tls();
        let patience = self.timeouts.answer.max(Duration::from_secs(1));
        let opened = Feed::open(&[address], permission, tls, &question, patience).await;
        opened.map_err(|error| error.to_string())
    }
}

/// What of a request goes along with it to the server.
pub(super) fn along(fields: &Fields) -> Rc<[(String, String)]> {
    let stays = |name: &str| {
        let is_ours = OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours));
        is_ours || (name.len() >= 4 && name.as_bytes()[..4].eq_ignore_ascii_case(b"mcp-"))
    };
    let text = |bytes| std::str::from_utf8(bytes).ok();
    let fields = fields.iter().filter_map(|field| Some((text(field.name)?, text(field.value)?)));
    let fields = fields.filter(|(name, _)| !stays(name));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
