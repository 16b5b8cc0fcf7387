//! A fleet: the deployments of one model as they are configured, and the choice among them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use architrave_config::{DeploymentLimits, ModelStrategy};
use architrave_core::Moment;

use super::allowance::{Allowance, Short};
use super::choice::{Choice, Refused, Why};
use super::demand::{Demand, Place};
use super::flight::Flight;
use super::hindrance::Severity;
use super::lane::Lane;
use super::lanes::Lanes;
use super::load::Size;
use super::settings::{CredentialSettings, DeploymentSettings};
use super::status::LaneStatus;
use super::strategy::Contest;
use super::weigh::{Assessment, Contender};

/// Tokens of an answer that are expected where nobody has answered yet.
const OUTPUT_ASSUMED: f64 = 256.0;

/// The deployments of one model. One per configured model, shared by all workers as `Arc<Fleet>`;
/// made anew at a reload, from lanes that live on.
#[derive(Debug)]
pub struct Fleet {
    strategy: ModelStrategy,
    /// By deployment, and by credential within.
    pub(crate) seats: Vec<Arc<Seat>>,
    turns: Arc<AtomicU64>,
}

/// A lane with its place in a fleet.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) place: Place,
    pub(crate) deployment: Arc<Deployment>,
    pub(crate) lane: Arc<Lane>,
    /// Lower numbers come first; all the same where priorities do not count.
    pub(crate) priority: u32,
    /// Its share of the deployment, among the credentials.
    pub(crate) weight: u32,
    /// Its share of the fleet while everybody is well.
    pub(crate) home_weight: f64,
}

/// A deployment of a fleet.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) weight: u32,
    pub(crate) context_tokens: Option<u64>,
    pub(crate) abilities: u32,
    pub(crate) limits: DeploymentLimits,
    pub(crate) allowance: Arc<Allowance>,
}

impl Fleet {
    /// Puts the deployments of the model `name` together. Lanes that `lanes` knows live on with
    /// all that was learned of them, whatever else changed; so do the turns, and what was used of
    /// the limits.
    #[must_use]
    pub fn new(
        name: &str,
        strategy: ModelStrategy,
        deployments: &[DeploymentSettings<'_>],
        lanes: &Lanes,
    ) -> Self {
        let mut all: Vec<Seat> = deployments
            .iter()
            .enumerate()
            .flat_map(|(place, settings)| seats(name, place, settings, lanes))
            .collect();
        if strategy != ModelStrategy::Priority {
            all.iter_mut().for_each(|seat| seat.priority = 0);
        }
        Self { strategy, seats: all.into_iter().map(Arc::new).collect(), turns: lanes.turns(name) }
    }

    /// How it chooses.
    #[must_use]
    pub fn strategy(&self) -> ModelStrategy {
        self.strategy
    }

    /// The lane at `place`.
    #[must_use]
    pub fn lane(&self, place: Place) -> Option<&Arc<Lane>> {
        self.seat(place).map(|seat| &seat.lane)
    }

    /// Chooses the lane that takes a request, takes the request into the limits of its
    /// deployment, and lets it begin.
    ///
    /// Whoever was tried for this request is not chosen again, so that asking once more after
    /// each failure comes to an end: with a [`Choice`] that works, or with a [`Refused`] when
    /// everybody was tried or cannot be used. There is no refusal while an untried lane could
    /// serve: who is merely said to be overloaded, failing, on trial or low on quota is used when
    /// nobody better is left. Who rests after a 429, or whose credential was refused, is not: the
    /// refusal says when the first of them is back.
    ///
    /// # Errors
    /// [`Refused`] when there is no lane to be had.
    pub fn choose(
        &self,
        demand: &Demand<'_>,
        now: Moment,
        random: &mut fastrand::Rng,
    ) -> Result<Choice, Refused> {
        let size = demand.size(self.expected_output());
        let mut assessment = Assessment::new(&self.seats, demand, size, now);
        loop {
            let Some(severity) = assessment.least_severity() else {
                return Err(assessment.refused());
            };
            let contenders = Contender::weigh(&self.seats, &assessment, severity, now);
            let turn = self.turns.fetch_add(1, Ordering::Relaxed);
            let contest = Contest { seats: &self.seats, demand, size, turn, now };
            let (winner, mut why) =
                contest.decide(self.strategy, contenders, &mut assessment, random);
            if severity != Severity::NONE {
                why = Why::LastResort;
            }
            let seat = &self.seats[winner];
            match seat.deployment.take(size, now) {
                Ok(()) => {
                    return Ok(Choice {
                        place: seat.place,
                        why,
                        passed_over: assessment.passed_over(Some(winner)),
                        flight: Flight::begin(Arc::clone(seat), size, now),
                    });
                }
                // Somebody else was quicker, between the assessment and now.
                Err(short) => assessment.shorten(winner, short),
            }
        }
    }

    /// Takes the lane at `place`, whatever hinders it but the limits of its deployment: for what
    /// lives at one provider, and can go nowhere else.
    ///
    /// # Errors
    /// [`Refused`] when there is no such place, or its deployment is at its limits.
    pub fn take(&self, place: Place, demand: &Demand<'_>, now: Moment) -> Result<Choice, Refused> {
        let size = demand.size(self.expected_output());
        let seat = self.seat(place).ok_or_else(Refused::nobody)?;
        seat.deployment.take(size, now).map_err(|short| Refused::short(place, short))?;
        let flight = Flight::begin(Arc::clone(seat), size, now);
        Ok(Choice { place, why: Why::Named, passed_over: Vec::new(), flight })
    }

    /// Everything there is to show of its lanes.
    #[must_use]
    pub fn status(&self, now: Moment) -> Vec<LaneStatus> {
        self.seats.iter().map(|seat| LaneStatus::of(seat, now)).collect()
    }

    /// Ends the rests of its lanes, as an operator may who knows better: of those at a provider and
    /// by a credential, where these are named. Says how many lanes those are.
    pub fn ready(&self, provider: Option<&str>, credential: Option<&str>) -> usize {
        let is_meant = |lane: &&Arc<Lane>| {
            provider.is_none_or(|name| name == lane.provider())
                && credential.is_none_or(|name| name == lane.credential())
        };
        let lanes = self.seats.iter().map(|seat| &seat.lane).filter(is_meant);
        lanes.inspect(|lane| lane.ready()).count()
    }

    fn seat(&self, place: Place) -> Option<&Arc<Seat>> {
        self.seats.iter().find(|seat| seat.place == place)
    }

    /// Tokens of an answer as they are expected: one number for all lanes, or one whose answers
    /// happened to be short would look quick.
    fn expected_output(&self) -> u64 {
        let known = || self.seats.iter().filter_map(|seat| seat.lane.pace.output_tokens());
        let count = known().count();
        let mean = if count == 0 { OUTPUT_ASSUMED } else { known().sum::<f64>() / count as f64 };
        mean.round() as u64
    }
}

impl Deployment {
    pub(crate) fn take(&self, size: Size, now: Moment) -> Result<(), Short> {
        self.allowance.take(&self.limits, size, now)
    }
}

/// The seats of one deployment: one per credential.
fn seats<'a>(
    fleet: &str,
    place: usize,
    settings: &'a DeploymentSettings<'_>,
    lanes: &'a Lanes,
) -> impl Iterator<Item = Seat> + 'a {
    let deployment = Arc::new(Deployment {
        weight: settings.weight,
        context_tokens: settings.context_tokens,
        abilities: settings.abilities,
        limits: settings.limits.clone(),
        allowance: lanes.allowance(fleet, settings.provider, settings.model),
    });
    let credentials: Vec<(Option<usize>, Option<&CredentialSettings<'_>>)> =
        match settings.credentials.as_slice() {
            [] => vec![(None, None)],
            some => some.iter().enumerate().map(|(place, it)| (Some(place), Some(it))).collect(),
        };
    let weight = |credential: Option<&CredentialSettings<'_>>| credential.map_or(1, |it| it.weight);
    let all: u64 = credentials.iter().map(|(_, it)| u64::from(weight(*it))).sum();
    credentials.into_iter().map(move |(credential, it)| {
        let weight = weight(it);
        let share = f64::from(weight) / all.max(1) as f64;
        Seat {
            place: Place { deployment: place, credential },
            priority: settings.priority,
            lane: lanes.open(settings.provider, settings.model, it),
            home_weight: f64::from(settings.weight) * share,
            weight,
            deployment: Arc::clone(&deployment),
        }
    })
}
