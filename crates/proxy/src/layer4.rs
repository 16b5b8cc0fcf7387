//! Layer 4: connections and flows that are forwarded without being understood.
//!
//! Read it in this order: `rule` → `dial` (with `choice`) → `relay`; `hello` comes before them for
//! TLS, and `udp` does the same for flows of datagrams. Nothing here looks into what is relayed,
//! but for the one message in which a TLS client says where it wants to go.

mod choice;
mod dial;
mod hello;
mod relay;
mod rule;
mod udp;

pub(crate) use relay::{serve_tcp, serve_tls};
pub(crate) use udp::serve_udp;

#[cfg(test)]
mod tests;
