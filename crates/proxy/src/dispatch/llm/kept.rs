//! Where things live that providers keep under an id: answers, files, batches. A request that names
//! one goes there and nowhere else, and never for another consumer than the one who made it.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use architrave_balance::hash_key;
use architrave_llm::surface::Kept;

/// How many ids are remembered; beyond that the oldest are forgotten.
const REMEMBERED_MAX: usize = 65_536;
/// Parts of the table, so that two workers seldom meet.
const PARTS: usize = 16;
/// No id of a provider is longer.
const ID_BYTES_MAX: usize = 256;

/// The ids that providers have given, and where they live. One per process.
#[derive(Debug)]
pub struct KeptIds(Box<[Mutex<Part>]>);

#[derive(Debug, Default)]
struct Part {
    homes: HashMap<(Kept, Box<str>), Arc<Home>, foldhash::fast::RandomState>,
    oldest_first: VecDeque<(Kept, Box<str>)>,
}

/// Where something lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// The provider's name.
    pub provider: Box<str>,
    /// The name of the credential by which it was made; `None` where the provider needs none.
    pub credential: Option<Box<str>>,
    /// The model's name there, where one made it.
    pub model: Option<Box<str>>,
    /// Who had it made; `None` where nobody was known.
    pub consumer: Option<Box<str>>,
}

impl Default for KeptIds {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }
}

impl KeptIds {
    /// Remembers where an id lives.
    pub(crate) fn remember(&self, kept: Kept, id: &str, home: Home) {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return;
        }
        let mut part = self.part(id);
        let key = (kept, Box::from(id));
        if part.homes.insert(key.clone(), Arc::new(home)).is_none() {
            part.oldest_first.push_back(key);
        }
        if part.oldest_first.len() > REMEMBERED_MAX / PARTS
            && let Some(oldest) = part.oldest_first.pop_front()
        {
            part.homes.remove(&oldest);
        }
    }

    /// Where an id lives, where this consumer had it made.
    pub(crate) fn find(&self, kept: Kept, id: &str, consumer: Option<&str>) -> Found {
        let home = self.part(id).homes.get(&(kept, Box::from(id))).map(Arc::clone);
        match home {
            None => Found::Unknown,
            Some(home) if home.consumer.as_deref() == consumer => Found::At(home),
            Some(_anothers) => Found::Anothers,
        }
    }

    fn part(&self, id: &str) -> MutexGuard<'_, Part> {
        let place = hash_key(id.as_bytes()) as usize % PARTS;
        self.0[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of an id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It lives there.
    At(Arc<Home>),
    /// It is another consumer's; to this one it does not exist.
    Anothers,
    /// Nothing.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(consumer: &str) -> Home {
        Home {
            provider: "openai".into(),
            credential: Some("main".into()),
            model: None,
            consumer: Some(consumer.into()),
        }
    }

    #[test]
    fn an_id_is_found_by_whom_it_was_made_for_alone() {
        let ids = KeptIds::default();
        ids.remember(Kept::Reply, "resp_1", home("joe"));
        assert_eq!(ids.find(Kept::Reply, "resp_1", Some("joe")), Found::At(Arc::new(home("joe"))));
        assert_eq!(ids.find(Kept::Reply, "resp_1", Some("ann")), Found::Anothers);
        assert_eq!(ids.find(Kept::Reply, "resp_1", None), Found::Anothers);
        assert_eq!(ids.find(Kept::File, "resp_1", Some("joe")), Found::Unknown);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest() {
        let ids = KeptIds::default();
        for number in 0..2 * REMEMBERED_MAX {
            ids.remember(Kept::File, &format!("file-{number}"), home("joe"));
        }
        let known: usize = ids.0.iter().map(|part| part.lock().unwrap().homes.len()).sum();
        assert!(known <= REMEMBERED_MAX, "{known}");
        let last = format!("file-{}", 2 * REMEMBERED_MAX - 1);
        assert_ne!(ids.find(Kept::File, &last, Some("joe")), Found::Unknown);
        assert_eq!(ids.find(Kept::File, "file-0", Some("joe")), Found::Unknown);
        ids.remember(Kept::File, &"x".repeat(ID_BYTES_MAX + 1), home("joe"));
    }
}
