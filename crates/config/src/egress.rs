//! Where the gateway may connect to on somebody's word: not to what only its own network reaches.
//!
//! It looks nothing up and dials nothing. Whoever dials judges the address that a name led to, the
//! very one that is then dialled: a name may lead elsewhere a moment later.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use crate::Egress;

/// How far whoever named the destination may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The open internet alone.
    Public,
    /// Everything but cloud metadata.
    Private,
}

impl Permission {
    /// What is asked of the endpoints of an upstream; `None` where nothing is.
    #[must_use]
    pub const fn of_upstream(egress: Egress) -> Option<Self> {
        match egress {
            Egress::Anywhere => None,
            Egress::NoMetadata => Some(Self::Private),
            Egress::Public => Some(Self::Public),
        }
    }

    /// The permission of a provider, an MCP server or a webhook by the host in its URL: an address
    /// or `localhost` is said with open eyes, a name leads where others want.
    #[must_use]
    pub fn of_host(host: &str, allow_private: bool) -> Self {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let is_local = bare.trim_end_matches('.').eq_ignore_ascii_case("localhost");
        if allow_private || is_local || bare.parse::<IpAddr>().is_ok() {
            Self::Private
        } else {
            Self::Public
        }
    }
}

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{address} is {}, {}", kind.what(), kind.remedy())]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub kind: Kind,
}

/// What an address is that is not of the open internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Where clouds give credentials to whoever asks.
    Metadata,
    /// This machine.
    Loopback,
    /// This link.
    LinkLocal,
    /// A private network.
    Private,
    /// The network of a carrier, behind its address translation.
    CarrierNat,
    /// An IPv4 address inside an IPv6 one, to be unpacked on the way: 6to4, Teredo and their kin.
    Tunnel,
    /// An IPv4 address inside an IPv6 one, to be translated on the way.
    Nat64,
    /// Groups, examples, measurements and what is kept for later.
    Reserved,
}

impl Kind {
    /// What it is, for a sentence.
    const fn what(self) -> &'static str {
        match self {
            Self::Metadata => "a cloud's metadata service",
            Self::Loopback => "this machine",
            Self::LinkLocal => "link-local",
            Self::Private => "private",
            Self::CarrierNat => "of a carrier's own network",
            Self::Tunnel => "6to4 or another tunnel",
            Self::Nat64 => "NAT64",
            Self::Reserved => "reserved",
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Metadata => "which is never connected to",
            _ => "which needs `allow_private: true`",
        }
    }
}

/// What an address is that is not of the open internet.
#[must_use]
pub fn kind(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

/// Whether an address may be connected to.
///
/// # Errors
/// [`Refused`], saying what the address is.
pub fn judge(address: IpAddr, permission: Permission) -> Result<(), Refused> {
    match (kind(address), permission) {
        (None, _) => Ok(()),
        (Some(kind), Permission::Private) if kind != Kind::Metadata => Ok(()),
        (Some(kind), _) => Err(Refused { address, kind }),
    }
}

/// Addresses of metadata services: AWS, Google, Azure, Oracle and others; of ECS and EKS; of
/// Tencent, Scaleway; Azure's host agent; Alibaba; Oracle's older one.
const METADATA_V4: [[u8; 4]; 8] = [
    [169, 254, 169, 254],
    [169, 254, 170, 2],
    [169, 254, 170, 23],
    [169, 254, 0, 23],
    [169, 254, 42, 42],
    [168, 63, 129, 16],
    [100, 100, 100, 200],
    [192, 0, 0, 192],
];

/// The same in IPv6: AWS and EKS, Google, OpenStack, Scaleway.
const METADATA_V6: [[u16; 8]; 5] = [
    [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254],
    [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23],
    [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254],
    [0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe],
    [0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x42],
];

/// The special-purpose addresses of RFC 6890 and its registry, and multicast.
const RANGES_V4: [([u8; 4], u32, Kind); 15] = [
    // "This network": connecting to it leads to this machine.
    ([0, 0, 0, 0], 8, Kind::Loopback),
    ([10, 0, 0, 0], 8, Kind::Private),
    ([100, 64, 0, 0], 10, Kind::CarrierNat),
    ([127, 0, 0, 0], 8, Kind::Loopback),
    ([169, 254, 0, 0], 16, Kind::LinkLocal),
    ([172, 16, 0, 0], 12, Kind::Private),
    ([192, 0, 0, 0], 24, Kind::Reserved),
    ([192, 0, 2, 0], 24, Kind::Reserved),
    ([192, 88, 99, 0], 24, Kind::Tunnel),
    ([192, 168, 0, 0], 16, Kind::Private),
    ([198, 18, 0, 0], 15, Kind::Reserved),
    ([198, 51, 100, 0], 24, Kind::Reserved),
    ([203, 0, 113, 0], 24, Kind::Reserved),
    ([224, 0, 0, 0], 4, Kind::Reserved),
    ([240, 0, 0, 0], 4, Kind::Reserved),
];

/// The same in IPv6; the first that fits counts. What is not within `2000::/3` is not of the open
/// internet, whatever it is.
const RANGES_V6: [([u16; 8], u32, Kind); 14] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 127, Kind::Loopback),
    // IPv4 within IPv6 as nobody uses it any more.
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, Kind::Tunnel),
    ([0, 0, 0, 0, 0xffff, 0, 0, 0], 96, Kind::Nat64),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, Kind::Nat64),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Kind::Nat64),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Kind::Tunnel),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Kind::Reserved),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Kind::Reserved),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Kind::Tunnel),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Kind::Reserved),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Kind::Private),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Kind::LinkLocal),
    // Site-local, which unique local addresses took the place of.
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Kind::Private),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Kind::Reserved),
];

fn kind_v4(address: Ipv4Addr) -> Option<Kind> {
    if METADATA_V4.contains(&address.octets()) {
        return Some(Kind::Metadata);
    }
    let bits = u128::from(address.to_bits());
    RANGES_V4
        .iter()
        .find(|(start, length, _)| {
            is_within(bits, Ipv4Addr::from(*start).to_bits().into(), 32 - length)
        })
        .map(|(_, _, kind)| *kind)
}

fn kind_v6(address: Ipv6Addr) -> Option<Kind> {
    // The same socket as the IPv4 address.
    if let Some(address) = address.to_ipv4_mapped() {
        return kind_v4(address);
    }
    if METADATA_V6.contains(&address.segments()) {
        return Some(Kind::Metadata);
    }
    let bits = address.to_bits();
    let range = RANGES_V6
        .iter()
        .find(|(start, length, _)| is_within(bits, Ipv6Addr::from(*start).to_bits(), 128 - length));
    let kind = match range {
        Some((_, _, kind)) => *kind,
        None if address.segments()[0] & 0xe000 == 0x2000 => return None,
        None => Kind::Reserved,
    };
    let leads_to_metadata = matches!(kind, Kind::Tunnel | Kind::Nat64)
        && inner(address).iter().any(|inner| kind_v4(*inner) == Some(Kind::Metadata));
    Some(if leads_to_metadata { Kind::Metadata } else { kind })
}

/// The IPv4 addresses that a tunnel or a translation may find in an address.
fn inner(address: Ipv6Addr) -> [Ipv4Addr; 3] {
    let octets = address.octets();
    let four = |at: usize| [octets[at], octets[at + 1], octets[at + 2], octets[at + 3]];
    // 6to4 has it behind its prefix; NAT64 has it at the end, as Teredo has with its bits turned.
    [four(2).into(), four(12).into(), four(12).map(|octet| !octet).into()]
}

/// Whether two addresses are the same but for their last bits.
const fn is_within(address: u128, start: u128, free_bits: u32) -> bool {
    (address ^ start) >> free_bits == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(address: &str) -> Option<Kind> {
        judge(address.parse().unwrap(), Permission::Public).err().map(|refused| refused.kind)
    }

    #[test]
    fn addresses_of_the_open_internet_are_connected_to() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "3fff:1000::",
        ] {
            assert_eq!(kind_of(address), None, "{address}");
        }
    }

    /// First and last address of each block of RFC 6890 and of its registry since.
    #[test]
    fn special_purpose_addresses_are_not() {
        for (kind_expected, addresses) in [
            (
                Kind::Loopback,
                &["0.0.0.0", "0.255.255.255", "127.0.0.0", "127.255.255.255", "::", "::1"][..],
            ),
            (
                Kind::Private,
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.0",
                    "172.31.255.255",
                    "192.168.0.0",
                    "192.168.255.255",
                    "fc00::",
                    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                    "fec0::",
                    "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                ],
            ),
            (Kind::CarrierNat, &["100.64.0.0", "100.127.255.255"]),
            (
                Kind::LinkLocal,
                &[
                    "169.254.0.0",
                    "169.254.255.255",
                    "fe80::",
                    "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                ],
            ),
            (
                Kind::Tunnel,
                &[
                    "192.88.99.0",
                    "192.88.99.255",
                    "2001::",
                    "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
                    "2002::",
                    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                    "::1.2.3.4",
                ],
            ),
            (
                Kind::Nat64,
                &[
                    "64:ff9b::",
                    "64:ff9b::8.8.8.8",
                    "64:ff9b:1::",
                    "64:ff9b:1:ffff::",
                    "::ffff:0:8.8.8.8",
                ],
            ),
            (
                Kind::Reserved,
                &[
                    "192.0.0.0",
                    "192.0.0.255",
                    "192.0.2.0",
                    "192.0.2.255",
                    "198.18.0.0",
                    "198.19.255.255",
                    "198.51.100.0",
                    "198.51.100.255",
                    "203.0.113.0",
                    "203.0.113.255",
                    "224.0.0.0",
                    "239.255.255.255",
                    "240.0.0.0",
                    "255.255.255.255",
                    "100::",
                    "2001:2::",
                    "2001:10::",
                    "2001:1ff:ffff::",
                    "2001:db8::",
                    "3fff::",
                    "3fff:fff:ffff::",
                    "4000::",
                    "5f00::",
                    "ff00::",
                    "ff02::1",
                ],
            ),
        ] {
            for address in addresses {
                assert_eq!(kind_of(address), Some(kind_expected), "{address}");
                let address = address.parse().unwrap();
                assert_eq!(judge(address, Permission::Private), Ok(()), "{address}");
                if let IpAddr::V4(inner) = address {
                    let mapped = inner.to_ipv6_mapped().to_string();
                    assert_eq!(kind_of(&mapped), Some(kind_expected), "{mapped}");
                }
            }
        }
    }

    #[test]
    fn metadata_is_never_connected_to_however_it_is_spelled() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "100.100.100.200",
            "168.63.129.16",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001:0:1234::5601:5601",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::a9fe:a9fe",
        ] {
            for permission in [Permission::Public, Permission::Private] {
                let refused = judge(address.parse().unwrap(), permission).unwrap_err();
                assert_eq!(refused.kind, Kind::Metadata, "{address}");
            }
        }
    }

    #[test]
    fn an_address_and_localhost_are_permission_and_a_name_is_none() {
        for host in
            ["127.0.0.1", "10.1.2.3", "[::1]", "::1", "localhost", "LocalHost", "localhost."]
        {
            assert_eq!(Permission::of_host(host, false), Permission::Private, "{host}");
        }
        for host in ["internal", "localhost.example", "127.0.0.1.nip.io", "127.1", "0x7f000001", ""]
        {
            assert_eq!(Permission::of_host(host, false), Permission::Public, "{host}");
            assert_eq!(Permission::of_host(host, true), Permission::Private, "{host}");
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_right() {
        let said = |address: &str| {
            judge(address.parse().unwrap(), Permission::Public).unwrap_err().to_string()
        };
        assert_eq!(said("10.0.0.1"), "10.0.0.1 is private, which needs `allow_private: true`");
        assert_eq!(
            said("169.254.169.254"),
            "169.254.169.254 is a cloud's metadata service, which is never connected to"
        );
    }
}
