//! Times of the calendar as providers write them, in UTC only: `2026-01-02T03:04:05.678Z` in bodies
//! and some headers, `Fri, 02 Jan 2026 03:04:05 GMT` in others.
//!
//! Leap seconds are nobody's business here: seconds since 1970 have none.

/// The seconds since 1970, without their fraction; none before, and none for what is no time.
pub(crate) fn read(text: &str) -> Option<u64> {
    let utc = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let (date, time) = utc.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    seconds((year, month, day), time.split('.').next()?)
}

/// The seconds since 1970 of a date of HTTP.
pub(crate) fn read_http(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.strip_suffix(" GMT")?.split_once(", ")?;
    let mut words = date.split(' ');
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    seconds((words.next()?.parse().ok()?, month, day), words.next()?)
}

fn seconds((year, month, day): (u64, u64, u64), time: &str) -> Option<u64> {
    let mut time = time.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fits =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !fits || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_to(year, month) + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The last second that four digits of a year can say.
const LAST: u64 = 253_402_300_799;

/// The time of that many seconds since 1970.
pub(crate) fn write(seconds: u64) -> String {
    let seconds = seconds.min(LAST);
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years of 366 days find one that has begun by then.
    let mut year = 1970 + days / 366;
    while days_to(year + 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days_to(year, *month) <= days).unwrap_or(1);
    days -= days_to(year, month);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

/// Days from 1970 to the first of a month.
fn days_to(year: u64, month: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = leaps(year) > leaps(year - 1);
    let leap_day = u64::from(is_leap && month > 2);
    let months = BEFORE.get(month as usize - 1).copied().unwrap_or_default();
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + months + leap_day
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2100-03-01T12:30:05Z", 4_107_587_405),
        ] {
            assert_eq!((read(text), write(seconds).as_str()), (Some(seconds), text));
        }
        assert_eq!(write(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(read("2026-01-01T00:00:00.999Z"), Some(1_767_225_600));
        assert_eq!(read("2026-01-01T00:00:00+00:00"), Some(1_767_225_600));
        assert_eq!(read_http("Thu, 01 Jan 2026 00:00:00 GMT"), Some(1_767_225_600));
        for wrong in ["", "Thu, 01 Jan 2026 00:00:00", "Thu, 01 Jab 2026 00:00:00 GMT", "1, 2 GMT"]
        {
            assert_eq!(read_http(wrong), None, "{wrong}");
        }
        for wrong in ["", "2026-01-01", "2026-13-01T00:00:00Z", "1969-12-31T00:00:00Z", "-T-Z"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
