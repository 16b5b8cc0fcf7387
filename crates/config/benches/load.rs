//! How long a large configuration takes to load: `cargo bench -p architrave-config`.
//!
//! Not a test: it prints, and leaves the judgement to whoever reads it.

use std::fmt::Write;

use architrave_config::{NoSources, load};
use architrave_core::Clock;

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
