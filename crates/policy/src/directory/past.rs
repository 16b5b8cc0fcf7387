//! What was counted of subscriptions that are over, for as long as it counts: whoever ends one and
//! begins it anew, or an application with it, goes on where they were. And the names that many
//! applications say, once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use architrave_core::Moment;

use super::{Application, Counters};

/// More are not kept. Each is a subscription that was called by, and then ended, within a period.
const KEPT_MAX: usize = 50_000;

/// So many names are kept without a look at who says them.
const WORDS_MIN: usize = 1_024;

/// By the names of application and plan.
#[derive(Debug, Default)]
pub(super) struct Past {
    kept: HashMap<Names, Kept>,
    /// The same by when they are over.
    ends: BTreeSet<(Moment, Names)>,
    /// Names of plans and teams.
    words: HashSet<Arc<str>>,
    /// Beyond so many of them, those that nobody says any more are let go.
    words_max: usize,
}

type Names = (Arc<str>, Arc<str>);

#[derive(Debug)]
struct Kept {
    counters: Arc<Counters>,
    until: Moment,
}

impl Past {
    /// Keeps what was counted of an application whose place another one takes, or none: of what the
    /// other has not subscribed to. Beyond [`KEPT_MAX`], what is over first goes first.
    pub(super) fn keep(&mut self, before: &Application, after: Option<&Application>, now: Moment) {
        let is_over = |plan: &str| {
            after.is_none_or(|after| !after.subscriptions.iter().any(|one| *one.plan == *plan))
        };
        while self.ends.first().is_some_and(|(until, _)| *until <= now) {
            self.drop_first();
        }
        for subscription in before.subscriptions.iter().filter(|one| is_over(&one.plan)) {
            let Some(counters) = subscription.so_far() else { continue };
            let Some(lasts) = counters.lasts() else { continue };
            let names = (Arc::clone(&before.name), Arc::clone(&subscription.plan));
            let until = now + lasts;
            self.take(&names.0, &names.1);
            if self.kept.len() >= KEPT_MAX {
                self.drop_first();
            }
            self.ends.insert((until, names.clone()));
            self.kept.insert(names, Kept { counters, until });
        }
    }

    /// What was counted of a subscription that begins anew.
    pub(super) fn take(&mut self, name: &Arc<str>, plan: &Arc<str>) -> Option<Arc<Counters>> {
        if self.kept.is_empty() {
            return None;
        }
        let names = (Arc::clone(name), Arc::clone(plan));
        let Kept { counters, until } = self.kept.remove(&names)?;
        self.ends.remove(&(until, names));
        // One that lasts no longer is full again by itself.
        Some(counters)
    }

    /// A name as the others have it: of a hundred thousand subscriptions to ten plans, requests come
    /// by ten names, which are in the processor's cache, and not by a hundred thousand.
    pub(super) fn word(&mut self, said: Arc<str>) -> Arc<str> {
        if let Some(known) = self.words.get(&said) {
            return Arc::clone(known);
        }
        if self.words.len() >= self.words_max {
            self.words.retain(|word| Arc::strong_count(word) > 1);
            self.words_max = WORDS_MIN.max(2 * self.words.len());
        }
        self.words.insert(Arc::clone(&said));
        said
    }

    fn drop_first(&mut self) {
        if let Some((_, names)) = self.ends.pop_first() {
            self.kept.remove(&names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_and_for_as_long_as_somebody_says_them() {
        let mut past = Past::default();
        let first = past.word("gold".into());
        assert!(Arc::ptr_eq(&first, &past.word("gold".into())));
        for number in 0..10 * WORDS_MIN {
            past.word(number.to_string().into());
        }
        assert!(past.words.len() <= 2 * WORDS_MIN, "{}", past.words.len());
        assert!(Arc::ptr_eq(&first, &past.word("gold".into())), "it is said still");
    }
}
