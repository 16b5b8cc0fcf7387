//! What a server has been found to have: the keys of a list, and the list itself for as long as its
//! server lets anybody keep it.

use std::sync::Arc;

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
    kept: ArcSwapOption<Kept>,
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

    /// Notes a page of a list: the first one, or one that follows.
    pub(crate) fn learn(&self, known: &Known, is_first: bool, now: Moment) {
        let came = || known.list.entries.iter().map(|entry| Box::from(entry.key.as_str()));
        let before = self.keys.load();
        let keys: Vec<Box<str>> = match is_first {
            true => came().collect(),
            false => {
                let new = came().filter(|key| !before.contains(key));
                before.iter().cloned().chain(new).collect()
            }
        };
        if **before != keys {
            self.keys.store(Arc::new(keys));
        }
        // What is for everybody, and all of it: pages have places that belong together.
        let freshness = known.list.freshness.filter(|freshness| {
            freshness.scope == Scope::Public && freshness.ttl_ms > 0 && known.list.next.is_none()
        });
        if let Some(freshness) = freshness.filter(|_| is_first) {
            let span = std::time::Duration::from_millis(freshness.ttl_ms.min(KEPT_MS_MAX));
            self.kept.store(Some(Arc::new(Kept { known: known.clone(), until: now + span })));
        }
    }

    /// The list, where it may still be shown.
    pub(crate) fn fresh(&self, now: Moment) -> Option<Known> {
        let kept = self.kept.load();
        kept.as_ref().filter(|kept| now < kept.until).map(|kept| kept.known.clone())
    }

    /// Its server says that it has changed.
    pub(crate) fn forget(&self) {
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
        cache.learn(&for_all, true, clock.now());
        let keys = cache.keys();
        cache.learn(&for_all, true, clock.now());
        assert!(Arc::ptr_eq(&keys, &cache.keys()), "nothing new");
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
            cache.learn(&known(&["a"], beside), true, clock.now());
            assert!(cache.fresh(clock.now()).is_none(), "{beside}");
        }
    }

    #[test]
    fn keys_of_further_pages_come_on_top() {
        let now = Clock::manual().now();
        let cache = ListCache::default();
        cache.learn(&known(&["a", "b"], r#","nextCursor":"x""#), true, now);
        cache.learn(&known(&["b", "c"], ""), false, now);
        assert_eq!(cache.keys().iter().map(|key| &**key).collect::<Vec<_>>(), ["a", "b", "c"]);
        cache.learn(&known(&["c"], ""), true, now);
        assert_eq!(cache.keys().iter().map(|key| &**key).collect::<Vec<_>>(), ["c"]);
    }
}
