//! Names that stay as they are: whose each is depends on all that every server has.

use architrave_testkit::{Gateway, Origin, SOON, eventually};
use serde_json::{Value, json};

use super::speaking::{ask_modern, body, config, gateway};

/// A server with these tools, a page each; each says whose it is.
fn paged(name: &'static str, pages: &'static [&'static [&'static str]]) -> Origin {
    Origin::start(move |exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let mut result = if message["method"] == "tools/list" {
            let at = message["params"]["cursor"].as_str().and_then(|at| at.parse().ok());
            let at: usize = at.unwrap_or_default();
            let tool = |tool: &&str| json!({ "name": tool, "inputSchema": { "type": "object" } });
            let tools: Vec<Value> = pages[at].iter().map(tool).collect();
            match at + 1 < pages.len() {
                true => json!({ "tools": tools, "nextCursor": (at + 1).to_string() }),
                false => json!({ "tools": tools }),
            }
        } else {
            json!({ "content": [{ "type": "text", "text": name }] })
        };
        result["resultType"] = json!("complete");
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        exchange.reply(200, &[("Content-Type", "application/json")], answer.to_string());
    })
}

fn called(gateway: &Gateway, tool: &str) -> Value {
    body(&ask_modern(gateway, 2, "tools/call", json!({ "name": tool })))
}

fn listed(gateway: &Gateway) -> Vec<String> {
    let listed = body(&ask_modern(gateway, 1, "tools/list", json!({})));
    assert_eq!(listed["result"].get("nextCursor"), None, "all at once");
    let tools = listed["result"]["tools"].as_array().expect("a list").iter();
    tools.map(|tool| tool["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_name_is_that_of_the_server_that_stands_first_on_whatever_page_it_is() {
    let (a, b) = (paged("a", &[&["one"], &["x", "two"]]), paged("b", &[&["x"]]));
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: plain");
    for round in ["who has not looked", "who has"] {
        for (tool, whose) in [("x", "a"), ("two", "a"), ("b__x", "b"), ("one", "a")] {
            let said = called(&gateway, tool);
            assert_eq!(said["result"]["content"][0]["text"], whose, "{round}: {tool}: {said}");
        }
        assert_eq!(listed(&gateway), ["one", "two", "x", "b__x"]);
    }
}

#[test]
fn nobody_guesses_whose_a_name_is_while_a_server_in_front_is_not_known() {
    let (dead, held) = architrave_testkit::origin::refusing();
    let b = paged("b", &[&["x", "y"]]);
    let gateway = gateway(&[("a", dead), ("b", b.addr())], "naming: plain");
    let refused = called(&gateway, "x");
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    assert!(b.requests().iter().all(|request| request.get("mcp-method") == Some("tools/list")));
    drop(held);
    let a = Origin::start_at(dead, |exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let error = json!({ "code": -32601, "message": "no such method" });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
        exchange.reply(404, &[("Content-Type", "application/json")], answer.to_string());
    });
    let said = eventually("it is known to have none", SOON, || {
        Some(called(&gateway, "x")).filter(|said| said.get("result").is_some())
    });
    assert_eq!(said["result"]["content"][0]["text"], "b");
    drop(a);
    assert_eq!(called(&gateway, "y")["result"]["content"][0]["text"], "b", "what it had is known");
}

#[test]
fn a_server_whose_list_has_no_end_is_left_out() {
    let endless = Origin::start(|exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let at = message["params"]["cursor"].as_str().and_then(|at| at.parse().ok());
        let at: u64 = at.unwrap_or_default();
        let tool =
            |n: u64| json!({ "name": format!("t-{at}-{n}"), "inputSchema": { "type": "object" } });
        let tools: Vec<Value> = (0..2000).map(tool).collect();
        let result = json!({ "tools": tools, "nextCursor": (at + 1).to_string() });
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        exchange.reply(200, &[("Content-Type", "application/json")], answer.to_string());
    });
    let sound = paged("b", &[&["x"]]);
    let servers = [("b", sound.addr()), ("a", endless.addr())];
    let gateway = Gateway::start(config(&servers, "", "naming: plain", ""));
    assert_eq!(listed(&gateway), ["x"]);
    assert!(endless.count() <= 64, "{}", endless.count());
    assert_eq!(called(&gateway, "x")["result"]["content"][0]["text"], "b");
}
