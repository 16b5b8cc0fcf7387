//! Who watches requests: so many at once, of one caller only a few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Those who watch, by who they are.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<String, usize>>>);

/// A place among them; given back when it is dropped.
pub(crate) struct Watcher {
    all: Watchers,
    name: String,
}

impl Watchers {
    /// A place for somebody, who may have `max`; `None` where they have them.
    pub(crate) fn take(&self, name: &str, max: usize) -> Option<Watcher> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(name.to_owned()).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        Some(Watcher { all: self.clone(), name: name.to_owned() })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_so_many_places_and_leaves_the_others_to_others() {
        let watchers = Watchers::default();
        let first = watchers.take("ada", 2).expect("there is room");
        let second = watchers.take("ada", 2).expect("there is room");
        assert!(watchers.take("ada", 2).is_none());
        assert!(watchers.take("bob", 2).is_some());
        drop(first);
        assert!(watchers.take("ada", 2).is_some());
        drop(second);
        assert!(watchers.0.lock().expect("nobody panicked").is_empty());
    }
}
