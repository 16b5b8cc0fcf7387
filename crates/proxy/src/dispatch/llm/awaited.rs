//! An answer that is read before any of it goes to the client, who may go away meanwhile.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_net::h1::Gone;
use architrave_net::{Reader, Timer, WireError};

use crate::attempt::HALF_CLOSED;

/// Why no more of it is read.
#[derive(Debug)]
pub(super) enum Cut {
    /// It broke off.
    Wire(WireError),
    /// Nobody is there to take it.
    ClientGone,
}

/// An answer that a client waits for.
pub(super) struct Awaited<'r> {
    /// What is read.
    pub answer: &'r mut Reader,
    client: Option<&'r mut Reader>,
    half_closed: Timer,
}

impl<'r> Awaited<'r> {
    /// An answer, and the client where this is to watch it.
    pub(super) fn new(answer: &'r mut Reader, client: Option<&'r mut Reader>) -> Self {
        let mut half_closed = Timer::new();
        half_closed.start(HALF_CLOSED);
        Self { answer, client, half_closed }
    }

    /// Makes sure that there are bytes of the answer; whether there are any more.
    ///
    /// # Errors
    /// Why there are not.
    pub(super) async fn fill(&mut self) -> Result<bool, Cut> {
        poll_fn(|context| match self.answer.poll_fill(context) {
            Poll::Ready(filled) => Poll::Ready(filled.map_err(Cut::Wire)),
            Poll::Pending => self.poll_client_gone(context).map(|()| Err(Cut::ClientGone)),
        })
        .await
    }

    fn poll_client_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.client {
            Some(client) => poll_gone(client, &mut self.half_closed, context),
            None => Poll::Pending,
        }
    }
}

fn poll_gone(client: &mut Reader, half_closed: &mut Timer, context: &mut Context<'_>) -> Poll<()> {
    match client.poll_gone(context) {
        Poll::Ready(Gone::Reset) => Poll::Ready(()),
        // It may have closed its half only: it gets a moment more.
        Poll::Ready(Gone::Closed) => half_closed.poll_elapsed(context),
        Poll::Pending => Poll::Pending,
    }
}

/// What came of waiting for something.
pub(super) enum Waited<T> {
    /// It is done.
    Done(T),
    /// The time was over before.
    TimedOut,
    /// The client went away before.
    ClientGone,
}

/// Waits for a future, for no longer than a timer runs where there is one.
pub(super) async fn done<T>(
    client: &mut Reader,
    timer: Option<&mut Timer>,
    future: impl Future<Output = T>,
) -> Waited<T> {
    let (mut future, mut timer, mut half_closed) = (pin!(future), timer, Timer::new());
    half_closed.start(HALF_CLOSED);
    poll_fn(|context| {
        if let Poll::Ready(done) = future.as_mut().poll(context) {
            return Poll::Ready(Waited::Done(done));
        }
        if timer.as_mut().is_some_and(|timer| timer.poll_elapsed(context).is_ready()) {
            return Poll::Ready(Waited::TimedOut);
        }
        poll_gone(client, &mut half_closed, context).map(|()| Waited::ClientGone)
    })
    .await
}

/// Lets a time pass; `false` where the client went away before it was over.
pub(super) async fn for_as_long(client: &mut Reader, time: Duration) -> bool {
    if time.is_zero() {
        return true;
    }
    let (mut timer, mut half_closed) = (Timer::new(), Timer::new());
    timer.start(time);
    half_closed.start(HALF_CLOSED);
    poll_fn(|context| match timer.poll_elapsed(context) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending => poll_gone(client, &mut half_closed, context).map(|()| false),
    })
    .await
}
