//! The stream of an MCP client: the events of one server, or of several as one, each looked at on
//! its way.
//!
//! A silent stream says now and then that it is alive. When its client goes, those of the servers
//! are dropped: to a modern server that says that nobody wants the answer any more, and to a legacy
//! one nothing.

mod listening;
mod told;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_core::Reason;
use architrave_mcp::message::MessageLimits;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_mcp::stream::{StreamReader, StreamWriter, Streamed};
use architrave_net::h1::Gone;
use architrave_net::{Fields, Reader, Source, Timer, WireError};
use architrave_wire::sse::KEEP_ALIVE;

use super::answer::failed;
use crate::assembly::LiveUpstream;
use crate::attempt::Answered;
use crate::mcp::{LiveMcpServer, LiveMcpService};

pub(super) use listening::Listening;

/// Silence after which a stream says that it is alive: proxies take one for dead after half a minute.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// How long a server may take to end its stream once it has answered: then its connection can carry
/// another request.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Pieces of servers' streams that are read before others have a turn.
const PIECES_PER_TURN: u32 = 16;

/// The stream of a client.
#[derive(Debug)]
pub(crate) struct McpStream<'a> {
    feeds: VecDeque<Feed>,
    /// Those that are over, whose connections can go on.
    ended: Vec<Feed>,
    telling: Telling,
    client: &'a mut Reader,
    taken: usize,
    alive: Timer,
    /// Whether one of several servers is heard no more.
    has_lost: bool,
    is_over: bool,
    /// Why it broke off, where it did.
    broken: Option<Reason>,
}

/// What is told the client of events, and how.
#[derive(Debug)]
struct Telling {
    role: Role,
    service: Arc<LiveMcpService>,
    is_merged: bool,
    era: Era,
    writer: StreamWriter,
    out: Vec<u8>,
    /// Whether what the client asked has been answered.
    is_answered: bool,
    /// Whether an event had an id: then the client can come back to the stream.
    has_marks: bool,
}

/// What a stream is for.
#[derive(Debug)]
pub(super) enum Role {
    /// The answer to a request.
    Call {
        /// Its id.
        id: String,
        /// The JSON of the token of its progress, where it has one.
        token: Option<String>,
    },
    /// Answers to several requests.
    Several,
    /// What servers say by themselves.
    Open,
    /// What changes at several servers.
    Listen(Box<Listening>),
}

impl Role {
    /// Whether it is the answer to the request of that id.
    fn is_call_of(&self, asked: &str) -> bool {
        matches!(self, Self::Call { id, .. } if id == asked)
    }
}

impl Telling {
    /// Whether nothing more is told: the request is answered.
    fn is_done(&self) -> bool {
        self.is_answered && matches!(self.role, Role::Call { .. })
    }
}

/// The stream of one server.
#[derive(Debug)]
pub(super) struct Feed {
    /// The place of the server in the service.
    place: usize,
    server: Arc<LiveMcpServer>,
    answered: Box<Answered>,
    reader: StreamReader,
}

impl Feed {
    /// The events that a server has begun to answer with.
    pub(super) fn new(
        place: usize,
        server: Arc<LiveMcpServer>,
        mut answered: Box<Answered>,
    ) -> Self {
        if let Some(reader) = answered.call.reader() {
            reader.limit_stall(server.timeouts().stall);
        }
        let reader = StreamReader::new(MessageLimits::default());
        Self { place, server, answered, reader }
    }

    /// The place of its server.
    pub(super) const fn place(&self) -> usize {
        self.place
    }

    /// How long its server is waited for where others are.
    pub(super) fn patience(&self) -> Duration {
        self.server.timeouts().list
    }
}

impl<'a> McpStream<'a> {
    /// A stream of these servers' events.
    pub(super) fn new(
        feeds: Vec<Feed>,
        role: Role,
        (service, is_merged, era): (Arc<LiveMcpService>, bool, Era),
        client: &'a mut Reader,
    ) -> Self {
        let mut alive = Timer::new();
        alive.start(ALIVE_EVERY);
        let mut writer = StreamWriter::new(None);
        if let (true, Role::Call { id, .. }, [feed]) = (is_merged, &role, &feeds[..]) {
            writer = writer.answering(feed.server.name(), id);
        }
        let telling = Telling {
            role,
            service,
            is_merged,
            era,
            writer,
            out: Vec::new(),
            is_answered: false,
            has_marks: false,
        };
        Self {
            feeds: feeds.into(),
            ended: Vec::new(),
            telling,
            client,
            taken: 0,
            alive,
            has_lost: false,
            is_over: false,
            broken: None,
        }
    }

    /// The same stream for a client that comes back to it.
    pub(super) fn behind(mut self, last_event: Option<&str>) -> Self {
        self.telling.writer = StreamWriter::new(last_event);
        self
    }

    /// The same stream with the marks of events that its client has seen.
    pub(super) fn writing(mut self, writer: StreamWriter) -> Self {
        self.telling.writer = writer;
        self
    }

    /// Ends a stream on which servers say something now and then: the gateway goes, and the client
    /// finds another. What answers a request goes on to its end.
    pub(crate) fn hang_up(&mut self) {
        if matches!(self.telling.role, Role::Open | Role::Listen(_)) {
            self.feeds.clear();
        }
    }

    /// Whether the client is no longer there; it has nothing more to say.
    pub(crate) fn poll_client_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        self.client.poll_gone(context)
    }

    /// Why it broke off, where it did; and the connections that can go on.
    pub(crate) fn end(
        self,
    ) -> (Option<Reason>, impl Iterator<Item = (Box<Answered>, Arc<LiveUpstream>)>) {
        let ended = self.ended.into_iter().map(|feed| {
            let way = feed.server.way_at(feed.answered.endpoint.address());
            (feed.answered, Arc::clone(&way.upstream))
        });
        (self.broken, ended)
    }

    /// Reads what servers have to say, one piece of each at a time.
    fn poll_feeds(&mut self, context: &mut Context<'_>) {
        let mut pieces = 0;
        let mut waiting = 0;
        while waiting < self.feeds.len() && self.telling.out.is_empty() {
            if pieces == PIECES_PER_TURN {
                context.waker().wake_by_ref();
                return;
            }
            let Some(mut feed) = self.feeds.pop_front() else { return };
            match feed.poll(context, &mut self.telling) {
                Poll::Pending => {
                    waiting += 1;
                    self.feeds.push_back(feed);
                }
                Poll::Ready(Ok(true)) => {
                    (pieces, waiting) = (pieces + 1, 0);
                    self.feeds.push_back(feed);
                }
                Poll::Ready(Ok(false)) => {
                    self.has_lost = true;
                    self.ended.push(feed);
                }
                Poll::Ready(Err(error)) => {
                    self.has_lost = true;
                    self.broken = Some(error.upstream_reason());
                    self.telling.lose(&feed.server);
                }
            }
        }
    }

    /// All servers have said what they had to say.
    fn finish(&mut self) {
        self.is_over = true;
        let telling = &mut self.telling;
        match &telling.role {
            Role::Listen(listening) => {
                let end = listening.end();
                telling.flush_listening(true);
                telling.writer.message(&mut telling.out, None, &end);
            }
            // A client that can come back to the stream does; any other would wait for ever.
            Role::Call { id, .. } if !telling.is_answered && !telling.has_marks => {
                let reason = *self.broken.get_or_insert(Reason::UpstreamReset);
                let mut message = Vec::new();
                Refusal::new(RefusalKind::ServerFailed, failed(reason)).write(
                    &mut message,
                    Some(id),
                    telling.era,
                );
                telling.writer.message(&mut telling.out, None, &message);
            }
            // What is answered is answered.
            _ if telling.is_answered => self.broken = None,
            _ => {}
        }
    }
}

impl Feed {
    /// Reads a piece; `false` where there is none any more.
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        telling: &mut Telling,
    ) -> Poll<Result<bool, WireError>> {
        let Self { place, server, answered, reader } = self;
        let Some(body) = answered.call.reader() else { return Poll::Ready(Ok(false)) };
        let has_more = std::task::ready!(body.poll_fill(context))?;
        let mut each = |event: Streamed<'_>| telling.tell(*place, server, event);
        if has_more {
            let piece = body.data();
            let count = piece.len();
            reader.push(piece, &mut each);
            body.consume(count);
        } else {
            reader.end(&mut each);
        }
        Poll::Ready(Ok(has_more))
    }
}

impl Source for McpStream<'_> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if self.taken < self.telling.out.len() {
            return Poll::Ready(Ok(true));
        }
        self.telling.out.clear();
        self.taken = 0;
        if self.is_over {
            return Poll::Ready(Ok(false));
        }
        self.poll_feeds(context);
        self.telling.flush_listening(false);
        // Who hears what servers say by themselves comes back, and hears all of them again: one who
        // stayed would never know that one of them is missing.
        let is_lost = self.has_lost && matches!(self.telling.role, Role::Open);
        if self.telling.out.is_empty() && (self.feeds.is_empty() || is_lost) {
            self.feeds.clear();
            self.finish();
        }
        if !self.telling.out.is_empty() {
            let wait = if self.telling.is_done() { END_TIMEOUT } else { ALIVE_EVERY };
            self.alive.start(wait);
            return Poll::Ready(Ok(true));
        }
        if self.is_over {
            return Poll::Ready(Ok(false));
        }
        if self.telling.poll_patience(context).is_ready() {
            self.telling.flush_listening(true);
            return Poll::Ready(Ok(true));
        }
        std::task::ready!(self.alive.poll_elapsed(context));
        if self.telling.is_done() {
            self.feeds.clear();
            self.finish();
            return Poll::Ready(Ok(false));
        }
        self.alive.restart();
        self.telling.out.extend_from_slice(KEEP_ALIVE);
        Poll::Ready(Ok(true))
    }

    fn data(&self) -> &[u8] {
        &self.telling.out[self.taken..]
    }

    fn consume(&mut self, count: usize) {
        self.taken += count;
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }
}
