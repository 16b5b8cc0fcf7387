//! Counters under labels that are learned on the way: which models a consumer asks, what stands in
//! for a model. Found without a lock, and bounded: beyond so many labels all are one.

use std::sync::OnceLock;

use crate::tally::Shards;

/// The label of all that found no place of their own; no model can have this name.
pub const OTHERS: &str = "(others)";

/// So many labels are told apart; one looked for is compared with those before it.
const LABELS_MAX: usize = 100;

/// A block of counters for each label.
#[derive(Debug)]
pub(crate) struct ByLabel<T> {
    workers: usize,
    first: Slot<T>,
}

/// The place of a label, and behind it the next.
type Slot<T> = OnceLock<Box<Link<T>>>;

#[derive(Debug)]
struct Link<T> {
    label: Box<str>,
    blocks: Shards<T>,
    next: Slot<T>,
}

impl<T: Default> ByLabel<T> {
    pub(crate) fn new(workers: usize) -> Self {
        Self { workers, first: OnceLock::new() }
    }

    /// The block of `worker` under a label.
    pub(crate) fn of(&self, worker: usize, label: &str) -> &T {
        let mut slot = &self.first;
        for _ in 0..LABELS_MAX {
            let link = slot.get_or_init(|| self.link(label));
            if *link.label == *label {
                return link.blocks.of(worker);
            }
            slot = &link.next;
        }
        slot.get_or_init(|| self.link(OTHERS)).blocks.of(worker)
    }

    /// Every label that something was counted under, in the order in which they came.
    pub(crate) fn hit(&self) -> impl Iterator<Item = (&str, &Shards<T>)> {
        let links = std::iter::successors(self.first.get(), |link| link.next.get());
        links.map(|link| (&*link.label, &link.blocks))
    }

    fn link(&self, label: &str) -> Box<Link<T>> {
        let blocks = Shards::new(self.workers);
        Box::new(Link { label: label.into(), blocks, next: OnceLock::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;

    #[test]
    fn each_label_counts_for_itself_and_those_that_are_too_many_together() {
        let counts: ByLabel<Tally> = ByLabel::new(2);
        for _round in 0..2 {
            for label in 0..LABELS_MAX + 5 {
                counts.of(label % 2, &label.to_string()).add(1);
            }
        }
        let counted: Vec<_> =
            counts.hit().map(|(label, blocks)| (label, blocks.sum(|tally| tally))).collect();
        assert_eq!(counted.len(), LABELS_MAX + 1);
        assert_eq!((counted[0], counted[LABELS_MAX]), (("0", 2), (OTHERS, 10)));
    }

    #[test]
    fn a_label_that_several_workers_bring_at_once_has_one_place() {
        let counts: ByLabel<Tally> = ByLabel::new(4);
        let counts = &counts;
        std::thread::scope(|scope| {
            for worker in 0..4 {
                scope.spawn(move || {
                    (0..50).for_each(|label: u32| counts.of(worker, &label.to_string()).add(1));
                });
            }
        });
        let counted: Vec<_> =
            counts.hit().map(|(label, blocks)| (label, blocks.sum(|tally| tally))).collect();
        assert_eq!(counted.len(), 50, "{counted:?}");
        assert!(counted.iter().all(|(_, count)| *count == 4), "{counted:?}");
    }
}
