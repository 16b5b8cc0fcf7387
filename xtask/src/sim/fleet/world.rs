//! The simulated world: conversations that go on, providers that answer, and virtual time.
//!
//! Open loop, as with endpoints: requests come whether or not the earlier ones were answered.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use architrave_balance::deployment::{
    Demand, DeploymentSettings, End, Failure, Fleet, Flight, Lanes, Place, Spent, Tried,
};
use architrave_balance::hash_key;
use architrave_config::{DeploymentLimits, ModelStrategy};
use architrave_core::Moment;

use super::figures::Figures;
use super::provider::{Greeting, Provider, Work};
use super::scenario::{CONVERSATIONS, Oddity, PROVIDERS, SETTLED, Scenario};
use crate::sim::world::START;

/// The longest answer that is asked for.
const OUTPUT_TOKENS_MAX: u64 = 1_000;
/// The mean of the answers that come.
const OUTPUT_TOKENS_MEAN: f64 = 200.0;
/// A conversation begins with so many tokens on average, and each turn adds as many as it says.
const OPENING_TOKENS_MEAN: f64 = 1_500.0;
const TURN_TOKENS_MEAN: f64 = 300.0;
/// A conversation ends after a turn with this chance: ten turns on average.
const ENDS: f64 = 0.1;

/// Runs one scenario with one strategy and one seed, and adds what happened to `figures`.
pub(super) fn simulate(
    scenario: &Scenario,
    strategy: ModelStrategy,
    seed: u64,
    figures: &mut Figures,
) {
    let oddity = |place| if place == 0 { scenario.oddity } else { Oddity::Nothing };
    let mut world = World {
        scenario,
        fleet: fleet(strategy, PROVIDERS),
        now: START,
        events: BinaryHeap::new(),
        requests: Vec::new(),
        conversations: vec![Conversation::default(); CONVERSATIONS],
        begun: 0,
        providers: (0..PROVIDERS).map(|place| Provider::new(oddity(place), START)).collect(),
        random: fastrand::Rng::with_seed(seed),
        figures,
    };
    world.run();
}

/// A fleet of one deployment each at so many providers.
pub(super) fn fleet(strategy: ModelStrategy, providers: usize) -> Fleet {
    let names: Vec<String> = (0..providers).map(|place| format!("provider-{place}")).collect();
    let settings: Vec<_> = names
        .iter()
        .map(|provider| DeploymentSettings {
            provider,
            model: "simulated",
            weight: 1,
            priority: 0,
            limits: DeploymentLimits::default(),
            context_tokens: None,
            abilities: u32::MAX,
            credentials: Vec::new(),
        })
        .collect();
    Fleet::new("simulated", strategy, &settings, &Lanes::new())
}

/// What happens next. Ordered by time; ties by kind and number, so that runs are repeatable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A request has its last token.
    Done(usize),
    /// A request has its first token.
    FirstToken(usize),
    /// A request is refused.
    Refused(usize),
    /// A request comes.
    Arrive,
}

/// A conversation: what was said so far.
#[derive(Clone, Copy, Default)]
struct Conversation {
    number: u64,
    tokens: u64,
}

struct Request {
    came: Moment,
    work: Work,
    place: Option<Place>,
    flight: Option<Flight>,
    refusal: Option<Failure>,
    tried: Vec<Tried>,
    end: Moment,
    first_token: Moment,
}

struct World<'a> {
    scenario: &'a Scenario,
    fleet: Fleet,
    now: Moment,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
    requests: Vec<Request>,
    conversations: Vec<Conversation>,
    begun: u64,
    providers: Vec<Provider>,
    random: fastrand::Rng,
    figures: &'a mut Figures,
}

impl World<'_> {
    fn run(&mut self) {
        self.at(START, Event::Arrive);
        let end = START + self.scenario.length;
        while let Some(Reverse((moment, event))) = self.events.pop() {
            if moment > end {
                break;
            }
            self.now = moment;
            match event {
                Event::Arrive => self.arrive(),
                Event::Refused(request) => self.refused(request),
                Event::FirstToken(request) => self.first_token(request),
                Event::Done(request) => self.done(request),
            }
        }
    }

    fn arrive(&mut self) {
        let gap = self.exponential(1.0 / self.scenario.rate);
        self.at(self.now + Duration::from_secs_f64(gap), Event::Arrive);
        let work = self.next_turn();
        let request = self.requests.len();
        self.requests.push(Request {
            came: self.now,
            work: Work { request, ..work },
            place: None,
            flight: None,
            refusal: None,
            tried: Vec::new(),
            end: self.now,
            first_token: self.now,
        });
        self.ask(request);
    }

    /// The next turn of a conversation that is under way, or the first of a new one.
    fn next_turn(&mut self) -> Work {
        let place = self.random.usize(..CONVERSATIONS);
        if self.conversations[place].tokens == 0 || self.random.f64() < ENDS {
            self.begun += 1;
            let tokens = 1 + self.exponential(OPENING_TOKENS_MEAN) as u64;
            self.conversations[place] = Conversation { number: self.begun, tokens };
        }
        let said = self.exponential(TURN_TOKENS_MEAN) as u64;
        let output_tokens = 1 + self.exponential(OUTPUT_TOKENS_MEAN) as u64;
        let conversation = &mut self.conversations[place];
        let prompt_tokens = conversation.tokens + said;
        let output_tokens = output_tokens.min(OUTPUT_TOKENS_MAX);
        conversation.tokens = prompt_tokens + output_tokens;
        Work {
            request: 0,
            conversation: conversation.number,
            prompt_tokens,
            output_tokens,
            output_tokens_max: OUTPUT_TOKENS_MAX,
        }
    }

    /// Sends a request to whom the fleet chooses.
    fn ask(&mut self, number: usize) {
        let request = &mut self.requests[number];
        let work = request.work;
        let size = work.prompt_tokens + work.output_tokens_max;
        let prices: [Option<u64>; PROVIDERS] = std::array::from_fn(|place| {
            Some(size * if place == 0 { self.scenario.price_percent } else { 100 })
        });
        let key = hash_key(&work.conversation.to_be_bytes());
        let demand = Demand {
            prompt_tokens: work.prompt_tokens,
            output_tokens_max: work.output_tokens_max,
            affinity: self.scenario.affinity.then_some(key),
            prices: &prices,
            tried: &request.tried,
            ..Demand::default()
        };
        let Ok(choice) = self.fleet.choose(&demand, self.now, &mut self.random) else {
            let tries = request.tried.len();
            self.record(number, |figures| figures.lost(tries));
            return;
        };
        let provider = choice.place.deployment;
        request.place = Some(choice.place);
        request.flight = Some(choice.flight);
        match self.providers[provider].greet(work, self.now) {
            Greeting::Taken => self.work_on(provider),
            Greeting::Refused(failure, after) => {
                self.requests[number].refusal = Some(failure);
                self.at(self.now + after, Event::Refused(number));
            }
        }
    }

    /// Lets a provider begin with what waits.
    fn work_on(&mut self, provider: usize) {
        while let Some(begun) = self.providers[provider].begin(self.now) {
            let number = begun.work.request;
            self.requests[number].end = begun.end;
            self.record(number, |figures| {
                figures.read(begun.work.prompt_tokens, begun.cached_tokens);
            });
            self.at(begun.first_token, Event::FirstToken(number));
        }
    }

    fn refused(&mut self, number: usize) {
        let request = &mut self.requests[number];
        let (Some(place), Some(failure)) = (request.place, request.refusal.take()) else { return };
        if let Some(flight) = request.flight.take() {
            flight.finish(End::Failed(failure), self.now);
        }
        request.tried.push(Tried { place, failure });
        self.ask(number);
    }

    fn first_token(&mut self, number: usize) {
        let request = &mut self.requests[number];
        request.first_token = self.now;
        let provider = request.place.map_or(0, |place| place.deployment);
        if let Some(flight) = &mut request.flight {
            let quota = self.providers[provider].quota(self.now);
            flight.see_quota(quota.as_slice(), self.now);
            flight.first_token(self.now);
        }
        let end = request.end;
        self.at(end, Event::Done(number));
    }

    fn done(&mut self, number: usize) {
        let request = &mut self.requests[number];
        let provider = request.place.map_or(0, |place| place.deployment);
        let Work { prompt_tokens, output_tokens, .. } = request.work;
        if let Some(flight) = request.flight.take() {
            flight.finish(End::Answered(Spent { prompt_tokens, output_tokens }), self.now);
        }
        let first_token = request.first_token.since(request.came).as_secs_f64();
        let whole = self.now.since(request.came).as_secs_f64();
        let tries = request.tried.len() + 1;
        self.record(number, |figures| figures.answered(provider, tries, (first_token, whole)));
        self.providers[provider].end();
        self.work_on(provider);
    }

    fn record(&mut self, number: usize, what: impl FnOnce(&mut Figures)) {
        if self.requests[number].came >= START + SETTLED {
            what(self.figures);
        }
    }

    fn at(&mut self, moment: Moment, event: Event) {
        self.events.push(Reverse((moment, event)));
    }

    /// A number drawn from the exponential distribution with this mean.
    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.random.f64()).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario;
    use super::*;

    fn short(name: &str, strategy: ModelStrategy, seed: u64) -> super::super::figures::Summary {
        let scenario = scenario::all().into_iter().find(|scenario| scenario.name == name);
        let scenario = scenario.expect("there is such a scenario");
        let length = Duration::from_secs(300);
        let mut figures = Figures::default();
        simulate(&Scenario { length, ..scenario }, strategy, seed, &mut figures);
        figures.summary()
    }

    #[test]
    fn equal_seeds_give_equal_figures() {
        let runs = [1, 1, 2].map(|seed| short("models_equal", ModelStrategy::Fastest, seed));
        assert_eq!(runs[0].first_token_mean.to_bits(), runs[1].first_token_mean.to_bits());
        assert_ne!(runs[0].first_token_mean.to_bits(), runs[2].first_token_mean.to_bits());
    }

    #[test]
    fn fastest_keeps_away_from_a_slow_provider_and_weighted_does_not() {
        let [fastest, weighted] = [ModelStrategy::Fastest, ModelStrategy::Weighted]
            .map(|strategy| short("models_one_slow", strategy, 1));
        let shares = (fastest.odd_share, weighted.odd_share);
        assert!(shares.0 < 0.1 && shares.1 > 0.2, "{shares:?}");
        assert!(fastest.first_token_p99 * 10.0 < weighted.first_token_p99);
    }

    #[test]
    fn nobody_is_lost_to_a_provider_that_fails_at_once() {
        for strategy in [ModelStrategy::Weighted, ModelStrategy::Fastest] {
            let summary = short("models_one_failing_fast", strategy, 1);
            assert!(summary.lost_percent == 0.0 && summary.tries < 1.1, "{}", summary.tries);
        }
    }

    #[test]
    fn what_headers_say_saves_refusals() {
        let [said, unsaid] = ["models_one_limited", "models_one_limited_unsaid"]
            .map(|name| short(name, ModelStrategy::Cheapest, 1).tries);
        assert!(said < unsaid, "{said} {unsaid}");
    }

    #[test]
    fn keys_keep_conversations_where_they_were_read() {
        let [with, without] = ["models_sessions", "models_equal"]
            .map(|name| short(name, ModelStrategy::LeastBusy, 1).cached_percent);
        assert!(with > without + 12.0, "{with} {without}");
    }
}
