//! A request to one server, with its endpoints one after the other where that may be.

use std::cell::Cell;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_balance::{Criteria, Reserved, Unavailable};
use architrave_core::Reason;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::session::ServerSession;
use architrave_net::h1::Gone;
use architrave_net::{Conversation, Fields, Framing, Reader, Source, Timer, WireError, Writer};
use architrave_telemetry::Phase;
use smallvec::SmallVec;

use super::Missed;
use super::outgoing::Outgoing;
use crate::attempt::{
    Answered, AttemptFacts, AttemptPlan, HALF_CLOSED, Interim, attempt, poll_client,
};
use crate::dispatch::ClientSide;
use crate::entry::enter;
use crate::failure::{Failure, Retry};
use crate::mcp::HttpWay;
use crate::worker::Worker;

/// More endpoints than this are not tried for one request.
const TRIES_MAX: usize = 3;

/// How often it is looked whether an endpoint that is full has room.
const ROOM_PAUSE: Duration = Duration::from_millis(10);

/// Sends a request, and returns the answer with its head read. `client` is watched meanwhile, where
/// somebody waits for this answer alone.
///
/// # Errors
/// Why the endpoint that was asked last gave none; or the client is gone.
pub(super) async fn send(
    worker: &Worker,
    conversation: Conversation,
    way: &HttpWay,
    mut outgoing: Outgoing,
    client: Option<(&mut Reader, &mut Writer)>,
) -> Result<(Box<Answered>, AttemptFacts), Failure> {
    let (mut reader, writer) = match client {
        Some((reader, writer)) => (Some(reader), Some(writer)),
        None => (None, None),
    };
    let mut sending = pin!(async move {
        let mut tried = SmallVec::<[SocketAddr; 2]>::new();
        let mut was_stale = false;
        loop {
            if let Some(address) = outgoing.pinned.filter(|_| way.holds_sessions_apart()) {
                wait_for_room(worker, way, address).await;
            }
            let now = worker.now();
            let choose = |_now| choose(worker, way, outgoing.pinned, &tried);
            let entered = pin!(enter(worker, &way.upstream, now, choose)).await;
            let entered = entered.map_err(|refused| refused.failure)?;
            let address = entered.endpoint().address();
            if way.authority.is_none() {
                outgoing.head.authority = address.to_string();
            }
            let framing = match outgoing.body.len() {
                0 => Framing::Empty,
                length => Framing::Length(length as u64),
            };
            let plan = AttemptPlan {
                upstream: &way.upstream,
                conversation,
                head: &outgoing.head,
                target: &outgoing.head.target,
                framing,
                upgrade: None,
                takes_trailers: false,
                close: false,
                is_idempotent: outgoing.is_repeatable,
                began: entered.at,
                limit: outgoing.limit,
                is_limit_per_try: false,
            };
            let facts = Cell::<AttemptFacts>::default();
            let mut body = Sent { bytes: &outgoing.body, client: reader.as_deref_mut() };
            let result =
                pin!(attempt(worker, &plan, entered, &mut body, Interim::Discard, &facts)).await;
            let failure = match result {
                Ok(answered) => return Ok((Box::new(answered), facts.get())),
                Err(failure) => failure,
            };
            // A kept connection that had died says nothing of its endpoint, once.
            let is_stale = failure.retry == Retry::Stale && !was_stale;
            was_stale |= is_stale;
            if !is_stale {
                tried.push(address);
            }
            let may_repeat = match failure.retry {
                Retry::Never => false,
                Retry::Unsent => true,
                // A connection that dies without a byte may have died of what it was sent.
                Retry::Stale | Retry::Sent => outgoing.is_repeatable,
            };
            let has_other = way.upstream.balance.has_other(&tried);
            let is_bound = outgoing.pinned.is_some() && !is_stale;
            if !may_repeat || is_bound || !(is_stale || has_other) || tried.len() >= TRIES_MAX {
                return Err(failure);
            }
        }
    });
    let Some(writer) = writer else { return sending.await };
    poll_fn(|context| {
        if writer.poll_reset(context).is_ready() {
            return Poll::Ready(Err(gone()));
        }
        sending.as_mut().poll(context)
    })
    .await
}

/// Waits for what is read of an answer for as long as its client is there.
///
/// # Errors
/// Those of the reading; or the client is gone.
pub(super) async fn while_there<T>(
    client: &mut ClientSide<'_, '_>,
    reading: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut reading = pin!(reading);
    let mut half_closed = Timer::new();
    half_closed.start(HALF_CLOSED);
    poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Ready(read) => Poll::Ready(read),
        Poll::Pending => {
            poll_client(context, &mut *client.reader, Some(&mut *client.writer), &mut half_closed)
                .map(Err)
        }
    })
    .await
}

fn choose(
    worker: &Worker,
    way: &HttpWay,
    pinned: Option<SocketAddr>,
    tried: &[SocketAddr],
) -> Result<Reserved, Unavailable> {
    if let Some(address) = pinned.filter(|_| way.holds_sessions_apart()) {
        return way.upstream.balance.reserve_at(address);
    }
    let hash = worker.with_random(|random| random.u64(..));
    let criteria = Criteria { hash, pinned, tried };
    worker.with_random(|random| way.upstream.balance.reserve(&criteria, worker.now(), random))
}

/// Waits a while for the endpoint that has made a session to have room. Not in the queue of the
/// upstream, whose places are for who goes to any of them: it would be told there of room elsewhere, in
/// place of somebody who could use it.
async fn wait_for_room(worker: &Worker, way: &HttpWay, address: SocketAddr) {
    let until = worker.now() + way.upstream.config.timeouts.connect;
    let is_full = || matches!(way.upstream.balance.reserve_at(address), Err(Unavailable::AtLimit));
    while is_full() && worker.now() < until {
        tokio::time::sleep(ROOM_PAUSE).await;
    }
}

/// Whether a session is over because the endpoint that has made it is not there.
pub(super) fn is_session_lost(failure: &Failure, way: &HttpWay, is_pinned: bool) -> bool {
    let is_away = matches!(
        failure.reason,
        Reason::ConnectFailed
            | Reason::ConnectTimeout
            | Reason::TlsFailed
            | Reason::NoHealthyEndpoint
    );
    is_pinned && is_away && way.holds_sessions_apart()
}

/// What a failure is to a client that has this session with the server.
pub(super) fn missed(failure: Failure, way: &HttpWay, own: Option<&ServerSession>) -> Missed {
    let is_pinned = own.is_some_and(|own| own.endpoint.is_some());
    match is_session_lost(&failure, way, is_pinned) {
        true => Refusal::new(RefusalKind::SessionUnknown, "make another").into(),
        false => failure.into(),
    }
}

pub(super) fn gone() -> Failure {
    Failure::client(Reason::ClientClosed, Phase::Wait, "the client went away")
}

/// A body that lies in memory, with an eye on who waits for the answer.
struct Sent<'b> {
    bytes: &'b [u8],
    client: Option<&'b mut Reader>,
}

impl Source for Sent<'_> {
    fn poll_fill(&mut self, _context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        Poll::Ready(Ok(!self.bytes.is_empty()))
    }

    fn data(&self) -> &[u8] {
        self.bytes
    }

    fn consume(&mut self, count: usize) {
        self.bytes = &self.bytes[count..];
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        match &mut self.client {
            Some(client) => client.poll_gone(context),
            None => Poll::Pending,
        }
    }
}
