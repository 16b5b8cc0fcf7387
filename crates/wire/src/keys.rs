//! The field names seen in each open object, to refuse a second one.
//!
//! Hashes are kept, not names: equal names have equal hashes, so no doubling is missed, and two
//! names that were made to collide only get their own sender refused.

use std::collections::HashSet;

/// Up to here a walk over the list is faster than a set.
const LIST_MAX: usize = 24;

/// Names of all open objects: lists laid one behind the other, sets for the large ones.
#[derive(Debug, Default)]
pub struct Keys {
    hashes: Vec<u64>,
    objects: Vec<Object>,
    hasher: foldhash::fast::FixedState,
}

#[derive(Debug)]
struct Object {
    from: usize,
    set: Option<HashSet<u64, foldhash::fast::FixedState>>,
}

/// What became of a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// The object has it already.
    Doubled,
    /// The object has too many.
    TooMany,
}

impl Keys {
    /// An object begins.
    pub fn open(&mut self) {
        self.objects.push(Object { from: self.hashes.len(), set: None });
    }

    /// The object that began last ends.
    pub fn close(&mut self) {
        if let Some(object) = self.objects.pop() {
            self.hashes.truncate(object.from);
        }
    }

    /// A name in the object that began last, which may have `fields_max` of them.
    pub fn add(&mut self, name: &[u8], fields_max: usize) -> Added {
        use std::hash::BuildHasher as _;
        let Some(object) = self.objects.last_mut() else { return Added::New };
        let hash = self.hasher.hash_one(name);
        if let Some(set) = &mut object.set {
            return match set.insert(hash) {
                false => Added::Doubled,
                true if set.len() > fields_max => Added::TooMany,
                true => Added::New,
            };
        }
        let own = &self.hashes[object.from..];
        if own.contains(&hash) {
            return Added::Doubled;
        }
        if own.len() == fields_max {
            return Added::TooMany;
        }
        if own.len() == LIST_MAX {
            let mut set: HashSet<u64, _> = HashSet::default();
            set.extend(own);
            set.insert(hash);
            object.set = Some(set);
            self.hashes.truncate(object.from);
        } else {
            self.hashes.push(hash);
        }
        Added::New
    }
}
