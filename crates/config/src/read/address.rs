//! Addresses, networks and ports as people write them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::number::digits;
use super::scalar::scalar;
use super::{Reader, Shape, Written};
use crate::tree::Node;

/// `127.0.0.1:9001` or `[::1]:9001`, with a port that is not 0.
pub(crate) struct SocketAddress;

impl Written for SocketAddress {
    type Value = SocketAddr;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<SocketAddr> {
        let expected = "an address such as `127.0.0.1:9001` or `[::1]:9001`";
        scalar(node, reader, expected, |text| text.parse().ok())
    }

    fn shape() -> Shape {
        Shape::Text { kind: "address", pattern: None }
    }
}

/// A network such as `10.0.0.0/8`; a bare address is a network of one.
pub(crate) struct Cidr;

impl Written for Cidr {
    type Value = IpNet;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<IpNet> {
        let expected = "a network such as `10.0.0.0/8` or `2001:db8::/32`";
        scalar(node, reader, expected, |text| {
            let network: Option<IpNet> = text.parse().ok();
            network
                .map(|network| network.trunc())
                .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        })
    }

    fn shape() -> Shape {
        Shape::Text { kind: "network", pattern: None }
    }
}

/// One port or a range, `15432` or `15000-15010`, from 1.
pub(crate) struct Ports;

impl Written for Ports {
    type Value = RangeInclusive<u16>;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<RangeInclusive<u16>> {
        let expected = "a port or a range such as `15000-15010`";
        scalar(node, reader, expected, |text| parse_ports(text).filter(|ports| *ports.start() > 0))
    }

    fn shape() -> Shape {
        Shape::Text { kind: "port or range", pattern: Some("^[0-9]+(-[0-9]+)?$") }
    }
}

/// A port, or a range that does not run backwards and does not hold 0 beside others.
fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let Some((first, last)) = text.split_once('-') else {
        let port = digits(text)?;
        return Some(port..=port);
    };
    let (first, last): (u16, u16) = (digits(first)?, digits(last)?);
    (0 < first && first <= last).then_some(first..=last)
}

/// Where a listener listens: `0.0.0.0:8080`, `[::]:8080` or a range, `0.0.0.0:15000-15010`.
/// Port 0, alone, asks the system for one.
#[derive(Clone, Debug)]
pub(crate) struct Bind {
    pub(crate) ip: IpAddr,
    pub(crate) ports: RangeInclusive<u16>,
}

impl Written for Bind {
    type Value = Self;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let parsed = node.text().and_then(Self::parse);
        if parsed.is_none() {
            let expected = "an IP address and port such as `0.0.0.0:8080` or `[::]:8080`";
            let message = format!("expected {expected}, found {}", node.described());
            let suggestion = node.text().filter(|_| !node.substituted).and_then(better_bind);
            reader.refuse_with(node.place, message, suggestion);
        }
        parsed
    }

    fn shape() -> Shape {
        Shape::Text { kind: "address, port or range", pattern: None }
    }
}

impl Bind {
    fn parse(text: &str) -> Option<Self> {
        let (host, ports) = text.rsplit_once(':')?;
        let ip = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(inner) => IpAddr::V6(inner.parse::<Ipv6Addr>().ok()?),
            None => host.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4)?,
        };
        Some(Self { ip, ports: parse_ports(ports)? })
    }
}

fn better_bind(text: &str) -> Option<String> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(ip, 8080).to_string());
    }
    let (host, ports) = text.rsplit_once(':').unwrap_or(("", text));
    parse_ports(ports)?;
    match host {
        "" | "*" => Some(format!("0.0.0.0:{ports}")),
        "localhost" => Some(format!("127.0.0.1:{ports}")),
        _ => None,
    }
}
