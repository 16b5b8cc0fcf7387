//! What a server has been found to have: the keys of a list, and the list itself for as long as its
//! server lets anybody keep it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use architrave_core::Moment;
use architrave_mcp::list::{List, Scope};

/// A server that says that its list may be kept for longer is asked again after this: it may have
/// been put in the place of another.
const KEPT_MS_MAX: u64 = 3_600_000;

/// The keys of a list, and the list where it may be kept.
#[derive(Debug, Default)]
pub(crate) struct ListCache {
    keys: ArcSwap<Vec<Box<str>>>,
    /// Whether the keys were told; none may be all that there are.
    is_known: AtomicBool,
    kept: ArcSwapOption<Kept>,
    /// How often its server has said that it has changed.
    changes: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    known: Known,
    until: Moment,
}

/// A list and the answer that it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The answer.
    pub text: Arc<str>,
    /// What is in it.
    pub list: Arc<List>,
}

impl ListCache {
    /// The keys, as they were last told; whether the server answers at the moment or not.
    pub(crate) fn keys(&self) -> Arc<Vec<Box<str>>> {
        self.keys.load_full()
    }

    /// Whether the keys were ever told.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Notes the keys of a list that was read from its first page to its last: of a part of it nobody
    /// could tell what the server does not have.
    pub(crate) fn learn<'k>(&self, all: impl Iterator<Item = &'k str>) {
        let mut seen = HashSet::new();
        let keys: Vec<Box<str>> = all.filter(|key| seen.insert(*key)).map(Box::from).collect();
        if **self.keys.load() != keys {
            self.keys.store(Arc::new(keys));
        }
        self.is_known.store(true, Ordering::Release);
    }

    /// How often the server has said that the list has changed; for [`ListCache::keep`].
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Keeps a list for as long as its server lets anybody do so. `changes` are those from before it
    /// was asked for: what it says may be old already.
    pub(crate) fn keep(&self, known: &Known, changes: u64, now: Moment) {
        // What is for everybody, and all of it: pages have places that belong together.
        let freshness = known.list.freshness.filter(|freshness| {
            freshness.scope == Scope::Public && freshness.ttl_ms > 0 && known.list.next.is_none()
        });
        if let Some(freshness) = freshness {
            let span = std::time::Duration::from_millis(freshness.ttl_ms.min(KEPT_MS_MAX));
            self.kept.store(Some(Arc::new(Kept { known: known.clone(), until: now + span })));
        }
        // Looked at behind it: whoever says so in between takes it away himself, or is seen here.
        if self.changes() != changes {
            self.kept.store(None);
        }
    }

    /// The list, where it may still be shown.
    pub(crate) fn fresh(&self, now: Moment) -> Option<Known> {
        let kept = self.kept.load();
        kept.as_ref().filter(|kept| now < kept.until).map(|kept| kept.known.clone())
    }

    /// Its server says that it has changed.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.kept.store(None);
    }
}

#[cfg(test)]
mod tests {
    use architrave_core::Clock;
    use architrave_mcp::list::ListKind;

    use super::*;

    fn known(names: &[&str], beside: &str) -> Known {
        let entry =
            |name: &&str| format!(r#"{{"name":"{name}","inputSchema":{{"type":"object"}}}}"#);
        let entries: Vec<String> = names.iter().map(entry).collect();
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]{beside}}}}}"#,
            entries.join(",")
        );
        let list = Arc::new(List::read(ListKind::Tools, &text).unwrap());
        Known { text: text.into(), list }
    }

    #[test]
    fn a_list_is_kept_as_long_as_its_server_lets_everybody() {
        let clock = Clock::manual();
        let cache = ListCache::default();
        let for_all = known(&["a"], r#","ttlMs":1000,"cacheScope":"public""#);
        cache.keep(&for_all, cache.changes(), clock.now());
        assert!(cache.fresh(clock.now()).is_some());
        clock.advance(std::time::Duration::from_millis(1000));
        assert!(cache.fresh(clock.now()).is_none(), "it has become old");
        for beside in [
            r#","ttlMs":1000,"cacheScope":"private""#,
            r#","ttlMs":1000"#,
            "",
            r#","ttlMs":1000,"cacheScope":"public","nextCursor":"x""#,
        ] {
            cache.forget();
            cache.keep(&known(&["a"], beside), cache.changes(), clock.now());
            assert!(cache.fresh(clock.now()).is_none(), "{beside}");
        }
    }

    #[test]
    fn a_list_that_was_asked_for_before_it_changed_is_not_kept() {
        let clock = Clock::manual();
        let cache = ListCache::default();
        let before = cache.changes();
        cache.forget();
        let for_all = known(&["a"], r#","ttlMs":1000,"cacheScope":"public""#);
        cache.keep(&for_all, before, clock.now());
        assert!(cache.fresh(clock.now()).is_none());
        cache.keep(&for_all, cache.changes(), clock.now());
        assert!(cache.fresh(clock.now()).is_some());
    }

    #[test]
    fn keys_are_those_of_the_whole_list_each_once() {
        let cache = ListCache::default();
        let keys =
            |cache: &ListCache| cache.keys().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(!cache.is_known() && keys(&cache).is_empty());
        cache.learn(["a", "b", "a"].into_iter());
        assert_eq!((cache.is_known(), keys(&cache)), (true, vec!["a".to_owned(), "b".to_owned()]));
        let before = cache.keys();
        cache.learn(["a", "b"].into_iter());
        assert!(Arc::ptr_eq(&before, &cache.keys()), "nothing new");
        cache.learn(std::iter::empty());
        assert!(cache.is_known() && keys(&cache).is_empty());
    }
}
