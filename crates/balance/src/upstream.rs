//! A live upstream: who belongs to it, and the view from which requests are served.
//!
//! Two sides. Workers call [`Upstream::select_endpoint`], which reads the view and takes no
//! lock. The control runtime calls everything else; changes there are made under one lock and
//! end in a new view.

mod control;
mod known;

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use architrave_config as config;
use architrave_core::Moment;
use architrave_core::name::UpstreamName;

use crate::bar::Bar;
use crate::cohort::{Cohort, lock};
use crate::endpoint::Endpoint;
use crate::load::Reserved;
use crate::membership::{Discovered, Membership, MembershipError, Origin};
use crate::pick::{Criteria, Pick, Unavailable};
use crate::retry_budget::RetryBudget;
use crate::status::{EndpointStatus, Transition};
use crate::view::{Ranked, View};
use control::Control;

pub use known::SentEndpoints;

/// How often a pick is made anew because somebody else has taken the room meanwhile.
const RESERVE_TRIES: u32 = 16;

/// A pool of endpoints as it lives. One per configured upstream, shared by all routes and
/// workers as `Arc<Upstream>`.
pub struct Upstream {
    config: Arc<config::Upstream>,
    cohort: Arc<Cohort>,
    retry_budget: RetryBudget,
    view: ArcSwap<View>,
    control: Mutex<Control>,
    /// Whether endpoints may have come that nobody has been told of.
    has_newcomers: AtomicBool,
}

/// Something that turned at an endpoint, for the log.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where.
    pub endpoint: Arc<Endpoint>,
    /// What.
    pub transition: Transition,
}

impl Upstream {
    /// Brings a configured upstream to life.
    ///
    /// Endpoints that `previous` has at the same address (and with the same server name) live on,
    /// with their health, their load, their latency and what was set by hand; so do the turns of
    /// `round_robin`, the retry budget, and what DNS last answered. `previous` itself is left as
    /// it is until the first [`Upstream::refresh`] of the new one: a reload that is given up
    /// half-way has changed nothing.
    #[must_use]
    pub fn new(config: Arc<config::Upstream>, previous: Option<&Self>, now: Moment) -> Self {
        let cohort = previous.map_or_else(
            || Arc::new(Cohort::new(config.health.clone())),
            |previous| Arc::clone(&previous.cohort),
        );
        let membership = match previous {
            None => Membership::new(&config, &cohort, None),
            Some(previous) => {
                let control = lock(&previous.control);
                Membership::new(&config, &cohort, Some((&previous.config, &control.membership)))
            }
        };
        let dismissed = previous.map(|previous| lock(&previous.control).beside(&membership));
        let mut control = Control::new(membership, dismissed.unwrap_or_default());
        if previous.is_none() {
            control.take_charge(&config, &cohort);
        }
        let (ranked, _) = control.rank(&config, now);
        Self {
            view: ArcSwap::from_pointee(control.lay_out(&config, ranked)),
            retry_budget: RetryBudget::new(Arc::clone(&cohort), config.retry.budget_percent),
            config,
            cohort,
            control: Mutex::new(control),
            has_newcomers: AtomicBool::new(false),
        }
    }

    /// What was configured.
    #[must_use]
    pub fn config(&self) -> &Arc<config::Upstream> {
        &self.config
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &UpstreamName {
        &self.config.name
    }

    /// Picks the endpoint that takes a request, and reserves room there: no two workers can take
    /// the last room of an endpoint.
    ///
    /// # Errors
    /// As [`Upstream::select_endpoint`].
    #[inline]
    pub fn reserve(
        &self,
        criteria: &Criteria<'_>,
        now: Moment,
        random: &mut fastrand::Rng,
    ) -> Result<Reserved, Unavailable> {
        for _outrun in 0..RESERVE_TRIES {
            let endpoint = self.select_endpoint(criteria, now, random)?;
            if let Some(reserved) = Reserved::within(endpoint, self.limit()) {
                return Ok(reserved);
            }
        }
        // Everybody else was quicker each time: as full as it can be.
        Err(Unavailable::AtLimit)
    }

    /// Reserves room at the endpoint of that address and at no other, for who has left something there
    /// that nobody else has.
    ///
    /// # Errors
    /// [`Unavailable::NoneHealthy`] when it is not there or is down, [`Unavailable::AtLimit`]
    /// when it has `requests_per_endpoint_max` requests in flight.
    pub fn reserve_at(&self, address: SocketAddr) -> Result<Reserved, Unavailable> {
        let view = self.view.load();
        let endpoint = view.find(address).filter(|endpoint| endpoint.is_up());
        let endpoint = endpoint.ok_or(Unavailable::NoneHealthy)?;
        Reserved::within(Arc::clone(endpoint), self.limit()).ok_or(Unavailable::AtLimit)
    }

    fn limit(&self) -> u32 {
        match self.config.limits.requests_per_endpoint_max {
            0 => u32::MAX,
            limit => limit,
        }
    }

    /// Picks the endpoint that takes a request, and holds nothing there; see
    /// [`Upstream::reserve`].
    ///
    /// A pinned endpoint is honoured while it is available, has room and was not tried,
    /// whatever its priority and weight; else the choice is as for anybody.
    ///
    /// # Errors
    /// [`Unavailable::NoneHealthy`] when nobody is available, [`Unavailable::AtLimit`] when
    /// everybody who is has `requests_per_endpoint_max` requests in flight.
    pub fn select_endpoint(
        &self,
        criteria: &Criteria<'_>,
        now: Moment,
        random: &mut fastrand::Rng,
    ) -> Result<Arc<Endpoint>, Unavailable> {
        let view = self.view.load();
        let mut pick = Pick {
            hash: criteria.hash,
            tried: criteria.tried,
            bar: Bar::Available,
            limit: self.limit(),
            in_flight: self.cohort.in_flight.load(Ordering::Relaxed),
            weight_in_service: 0,
            hash_bound: self.config.hash_bound,
            now,
            cursor: &self.cohort.cursor,
            random,
        };
        if let Some(pinned) = criteria.pinned.and_then(|address| view.find(address))
            && pick.accepts(pinned)
        {
            return Ok(Arc::clone(pinned));
        }
        view.choose(&mut pick).cloned()
    }

    /// The endpoint that a client stays with by what hashes to `hash` (a header, its address),
    /// among those available now; for [`Criteria::pinned`]. Nothing is remembered, so every node
    /// says the same.
    #[must_use]
    pub fn affine_endpoint(&self, hash: u64) -> Option<SocketAddr> {
        self.view.load().affine(hash).map(|endpoint| endpoint.address())
    }

    /// Leave to retry, as a share of what is in flight.
    #[must_use]
    pub fn retry_budget(&self) -> &RetryBudget {
        &self.retry_budget
    }

    /// Attempts in flight at all endpoints together.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.cohort.in_flight.load(Ordering::Relaxed)
    }

    /// Whether somebody is available who is not among those `tried`.
    #[must_use]
    pub fn has_other(&self, tried: &[SocketAddr]) -> bool {
        self.view.load().has_other(tried)
    }

    /// How many requests all its endpoints together may have in flight; `None`: no bound.
    #[must_use]
    pub fn room(&self) -> Option<u32> {
        match self.config.limits.requests_per_endpoint_max {
            0 => None,
            each => Some(each.saturating_mul(self.view.load().members())),
        }
    }

    /// Every endpoint, in the order of the configuration.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        let control = lock(&self.control);
        control.membership.members().iter().map(|member| Arc::clone(&member.endpoint)).collect()
    }

    /// The endpoint at `address`.
    #[must_use]
    pub fn endpoint(&self, address: SocketAddr) -> Option<Arc<Endpoint>> {
        self.view.load().find(address).cloned()
    }

    /// Where each endpoint comes from and everything there is to show of it.
    #[must_use]
    pub fn status(&self, now: Moment) -> Vec<(Origin, EndpointStatus)> {
        let control = lock(&self.control);
        let members = control.membership.members().iter();
        members.map(|member| (member.origin, member.endpoint.status(now))).collect()
    }

    /// Takes in what a DNS source answered; `source` is its place in the configured list. Keep
    /// calling it with the last good answer, or do not call it, when the source cannot be asked.
    pub fn set_discovered(&self, source: usize, endpoints: &[Discovered], now: Moment) {
        let mut control = lock(&self.control);
        let gone = control.membership.set_source(source, endpoints, &self.cohort);
        self.has_newcomers.store(true, Ordering::Relaxed);
        self.after_change(&mut control, gone, now);
    }

    /// Whether endpoints may have come since this was last asked.
    pub(crate) fn take_newcomers(&self) -> bool {
        self.has_newcomers.swap(false, Ordering::Relaxed)
    }

    /// Adds an endpoint by hand; it stays through reloads until it is removed by hand.
    ///
    /// # Errors
    /// [`MembershipError::Exists`] or [`MembershipError::Full`].
    pub fn add_endpoint(&self, endpoint: Discovered, now: Moment) -> Result<(), MembershipError> {
        let mut control = lock(&self.control);
        control.membership.add(endpoint, &self.cohort)?;
        self.has_newcomers.store(true, Ordering::Relaxed);
        self.after_change(&mut control, Vec::new(), now);
        Ok(())
    }

    /// Removes an endpoint that was added by hand.
    ///
    /// # Errors
    /// [`MembershipError::NotFound`] or [`MembershipError::Configured`].
    pub fn remove_endpoint(&self, address: SocketAddr, now: Moment) -> Result<(), MembershipError> {
        let mut control = lock(&self.control);
        let gone = control.membership.remove(address, &self.cohort)?;
        self.after_change(&mut control, gone, now);
        Ok(())
    }

    /// Has `told` called whenever somebody has come, gone, or become able to take more or less: who
    /// waits for room may find some. For good, also by what replaces this upstream; only the first
    /// call has an effect. It is called with a lock held and must be quick.
    pub fn on_layout(&self, told: impl Fn() + Send + Sync + 'static) {
        self.cohort.tell(told);
    }

    /// Ends ejections, moves slow starts on, and lays out a new view if anything changed. Call
    /// it about every 100 ms on the control runtime. Says which ejections ended, for the log.
    pub fn refresh(&self, now: Moment) -> Vec<Change> {
        let mut control = lock(&self.control);
        let took_charge = control.take_charge(&self.config, &self.cohort);
        let returned = self.end_ejections(&control, now);
        let changed = self.cohort.take_changed() || took_charge;
        if changed || control.slow_start_under_way {
            let (ranked, moved) = control.rank(&self.config, now);
            if changed || moved {
                self.show(&control, ranked);
            }
        }
        returned
    }

    fn end_ejections(&self, control: &Control, now: Moment) -> Vec<Change> {
        if self.cohort.census().ejected == 0 {
            return Vec::new();
        }
        let endpoints = control.membership.members().iter().map(|member| &member.endpoint);
        let ended = endpoints.filter_map(|endpoint| {
            let transition = endpoint.end_ejection_if_due(now)?;
            Some(Change { endpoint: Arc::clone(endpoint), transition })
        });
        ended.collect()
    }

    fn after_change(&self, control: &mut Control, gone: Vec<Arc<Endpoint>>, now: Moment) {
        control.update_census(&self.config, gone);
        let (ranked, _) = control.rank(&self.config, now);
        self.show(control, ranked);
    }

    fn show(&self, control: &Control, ranked: Vec<Ranked>) {
        self.view.store(Arc::new(control.lay_out(&self.config, ranked)));
        self.cohort.laid_out();
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upstream")
            .field("name", self.name())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod tests;
