//! Layer 4: TCP, UDP and TLS that is not decrypted, by ordered rules, with the PROXY protocol.

mod passthrough;
mod proxy_protocol;
mod rules;
mod tcp;
mod udp;

use std::net::SocketAddr;

use architrave_testkit::{Config, Gateway};

/// A gateway with the listener `l4` of a protocol, forwarding everything to `origin`.
fn relaying(protocol: &str, endpoints: &[SocketAddr], upstream: &str) -> Gateway {
    let config = Config::new()
        .listener("l4", &format!("protocol: {protocol}\nforward: [{{ upstream: origin }}]"))
        .upstream("origin", endpoints, upstream);
    Gateway::start(config)
}
