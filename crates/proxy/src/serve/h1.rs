//! The exchanges of one HTTP/1.1 connection, one after the other.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use architrave_core::{Moment, Reason};
use architrave_net::h1::{H1Reader, H1Writer, RequestPrelude, into_stream};
use architrave_net::{
    Framing, Known, Reader, RequestHead, SharedStream, Stream, Timer, WireError, Writer,
};
use architrave_telemetry::Phase;
use tokio::io::AsyncWriteExt;

use crate::connection::Connection;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::respond::{DRAIN_BYTES_MAX, refuse_head};
use crate::serve::{Ending, Request, RequestFacts, h2, serve_request};
use crate::worker::{ParkedSeat, Worker};
use crate::{record, relayed};

/// What a client of HTTP/2 says first (RFC 9113 §3.4), as far as HTTP/1.1 would read it.
const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// Memory of a head that a connection keeps for its next one, in bytes: most heads fit.
const KEPT_HEAD_BYTES_MAX: usize = 4 * 1024;

/// How long a connection must have been silent to be closed while draining: a request may be on
/// its way to it.
const DRAIN_SILENCE: Duration = Duration::from_secs(1);

/// How long, and for how many bytes, a client is listened to that must read its answer first:
/// closing with bytes unread would reset the connection and take the answer with it. Many clients
/// read nothing before they have sent the whole of a body that was refused by its length.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long it may send nothing meanwhile.
const LINGER_SILENCE: Duration = Duration::from_millis(1500);

/// How long the rest of a small body is waited for after the answer.
const DRAIN_BODY: Duration = Duration::from_secs(2);

/// Serves a connection until either side has had enough. No `async fn`: that would keep room for
/// what it is given and for the session made of it, as long as the connection lasts.
pub(crate) fn serve(
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    stream: Stream,
) -> impl Future<Output = ()> {
    let shared = Rc::new(SharedStream::new(stream));
    let reader = Reader::H1(Box::new(H1Reader::new(Rc::clone(&shared))));
    let writer = Writer::H1(Box::new(H1Writer::new(shared)));
    let seat = ParkedSeat::take(&worker);
    let (timer, head, first_byte_at) = (Timer::new(), RequestHead::default(), None);
    let mut session =
        Session { worker, connection, reader, writer, timer, head, first_byte_at, seat };
    async move {
        match session.run().await {
            Last::Gone => {}
            Last::Linger => Box::pin(session.linger()).await,
            Last::Http2 => Box::pin(session.switch_to_h2()).await,
            Last::Tunnel(tunnel) => Box::pin(session.tunnel(tunnel)).await,
        }
    }
}

/// What remains to be done with a connection after its last exchange.
enum Last {
    Gone,
    Linger,
    Http2,
    Tunnel(Box<crate::respond::Tunnel>),
}

/// One connection, from exchange to exchange.
struct Session {
    worker: Rc<Worker>,
    connection: Rc<Connection>,
    reader: Reader,
    writer: Writer,
    timer: Timer,
    head: RequestHead,
    /// When the first byte of the head was there, where the rest came later.
    first_byte_at: Option<Moment>,
    seat: ParkedSeat,
}

impl Session {
    async fn run(&mut self) -> Last {
        let mut is_first = true;
        loop {
            match self.begin(is_first).await {
                Ok(true) => {}
                Ok(false) | Err(_) => return Last::Gone,
            }
            let prelude = match self.read_head().await {
                Ok(prelude) => prelude,
                Err(_error) if is_first && self.h1().unread().starts_with(H2_PREFACE) => {
                    return Last::Http2;
                }
                Err(error) => return Box::pin(self.refuse(&error)).await,
            };
            is_first = false;
            match self.exchange(&prelude).await {
                Ending::KeepAlive => {}
                Ending::Close => return Last::Linger,
                Ending::Tunnel(tunnel) => return Last::Tunnel(tunnel),
            }
            if !self.finish_body().await {
                return Last::Linger;
            }
        }
    }

    fn h1(&mut self) -> &mut H1Reader {
        match &mut self.reader {
            Reader::H1(reader) => reader,
            Reader::H2(_) => unreachable!("a session of HTTP/1.1 reads HTTP/1.1"),
        }
    }

    /// Waits for the first byte of a request. A first request has less time than a next one:
    /// who connects and says nothing holds a place for nothing.
    async fn begin(&mut self, is_first: bool) -> Result<bool, WireError> {
        let timeouts = &self.connection.listener.config.timeouts;
        let limit = if is_first { timeouts.head.min(timeouts.idle) } else { timeouts.idle };
        self.h1().timer().start(limit);
        let (worker, connection, seat) = (&self.worker, &self.connection, &self.seat);
        let Reader::H1(reader) = &mut self.reader else {
            unreachable!("a session of HTTP/1.1 reads HTTP/1.1")
        };
        let mut is_ending = false;
        poll_fn(|context| {
            loop {
                if let Poll::Ready(begun) = reader.poll_begin(context) {
                    return Poll::Ready(begun);
                }
                seat.park(context);
                if is_ending || !worker.is_ending(connection) {
                    return Poll::Pending;
                }
                // From here on silence is the end.
                is_ending = true;
                reader.timer().start(DRAIN_SILENCE);
            }
        })
        .await
    }

    async fn read_head(&mut self) -> Result<RequestPrelude, WireError> {
        let Self { worker, connection, reader, timer, head, .. } = self;
        let (limits, limit) =
            (&connection.listener.head_limits, connection.listener.config.timeouts.head);
        let Reader::H1(reader) = reader else {
            unreachable!("a session of HTTP/1.1 reads HTTP/1.1")
        };
        let mut first_byte_at = None;
        // The bound is on the whole head: a byte now and then does not move it.
        let read = poll_fn(|context| {
            let polled = reader.poll_request(context, limits, head);
            if polled.is_pending() && first_byte_at.is_none() {
                first_byte_at = Some(worker.now());
            }
            polled
        });
        let result = timer.within(limit, read).await;
        self.first_byte_at = first_byte_at;
        result.unwrap_or(Err(WireError::Stalled))
    }

    async fn exchange(&mut self, prelude: &RequestPrelude) -> Ending {
        let facts = facts_of(&self.head, prelude, self.worker.spares().texts.take());
        self.reader.limit_stall(self.connection.listener.config.timeouts.body_stall);
        let Self { head, reader, writer, .. } = self;
        let request = Request { head, first_byte_at: self.first_byte_at, facts, reader, writer };
        let ending = serve_request(&self.worker, &self.connection, request).await;
        self.head.trim(KEPT_HEAD_BYTES_MAX);
        ending
    }

    /// Throws away what is left of a small body. `false`: the connection cannot go on.
    async fn finish_body(&mut self) -> bool {
        if self.reader.is_ended() {
            return true;
        }
        let mut left = usize::try_from(DRAIN_BYTES_MAX).unwrap_or(usize::MAX);
        let reader = &mut self.reader;
        let drain = async {
            while let Ok(true) = reader.fill().await {
                let count = reader.data().len();
                reader.consume(count);
                left = left.saturating_sub(count);
                if left == 0 {
                    return false;
                }
            }
            reader.is_ended()
        };
        self.timer.within(DRAIN_BODY, drain).await.unwrap_or(false)
    }

    /// Answers a head that could not be read.
    async fn refuse(&mut self, error: &WireError) -> Last {
        let reason = error.downstream_reason();
        let metrics = &self.connection.listener.metrics;
        metrics.protocol_error(self.worker.index(), reason);
        let failure = Failure::client(reason, Phase::Head, error.to_string());
        let pinned = self.worker.pinned();
        let (worker, connection, head) = (&self.worker, &self.connection, &mut self.head);
        let mut exchange = Exchange::begin(worker, pinned.assembly(), connection, head);
        exchange.first_byte_at = self.first_byte_at;
        refuse_head(&self.worker, &mut exchange, failure, &mut self.writer).await;
        record::record(&self.worker, &exchange);
        if reason == Reason::ClientClosed { Last::Gone } else { Last::Linger }
    }

    /// Says that nothing more will be sent, and gives the client time to read.
    async fn linger(self) {
        let (Reader::H1(reader), Writer::H1(writer)) = (self.reader, self.writer) else {
            return;
        };
        let Some(mut stream) = into_stream(*reader, *writer) else {
            return;
        };
        let listen = async {
            if stream.shutdown().await.is_err() {
                return;
            }
            let mut scrap = vec![0; 16 * 1024];
            let mut heard = 0;
            while heard < LINGER_BYTES_MAX {
                let read = tokio::io::AsyncReadExt::read(&mut stream, &mut scrap);
                match tokio::time::timeout(LINGER_SILENCE, read).await {
                    Ok(Ok(count)) if count > 0 => heard += count,
                    _ => return,
                }
            }
        };
        let _either = tokio::time::timeout(LINGER, listen).await;
    }

    async fn switch_to_h2(self) {
        let (Reader::H1(reader), Writer::H1(writer)) = (self.reader, self.writer) else {
            return;
        };
        if let Some(stream) = into_stream(*reader, *writer) {
            h2::serve(self.worker, self.connection, stream).await;
        }
    }

    async fn tunnel(self, tunnel: Box<crate::respond::Tunnel>) {
        let (Reader::H1(reader), Writer::H1(writer)) = (self.reader, self.writer) else {
            return;
        };
        let Some(stream) = into_stream(*reader, *writer) else {
            return;
        };
        let (worker, metrics) = (self.worker.index(), &self.connection.listener.metrics);
        let mut record = relayed::TunnelRecord::new(&self.worker, &self.connection, *tunnel);
        record.tunnel.run(stream, |up, down| metrics.relayed(worker, up, down)).await;
    }
}

fn facts_of(head: &RequestHead, prelude: &RequestPrelude, mut authority: String) -> RequestFacts {
    authority.push_str(&head.authority);
    RequestFacts {
        framing: prelude.framing,
        authority,
        upgrade: if prelude.wants_upgrade { upgrade_of(head, prelude.framing) } else { None },
        takes_trailers: head
            .fields
            .all_known(Known::Te)
            .any(|value| value.eq_ignore_ascii_case(b"trailers")),
        has_stray_body: prelude.has_stray_body,
        expects_continue: prelude.expects_continue,
        keep_alive: prelude.keep_alive,
    }
}

/// The one protocol asked for. `h2c` is not among those that may be (HTTP/2 comes by prior
/// knowledge or by ALPN), and a body before the switch would be read as part of what follows.
fn upgrade_of(head: &RequestHead, framing: Framing) -> Option<String> {
    let mut asked = head.fields.all_known(Known::Upgrade);
    let protocol = std::str::from_utf8(asked.next()?).ok()?.trim();
    let is_one = asked.next().is_none() && !protocol.contains(',');
    let may_be = is_one && framing == Framing::Empty && !protocol.eq_ignore_ascii_case("h2c");
    may_be.then(|| protocol.to_owned())
}
