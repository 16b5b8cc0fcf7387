//! `fastest` finds out who is quick, goes there, and keeps finding out within bounds.

use architrave_config::ModelStrategy;

use super::stage::{DEMAND, MS, SECOND, Stage, place, weighted};
use crate::deployment::{Choice, Demand, End, Failure, Spent, Why};

/// A lane's first token and its further ones.
type Pace = fn(prompt_tokens: u64, second: u64) -> (u64, u64);

/// Sends `count` requests, one every `gap_ms`, each answered as its lane does; the choices.
fn flow(
    stage: &mut Stage,
    lanes: &[Pace],
    count: usize,
    gap_ms: u32,
    demand: &Demand<'_>,
) -> Vec<(usize, Why)> {
    let mut open: Vec<(architrave_core::Moment, bool, Choice)> = Vec::new();
    let mut made = Vec::new();
    for _ in 0..count {
        let now = stage.now;
        open.sort_by_key(|(due, ..)| *due);
        while open.first().is_some_and(|(due, ..)| *due <= now) {
            let (due, has_begun, mut choice) = open.remove(0);
            let second = now.as_nanos() / 1_000_000_000;
            let (_, each) = lanes[choice.place.deployment](demand.prompt_tokens, second);
            if has_begun {
                let spent = Spent { prompt_tokens: demand.prompt_tokens, output_tokens: 100 };
                choice.flight.finish(End::Answered(spent), due);
            } else {
                choice.flight.first_token(due);
                open.push((due + MS * u32::try_from(99 * each).expect("short"), true, choice));
                open.sort_by_key(|(due, ..)| *due);
            }
        }
        let choice = stage.chosen(demand);
        let second = now.as_nanos() / 1_000_000_000;
        let (first, _) = lanes[choice.place.deployment](demand.prompt_tokens, second);
        made.push((choice.place.deployment, choice.why));
        open.push((now + MS * u32::try_from(first).expect("short"), false, choice));
        stage.pass(MS * gap_ms);
    }
    made
}

fn share(made: &[(usize, Why)], lane: usize) -> f64 {
    made.iter().filter(|(place, _)| *place == lane).count() as f64 / made.len() as f64
}

#[test]
fn nearly_everything_goes_to_the_quick_one() {
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1, 1]));
    let lanes: [Pace; 3] = [|_, _| (2_000, 20), |_, _| (200, 10), |_, _| (2_000, 10)];
    let made = flow(&mut stage, &lanes, 2_000, 100, &DEMAND);
    assert!(share(&made, 1) > 0.93, "{}", share(&made, 1));
}

#[test]
fn the_size_of_the_prompt_decides_who_is_quick() {
    // One begins at once and reads slowly, the other the other way round.
    let lanes: [Pace; 2] = [|tokens, _| (50 + tokens / 5, 10), |tokens, _| (800 + tokens / 50, 10)];
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    let (short, long) =
        (Demand { prompt_tokens: 200, ..DEMAND }, Demand { prompt_tokens: 20_000, ..DEMAND });
    for _ in 0..40 {
        flow(&mut stage, &lanes, 5, 4_000, &short);
        flow(&mut stage, &lanes, 5, 10_000, &long);
    }
    stage.pass(SECOND);
    let short = flow(&mut stage, &lanes, 100, 4_000, &short);
    assert!(share(&short, 0) > 0.85, "{}", share(&short, 0));
    let long = flow(&mut stage, &lanes, 100, 10_000, &long);
    assert!(share(&long, 1) > 0.85, "{}", share(&long, 1));
}

#[test]
fn a_lane_that_became_quick_is_found_out() {
    let lanes: [Pace; 2] =
        [|_, _| (500, 10), |_, second| if second < 300 { (5_000, 50) } else { (50, 5) }];
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    let before = flow(&mut stage, &lanes, 590, 500, &DEMAND);
    assert!(share(&before, 0) > 0.9);
    flow(&mut stage, &lanes, 600, 500, &DEMAND);
    let after = flow(&mut stage, &lanes, 200, 500, &DEMAND);
    assert!(share(&after, 1) > 0.9, "{}", share(&after, 1));
}

#[test]
fn probes_are_no_more_than_a_sixteenth_and_one_for_each_to_begin_with() {
    let quick: Pace = |_, _| (100, 5);
    let slow: Pace = |_, _| (20_000, 100);
    for (affinity, one_in) in [(None, 16), (Some(7), 64)] {
        let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1; 8]));
        let lanes = [quick, slow, slow, slow, slow, slow, slow, slow];
        let demand = Demand { affinity, ..DEMAND };
        // Slow enough that everybody is due again and again.
        let made = flow(&mut stage, &lanes, 3_200, 1_000, &demand);
        let probes = made.iter().filter(|(_, why)| *why == Why::Probe).count();
        assert!(probes <= 3_200 / one_in + 8, "{probes}");
        assert!(probes >= 3_200 / one_in / 2, "somebody was always due: {probes}");
        assert!(share(&made[100..], 0) > 0.9, "{}", share(&made[100..], 0));
    }
}

#[test]
fn a_lane_that_fails_at_once_does_not_look_quick() {
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    let mut picks = [0; 2];
    for _ in 0..500 {
        let mut choice = stage.chosen(&DEMAND);
        let number = choice.place.deployment;
        picks[number] += 1;
        stage.pass(MS);
        if number == 0 {
            choice.flight.finish(End::Failed(Failure::Broken), stage.now);
        } else {
            stage.pass(500 * MS);
            choice.flight.first_token(stage.now);
            choice.flight.finish(
                End::Answered(Spent { prompt_tokens: 1000, output_tokens: 100 }),
                stage.now,
            );
        }
    }
    assert!(picks[0] < 60, "{picks:?}");
}

#[test]
fn equally_quick_lanes_share_by_load() {
    let lanes: [Pace; 2] = [|_, _| (500, 10), |_, _| (500, 10)];
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1, 1]));
    let made = flow(&mut stage, &lanes, 1_000, 100, &DEMAND);
    assert!((0.4..0.6).contains(&share(&made, 0)), "{}", share(&made, 0));
}

#[test]
fn patience_grows_with_what_is_known_of_the_lane() {
    let mut stage = Stage::new(ModelStrategy::Fastest, &weighted(&[1]));
    let flight = stage.chosen(&DEMAND).flight;
    assert_eq!(flight.first_token_timeout(10 * SECOND), 11 * SECOND, "a thousand tokens: a second");
    drop(flight);
    for _ in 0..5 {
        stage.stream(place(0), 30 * SECOND, 10 * MS);
    }
    let patience = stage.chosen(&DEMAND).flight.first_token_timeout(10 * SECOND);
    assert!(patience > 100 * SECOND, "{patience:?}");
}
