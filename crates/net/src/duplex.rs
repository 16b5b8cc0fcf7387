//! Relays bytes both ways between a client and an endpoint until both are done.
//!
//! Half-closes are kept: when one side has said all it has to say, the other is told, and may go
//! on talking. A reset is passed on as a reset: a stream that was cut must not look complete.

mod lane;

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;

use crate::stream::Stream;
use crate::timer::Timer;
use lane::Lane;

/// How a relay came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplexEnd {
    /// Both sides were done.
    Finished,
    /// The client's side failed.
    ClientFailed,
    /// The endpoint's side failed.
    EndpointFailed,
    /// Nothing moved either way for longer than the limit.
    Idle,
}

/// How long a client may take to read what an endpoint said before it closed: were the connection
/// closed while bytes come in, the client would lose what it has not read yet.
const LINGER: Duration = Duration::from_secs(1);

/// A relay between two streams. It can be dropped at any time.
#[derive(Debug)]
pub struct Duplex {
    client: Stream,
    endpoint: Stream,
    up: Lane,
    down: Lane,
    timer: Timer,
    is_lingering: bool,
}

impl Duplex {
    /// A relay that gives up after `idle` without a byte either way.
    #[must_use]
    pub fn new(client: Stream, endpoint: Stream, idle: Duration) -> Self {
        let mut timer = Timer::new();
        timer.start(idle);
        let (up, down) = (Lane::default(), Lane::default());
        Self { client, endpoint, up, down, timer, is_lingering: false }
    }

    /// Bytes from the client that the endpoint has taken.
    #[must_use]
    pub const fn up_bytes(&self) -> u64 {
        self.up.moved()
    }

    /// Bytes from the endpoint that the client has taken.
    #[must_use]
    pub const fn down_bytes(&self) -> u64 {
        self.down.moved()
    }

    /// Relays until the end.
    pub async fn run(&mut self) -> DuplexEnd {
        poll_fn(|context| self.poll(context)).await
    }

    /// Relays what can be relayed; ready at the end, and not to be called again then.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<DuplexEnd> {
        let before = self.up.moved() + self.down.moved();
        let up = self.up.poll(context, &mut self.client, &mut self.endpoint);
        let down = self.down.poll(context, &mut self.endpoint, &mut self.client);
        let up_is_over = match up {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => return Poll::Ready(self.client_failed()),
            Poll::Pending => false,
        };
        let down_is_over = match down {
            Poll::Ready(Ok(())) => true,
            Poll::Ready(Err(_)) => return Poll::Ready(self.endpoint_failed()),
            Poll::Pending => false,
        };
        // A receiver that failed is still heard out, as far as the other lane can bring it over.
        if self.down.is_discarding() && (up_is_over || self.up.is_discarding()) {
            return Poll::Ready(self.client_failed());
        }
        if up_is_over && down_is_over {
            return Poll::Ready(if self.up.is_discarding() {
                DuplexEnd::EndpointFailed
            } else {
                DuplexEnd::Finished
            });
        }
        if self.up.is_discarding() && down_is_over && !self.is_lingering {
            self.is_lingering = true;
            self.timer.start(LINGER);
        }
        if self.up.moved() + self.down.moved() > before {
            self.timer.restart();
        }
        self.timer.poll_elapsed(context).map(|()| self.timed_out())
    }

    fn timed_out(&self) -> DuplexEnd {
        if self.is_lingering {
            return DuplexEnd::EndpointFailed;
        }
        reset(&self.client);
        reset(&self.endpoint);
        DuplexEnd::Idle
    }

    fn client_failed(&self) -> DuplexEnd {
        reset(&self.endpoint);
        DuplexEnd::ClientFailed
    }

    fn endpoint_failed(&self) -> DuplexEnd {
        reset(&self.client);
        DuplexEnd::EndpointFailed
    }
}

/// Makes the connection end with a reset when it is dropped.
fn reset(stream: &Stream) {
    // Where the option cannot be set, the connection is closed politely instead.
    let _closed_politely = SockRef::from(stream.tcp()).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests;
