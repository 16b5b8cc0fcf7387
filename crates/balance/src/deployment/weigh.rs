//! Who may take a request, and with what weight: the look at every lane that comes before the
//! contest of those that are left.

use std::sync::Arc;

use architrave_core::Moment;

use super::allowance::Short;
use super::choice::{PassedOver, Refused, RefusedReason};
use super::demand::{Demand, Tried};
use super::failure::{Failure, Scope};
use super::fleet::Seat;
use super::hindrance::{Hindrance, Severity};
use super::load::Size;

/// Weights are counted in parts of this: a credential's share of a light deployment is still a
/// whole number, and 2^16 × 2^20 × 4,096 lanes are far from the end of numbers.
const WEIGHT_UNIT: f64 = (1 << 20) as f64;

/// What hinders each lane of a fleet from taking one request.
pub(crate) struct Assessment<'a> {
    seats: &'a [Arc<Seat>],
    demand: &'a Demand<'a>,
    hindrances: Vec<Option<Hindrance>>,
    /// When the first of those that only time hinders may be used, by how they are hindered.
    rate_limited_until: Option<Moment>,
    short_until: Option<Moment>,
    denied_until: Option<Moment>,
}

/// A lane in the contest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contender {
    /// Its place among the seats.
    pub(crate) seat: usize,
    /// Its weight among those that may be used, less as its quota runs out; over 0.
    pub(crate) weight: u64,
    /// What is left of its weight by its quota, 0 to 1.
    pub(crate) quota_left: f64,
    /// Its tokens in flight, and one for every request.
    pub(crate) tokens: u64,
    /// Its requests in flight.
    pub(crate) requests: u32,
}

impl<'a> Assessment<'a> {
    pub(crate) fn new(
        seats: &'a [Arc<Seat>],
        demand: &'a Demand<'a>,
        size: Size,
        now: Moment,
    ) -> Self {
        let mut assessment = Self {
            seats,
            demand,
            hindrances: Vec::with_capacity(seats.len()),
            rate_limited_until: None,
            short_until: None,
            denied_until: None,
        };
        let is_anybody_able = seats.iter().any(|seat| {
            let is_excluded = demand.excluded.contains(&seat.place.deployment);
            seat.is_able(demand) && !is_excluded && seat.home_weight > 0.0
        });
        for seat in seats {
            let hindrance = assessment.assess(seat, is_anybody_able, size, now);
            assessment.hindrances.push(hindrance);
        }
        assessment
    }

    /// How much those are hindered that are hindered least; `None` when nobody may be used.
    pub(crate) fn least_severity(&self) -> Option<Severity> {
        let severities = self.hindrances.iter().map(|hindrance| severity(*hindrance));
        severities.min().filter(|&severity| severity != Severity::Never)
    }

    /// Takes in that the limits of a deployment are reached after all.
    pub(crate) fn shorten(&mut self, seat: usize, short: Short) {
        self.note_short(short);
        let place = self.seats[seat].place.deployment;
        for (seat, hindrance) in self.seats.iter().zip(&mut self.hindrances) {
            if seat.place.deployment == place && severity(*hindrance) != Severity::Never {
                *hindrance = Some(short.hindrance);
            }
        }
    }

    /// Takes in that the home of an affinity key has too much in flight.
    pub(crate) fn crowded(&mut self, seat: usize) {
        let hindrance = &mut self.hindrances[seat];
        *hindrance = Some(hindrance.unwrap_or(Hindrance::Crowded));
    }

    /// Who was passed over.
    pub(crate) fn passed_over(&self, winner: Option<usize>) -> Vec<PassedOver> {
        let hindered = self.hindrances.iter().enumerate().filter_map(|(seat, hindrance)| {
            let hindrance = (*hindrance).filter(|_| Some(seat) != winner)?;
            Some(PassedOver { place: self.seats[seat].place, hindrance })
        });
        hindered.collect()
    }

    /// The refusal, when nobody may be used.
    pub(crate) fn refused(&self) -> Refused {
        let any = |wanted: &[Hindrance]| {
            self.hindrances.iter().flatten().any(|hindrance| wanted.contains(hindrance))
        };
        let soonest = [self.rate_limited_until, self.short_until].into_iter().flatten().min();
        let (reason, retry_at) = if any(&[Hindrance::RateLimited]) {
            (RefusedReason::RateLimited, soonest)
        } else if any(&[Hindrance::AtLimit, Hindrance::Full]) {
            (RefusedReason::AtLimit, soonest)
        } else if any(&[Hindrance::Denied]) {
            (RefusedReason::Denied, self.denied_until)
        } else if self.demand.tried.iter().any(|tried| tried.failure == Failure::TooLong) {
            (RefusedReason::TooLong, None)
        } else if any(&[Hindrance::Tried]) {
            (RefusedReason::Exhausted, None)
        } else {
            (RefusedReason::NoneAllowed, None)
        };
        Refused { reason, retry_at, passed_over: self.passed_over(None) }
    }

    /// What hinders `seat`: the worst, if there are several.
    fn assess(
        &mut self,
        seat: &Seat,
        is_anybody_able: bool,
        size: Size,
        now: Moment,
    ) -> Option<Hindrance> {
        let standing = seat.standing(self.demand, self.seats);
        if let Some(hindrance) = standing.filter(|it| it.severity() == Severity::Never) {
            return Some(hindrance);
        }
        if is_anybody_able && !seat.is_able(self.demand) {
            return Some(Hindrance::Unable);
        }
        let hold = seat.lane.hold(now);
        match hold {
            Some((Hindrance::RateLimited, until)) => earlier(&mut self.rate_limited_until, until),
            Some((Hindrance::Denied, until)) => earlier(&mut self.denied_until, until),
            _ => {}
        }
        let hold = hold.map(|(hindrance, _)| hindrance);
        if let Some(hindrance) = hold.filter(|it| it.severity() == Severity::Never) {
            return Some(hindrance);
        }
        if let Some(short) = seat.deployment.allowance.short(&seat.deployment.limits, size, now) {
            self.note_short(short);
            return Some(short.hindrance);
        }
        let waiting = seat.lane.load.waiting();
        let quota = (!seat.lane.quota.has_room(size, waiting, now)).then_some(Hindrance::QuotaLow);
        let context = (!seat.fits(size)).then_some(Hindrance::TooSmall);
        [standing, hold, quota, context].into_iter().flatten().max_by_key(|it| it.severity())
    }

    fn note_short(&mut self, short: Short) {
        if let Some(until) = short.until {
            earlier(&mut self.short_until, until);
        }
    }
}

impl Contender {
    /// Those who are hindered no more than `severity`, of the lowest priority among them.
    pub(crate) fn weigh(
        seats: &[Arc<Seat>],
        assessment: &Assessment<'_>,
        severity: Severity,
        now: Moment,
    ) -> Vec<Self> {
        let is_in = |seat: usize| self::severity(assessment.hindrances[seat]) <= severity;
        let priority = |seat: usize| seats[seat].priority;
        let lowest = (0..seats.len()).filter(|&seat| is_in(seat)).map(priority).min();
        let is_in = |seat: &usize| is_in(*seat) && Some(priority(*seat)) == lowest;
        let mut contenders: Vec<Self> = Vec::with_capacity(seats.len());
        let mut seat = 0;
        // Seats of one deployment stand beside each other, and share its weight by those who are
        // in: a deployment keeps its share of the fleet while one of its credentials is well.
        for of_deployment in
            seats.chunk_by(|one, other| Arc::ptr_eq(&one.deployment, &other.deployment))
        {
            let places = seat..seat + of_deployment.len();
            seat = places.end;
            let all: u64 = places.clone().filter(is_in).map(|it| u64::from(seats[it].weight)).sum();
            contenders.extend(places.filter(is_in).map(|it| Self::of(it, &seats[it], all, now)));
        }
        contenders
    }

    fn of(place: usize, seat: &Seat, weight_of_all: u64, now: Moment) -> Self {
        let quota_left = seat.lane.quota.weight_left(seat.lane.load.waiting(), now);
        let share = f64::from(seat.weight) / weight_of_all.max(1) as f64;
        let weight = f64::from(seat.deployment.weight) * share * quota_left * WEIGHT_UNIT;
        let requests = seat.lane.load.requests();
        Self {
            seat: place,
            weight: (weight as u64).max(1),
            quota_left,
            tokens: seat.lane.load.tokens().saturating_add(u64::from(requests)),
            requests,
        }
    }
}

impl Seat {
    /// Whether its deployment can do what is asked.
    pub(crate) fn is_able(&self, demand: &Demand<'_>) -> bool {
        demand.needs & !self.deployment.abilities == 0
    }

    /// Whether a request of that size fits into its context, by all estimates.
    pub(crate) fn fits(&self, size: Size) -> bool {
        self.deployment.context_tokens.is_none_or(|most| size.prompt + size.output_max <= most)
    }

    /// What hinders it whatever is known of its lane.
    fn standing(&self, demand: &Demand<'_>, seats: &[Arc<Self>]) -> Option<Hindrance> {
        if demand.excluded.contains(&self.place.deployment) {
            return Some(Hindrance::Excluded);
        }
        if self.deployment.weight == 0 || self.weight == 0 {
            return Some(Hindrance::Weightless);
        }
        let of_each = demand.tried.iter().filter_map(|tried| self.after(tried, seats));
        of_each.max_by_key(|hindrance| hindrance.severity())
    }

    /// What it says about this lane that another was tried.
    fn after(&self, tried: &Tried, seats: &[Arc<Self>]) -> Option<Hindrance> {
        if tried.place == self.place {
            return Some(Hindrance::Tried);
        }
        let other = seats.iter().find(|seat| seat.place == tried.place)?;
        let is_same_provider = Arc::ptr_eq(&self.lane.provider, &other.lane.provider);
        let is_same_model = is_same_provider && self.lane.model() == other.lane.model();
        // Of two that are said to be as large, the one elsewhere may be so: servers cut windows down.
        let is_no_larger = match (self.deployment.context_tokens, other.deployment.context_tokens) {
            (Some(mine), Some(theirs)) => mine < theirs || (mine == theirs && is_same_provider),
            _ => false,
        };
        match tried.failure {
            Failure::TooLong if is_same_model || is_no_larger => Some(Hindrance::TooLong),
            Failure::Overloaded { scope: Scope::Provider, .. } if is_same_provider => {
                Some(Hindrance::NextToTried)
            }
            Failure::Overloaded { .. }
            | Failure::NotFound
            | Failure::Broken
            | Failure::TimedOut
                if is_same_model =>
            {
                Some(Hindrance::NextToTried)
            }
            _ => None,
        }
    }
}

fn severity(hindrance: Option<Hindrance>) -> Severity {
    hindrance.map_or(Severity::NONE, Hindrance::severity)
}

fn earlier(soonest: &mut Option<Moment>, moment: Moment) {
    *soonest = Some(soonest.map_or(moment, |soonest| soonest.min(moment)));
}
