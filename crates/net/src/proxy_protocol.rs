//! The PROXY protocol, versions 1 and 2: who the client of a relayed connection really is.
//!
//! Bytes in, a header out, and the other way round; no sockets. Whether a peer may be believed is
//! the listener's to judge, and the version is told by the header itself.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use architrave_config::SendProxyProtocol;

mod crc32c;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

/// The longest header that is read, in bytes. The protocol allows 64 KiB in version 2, all of it
/// extensions that are skipped here; a client's certificate, the largest in use, fits well.
pub const HEADER_BYTES_MAX: usize = 16 << 10;

/// How far a header has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// What is there may be the beginning of a header; more bytes are needed.
    More,
    /// The header is complete.
    Done(ProxyHeader),
}

/// A complete header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyHeader {
    /// How many bytes it took; what follows belongs to the connection.
    pub consumed: usize,
    /// The two ends of the connection as the client sees them. `None` (`LOCAL`, `UNKNOWN`, or a
    /// family other than IP): the ends of the socket itself count.
    pub addresses: Option<Addresses>,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Who connected.
    pub source: SocketAddr,
    /// What it connected to.
    pub destination: SocketAddr,
}

impl Addresses {
    /// IPv4 addresses in IPv6 clothes are taken out of them, so that a rule on IPv4 networks
    /// sees every IPv4 client.
    fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
        Self { source: plain(source), destination: plain(destination) }
    }
}

/// Why bytes are no PROXY header. Nothing can be answered: the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyHeaderError {
    /// The connection begins with something else.
    #[error("the connection does not begin with a PROXY header")]
    Absent,
    /// The header is longer than its version, or this reader, allows.
    #[error("the PROXY header is too long")]
    TooLong,
    /// A line of version 1 that is not as the protocol has it.
    #[error("the line of the PROXY header is malformed")]
    Line,
    /// A command, family or version of version 2 that does not exist.
    #[error("the PROXY header has an unknown version, command or family")]
    Unknown,
    /// A length within the header does not fit the header.
    #[error("the lengths within the PROXY header contradict each other")]
    Length,
    /// The checksum is wrong.
    #[error("the checksum of the PROXY header is wrong")]
    Checksum,
}

/// Reads the header at the beginning of a connection's bytes.
///
/// # Errors
/// As soon as the bytes can no longer become a header.
pub fn parse(bytes: &[u8]) -> Result<Progress, ProxyHeaderError> {
    if starts(bytes, v2::SIGNATURE) {
        v2::parse(bytes)
    } else if starts(bytes, v1::SIGNATURE) {
        v1::parse(bytes)
    } else {
        Err(ProxyHeaderError::Absent)
    }
}

/// Whether `bytes` begin with `signature`, as far as either goes.
fn starts(bytes: &[u8], signature: &[u8]) -> bool {
    let both = bytes.len().min(signature.len());
    bytes[..both] == signature[..both]
}

/// Appends a header of version 1.
pub fn write_v1(source: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    v1::write(Ends::new(source, destination), out);
}

/// Appends a header of version 2.
pub fn write_v2(source: SocketAddr, destination: SocketAddr, out: &mut Vec<u8>) {
    v2::write(Ends::new(source, destination), out);
}

/// Appends a header of the version that an upstream is to be sent; nothing when it is sent none.
pub fn write(
    version: SendProxyProtocol,
    source: SocketAddr,
    destination: SocketAddr,
    out: &mut Vec<u8>,
) {
    match version {
        SendProxyProtocol::Off => {}
        SendProxyProtocol::V1 => write_v1(source, destination, out),
        SendProxyProtocol::V2 => write_v2(source, destination, out),
    }
}

/// Appends the header of a connection that is made on no client's behalf, such as a probe's.
pub fn write_own(version: SendProxyProtocol, out: &mut Vec<u8>) {
    match version {
        SendProxyProtocol::Off => {}
        SendProxyProtocol::V1 => v1::write_unknown(out),
        SendProxyProtocol::V2 => v2::write_local(out),
    }
}

/// Two ends in one family. An IPv4 client that came in over an IPv6 socket is an IPv4 client; only
/// when just one end is IPv6 at heart is the other mapped into it.
#[derive(Clone, Copy, Debug)]
enum Ends {
    V4([std::net::SocketAddrV4; 2]),
    V6([(Ipv6Addr, u16); 2]),
}

impl Ends {
    fn new(source: SocketAddr, destination: SocketAddr) -> Self {
        let plain = |end: SocketAddr| (end.ip().to_canonical(), end.port());
        let wide = |(ip, port): (IpAddr, u16)| match ip {
            IpAddr::V4(ip) => (ip.to_ipv6_mapped(), port),
            IpAddr::V6(ip) => (ip, port),
        };
        match (plain(source), plain(destination)) {
            ((IpAddr::V4(from), from_port), (IpAddr::V4(to), to_port)) => Self::V4([
                std::net::SocketAddrV4::new(from, from_port),
                std::net::SocketAddrV4::new(to, to_port),
            ]),
            (from, to) => Self::V6([wide(from), wide(to)]),
        }
    }
}
