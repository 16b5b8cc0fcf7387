//! The view: who can be picked, laid out once and read by every request until the next one.
//!
//! Immutable. Between a change and the next view the endpoints' own hindrances are consulted at
//! each pick, so an ejection or a drain acts at once even while the view still lists them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use architrave_config::BalanceAlgorithm;

use crate::algorithm::{Candidate, Layout, keeps_places, least_loaded};
use crate::bar::Bar;
use crate::endpoint::Endpoint;
use crate::pick::{Pick, Unavailable};

/// A candidate with the priority it stands at.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    /// Lower is used first.
    pub(crate) priority: u16,
    /// Who.
    pub(crate) candidate: Candidate,
}

/// How a view is laid out; from the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) algorithm: BalanceAlgorithm,
    pub(crate) panic_threshold_percent: u8,
}

impl Rules {
    /// The bars that an upstream with these rules may fall back to, from the highest.
    fn bars(self) -> &'static [Bar] {
        match self.panic_threshold_percent {
            0 => &[Bar::Available, Bar::NotFailing],
            _ => &[Bar::Available, Bar::NotFailing, Bar::NotDraining],
        }
    }
}

/// Who can be picked.
pub(crate) struct View {
    rules: Rules,
    /// By priority, lowest number first; only those where somebody could be picked.
    levels: Vec<Level>,
    /// Everybody with a weight, by priority.
    everybody: Vec<Ranked>,
    by_address: HashMap<SocketAddr, Arc<Endpoint>, foldhash::fast::RandomState>,
}

/// The candidates of one priority.
struct Level {
    bar: Bar,
    candidates: Vec<Candidate>,
    weight_in_service: u64,
    layout: Layout,
}

impl View {
    /// Lays out `ranked` (those with a weight) and makes all `endpoints` findable by address.
    pub(crate) fn new(
        rules: Rules,
        mut ranked: Vec<Ranked>,
        endpoints: impl Iterator<Item = Arc<Endpoint>>,
    ) -> Self {
        ranked.sort_by_key(|ranked| ranked.priority);
        let levels = rules.bars().iter().map(|&bar| levels(rules, &ranked, bar));
        Self {
            rules,
            levels: levels.into_iter().find(|levels| !levels.is_empty()).unwrap_or_default(),
            everybody: ranked,
            by_address: endpoints.map(|endpoint| (endpoint.address(), endpoint)).collect(),
        }
    }

    /// Whether somebody is available who is not among those `tried`.
    pub(crate) fn has_other(&self, tried: &[SocketAddr]) -> bool {
        self.everybody.iter().any(|ranked| {
            let endpoint = &ranked.candidate.endpoint;
            endpoint.clears(Bar::Available) && !tried.contains(&endpoint.address())
        })
    }

    /// How many endpoints there are.
    pub(crate) fn members(&self) -> u32 {
        u32::try_from(self.by_address.len()).unwrap_or(u32::MAX)
    }

    /// The endpoint at `address`.
    #[inline]
    pub(crate) fn find(&self, address: SocketAddr) -> Option<&Arc<Endpoint>> {
        self.by_address.get(&address)
    }

    /// The endpoint that a client with this hash stays with: rendezvous hashing, so that a client
    /// moves only when its endpoint goes, or one comes that suits it better.
    pub(crate) fn affine(&self, hash: u64) -> Option<&Arc<Endpoint>> {
        let level = self.levels.first()?;
        let clearing = level.candidates.iter().filter(|it| it.endpoint.clears(level.bar));
        let best = clearing.max_by_key(|candidate| hash_key_of(hash, candidate.endpoint.address()));
        best.map(|candidate| &candidate.endpoint)
    }

    /// Picks an endpoint: from the lowest priority that has one to give.
    #[inline]
    pub(crate) fn choose(&self, pick: &mut Pick<'_>) -> Result<&Arc<Endpoint>, Unavailable> {
        for level in &self.levels {
            if let Some(endpoint) = level.choose(pick) {
                return Ok(endpoint);
            }
        }
        self.choose_last_resort(pick)
    }

    /// Lowers the bar step by step until there is somebody, now also among those tried before.
    /// Stops where everybody is at the limit: a full house is no reason to send guests to a
    /// burning one.
    #[cold]
    fn choose_last_resort(&self, pick: &mut Pick<'_>) -> Result<&Arc<Endpoint>, Unavailable> {
        pick.tried = &[];
        for &bar in self.rules.bars() {
            if self.everybody.iter().any(|ranked| ranked.candidate.endpoint.clears(bar)) {
                pick.bar = bar;
                return self.least_loaded(pick).ok_or(Unavailable::AtLimit);
            }
        }
        Err(Unavailable::NoneHealthy)
    }

    fn least_loaded(&self, pick: &mut Pick<'_>) -> Option<&Arc<Endpoint>> {
        self.everybody.chunk_by(|one, other| one.priority == other.priority).find_map(|level| {
            let candidates = level.iter().map(|ranked| &ranked.candidate).enumerate();
            least_loaded(candidates, pick).map(|place| &level[place].candidate.endpoint)
        })
    }
}

fn hash_key_of(hash: u64, address: SocketAddr) -> u64 {
    let mut key = [0; 26];
    let ip = match address.ip() {
        std::net::IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        std::net::IpAddr::V6(ip) => ip.octets(),
    };
    key[..8].copy_from_slice(&hash.to_be_bytes());
    key[8..24].copy_from_slice(&ip);
    key[24..].copy_from_slice(&address.port().to_be_bytes());
    crate::hash::hash_key(&key)
}

/// The levels with somebody who clears `bar`.
fn levels(rules: Rules, ranked: &[Ranked], bar: Bar) -> Vec<Level> {
    ranked
        .chunk_by(|one, other| one.priority == other.priority)
        .filter_map(|ranked| Level::new(rules, ranked, bar))
        .collect()
}

impl Level {
    fn new(rules: Rules, ranked: &[Ranked], bar: Bar) -> Option<Self> {
        let clearing =
            |bar: Bar| ranked.iter().filter(move |ranked| ranked.candidate.endpoint.clears(bar));
        clearing(bar).next()?;
        let threshold = usize::from(rules.panic_threshold_percent);
        // Newcomers that nobody has probed are no sign that something is wrong.
        let known = |ranked: &&Ranked| !ranked.candidate.endpoint.is_unprobed();
        let known = clearing(Bar::NotDraining).filter(known).count();
        let in_panic = clearing(bar).count() * 100 < known * threshold;
        let bar = if in_panic { Bar::NotDraining } else { bar };
        let listed = if keeps_places(rules.algorithm) { Bar::NotDraining } else { bar };
        let candidates: Vec<Candidate> =
            clearing(listed).map(|ranked| ranked.candidate.clone()).collect();
        let in_service = clearing(bar).map(|ranked| u64::from(ranked.candidate.weight));
        Some(Self {
            bar,
            weight_in_service: in_service.sum(),
            layout: Layout::new(rules.algorithm, &candidates),
            candidates,
        })
    }

    #[inline]
    fn choose(&self, pick: &mut Pick<'_>) -> Option<&Arc<Endpoint>> {
        pick.bar = self.bar;
        pick.weight_in_service = self.weight_in_service;
        let place = self.layout.choose(&self.candidates, pick);
        let place = place.or_else(|| self.choose_from_all(pick))?;
        Some(&self.candidates[place].endpoint)
    }

    /// For when an algorithm's bounded search met nobody who could be taken.
    #[cold]
    fn choose_from_all(&self, pick: &mut Pick<'_>) -> Option<usize> {
        least_loaded(self.candidates.iter().enumerate(), pick)
    }
}
