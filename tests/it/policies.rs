//! The policies, each as a client sees it; those of paths, hosts, fields and sizes are with
//! routing and hostile input.

mod auth;
mod cors;
mod ip_filter;
mod levels;
mod rate_limit;

use architrave_testkit::{Config, Gateway, Origin};

/// Consumers with a key and a password each.
fn with_consumers(config: Config) -> Config {
    config
        .consumer("ada", "credentials: [{ api_key: ada-key-0123456789 }, { basic: { username: ada, password: lovelace-1815 } }]")
        .consumer("bob", "credentials: [{ api_key: bob-key-0123456789 }]")
}

/// A gateway whose only route has these policies.
fn guarded(origin: &Origin, policies: &str) -> Gateway {
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route("all", &format!("service: origin\npolicies: {{ {policies} }}"));
    Gateway::start(with_consumers(config))
}
