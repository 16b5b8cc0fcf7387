//! Escaping checked against a JSON parser, on any bytes.

use proptest::prelude::*;

use super::*;

fn printed(fill: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    fill(&mut out);
    String::from_utf8(out).expect("output is UTF-8")
}

/// What is printed after an opening quote.
fn quoted(fill: impl Fn(&mut Vec<u8>)) -> String {
    printed(|out| {
        out.push(b'"');
        fill(out);
    })
}

proptest! {
    #[test]
    fn any_bytes_come_back_as_their_lossy_text(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let line = quoted(|out| text(out, &bytes, 1_000));
        let back: String = serde_json::from_str(&line).expect("valid JSON");
        prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_text_comes_back_and_steers_no_terminal(sent in "\\PC*|[\\x00-\\x9f\u{2028}\u{2029}\"\\\\]*") {
        let line = quoted(|out| text(out, sent.as_bytes(), 10_000));
        prop_assert_eq!(serde_json::from_str::<String>(&line).expect("valid JSON"), sent);
        prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
    }

    #[test]
    fn cut_text_is_a_prefix_of_whole_characters(sent in "\\PC{0,60}", bytes_max in 0_usize..60) {
        let line = quoted(|out| text(out, sent.as_bytes(), bytes_max));
        let back: String = serde_json::from_str(&line).expect("valid JSON");
        if sent.len() <= bytes_max {
            prop_assert_eq!(back, sent);
        } else {
            let kept = back.strip_suffix(CUT).expect("a cut is marked");
            prop_assert!(sent.starts_with(kept), "{:?} of {:?}", kept, sent);
            prop_assert!(kept.len() + 4 > bytes_max, "{} of {}", kept.len(), bytes_max);
        }
    }

    #[test]
    fn a_word_is_plain_when_each_of_its_bytes_is(word in any::<[u8; 8]>()) {
        let plain = |byte: &u8| (b' '..0x7f).contains(byte) && !b"\"\\".contains(byte);
        prop_assert_eq!(is_plain_word(u64::from_le_bytes(word)), word.iter().all(plain));
    }

    #[test]
    fn one_special_byte_is_found_wherever_it_stands(
        length in 1_usize..40, place in 0_usize..40, byte in any::<u8>(),
    ) {
        let mut text = vec![b'~'; length];
        text[place % length] = byte;
        let plain = (b' '..0x7f).contains(&byte) && !b"\"\\".contains(&byte);
        prop_assert_eq!(is_plain(&text), plain);
    }

    #[test]
    fn no_value_of_a_query_is_shown(names in proptest::collection::vec("[a-z]{1,8}", 1..6)) {
        let query: Vec<_> = names.iter().map(|name| format!("{name}=SECRET")).collect();
        let line = quoted(|out| redacted_query(out, query.join("&").as_bytes(), 1_000));
        let shown: Vec<_> = names.iter().map(|name| format!("{name}=*")).collect();
        prop_assert_eq!(line, format!("\"{}\"", shown.join("&")));
    }
}

#[test]
fn a_query_without_names_is_all_star() {
    for (query, expect) in [
        ("", "\"*\""),
        ("token", "\"*\""),
        ("a=1&token&b=", "\"a=*&*&b=*\""),
        ("a=b=c", "\"a=*\""),
        ("=x", "\"=*\""),
    ] {
        assert_eq!(quoted(|out| redacted_query(out, query.as_bytes(), 100)), expect, "{query}");
    }
}

#[test]
fn a_long_query_is_cut() {
    assert_eq!(quoted(|out| redacted_query(out, b"a=1&secret=2", 8)), "\"a=*&*…\"");
}

#[test]
fn durations_have_three_places() {
    for (micros, expect) in
        [(0, "0.000"), (7, "0.007"), (999, "0.999"), (1_000, "1.000"), (12_034, "12.034")]
    {
        assert_eq!(printed(|out| millis(out, Duration::from_micros(micros))), expect);
    }
}

#[test]
fn addresses_are_printed_as_the_library_would() {
    for text in [
        "0.0.0.0:0",
        "192.0.2.17:65535",
        "9.10.99.255:1",
        "100.101.200.249:80",
        "[::1]:80",
        "[2001:db8::5]:443",
    ] {
        let parsed: SocketAddr = text.parse().unwrap();
        assert_eq!(quoted(|out| address(out, parsed)), format!("\"{text}\""));
        assert_eq!(quoted(|out| ip(out, parsed.ip())), format!("\"{}\"", parsed.ip()));
    }
}
