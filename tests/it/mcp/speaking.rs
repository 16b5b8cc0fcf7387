//! What the tests of MCP say, and a server that says what a test wants.

use std::net::SocketAddr;

use architrave_testkit::mcp::McpServer;
use architrave_testkit::{Client, Gateway, Origin, Response};
use serde_json::{Value, json};

/// A gateway with these servers behind `/mcp`; `service` is what is written of the service beside
/// its servers.
pub(super) fn gateway(servers: &[(&str, SocketAddr)], service: &str) -> Gateway {
    Gateway::start(config(servers, "", service, ""))
}

/// The file of such a gateway; `server` is written of each server, `rest` at the end.
pub(super) fn config(
    servers: &[(&str, SocketAddr)],
    server: &str,
    service: &str,
    rest: &str,
) -> String {
    let names: Vec<&str> = servers.iter().map(|(name, _)| *name).collect();
    let each: String = servers
        .iter()
        .map(|(name, at)| {
            format!("  - {{ name: {name}, http: {{ url: \"http://{at}/mcp\"{server} }} }}\n")
        })
        .collect();
    format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nmcp_servers:\n{each}\
         services: [{{ name: tools, mcp: {{ servers: [{}], {service} }} }}]\n\
         routes: [{{ name: tools, match: [{{ path: {{ prefix: /mcp }} }}], service: tools }}]\n{rest}",
        names.join(", ")
    )
}

/// A POST of a body.
pub(super) fn post(target: &str, fields: &[&str], body: &str) -> String {
    let mut text = format!("POST {target} HTTP/1.1\r\n");
    let has = |name: &str| fields.iter().any(|field| field.to_lowercase().starts_with(name));
    for (name, value) in [
        ("host:", "localhost"),
        ("content-type:", "application/json"),
        ("accept:", "application/json, text/event-stream"),
    ] {
        if !has(name) {
            text.push_str(&format!("{name} {value}\r\n"));
        }
    }
    for field in fields {
        text.push_str(&format!("{field}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text
}

/// Asks once, over a connection of its own.
pub(super) fn ask(gateway: &Gateway, fields: &[&str], body: &str) -> Response {
    Client::connect(gateway.web()).ask(post("/mcp", fields, body))
}

/// A request of the modern era, with the headers that it needs.
pub(super) fn modern(id: u32, method: &str, params: Value) -> (Vec<String>, String) {
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut fields =
        vec!["MCP-Protocol-Version: 2026-07-28".to_owned(), format!("Mcp-Method: {method}")];
    let named = match method {
        "tools/call" | "prompts/get" => params["name"].as_str(),
        "resources/read" => params["uri"].as_str(),
        _ => None,
    };
    fields.extend(named.map(|name| format!("Mcp-Name: {name}")));
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    (fields, body.to_string())
}

/// Asks in the words of the modern era.
pub(super) fn ask_modern(gateway: &Gateway, id: u32, method: &str, params: Value) -> Response {
    let (fields, body) = modern(id, method, params);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    ask(gateway, &fields, &body)
}

/// The body of an answer.
pub(super) fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|_| panic!("{}", response.text()))
}

pub(super) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"sampling":{}},"clientInfo":{"name":"c","version":"1"}}}"#;

/// A server of both eras that has one tool, one prompt and one resource, all with its name in them,
/// and one tool that the others have as well. Of the legacy era it makes sessions named after it.
pub(super) fn server(name: &'static str) -> Origin {
    Origin::start(move |exchange| {
        let read = exchange.read_body();
        let message: Value = serde_json::from_slice(&read).unwrap_or_default();
        let request = exchange.request().clone();
        let is_modern = request.get("mcp-protocol-version") == Some("2026-07-28");
        if request.method != "POST" {
            let status = if request.method == "DELETE" { 200 } else { 405 };
            return exchange.reply(status, &[], "");
        }
        if message.get("id").is_none() || message.get("method").is_none() {
            return exchange.reply(202, &[], "");
        }
        let mut fields = vec![("Content-Type", "application/json")];
        let session = format!("{name}-session");
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                fields.push(("Mcp-Session-Id", session.as_str()));
                json!({ "protocolVersion": "2025-11-25", "capabilities": { "tools": {}, name: {} },
                        "serverInfo": { "name": name, "version": "1" }, "instructions": name })
            }
            "server/discover" => json!({ "supportedVersions": ["2026-07-28"],
                "capabilities": { "tools": { "listChanged": true } } }),
            "tools/list" => json!({ "tools": [
                { "name": format!("{name}_tool"), "inputSchema": { "type": "object" }, "x": 1 },
                { "name": "shared", "inputSchema": { "type": "object" } },
            ] }),
            "resources/list" => json!({ "resources": [
                { "uri": format!("{name}://r"), "name": "r" },
            ] }),
            "resources/read" => json!({ "contents": [
                { "uri": message["params"]["uri"], "text": name },
            ] }),
            "tools/call" => json!({ "content": [{ "type": "text",
                "text": format!("{name}:{}", message["params"]["name"].as_str().unwrap_or_default()) }],
                "big": 12_345_678_901_234_567_890_u64 }),
            _ => {
                let error = json!({ "jsonrpc": "2.0", "id": message["id"],
                    "error": { "code": -32601, "message": "no" } });
                let status = if is_modern { 404 } else { 200 };
                return exchange.reply(status, &fields, error.to_string());
            }
        };
        let mut result = result;
        if is_modern {
            result["resultType"] = json!("complete");
        }
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        exchange.reply(200, &fields, answer.to_string());
    })
}

/// A gateway in front of servers on the official SDKs, which are named `s1` and so on, and the URLs
/// that it has for them.
pub(crate) fn in_front(servers: &[McpServer], naming: &str) -> (Gateway, Vec<String>) {
    let names: Vec<String> = (1..=servers.len()).map(|at| format!("s{at}")).collect();
    let named: Vec<(&str, SocketAddr)> =
        names.iter().map(String::as_str).zip(servers.iter().map(McpServer::addr)).collect();
    let gateway = gateway(&named, &format!("naming: {naming}"));
    let url = format!("http://{}/mcp", gateway.web());
    let urls = match naming {
        "scoped" => names.iter().map(|name| format!("{url}/{name}")).collect(),
        _ => vec![url],
    };
    (gateway, urls)
}
