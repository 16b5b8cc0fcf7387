//! Who belongs to an upstream: what the file lists, what DNS answers and what was added by hand,
//! merged to one list with one endpoint per address.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use architrave_config::{self as config, EndpointSource};

use crate::cohort::Cohort;
use crate::endpoint::{Endpoint, WEIGHT_MAX};
use crate::health::ActiveHealth;
use crate::slow_start::SlowStart;

/// The most endpoints an upstream can have; what comes after is left out.
pub(crate) const ENDPOINTS_MAX: usize = 16_384;

/// An endpoint as its source describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// Where it is.
    pub address: SocketAddr,
    /// Its share of the load. 0 is taken as 1: in an SRV record it means little, not none.
    pub weight: u32,
    /// Lower is used first.
    pub priority: u16,
    /// The name it was found by, for TLS.
    pub server_name: Option<String>,
}

/// Where an endpoint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The place in the upstream's list of endpoint sources.
    Configured(usize),
    /// The admin API.
    AddedByHand,
}

/// What a source is asked for. Equal ones get equal answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookedUp<'a> {
    /// The name.
    pub(crate) name: &'a str,
    /// The port, where the answer tells none: those of A and AAAA records.
    pub(crate) port: Option<u16>,
}

impl<'a> LookedUp<'a> {
    /// `None` where nobody is asked.
    fn of(source: &'a EndpointSource) -> Option<Self> {
        match source {
            EndpointSource::Address { .. } => None,
            EndpointSource::Dns { name, port, .. } => Some(Self { name, port: Some(*port) }),
            EndpointSource::DnsSrv { name } => Some(Self { name, port: None }),
        }
    }
}

/// Why an endpoint could not be added or removed by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// It is there already.
    #[error("the upstream already has an endpoint at this address")]
    Exists,
    /// It is not there.
    #[error("the upstream has no endpoint at this address")]
    NotFound,
    /// It comes from the configuration; only what was added by hand can be removed by hand.
    #[error("the endpoint comes from the configuration: drain it instead")]
    Configured,
    /// The upstream is full.
    #[error("an upstream has at most {ENDPOINTS_MAX} endpoints")]
    Full,
}

/// One endpoint of an upstream, with what its source says of it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) origin: Origin,
    pub(crate) weight: u32,
    pub(crate) priority: u16,
}

/// All of them, and the lists they are merged from.
#[derive(Debug)]
pub(crate) struct Membership {
    /// Per place in the configuration's list.
    configured: Vec<Vec<Discovered>>,
    added_by_hand: Vec<Discovered>,
    members: Vec<Member>,
    /// Whether somebody probes them.
    are_probed: bool,
}

impl Membership {
    /// The membership that `config` begins with: the addresses it lists, and what `previous`
    /// knows from sources that are still there.
    pub(crate) fn new(
        config: &config::Upstream,
        cohort: &Arc<Cohort>,
        previous: Option<(&config::Upstream, &Self)>,
    ) -> Self {
        let configured =
            config.endpoints.iter().map(|source| begin_with(source, previous)).collect();
        let mut membership = Self {
            configured,
            added_by_hand: previous.map(|(_, old)| old.added_by_hand.clone()).unwrap_or_default(),
            members: previous.map(|(_, old)| old.members.clone()).unwrap_or_default(),
            are_probed: config.health.active.is_some(),
        };
        membership.merge(cohort);
        membership
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Replaces what one source says. Returns the endpoints that are gone by it.
    pub(crate) fn set_source(
        &mut self,
        source: usize,
        endpoints: &[Discovered],
        cohort: &Arc<Cohort>,
    ) -> Vec<Arc<Endpoint>> {
        let Some(list) = self.configured.get_mut(source) else { return Vec::new() };
        if list == endpoints {
            return Vec::new();
        }
        *list = endpoints.to_vec();
        self.merge(cohort)
    }

    /// What each source that is looked up has said, and how it was asked for.
    pub(crate) fn looked_up<'a>(
        &'a self,
        config: &'a config::Upstream,
    ) -> impl Iterator<Item = (LookedUp<'a>, &'a [Discovered])> {
        let all = config.endpoints.iter().zip(&self.configured);
        all.filter_map(|(source, list)| Some((LookedUp::of(source)?, list.as_slice())))
    }

    /// Takes what a process before this one was told by a source, wherever it is asked and has not
    /// answered yet. Returns the endpoints that are gone by it.
    pub(crate) fn recover_source(
        &mut self,
        config: &config::Upstream,
        (asked, endpoints): (LookedUp<'_>, &[Discovered]),
        cohort: &Arc<Cohort>,
    ) -> Vec<Arc<Endpoint>> {
        let mut gone = Vec::new();
        for (place, source) in config.endpoints.iter().enumerate() {
            if LookedUp::of(source) == Some(asked) && self.configured[place].is_empty() {
                gone.extend(self.set_source(place, &as_written(source, endpoints), cohort));
            }
        }
        gone
    }

    /// What was added by hand.
    pub(crate) fn added_by_hand(&self) -> &[Discovered] {
        &self.added_by_hand
    }

    /// Replaces what was added by hand. Returns the endpoints that are gone by it.
    pub(crate) fn set_added_by_hand(
        &mut self,
        endpoints: Vec<Discovered>,
        cohort: &Arc<Cohort>,
    ) -> Vec<Arc<Endpoint>> {
        self.added_by_hand = endpoints;
        self.merge(cohort)
    }

    pub(crate) fn add(
        &mut self,
        endpoint: Discovered,
        cohort: &Arc<Cohort>,
    ) -> Result<(), MembershipError> {
        if self.members.iter().any(|member| member.endpoint.address() == endpoint.address) {
            return Err(MembershipError::Exists);
        }
        if self.members.len() >= ENDPOINTS_MAX {
            return Err(MembershipError::Full);
        }
        self.added_by_hand.push(endpoint);
        self.merge(cohort);
        Ok(())
    }

    pub(crate) fn remove(
        &mut self,
        address: SocketAddr,
        cohort: &Arc<Cohort>,
    ) -> Result<Vec<Arc<Endpoint>>, MembershipError> {
        let member = self.members.iter().find(|member| member.endpoint.address() == address);
        match member.map(|member| member.origin) {
            None => Err(MembershipError::NotFound),
            Some(Origin::Configured(_)) => Err(MembershipError::Configured),
            Some(Origin::AddedByHand) => {
                self.added_by_hand.retain(|endpoint| endpoint.address != address);
                Ok(self.merge(cohort))
            }
        }
    }

    /// Merges the lists, keeping the endpoint of every address that stays. Of several that name
    /// one address, the first in the order of the file counts. Returns those that are gone.
    fn merge(&mut self, cohort: &Arc<Cohort>) -> Vec<Arc<Endpoint>> {
        let is_first = self.members.is_empty();
        let slow_start = if is_first { SlowStart::Arrived } else { SlowStart::Away };
        let active = match self.are_probed && !is_first {
            true => ActiveHealth::awaiting(),
            false => ActiveHealth::new(),
        };
        let mut known: HashMap<SocketAddr, Arc<Endpoint>> = self
            .members
            .drain(..)
            .map(|member| (member.endpoint.address(), member.endpoint))
            .collect();
        let mut gone = Vec::new();
        let mut merged: HashSet<SocketAddr> = HashSet::new();
        let by_hand = self.added_by_hand.iter().map(|one| (Origin::AddedByHand, one));
        let configured = self.configured.iter().enumerate();
        let configured = configured
            .flat_map(|(place, list)| list.iter().map(move |one| (Origin::Configured(place), one)));
        for (origin, one) in configured.chain(by_hand) {
            if self.members.len() >= ENDPOINTS_MAX || !merged.insert(one.address) {
                continue;
            }
            let name = one.server_name.as_deref();
            let endpoint = match known.remove(&one.address) {
                Some(endpoint) if endpoint.server_name() == name => endpoint,
                renamed => {
                    gone.extend(renamed);
                    let cohort = Arc::clone(cohort);
                    Arc::new(Endpoint::new(one.address, name, cohort, slow_start, active))
                }
            };
            self.members.push(Member {
                endpoint,
                origin,
                weight: one.weight.clamp(1, WEIGHT_MAX),
                priority: one.priority,
            });
        }
        gone.extend(known.into_values());
        gone
    }
}

/// What a source says before it was asked.
fn begin_with(
    source: &EndpointSource,
    previous: Option<(&config::Upstream, &Membership)>,
) -> Vec<Discovered> {
    if let EndpointSource::Address { address, weight, priority } = *source {
        let priority = u16::from(priority);
        return vec![Discovered { address, weight, priority, server_name: None }];
    }
    let last_answer = previous.and_then(|(config, membership)| {
        let place = config.endpoints.iter().position(|old| asks_the_same(old, source))?;
        Some(membership.configured[place].clone())
    });
    as_written(source, &last_answer.unwrap_or_default())
}

/// An answer with what the source says of it: A and AAAA records know no weight.
fn as_written(source: &EndpointSource, answer: &[Discovered]) -> Vec<Discovered> {
    let mut endpoints = answer.to_vec();
    if let EndpointSource::Dns { weight, priority, .. } = *source {
        for endpoint in &mut endpoints {
            endpoint.weight = weight;
            endpoint.priority = u16::from(priority);
        }
    }
    endpoints
}

/// Whether two sources get the same answer, so that the last one is still good.
fn asks_the_same(one: &EndpointSource, other: &EndpointSource) -> bool {
    LookedUp::of(one).is_some_and(|one| LookedUp::of(other) == Some(one))
}
