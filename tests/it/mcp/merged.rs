//! Several servers as one.

use std::time::Duration;

use architrave_testkit::{Client, Gateway, Origin, SOON, Stopwatch};
use serde_json::{Value, json};

use super::speaking::{INITIALIZE, ask, ask_modern, body, config, gateway, post, server};

fn names(answer: &Value, list: &str, key: &str) -> Vec<String> {
    let entries = answer["result"][list].as_array().unwrap_or_else(|| panic!("{answer}"));
    entries.iter().map(|entry| entry[key].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn names_tell_whose_a_tool_is() {
    let (a, b) = (server("a"), server("b"));
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: prefix");
    let listed = body(&ask_modern(&gateway, 1, "tools/list", json!({})));
    assert_eq!(
        names(&listed, "tools", "name"),
        ["a__a_tool", "a__shared", "b__b_tool", "b__shared"]
    );
    assert_eq!(listed["result"]["tools"][0]["x"], 1, "what nobody knows is kept");
    assert_eq!(listed["result"]["resultType"], "complete");
    let called = ask_modern(&gateway, 2, "tools/call", json!({ "name": "b__shared" }));
    assert_eq!(body(&called)["result"]["content"][0]["text"], "b:shared");
    assert_eq!(b.last().get("mcp-name"), Some("shared"));
    assert!(called.text().contains("12345678901234567890"), "{}", called.text());
    let listed = body(&ask_modern(&gateway, 3, "resources/list", json!({})));
    assert_eq!(names(&listed, "resources", "uri"), ["mcp.a+a://r", "mcp.b+b://r"]);
    let read = body(&ask_modern(&gateway, 4, "resources/read", json!({ "uri": "mcp.b+b://r" })));
    assert_eq!(read["result"]["contents"][0], json!({ "uri": "mcp.b+b://r", "text": "b" }));
    for (method, params, code) in [
        ("tools/call", json!({ "name": "c__x" }), -32602),
        ("tools/call", json!({ "name": "shared" }), -32602),
        ("resources/read", json!({ "uri": "b://r" }), -32602),
        ("vendor/own", json!({}), -32601),
        ("tools/list", json!({ "cursor": "forged" }), -32602),
    ] {
        let refused = body(&ask_modern(&gateway, 5, method, params));
        assert_eq!(refused["error"]["code"], code, "{refused}");
    }
}

#[test]
fn names_that_stay_belong_to_the_server_that_stands_first() {
    let (a, b) = (server("a"), server("b"));
    let gateway = gateway(&[("b", b.addr()), ("a", a.addr())], "naming: plain");
    // Who calls without having looked is looked up for.
    let called = body(&ask_modern(&gateway, 1, "tools/call", json!({ "name": "shared" })));
    assert_eq!(called["result"]["content"][0]["text"], "b:shared");
    let listed = body(&ask_modern(&gateway, 2, "tools/list", json!({})));
    assert_eq!(names(&listed, "tools", "name"), ["b_tool", "shared", "a__shared", "a_tool"]);
    let called = body(&ask_modern(&gateway, 3, "tools/call", json!({ "name": "a__shared" })));
    assert_eq!(called["result"]["content"][0]["text"], "a:shared");
    let read = body(&ask_modern(&gateway, 4, "resources/read", json!({ "uri": "a://r" })));
    assert_eq!(read["result"]["contents"][0], json!({ "uri": "a://r", "text": "a" }));
    let refused = body(&ask_modern(&gateway, 5, "tools/call", json!({ "name": "nobodys" })));
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}

#[test]
fn each_server_has_a_path_of_its_own() {
    let (a, b) = (server("a"), server("b"));
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: scoped");
    let ask_at = |target: &str| Client::connect(gateway.web()).ask(post(target, &[], INITIALIZE));
    assert_eq!(body(&ask_at("/mcp/b"))["result"]["serverInfo"]["name"], "b");
    assert_eq!((ask_at("/mcp").status, ask_at("/mcp/c").status), (404, 404));
    assert_eq!((a.count(), b.count()), (0, 1));
    // A session is with one server alone.
    let opened = ask_at("/mcp/b");
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let status =
        |target| Client::connect(gateway.web()).ask(post(target, &[&session], list)).status;
    assert_eq!((status("/mcp/b"), status("/mcp/a")), (200, 404));
}

#[test]
fn a_session_is_one_with_all_servers() {
    let (a, b) = (server("a"), server("b"));
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: prefix");
    let opened = ask(&gateway, &[], INITIALIZE);
    let said = body(&opened);
    assert_eq!(said["result"]["capabilities"], json!({ "tools": {}, "a": {}, "b": {} }));
    assert_eq!(said["result"]["instructions"], "# a\n\na\n\n# b\n\nb");
    assert_eq!(said["result"]["serverInfo"]["name"], "tools");
    let session = format!("Mcp-Session-Id: {}", opened.get("mcp-session-id").expect("a session"));
    let fields = [&*session, "MCP-Protocol-Version: 2025-11-25"];
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(ask(&gateway, &fields, told).status, 202);
    for (origin, own) in [(&a, "a-session"), (&b, "b-session")] {
        assert_eq!(origin.last().get("mcp-session-id"), Some(own));
    }
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"b__x"}}"#;
    assert_eq!(body(&ask(&gateway, &fields, call))["result"]["content"][0]["text"], "b:x");
    // The answer to what `b` has asked goes to `b`, under the id that it has given.
    let answer = r#"{"jsonrpc":"2.0","id":"b.n5","result":{}}"#;
    assert_eq!(ask(&gateway, &fields, answer).status, 202);
    assert_eq!(b.last().body, br#"{"jsonrpc":"2.0","id":5,"result":{}}"#);
    let nobodys = r#"{"jsonrpc":"2.0","id":5,"result":{}}"#;
    assert_eq!(ask(&gateway, &fields, nobodys).status, 400);
    let ping = r#"{"jsonrpc":"2.0","id":6,"method":"ping"}"#;
    assert_eq!(
        body(&ask(&gateway, &fields, ping)),
        json!({ "jsonrpc": "2.0", "id": 6, "result": {} })
    );
}

#[test]
fn what_servers_ask_cannot_be_taken_for_each_others() {
    let asking = || {
        Origin::start(|exchange| {
            exchange.read_body();
            let body = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\",\"params\":{\"_meta\":{\"progressToken\":\"t\"}}}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n";
            exchange.reply(200, &[("Content-Type", "text/event-stream")], body);
        })
    };
    let (a, b) = (asking(), asking());
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: prefix");
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"b__x"}}"#;
    let said = ask(&gateway, &[], call).text();
    assert!(
        said.contains(r#""id":"b.n1""#) && said.contains(r#""progressToken":"b.st""#),
        "{said}"
    );
}

#[test]
fn a_dead_and_a_slow_server_cost_the_others_nothing() {
    let (a, slow, foreign) = (server("a"), Origin::stalled(), Origin::named("<html>"));
    let (dead, _held) = architrave_testkit::origin::refusing();
    let servers = [("a", a.addr()), ("slow", slow.addr()), ("dead", dead), ("odd", foreign.addr())];
    let file = config(&servers, ", timeouts: { list: 400ms }", "naming: prefix", "");
    let gateway = Gateway::start(file);
    let watch = Stopwatch::start();
    let listed = body(&ask_modern(&gateway, 1, "tools/list", json!({})));
    assert_eq!(names(&listed, "tools", "name"), ["a__a_tool", "a__shared"]);
    assert_eq!(listed["result"]["ttlMs"], 0, "not to be kept");
    assert!(watch.elapsed() < SOON.min(Duration::from_secs(5)), "{:?}", watch.elapsed());
    let opened = ask(&gateway, &[], INITIALIZE);
    assert_eq!(body(&opened)["result"]["capabilities"], json!({ "tools": {}, "a": {} }));
    let called = body(&ask_modern(&gateway, 2, "tools/call", json!({ "name": "a__x" })));
    assert_eq!(called["result"]["content"][0]["text"], "a:x");
    let failed = body(&ask_modern(&gateway, 3, "tools/call", json!({ "name": "dead__x" })));
    assert_eq!(failed["error"]["message"], "Server failed: it cannot be reached");
}

/// A list that its server lets everybody keep is asked for once.
#[test]
fn lists_are_kept_as_long_as_their_servers_say() {
    let keeping = |scope: &'static str| {
        Origin::start(move |exchange| {
            let body = format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"resultType":"complete","ttlMs":60000,"cacheScope":"{scope}","tools":[{{"name":"{scope}","inputSchema":{{"type":"object"}}}}]}}}}"#
            );
            exchange.reply(200, &[("Content-Type", "application/json")], body);
        })
    };
    let (shared, own) = (keeping("public"), keeping("private"));
    let gateway = gateway(&[("a", shared.addr()), ("b", own.addr())], "naming: prefix");
    for _ in 0..3 {
        let listed = body(&ask_modern(&gateway, 1, "tools/list", json!({})));
        assert_eq!(names(&listed, "tools", "name"), ["a__public", "b__private"]);
        assert_eq!(listed["result"]["cacheScope"], "private", "as the narrower one");
    }
    assert_eq!((shared.count(), own.count()), (1, 3));
}

#[test]
fn pages_of_several_servers_follow_each_other() {
    let paged = |name: &'static str| {
        Origin::start(move |exchange| {
            let read = exchange.read_body();
            let message: Value = serde_json::from_slice(&read).unwrap();
            let tool = |tool: &str| json!({ "name": tool, "inputSchema": { "type": "object" } });
            let mut result = match (name, message["params"]["cursor"].as_str()) {
                ("a", None) => json!({ "tools": [tool("one")], "nextCursor": "p~2" }),
                ("a", Some("p~2")) => json!({ "tools": [tool("two")] }),
                (_, None) => json!({ "tools": [tool("all")] }),
                _ => json!({ "tools": [tool("wrong")] }),
            };
            result["resultType"] = json!("complete");
            let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
            exchange.reply(200, &[("Content-Type", "application/json")], answer.to_string());
        })
    };
    let (a, b) = (paged("a"), paged("b"));
    let gateway = gateway(&[("a", a.addr()), ("b", b.addr())], "naming: prefix");
    let first = body(&ask_modern(&gateway, 1, "tools/list", json!({})));
    assert_eq!(names(&first, "tools", "name"), ["a__one", "b__all"]);
    let cursor = first["result"]["nextCursor"].as_str().expect("there is more");
    let second = body(&ask_modern(&gateway, 2, "tools/list", json!({ "cursor": cursor })));
    assert_eq!(names(&second, "tools", "name"), ["a__two"]);
    assert_eq!((second["result"].get("nextCursor"), b.count()), (None, 1));
}

/// All clients together wait for a server that hangs once, and not each of them at every list.
#[test]
fn a_server_that_hangs_is_waited_for_once() {
    let (a, slow) = (server("a"), Origin::stalled());
    let servers = [("a", a.addr()), ("slow", slow.addr())];
    let file = config(&servers, ", timeouts: { list: 2s }", "naming: prefix", "");
    let gateway = Gateway::start(file);
    let watch = Stopwatch::start();
    let names_of = || {
        let listed = body(&ask_modern(&gateway, 1, "tools/list", json!({})));
        assert_eq!(listed["result"]["ttlMs"], 0, "not to be kept");
        names(&listed, "tools", "name")
    };
    let expected = ["a__a_tool", "a__shared"];
    assert_eq!(names_of(), expected);
    assert!(watch.elapsed() >= Duration::from_secs(2), "it was waited for: {:?}", watch.elapsed());
    let asked = slow.count();
    let watch = Stopwatch::start();
    for _ in 0..10 {
        assert_eq!(names_of(), expected);
        let found = ask_modern(&gateway, 2, "server/discover", json!({}));
        assert_eq!(
            body(&found)["result"]["capabilities"],
            json!({ "tools": { "listChanged": true } })
        );
    }
    assert!(watch.elapsed() < Duration::from_secs(20), "{:?}", watch.elapsed());
    assert_eq!(slow.count(), asked, "it is left alone");
    // Where nobody else is there, nothing is gained by not asking.
    let session = body(&ask(&gateway, &[], INITIALIZE));
    assert_eq!(session["result"]["capabilities"], json!({ "tools": {}, "a": {} }));
}

/// Of five servers one hangs, one dies in mid-stream, one answers garbage: the others are unharmed.
#[test]
fn chaos_at_three_servers_is_none_at_the_others() {
    let (a, b, hangs, garbage) =
        (server("a"), server("b"), Origin::stalled(), Origin::named("<html>"));
    let dies = Origin::start(|exchange| {
        exchange.read_body();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        exchange.send(format!("{head}6\r\ndata: \r\n"));
        exchange.reset();
    });
    let servers = [
        ("hangs", hangs.addr()),
        ("a", a.addr()),
        ("dies", dies.addr()),
        ("garbage", garbage.addr()),
        ("b", b.addr()),
    ];
    let file = config(&servers, ", timeouts: { list: 1s }", "naming: prefix", "");
    let gateway = Gateway::start(file);
    let expected = ["a__a_tool", "a__shared", "b__b_tool", "b__shared"];
    for round in 0..20 {
        let listed = body(&ask_modern(&gateway, round, "tools/list", json!({})));
        assert_eq!(names(&listed, "tools", "name"), expected, "{listed}");
        for name in ["a", "b"] {
            let called =
                ask_modern(&gateway, round, "tools/call", json!({ "name": format!("{name}__x") }));
            assert_eq!(body(&called)["result"]["content"][0]["text"], format!("{name}:x"));
        }
        for name in ["dies", "garbage"] {
            let failed =
                ask_modern(&gateway, round, "tools/call", json!({ "name": format!("{name}__x") }));
            assert!(failed.text().contains("-32603"), "{}", failed.text());
        }
    }
    let opened = ask(&gateway, &[], INITIALIZE);
    assert_eq!(body(&opened)["result"]["capabilities"], json!({ "tools": {}, "a": {}, "b": {} }));
}
