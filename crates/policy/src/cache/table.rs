//! The answers that are kept, bounded in number and bytes and shared by all workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use architrave_core::Moment;
use quick_cache::sync::Cache as Answers;
use quick_cache::{OptionsBuilder, Weighter};

use super::kept::KeptReply;
use super::question::QuestionKey;

/// Parts of the table, each with a lock of its own that is held for a few instructions. Few, since
/// each has its own share of the bytes, and an answer must fit in one.
const SHARDS: usize = 8;

/// Bytes that an entry takes beside its answer, about.
const ENTRY_BYTES: usize = 256;

/// The bounds of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    pub(super) entries_max: usize,
    pub(super) bytes_max: u64,
}

/// The answers that are kept.
#[derive(Debug)]
pub(super) struct Table {
    answers: Answers<QuestionKey, Entry, Weight>,
}

/// An answer, and since when it is here.
#[derive(Clone, Debug)]
struct Entry {
    reply: Arc<KeptReply>,
    kept_at: Moment,
}

/// What an answer weighs: its bytes, or its share of them by number, whichever is more. So one
/// bound holds both.
#[derive(Clone, Debug)]
struct Weight {
    least: u64,
}

impl Weighter<QuestionKey, Entry> for Weight {
    fn weight(&self, _key: &QuestionKey, entry: &Entry) -> u64 {
        ((entry.reply.byte_count() + ENTRY_BYTES) as u64).max(self.least)
    }
}

impl Table {
    pub(super) fn new(bounds: Bounds) -> Self {
        let least = (bounds.bytes_max / bounds.entries_max.max(1) as u64).max(1);
        let mut options = OptionsBuilder::new();
        options
            .shards(if bounds.bytes_max / SHARDS as u64 >= least { SHARDS } else { 1 })
            .estimated_items_capacity(bounds.entries_max.min(1 << 16))
            .weight_capacity(bounds.bytes_max);
        // All that it asks for is set above.
        let options = options.build().expect("capacities are set");
        let (hasher, lifecycle) = (Default::default(), Default::default());
        let answers = Answers::with_options(options, Weight { least }, hasher, lifecycle);
        Self { answers }
    }

    /// The largest answer that there is room for, with others beside it.
    pub(super) fn reply_bytes_max(&self) -> usize {
        let share = usize::try_from(self.answers.shard_capacity()).unwrap_or(usize::MAX);
        (share / 2).saturating_sub(ENTRY_BYTES)
    }

    /// The answer, if it is no older than that.
    pub(super) fn get(
        &self,
        key: &QuestionKey,
        now: Moment,
        age_max: Duration,
    ) -> Option<Arc<KeptReply>> {
        let entry = self.answers.get(key)?;
        (now.since(entry.kept_at) <= age_max).then_some(entry.reply)
    }

    /// Keeps an answer, in place of an older one.
    pub(super) fn keep(&self, key: QuestionKey, reply: KeptReply, now: Moment) {
        self.answers.insert(key, Entry { reply: Arc::new(reply), kept_at: now });
    }

    #[cfg(test)]
    pub(super) fn holds(&self) -> (usize, u64) {
        (self.answers.len(), self.answers.weight())
    }
}

/// The tables of all caches. One per process; found again after a reload by where the policy was
/// written, while its bounds are the same.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    tables: Mutex<HashMap<String, (Bounds, Weak<Table>)>>,
}

impl Tables {
    /// The table of the policy at `identity`, such as `routes/ai/cache`.
    pub(super) fn table(&self, identity: &str, bounds: Bounds) -> Arc<Table> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|_, (_, table)| table.strong_count() > 0);
        let known = tables.get(identity).filter(|(its_bounds, _)| *its_bounds == bounds);
        if let Some(table) = known.and_then(|(_, table)| table.upgrade()) {
            return table;
        }
        let table = Arc::new(Table::new(bounds));
        tables.insert(identity.to_owned(), (bounds, Arc::downgrade(&table)));
        table
    }
}
