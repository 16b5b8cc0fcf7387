//! What waits for the clients of one line. A server that speaks more quickly than a client reads is
//! made to wait; a client that reads nothing is let go, as the others wait for it too.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

/// Messages that wait for one client; and one more, which is its answer.
const MESSAGES_MAX: usize = 256;

/// Bytes of messages that wait for one client.
const CLIENT_BYTES_MAX: usize = 8 << 20;

/// Bytes of messages that wait for all clients of one line.
const BYTES_MAX: usize = 32 << 20;

/// How long a server waits for one client.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server that several clients share waits for one of them, all in all: it is time of the
/// others.
const SHARED_PATIENCE: Duration = Duration::from_secs(5);

/// How long a client is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// So long for each message.
    Each,
    /// So long for all of them together.
    InAll,
}

/// The room for what waits.
#[derive(Debug, Default)]
pub(super) struct Room {
    waiting: Rc<Waiting>,
    clients: RefCell<Vec<Weak<Client>>>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Cell<usize>,
    /// Something was taken.
    taken: Notify,
}

/// Somebody who is told messages.
#[derive(Debug)]
pub(super) struct Client {
    pieces: mpsc::Sender<Piece>,
    /// The place of its answer, which is free whatever waits.
    last: RefCell<Option<OwnedPermit<Piece>>>,
    bytes: Rc<Cell<usize>>,
    /// For how long the line has waited for it.
    waited: Cell<Duration>,
    is_let_go: watch::Sender<bool>,
}

/// Where a client hears what it is told.
#[derive(Debug)]
pub(super) struct Hearing {
    /// What comes.
    pub pieces: mpsc::Receiver<Piece>,
    is_let_go: watch::Receiver<bool>,
}

/// A message for a client.
#[derive(Debug)]
pub(super) struct Piece {
    /// The message.
    pub message: Vec<u8>,
    /// Whether it is the answer, after which nothing comes.
    pub is_last: bool,
    /// What it weighs while it waits.
    _weight: Weight,
}

#[derive(Debug)]
struct Weight {
    waiting: Rc<Waiting>,
    of_client: Rc<Cell<usize>>,
    bytes: usize,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.waiting.bytes.set(self.waiting.bytes.get() - self.bytes);
        self.of_client.set(self.of_client.get() - self.bytes);
        self.waiting.taken.notify_one();
    }
}

impl Client {
    /// Whether it hears nothing any more.
    pub(super) fn is_gone(&self) -> bool {
        self.pieces.is_closed() || *self.is_let_go.borrow()
    }

    fn has_room(&self, bytes: usize) -> bool {
        let waiting = self.bytes.get();
        self.pieces.capacity() > 0 && (waiting == 0 || waiting + bytes <= CLIENT_BYTES_MAX)
    }
}

impl Hearing {
    /// Waits until it is let go; for ever where nobody can do so any more.
    pub(super) async fn let_go(&mut self) {
        if self.is_let_go.wait_for(|is_let_go| *is_let_go).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for what comes, or until it is let go, in which case nothing more does.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        tokio::select! {
            biased;
            Ok(_) = self.is_let_go.wait_for(|is_let_go| *is_let_go) => None,
            piece = self.pieces.recv() => piece,
        }
    }
}

impl Room {
    /// A client, and where it hears.
    pub(super) fn client(&self) -> (Rc<Client>, Hearing) {
        let (to, pieces) = mpsc::channel(MESSAGES_MAX + 1);
        let (is_let_go, let_go) = watch::channel(false);
        let client = Rc::new(Client {
            last: RefCell::new(to.clone().try_reserve_owned().ok()),
            pieces: to,
            bytes: Rc::default(),
            waited: Cell::default(),
            is_let_go,
        });
        let mut clients = self.clients.borrow_mut();
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Rc::downgrade(&client));
        (client, Hearing { pieces, is_let_go: let_go })
    }

    /// Gives a client a message once there is room for it; `false` where it was let go for that.
    pub(super) async fn give(
        &self,
        to: &Client,
        message: Vec<u8>,
        is_last: bool,
        patience: Patience,
    ) -> bool {
        let bytes = message.len();
        loop {
            let began = Instant::now();
            let has_own = || to.is_gone() || is_last || to.has_room(bytes);
            let fits = async {
                while !(has_own() && (to.is_gone() || self.has_room(bytes))) {
                    self.waiting.taken.notified().await;
                }
            };
            let patience = match patience {
                Patience::Each => PATIENCE,
                Patience::InAll => SHARED_PATIENCE.saturating_sub(to.waited.get()),
            };
            let is_in_time = timeout(patience, fits).await.is_ok();
            to.waited.set(to.waited.get() + began.elapsed());
            if to.is_gone() {
                return true;
            }
            if is_in_time {
                self.put(to, message, is_last);
                return true;
            }
            if !has_own() {
                to.is_let_go.send_replace(true);
                return false;
            }
            // The line is full of what others do not read.
            if !self.let_fullest_go() {
                return false;
            }
        }
    }

    /// Gives a client a message at once; it is lost where there is no place for it.
    pub(super) fn put(&self, to: &Client, message: Vec<u8>, is_last: bool) {
        let bytes = message.len();
        self.waiting.bytes.set(self.waiting.bytes.get() + bytes);
        to.bytes.set(to.bytes.get() + bytes);
        let (waiting, of_client) = (Rc::clone(&self.waiting), Rc::clone(&to.bytes));
        let piece = Piece { message, is_last, _weight: Weight { waiting, of_client, bytes } };
        let place = is_last.then(|| to.last.borrow_mut().take()).flatten();
        match place {
            Some(place) => drop(place.send(piece)),
            // Its receiver is gone, or will find that the stream ended early.
            None => drop(to.pieces.try_send(piece)),
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        let waiting = self.waiting.bytes.get();
        waiting == 0 || waiting + bytes <= BYTES_MAX
    }

    /// Lets the client go for whom most waits; whether there was one.
    fn let_fullest_go(&self) -> bool {
        let clients = self.clients.borrow();
        let live = clients.iter().filter_map(Weak::upgrade).filter(|client| !client.is_gone());
        let fullest = live.max_by_key(|client| client.bytes.get());
        fullest.is_some_and(|client| !client.is_let_go.send_replace(true))
    }
}

#[cfg(test)]
mod tests;
