//! The strategies: who of the contenders wins.

use std::sync::Arc;
use std::time::Duration;

use architrave_config::ModelStrategy;
use architrave_core::Moment;

use super::affinity;
use super::choice::Why;
use super::demand::Demand;
use super::fleet::Seat;
use super::load::Size;
use super::weigh::{Assessment, Contender};

/// `fastest` sends one request in so many to a lane that has not been asked lately...
const PROBE_ONE_IN: u64 = 16;
/// ...and one in so many of those with an affinity key, which lose a warm cache by it.
const PROBE_ONE_IN_WITH_KEY: u64 = 64;
/// Not asked for so long is not asked lately.
const PROBE_AFTER: Duration = Duration::from_secs(30);
/// Times that differ by less than this factor are a tie for `fastest`: the load decides, instead
/// of noise deciding for the same lane again and again.
const TIE: f64 = 1.1;
/// A key stays with its home under `fastest` while that is no slower than the fastest by this
/// factor: a cache that is warm is worth that much.
const LOYALTY: f64 = 1.5;
/// 2^64 over the golden ratio: steps of this size round a circle fall most evenly.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One contest.
pub(super) struct Contest<'a> {
    pub(super) seats: &'a [Arc<Seat>],
    pub(super) demand: &'a Demand<'a>,
    pub(super) size: Size,
    /// A number of its own for each choice of the fleet.
    pub(super) turn: u64,
    pub(super) now: Moment,
}

impl Contest<'_> {
    /// The winner, as a place among the seats, and why. `contenders` may not be empty.
    pub(super) fn decide(
        &self,
        strategy: ModelStrategy,
        mut contenders: Vec<Contender>,
        assessment: &mut Assessment<'_>,
        random: &mut fastrand::Rng,
    ) -> (usize, Why) {
        if let [only] = contenders.as_slice() {
            return (only.seat, Why::Only);
        }
        if strategy == ModelStrategy::Fastest
            && let Some(probed) = self.probe(&contenders)
        {
            return (probed, Why::Probe);
        }
        let why = self.shorten(strategy, &mut contenders);
        if let Some(key) = self.demand.affinity {
            let home = affinity::home(self.seats, &contenders, key, self.size);
            if let Some(crowded) = home.crowded {
                assessment.crowded(contenders[crowded].seat);
            }
            return (contenders[home.taker].seat, Why::Affinity);
        }
        let winner = match strategy {
            ModelStrategy::Weighted | ModelStrategy::Priority => self.by_turn(&contenders),
            ModelStrategy::LeastBusy | ModelStrategy::Fastest | ModelStrategy::Cheapest => {
                least_busy(&contenders, random)
            }
        };
        (contenders[winner].seat, why)
    }

    /// Leaves those who are as good as the best, and says in what.
    fn shorten(&self, strategy: ModelStrategy, contenders: &mut Vec<Contender>) -> Why {
        match strategy {
            ModelStrategy::Weighted | ModelStrategy::Priority => Why::Weight,
            ModelStrategy::LeastBusy => Why::LeastBusy,
            ModelStrategy::Cheapest => {
                let price =
                    |it: &Contender| self.demand.price(self.seats[it.seat].place.deployment);
                let lowest = contenders.iter().map(price).min();
                contenders.retain(|contender| Some(price(contender)) == lowest);
                Why::Cheapest
            }
            ModelStrategy::Fastest => {
                let factor = if self.demand.affinity.is_some() { LOYALTY } else { TIE };
                // Foretold once: what other workers learn meanwhile would else change the
                // question between the best and the rest.
                let foretold: Vec<Option<f64>> =
                    contenders.iter().map(|contender| self.seconds(contender)).collect();
                let Some(least) = foretold.iter().flatten().copied().min_by(f64::total_cmp) else {
                    return Why::LeastBusy;
                };
                let mut foretold = foretold.into_iter();
                contenders.retain(|_| {
                    foretold.next().flatten().is_some_and(|seconds| seconds <= least * factor)
                });
                Why::Fastest
            }
        }
    }

    /// The time that the request should take there, in seconds; longer as its quota runs out.
    fn seconds(&self, contender: &Contender) -> Option<f64> {
        let lane = &self.seats[contender.seat].lane;
        let tokens = self.size.prompt.saturating_add(lane.load.waiting_prompt());
        let seconds = lane.pace.seconds(tokens, self.size.output as f64, self.now)?;
        Some(seconds / contender.quota_left)
    }

    /// The lane to find out about, if it is time for that: the one that was not asked for the
    /// longest time.
    ///
    /// Bounded: of whom nothing is known gets one request in half a minute at most, whoever has
    /// not been asked for half a minute shares a sixteenth of the requests.
    fn probe(&self, contenders: &[Contender]) -> Option<usize> {
        let one_in =
            if self.demand.affinity.is_some() { PROBE_ONE_IN_WITH_KEY } else { PROBE_ONE_IN };
        let is_turn = self.turn.is_multiple_of(one_in);
        let lane = |contender: &&Contender| &self.seats[contender.seat].lane;
        let is_stale = |contender: &&Contender| {
            let asked_at = lane(contender).asked_at();
            let is_due = asked_at == Moment::ZERO || self.now.since(asked_at) >= PROBE_AFTER;
            is_due && (is_turn || lane(contender).pace.line().is_none())
        };
        let stalest = contenders.iter().filter(is_stale).min_by_key(|it| lane(it).asked_at());
        stalest.map(|contender| contender.seat)
    }

    /// Whose turn it is: the turns go round a circle on which everybody has an arc as long as
    /// the weight says, in steps of the golden ratio. So shares are right after few turns, equals
    /// take turns, and it stays so whoever is left out of a turn.
    fn by_turn(&self, contenders: &[Contender]) -> usize {
        let all: u64 = contenders.iter().map(|contender| contender.weight).sum();
        let point = (u128::from(self.turn.wrapping_mul(GOLDEN)) * u128::from(all)) >> 64;
        let mut end = 0;
        let ends = contenders.iter().map(|contender| {
            end += u128::from(contender.weight);
            end
        });
        ends.take_while(|&end| end <= point).count()
    }
}

/// The contender with the fewest tokens in flight for its weight; ties are drawn by weight.
///
/// One that is three times as heavy as the lightest is seen as three of its size, and is idle
/// while it has fewer than three requests in flight: so shares are right at low load too.
fn least_busy(contenders: &[Contender], random: &mut fastrand::Rng) -> usize {
    let lightest = contenders.iter().map(|contender| contender.weight).min().unwrap_or(1);
    let load = |contender: &Contender| {
        if u64::from(contender.requests) < contender.weight / lightest {
            return 0.0;
        }
        contender.tokens as f64 / contender.weight as f64
    };
    let (mut best, mut least, mut tied_weight) = (0, f64::INFINITY, 0);
    for (place, contender) in contenders.iter().enumerate() {
        let load = load(contender);
        if load < least {
            (best, least, tied_weight) = (place, load, contender.weight);
        } else if load == least {
            tied_weight += contender.weight;
            if random.u64(..tied_weight) < contender.weight {
                best = place;
            }
        }
    }
    best
}
