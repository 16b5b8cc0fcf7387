//! All live upstreams by name. Requests do not come here: they hold the snapshot's own upstreams.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use architrave_core::name::UpstreamName;
use architrave_core::{Moment, Parcel, ParcelReader};

use crate::upstream::{Change, SentEndpoints, Upstream};

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

    /// Puts into a parcel what is known of every endpoint beside its configuration, as far as `sent`
    /// does not say that it is known there already.
    pub fn pack(&self, sent: &mut SentEndpoints, parcel: &mut Parcel) {
        for upstream in self.0.load().values() {
            upstream.pack(sent, parcel);
        }
    }

    /// Goes on from what another process knew of endpoints that there are here as well.
    pub fn unpack(&self, parcel: ParcelReader<'_>, now: Moment) {
        let upstreams = self.0.load();
        for mut block in parcel.blocks() {
            let name = block.text().map(UpstreamName::new);
            if let Some(upstream) = name.and_then(|name| upstreams.get(&name)) {
                upstream.unpack(block, now);
            }
        }
    }

    /// Whether an endpoint has come, that waits for its first probe, since this was last asked.
    #[must_use]
    pub fn has_newcomers(&self) -> bool {
        let upstreams = self.0.load();
        upstreams.values().filter(|upstream| upstream.take_newcomers()).count() > 0
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
