//! How long a large configuration takes to load: `cargo bench -p architrave-config`.
//!
//! Not a test: it prints, and leaves the judgement to whoever reads it.

use std::fmt::Write;

use architrave_config::object::{Object, ObjectKind};
use architrave_config::{NoSources, load, load_whole};
use architrave_core::Clock;
use serde_json::json;

/// The allocator of the product, as its figures are what counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUTES: usize = 10_000;
const ROUNDS: usize = 5;

#[expect(clippy::print_stdout, reason = "its output is what it is for")]
fn main() {
    let text = many_routes();
    let clock = Clock::system();
    for _ in 0..ROUNDS {
        let start = clock.now();
        let snapshot = load(&text, "bench.yaml", &NoSources).expect("the text is valid");
        let took = clock.now().since(start);
        println!("{} routes, {} bytes: {took:?}", snapshot.routes.len(), text.len());
    }
    let objects = many_objects();
    for _ in 0..ROUNDS {
        let start = clock.now();
        let snapshot = load_whole("version: 1", "bench.yaml", &objects, &NoSources);
        let took = clock.now().since(start);
        let snapshot = snapshot.expect("the objects are valid");
        let (services, routes) = (snapshot.services.len(), snapshot.routes.len());
        println!("{services} services and {routes} routes of a database: {took:?}");
    }
}

/// As many services as routes, each with an upstream of its own.
fn many_objects() -> Vec<Object> {
    let mut objects = Vec::new();
    let mut put = |kind, name: &str, body| {
        objects.push(Object { kind, name: name.to_owned(), body });
    };
    put(ObjectKind::Listener, "web", json!({ "name": "web", "address": "127.0.0.1:8080" }));
    for at in 0..ROUTES {
        let (name, port) = (format!("object-{at}"), 1024 + at);
        let upstream =
            json!({ "name": name, "endpoints": [{ "address": format!("127.0.0.1:{port}") }] });
        put(ObjectKind::Upstream, &name, upstream);
        put(ObjectKind::Service, &name, json!({ "name": name, "http": { "upstream": name } }));
        let route = json!({
            "name": name,
            "hosts": [format!("h{at}.example.com")],
            "match": [{ "path": { "prefix": format!("/api/r{at}") }, "methods": ["GET", "POST"] }],
            "policies": { "headers": { "request": { "set": { "x-edge": "architrave" } } } },
            "timeout": "30s",
            "service": name,
        });
        put(ObjectKind::Route, &name, route);
    }
    objects
}

/// A fifth with wildcard hosts, a tenth with regular expressions, as the figures ask for.
fn many_routes() -> String {
    let mut text = String::from(
        "version: 1\nlisteners: [{ name: web, address: 0.0.0.0:8080, protocol: http }]\nupstreams:\n",
    );
    for at in 0..100 {
        let port = 9000 + at;
        let _ = writeln!(
            text,
            "  - {{ name: up-{at}, endpoints: [{{ address: \"127.0.0.1:{port}\" }}] }}"
        );
    }
    text.push_str("services:\n");
    for at in 0..100 {
        let _ = writeln!(text, "  - {{ name: service-{at}, http: {{ upstream: up-{at} }} }}");
    }
    text.push_str("routes:\n");
    for at in 0..ROUTES {
        let host = if at % 5 == 0 { "*.t" } else { "h" };
        let path = match at % 10 {
            3 => format!("regex: \"/api/v[0-9]+/r{at}/.*\""),
            _ => format!("prefix: /api/r{at}"),
        };
        let service = at % 100;
        let _ = write!(
            text,
            r#"  - name: route-{at}
    listeners: [web]
    hosts: ["{host}{at}.example.com"]
    match:
      - path: {{ {path} }}
        methods: [GET, POST]
    policies:
      headers: {{ request: {{ set: {{ x-edge: architrave }}, remove: [x-debug] }} }}
    timeout: 30s
    service: service-{service}
"#
        );
    }
    text
}
