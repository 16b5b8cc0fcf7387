//! Runs an HTTP/2 connection to an endpoint, and finds out when nobody is at its other end any
//! more: one stream that waits in vain has a limit of its own, but all that come after it would
//! be led to the same dead connection.
//!
//! Not how long a connection may be idle: that is the pool's to say.

use std::cell::Cell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::MissedTickBehavior;

/// How often a connection is looked at. What follows is counted in such looks, so that no frame
/// costs a reading of the clock.
const LOOK: Duration = Duration::from_secs(1);

/// How long an endpoint that owes answers may be silent before it is asked whether it is there:
/// short beside the time that a request may take, long beside that of nearly all that do not fail.
const PING_AFTER: Duration = Duration::from_secs(5);

/// How long it may be silent then. It need not be the pong that comes, any byte is a sign of life;
/// so even an endpoint that stands still for collecting its garbage has time.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How far apart pings are while nothing is answered. Servers of gRPC end a connection on which
/// pings come more often than every five minutes, unless they have sent something in between.
const PING_APART: Duration = Duration::from_secs(310);

/// How many pings beyond that such servers forgive. They are spent on requests that are begun in a
/// silence that has been asked about.
const PINGS_FORGIVEN: u32 = 2;

/// How long a connection that nobody holds any more may take to say goodbye.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What is going on on a connection, counted by its streams.
#[derive(Debug, Default)]
pub struct Traffic {
    open: Cell<usize>,
    begun: Cell<u64>,
    answered: Cell<u64>,
}

impl Traffic {
    /// Streams open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.get()
    }

    /// Counts a stream as open until the guard is dropped.
    #[must_use]
    pub fn begin(self: &Rc<Self>) -> OpenStream {
        self.open.set(self.open.get() + 1);
        self.begun.set(self.begun.get() + 1);
        OpenStream(Rc::clone(self))
    }
}

/// A stream that is open.
#[derive(Debug)]
pub struct OpenStream(Rc<Traffic>);

impl OpenStream {
    /// Says that the head of its response has come.
    pub fn answered(&self) {
        self.0.answered.set(self.0.answered.get() + 1);
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// A stream that notes when something is heard on it.
#[derive(Debug)]
pub struct Heard<S> {
    stream: S,
    heard: Rc<Cell<bool>>,
}

impl<S> Heard<S> {
    /// Listens to `stream`.
    pub fn new(stream: S) -> Self {
        Self { stream, heard: Rc::default() }
    }

    /// Set when something is heard; to be cleared by who looks.
    #[must_use]
    pub fn flag(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.heard)
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// One of the sides closed it, or it broke.
    Closed,
    /// The endpoint did not answer pings.
    Dead,
}

/// Runs a connection for as long as there is somebody at its other end, and somebody here who holds
/// `traffic`. Its end, good or bad, is told to each of its streams.
pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    mut connection: h2::client::Connection<Heard<S>, Bytes>,
    heard: Rc<Cell<bool>>,
    traffic: Weak<Traffic>,
) -> End {
    let mut vigil = Vigil::new(connection.ping_pong(), heard, traffic);
    let mut connection = pin!(connection);
    let mut looks = tokio::time::interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _told_to_streams = &mut connection => return End::Closed,
            _look = looks.tick() => {
                if vigil.look() == Verdict::Dead {
                    return End::Dead;
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Alive,
    Dead,
}

/// What is known of the other end, from look to look.
struct Vigil {
    pings: Option<PingPong>,
    heard: Rc<Cell<bool>>,
    traffic: Weak<Traffic>,
    /// Since something was heard.
    silent: Duration,
    /// Since a ping that nothing has followed yet.
    asked: Option<Duration>,
    since_ping: Duration,
    /// Pings since a request was last answered.
    unanswered: u32,
    answered: u64,
    begun_before_ping: u64,
    /// Since nobody holds the connection any more.
    left: Duration,
}

impl Vigil {
    fn new(pings: Option<PingPong>, heard: Rc<Cell<bool>>, traffic: Weak<Traffic>) -> Self {
        Self {
            pings,
            heard,
            traffic,
            silent: Duration::ZERO,
            asked: None,
            since_ping: Duration::ZERO,
            unanswered: 0,
            answered: 0,
            begun_before_ping: 0,
            left: Duration::ZERO,
        }
    }

    fn look(&mut self) -> Verdict {
        self.since_ping += LOOK;
        self.silent += LOOK;
        self.asked = self.asked.map(|asked| asked + LOOK);
        if self.heard.take() {
            self.silent = Duration::ZERO;
            self.asked = None;
        }
        let Some(traffic) = self.traffic.upgrade() else {
            self.left += LOOK;
            return if self.left > LAST_WORDS { Verdict::Dead } else { Verdict::Alive };
        };
        if traffic.answered.get() != self.answered {
            self.answered = traffic.answered.get();
            self.unanswered = 0;
        }
        match self.asked {
            Some(asked) if asked >= PING_TIMEOUT => return Verdict::Dead,
            None if traffic.open() > 0 && self.is_due(&traffic) => self.ping(&traffic),
            _ => {}
        }
        Verdict::Alive
    }

    fn is_due(&self, traffic: &Traffic) -> bool {
        let is_news = traffic.begun.get() > self.begun_before_ping;
        let may_ask_again = is_news && self.unanswered <= PINGS_FORGIVEN;
        let is_apart = self.unanswered == 0 || may_ask_again || self.since_ping >= PING_APART;
        self.silent >= PING_AFTER && is_apart
    }

    fn ping(&mut self, traffic: &Traffic) {
        let Some(pings) = &mut self.pings else { return };
        // The pong before this one, which was heard when it came.
        let mut context = Context::from_waker(std::task::Waker::noop());
        let _pong = pings.poll_pong(&mut context);
        if pings.send_ping(Ping::opaque()).is_ok() {
            self.asked = Some(Duration::ZERO);
            self.since_ping = Duration::ZERO;
            self.unanswered += 1;
            self.begun_before_ping = traffic.begun.get();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, into);
        if polled.is_ready() {
            self.heard.set(true);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
