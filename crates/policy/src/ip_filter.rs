//! `ip_filter`: who is let in by client address. Denied wins; with an `allow`, all others are out.
//!
//! Networks are kept as sorted ranges, so that a list of thousands costs a few comparisons.

use std::net::IpAddr;

use architrave_config::policy as config;
use architrave_core::Reason;
use ipnet::IpNet;

use crate::registry::{Build, RequestPolicy, Site};
use crate::verdict::{Reply, Verdict};
use crate::view::RequestView;

/// The policy, ready to run.
#[derive(Debug)]
pub struct IpFilter {
    /// `None` lets everyone in who is not denied.
    allow: Option<AddressSet>,
    deny: AddressSet,
}

impl Build<config::IpFilter> for IpFilter {
    fn build(config: &config::IpFilter, _site: &Site<'_>) -> Self {
        Self {
            allow: (!config.allow.is_empty()).then(|| AddressSet::new(&config.allow)),
            deny: AddressSet::new(&config.deny),
        }
    }
}

impl RequestPolicy for IpFilter {
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict {
        if self.lets_in(view.client) {
            return Verdict::Continue;
        }
        Reply::refuse(Reason::Forbidden, "this address is not let in here").into()
    }
}

impl IpFilter {
    /// Whether a client at this address is let in.
    pub(crate) fn lets_in(&self, client: IpAddr) -> bool {
        let at = place(client);
        self.allow.as_ref().is_none_or(|allow| allow.contains(at)) && !self.deny.contains(at)
    }
}

/// Ranges of addresses, sorted and apart.
#[derive(Debug)]
struct AddressSet(Box<[(Place, Place)]>);

/// Where an address is: its family, then its bits. Families are kept apart, so that `::/0` means
/// every IPv6 client and no other; IPv4-mapped forms count as IPv4, which is what clients are.
type Place = (bool, u128);

impl AddressSet {
    fn new(networks: &[IpNet]) -> Self {
        let mut ranges: Vec<_> = networks.iter().map(range).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(Place, Place)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged.into())
    }

    fn contains(&self, address: Place) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= address);
        after.checked_sub(1).is_some_and(|at| address <= self.0[at].1)
    }
}

fn range(network: &IpNet) -> (Place, Place) {
    let (first, last) = (network.network(), network.broadcast());
    // Only where the whole network is mapped; a wider one is meant as IPv6.
    if place(first).0 == place(last).0 {
        return (place(first), place(last));
    }
    let bits = |address| match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    ((true, bits(first)), (true, bits(last)))
}

fn place(address: IpAddr) -> Place {
    match address.to_canonical() {
        IpAddr::V4(v4) => (false, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (true, v6.to_bits()),
    }
}

#[cfg(test)]
mod tests;
