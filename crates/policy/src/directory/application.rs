//! One application as workers see it: never changed, put in place of another. What is counted of it
//! goes along.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use architrave_config::ports::{CountedFor, LimitStanding};
use architrave_config::{Budget, ConsumerLimits, Plan, SubscriptionState};
use architrave_core::Moment;
use architrave_core::name::{PlanName, ProductName};
use smallvec::SmallVec;

use super::past::Past;
use super::team::{LiveTeam, TeamBudgets};
use super::{ApplicationRecord, KeyRecord, SubscriptionRecord, standing, team_share};
use crate::consumers::ParallelGuard;
use crate::ledger::{Account, Ledger, Share, Terms};
use crate::rate_limit::{Limiter, refuse};
use crate::verdict::Reply;
use crate::view::RequestView;

/// How long requests may be in flight that were counted under a subscription that is over.
const IN_FLIGHT: Duration = Duration::from_secs(3_600);

/// Who calls by a subscription.
#[derive(Debug)]
pub struct Application {
    /// Its name.
    pub name: Arc<str>,
    /// The team that it belongs to.
    pub team: Option<Arc<str>>,
    /// What that team may use up.
    live_team: Option<Arc<LiveTeam>>,
    pub(super) keys: Box<[KeyRecord]>,
    /// In the order in which they were made.
    pub(crate) subscriptions: SmallVec<[Arc<Subscription>; 2]>,
}

/// What an application has subscribed to.
pub struct Subscription {
    /// The name of the plan.
    pub plan: Arc<str>,
    /// How far it is.
    pub state: SubscriptionState,
    /// When it was made; `None`: it was always there.
    pub since: Option<SystemTime>,
    /// What is counted of it, from the first request on.
    counters: ArcSwapOption<Counters>,
}

/// What is counted of one application under one plan.
#[derive(Debug)]
pub struct Counters {
    /// The plan.
    pub plan: Arc<LivePlan>,
    requests: Option<Arc<Limiter>>,
    in_flight: Arc<AtomicU32>,
    /// What the team may use up, as far as the account knows.
    team_budgets: Option<TeamBudgets>,
    /// What it may spend at models; `None` where the plan sets no bound to that.
    pub account: Option<Arc<Account>>,
}

/// A plan put to work: its name and what it bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct LivePlan {
    /// Its name.
    pub name: PlanName,
    /// The name of its product.
    pub product: ProductName,
    limits: ConsumerLimits,
    budgets: Vec<Budget>,
    shared_budgets: Vec<Budget>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.plan, self.state.as_str())
    }
}

impl Application {
    /// The application of a record, with what was counted of the one `before` it, and of
    /// subscriptions that are over and whose counts are not.
    pub(super) fn new(
        record: ApplicationRecord,
        before: Option<&Self>,
        live_team: Option<Arc<LiveTeam>>,
        past: &mut Past,
    ) -> Self {
        let ApplicationRecord { name, team, keys, subscriptions } = record;
        let known = before.map_or(&[][..], |before| &before.subscriptions);
        let subscriptions = subscriptions.into_iter().map(|record| {
            let same = known.iter().find(|known| known.plan == record.plan);
            match same {
                Some(same) if same.state == record.state && same.since == record.since => {
                    Arc::clone(same)
                }
                _ => {
                    let of_past = || past.take(&name, &record.plan);
                    let counters = same.map_or_else(of_past, |same| same.counters.load_full());
                    let counters = ArcSwapOption::new(counters);
                    let SubscriptionRecord { plan, state, since } = record;
                    let plan = past.word(plan);
                    Arc::new(Subscription { plan, state, since, counters })
                }
            }
        });
        let subscriptions = subscriptions.collect();
        let team = team.map(|team| past.word(team));
        Self { name, team, live_team, keys: keys.into(), subscriptions }
    }

    /// Whether these are the budgets of its team.
    fn has_budgets(&self, budgets: Option<&TeamBudgets>) -> bool {
        match (&self.live_team, budgets) {
            (Some(team), Some(budgets)) => team.has(budgets),
            (None, None) => true,
            _ => false,
        }
    }
}

impl Subscription {
    /// What was counted of it until now, if anything was.
    pub(super) fn so_far(&self) -> Option<Arc<Counters>> {
        self.counters.load_full()
    }

    /// What is counted of it under `plan`, as its terms are now.
    pub(crate) fn counters(
        &self,
        application: &Application,
        plan: &Arc<LivePlan>,
        ledger: &Ledger,
    ) -> Arc<Counters> {
        loop {
            let known = self.counters.load();
            if let Some(counters) = &*known
                && Arc::ptr_eq(&counters.plan, plan)
                && application.has_budgets(counters.team_budgets.as_ref())
            {
                return Arc::clone(counters);
            }
            let made = Counters::new(application, plan, ledger, known.as_deref());
            // Whoever was quicker has made the same; what is counted must not be counted twice.
            self.counters.compare_and_swap(&*known, Some(Arc::new(made)));
        }
    }
}

impl Subscription {
    /// The limit of requests that something was counted under.
    pub(super) fn counted(&self) -> Option<Arc<Limiter>> {
        self.counters.load().as_ref().and_then(|counters| counters.requests.clone())
    }
}

impl Counters {
    /// The limit of requests.
    pub(super) const fn requests(&self) -> Option<&Arc<Limiter>> {
        self.requests.as_ref()
    }

    /// How long what was counted counts: the longest period of the rates, and as long as requests of
    /// it may still be in flight.
    pub(super) fn lasts(&self) -> Option<Duration> {
        let limits = &self.plan.limits;
        let rates = [limits.requests, limits.tokens].into_iter().flatten().map(|rate| rate.per);
        rates.chain(limits.parallel_max.map(|_| IN_FLIGHT)).max()
    }

    /// Counts that go on where those `before` were, wherever the bound is the same.
    fn new(
        application: &Application,
        plan: &Arc<LivePlan>,
        ledger: &Ledger,
        before: Option<&Self>,
    ) -> Self {
        let requests = plan.limits.requests.map(|rate| {
            let known = before.and_then(|before| before.requests.as_ref());
            let known = known.filter(|known| known.rate() == rate);
            known.map_or_else(|| Arc::new(Limiter::of_one(rate)), Arc::clone)
        });
        let own = Terms::of(plan.limits.tokens, &plan.budgets);
        let shared = Terms::of(None, &plan.shared_budgets);
        let own_name = format!("applications/{}/{}", application.name, plan.name);
        let shared_name = format!("plans/{}", plan.name);
        let team_budgets = application.live_team.as_ref().map(|team| team.budgets());
        let of_team = Terms::of(None, team_budgets.as_ref().map_or(&[][..], |all| all));
        let team_name = team_share(application.team.as_deref().unwrap_or_default());
        Self {
            plan: Arc::clone(plan),
            requests,
            in_flight: before.map(|before| Arc::clone(&before.in_flight)).unwrap_or_default(),
            account: ledger.account_of(&[
                Share { counted_for: CountedFor::Caller, name: &own_name, terms: &own },
                Share { counted_for: CountedFor::Plan, name: &shared_name, terms: &shared },
                Share { counted_for: CountedFor::Team, name: &team_name, terms: &of_team },
            ]),
            team_budgets,
        }
    }

    /// Counts the request, or refuses it.
    pub(crate) fn admit(&self, view: &mut RequestView<'_>) -> Result<(), Reply> {
        // The place is taken before the request is counted, so that waiting for a place with many
        // tries does not use up the rate as well.
        if let Some(max) = self.plan.limits.parallel_max {
            view.admission.parallel = Some(ParallelGuard::of(&self.in_flight, max)?);
        }
        let Some(requests) = &self.requests else { return Ok(()) };
        let decision = requests.charge(0, view.now);
        view.admission.note_rate(requests.report(decision));
        if decision.is_allowed {
            return Ok(());
        }
        view.admission.parallel = None;
        Err(refuse(requests, decision))
    }

    /// Where each limit stands: what the next request finds.
    pub(super) fn standings(&self, now: Moment, wall: SystemTime) -> Vec<LimitStanding> {
        let mut all = Vec::new();
        if let Some(requests) = &self.requests {
            all.push(standing::of_rate(requests.standing(now), wall));
        }
        if let Some(max) = self.plan.limits.parallel_max {
            all.push(standing::of_parallel(&self.in_flight, max));
        }
        if let Some(account) = &self.account {
            all.extend(standing::of_account(account, now, wall));
        }
        all
    }
}

impl LivePlan {
    pub(super) fn new(plan: &Plan, product: &ProductName) -> Self {
        Self {
            name: plan.name.clone(),
            product: product.clone(),
            limits: plan.limits.clone(),
            budgets: plan.budgets.clone(),
            shared_budgets: plan.shared_budgets.clone(),
        }
    }
}
