//! Answers that are on their way when the gateway ends: they are logged and paid for as any other.

use architrave_testkit::process::Ending;
use architrave_testkit::wait::Gate;
use architrave_testkit::{Client, Config, GatewayOptions, Origin, SOON};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{has_spent, keyed, sole, with_ada};
use super::{KEY, STREAM_HEAD, event, request};

/// Says a few words and then nothing more until the gate opens.
fn unfinished(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |exchange| {
        let _ = exchange.read_body();
        exchange.send(STREAM_HEAD);
        for word in ["so", " far", " and", " so", " on", " and", " no", " further"] {
            exchange.send_chunk(event(word));
        }
        gate.pass();
    })
}

fn file(origin: &Origin) -> Config {
    let models = sole("openai", "/v1", origin, "gpt-4o-mini");
    with_ada(keyed(models), "budgets: [{ tokens: 1000000, per: day }]").access_log("{ stdout: {} }")
}

#[test]
fn a_stream_that_is_cut_at_the_end_is_logged_and_paid_for() {
    // The time for draining may be over, or somebody asks for the end a second time.
    for signals in [1, 2] {
        let data = TempDir::new().expect("there is room for a directory");
        let gate = Gate::new();
        let origin = unfinished(&gate);
        let timeout = if signals == 1 { "1s" } else { "60s" };
        let options = GatewayOptions::new().data(data.path()).drain_timeout(timeout);
        let gateway = options.start(file(&origin));
        let mut body = super::ask("tell me all");
        body["stream"] = json!(true);
        let mut client = Client::connect(gateway.web());
        client.send(request("/v1/chat/completions", &[KEY], &body.to_string())).expect("sent");
        while !client.read_line().expect("a line").contains(" further") {}
        gateway.signal(Signal::TERM);
        if signals == 2 {
            let is_draining = |line: &str| line.contains("draining").then_some(());
            gateway.stderr().wait_for("it drains", 0, SOON, is_draining);
            gateway.signal(Signal::TERM);
        }
        assert_eq!(gateway.wait(), Ending::Code(0));
        let line: Value = gateway
            .stdout()
            .wait_for("the line of it", 0, SOON, |line| serde_json::from_str(line).ok());
        assert_eq!(line["reason"], "shutting_down", "{line}");
        assert_eq!(line["termination"], "gateway@response_body", "{line}");
        assert_eq!((&line["status"], &line["estimated"]), (&json!(200), &json!(true)), "{line}");
        let tokens = |name: &str| line[name].as_u64().unwrap_or_else(|| panic!("{name}: {line}"));
        assert!(tokens("output_tokens") > 5 && tokens("response_bytes") > 100, "{line}");
        let said = gateway.stderr().lines();
        assert!(said.iter().any(|line| line.contains("exchanges=1")), "{said:?}");
        let again = GatewayOptions::new().data(data.path()).start(file(&origin));
        has_spent(&again, tokens("input_tokens") + tokens("output_tokens"));
        gate.open();
    }
}

#[test]
fn what_is_cut_before_its_head_is_logged_and_pays_for_its_prompt() {
    for body in [
        json!({ "model": "fast", "messages": [{ "role": "user", "content": "x".repeat(4_000) }] }),
        json!({ "model": "fast", "stream": true, "messages": [{ "role": "user", "content": "x".repeat(4_000) }] }),
    ] {
        let data = TempDir::new().expect("there is room for a directory");
        let gate = Gate::new();
        let held = gate.clone();
        let (told, asked) = std::sync::mpsc::sync_channel(1);
        let origin = Origin::start(move |exchange| {
            let _ = exchange.read_body();
            let _ = told.send(());
            held.pass();
        });
        let options = GatewayOptions::new().data(data.path()).drain_timeout("1s");
        let gateway = options.start(file(&origin));
        let mut client = Client::connect(gateway.web());
        client.send(request("/v1/chat/completions", &[KEY], &body.to_string())).expect("sent");
        assert_eq!(asked.recv_timeout(SOON), Ok(()), "it has been asked");
        gateway.signal(Signal::TERM);
        assert_eq!(gateway.wait(), Ending::Code(0));
        let line: Value = gateway
            .stdout()
            .wait_for("the line of it", 0, SOON, |line| serde_json::from_str(line).ok());
        assert_eq!(line["reason"], "shutting_down", "{line}");
        assert_eq!(line["termination"], "gateway@wait", "{line}");
        assert_eq!((&line["status"], &line["estimated"]), (&Value::Null, &json!(true)), "{line}");
        let used = line["input_tokens"].as_u64().unwrap_or_else(|| panic!("{line}"));
        assert!(used > 900 && line["output_tokens"] == json!(0), "{line}");
        assert!(line["cost_nano_usd"].as_u64() > Some(0), "{line}");
        let again = GatewayOptions::new().data(data.path()).start(file(&origin));
        has_spent(&again, used);
        gate.open();
    }
}
