//! One endpoint as it lives: one per address of an upstream, shared by all routes and workers,
//! carried over from reload to reload.
//!
//! What requests touch is atomic. What decides whether it is in service (its standing) changes
//! seldom, under a lock that no pick ever takes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use architrave_core::Moment;

use crate::bar::{Bar, Hindrances};
use crate::cohort::{Cohort, lock};
use crate::health::{ActiveHealth, FailureStreak};
use crate::latency::Latency;
use crate::load::{Load, Reserved};
use crate::slow_start::SlowStart;
use crate::standing::Standing;
use crate::status::{EndpointStatus, Health, Transition};

mod known;

pub(crate) use known::{Judged, Known};

/// The heaviest an endpoint can be.
pub(crate) const WEIGHT_MAX: u32 = 65_535;
/// How much of what a probe found wrong is kept: enough to know what to look for.
const PROBE_ERROR_CHARS_MAX: usize = 200;

/// Marks that nobody has set the weight by hand.
const NOT_SET: u32 = u32::MAX;

/// One address that requests can be sent to.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    server_name: Option<Box<str>>,
    pub(crate) cohort: Arc<Cohort>,
    hindrances: Hindrances,
    pub(crate) in_flight: AtomicU32,
    pub(crate) requests: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) latency: Latency,
    pub(crate) streak: FailureStreak,
    ejections: AtomicU64,
    /// Nanoseconds of the clock; zero before the first probe.
    probed_at: AtomicU64,
    /// What the last probe found wrong; read by nobody who picks.
    probe_error: Mutex<Option<Box<str>>>,
    idle_connections: Arc<AtomicU32>,
    shown: Shown,
    weight_by_hand: AtomicU32,
    standing: Mutex<Standing>,
}

/// What the live upstream says of the endpoint, kept here so that its status is complete.
#[derive(Debug, Default)]
struct Shown {
    configured_weight: AtomicU32,
    weight: AtomicU32,
    share_percent: AtomicU32,
    priority: AtomicU32,
}

impl Endpoint {
    pub(crate) fn new(
        address: SocketAddr,
        server_name: Option<&str>,
        cohort: Arc<Cohort>,
        slow_start: SlowStart,
        active: ActiveHealth,
    ) -> Self {
        let standing = Standing::new(slow_start, active);
        let hindrances = Hindrances::default();
        hindrances.set(standing.hindrances());
        Self {
            address,
            server_name: server_name.map(Box::from),
            cohort,
            hindrances,
            in_flight: AtomicU32::new(0),
            requests: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            latency: Latency::default(),
            streak: FailureStreak::default(),
            ejections: AtomicU64::new(0),
            probed_at: AtomicU64::new(0),
            probe_error: Mutex::default(),
            idle_connections: Arc::default(),
            shown: Shown::default(),
            weight_by_hand: AtomicU32::new(NOT_SET),
            standing: Mutex::new(standing),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The name it was found by, for TLS; `None` when it was given as an address.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// Attempts in flight, over all workers.
    #[must_use]
    #[inline]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Idle connections that the pools of all workers keep to it. The pools do the counting.
    #[must_use]
    pub fn idle_connections(&self) -> &Arc<AtomicU32> {
        &self.idle_connections
    }

    /// Whether it can be picked: healthy, not ejected, not draining.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.clears(Bar::Available)
    }

    /// Begins an attempt at it, whatever limits there are: [`Upstream::reserve`](crate::Upstream)
    /// keeps to them.
    #[must_use]
    #[inline]
    pub fn begin(self: &Arc<Self>, now: Moment) -> Load {
        Reserved::unbounded(Arc::clone(self)).begin(now)
    }

    /// Takes in what a health probe found. Says what turned, for the log.
    pub fn report_probe(&self, passed: bool, now: Moment) -> Option<Transition> {
        self.probed_at.store(now.as_nanos(), Ordering::Relaxed);
        let rules = self.cohort.rules();
        let active = rules.active.as_ref()?;
        let turned = self.change(|standing| standing.active.report(passed, active));
        if turned && passed {
            // What it did before it was found unwell says nothing about what it does now.
            self.streak.end();
        }
        turned.then_some(if passed { Transition::Healthy } else { Transition::Unhealthy })
    }

    /// Whether it waits for its first probe before it takes traffic.
    #[must_use]
    pub fn is_unprobed(&self) -> bool {
        self.hindrances.is_unprobed()
    }

    /// Says that nobody can probe it: it is taken to be well.
    pub fn cannot_be_probed(&self) {
        if self.is_unprobed() {
            self.change(|standing| standing.active = ActiveHealth::new());
        }
    }

    /// Keeps what the last probe found wrong, for people; nothing where it passed.
    pub fn note_probe_error(&self, error: Option<&str>) {
        *lock(&self.probe_error) = error.map(|error| {
            let cut =
                error.char_indices().nth(PROBE_ERROR_CHARS_MAX).map_or(error.len(), |at| at.0);
            Box::from(&error[..cut])
        });
    }

    /// Takes it out of service for new picks, at once; what is in flight goes on.
    pub fn drain(&self) {
        self.change(|standing| standing.draining = true);
    }

    /// Puts it back into service: ends a drain, and an ejection with it. It comes back with a
    /// slow start if the upstream has one, and not before its probes pass.
    pub fn ready(&self) {
        self.streak.end();
        self.change(|standing| {
            standing.draining = false;
            standing.ejection.end();
        });
    }

    /// Sets its weight, 0 to 65,535, until the configuration gives it a new one. At 0 it keeps
    /// the clients that are pinned to it and gets no others. In force within a refresh.
    pub fn set_weight(&self, weight: u32) {
        self.weight_by_hand.store(weight.min(WEIGHT_MAX), Ordering::Relaxed);
        self.cohort.mark_changed();
    }

    /// Everything there is to show of it.
    #[must_use]
    pub fn status(&self, now: Moment) -> EndpointStatus {
        let standing = lock(&self.standing);
        let until = standing.ejection.until();
        EndpointStatus {
            address: self.address,
            server_name: self.server_name.as_deref().map(str::to_owned),
            health: match (standing.active.is_healthy(), until) {
                _ if standing.active.is_awaited() => Health::Unprobed,
                (false, _) => Health::Unhealthy,
                (true, Some(_)) => Health::Ejected,
                (true, None) => Health::Healthy,
            },
            is_draining: standing.draining,
            ejected_for: until.map(|until| until.since(now)),
            weight: self.shown.weight.load(Ordering::Relaxed),
            share_percent: self.shown.share_percent.load(Ordering::Relaxed),
            priority: self.shown.priority.load(Ordering::Relaxed),
            in_flight: self.in_flight(),
            idle_connections: self.idle_connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            failures_in_a_row: self.streak.length(),
            ejections: self.ejections.load(Ordering::Relaxed),
            latency: self.latency.at_last_answer(),
            probe_error: lock(&self.probe_error).as_deref().map(str::to_owned),
            probed_ago: match self.probed_at.load(Ordering::Relaxed) {
                0 => None,
                nanos => Some(now.since(Moment::from_nanos(nanos))),
            },
        }
    }

    /// Whether it clears `bar`.
    #[inline]
    pub(crate) fn clears(&self, bar: Bar) -> bool {
        self.hindrances.clear(bar)
    }

    /// Whether nothing says that it is down.
    pub(crate) fn is_up(&self) -> bool {
        self.hindrances.is_up()
    }

    /// Takes in a failed attempt, and ejects the endpoint when that was one too many in a row.
    pub(crate) fn failed(&self, elapsed: Duration, now: Moment) -> Option<Transition> {
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.latency.failed(elapsed, now);
        let in_a_row = self.streak.add();
        let rules = self.cohort.rules();
        let enough = rules.passive.consecutive_failures;
        if enough == 0 || in_a_row < enough {
            return None;
        }
        // A refusal starts the count anew as well: the question is not asked at every failure.
        self.streak.end();
        self.eject(&rules.passive, now)
    }

    fn eject(&self, rules: &architrave_config::PassiveHealth, now: Moment) -> Option<Transition> {
        let length = self.change_counted(|standing, others| {
            let may = standing.hindrances() == 0 && others.has_room_to_eject(rules);
            may.then(|| standing.ejection.eject(rules.eject_for, now))
        })?;
        self.ejections.fetch_add(1, Ordering::Relaxed);
        Some(Transition::Ejected { length })
    }

    /// Ends an ejection whose time is over.
    pub(crate) fn end_ejection_if_due(&self, now: Moment) -> Option<Transition> {
        if self.clears(Bar::Available) {
            return None;
        }
        self.change(|standing| standing.ejection.end_if_due(now)).then_some(Transition::Returned)
    }

    /// Makes the census count it, and forgets judgements that the rules no longer make.
    pub(crate) fn join(&self, rules: &architrave_config::Health) {
        self.change(|standing| {
            standing.counted = true;
            standing.forget_what_nobody_judges(rules);
        });
    }

    /// Makes the census forget it.
    pub(crate) fn leave(&self) {
        self.change(|standing| standing.counted = false);
    }

    /// The weight in force, when the configuration says `configured`.
    pub(crate) fn weight(&self, configured: u32) -> u32 {
        let by_hand = self.weight_by_hand.load(Ordering::Relaxed);
        let is_newer = self.shown.configured_weight.load(Ordering::Relaxed) == configured;
        if by_hand != NOT_SET && is_newer { by_hand } else { configured }
    }

    /// Notes what the configuration of the live upstream says; a new weight there wins over an
    /// older one set by hand.
    pub(crate) fn adopt_configured(&self, weight: u32, priority: u16) {
        if self.shown.configured_weight.swap(weight, Ordering::Relaxed) != weight {
            self.weight_by_hand.store(NOT_SET, Ordering::Relaxed);
        }
        self.shown.priority.store(u32::from(priority), Ordering::Relaxed);
    }

    /// Where its slow start stands, in percent, and whether it is still under way.
    pub(crate) fn slow_start(&self, length: Duration, now: Moment) -> (u32, bool) {
        let mut standing = lock(&self.standing);
        let available = standing.hindrances() == 0;
        let percent = standing.slow_start.percent(available, length, now);
        (percent, standing.slow_start.is_under_way())
    }

    /// Notes the weight and share that it is laid out with; says whether they are new.
    pub(crate) fn show(&self, weight: u32, share_percent: u32) -> bool {
        let old_weight = self.shown.weight.swap(weight, Ordering::Relaxed);
        let old_percent = self.shown.share_percent.swap(share_percent, Ordering::Relaxed);
        (old_weight, old_percent) != (weight, share_percent)
    }

    fn change<R>(&self, edit: impl FnOnce(&mut Standing) -> R) -> R {
        self.change_counted(|standing, _| edit(standing))
    }

    /// Changes its standing. `edit` sees the census without this endpoint; afterwards the census
    /// and the hindrances agree with the new standing, whatever `edit` did.
    fn change_counted<R>(
        &self,
        edit: impl FnOnce(&mut Standing, &crate::census::Census) -> R,
    ) -> R {
        let mut census = self.cohort.census();
        let mut standing = lock(&self.standing);
        let before = (standing.counted, standing.hindrances());
        if standing.counted {
            census.remove(standing.hindrances());
        }
        let result = edit(&mut standing, &census);
        let hindrances = standing.hindrances();
        if hindrances != 0 {
            // Noted here: it may be back before anybody lays out a view.
            standing.slow_start.leave();
        }
        if standing.counted {
            census.add(hindrances);
        }
        self.hindrances.set(hindrances);
        if before != (standing.counted, hindrances) {
            self.cohort.mark_changed();
        }
        result
    }
}
