//! Sessions with servers of which there are several, and with several servers: each part of a session
//! is where it was made, and nowhere else.

use std::time::Duration;

use architrave_testkit::{Gate, Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::speaking::{INITIALIZE, ask, body, config, gateway};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

fn call(tool: &str) -> String {
    let params = json!({ "name": tool, "arguments": {} });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
}

/// A replica: whoever it does not know gets 404. The tool `slow` waits for the gate.
fn replica(name: &'static str, gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::start(move |exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let mut fields = vec![("Content-Type", "application/json")];
        let own = format!("session-of-{name}");
        let result = if message["method"] == "initialize" {
            fields.push(("Mcp-Session-Id", own.as_str()));
            json!({ "protocolVersion": "2025-11-25", "capabilities": {},
                "serverInfo": { "name": name, "version": "1" } })
        } else if exchange.request().get("mcp-session-id") != Some(&*own) {
            return exchange.reply(404, &[], "");
        } else {
            if message["params"]["name"] == "slow" {
                gate.pass();
            }
            json!({ "content": [{ "type": "text", "text": name }] })
        };
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        exchange.reply(200, &fields, answer.to_string());
    })
}

fn in_front(replicas: &[&Origin], limits: &str) -> Gateway {
    let endpoints: Vec<String> =
        replicas.iter().map(|origin| format!("{{ address: \"{}\" }}", origin.addr())).collect();
    Gateway::start(format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         upstreams: [{{ name: replicas, endpoints: [{}]{limits} }}]\n\
         mcp_servers: [{{ name: a, http: {{ upstream: replicas, path: /mcp }} }}]\n\
         services: [{{ name: tools, mcp: {{ servers: [a], naming: plain }} }}]\n\
         routes: [{{ name: tools, match: [{{ path: {{ prefix: /mcp }} }}], service: tools }}]\n",
        endpoints.join(", ")
    ))
}

fn session(gateway: &Gateway) -> (String, String) {
    let opened = ask(gateway, &[], INITIALIZE);
    let id = opened.get("mcp-session-id").expect("a session");
    let name =
        body(&opened)["result"]["serverInfo"]["name"].as_str().unwrap_or_default().to_owned();
    (name, format!("Mcp-Session-Id: {id}"))
}

#[test]
fn a_session_waits_for_its_replica_and_goes_to_no_other() {
    let gate = Gate::new();
    let (one, other) = (replica("one", &gate), replica("other", &gate));
    let gateway = in_front(&[&one, &other], ", limits: { requests_per_endpoint: 1 }");
    let (name, session) = session(&gateway);
    let own = if name == "one" { &one } else { &other };
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| ask(&gateway, &[&session], &call("slow")));
        eventually("the first call is there", SOON, || (own.count() == 2).then_some(()));
        let second = scope.spawn(|| ask(&gateway, &[&session], &call("quick")));
        let elsewhere = if name == "one" { &other } else { &one };
        architrave_testkit::wait::throughout(
            "nobody else is asked",
            Duration::from_millis(300),
            || elsewhere.count() == 0,
        );
        gate.open();
        for answer in [slow, second] {
            let answer = answer.join().unwrap();
            assert_eq!((answer.status, body(&answer)["id"].as_i64()), (200, Some(1)));
            assert!(answer.text().contains(&format!("\"text\":\"{name}\"")), "{}", answer.text());
        }
        assert_eq!(elsewhere.count(), 0);
    });
}

#[test]
fn the_session_of_a_replica_that_is_gone_is_over() {
    let gate = Gate::new();
    let (one, other) = (replica("one", &gate), replica("other", &gate));
    let gateway = in_front(&[&one, &other], "");
    let (name, session) = session(&gateway);
    let (gone, left) = if name == "one" { (one, other) } else { (other, one) };
    drop(gone);
    let before = left.count();
    for _ in 0..3 {
        let answer = ask(&gateway, &[&session], &call("quick"));
        assert_eq!((answer.status, body(&answer)["error"]["code"].as_i64()), (404, Some(-32001)));
    }
    assert_eq!(left.count(), before, "nobody is asked about a session of another's");
}

#[test]
fn a_session_with_several_is_over_where_one_of_them_has_lost_it() {
    let forgetful = Origin::start(|exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        if message["method"] != "initialize" {
            let error = json!({ "code": -32001, "message": "Session not found" });
            let said = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
            return exchange.reply(404, &[("Content-Type", "application/json")], said);
        }
        let result = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
            "serverInfo": { "name": "f", "version": "1" } });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        let fields = [("Content-Type", "application/json"), ("Mcp-Session-Id", "forgotten")];
        exchange.reply(200, &fields, answer.to_string());
    });
    let sound = super::speaking::server("b");
    let gateway = gateway(&[("a", forgetful.addr()), ("b", sound.addr())], "naming: prefix");
    let (_, session) = session(&gateway);
    let told = r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#;
    let level = r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"info"}}"#;
    for message in [LIST, told, level] {
        assert_eq!(ask(&gateway, &[&session], message).status, 404, "{message}");
    }
}

#[test]
fn an_id_of_a_session_may_be_long_and_one_that_cannot_be_kept_is_refused() {
    let with_id = |length: usize| {
        Origin::start(move |exchange| {
            let read = exchange.read_body();
            let message: Value = serde_json::from_slice(&read).unwrap_or_default();
            let id = "x".repeat(length);
            if message["method"] != "initialize"
                && exchange.request().get("mcp-session-id") != Some(&*id)
            {
                return exchange.reply(404, &[], "");
            }
            let result = json!({ "protocolVersion": "2024-10-07", "capabilities": {},
                "serverInfo": { "name": "l", "version": "1" }, "tools": [] });
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
            let fields = [("Content-Type", "application/json"), ("Mcp-Session-Id", &*id)];
            exchange.reply(200, &fields, answer.to_string());
        })
    };
    let (long, endless) = (with_id(4000), with_id(9000));
    let gateway_of_one = gateway(&[("a", long.addr())], "naming: plain");
    let (_, session) = session(&gateway_of_one);
    assert_eq!(ask(&gateway_of_one, &[&session], LIST).status, 200);
    let file = config(&[("a", endless.addr())], "", "naming: plain", "");
    let refused = ask(&Gateway::start(file), &[], INITIALIZE);
    assert_eq!(body(&refused)["error"]["code"], -32603, "{}", refused.text());
}
