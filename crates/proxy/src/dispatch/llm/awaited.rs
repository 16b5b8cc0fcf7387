//! An answer that is read before any of it goes to the client, who may go away meanwhile.

use std::future::poll_fn;
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
    client: &'r mut Reader,
    half_closed: Timer,
}

impl<'r> Awaited<'r> {
    pub(super) fn new(answer: &'r mut Reader, client: &'r mut Reader) -> Self {
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
        poll_gone(self.client, &mut self.half_closed, context)
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
