//! Wall-clock time as RFC 3339 in UTC with microseconds, `2026-05-17T08:09:10.123456Z`.
//!
//! The date and time of day are kept from line to line: under load a thousand lines share them.

use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_PER_DAY: u64 = 86_400;

/// One time as text, for where it is not a line among thousands.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let mut text = Vec::new();
    Stamp::default().print(time, &mut text);
    String::from_utf8(text).expect("digits and punctuation")
}

/// Prints times; remembers the latest second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamp {
    second: u64,
    /// `2026-05-17T08:09:10.`; empty before the first time is printed.
    text: String,
}

impl Stamp {
    /// Appends `time` without quotes. Times before 1970 are printed as its first instant.
    pub(crate) fn print(&mut self, time: SystemTime, out: &mut Vec<u8>) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.text.is_empty() || since.as_secs() != self.second {
            self.second = since.as_secs();
            self.text = prefix(self.second);
        }
        out.extend_from_slice(self.text.as_bytes());
        // A leading one keeps the zeros that the number itself would not show.
        let micros = 1_000_000 + since.subsec_micros();
        out.extend_from_slice(&itoa::Buffer::new().format(micros).as_bytes()[1..]);
        out.push(b'Z');
    }
}

fn prefix(second: u64) -> String {
    let (year, month, day) = date(second / SECONDS_PER_DAY);
    let of_day = second % SECONDS_PER_DAY;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.")
}

/// The Gregorian date of a day counted from 1970-01-01.
///
/// Years are taken to begin in March: the leap day is then the last one of its year, and the
/// months before it have lengths that follow a straight line.
fn date(day: u64) -> (u64, u64, u64) {
    const DAYS_PER_ERA: u64 = 146_097; // 400 years
    const FROM_MARCH_OF_YEAR_0: u64 = 719_468;
    let day = day + FROM_MARCH_OF_YEAR_0;
    let (era, of_era) = (day / DAYS_PER_ERA, day % DAYS_PER_ERA);
    let leap_days = of_era / 1_460 + of_era / 146_096;
    let year_of_era = (of_era + of_era / 36_524 - leap_days) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let (month, next_year) =
        if from_march < 10 { (from_march + 3, 0) } else { (from_march - 9, 1) };
    (era * 400 + year_of_era + next_year, month, day_of_month)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(second: u64, micros: u32, expect: &str) {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::new(second, micros * 1_000)), expect);
    }

    #[test]
    fn known_times_are_printed_right() {
        check(0, 0, "1970-01-01T00:00:00.000000Z");
        check(951_782_400, 1, "2000-02-29T00:00:00.000001Z");
        check(1_709_164_800, 999_999, "2024-02-29T00:00:00.999999Z");
        check(1_735_689_599, 0, "2024-12-31T23:59:59.000000Z");
        check(4_107_542_400, 0, "2100-03-01T00:00:00.000000Z");
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut last = date(0);
        for day in 1..150_000 {
            let next = date(day);
            let follows = next.2 == last.2 + 1
                || (next.2 == 1 && next.1 == last.1 + 1 && last.2 >= 28)
                || (next == (last.0 + 1, 1, 1) && (last.1, last.2) == (12, 31));
            assert!(follows, "{next:?} after {last:?}");
            last = next;
        }
        assert_eq!(date(149_999), (2380, 9, 7));
    }

    #[test]
    fn the_second_is_printed_anew_when_it_changes() {
        let mut stamp = Stamp::default();
        let mut out = Vec::new();
        stamp.print(UNIX_EPOCH + Duration::from_millis(1_999), &mut out);
        stamp.print(UNIX_EPOCH + Duration::from_millis(2_000), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "1970-01-01T00:00:01.999000Z1970-01-01T00:00:02.000000Z");
    }
}
