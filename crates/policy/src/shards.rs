//! A map that is read without waiting and written one key at a time: many small maps, each swapped
//! whole. What is made once and found by everybody ([`Shards::find_or_make`]) is made without
//! waiting, too; of `insert`, `remove` and `fill` whoever writes sees to it that nobody else does.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Few enough that an empty map costs next to nothing, and so many that one key of a hundred
/// thousand is written by copying a hundred.
const SHARDS: usize = 1 << 10;

type Shard<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A map of many small ones.
pub(crate) struct Shards<K, V> {
    hash: foldhash::fast::RandomState,
    shards: Box<[ArcSwap<Shard<K, V>>]>,
}

impl<K, V> fmt::Debug for Shards<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len: usize = self.shards.iter().map(|shard| shard.load().len()).sum();
        formatter.debug_struct("Shards").field("len", &len).finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Default for Shards<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    pub(crate) fn new() -> Self {
        let hash = foldhash::fast::RandomState::default();
        let empty = Arc::new(HashMap::with_hasher(hash.clone()));
        let shards = (0..SHARDS).map(|_| ArcSwap::new(Arc::clone(&empty))).collect();
        Self { hash, shards }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.shard(key).load().get(key).cloned()
    }

    /// What is seen of a key's value where it lies: of a hundred thousand, each place more that is
    /// looked at is one more that is in no cache.
    pub(crate) fn look<Q, R>(&self, key: &Q, see: impl FnOnce(&V) -> R) -> Option<R>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.shard(key).load().get(key).map(see)
    }

    /// Whether it is new.
    pub(crate) fn insert(&self, key: K, value: V) -> bool {
        let shard = self.shard(&key);
        let mut map = Shard::clone(&shard.load());
        let is_new = map.insert(key, value).is_none();
        shard.store(Arc::new(map));
        is_new
    }

    /// Whether it was there.
    pub(crate) fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let shard = self.shard(key);
        let mut map = Shard::clone(&shard.load());
        let was_there = map.remove(key).is_some();
        if was_there {
            shard.store(Arc::new(map));
        }
        was_there
    }

    /// Puts all of them in, each map made once.
    pub(crate) fn fill(&self, all: Vec<(K, V)>) {
        let mut sorted: Vec<Vec<(K, V)>> = (0..SHARDS).map(|_| Vec::new()).collect();
        for (key, value) in all {
            sorted[self.place(&key)].push((key, value));
        }
        for (shard, new) in self.shards.iter().zip(sorted) {
            if new.is_empty() {
                continue;
            }
            let mut map = Shard::clone(&shard.load());
            map.extend(new);
            map.shrink_to_fit();
            shard.store(Arc::new(map));
        }
    }

    /// What there is of a key, as long as it is `fit`; else what is made anew takes its place. Of
    /// several that come at once, all get the same.
    pub(crate) fn find_or_make(
        &self,
        key: &K,
        is_fit: impl Fn(&V) -> bool,
        make: impl FnOnce() -> V,
    ) -> V {
        let shard = self.shard(key);
        let (mut make, mut made) = (Some(make), None);
        loop {
            let known = shard.load();
            if let Some(value) = known.get(key).filter(|value| is_fit(value)) {
                return value.clone();
            }
            if let Some(make) = make.take() {
                made = Some(make());
            }
            let Some(value) = &made else { continue };
            let mut map = Shard::clone(&known);
            map.insert(key.clone(), value.clone());
            let seen = shard.compare_and_swap(&*known, Arc::new(map));
            if Arc::ptr_eq(&seen, &known) {
                return value.clone();
            }
        }
    }

    /// Lets go of what is not to be kept; whoever makes something meanwhile is not held up.
    pub(crate) fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        for shard in &self.shards {
            if shard.load().iter().all(|(key, value)| keep(key, value)) {
                continue;
            }
            shard.rcu(|known| {
                let mut map = Shard::clone(known);
                map.retain(|key, value| keep(key, value));
                map
            });
        }
    }

    /// Looks at each of them, in no order.
    pub(crate) fn for_each(&self, mut look: impl FnMut(&K, &V)) {
        for shard in &self.shards {
            shard.load().iter().for_each(|(key, value)| look(key, value));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().len()).sum()
    }

    /// What there is, in no order.
    pub(crate) fn all(&self) -> Vec<V> {
        let values = |shard: &ArcSwap<Shard<K, V>>| shard.load().values().cloned().collect();
        self.shards.iter().flat_map(|shard| -> Vec<V> { values(shard) }).collect()
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &ArcSwap<Shard<K, V>> {
        &self.shards[self.place(key)]
    }

    /// By the high bits: the maps within go by the low ones.
    fn place<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        (self.hash.hash_one(key) >> 40) as usize & (SHARDS - 1)
    }
}
