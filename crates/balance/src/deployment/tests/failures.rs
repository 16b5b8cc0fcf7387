//! Who rests after what, who is passed over, and that nobody is refused who could be served.

use std::time::Duration;

use architrave_config::ModelStrategy;
use proptest::prelude::*;

use super::stage::{
    DEMAND, MS, SECOND, SPENT, STRATEGIES, Stage, deployment, key, place, tried, weighted,
};
use crate::deployment::{
    Demand, DeploymentSettings, End, Failure, Fitness, Hindrance, Place, QuotaKind, QuotaSeen,
    RefusedReason, Scope, Why,
};

const RATE_LIMITED: Failure =
    Failure::RateLimited { scope: Scope::Lane, retry_after: Some(Duration::from_secs(20)) };
const OVERLOADED: Failure = Failure::Overloaded { scope: Scope::Provider, retry_after: None };

const DENIED: Failure = Failure::Denied { scope: Scope::Credential };

/// Two deployments at one provider, two credentials each, and one elsewhere.
fn mixed() -> Vec<DeploymentSettings<'static>> {
    let credentials = || vec![key("a", 1), key("b", 1)];
    vec![
        DeploymentSettings { credentials: credentials(), ..deployment("cloud") },
        DeploymentSettings { model: "mistral", credentials: credentials(), ..deployment("cloud") },
        deployment("lab"),
    ]
}

fn at(deployment: usize, credential: usize) -> Place {
    Place { deployment, credential: Some(credential) }
}

/// Lets a failure happen at the first credential of the first deployment; who is hindered then,
/// in the order of [`mixed`].
fn check(failure: Failure, expected: [Option<Hindrance>; 5]) {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), failure);
    let status = stage.fleet.status(stage.now);
    let hindrances: Vec<_> = status.iter().map(|it| it.hindrance.map(|(it, _)| it)).collect();
    assert_eq!(hindrances, expected, "{failure:?}");
}

#[test]
fn a_429_is_about_one_credential_at_one_model() {
    check(RATE_LIMITED, [Some(Hindrance::RateLimited), None, None, None, None]);
}

#[test]
fn a_429_may_be_about_the_whole_credential() {
    let failure = Failure::RateLimited { scope: Scope::Credential, retry_after: None };
    let hindered = Some(Hindrance::RateLimited);
    check(failure, [hindered, None, hindered, None, None]);
}

#[test]
fn an_overload_is_about_the_provider() {
    let hindered = Some(Hindrance::Overloaded);
    check(OVERLOADED, [hindered, hindered, hindered, hindered, None]);
}

#[test]
fn a_refused_credential_rests_at_every_model() {
    let hindered = Some(Hindrance::Denied);
    check(DENIED, [hindered, None, hindered, None, None]);
}

#[test]
fn scopes_may_be_narrower_than_is_usual() {
    let only_there = |hindrance| [Some(hindrance), None, None, None, None];
    check(Failure::Denied { scope: Scope::Lane }, only_there(Hindrance::Denied));
    let starting = Failure::Overloaded { scope: Scope::Lane, retry_after: None };
    check(starting, only_there(Hindrance::Overloaded));
    check(Failure::NotFound, only_there(Hindrance::Failing));
}

#[test]
fn a_prompt_too_long_is_nobodys_failure() {
    check(Failure::TooLong, [None; 5]);
}

#[test]
fn one_reset_is_no_pattern_and_one_timeout_is() {
    check(Failure::Broken, [None; 5]);
    check(Failure::TimedOut, [Some(Hindrance::Failing), None, None, None, None]);
}

#[test]
fn three_failures_in_a_row_make_a_failing_lane_and_a_success_breaks_the_row() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), Failure::Broken);
    stage.fail(at(0, 0), Failure::Broken);
    stage.attempt(at(0, 0), End::Answered(SPENT));
    assert_eq!(stage.fail(at(0, 0), Failure::Broken), None);
    stage.fail(at(0, 0), Failure::Broken);
    let rested = stage.fail(at(0, 0), Failure::Broken).expect("it is the third");
    assert_eq!(rested.scope, Scope::Lane);
    assert_eq!(stage.hindrance(at(0, 0)), Some(Hindrance::Failing));
    assert_eq!(stage.hindrance(at(0, 1)), None);
}

#[test]
fn streams_that_break_off_one_after_the_other_make_a_failing_lane() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    let stream = |end: End| {
        let taken = stage.fleet.take(at(0, 0), &DEMAND, stage.now).expect("it is there");
        let mut flight = taken.flight;
        flight.first_token(stage.now);
        flight.finish(end, stage.now)
    };
    let broken = End::Failed(Failure::Broken);
    for well in [End::Answered(SPENT), End::Abandoned(SPENT)] {
        assert_eq!((stream(broken), stream(broken)), (None, None));
        assert_eq!(stream(well), None);
    }
    assert_eq!((stream(broken), stream(broken)), (None, None));
    assert!(stream(broken).is_some(), "it is the third");
    assert_eq!(stage.hindrance(at(0, 0)), Some(Hindrance::Failing));
}

#[test]
fn who_rests_is_not_used_and_the_refusal_says_until_when() {
    for strategy in STRATEGIES {
        let mut stage = Stage::new(strategy, &weighted(&[1, 1]));
        stage.fail(place(0), RATE_LIMITED);
        assert_eq!(stage.spread(100, &DEMAND), [0, 100], "{strategy:?}");
        stage.pass(5 * SECOND);
        let later = Failure::RateLimited { scope: Scope::Lane, retry_after: Some(40 * SECOND) };
        stage.fail(place(1), later);
        let refused = stage.refused(&DEMAND);
        assert_eq!(refused.reason, RefusedReason::RateLimited);
        assert_eq!(refused.retry_at.map(|until| until.since(stage.now)), Some(15 * SECOND));
        assert_eq!(refused.passed_over.len(), 2);
        stage.pass(15 * SECOND);
        assert_eq!(stage.pick(&DEMAND), 0, "{strategy:?}");
    }
}

#[test]
fn a_lane_that_comes_back_is_tried_with_one_request_first() {
    let mut stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1, 1]));
    stage.fail(place(0), RATE_LIMITED);
    stage.pass(20 * SECOND);
    let open: Vec<_> = (0..50).map(|_| stage.chosen(&DEMAND)).collect();
    let at_first = open.iter().filter(|choice| choice.place == place(0)).count();
    assert_eq!(at_first, 1);
    assert_eq!(open[49].passed_over[0].hindrance, Hindrance::OnTrial);
    let trial = open.into_iter().find(|choice| choice.place == place(0)).expect("there is one");
    trial.flight.finish(End::Answered(SPENT), stage.now);
    assert_eq!(stage.spread(100, &DEMAND), [50, 50]);
}

#[test]
fn an_overloaded_provider_is_the_last_resort_and_no_reason_to_refuse() {
    for strategy in STRATEGIES {
        let stage = Stage::new(strategy, &mixed());
        stage.fail(at(0, 0), OVERLOADED);
        assert_eq!(stage.spread(50, &DEMAND), [0, 0, 50], "{strategy:?}");
        let failed = [tried(place(2), Failure::Broken)];
        let choice = stage.chosen(&Demand { tried: &failed, ..DEMAND });
        assert_eq!(choice.why, Why::LastResort);
        assert_ne!(choice.place.deployment, 2);
    }
}

#[test]
fn after_an_overload_the_other_credentials_of_the_provider_come_last() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    let failed = [tried(at(0, 0), OVERLOADED)];
    for _ in 0..20 {
        assert_eq!(stage.pick(&Demand { tried: &failed, ..DEMAND }), 2);
    }
    let limited = [tried(at(0, 0), RATE_LIMITED)];
    let picks = stage.spread(300, &Demand { tried: &limited, ..DEMAND });
    assert!(picks.iter().all(|&picks| picks >= 99), "another credential is as good: {picks:?}");
}

#[test]
fn a_request_that_never_went_out_says_nothing() {
    let mut stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1]));
    stage.fail(place(0), Failure::TimedOut);
    stage.pass(MS);
    for end in [End::Unsent, End::Abandoned(SPENT)] {
        stage.attempt(place(0), end);
        assert_eq!(stage.hindrance(place(0)), Some(Hindrance::Failing), "{end:?}");
    }
    stage.attempt(place(0), End::Declined);
    assert_eq!(stage.hindrance(place(0)), None);
}

#[test]
fn an_operator_ends_a_rest_early() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), DENIED);
    stage.fail(at(0, 0), Failure::TimedOut);
    stage.fail(at(0, 0), OVERLOADED);
    stage.fleet.lane(at(0, 0)).expect("it is there").ready();
    assert!(stage.fleet.status(stage.now).iter().all(|status| status.hindrance.is_none()));
}

#[test]
fn a_sole_lane_that_failed_is_well_with_its_first_success() {
    let mut stage = Stage::new(ModelStrategy::Weighted, &weighted(&[1]));
    stage.fail(place(0), Failure::TimedOut);
    stage.pass(MS);
    let choice = stage.chosen(&DEMAND);
    assert_eq!(choice.why, Why::LastResort);
    choice.flight.finish(End::Answered(SPENT), stage.now + SECOND);
    assert_eq!(stage.chosen(&DEMAND).why, Why::Only);
}

#[test]
fn a_credential_with_a_new_secret_is_not_the_one_that_was_refused() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), DENIED);
    let mut renewed = mixed();
    renewed[0].credentials[0].fingerprint = 1;
    let stage = stage.reloaded(&renewed);
    let hindered: Vec<_> =
        stage.fleet.status(stage.now).iter().map(|status| status.hindrance.is_some()).collect();
    assert_eq!(hindered, [false, false, true, false, false]);
}

#[test]
fn the_worst_of_several_hindrances_counts() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), DENIED);
    stage.fail(at(0, 0), Failure::TimedOut);
    stage.fail(at(0, 0), OVERLOADED);
    assert_eq!(stage.hindrance(at(0, 0)), Some(Hindrance::Denied));
    assert_eq!(stage.hindrance(at(0, 1)), Some(Hindrance::Overloaded));
    let failed = [tried(place(2), Failure::Broken)];
    for _ in 0..20 {
        let choice = stage.chosen(&Demand { tried: &failed, ..DEMAND });
        assert_eq!(choice.place.credential, Some(1), "a refused credential is no last resort");
    }
}

#[test]
fn when_all_credentials_are_refused_it_says_so() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed()[..1]);
    stage.fail(at(0, 0), DENIED);
    stage.fail(at(0, 1), DENIED);
    let refused = stage.refused(&DEMAND);
    assert_eq!(refused.reason, RefusedReason::Denied);
    assert!(refused.retry_at > Some(stage.now + 40 * SECOND));
}

#[test]
fn a_long_prompt_goes_where_it_fits() {
    let sized: Vec<_> = weighted(&[1, 1, 1])
        .into_iter()
        .zip([Some(8_000), Some(128_000), None])
        .map(|(deployment, context_tokens)| DeploymentSettings { context_tokens, ..deployment })
        .collect();
    let stage = Stage::new(ModelStrategy::Weighted, &sized);
    let long = Demand { prompt_tokens: 7_800, ..DEMAND };
    assert_eq!(stage.spread(100, &long)[0], 0);
    assert_eq!(stage.chosen(&long).passed_over[0].hindrance, Hindrance::TooSmall);
    let sole = Demand { excluded: &[1, 2], ..long };
    assert_eq!(stage.pick(&sole), 0, "an estimate is no reason to refuse");
    // The estimate was wrong: what was too long for 128,000 is not for 8,000 either.
    let failed = [tried(place(1), Failure::TooLong)];
    assert_eq!(stage.spread(20, &Demand { tried: &failed, ..DEMAND }), [0, 0, 20]);
    let both = [failed[0], tried(place(2), Failure::TooLong)];
    let refused = stage.refused(&Demand { tried: &both, ..DEMAND });
    assert_eq!(refused.reason, RefusedReason::TooLong);
}

#[test]
fn what_only_one_can_do_goes_there_and_what_nobody_can_goes_anywhere() {
    let mut able = weighted(&[1, 1]);
    (able[0].abilities, able[1].abilities) = (0b01, 0b11);
    let stage = Stage::new(ModelStrategy::Weighted, &able);
    assert_eq!(stage.spread(20, &Demand { needs: 0b10, ..DEMAND }), [0, 20]);
    let picks = stage.spread(20, &Demand { needs: 0b100, ..DEMAND });
    assert!(picks.iter().all(|&picks| picks >= 9), "{picks:?}");
}

#[test]
fn a_fleet_is_as_fit_as_the_fittest_of_those_that_may_take_a_request() {
    let mut some = weighted(&[1, 1, 0]);
    (some[0].abilities, some[0].context_tokens) = (0b01, None);
    (some[1].abilities, some[1].context_tokens) = (0b11, Some(8_000));
    let stage = Stage::new(ModelStrategy::Weighted, &some);
    let fitness = |needs, prompt_tokens, excluded: &[usize]| {
        stage.fleet.fitness(&Demand { needs, prompt_tokens, excluded, ..DEMAND })
    };
    assert_eq!(fitness(0b10, 1_000, &[]), Fitness::Able);
    assert_eq!(fitness(0b01, 7_800, &[]), Fitness::Able);
    assert_eq!(fitness(0b10, 7_800, &[]), Fitness::TooSmall);
    assert_eq!(fitness(0b10, 1_000, &[1]), Fitness::Unable);
    // The third could do anything, and takes nothing.
    assert_eq!(fitness(0b100, 1_000, &[]), Fitness::Unable);
    stage.fail(place(1), RATE_LIMITED);
    assert_eq!(fitness(0b10, 1_000, &[]), Fitness::Able, "a rest passes");
}

#[test]
fn headers_steer_before_the_limit_is_hit() {
    for strategy in STRATEGIES {
        let mut stage = Stage::new(strategy, &weighted(&[1, 1]));
        let seen = QuotaSeen {
            kind: QuotaKind::Tokens,
            limit: Some(60_000),
            remaining: 1_000,
            reset_after: Some(60 * SECOND),
        };
        let flight = stage.fleet.take(place(0), &DEMAND, stage.now).expect("it is there").flight;
        flight.see_quota(&[seen], stage.now);
        flight.finish(End::Declined, stage.now);
        assert_eq!(stage.spread(100, &DEMAND), [0, 100], "{strategy:?}");
        let choice = stage.chosen(&Demand { excluded: &[1], ..DEMAND });
        assert_eq!(choice.why, Why::LastResort, "what headers say is no reason to refuse");
        drop(choice);
        let small = Demand { prompt_tokens: 10, output_tokens_max: 20, ..DEMAND };
        let reached = (0..200).any(|_| stage.pick(&small) == 0);
        assert!(reached, "what fits still goes there: {strategy:?}");
        stage.pass(61 * SECOND);
        assert!((0..200).any(|_| stage.pick(&DEMAND) == 0), "after its reset: {strategy:?}");
    }
}

#[test]
fn every_lane_that_was_not_chosen_for_a_reason_is_told_with_it() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), RATE_LIMITED);
    stage.fail(at(1, 1), Failure::TimedOut);
    let failed = [tried(place(2), Failure::Broken)];
    let choice = stage.chosen(&Demand { tried: &failed, ..DEMAND });
    let told: Vec<_> =
        choice.passed_over.iter().map(|it| (it.place, it.hindrance.word())).collect();
    assert_eq!(told, [(at(0, 0), "rate_limited"), (at(1, 1), "failing"), (place(2), "tried")],);
}

#[test]
fn what_lives_at_one_lane_goes_there_whatever_hinders_it() {
    let stage = Stage::new(ModelStrategy::Weighted, &mixed());
    stage.fail(at(0, 0), RATE_LIMITED);
    let choice = stage.fleet.take(at(0, 0), &DEMAND, stage.now).expect("it is named");
    assert_eq!((choice.place, choice.why), (at(0, 0), Why::Named));
    assert!(stage.fleet.take(at(7, 0), &DEMAND, stage.now).is_err());
}

/// How a lane fails, by a number that chance draws.
fn failure(number: u8) -> Failure {
    match number % 7 {
        0 => RATE_LIMITED,
        1 => Failure::RateLimited { scope: Scope::Credential, retry_after: None },
        2 => OVERLOADED,
        3 => DENIED,
        4 => Failure::Broken,
        5 => Failure::NotFound,
        _ => Failure::TimedOut,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_refused_while_an_untried_lane_is_well(
        which in 0_usize..5,
        failures in prop::array::uniform5(any::<u8>()),
        strategy in prop::sample::select(STRATEGIES.as_slice()),
        affinity in any::<Option<u64>>(),
    ) {
        // All lanes fail but one; whatever the others answer, the request gets there, unless the
        // one shares a credential or a limit with somebody who was refused.
        let stage = Stage::new(strategy, &mixed());
        let places = [at(0, 0), at(0, 1), at(1, 0), at(1, 1), place(2)];
        let well = places[which];
        let mut attempts = Vec::new();
        let served = loop {
            let demand = Demand { tried: &attempts, affinity, ..DEMAND };
            let Ok(choice) = stage.choose(&demand) else { break false };
            if choice.place == well {
                break true;
            }
            let number = places.iter().position(|&place| place == choice.place).expect("a place");
            prop_assert!(attempts.iter().all(|it: &crate::deployment::Tried| it.place != choice.place));
            let failure = failure(failures[number]);
            choice.flight.finish(End::Failed(failure), stage.now);
            attempts.push(tried(choice.place, failure));
        };
        let hindrance = stage.hindrance(well);
        let is_resting = matches!(hindrance, Some(Hindrance::Denied | Hindrance::RateLimited));
        prop_assert!(served || is_resting, "{hindrance:?} after {attempts:?}");
    }

    #[test]
    fn asking_again_and_again_comes_to_an_end(
        failures in prop::array::uniform5(any::<u8>()),
        strategy in prop::sample::select(STRATEGIES.as_slice()),
    ) {
        let mut stage = Stage::new(strategy, &mixed());
        let mut attempts = Vec::new();
        while let Ok(choice) = stage.choose(&Demand { tried: &attempts, ..DEMAND }) {
            let failure = failure(failures[attempts.len()]);
            choice.flight.finish(End::Failed(failure), stage.now);
            attempts.push(tried(choice.place, failure));
            stage.pass(MS);
            prop_assert!(attempts.len() <= 5);
        }
    }
}
