//! What the way from workers to written sums promises.

use std::sync::Arc;

use architrave_core::Reason;
use architrave_core::usage::{Amount, COARSE, Dimension, OTHERS, STEPS};

use super::*;
use crate::metrics::model::TOKEN_CLASSES;

/// 2026-05-17T08:09:10Z, in microseconds.
const NOW: i64 = 1_779_005_350_000_000;

fn place(service: &str) -> Arc<UsagePlace> {
    Arc::new(UsagePlace { service: service.into(), version: "".into(), route: "web".into() })
}

fn event(place: &Arc<UsagePlace>, at: i64) -> UsageEvent {
    UsageEvent {
        at,
        place: Some(Arc::clone(place)),
        operation: None,
        caller: None,
        status: 200,
        reason: None,
        attempts: 1,
        latency_us: 1_500,
        request_bytes: 10,
        response_bytes: 20,
        model: None,
        line: None,
    }
}

fn sum(batch: &Batch, step: i64, amount: Amount) -> i64 {
    let cells = batch.cells.iter().filter(|cell| cell.step == step);
    cells.map(|cell| cell.sums[amount as usize]).sum()
}

#[test]
fn tokens_are_in_the_order_of_the_metrics() {
    let words = Amount::TOKENS.map(Amount::as_str);
    let expected = TOKEN_CLASSES.map(|class| format!("tokens_{class}"));
    assert_eq!(words.to_vec(), expected.to_vec());
}

#[test]
fn every_event_is_in_a_minute_an_hour_and_a_day() {
    let mut roll_up = RollUp::new(RollUpLimits::default());
    let orders = place("orders");
    for second in 0..180 {
        roll_up.add(&mut event(&orders, NOW + second * 1_000_000));
    }
    let batch = roll_up.batch().unwrap();
    assert_eq!(batch.events, 180);
    for step in STEPS {
        assert_eq!(sum(&batch, step, Amount::Requests), 180, "{step}");
        assert_eq!(sum(&batch, step, Amount::BytesOut), 3_600, "{step}");
    }
    let minutes = batch.cells.iter().filter(|cell| cell.step == STEPS[0]).count();
    assert_eq!(minutes, 4);
    let [key] = &fine(&batch)[..] else { panic!("{:?}", batch.keys) };
    assert_eq!(&*key.texts[Dimension::Service as usize], "orders");
    assert_eq!(&*key.texts[Dimension::Status as usize], "200");
}

/// The sets of dimensions in which everything is told apart.
fn fine(batch: &Batch) -> Vec<&KeyRow> {
    let is_fine = |key: &&KeyRow| !key.texts[Dimension::Status as usize].ends_with("xx");
    batch.keys.iter().filter(is_fine).collect()
}

#[test]
fn what_is_asked_over_long_times_is_added_up_once_more() {
    let mut roll_up = RollUp::new(RollUpLimits::default());
    for (service, status, count) in
        [("orders", 200, 3), ("orders", 204, 4), ("orders", 503, 5), ("users", 200, 6)]
    {
        let place = place(service);
        for second in 0..count {
            let event = event(&place, NOW + second * 1_000_000);
            roll_up.add(&mut UsageEvent { status, ..event });
        }
    }
    let batch = roll_up.batch().unwrap();
    for coarse in COARSE {
        let cells: Vec<_> = batch.cells.iter().filter(|cell| cell.step == coarse.mark).collect();
        let mut told: Vec<_> = cells
            .iter()
            .map(|cell| {
                let texts = &batch.keys.iter().find(|key| key.id == cell.key).unwrap().texts;
                let named = texts.iter().filter(|text| !text.is_empty()).map(|text| &**text);
                assert_eq!(cell.at % coarse.step, 0);
                let sketch = Sketch::from_bytes(&cell.sketches[0]).unwrap();
                assert_eq!(sketch.count(), usize::try_from(cell.sums[0]).unwrap());
                (named.collect::<Vec<_>>().join(" "), cell.sums[0])
            })
            .collect();
        told.sort();
        let expected: &[(&str, i64)] = match coarse.by_service {
            true => &[("orders 2xx", 7), ("orders 5xx", 5), ("users 2xx", 6)],
            false => &[("2xx", 13), ("5xx", 5)],
        };
        let told: Vec<_> = told.iter().map(|(name, count)| (&**name, *count)).collect();
        assert_eq!(told, expected, "{coarse:?}");
    }
}

#[test]
fn what_failed_to_be_written_comes_again_and_is_not_counted_twice() {
    let mut roll_up = RollUp::new(RollUpLimits::default());
    let orders = place("orders");
    roll_up.add(&mut event(&orders, NOW));
    let first = roll_up.batch().unwrap();
    roll_up.failed();
    roll_up.add(&mut event(&orders, NOW));
    let second = roll_up.batch().unwrap();
    let parts = |batch: &Batch| batch.cells.iter().map(|cell| cell.part).collect::<Vec<_>>();
    assert_eq!(parts(&first), parts(&second), "written twice, they take each other's place");
    assert_eq!((first.events, second.events), (1, 2));
    assert_eq!(sum(&second, 60, Amount::Requests), 2);
    assert_eq!(fine(&second).len(), 1, "nor is the key forgotten");
    roll_up.written(&second, NOW / 1_000_000);
    assert!(roll_up.batch().is_none());
    roll_up.add(&mut event(&orders, NOW));
    let third = roll_up.batch().unwrap();
    assert_eq!((third.keys.len(), sum(&third, 60, Amount::Requests)), (0, 3));
    assert_eq!(parts(&second), parts(&third));
}

#[test]
fn a_cell_that_was_let_go_of_goes_on_as_another() {
    let mut roll_up = RollUp::new(RollUpLimits { cells_max: 2, ..RollUpLimits::default() });
    roll_up.begin(7);
    let orders = place("orders");
    let mut written = std::collections::HashMap::new();
    for second in 0..10 {
        roll_up.add(&mut event(&orders, NOW + second));
        let batch = roll_up.batch().unwrap();
        for cell in &batch.cells {
            assert_eq!(cell.part >> 32, 7);
            written.insert((cell.step, cell.at, cell.part), cell.sums[0]);
        }
        roll_up.written(&batch, NOW / 1_000_000);
    }
    for step in STEPS {
        let of_step = written.iter().filter(|((one, _, _), _)| *one == step);
        assert_eq!(of_step.map(|(_, count)| *count).sum::<i64>(), 10, "{step}");
    }
}

#[test]
fn too_many_names_in_a_minute_are_others() {
    let limits = RollUpLimits { keys_per_minute_max: 2, ..RollUpLimits::default() };
    let mut roll_up = RollUp::new(limits);
    for name in 0..5 {
        roll_up.add(&mut event(&place(&format!("s{name}")), NOW));
    }
    assert_eq!((roll_up.others(), roll_up.events()), (3, 5));
    let batch = roll_up.batch().unwrap();
    let services: Vec<_> =
        fine(&batch).iter().map(|key| key.texts[Dimension::Service as usize].clone()).collect();
    assert_eq!(services.len(), 3);
    assert!(services.iter().any(|service| &**service == OTHERS));
    assert_eq!(sum(&batch, 60, Amount::Requests), 5);
}

#[test]
fn without_room_events_are_dropped_and_counted() {
    let limits = RollUpLimits { waiting_max: 2, ..RollUpLimits::default() };
    let mut roll_up = RollUp::new(limits);
    let places = [place("a"), place("b"), place("c")];
    for _ in 0..2 {
        for place in &places {
            roll_up.add(&mut event(place, NOW));
        }
    }
    assert_eq!((roll_up.events(), roll_up.dropped()), (4, 2));
    assert_eq!(roll_up.batch().unwrap().events, 4);
}

#[test]
fn what_cannot_be_written_for_long_is_kept_within_bounds_and_then_written() {
    let limits = RollUpLimits { keys_per_minute_max: 50, waiting_max: 60, cells_max: 100 };
    let mut roll_up = RollUp::new(limits);
    let places: Vec<_> = (0..40).map(|name| place(&format!("s{name}"))).collect();
    let count = 20 * 40;
    for minute in 0..20 {
        for place in &places {
            roll_up.add(&mut event(place, NOW + minute * 60_000_000));
        }
        let batch = roll_up.batch().unwrap();
        roll_up.failed();
        assert!(batch.cells.len() <= 100 + 6 * 60, "{}", batch.cells.len());
    }
    assert!(roll_up.dropped() > 0);
    assert_eq!(roll_up.dropped() + roll_up.events(), count);
    let now = NOW / 1_000_000;
    let first = roll_up.batch().unwrap();
    roll_up.written(&first, now);
    // What still waited comes with the next one.
    let second = roll_up.batch().unwrap();
    roll_up.written(&second, now);
    assert!(roll_up.batch().is_none());
    assert_eq!(second.events, roll_up.events());
    let mut written = std::collections::HashMap::new();
    for cell in first.cells.iter().chain(&second.cells).filter(|cell| cell.step == 60) {
        written.insert((cell.at, cell.part), cell.sums[0]);
    }
    let sum: i64 = written.values().sum();
    assert_eq!(u64::try_from(sum).unwrap(), roll_up.events());
}

#[test]
fn a_model_is_told_apart_with_tokens_cost_and_first_token() {
    let mut roll_up = RollUp::new(RollUpLimits::default());
    let mut asked = event(&place("ai"), NOW);
    let mut tokens = [0; TOKEN_CLASSES.len()];
    tokens[0] = 11;
    tokens[6] = 5;
    asked.model = Some(Box::new(ModelUse {
        model: "fast".to_owned(),
        provider: "pretend".to_owned(),
        upstream_model: "echo".to_owned(),
        first_token_us: Some(2_000),
        tokens,
        cost_nano_usd: 42,
    }));
    roll_up.add(&mut asked);
    let batch = roll_up.batch().unwrap();
    let texts = &fine(&batch)[0].texts;
    let of = |dimension: Dimension| &*texts[dimension as usize];
    assert_eq!(of(Dimension::Model), "fast");
    assert_eq!(of(Dimension::Deployment), "pretend/echo");
    assert_eq!(of(Dimension::Provider), "pretend");
    let expected = [
        (Amount::TokensInput, 11),
        (Amount::TokensOutput, 5),
        (Amount::TokensReasoning, 0),
        (Amount::CostNanoUsd, 42),
        (Amount::FirstTokens, 1),
        (Amount::FirstTokenUs, 2_000),
    ];
    for (amount, count) in expected {
        assert_eq!(sum(&batch, 60, amount), count, "{amount:?}");
    }
    for sketch in &batch.cells[0].sketches {
        assert_eq!(Sketch::from_bytes(sketch).unwrap().count(), 1);
    }
}

#[test]
fn what_was_cut_short_or_refused_is_an_error() {
    let orders = place("orders");
    let cases = [(200, None, false), (404, None, true), (0, None, true)];
    for (status, reason, is_error) in cases {
        let event = UsageEvent { status, reason, ..event(&orders, NOW) };
        assert_eq!(event.is_error(), is_error, "{status}");
    }
    assert!(UsageEvent { reason: Some(Reason::ALL[0]), ..event(&orders, NOW) }.is_error());
}

#[test]
fn nobody_waits_for_who_does_not_take() {
    let queue = UsageQueue::default();
    let mut worker = queue.worker();
    let orders = place("orders");
    let count = (QUEUE_BLOCKS + 3) * BLOCK_EVENTS;
    for _ in 0..count {
        worker.push(event(&orders, NOW));
    }
    let dropped = queue.dropped();
    assert!(dropped > 0);
    let mut taken = 0_u64;
    queue.drain(|_| taken += 1);
    worker.tick(NOW);
    queue.drain(|_| taken += 1);
    assert_eq!(taken + dropped, count as u64, "each is taken or counted as lost");
}

#[test]
fn errors_are_told_of_and_a_share_of_the_rest() {
    let queue = UsageQueue::default();
    let mut worker = queue.worker();
    worker.tick(NOW);
    assert_eq!(worker.fate(true, None, 0), LineFate::Kept);
    assert_eq!(worker.fate(false, None, 0), LineFate::None);
    queue.keep_share(50.0);
    assert_eq!(worker.fate(false, None, SHARE_ALL / 2 - 1), LineFate::Kept);
    assert_eq!(worker.fate(false, None, SHARE_ALL / 2), LineFate::None);
    queue.watch(true);
    assert_eq!(worker.fate(false, None, SHARE_ALL / 2), LineFate::Shown);
    queue.watch(false);
    queue.keep_share(0.0);
    assert!(queue.follow("mobile", NOW + 1, NOW));
    assert_eq!(worker.fate(false, Some("mobile"), 0), LineFate::Kept);
    assert_eq!(worker.fate(false, Some("other"), 0), LineFate::None);
    worker.tick(NOW + 1);
    assert_eq!(worker.fate(false, Some("mobile"), 0), LineFate::None, "the time is over");
}

#[test]
fn a_storm_of_errors_makes_so_many_lines_and_no_more() {
    let queue = UsageQueue::default();
    let mut worker = queue.worker();
    let orders = place("orders");
    let mut kept = 0;
    for _ in 0..2 * LINES_PER_TICK {
        let mut event = event(&orders, NOW);
        if worker.fate(true, None, 0) == LineFate::Kept {
            kept += 1;
            event.line = Some(Box::default());
        }
        worker.push(event);
    }
    assert_eq!((kept, queue.lines_skipped()), (LINES_PER_TICK, u64::from(LINES_PER_TICK)));
    worker.tick(NOW);
    assert_eq!(worker.fate(true, None, 0), LineFate::Kept);
}
