//! A shelf of what is remembered, and who has how much on it: where it is full, the oldest of
//! whoever has the most is forgotten, so that nobody drives out what is another's. That something
//! was forgotten is not: what is unknown then may be another's.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use architrave_llm::surface::Kept;

use super::Key;

/// What is forgotten together: answers, of which every request makes some, do not drive out what
/// was made on purpose, and what is in an answer not the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shelf {
    Answers,
    Items,
    Things,
}

impl Shelf {
    pub(super) const ALL: [Self; 3] = [Self::Answers, Self::Items, Self::Things];

    pub(super) const fn of(kept: Kept) -> Self {
        match kept {
            Kept::Reply | Kept::Chat | Kept::Audio => Self::Answers,
            Kept::Item | Kept::Container => Self::Items,
            Kept::File
            | Kept::Upload
            | Kept::Lines
            | Kept::Batch
            | Kept::Conversation
            | Kept::Store
            | Kept::Cache
            | Kept::Prompt
            | Kept::Skill => Self::Things,
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Items => "items",
            Self::Things => "things",
        }
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shelf| shelf.word() == word)
    }
}

/// The keys of a shelf.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// By their numbers, the oldest first.
    keys: BTreeMap<u64, Key>,
    /// The number of the next one.
    next: u64,
    /// The numbers of each who has some; of nobody's under the empty name.
    held: HashMap<Arc<str>, BTreeSet<u64>>,
    /// Who has how many, and since when the oldest.
    most: BTreeSet<(usize, Reverse<u64>, Arc<str>)>,
    /// By provider, of whom something was forgotten.
    forgotten: HashMap<Box<str>, Forgotten>,
}

/// Of whom something was forgotten at a provider.
#[derive(Debug)]
enum Forgotten {
    Of(Box<str>),
    OfSeveral,
}

impl Row {
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The number behind the newest.
    pub(super) const fn end(&self) -> u64 {
        self.next
    }

    /// The first keys from a number on, with their numbers, up to another.
    pub(super) fn range(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &Key)> {
        self.keys.range(from..to.max(from)).map(|(number, key)| (*number, key))
    }

    /// Puts a key there for whoever had it made; its number.
    pub(super) fn add(&mut self, key: Key, holder: &str) -> u64 {
        let number = self.next;
        self.next += 1;
        self.keys.insert(number, key);
        self.change(holder, |held| held.insert(number));
        number
    }

    /// Takes a key away again.
    pub(super) fn remove(&mut self, number: u64, holder: &str) {
        if self.keys.remove(&number).is_some() {
            self.change(holder, |held| held.remove(&number));
        }
    }

    /// Which is to be forgotten first: the oldest of whoever has the most.
    pub(super) fn oldest_of_the_most(&self) -> Option<&Key> {
        let (_, Reverse(oldest), _) = self.most.last()?;
        self.keys.get(oldest)
    }

    /// Changes what somebody has.
    fn change(&mut self, holder: &str, how: impl FnOnce(&mut BTreeSet<u64>) -> bool) {
        let (holder, mut held) = match self.held.remove_entry(holder) {
            Some(known) => known,
            None => (Arc::from(holder), BTreeSet::new()),
        };
        if let Some(place) = place(&holder, &held) {
            self.most.remove(&place);
        }
        how(&mut held);
        if let Some(place) = place(&holder, &held) {
            self.most.insert(place);
            self.held.insert(holder, held);
        }
    }

    /// Notes that something was forgotten of somebody's at a provider; whether that is news.
    pub(super) fn note_forgotten(&mut self, provider: &str, holder: &str) -> bool {
        match self.forgotten.entry(provider.into()) {
            Entry::Vacant(place) => {
                place.insert(Forgotten::Of(holder.into()));
                true
            }
            Entry::Occupied(mut known) => match known.get() {
                Forgotten::Of(one) if **one != *holder => {
                    known.insert(Forgotten::OfSeveral);
                    true
                }
                _ => false,
            },
        }
    }

    /// Whether something was forgotten at a provider; of another than `holder`, where one is named.
    pub(super) fn has_forgotten(&self, provider: &str, but_of: Option<&str>) -> bool {
        match (self.forgotten.get(provider), but_of) {
            (Some(Forgotten::Of(one)), Some(holder)) => **one != *holder,
            (known, _) => known.is_some(),
        }
    }

    /// At which providers something was forgotten, and of whom; of several, by two of them that
    /// nobody is called.
    pub(super) fn forgotten(&self) -> impl Iterator<Item = (&str, [&str; 2])> {
        self.forgotten.iter().map(|(provider, of)| match of {
            Forgotten::Of(one) => (&**provider, [&**one; 2]),
            Forgotten::OfSeveral => (&**provider, ["", SOMEBODY]),
        })
    }
}

/// A name that no consumer has.
const SOMEBODY: &str = "*";

fn place(holder: &Arc<str>, held: &BTreeSet<u64>) -> Option<(usize, Reverse<u64>, Arc<str>)> {
    let oldest = *held.first()?;
    Some((held.len(), Reverse(oldest), Arc::clone(holder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> Key {
        (Kept::Reply, Arc::from(id))
    }

    #[test]
    fn the_oldest_of_whoever_has_the_most_is_forgotten_first() {
        let mut row = Row::default();
        assert_eq!(row.oldest_of_the_most(), None);
        row.add(key("a1"), "a");
        let first = row.add(key("b1"), "b");
        assert_eq!(row.oldest_of_the_most(), Some(&key("a1")), "of as many, the oldest of all");
        row.add(key("b2"), "b");
        assert_eq!(row.oldest_of_the_most(), Some(&key("b1")));
        row.remove(first, "b");
        row.remove(first, "b");
        row.add(key("n"), "");
        row.add(key("n2"), "");
        assert_eq!((row.oldest_of_the_most(), row.len()), (Some(&key("n")), 4));
        assert_eq!(row.most.len(), row.held.len());
    }

    #[test]
    fn it_is_remembered_of_whom_something_was_forgotten() {
        let mut row = Row::default();
        assert!(!row.has_forgotten("openai", None));
        assert!(row.note_forgotten("openai", "a") && !row.note_forgotten("openai", "a"));
        assert!(row.has_forgotten("openai", None) && row.has_forgotten("openai", Some("b")));
        assert!(!row.has_forgotten("openai", Some("a")), "what is not known can be a's alone");
        assert!(!row.has_forgotten("other", Some("b")));
        assert!(row.note_forgotten("openai", "b") && !row.note_forgotten("openai", "c"));
        assert!(row.has_forgotten("openai", Some("a")));
        let mut again = Row::default();
        for (provider, holders) in row.forgotten() {
            holders.iter().for_each(|holder| _ = again.note_forgotten(provider, holder));
        }
        assert!(
            again.has_forgotten("openai", Some("a")) && again.has_forgotten("openai", Some(""))
        );
    }
}
