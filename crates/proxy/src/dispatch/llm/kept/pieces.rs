//! Files of batches that come in several requests. Their lines are gone through and their models
//! renamed as they come, so what the client has sent and what the provider has are not the same
//! bytes: what lies between is here, and gone when the process is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use architrave_core::Moment;

/// How many files may be under way; what each holds is bounded, too.
const FILES_MAX: usize = 256;
/// How many of one consumer's: one cannot take the room of all.
const FILES_OF_ONE_MAX: usize = 32;
/// What all of them may hold together.
const HELD_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Who has not gone on for so long will not.
const IDLE: Duration = Duration::from_secs(3_600);

/// The files that are under way.
#[derive(Debug, Default)]
pub(in crate::dispatch::llm) struct Pieces {
    files: Mutex<HashMap<Box<str>, Entry>>,
}

#[derive(Debug)]
struct Entry {
    held: Arc<Held>,
    owner: Option<Box<str>>,
    touched: Moment,
}

/// How far a file has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::dispatch::llm) struct Held {
    /// How much of it the client has brought.
    pub taken: u64,
    /// How much of it the provider has, as it is written there.
    pub sent: u64,
    /// How many lines have been gone through.
    pub lines: usize,
    /// Lines that were gone through and are not sent: a provider takes whole blocks.
    pub unsent: Vec<u8>,
    /// What came of a line whose end did not.
    pub cut: Vec<u8>,
}

impl Held {
    fn byte_count(&self) -> usize {
        self.unsent.len() + self.cut.len()
    }
}

/// Why a file cannot go on here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dispatch::llm) enum NoRoom {
    /// This consumer has too many under way.
    Consumer,
    /// All together hold too much.
    All,
}

impl Pieces {
    /// How far a file has come, where it is under way.
    pub(in crate::dispatch::llm) fn find(&self, id: &str) -> Option<Arc<Held>> {
        self.files().get(id).map(|entry| Arc::clone(&entry.held))
    }

    /// Whether there is room for more of a file of somebody's, be it one more file or not.
    pub(in crate::dispatch::llm) fn room(
        &self,
        (id, owner): (&str, Option<&str>),
        now: Moment,
    ) -> Result<(), NoRoom> {
        let mut files = self.files();
        files.retain(|_, entry| now.since(entry.touched) < IDLE);
        let held: usize = files.values().map(|entry| entry.held.byte_count()).sum();
        let is_new = !files.contains_key(id);
        if held >= HELD_BYTES_MAX || (is_new && files.len() >= FILES_MAX) {
            return Err(NoRoom::All);
        }
        let own = files.values().filter(|entry| entry.owner.as_deref() == owner).count();
        if is_new && own >= FILES_OF_ONE_MAX { Err(NoRoom::Consumer) } else { Ok(()) }
    }

    /// Notes how far a file has come that had come so far before; not where it is elsewhere
    /// meanwhile, as two steps of one upload may come at once.
    pub(in crate::dispatch::llm) fn note(
        &self,
        id: &str,
        (before, after): (u64, Arc<Held>),
        (owner, now): (Option<&str>, Moment),
    ) {
        let mut files = self.files();
        let is_where_it_was = files.get(id).map_or(0, |entry| entry.held.taken) == before;
        if is_where_it_was {
            let entry = Entry { held: after, owner: owner.map(Into::into), touched: now };
            files.insert(id.into(), entry);
        }
    }

    /// Forgets a file: all of it is there, or it is given up.
    pub(in crate::dispatch::llm) fn forget(&self, id: &str) {
        self.files().remove(id);
    }

    fn files(&self) -> MutexGuard<'_, HashMap<Box<str>, Entry>> {
        // Nothing in here panics half-way.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use architrave_core::Clock;

    fn at(taken: u64) -> Arc<Held> {
        Arc::new(Held { taken, ..Held::default() })
    }

    #[test]
    fn of_two_steps_at_once_one_counts() {
        let (pieces, now) = (Pieces::default(), Clock::system().now());
        pieces.note("a", (0, at(5)), (Some("ada"), now));
        pieces.note("a", (0, at(7)), (Some("ada"), now));
        assert_eq!(pieces.find("a").map(|held| held.taken), Some(5));
        pieces.note("a", (5, at(9)), (Some("ada"), now));
        assert_eq!(pieces.find("a").map(|held| held.taken), Some(9));
        pieces.forget("a");
        assert_eq!(pieces.find("a"), None);
    }

    #[test]
    fn one_consumer_cannot_take_all_the_room_and_who_does_not_go_on_loses_it() {
        let (pieces, now) = (Pieces::default(), Clock::system().now());
        for number in 0..FILES_OF_ONE_MAX {
            let id = number.to_string();
            assert_eq!(pieces.room((&id, Some("ada")), now), Ok(()));
            pieces.note(&id, (0, at(1)), (Some("ada"), now));
        }
        assert_eq!(pieces.room(("new", Some("ada")), now), Err(NoRoom::Consumer));
        assert_eq!(pieces.room(("0", Some("ada")), now), Ok(()), "it is under way");
        assert_eq!(pieces.room(("new", Some("bob")), now), Ok(()));
        let large = Held { taken: 1, cut: vec![b'x'; HELD_BYTES_MAX], ..Held::default() };
        pieces.note("b", (0, Arc::new(large)), (Some("bob"), now));
        assert_eq!(pieces.room(("new", Some("cat")), now), Err(NoRoom::All));
        assert_eq!(pieces.room(("0", Some("ada")), now), Err(NoRoom::All));
        assert_eq!(pieces.room(("0", Some("ada")), now + IDLE), Ok(()));
    }
}
