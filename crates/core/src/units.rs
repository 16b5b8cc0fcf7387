//! Quantities as people write them: durations, sizes, rates; parsed strictly, printed the same way.

use std::time::Duration;

/// Why a quantity could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a duration.
    #[error("expected a duration such as 250ms, 10s, 5m or 1h")]
    Duration,
    /// Not a size.
    #[error("expected a size such as 512B, 64KiB, 10MiB or 1GiB")]
    ByteCount,
    /// Not a rate.
    #[error("expected a rate such as 100/s, 5000/m or 10000/h")]
    Rate,
    /// Not an amount of money.
    #[error("expected an amount such as 12.50 USD")]
    Money,
}

/// Reads `250ms`, `10s`, `5m`, `1h` (whole numbers; also `0s`).
///
/// # Errors
/// [`UnitError::Duration`] when the text is anything else or overflows.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let (number, unit) = split_number(text).ok_or(UnitError::Duration)?;
    let millis = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    millis.map(Duration::from_millis).ok_or(UnitError::Duration)
}

/// Reads `512B`, `64KiB`, `10MiB`, `1GiB` as a number of bytes.
///
/// # Errors
/// [`UnitError::ByteCount`] when the text is anything else or overflows.
pub fn parse_byte_count(text: &str) -> Result<u64, UnitError> {
    let (number, unit) = split_number(text).ok_or(UnitError::ByteCount)?;
    let shift = match unit {
        "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return Err(UnitError::ByteCount),
    };
    number.checked_mul(1 << shift).ok_or(UnitError::ByteCount)
}

/// A number of bytes as [`parse_byte_count`] reads it, in the largest unit that it is whole in.
#[must_use]
pub fn byte_count_text(bytes: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let exact = |(shift, _): &&(u32, &str)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.iter().find(exact) {
        Some((shift, word)) => format!("{}{word}", bytes >> shift),
        None => format!("{bytes}B"),
    }
}

/// How many events are allowed in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Events per period; at least 1.
    pub count: u64,
    /// The period: one second, minute, hour or day.
    pub per: Duration,
}

/// Reads `100/s`, `5000/m`, `10000/h`, `100000/d`.
///
/// # Errors
/// [`UnitError::Rate`] when the text is anything else or the count is zero.
pub fn parse_rate(text: &str) -> Result<Rate, UnitError> {
    let (number, unit) = split_number(text).ok_or(UnitError::Rate)?;
    let seconds = match unit {
        "/s" => 1,
        "/m" => 60,
        "/h" => 3_600,
        "/d" => 86_400,
        _ => return Err(UnitError::Rate),
    };
    if number == 0 {
        return Err(UnitError::Rate);
    }
    Ok(Rate { count: number, per: Duration::from_secs(seconds) })
}

/// Digits behind the point of a dollar that are kept.
const MONEY_DIGITS: usize = 9;

/// Reads `12.50 USD` as nano-USD, digit by digit; no more than nine of them behind the point.
///
/// # Errors
/// [`UnitError::Money`] when the text is anything else or overflows.
pub fn parse_nano_usd(text: &str) -> Result<u64, UnitError> {
    let number = text.strip_suffix(" USD").ok_or(UnitError::Money)?;
    let (whole, part) = match number.split_once('.') {
        Some((whole, part)) if (1..=MONEY_DIGITS).contains(&part.len()) => (whole, part),
        Some(_) => return Err(UnitError::Money),
        None => (number, ""),
    };
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_plain(whole) || !is_plain(part) {
        return Err(UnitError::Money);
    }
    format!("{whole}{part:0<MONEY_DIGITS$}").parse().map_err(|_| UnitError::Money)
}

/// Nano-USD as [`parse_nano_usd`] reads it, with at least two digits behind the point.
#[must_use]
pub fn nano_usd_text(nano_usd: u64) -> String {
    let digits = format!("{nano_usd:0width$}", width = MONEY_DIGITS + 1);
    let (whole, part) = digits.split_at(digits.len() - MONEY_DIGITS);
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2} USD")
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    number.parse().ok().map(|number| (number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_a_whole_number_and_a_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("1h"), Ok(Duration::from_secs(3600)));
        for bad in ["", "10", "s", "-1s", "1.5s", "1 s", "1d", "99999999999999999999s"] {
            assert_eq!(parse_duration(bad), Err(UnitError::Duration), "{bad}");
        }
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!(parse_byte_count("64KiB"), Ok(65_536));
        for text in ["0B", "512B", "1025B", "64KiB", "32MiB", "3GiB"] {
            assert_eq!(byte_count_text(parse_byte_count(text).unwrap()), text);
        }
        for bad in ["64", "64KB", "64kib", "99999999999GiB"] {
            assert_eq!(parse_byte_count(bad), Err(UnitError::ByteCount), "{bad}");
        }
    }

    #[test]
    fn rates_have_a_count_and_a_period() {
        assert_eq!(parse_rate("5000/m"), Ok(Rate { count: 5000, per: Duration::from_secs(60) }));
        for bad in ["0/s", "10", "10/w", "/s"] {
            assert_eq!(parse_rate(bad), Err(UnitError::Rate), "{bad}");
        }
    }
    #[test]
    fn money_is_read_digit_by_digit_and_written_the_same_way() {
        for (text, nano_usd, again) in [
            ("50 USD", 50_000_000_000, "50.00 USD"),
            ("12.5 USD", 12_500_000_000, "12.50 USD"),
            ("0.000000001 USD", 1, "0.000000001 USD"),
            ("0.10 USD", 100_000_000, "0.10 USD"),
            ("0 USD", 0, "0.00 USD"),
            ("18446744073.709551615 USD", u64::MAX, "18446744073.709551615 USD"),
        ] {
            assert_eq!(parse_nano_usd(text), Ok(nano_usd), "{text}");
            assert_eq!(nano_usd_text(nano_usd), again);
        }
        for bad in [
            "50",
            "50USD",
            "50 usd",
            "50 EUR",
            "$50",
            "-1 USD",
            "1. USD",
            ".5 USD",
            "1e3 USD",
            "1,5 USD",
            "0.0000000001 USD",
            "18446744073.709551616 USD",
            " USD",
            "1  USD",
        ] {
            assert_eq!(parse_nano_usd(bad), Err(UnitError::Money), "{bad}");
        }
    }
}
