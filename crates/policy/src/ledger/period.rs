//! The calendar of budgets: minutes, hours, days, weeks from Monday and months, all in UTC.
//!
//! UTC, because two gateways must agree when a day ends, and a local day has 23 or 25 hours twice
//! a year.

use std::time::{SystemTime, UNIX_EPOCH};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long a budget lasts before it starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// From a full minute to the next.
    Minute,
    /// From a full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday's midnight to the next Monday's.
    Week,
    /// From the first of a month to the first of the next.
    Month,
}

/// One period on the calendar, in seconds since 1970: the start is in it, the end is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first second.
    pub start_s: u64,
    /// The first second after it.
    pub end_s: u64,
}

impl Period {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The word in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The period of a configuration.
    #[must_use]
    pub const fn of(written: architrave_config::Period) -> Self {
        match written {
            architrave_config::Period::Minute => Self::Minute,
            architrave_config::Period::Hour => Self::Hour,
            architrave_config::Period::Day => Self::Day,
            architrave_config::Period::Week => Self::Week,
            architrave_config::Period::Month => Self::Month,
        }
    }

    /// It in the words of a configuration.
    #[must_use]
    pub const fn written(self) -> architrave_config::Period {
        match self {
            Self::Minute => architrave_config::Period::Minute,
            Self::Hour => architrave_config::Period::Hour,
            Self::Day => architrave_config::Period::Day,
            Self::Week => architrave_config::Period::Week,
            Self::Month => architrave_config::Period::Month,
        }
    }

    /// The period that a second lies in.
    #[must_use]
    pub fn span(self, second: u64) -> Span {
        match self {
            Self::Minute => aligned(second, 0, MINUTE),
            Self::Hour => aligned(second, 0, HOUR),
            Self::Day => aligned(second, 0, DAY),
            // 1970 began on a Thursday, three days after its Monday.
            Self::Week => aligned(second, 3 * DAY, 7 * DAY),
            Self::Month => month(second / DAY),
        }
    }
}

impl Span {
    /// Whether the second lies in it.
    #[must_use]
    pub const fn has(&self, second: u64) -> bool {
        self.start_s <= second && second < self.end_s
    }

    /// Seconds from the start to the end.
    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.end_s - self.start_s
    }
}

/// Seconds since 1970; 0 for a clock that is set to before that.
pub(super) fn second_of(wall: SystemTime) -> u64 {
    wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The span of `length` seconds, one of which began `shift` seconds before 1970. What lies before
/// 1970 is cut off.
fn aligned(second: u64, shift: u64, length: u64) -> Span {
    let start = (second.saturating_add(shift)) / length * length;
    Span { start_s: start.saturating_sub(shift), end_s: start.saturating_add(length) - shift }
}

/// The month of a day, the first of January 1970 being day 0. Years are counted from March, so that
/// the day that comes and goes is the last of its year; 400 of them have 146,097 days.
fn month(day: u64) -> Span {
    let since_march_0 = day.saturating_add(719_468);
    let of_400 = since_march_0 % 146_097;
    let year = (of_400 - of_400 / 1_460 + of_400 / 36_524 - of_400 / 146_096) / 365;
    let of_year = of_400 - (365 * year + year / 4 - year / 100);
    // Five months have 153 days, wherever one begins but in February.
    let month = (5 * of_year + 2) / 153;
    let before = |month: u64| (153 * month + 2) / 5;
    let next = if month == 11 { 337 + february(year + 1) } else { before(month + 1) };
    let first = day - (of_year - before(month));
    Span { start_s: first * DAY, end_s: (first + next - before(month)).saturating_mul(DAY) }
}

/// Days of the February of a year, counted from a year that 400 divides.
const fn february(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if is_leap { 29 } else { 28 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(period: Period, second: u64, start: u64, end: u64) {
        assert_eq!(period.span(second), Span { start_s: start, end_s: end }, "{period:?} {second}");
    }

    #[test]
    fn periods_begin_and_end_on_the_calendar_in_utc() {
        // 2026-11-29 23:59:59, a Sunday.
        let second = 1_795_996_799;
        check(Period::Minute, second, second - 59, second + 1);
        check(Period::Hour, second, second - 3_599, second + 1);
        check(Period::Day, second, second - 86_399, second + 1);
        check(Period::Week, second, second + 1 - 7 * 86_400, second + 1);
        // The first of November and the first of December.
        check(Period::Month, second, 1_793_491_200, 1_796_083_200);
    }

    #[test]
    fn februaries_are_as_long_as_they_are() {
        // February of 2000, 2024 and 2100.
        for (start, days) in [(949_363_200, 29), (1_706_745_600, 29), (4_105_123_200, 28)] {
            let span = Period::Month.span(start + 5 * 86_400);
            assert_eq!((span.start_s, span.seconds()), (start, days * 86_400), "{start}");
        }
    }

    #[test]
    fn months_follow_each_other_without_a_gap_for_eight_hundred_years() {
        let (mut at, mut months) = (0, 0);
        while at < 800 * 146_097 / 400 * DAY {
            let span = Period::Month.span(at);
            assert_eq!(span.start_s, at);
            assert!((28..=31).contains(&(span.seconds() / DAY)));
            assert_eq!(Period::Month.span(span.end_s - 1), span);
            (at, months) = (span.end_s, months + 1);
        }
        assert_eq!(months, 800 * 12);
    }

    #[test]
    fn weeks_begin_on_mondays() {
        // Monday, 5 January 1970.
        check(Period::Week, 4 * DAY, 4 * DAY, 11 * DAY);
        check(Period::Week, 4 * DAY - 1, 0, 4 * DAY);
    }
}
