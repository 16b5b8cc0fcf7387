//! What is one and what only looks like one.

use super::*;
use crate::guardrail::sought::Seen;

/// What of the text is found as that kind.
fn found(kind: PersonalData, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for pattern in patterns(kind) {
        pattern.seek(Seen { text, from: 0, is_whole: true }, &mut found);
    }
    found.into_iter().map(|range| text[range].to_owned()).collect()
}

fn is(kind: PersonalData, texts: &[&str]) {
    for text in texts {
        for around in [text.to_string(), format!("({text})"), format!("it is {text}, you see")] {
            assert_eq!(found(kind, &around), [*text], "{kind:?} in {around:?}");
        }
    }
}

fn is_none(kind: PersonalData, texts: &[&str]) {
    for text in texts {
        assert_eq!(found(kind, text), Vec::<String>::new(), "{kind:?} in {text:?}");
    }
}

#[test]
fn addresses_of_mail() {
    is(
        PersonalData::Email,
        &["ann@example.com", "Ann.Lee+x@mail.example.co.uk", "a_b%c@x-y.io", "7@seven.museum"],
    );
    is_none(
        PersonalData::Email,
        &["ann@localhost", "@example.com", "ann@", "ann@example.", "user@1.2.3.4", "a @b.com"],
    );
    assert_eq!(found(PersonalData::Email, "to ann@example.com. Then"), ["ann@example.com"]);
    let long = format!("{}@example.com", "x".repeat(65));
    is_none(PersonalData::Email, &[&long]);
}

#[test]
fn telephone_numbers() {
    is(
        PersonalData::Phone,
        &[
            "+14155550123",
            "+49 30 901820",
            "+44 (0)20 7946 0958",
            "415-555-0123",
            "415.555.0123",
            "415 555 0123",
            "(415) 555-0123",
            "1-415-555-0123",
        ],
    );
    is_none(
        PersonalData::Phone,
        &[
            "4155550123",
            "+1 415",
            "415-555-012",
            "115-555-0123",
            "2026-11-25",
            "1 + 12345678",
            "x+49309018200",
        ],
    );
}

#[test]
fn numbers_of_cards_by_maker_length_and_check_digit() {
    is(
        PersonalData::Card,
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "378282246310005",
            "30569309025904",
            "5555555555554444",
            "2223003122003222",
            "6011111111111117",
            "4222222222222",
        ],
    );
    is_none(
        PersonalData::Card,
        &[
            "4111111111111112",
            "1234567812345670",
            "411111111111",
            "41111111111111110",
            "14111111111111111",
            "0000000000000000",
            "1795608000000",
        ],
    );
    let among = "order 12 4111 1111 1111 1111 34 and 99";
    assert_eq!(found(PersonalData::Card, among), ["4111 1111 1111 1111"]);
}

#[test]
fn numbers_of_accounts_by_country_length_and_check_digits() {
    is(
        PersonalData::Iban,
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "gb29 nwbk 6016 1331 9268 19",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ],
    );
    is_none(
        PersonalData::Iban,
        &[
            "DE89370400440532013001",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "XX89370400440532013000",
            "in 2026 we did",
        ],
    );
}

#[test]
fn every_country_has_one_length() {
    let rows: Vec<_> = IBAN_LENGTHS.split_ascii_whitespace().collect();
    assert!(rows.is_sorted() && rows.windows(2).all(|two| two[0][..2] != two[1][..2]));
    assert!(rows.iter().all(|row| (15..=34).contains(&row[2..].parse::<usize>().unwrap())));
}

#[test]
fn addresses_of_the_internet() {
    is(
        PersonalData::Ip,
        &[
            "203.0.113.7",
            "255.255.255.255",
            "2001:db8::1",
            "2001:0db8:0000:0000:0000:ff00:0042:8329",
            "fe80::1",
            "::1",
        ],
    );
    is_none(
        PersonalData::Ip,
        &["256.1.1.1", "1.2.3", "12:30:45", "std::vec", "abc::def", "a:b", "::", "1999::::"],
    );
    // The dotted form at the end of one is found as one of version 4.
    assert!(!found(PersonalData::Ip, "::ffff:203.0.113.7").is_empty());
    assert_eq!(found(PersonalData::Ip, "at fe80::1: no"), ["fe80::1"]);
}

#[test]
fn social_security_numbers() {
    is(PersonalData::Ssn, &["123-45-6789", "123 45 6789", "899-99-9999"]);
    is_none(
        PersonalData::Ssn,
        &[
            "000-45-6789",
            "666-45-6789",
            "900-45-6789",
            "123-00-6789",
            "123-45-0000",
            "123456789",
            "1123-45-6789",
        ],
    );
}
