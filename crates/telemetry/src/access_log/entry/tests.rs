//! Whole lines, as a reader of the log finds them, and their page in the documentation.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::UNIX_EPOCH;

use super::*;
use crate::stamp::Stamp;
use crate::termination::Phase;

fn print(entry: &AccessEntry<'_>) -> String {
    let mut out = Vec::new();
    entry.print(1, &mut Stamp::default(), &mut out);
    String::from_utf8(out).unwrap()
}

/// An entry in which nothing is missing.
fn full() -> AccessEntry<'static> {
    let micros = |count| Some(Duration::from_micros(count));
    AccessEntry {
        timings: Timings {
            total: Duration::from_micros(31_337),
            request_read: micros(120),
            queue_wait: micros(0),
            connect: micros(250),
            first_byte: micros(29_000),
            response: micros(1_967),
        },
        peer: Some("10.0.0.2:4711".parse().unwrap()),
        tls: Some(TlsEntry {
            version: Some("TLSv1.3"),
            cipher: Some("TLS13_AES_256_GCM_SHA384"),
            sni: Some("api.example.com"),
        }),
        http: Some(HttpEntry {
            method: b"POST",
            host: b"api.example.com",
            path: b"/orders/7",
            query: Some(b"token=hunter2&page=3"),
            status: Some(200),
            route: Some("orders"),
            service: Some("orders"),
            operation: None,
            consumer: Some("mobile"),
            application: Some("mobile"),
            plan: Some("gold"),
            product: Some("shop"),
            team: Some("buyers"),
            request_id: Some("0195f1c2"),
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
            user_agent: Some(b"curl/8 \"\xff\""),
        }),
        llm: Some(LlmEntry {
            operation: "chat",
            model: b"fast",
            provider: Some("openai"),
            upstream_model: b"gpt-4o-mini",
            why: Some("weight"),
            passed_over: &*PASSED_OVER,
            is_stream: true,
            first_token: micros(28_500),
            tokens: Some([900, 512, 42]),
            tokens_by_class: [300, 512, 60, 0, 0, 28, 12, 30, 0, 0],
            is_estimated: true,
            cost_nano_usd: Some(160_200),
            cache: Some("miss"),
            bad_events: 1,
            dropped: &*DROPPED,
            reply_dropped: &DROPPED[..1],
        }),
        reason: Some(Reason::ClientClosed),
        termination: Termination::client(Phase::ResponseBody),
        request_bytes: 12,
        response_bytes: 3_456,
        upstream: Some("orders"),
        endpoint: Some("[2001:db8::5]:9001".parse().unwrap()),
        attempts: 2,
        ..AccessEntry::new(
            UNIX_EPOCH + Duration::from_micros(1_779_005_350_123_456),
            "203.0.113.9:50000".parse().unwrap(),
            "web-tls",
            "HTTP/2",
        )
    }
}

static DROPPED: LazyLock<[String; 2]> =
    LazyLock::new(|| ["logprobs".to_owned(), "mood\"".to_owned()]);

static PASSED_OVER: LazyLock<[PassedOver; 2]> = LazyLock::new(|| {
    let told = |lane: &str, why, failure| PassedOver { lane: lane.to_owned(), why, failure };
    [
        told("azure/gpt-4o-mini main", "tried", Some("overloaded")),
        told("lab/\"big\"", "quota_low", None),
    ]
});

#[test]
fn a_full_line_says_everything_and_no_value_of_the_query() {
    let expect = concat!(
        r#"{"time":"2026-05-17T08:09:10.123456Z","listener":"web-tls","protocol":"HTTP/2","#,
        r#""client_ip":"203.0.113.9","client_port":50000,"peer":"10.0.0.2:4711","#,
        r#""method":"POST","host":"api.example.com","path":"/orders/7","query":"token=*&page=*","#,
        r#""status":200,"route":"orders","service":"orders","consumer":"mobile","#,
        r#""application":"mobile","plan":"gold","product":"shop","team":"buyers","#,
        r#""request_id":"0195f1c2","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#,
        r#""user_agent":"curl/8 \""#,
        "\u{fffd}",
        r#"\"","reason":"client_closed","termination":"client@response_body","#,
        r#""duration_ms":31.337,"request_read_ms":0.120,"queue_wait_ms":0.000,"#,
        r#""connect_ms":0.250,"first_byte_ms":29.000,"response_ms":1.967,"#,
        r#""request_bytes":12,"response_bytes":3456,"upstream":"orders","#,
        r#""endpoint":"[2001:db8::5]:9001","attempts":2,"operation":"chat","model":"fast","#,
        r#""provider":"openai","upstream_model":"gpt-4o-mini","chosen_by":"weight","#,
        r#""passed_over":["tried:overloaded azure/gpt-4o-mini main","#,
        r#""quota_low lab/\"big\""],"#,
        r#""stream":true,"first_token_ms":28.500,"input_tokens":900,"cached_tokens":512,"#,
        r#""output_tokens":42,"cache_write_tokens":60,"input_image_tokens":28,"#,
        r#""reasoning_tokens":30,"estimated":true,"cost_nano_usd":160200,"cache":"miss","#,
        r#""bad_events":1,"dropped":["logprobs","mood\""],"reply_dropped":["logprobs"],"#,
        r#""tls_version":"TLSv1.3","#,
        r#""tls_cipher":"TLS13_AES_256_GCM_SHA384","tls_sni":"api.example.com","worker":1}"#,
        "\n"
    );
    assert_eq!(print(&full()), expect);
}

#[test]
fn a_relay_has_a_line_of_the_same_form() {
    let client = "192.0.2.1:5000".parse().unwrap();
    let entry = AccessEntry {
        termination: Termination::endpoint(Phase::Connect),
        reason: Some(Reason::ConnectFailed),
        upstream: Some("orders"),
        attempts: 1,
        ..AccessEntry::new(UNIX_EPOCH, client, "postgres", "tcp")
    };
    assert_eq!(
        print(&entry),
        concat!(
            r#"{"time":"1970-01-01T00:00:00.000000Z","listener":"postgres","protocol":"tcp","#,
            r#""client_ip":"192.0.2.1","client_port":5000,"reason":"connect_failed","#,
            r#""termination":"endpoint@connect","duration_ms":0.000,"request_bytes":0,"#,
            r#""response_bytes":0,"upstream":"orders","attempts":1,"worker":1}"#,
            "\n"
        )
    );
}

#[test]
fn a_line_stays_one_line_and_short_whatever_the_client_sends() {
    let hostile = b"\"}\n{\"status\":200,\"x\":\"\\\x00\xe2\x80\xa8".repeat(10_000);
    let http = HttpEntry {
        method: &hostile,
        host: &hostile,
        path: &hostile,
        query: Some(&hostile),
        user_agent: Some(&hostile),
        ..HttpEntry::default()
    };
    let line = print(&AccessEntry { http: Some(http), ..full() });
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.len() < 64 * 1024, "{}", line.len());
    let line: serde_json::Value = serde_json::from_str(&line).expect("valid JSON");
    assert_eq!(line.get("status"), None);
}

#[test]
fn the_page_explains_every_field_and_every_termination() {
    let page = include_str!("../../../../../docs/logging.md");
    let line: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&print(&full())).unwrap();
    let fields = line.keys().map(String::as_str);
    let words = Termination::all().flat_map(|one| one.as_str().split('@'));
    let missing: BTreeSet<_> =
        fields.chain(words).filter(|word| !page.contains(&format!("| `{word}` |"))).collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn told_by_itself_it_has_its_attempts_and_what_policies_did() {
    let attempt = AttemptEntry {
        endpoint: Some("127.0.0.1:9001".parse().unwrap()),
        lane: None,
        start: Duration::from_micros(120),
        duration: Duration::from_millis(3),
        status: Some(503),
        error: None,
        given_up: Some("status"),
    };
    let asked = AttemptEntry {
        endpoint: None,
        lane: Some("openai/gpt \"4\"".to_owned()),
        status: None,
        error: Some(Reason::ResponseTimeout),
        given_up: None,
        ..attempt.clone()
    };
    let beside = Beside {
        attempts: &[attempt, asked],
        policies: &[("key_auth", "passed"), ("rate_limit", "refused")],
    };
    let mut out = Vec::new();
    full().print_alone(1, false, beside, &mut out);
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let tried = serde_json::json!([
        {
            "start_ms": 0.12, "duration_ms": 3.0, "endpoint": "127.0.0.1:9001", "status": 503,
            "given_up": "status"
        },
        {
            "start_ms": 0.12, "duration_ms": 3.0, "deployment": "openai/gpt \"4\"",
            "error": "response_timeout"
        },
    ]);
    assert_eq!(told["tried"], tried);
    let policies = serde_json::json!([
        { "policy": "key_auth", "outcome": "passed" },
        { "policy": "rate_limit", "outcome": "refused" },
    ]);
    assert_eq!(told["policies"], policies);
    let mut out = Vec::new();
    full().print_alone(1, true, Beside::default(), &mut out);
    let told: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        (&told["tried"], &told["policies"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
}
