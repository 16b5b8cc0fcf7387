//! Who is connected to the admin listener: so many at once, and of those that are not being
//! answered the one that has been quiet longest gives its place to who comes next. So nobody can
//! keep an operator out by holding connections open.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

/// The places of a listener; of one thread.
pub(super) struct Places {
    places_max: usize,
    held: RefCell<BTreeMap<u64, Held>>,
    turns: Cell<u64>,
    freed: Notify,
}

/// What is known of a place that is held.
struct Held {
    /// When it last began or ended to be answered, among all such events.
    turn: u64,
    is_answering: bool,
    leave: Rc<Notify>,
}

/// A place at the listener, given back when dropped.
pub(super) struct Place {
    places: Rc<Places>,
    id: u64,
    leave: Rc<Notify>,
    /// Whether another had to leave for it.
    pub(super) is_anothers: bool,
}

impl Places {
    /// So many places, all free.
    pub(super) fn new(places_max: usize) -> Rc<Self> {
        Rc::new(Self {
            places_max,
            held: RefCell::default(),
            turns: Cell::new(0),
            freed: Notify::new(),
        })
    }

    /// A place for one more connection; none when all are held by those being answered.
    pub(super) fn take(self: &Rc<Self>) -> Option<Place> {
        let mut held = self.held.borrow_mut();
        let is_anothers = held.len() >= self.places_max;
        if is_anothers {
            let quiet = held.iter().filter(|(_, one)| !one.is_answering);
            let (id, _) = quiet.min_by_key(|(_, one)| one.turn)?;
            let id = *id;
            if let Some(gone) = held.remove(&id) {
                gone.leave.notify_one();
            }
        }
        let id = self.turn();
        let leave = Rc::new(Notify::new());
        held.insert(id, Held { turn: id, is_answering: false, leave: Rc::clone(&leave) });
        Some(Place { places: Rc::clone(self), id, leave, is_anothers })
    }

    /// Waits until nobody holds a place.
    pub(super) async fn free(&self) {
        while !self.held.borrow().is_empty() {
            self.freed.notified().await;
        }
    }

    fn turn(&self) -> u64 {
        self.turns.set(self.turns.get() + 1);
        self.turns.get()
    }
}

impl Place {
    /// Notes that a request is being answered, or no longer.
    pub(super) fn answering(&self, is_answering: bool) {
        let turn = self.places.turn();
        if let Some(held) = self.places.held.borrow_mut().get_mut(&self.id) {
            *held = Held { turn, is_answering, leave: Rc::clone(&self.leave) };
        }
    }

    /// Resolves when the place is given to another.
    pub(super) async fn lost(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held.borrow_mut().remove(&self.id);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn is_lost(place: &Place) -> bool {
        pin!(place.lost()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn who_has_been_quiet_longest_gives_way() {
        let places = Places::new(3);
        let [a, b, c] = std::array::from_fn(|_| places.take().expect("a place is free"));
        assert!(!a.is_anothers && !b.is_anothers && !c.is_anothers);
        // A was answered since, so B has been quiet for longer.
        a.answering(true);
        a.answering(false);
        let d = places.take().expect("B's");
        assert!(d.is_anothers && is_lost(&b) && !is_lost(&a) && !is_lost(&c));
        drop(b);
        let e = places.take().expect("C's");
        assert!(e.is_anothers && is_lost(&c) && !is_lost(&a));
    }

    #[test]
    fn who_is_being_answered_keeps_the_place() {
        let places = Places::new(2);
        let a = places.take().expect("a place is free");
        let b = places.take().expect("a place is free");
        a.answering(true);
        b.answering(true);
        assert!(places.take().is_none(), "both are being answered");
        b.answering(false);
        assert!(places.take().is_some());
        assert!(is_lost(&b) && !is_lost(&a));
        drop(a);
        let c = places.take().expect("A's is free");
        assert!(!c.is_anothers);
    }

    #[tokio::test]
    async fn it_is_free_when_the_last_has_gone() {
        let places = Places::new(2);
        let place = places.take();
        let waiting = places.free();
        tokio::join!(waiting, async { drop(place) });
        places.free().await;
    }
}
