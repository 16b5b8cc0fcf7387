//! How long something is to take, in all the ways that providers say it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time;

/// A number of at least this many is a time since 1970 and no span: in seconds, in milliseconds.
const EPOCH_SECONDS_MIN: f64 = 1e9;
const EPOCH_MILLIS_MIN: f64 = 1e12;

/// The time until what a header says: seconds (`30`, `0.5`), a span (`6m0s`, `120ms`), a time since
/// 1970 in seconds or milliseconds, a time of the calendar. What has passed is no time at all.
pub(super) fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) {
        let since_1970 = match number {
            _ if number >= EPOCH_MILLIS_MIN => Some(number / 1_000.0),
            _ if number >= EPOCH_SECONDS_MIN => Some(number),
            _ => None,
        };
        return match since_1970 {
            Some(seconds) => Some(span_to(seconds_of(seconds)?, now)),
            None => seconds_of(number.max(0.0)),
        };
    }
    let of_calendar = time::read(text).or_else(|| time::read_http(text));
    of_calendar.map(|seconds| span_to(Duration::from_secs(seconds), now)).or_else(|| span(text))
}

/// A number of seconds; none for what is none.
fn seconds_of(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn span_to(since_1970: Duration, now: SystemTime) -> Duration {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.saturating_sub(now)
}

/// A span in numbers with units, as `1h2m3.5s`.
pub(super) fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.')?;
        let (number, more) = rest.split_at(end);
        let units = more.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(more.len());
        let (unit, more) = more.split_at(units);
        let seconds = match unit {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum = sum.checked_add(seconds_of(number.parse::<f64>().ok()? * seconds)?)?;
        rest = more;
    }
    (!text.is_empty()).then_some(sum)
}

/// The wait that a message tells in passing: `try again in 6m0s.`, `retry after 30 seconds`.
pub(super) fn in_words(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let places = ["try again in ", "retry after ", "retry in "].into_iter();
    let mut rests = places.filter_map(|words| lower.split_once(words).map(|(_, rest)| rest));
    let mut words = rests.next()?.split_ascii_whitespace();
    let first = words.next()?.trim_end_matches(['.', ',', ';', ')']);
    let unit = words.next().unwrap_or_default().trim_end_matches(['.', ',', ';', ')']);
    let seconds = match unit {
        "second" | "seconds" => 1.0,
        "minute" | "minutes" => 60.0,
        "hour" | "hours" => 3_600.0,
        "millisecond" | "milliseconds" => 1e-3,
        _ => return span(first),
    };
    seconds_of(first.parse::<f64>().ok()? * seconds).or_else(|| span(first))
}
