//! A map that is read without waiting and written one key at a time: many small maps, each swapped
//! whole. Whoever writes sees to it that nobody else does.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use arc_swap::ArcSwap;

/// Few enough that an empty map costs next to nothing, and so many that one key of a hundred
/// thousand is written by copying a hundred.
const SHARDS: usize = 1 << 10;

type Shard<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A map of many small ones.
pub(super) struct Shards<K, V> {
    hash: foldhash::fast::RandomState,
    shards: Box<[ArcSwap<Shard<K, V>>]>,
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    pub(super) fn new() -> Self {
        let hash = foldhash::fast::RandomState::default();
        let empty = std::sync::Arc::new(HashMap::with_hasher(hash.clone()));
        let shards = (0..SHARDS).map(|_| ArcSwap::new(std::sync::Arc::clone(&empty))).collect();
        Self { hash, shards }
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.shard(key).load().get(key).cloned()
    }

    /// Whether it is new.
    pub(super) fn insert(&self, key: K, value: V) -> bool {
        let shard = self.shard(&key);
        let mut map = Shard::clone(&shard.load());
        let is_new = map.insert(key, value).is_none();
        shard.store(std::sync::Arc::new(map));
        is_new
    }

    /// Whether it was there.
    pub(super) fn remove<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let shard = self.shard(key);
        let mut map = Shard::clone(&shard.load());
        let was_there = map.remove(key).is_some();
        if was_there {
            shard.store(std::sync::Arc::new(map));
        }
        was_there
    }

    /// Puts all of them in, each map made once.
    pub(super) fn fill(&self, all: Vec<(K, V)>) {
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
            shard.store(std::sync::Arc::new(map));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.load().len()).sum()
    }

    /// What there is, in no order.
    pub(super) fn all(&self) -> Vec<V> {
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
