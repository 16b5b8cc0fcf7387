//! Times as callers write them: RFC 3339 in UTC or with an offset, to microseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds UTC of an RFC 3339 time; `None` when it is none, or before 1970.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let split = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(split);
    let [year, month, day] = numbers(date, b'-', [4, 2, 2])?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(whole, b':', [2, 2, 2])?;
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !is_date || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let micros =
        (seconds - offset(zone)?).checked_mul(1_000_000)?.checked_add(micros(fraction)?)?;
    (micros >= 0).then_some(micros)
}

fn numbers<const COUNT: usize>(text: &str, by: u8, digits: [usize; COUNT]) -> Option<[i64; COUNT]> {
    let mut parts = text.split(char::from(by));
    let mut numbers = [0; COUNT];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = if is_number { part.parse().ok()? } else { return None };
    }
    parts.next().is_none().then_some(numbers)
}

fn micros(fraction: &str) -> Option<i64> {
    let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return None;
    }
    format!("{:0<6}", &fraction[..fraction.len().min(6)]).parse().ok()
}

/// Seconds that the clock is before UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(zone.get(1..)?, b':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400;
    // Leap days before 1970, counted from the year 1: 477.
    let years = (year - 1970) * 365 + leap_days - 477;
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    years + months + day - 1
}

/// The moment of so many microseconds since 1970.
pub(crate) fn moment(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        for micros in [0, 1, 951_782_399_999_999, 951_782_400_000_000, 1_779_005_350_123_456] {
            let time = UNIX_EPOCH + Duration::from_micros(micros);
            let text = architrave_telemetry::stamp::rfc3339(time);
            assert_eq!(parse_rfc3339(&text), i64::try_from(micros).ok(), "{text}");
        }
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        let noon = parse_rfc3339("2026-05-17T12:00:00Z");
        assert!(noon.is_some());
        for same in [
            "2026-05-17T14:00:00+02:00",
            "2026-05-17 06:30:00.0-05:30",
            "2026-05-17t12:00:00.0000001z",
        ] {
            assert_eq!(parse_rfc3339(same), noon, "{same}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-05-17",
            "2026-05-17T12:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-05-17T24:00:00Z",
            "2026-05-17T12:00Z",
            "1969-12-31T23:59:59Z",
            "2026-05-17T12:00:00+2:00",
            "2026-05-17T12:00:00.Z",
        ] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
