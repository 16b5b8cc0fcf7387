//! The access log: one JSON line per exchange, true, complete and without secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use architrave_testkit::abuse::{RawH2, kind};
use architrave_testkit::client::{get, request};
use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::{Client, Config, Gateway, GatewayOptions, Origin, SOON, eventually};
use serde_json::Value;

/// A file like [`Config::single`] that logs to standard output.
fn logged(origin: &Origin) -> Config {
    Config::single(origin.addr()).access_log("{ stdout: {} }")
}

/// The next line whose path is this one.
#[track_caller]
fn line(gateway: &Gateway, path: &str) -> Value {
    gateway.stdout().wait_for(&format!("a line about {path}"), 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        (line["path"] == path).then_some(line)
    })
}

#[test]
fn a_line_says_what_happened() {
    let origin = Origin::start(|exchange| exchange.reply(201, &[], "hello"));
    let gateway = Gateway::start(logged(&origin));
    let fields = [
        "User-Agent: tests/1",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ];
    let mut ask = request("POST", "api.example", "/orders/7?page=2&q=secret", &fields);
    ask.truncate(ask.len() - 2);
    ask.extend_from_slice(b"Content-Length: 3\r\n\r\nabc");
    Client::connect(gateway.web()).ask(ask);
    let line = line(&gateway, "/orders/7");
    let expected: BTreeMap<&str, Value> = BTreeMap::from([
        ("listener", "web".into()),
        ("protocol", "HTTP/1.1".into()),
        ("client_ip", "127.0.0.1".into()),
        ("method", "POST".into()),
        ("host", "api.example".into()),
        ("status", 201.into()),
        ("route", "all".into()),
        ("service", "origin".into()),
        ("upstream", "origin".into()),
        ("endpoint", origin.addr().to_string().into()),
        ("attempts", 1.into()),
        ("request_bytes", 3.into()),
        ("response_bytes", 5.into()),
        ("termination", "complete".into()),
        ("user_agent", "tests/1".into()),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736".into()),
        ("request_id", origin.only().get("x-request-id").unwrap_or_default().into()),
    ]);
    for (name, value) in expected {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert!(line.get("reason").is_none());
    let total = line["duration_ms"].as_f64().expect("a duration");
    for part in ["first_byte_ms", "connect_ms"] {
        assert!(
            line[part].as_f64().is_some_and(|part| (0.0..=total).contains(&part)),
            "{part} in {line}"
        );
    }
    let time = line["time"].as_str().unwrap_or_default();
    assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
    assert!(!line.to_string().contains("secret"), "{line}");
}

#[test]
fn every_way_to_end_has_its_word() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/reset" => exchange.reset(),
        "/cut" => {
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            exchange.close();
        }
        "/stall" => exchange.stall(),
        "/left" => {
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            while exchange.wire().send([b'x'; 1_000]).is_ok() {}
            exchange.close();
        }
        _ => exchange.reply(200, &[], ""),
    });
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let config = Config::new()
        .listener("web", "protocol: http\ntimeouts: { head: 500ms }")
        .upstream(
            "origin",
            &[origin.addr()],
            "retry: { attempts: 0 }\ntimeouts: { first_byte: 500ms }",
        )
        .upstream("nobody", &[refused], "retry: { attempts: 0 }")
        .route("all", "service: origin")
        .route("nobody", "match: [{ path: { prefix: /nobody } }]\nservice: nobody")
        .route(
            "closed",
            "match: [{ path: { prefix: /closed } }]\nservice: origin\npolicies: { key_auth: {} }",
        )
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let ask = |path: &str| {
        let _ = Client::connect(gateway.web()).try_ask(request("GET", "h", path, &[]));
    };
    let check = |path: &str, status: Option<u16>, reason: &str, termination: &str| {
        let line = line(&gateway, path);
        assert_eq!(line["status"], status.map_or(Value::Null, Value::from), "{line}");
        assert_eq!(line["reason"], reason, "{line}");
        assert_eq!(line["termination"], termination, "{line}");
    };
    for path in ["/reset", "/cut", "/stall", "/nobody", "/closed"] {
        ask(path);
    }
    check("/reset", Some(502), "upstream_reset", "endpoint@wait");
    check("/cut", Some(200), "upstream_reset", "endpoint@response_body");
    check("/stall", Some(504), "response_timeout", "gateway@wait");
    check("/nobody", Some(502), "connect_failed", "endpoint@connect");
    let closed = line(&gateway, "/closed");
    assert_eq!((&closed["status"], &closed["attempts"]), (&401.into(), &0.into()), "{closed}");
    assert_eq!(
        (&closed["reason"], &closed["termination"]),
        (&"credential_missing".into(), &"gateway@admit".into())
    );

    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/left", &[])).unwrap();
    assert_eq!(client.read_head().unwrap().expect("a head").status(), 200);
    client.reset();
    check("/left", Some(200), "client_closed", "client@response_body");

    let mut client = Client::connect(gateway.web());
    client.send("GET /slow HTTP/1.1\r\nHost: h\r\n").unwrap();
    assert_eq!(client.read_response("GET").unwrap().status, 408);
    let slow = gateway.stdout().wait_for("a line about a slow head", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        (line["reason"] == "client_timeout").then_some(line)
    });
    assert!(slow["termination"].as_str().is_some_and(|word| word.ends_with("@head")), "{slow}");
}

#[test]
fn reading_is_timed_where_it_takes_time() {
    let origin = Origin::start(|exchange| {
        exchange.read_body();
        exchange.reply(200, &[], "");
    });
    let gateway = GatewayOptions::new().workers(1).start(logged(&origin));
    let pause = Duration::from_millis(50);
    let ask = |path: &str, pieces: &[&str]| {
        let mut client = Client::connect(gateway.web());
        client.send(format!("PUT {path} HTTP/1.1\r\nHo")).expect("the gateway listens");
        // One worker takes things in their order: when others are answered, this has been read.
        (0..2).for_each(|_| drop(get(gateway.web(), "h", "/other", &[])));
        for piece in pieces {
            assert!(client.is_silent_for(pause));
            client.send(piece).expect("the gateway listens");
        }
        assert_eq!(client.read_response("PUT").expect("an answer").status, 200);
        let line = line(&gateway, path);
        let [read, total] =
            ["request_read_ms", "duration_ms"].map(|name| line[name].as_f64().expect("a duration"));
        let pauses = pause.as_secs_f64() * 1_000.0 * pieces.len() as f64;
        assert!(read >= pauses && total >= read, "{line}");
    };
    ask("/head", &["st: h\r\n\r\n"]);
    ask("/body", &["st: h\r\nContent-Length: 6\r\n\r\nabc", "def"]);
    ask("/chunks", &["st: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "0\r\n", "\r\n"]);
    get(gateway.web(), "h", "/whole", &[]);
    assert!(line(&gateway, "/whole").get("request_read_ms").is_none());
    let client = H2Client::connect(gateway.web());
    client.ask(H2Request::new("POST", "http://h/stream", &[]).data("abc")).expect("an answer");
    assert!(line(&gateway, "/stream")["request_read_ms"].is_number());
}

#[test]
fn no_more_bytes_are_counted_than_a_stream_was_let_go() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while exchange.wire().send([b'x'; 16 << 10]).is_ok() {}
        exchange.close();
    });
    let gateway = Gateway::start(logged(&origin));
    let mut raw = RawH2::connect(gateway.web());
    raw.get(1, "h", "/left").expect("a request is taken");
    let mut received = 0;
    while received < 65_535 {
        received += raw.read_until(kind::DATA).expect("the window is used").payload.len();
    }
    raw.send(kind::RST_STREAM, 0, 1, &8_u32.to_be_bytes()).expect("a reset is taken");
    let line = line(&gateway, "/left");
    assert_eq!(
        (&line["termination"], &line["response_bytes"]),
        (&"client@response_body".into(), &65_535.into())
    );
}

#[test]
fn bad_requests_are_logged_like_all_others() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(logged(&origin));
    let mut client = Client::connect(gateway.web());
    let bytes =
        "GET /bad HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(client.ask(bytes).status, 400);
    let found = gateway.stdout().wait_for("a line about it", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        (line["status"] == 400).then_some(line)
    });
    assert_eq!(found["reason"], "bad_request", "{found}");
    assert_eq!(found["attempts"], 0);
}

#[test]
fn one_line_for_each_and_none_twice() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(logged(&origin));
    let mut client = Client::connect(gateway.web());
    for n in 0..500 {
        client.get("h", &format!("/{n}"), &[]);
    }
    eventually("all lines are written", SOON, || (gateway.stdout().count() >= 500).then_some(()));
    let lines = gateway.stdout().lines();
    let mut paths: Vec<_> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["path"].to_string())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!((lines.len(), paths.len()), (500, 500));
}

#[test]
fn secrets_stay_out_and_text_is_escaped() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(logged(&origin));
    let fields = [
        "Authorization: Bearer top-secret",
        "Cookie: session=top-secret",
        "X-Api-Key: top-secret",
        "User-Agent: \"quoted\" \\ back é",
    ];
    get(gateway.web(), "h", "/x%22%0a?token=top-secret&a", &fields);
    let text = eventually("a line", SOON, || gateway.stdout().lines().into_iter().next());
    assert!(!text.contains("top-secret"), "{text}");
    let line: Value = serde_json::from_str(&text).expect("a line is JSON");
    assert_eq!(line["user_agent"], "\"quoted\" \\ back é");
    assert!(line["query"].as_str().is_some_and(|query| query.contains("token=*")), "{line}");
}

#[test]
fn a_file_is_written_and_opened_again_on_reload() {
    let origin = Origin::named("a");
    let dir = tempfile::TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("access.log");
    let config = Config::single(origin.addr())
        .access_log(&format!("{{ file: {{ path: \"{}\" }} }}", file.display()));
    let gateway = Gateway::start(&config);
    let written = |path: &str| {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        text.lines().any(|line| line.contains(&format!("\"path\":\"{path}\""))).then_some(())
    };
    get(gateway.web(), "h", "/before", &[]);
    eventually("a line in the file", SOON, || written("/before"));
    std::fs::rename(&file, dir.path().join("access.log.1")).expect("a file can be renamed");
    assert_eq!(gateway.reload(&config), architrave_testkit::Reloaded::Taken);
    get(gateway.web(), "h", "/after", &[]);
    eventually("a line in the new file", SOON, || written("/after"));
}

#[test]
fn lines_are_complete_when_it_ends() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(logged(&origin));
    for n in 0..50 {
        get(gateway.web(), "h", &format!("/{n}"), &[]);
    }
    assert_eq!(gateway.terminate(), architrave_testkit::process::Ending::Code(0));
    eventually("all lines are written", SOON, || (gateway.stdout().count() == 50).then_some(()));
}

#[test]
fn which_rule_a_request_broke_is_said_to_the_client_and_in_the_log() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(logged(&origin));
    for (at, (bytes, detail, method)) in [
        (
            "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
            "there is more than one content length",
            Value::from("GET"),
        ),
        ("PUT / HTTP/1.1\r\n\r\n", "the host field is missing", "PUT".into()),
        ("GET / HTTP/1.1\r\nHost: h\r\na b: c\r\n\r\n", "a field name is malformed", "GET".into()),
        (
            "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
            "the path is wrongly percent-encoded",
            "GET".into(),
        ),
        (
            "GET /../../x HTTP/1.1\r\nHost: h\r\n\r\n",
            "the path climbs above the root",
            "GET".into(),
        ),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n", "the request line is malformed", Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = Client::connect(gateway.web()).ask(bytes);
        assert_eq!((answer.status, answer.reason()), (400, "bad_request".to_owned()), "{bytes:?}");
        let body: Value = serde_json::from_slice(&answer.body).expect("a JSON body");
        assert_eq!(body["detail"], detail, "{bytes:?}");
        let parse = |line: &str| serde_json::from_str::<Value>(line).ok();
        let line = gateway.stdout().wait_for("a line about it", at, SOON, parse);
        assert_eq!(line["detail"], detail, "{line}");
        assert_eq!(line["method"], method, "{line}");
    }
}

#[test]
fn what_was_asked_of_a_model_in_vain_is_named_too() {
    let config = Config::ai(
        "
        providers: [{ name: pretend, kind: mock }]
        models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] }]
        policies: { guardrail: { keywords: [nightfall], action: refuse } }
        ",
    );
    let gateway = Gateway::start(config.access_log("{ stdout: {} }"));
    let chat = r#","messages":[{"role":"user","content":"of nightfall"}]}"#;
    for (path, model, more, reason) in [
        ("/v1/chat/completions", "gone", chat, "unknown_model"),
        ("/v1/embeddings", "gone", r#","input":"hi"}"#, "unknown_model"),
        ("/v1/messages", "fast", &chat.replacen(',', r#","max_tokens":9,"#, 1), "guardrail"),
    ] {
        let body = format!("{{\"model\":\"{model}\"{more}");
        let fields = ["Content-Type: application/json", &format!("Content-Length: {}", body.len())];
        let mut ask = request("POST", "h", path, &fields);
        ask.extend_from_slice(body.as_bytes());
        let answer = Client::connect(gateway.web()).ask(ask);
        let line = line(&gateway, path);
        assert_eq!((&line["model"], &line["reason"]), (&model.into(), &reason.into()), "{line}");
        assert_eq!(line["status"], answer.status, "{}", answer.text());
    }
}

/// The next line at a terminal, or of a text, that speaks of a path.
#[track_caller]
fn shown(gateway: &Gateway, path: &str) -> String {
    gateway.stdout().wait_for(&format!("a line about {path}"), 0, SOON, |line| {
        line.contains(path).then(|| line.to_owned())
    })
}

#[test]
fn people_at_a_terminal_get_lines_for_people_in_colours_if_they_want() {
    let origin = Origin::named("a");
    let answered = format!("GET  /orders/7                  all → {}", origin.addr());
    for (no_color, is_coloured) in [("", true), ("1", false)] {
        let options = GatewayOptions::new().at_terminal().env("NO_COLOR", no_color);
        let gateway = options.start(logged(&origin));
        get(gateway.web(), "h", "/orders/7?token=hunter2", &[]);
        get(gateway.web(), "h", "/%1b[2J", &[]);
        let line = shown(&gateway, "/orders/7");
        assert_eq!(line.contains("\x1b[32m200\x1b[0m"), is_coloured, "{line:?}");
        assert_eq!(line.contains('\x1b'), is_coloured, "{line:?}");
        let bare = line.replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert!(bare.ends_with(&answered), "{bare:?}");
        assert!(!bare.contains("hunter2"), "{bare:?}");
    }
}

#[test]
fn a_form_that_the_file_says_counts_wherever_the_log_goes() {
    let origin = Origin::named("a");
    let form = |form: &str| {
        Config::single(origin.addr()).access_log(&format!("{{ stdout: {{}} }}, format: {form}"))
    };
    let gateway = GatewayOptions::new().at_terminal().start(form("json"));
    get(gateway.web(), "h", "/a", &[]);
    assert_eq!(line(&gateway, "/a")["status"], 200);
    let gateway = Gateway::start(form("text"));
    get(gateway.web(), "h", "/b", &[]);
    let said = shown(&gateway, "/b");
    assert!(said.contains("  200  ") && !said.contains(['{', '\x1b']), "{said}");
    assert_eq!(gateway.reload(form("json")), architrave_testkit::Reloaded::Taken);
    get(gateway.web(), "h", "/c", &[]);
    let said = shown(&gateway, "/c");
    assert!(said.starts_with('{'), "{said}");
}
