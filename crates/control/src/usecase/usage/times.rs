//! Which time a call asks about, and which cells that is read from: the longest that fit, since
//! there are the fewest of them.

use std::time::{Duration, UNIX_EPOCH};

use architrave_core::usage::STEPS;
use architrave_store::UsageSlice;
use architrave_telemetry::stamp::rfc3339;

use super::MICROS;
use super::asked::refuse;
use crate::api::Dependencies;
use crate::call::Call;
use crate::error::ApiError;
use crate::time::parse_rfc3339;

/// Points of a series at most.
const POINTS_MAX: i64 = 1_500;

/// Points of a series where no step is said, about.
const POINTS_USUAL: i64 = 400;

/// How long a time is of which nothing is said.
const USUAL: i64 = 86_400;

/// The steps that a series may have, in seconds, with their words.
const SERIES_STEPS: [(i64, &str); 6] =
    [(60, "1m"), (300, "5m"), (900, "15m"), (3_600, "1h"), (21_600, "6h"), (86_400, "1d")];

/// The words of the steps.
pub(crate) const STEP_WORDS: [&str; 6] = ["1m", "5m", "15m", "1h", "6h", "1d"];

/// A time that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// Its first second.
    pub(super) from: i64,
    /// The second behind its last.
    pub(super) to: i64,
    /// How long each point is, of a series; else 0.
    pub(super) step: i64,
    /// What it is read from.
    pub(super) slices: Vec<UsageSlice>,
}

impl Times {
    /// The time of a series, cut to whole points.
    pub(super) fn of_series(call: &Call, dependencies: &Dependencies) -> Result<Self, ApiError> {
        let (from, to) = bounds(call, dependencies)?;
        let step = match call.query.get("step") {
            None => usual_step(to - from),
            Some(word) => {
                let found = SERIES_STEPS.iter().find(|(_, own)| *own == word);
                let message = || format!("step is one of {}", STEP_WORDS.join(", "));
                found.ok_or_else(|| refuse("step", message()))?.0
            }
        };
        let (from, to) = (floor(from, step), ceil(to, step));
        if (to - from) / step > POINTS_MAX {
            let message = format!("a series has at most {POINTS_MAX} points: take a longer step");
            return Err(refuse("step", message));
        }
        let of_cells = STEPS.into_iter().rev().find(|cells| step % cells == 0).unwrap_or(STEPS[0]);
        Ok(Self { from, to, step, slices: vec![UsageSlice { step: of_cells, from, to }] })
    }

    /// A time as a whole: to the minute, as long as minutes are kept.
    pub(super) fn of_whole(call: &Call, dependencies: &Dependencies) -> Result<Self, ApiError> {
        let (from, to) = bounds(call, dependencies)?;
        let days = super::desk(dependencies)?.port.keep_days();
        let kept = [days.minutes, days.hours].map(|days| i64::from(days) * STEPS[2]);
        let now = now(dependencies);
        let finest = |at: i64| match now - at {
            age if age < kept[0] => STEPS[0],
            age if age < kept[1] => STEPS[1],
            _ => STEPS[2],
        };
        let (from, to) = (floor(from, finest(from)), ceil(to, finest(to)));
        Ok(Self { from, to, step: 0, slices: slices(from, to) })
    }

    /// The same time as a whole, in the longest cells that fit.
    pub(super) fn whole(&self) -> Vec<UsageSlice> {
        match self.slices[..] {
            // Of what is asked for in minutes, all is kept in minutes.
            [UsageSlice { step, .. }] if step == STEPS[0] => self.slices.clone(),
            [..] => slices(self.from, self.to),
        }
    }

    pub(super) fn points(&self) -> i64 {
        (self.to - self.from) / self.step.max(1)
    }

    pub(super) fn step_word(&self) -> &'static str {
        SERIES_STEPS.iter().find(|(step, _)| *step == self.step).map_or("", |(_, word)| word)
    }
}

/// The last days until now, the first of them to the hour.
pub(super) fn last_days(dependencies: &Dependencies, days: i64) -> (i64, i64) {
    let to = ceil(now(dependencies) + 1, STEPS[0]);
    (floor((to - days * STEPS[2]).max(0), STEPS[1]), to)
}

/// Days in the middle, hours and minutes at the ends.
pub(super) fn slices(from: i64, to: i64) -> Vec<UsageSlice> {
    let [minute, hour, day] = STEPS;
    let (from_hour, to_hour) = (ceil(from, hour).min(to), floor(to, hour));
    if from_hour >= to_hour {
        return slice(minute, from, to).into_iter().collect();
    }
    let (from_day, to_day) = (ceil(from_hour, day).min(to_hour), floor(to_hour, day));
    let parts = if from_day >= to_day {
        vec![slice(minute, from, from_hour), slice(hour, from_hour, to_hour)]
    } else {
        vec![
            slice(minute, from, from_hour),
            slice(hour, from_hour, from_day),
            slice(day, from_day, to_day),
            slice(hour, to_day, to_hour),
        ]
    };
    parts.into_iter().chain([slice(minute, to_hour, to)]).flatten().collect()
}

fn slice(step: i64, from: i64, to: i64) -> Option<UsageSlice> {
    (from < to).then_some(UsageSlice { step, from, to })
}

/// The bounds in seconds; the day until now where nothing is said.
fn bounds(call: &Call, dependencies: &Dependencies) -> Result<(i64, i64), ApiError> {
    let read = |name: &str| {
        let Some(text) = call.query.get(name) else { return Ok(None) };
        let message = || format!("{name} is a time such as 2026-05-17T08:09:10Z");
        parse_rfc3339(text).map(Some).ok_or_else(|| refuse(name, message()))
    };
    let to = match read("to")? {
        Some(micros) => ceil(micros, MICROS) / MICROS,
        None => now(dependencies) + 1,
    };
    let from = match read("from")? {
        Some(micros) => micros.div_euclid(MICROS),
        None => (to - USUAL).max(0),
    };
    if from >= to {
        return Err(refuse("from", "from must be before to"));
    }
    Ok((from, to))
}

fn usual_step(length: i64) -> i64 {
    let fits = |step: &&(i64, &str)| length / step.0 <= POINTS_USUAL;
    SERIES_STEPS.iter().find(fits).unwrap_or(&SERIES_STEPS[5]).0
}

fn now(dependencies: &Dependencies) -> i64 {
    let since = dependencies.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn floor(at: i64, step: i64) -> i64 {
    at - at.rem_euclid(step)
}

fn ceil(at: i64, step: i64) -> i64 {
    floor(at.saturating_add(step - 1), step)
}

/// Seconds UTC as text.
pub(super) fn seconds_text(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let text = rfc3339(UNIX_EPOCH + since);
    text.replace(".000000Z", "Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-05-17T00:00:00Z.
    const DAY: i64 = 1_778_976_000;

    fn check(from: i64, to: i64, expect: &[(i64, i64, i64)]) {
        let found: Vec<_> =
            slices(from, to).iter().map(|one| (one.step, one.from, one.to)).collect();
        assert_eq!(found, expect);
        let length: i64 = found.iter().map(|(_, from, to)| to - from).sum();
        assert_eq!(length, to - from, "no second is counted twice, and none is left out");
    }

    #[test]
    fn a_time_is_read_from_the_longest_cells_that_fit() {
        check(DAY, DAY + 86_400, &[(86_400, DAY, DAY + 86_400)]);
        check(DAY + 60, DAY + 120, &[(60, DAY + 60, DAY + 120)]);
        check(
            DAY + 3_540,
            DAY + 7_260,
            &[
                (60, DAY + 3_540, DAY + 3_600),
                (3_600, DAY + 3_600, DAY + 7_200),
                (60, DAY + 7_200, DAY + 7_260),
            ],
        );
        check(
            DAY - 3_660,
            DAY + 86_400 + 3_660,
            &[
                (60, DAY - 3_660, DAY - 3_600),
                (3_600, DAY - 3_600, DAY),
                (86_400, DAY, DAY + 86_400),
                (3_600, DAY + 86_400, DAY + 90_000),
                (60, DAY + 90_000, DAY + 90_060),
            ],
        );
        check(DAY + 3_540, DAY + 3_660, &[(60, DAY + 3_540, DAY + 3_660)]);
    }

    #[test]
    fn a_series_has_some_hundred_points_where_nothing_is_said() {
        for (length, step) in [
            (3_600, 60),
            (86_400, 300),
            (7 * 86_400, 3_600),
            (30 * 86_400, 21_600),
            (400 * 86_400, 86_400),
        ] {
            assert_eq!(usual_step(length), step, "{length}");
        }
    }

    #[test]
    fn words_and_steps_are_the_same() {
        assert_eq!(SERIES_STEPS.map(|(_, word)| word), STEP_WORDS);
    }
}
