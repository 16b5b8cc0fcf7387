//! Personal data: what each kind looks like, and what it must hold to be one.
//!
//! By form alone, in ASCII, and by check digits where there are some. Names, addresses of streets
//! and the like have no form and are not looked for. A number that has the form of a telephone
//! number is taken for one.

use std::net::Ipv6Addr;

use architrave_config::policy::guardrail::PersonalData;
use regex::Regex;

use super::pattern::Pattern;

/// What one kind looks like, and how much of what looks so is one.
struct Form {
    pattern: &'static str,
    check: fn(&str) -> Option<usize>,
}

/// The patterns of a kind.
pub(super) fn patterns(kind: PersonalData) -> Vec<Pattern> {
    let (name, forms) = forms(kind);
    let of = |form: &Form| {
        let regex = Regex::new(form.pattern).expect("the forms are tested");
        Pattern::checked(name, regex, form.check)
    };
    forms.iter().map(of).collect()
}

fn forms(kind: PersonalData) -> (&'static str, &'static [Form]) {
    match kind {
        PersonalData::Email => ("email", EMAIL),
        PersonalData::Phone => ("phone", PHONE),
        PersonalData::Card => ("card", CARD),
        PersonalData::Iban => ("iban", IBAN),
        PersonalData::Ip => ("ip", IP),
        PersonalData::Ssn => ("ssn", SSN),
    }
}

const EMAIL: &[Form] = &[Form {
    pattern: concat!(
        r"(?i-u)\b[a-z0-9][a-z0-9._%+-]{0,63}@",
        r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}\b"
    ),
    check: all,
}];

const PHONE: &[Form] = &[
    // E.164, written with a plus and whatever people put between the digits.
    Form { pattern: r"(?-u)\B\+[1-9](?:[ .()/-]{0,2}[0-9]){6,14}\b", check: all },
    // North America's, with its groups told apart.
    Form {
        pattern: concat!(
            r"(?-u)(?:\b1[ .-])?(?:\B\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[ .-])",
            r"[2-9][0-9]{2}[ .-][0-9]{4}\b"
        ),
        check: all,
    },
];

const CARD: &[Form] =
    &[Form { pattern: r"(?-u)\b[2-6](?:[ -]?[0-9]){12,18}\b", check: card_length }];

const IBAN: &[Form] =
    &[Form { pattern: r"(?i-u)\b[a-z]{2}[0-9]{2}(?: ?[a-z0-9]){11,30}\b", check: iban_length }];

const IP: &[Form] = &[
    Form {
        pattern: concat!(
            r"(?-u)\b(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])",
            r"(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}\b"
        ),
        check: all,
    },
    Form { pattern: r"(?i-u)(?:\b[0-9a-f]{1,4}:|\B::)[0-9a-f:.]{1,40}", check: ipv6_length },
];

const SSN: &[Form] =
    &[Form { pattern: r"(?-u)\b[0-8][0-9]{2}[- ][0-9]{2}[- ][0-9]{4}\b", check: ssn_length }];

#[expect(clippy::unnecessary_wraps, reason = "a check as all others")]
fn all(found: &str) -> Option<usize> {
    Some(found.len())
}

/// The longest beginning that is the number of a card: of a length and a first digit that there
/// are, with the right check digit, and not cut out of a longer number.
fn card_length(found: &str) -> Option<usize> {
    let bytes = found.as_bytes();
    let ends = (0..bytes.len()).rev().filter(|at| {
        bytes[*at].is_ascii_digit() && bytes.get(at + 1).is_none_or(|next| !next.is_ascii_digit())
    });
    ends.map(|at| at + 1).find(|length| is_card(&bytes[..*length]))
}

fn is_card(text: &[u8]) -> bool {
    let digits = || text.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
    let count = digits().count();
    let of_maker = match text[0] {
        b'3' => (14..=19).contains(&count),
        b'4' => matches!(count, 13 | 16 | 19),
        _ => (16..=19).contains(&count),
    };
    let luhn = digits().enumerate().fold(0_u32, |sum, (place, digit)| {
        let weighed = if place % 2 == 0 { digit } else { digit * 2 % 10 + digit / 5 };
        sum + u32::from(weighed)
    });
    of_maker && luhn.is_multiple_of(10)
}

/// How many letters and digits the account numbers of each country have, by the registry of SWIFT.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 \
    CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 \
    HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 \
    MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 \
    SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// The beginning that is as long as the country's account numbers are, with the right check digits.
fn iban_length(found: &str) -> Option<usize> {
    let country = found[..2].to_ascii_uppercase();
    let row = IBAN_LENGTHS.split_ascii_whitespace().find(|row| row.starts_with(&country))?;
    let count: usize = row[2..].parse().ok()?;
    let (last, _) = found.bytes().enumerate().filter(|(_, byte)| *byte != b' ').nth(count - 1)?;
    let ends = found.as_bytes().get(last + 1).is_none_or(|next| *next == b' ');
    (ends && has_check_digits(&found[..=last])).then_some(last + 1)
}

/// The first four behind the others, letters as numbers from 10 on: 1 remains of a division by 97.
fn has_check_digits(text: &str) -> bool {
    let values = text.chars().filter_map(|letter| letter.to_digit(36));
    let rotated = values.clone().skip(4).chain(values.take(4));
    rotated.fold(0, |sum, value| (if value < 10 { sum * 10 } else { sum * 100 } + value) % 97) == 1
}

/// All of it but punctuation at its end. One without a digit is more likely the path of a name in a
/// program, as `abc::def`.
fn ipv6_length(found: &str) -> Option<usize> {
    let text = found.trim_end_matches('.');
    let without_colon = text.strip_suffix(':').unwrap_or(text);
    let address =
        [text, without_colon].into_iter().find(|text| text.parse::<Ipv6Addr>().is_ok())?;
    address.bytes().any(|byte| byte.is_ascii_digit()).then_some(address.len())
}

/// Areas 000 and 666, group 00 and number 0000 are not given out.
fn ssn_length(found: &str) -> Option<usize> {
    let (area, group, number) = (&found[..3], &found[4..6], &found[7..]);
    let is_given = area != "000" && area != "666" && group != "00" && number != "0000";
    is_given.then_some(found.len())
}

#[cfg(test)]
mod tests;
