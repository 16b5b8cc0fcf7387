//! Where endpoints come from: addresses, or names that are looked up again and again.

use std::net::SocketAddr;

use crate::read::{Count, Host, Reader, Scope, Shape, SocketAddress, Written, record};
use crate::tree::Node;

/// Where endpoints come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointSource {
    /// One address.
    Address {
        /// The address.
        address: SocketAddr,
        /// Its share of the load, 1 to 1000.
        weight: u32,
        /// Lower is used first.
        priority: u8,
    },
    /// Every A and AAAA record of a name.
    Dns {
        /// The name.
        name: String,
        /// The port at each address.
        port: u16,
        /// The weight of each.
        weight: u32,
        /// Lower is used first.
        priority: u8,
    },
    /// Every SRV record of a name; weight and priority come from the records.
    DnsSrv {
        /// The name, such as `_http._tcp.orders.internal`.
        name: String,
    },
}

record! {
    /// One address, or a name that stands for several.
    #[derive(Debug)]
    pub(crate) struct EndpointWritten => EndpointSource by finish {
        /// An IP address with its port.
        "address": Option<EndpointAddress> = None => address: Option<SocketAddr>,
        /// A name whose A and AAAA records are the addresses.
        "dns": Option<DnsName> = None => dns: Option<DnsName>,
        /// A name whose SRV records are the endpoints.
        "dns_srv": Option<DnsSrvName> = None => dns_srv: Option<DnsSrvName>,
        /// Its share of the load.
        "weight": Count<u32, 1, 1000> = 1 => weight: u32,
        /// Lower is used first.
        "priority": Count<u8, 0, 127> = 0 => priority: u8,
    }
}

record! {
    /// A name whose A and AAAA records are the addresses.
    #[derive(Debug)]
    struct DnsName {
        /// The name.
        "name": Host => name: String,
        /// The port at each address.
        "port": Count<u16, 1, 65_535> => port: u16,
    }
}

record! {
    /// A name whose SRV records are the endpoints.
    #[derive(Debug)]
    struct DnsSrvName {
        /// The name, such as `_http._tcp.orders.internal`.
        "name": Host => name: String,
    }
}

impl EndpointWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<EndpointSource> {
        let kinds = ["address", "dns", "dns_srv"];
        match kinds.iter().filter(|kind| scope.has(kind)).count() {
            1 => {}
            0 => scope.refuse("needs one of `address`, `dns` and `dns_srv`"),
            _ => scope.refuse("takes only one of `address`, `dns` and `dns_srv`"),
        }
        let Self { weight, priority, .. } = self;
        if let Some(address) = self.address {
            return Some(EndpointSource::Address { address, weight, priority });
        }
        if let Some(DnsName { name, port }) = self.dns {
            return Some(EndpointSource::Dns { name, port, weight, priority });
        }
        for key in ["weight", "priority"] {
            if scope.has("dns_srv") && scope.has(key) {
                scope.refuse_at(key, format!("the {key} comes from the SRV records"));
            }
        }
        self.dns_srv.map(|srv| EndpointSource::DnsSrv { name: srv.name })
    }
}

/// An IP address with its port; a name is pointed to `dns`.
struct EndpointAddress;

impl Written for EndpointAddress {
    type Value = SocketAddr;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<SocketAddr> {
        if let Some((name, port)) = node.text().and_then(named) {
            let suggestion =
                (!node.substituted).then(|| format!("dns: {{ name: {name}, port: {port} }}"));
            let message = "an address is an IP address with a port; a name is written as `dns`";
            reader.refuse_with(node.place, message, suggestion);
            return None;
        }
        let address = SocketAddress::read(node, reader)?;
        if address.port() == 0 {
            reader.refuse(node.place, "an endpoint needs a port other than 0");
            return None;
        }
        Some(address)
    }

    fn shape() -> Shape {
        SocketAddress::shape()
    }
}

/// The name and port of `orders.internal:8080`; nothing when the host is an address.
fn named(text: &str) -> Option<(&str, u16)> {
    let (name, port) = text.rsplit_once(':')?;
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = name.bytes().all(letters) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
    is_name.then(|| port.parse().ok().map(|port| (name, port)))?
}
