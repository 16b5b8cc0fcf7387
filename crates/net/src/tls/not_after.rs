//! When a certificate expires, read from its DER.
//!
//! Not a parser of X.509: it steps over what stands before the dates. The TLS library has judged
//! the certificate as a whole before this is asked; it merely keeps the dates to itself.

use std::time::{Duration, SystemTime};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The `notAfter` of a certificate; `None` when it is not where it should be.
pub(super) fn not_after(certificate: &[u8]) -> Option<SystemTime> {
    let (outer, _) = take(certificate, SEQUENCE)?;
    let (mut rest, _) = take(outer, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = take(rest, VERSION)?.1;
    }
    // Serial number, signature algorithm and issuer come first.
    rest = take(rest, INTEGER)?.1;
    rest = take(rest, SEQUENCE)?.1;
    rest = take(rest, SEQUENCE)?.1;
    let (validity, _) = take(rest, SEQUENCE)?;
    let (_, behind) = take_any(validity)?;
    let (text, _) = match behind.first()? {
        &UTC_TIME => take(behind, UTC_TIME)?,
        _ => take(behind, GENERALIZED_TIME)?,
    };
    let seconds = seconds_of(text)?;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// The content of the element at the start of `input`, which must have this tag, and what follows.
fn take(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if *input.first()? == tag { take_any(input) } else { None }
}

fn take_any(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.get(1..)?.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        (digits.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit)), rest)
    };
    rest.split_at_checked(length)
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` as seconds since 1970.
fn seconds_of(text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number =
        |part: &[u8]| part.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let (year, rest) = match digits.len() {
        12 => {
            let (short, rest) = digits.split_at(2);
            // RFC 5280 §4.1.2.5.1: two digits mean 1950 to 2049.
            let year = number(short);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        14 => {
            let (long, rest) = digits.split_at(4);
            (number(long), rest)
        }
        _ => return None,
    };
    let part = |place: usize| number(&rest[place * 2..place * 2 + 2]);
    let days = days_of(year, part(0), part(1))?;
    Some(days * 86_400 + part(2) * 3_600 + part(3) * 60 + part(4))
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years are counted from March, so that the leap day is the last of its year.
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    Some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_since_1970() {
        for (text, expect) in [
            ("700101000000Z", Some(0)),
            ("19700101000000Z", Some(0)),
            ("000229123456Z", Some(951_827_696)),
            ("491231235959Z", Some(2_524_607_999)),
            ("500101000000Z", Some(-631_152_000)),
            ("20380119031408Z", Some(2_147_483_648)),
            ("99991231235959Z", Some(253_402_300_799)),
            ("20381319031408Z", None),
            ("2038011903140Z", None),
            ("20380119031408", None),
            ("2038011903140xZ", None),
        ] {
            assert_eq!(seconds_of(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn the_date_of_a_certificate_is_found() {
        let key = rcgen::KeyPair::generate().unwrap();
        for (year, expect) in [(2040, 2_208_988_800), (2060, 2_840_140_800)] {
            let mut params = rcgen::CertificateParams::new(vec!["a.example".into()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = params.self_signed(&key).unwrap();
            let found = not_after(certificate.der()).unwrap();
            assert_eq!(found, SystemTime::UNIX_EPOCH + Duration::from_secs(expect));
            for end in 0..120 {
                assert_eq!(not_after(&certificate.der()[..end]), None);
            }
        }
    }
}
