//! All objects of a configuration, each where it is found at once. Copied with changes, never
//! changed: who holds one sees one state.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Held, ObjectKind};

/// Objects by kind, and within a kind by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objects {
    kinds: [Vec<Arc<Held>>; ObjectKind::ALL.len()],
}

impl Objects {
    /// These objects; of two with one kind and name, the later.
    #[must_use]
    pub fn new(all: impl IntoIterator<Item = Held>) -> Self {
        Self::of(all.into_iter().map(Arc::new))
    }

    /// The same of objects that others hold as well.
    #[must_use]
    pub fn of(all: impl IntoIterator<Item = Arc<Held>>) -> Self {
        let mut kinds: [BTreeMap<String, Arc<Held>>; ObjectKind::ALL.len()] = Default::default();
        for held in all {
            kinds[held.object.kind.index()].insert(held.object.name.clone(), held);
        }
        Self { kinds: kinds.map(|kind| kind.into_values().collect()) }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, kind: ObjectKind, name: &str) -> Option<&Arc<Held>> {
        let list = self.list(kind);
        let at = list.binary_search_by(|held| held.object.name.as_str().cmp(name)).ok()?;
        Some(&list[at])
    }

    /// Those of one kind, in the order of their names.
    #[must_use]
    pub fn list(&self, kind: ObjectKind) -> &[Arc<Held>] {
        &self.kinds[kind.index()]
    }

    /// All, in the order of kinds, then names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Held>> {
        self.kinds.iter().flatten()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.iter().map(Vec::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts one in, in place of one of the same kind and name.
    pub fn put(&mut self, held: Arc<Held>) {
        let list = &mut self.kinds[held.object.kind.index()];
        match list.binary_search_by(|other| other.object.name.cmp(&held.object.name)) {
            Ok(at) => list[at] = held,
            Err(at) => list.insert(at, held),
        }
    }

    /// Takes one out, where it is there.
    pub fn remove(&mut self, kind: ObjectKind, name: &str) -> Option<Arc<Held>> {
        let list = &mut self.kinds[kind.index()];
        let at = list.binary_search_by(|held| held.object.name.as_str().cmp(name)).ok()?;
        Some(list.remove(at))
    }
}
