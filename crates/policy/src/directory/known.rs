//! What applications owe under the limits of their plans, and the keys by which tokens are checked,
//! for the process that goes on in this one's place.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use architrave_config::KeySet;
use architrave_core::{Moment, Parcel, ParcelReader};

use super::Directory;
use crate::jwt::KeyCell;
use crate::rate_limit::SentTable;

/// What another process knows of applications already, by what was put into parcels for it.
#[derive(Debug, Default)]
pub struct SentApplications(HashMap<(Arc<str>, Arc<str>), SentTable>);

impl Directory {
    /// Puts into a parcel what applications owe beside what `sent` says that is known there already.
    pub fn pack(&self, sent: &mut SentApplications, now: Moment, parcel: &mut Parcel) {
        for slot in self.names.all() {
            let application = slot.current.load_full();
            for subscription in &application.subscriptions {
                let Some(limiter) = subscription.counted() else { continue };
                let rate = limiter.rate();
                parcel.block(|parcel| {
                    parcel.text(&application.name);
                    parcel.text(&subscription.plan);
                    parcel.u64(rate.count);
                    parcel.span(rate.per);
                    let key = (Arc::clone(&application.name), Arc::clone(&subscription.plan));
                    limiter.pack(sent.0.entry(key).or_default(), now, parcel);
                });
            }
        }
    }

    /// Charges applications with what they owe in another process, under limits that are the same
    /// here.
    pub fn unpack(&self, parcel: ParcelReader<'_>, now: Moment) {
        for mut block in parcel.blocks() {
            let (Some(name), Some(plan)) = (block.text(), block.text()) else { continue };
            let (Some(count), Some(per)) = (block.u64(), block.span()) else { continue };
            let Some(application) = self.by_name(name) else { continue };
            let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
            let live = plans.get(plan).and_then(Weak::upgrade);
            drop(plans);
            let subscription = application.subscriptions.iter().find(|it| *it.plan == *plan);
            let (Some(live), Some(subscription)) = (live, subscription) else { continue };
            let counters = subscription.counters(&application, &live, &self.ledger);
            let same = |limit: &&Arc<_>| {
                let rate = crate::rate_limit::Limiter::rate(limit);
                (rate.count, rate.per) == (count, per)
            };
            if let Some(limit) = counters.requests().filter(same) {
                limit.unpack(block, 1, now);
            }
        }
    }

    /// Puts into a parcel the keys of issuers that were read from somewhere else.
    pub fn pack_keys(&self, parcel: &mut Parcel) {
        for cell in self.key_cells() {
            if let (Some(source), Some(set)) = (address_of(&cell), cell.text()) {
                parcel.block(|parcel| {
                    parcel.text(&source);
                    parcel.flag(cell.allows_private());
                    parcel.bytes(&set);
                });
            }
        }
    }

    /// Checks tokens by keys that another process has read, until they are read here.
    pub fn unpack_keys(&self, parcel: ParcelReader<'_>) {
        let cells = self.key_cells();
        for mut block in parcel.blocks() {
            let (Some(source), Some(allows_private)) = (block.text(), block.flag()) else {
                continue;
            };
            let Some(set) = block.bytes() else { continue };
            let is_it = |cell: &&Arc<KeyCell>| {
                cell.allows_private() == allows_private
                    && address_of(cell).as_deref() == Some(source)
                    && cell.text().is_none()
            };
            if let Some(cell) = cells.iter().find(is_it) {
                // It was a key set there; if it is none here, it will be read from its source.
                let _why_not = cell.put(set);
            }
        }
    }
}

/// Where the keys of a cell come from; `None` where they stand in the configuration.
fn address_of(cell: &KeyCell) -> Option<String> {
    match cell.source() {
        KeySet::Url(url) => Some(format!("url {url}")),
        KeySet::File(file) => Some(format!("file {}", file.display())),
        KeySet::Text(_) => None,
    }
}
