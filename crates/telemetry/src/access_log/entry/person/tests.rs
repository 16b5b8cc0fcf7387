//! Whole lines, as somebody at a terminal reads them.

use architrave_core::Reason;

use super::super::LlmEntry;
use super::*;
use crate::termination::Phase;

fn print(entry: &AccessEntry<'_>) -> String {
    let mut out = Vec::new();
    entry.print_for_people(false, &mut out);
    String::from_utf8(out).unwrap()
}

fn entry(micros: u64) -> AccessEntry<'static> {
    let mut entry = AccessEntry::new(
        UNIX_EPOCH + Duration::from_secs(1_779_005_350),
        "203.0.113.9:50000".parse().unwrap(),
        "web",
        "HTTP/1.1",
    );
    entry.timings.total = Duration::from_micros(micros);
    entry
}

fn get(status: u16) -> HttpEntry<'static> {
    HttpEntry {
        method: b"GET",
        path: b"/orders/7",
        query: Some(b"token=hunter2"),
        status: Some(status),
        route: Some("orders"),
        ..HttpEntry::default()
    }
}

#[test]
fn an_exchange_says_who_answered() {
    let entry = AccessEntry {
        http: Some(get(200)),
        endpoint: Some("127.0.0.1:9001".parse().unwrap()),
        ..entry(31_337)
    };
    let expected =
        "08:09:10  200   31.3 ms  GET  /orders/7                  orders → 127.0.0.1:9001\n";
    assert_eq!(print(&entry), expected);
}

#[test]
fn an_exchange_says_for_whom() {
    let entry = AccessEntry {
        http: Some(HttpEntry { consumer: Some("mobile"), ..get(200) }),
        endpoint: Some("127.0.0.1:9001".parse().unwrap()),
        ..entry(31_337)
    };
    let expected = "08:09:10  200   31.3 ms  GET  /orders/7                  \
                    orders → 127.0.0.1:9001  by mobile\n";
    assert_eq!(print(&entry), expected);
}

#[test]
fn a_failure_says_why_and_who_ended_it() {
    let http = HttpEntry { route: None, ..get(404) };
    let reason = Some(Reason::NoRoute);
    let gone = AccessEntry { http: Some(http), reason, ..entry(90) };
    let expected = "08:09:10  404   0.09 ms  GET  /orders/7                  no_route\n";
    assert_eq!(print(&gone), expected);
    let unread = AccessEntry {
        http: Some(HttpEntry::default()),
        reason: Some(Reason::ClientClosed),
        termination: Termination::client(Phase::Head),
        ..entry(2_345_678)
    };
    let line = print(&unread);
    assert!(line.starts_with("08:09:10  ---    2.34 s  -  "), "{line}");
    assert!(line.ends_with("  client_closed\n"), "{line}");
    let unsaid = AccessEntry { reason: None, ..unread };
    assert!(print(&unsaid).ends_with("  client@head\n"), "{unsaid:?}");
}

#[test]
fn a_model_says_what_it_used_and_cost() {
    let llm = LlmEntry {
        operation: "chat",
        model: b"fast",
        provider: Some("openai"),
        upstream_model: b"gpt-4o-mini",
        tokens: Some([900, 512, 42]),
        cost_nano_usd: Some(160_200),
        ..LlmEntry::default()
    };
    let http = HttpEntry { method: b"POST", path: b"/v1/chat/completions", ..get(200) };
    let http = HttpEntry { route: Some("ai"), ..http };
    let answered = AccessEntry { http: Some(http), llm: Some(llm), ..entry(1_240_000) };
    assert_eq!(
        print(&answered),
        "08:09:10  200    1.24 s  POST /v1/chat/completions       ai → openai/gpt-4o-mini  \
         900 in, 42 out  $0.00016\n"
    );
    let llm = LlmEntry { model: b"fast", cache: Some("hit"), ..LlmEntry::default() };
    let known = AccessEntry { http: Some(http), llm: Some(llm), ..entry(400) };
    let line = print(&known);
    assert!(line.ends_with("  ai fast from the cache\n"), "{line}");
}

#[test]
fn a_connection_of_layer_4_says_what_went_through() {
    let relayed = AccessEntry {
        listener: "postgres",
        protocol: "tcp",
        endpoint: Some("[::1]:5432".parse().unwrap()),
        request_bytes: 120,
        response_bytes: 4_000,
        ..entry(7_384_000_000)
    };
    let expected = "08:09:10          2h03m  tcp                             \
        postgres → [::1]:5432  120 B in, 4000 B out\n";
    assert_eq!(print(&relayed), expected);
}

#[test]
fn nobody_steers_the_terminal() {
    let path = "/\x1b[2J\u{9b}31m\u{202e}\r\nx".as_bytes();
    let entry = AccessEntry { http: Some(HttpEntry { path, ..get(200) }), ..entry(1) };
    let line = print(&entry);
    assert!(!line.trim_end_matches('\n').contains(char::is_control), "{line:?}");
    assert!(!line.contains('\u{202e}'), "{line:?}");
    assert!(!line.contains("hunter2"), "{line:?}");
    let long = "/x".repeat(500);
    let http = HttpEntry { path: long.as_bytes(), ..get(200) };
    let line = print(&AccessEntry { http: Some(http), ..entry });
    assert!(line.len() < 250 && line.contains('…'), "{line}");
}

#[test]
fn times_keep_their_width() {
    for (micros, expected) in [
        (0, " 0.00 ms"),
        (9_999, " 9.99 ms"),
        (10_000, " 10.0 ms"),
        (999_999, "  999 ms"),
        (1_000_000, "  1.00 s"),
        (59_999_999, "  59.9 s"),
        (61_000_000, "   1m01s"),
        (3_600_000_000, "   1h00m"),
    ] {
        let line = print(&entry(micros));
        assert_eq!(&line[15..23], expected, "{micros}: {line}");
    }
}

#[test]
fn money_is_told_to_what_counts() {
    for (nanos, expected) in [
        (1, "0.000000001"),
        (5_850, "0.0000058"),
        (160_200, "0.00016"),
        (17_550_000, "0.0175"),
        (100_000_000, "0.10"),
        (1_234_567_890, "1.2345"),
        (3_000_000_000, "3.00"),
    ] {
        assert_eq!(Usd(nanos).to_string(), expected, "{nanos}");
    }
}

#[test]
fn colours_are_those_of_the_status_and_end_where_they_should() {
    for (status, colour) in [(204, GREEN), (302, CYAN), (429, YELLOW), (502, RED)] {
        let mut out = Vec::new();
        let entry = AccessEntry { http: Some(get(status)), ..entry(1) };
        entry.print_for_people(true, &mut out);
        let line = String::from_utf8(out).unwrap();
        assert!(line.contains(&format!("{colour}{status}{PLAIN}")), "{line:?}");
        assert_eq!(line.matches("\x1b[").count() % 2, 0, "{line:?}");
    }
    let mut out = Vec::new();
    let cut = AccessEntry { http: Some(get(200)), reason: Some(Reason::ClientClosed), ..entry(1) };
    cut.print_for_people(true, &mut out);
    let line = String::from_utf8(out).unwrap();
    assert!(line.contains(&format!("{YELLOW}client_closed{PLAIN}")), "{line:?}");
}
