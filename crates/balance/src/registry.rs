//! All live upstreams by name. Requests do not come here: they hold the snapshot's own upstreams.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use architrave_core::Moment;
use architrave_core::name::UpstreamName;

use crate::upstream::{Change, Upstream};

/// All live upstreams; `server` replaces them, `control` and the refreshing task read them.
#[derive(Debug, Default)]
pub struct Registry(ArcSwap<HashMap<UpstreamName, Arc<Upstream>>>);

impl Registry {
    /// A registry without upstreams.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The upstreams as they are now.
    #[must_use]
    pub fn upstreams(&self) -> Arc<HashMap<UpstreamName, Arc<Upstream>>> {
        self.0.load_full()
    }

    /// One upstream.
    #[must_use]
    pub fn get(&self, name: &UpstreamName) -> Option<Arc<Upstream>> {
        self.0.load().get(name).cloned()
    }

    /// Replaces them all, whole; returns the old ones, so that they are dropped off the workers.
    pub fn replace(
        &self,
        upstreams: impl IntoIterator<Item = Arc<Upstream>>,
    ) -> Arc<HashMap<UpstreamName, Arc<Upstream>>> {
        let by_name = upstreams.into_iter().map(|upstream| (upstream.name().clone(), upstream));
        self.0.swap(Arc::new(by_name.collect()))
    }

    /// Refreshes every upstream; call it about every 100 ms. Says what turned, for the log.
    pub fn refresh(&self, now: Moment) -> Vec<(UpstreamName, Change)> {
        let upstreams = self.0.load();
        let refreshed = upstreams.iter().flat_map(|(name, upstream)| {
            upstream.refresh(now).into_iter().map(|change| (name.clone(), change))
        });
        refreshed.collect()
    }
}
