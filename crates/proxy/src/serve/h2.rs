//! The exchanges of one HTTP/2 connection, side by side.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use architrave_core::{Reason, task};
use architrave_net::http2::{self, H2Reader, HeadError, Untaken, WatchedStream};
use architrave_net::{Framing, Known, Method, Reader, RequestHead, Stream, Writer};
use architrave_telemetry::Phase;
use bytes::Bytes;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::record;
use crate::respond::refuse_head;
use crate::serve::{Request, RequestFacts, serve_request};
use crate::worker::Worker;

/// How long the preface and the first settings may take is the listener's `handshake`; how long a
/// connection without streams may stay is its `idle`; both are looked at this often.
const WATCH: Duration = Duration::from_millis(500);

/// How long a connection that is over may take to hear of it.
const LAST_WORDS: Duration = Duration::from_secs(5);

type Accepted = h2::server::Connection<WatchedStream, Bytes>;
type Incoming = (http::Request<h2::RecvStream>, h2::server::SendResponse<Bytes>);

/// Serves a connection until either side has had enough.
pub(crate) async fn serve(worker: Rc<Worker>, connection: Rc<Connection>, stream: Stream) {
    let listener = Rc::clone(&connection).listener.clone();
    let stream = WatchedStream::new(stream, listener.config.timeouts.write_stall);
    let handshake = http2::server(&listener.head_limits).handshake(stream);
    let limit = listener.config.timeouts.handshake;
    let Ok(Ok(mut accepted)) = tokio::time::timeout(limit, handshake).await else {
        listener.metrics.protocol_error(worker.index(), Reason::BadRequest);
        return;
    };
    let beside = Beside::default();
    let mut watch = Watch::new(&worker, &connection);
    while let Some(incoming) = next(&mut accepted, &mut watch, &beside.in_flight).await {
        let (request, reply) = match incoming {
            Ok(incoming) => incoming,
            Err(error) => {
                // A connection that breaks off is no fault of what was said on it.
                if !error.is_io() {
                    listener.metrics.protocol_error(worker.index(), Reason::BadRequest);
                }
                break;
            }
        };
        let stream = serve_stream(
            Rc::clone(&worker),
            Rc::clone(&connection),
            request,
            reply,
            beside.clone(),
        );
        // Boxed: a task is moved many times while it is made.
        task::spawn_local(Box::pin(stream));
    }
    // Nothing is being answered any more; what is left is to say why it ends.
    let last_words = poll_fn(|context| accepted.poll_closed(context));
    let _gone = tokio::time::timeout(LAST_WORDS, last_words).await;
}

/// What the streams of one connection know of each other.
#[derive(Clone, Debug, Default)]
struct Beside {
    /// Held by each.
    in_flight: Rc<()>,
    /// How many bodies are not taken at the moment.
    untaken: Untaken,
}

/// What decides that a connection has had its time.
struct Watch {
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    idle: Duration,
    ticks: tokio::time::Interval,
    silent: Duration,
    is_closing: bool,
}

impl Watch {
    fn new(worker: &Rc<Worker>, connection: &Rc<Connection>) -> Self {
        let mut ticks = tokio::time::interval(WATCH);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            worker: Rc::clone(worker),
            connection: Rc::clone(connection),
            idle: connection.listener.config.timeouts.idle,
            ticks,
            silent: Duration::ZERO,
            is_closing: false,
        }
    }

    /// Whether nothing new should begin: after a long silence, while draining, or when the listener
    /// is gone.
    fn is_over(&self) -> bool {
        self.silent >= self.idle || self.worker.is_ending(&self.connection)
    }
}

/// The next stream; `None` when the connection is over.
async fn next(
    accepted: &mut Accepted,
    watch: &mut Watch,
    in_flight: &Rc<()>,
) -> Option<Result<Incoming, h2::Error>> {
    loop {
        tokio::select! {
            biased;
            incoming = accepted.accept() => {
                watch.silent = Duration::ZERO;
                return incoming;
            }
            _tick = watch.ticks.tick() => {
                let is_busy = Rc::strong_count(in_flight) > 1;
                watch.silent = if is_busy { Duration::ZERO } else { watch.silent + WATCH };
                if !watch.is_closing && watch.is_over() {
                    // Tells the client not to begin anything new; what it has begun is finished.
                    accepted.graceful_shutdown();
                    watch.is_closing = true;
                }
                if watch.silent >= watch.idle + 10 * WATCH {
                    accepted.abrupt_shutdown(h2::Reason::NO_ERROR);
                    return None;
                }
            }
        }
    }
}

async fn serve_stream(
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    request: http::Request<h2::RecvStream>,
    reply: h2::server::SendResponse<Bytes>,
    beside: Beside,
) {
    let mut head = worker.spares().request_heads.take();
    let read = http2::read_request(&request, &connection.listener.head_limits, &mut head);
    let mut writer = Writer::H2Head(Box::new(reply));
    let framing = match read {
        Ok(framing) => framing,
        Err(error) => return refuse(&worker, &connection, &mut head, error, &mut writer).await,
    };
    let mut authority = worker.spares().texts.take();
    authority.push_str(&head.authority);
    let facts = RequestFacts {
        framing,
        authority,
        upgrade: None,
        takes_trailers: head.fields.get_known(Known::Te).is_some(),
        has_stray_body: has_stray_body(&head, framing),
        expects_continue: false,
        keep_alive: true,
    };
    let mut reader = Reader::H2(Box::new(H2Reader::beside(request.into_body(), &beside.untaken)));
    reader.limit_stall(connection.listener.config.timeouts.body_stall);
    let (reader, writer, first_byte_at) = (&mut reader, &mut writer, None);
    let request = Request { head: &mut head, first_byte_at, facts, reader, writer };
    // A stream has no connection of its own that could be closed.
    let _ending = serve_request(&worker, &connection, request).await;
    worker.spares().request_heads.give(head);
}

async fn refuse(
    worker: &Worker,
    connection: &Rc<Connection>,
    head: &mut RequestHead,
    error: HeadError,
    writer: &mut Writer,
) {
    let reason = match error {
        HeadError::TooLarge => Reason::HeadTooLarge,
        HeadError::UriTooLong => Reason::UriTooLong,
        HeadError::Connect => Reason::NotImplemented,
        HeadError::Malformed => Reason::BadRequest,
    };
    connection.listener.metrics.protocol_error(worker.index(), reason);
    let pinned = worker.pinned();
    let mut exchange = Exchange::begin(worker, pinned.assembly(), connection, head);
    let failure = Failure::client(reason, Phase::Head, error.to_string());
    refuse_head(worker, &mut exchange, failure, writer).await;
    record::record(worker, &exchange);
}

/// A body where HTTP/1.1 endpoints expect none.
fn has_stray_body(head: &RequestHead, framing: Framing) -> bool {
    framing != Framing::Empty && matches!(head.method, Method::Get | Method::Head | Method::Trace)
}
