//! The idle connections of a worker, so that they can be told when the process drains or their
//! listener goes: without a lock, and without a step per request.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::worker::Worker;

/// Those who want to be woken.
#[derive(Debug, Default)]
pub(super) struct Parked {
    seats: RefCell<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Parked {
    /// Wakes everyone: whoever has no reason to act goes on waiting.
    pub(super) fn wake_all(&self) {
        let wakers: Vec<Waker> = self.seats.borrow().wakers.iter().flatten().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// The place of one connection among those that are woken.
#[derive(Debug)]
pub(crate) struct Seat {
    worker: Rc<Worker>,
    place: usize,
}

impl Seat {
    /// Takes a place.
    pub(crate) fn take(worker: &Rc<Worker>) -> Self {
        let mut seats = worker.parked.seats.borrow_mut();
        let place = seats.free.pop().unwrap_or_else(|| {
            seats.wakers.push(None);
            seats.wakers.len() - 1
        });
        drop(seats);
        Self { worker: Rc::clone(worker), place }
    }

    /// Says whom to wake. Nearly free when it is the same task as before.
    pub(crate) fn park(&self, context: &Context<'_>) {
        let seat = &mut self.worker.parked.seats.borrow_mut().wakers[self.place];
        match seat {
            Some(waker) => waker.clone_from(context.waker()),
            None => *seat = Some(context.waker().clone()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.worker.parked.seats.borrow_mut();
        seats.wakers[self.place] = None;
        seats.free.push(self.place);
    }
}
