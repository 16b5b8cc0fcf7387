//! Making sockets: listening ones that workers share, and dialled ones.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::BorrowedFd;

use socket2::{Domain, Protocol, Socket, Type};

mod pair;
mod table;

pub use pair::pair;
pub use table::overlap;

/// Connections that may wait to be accepted, per socket.
const BACKLOG: i32 = 4096;

/// Binds a TCP socket and listens on it. With `shares` other sockets of ours may be bound to the
/// same address (SO_REUSEPORT) and the kernel spreads connections over them.
///
/// # Errors
/// What the system says, such as `AddrInUse`.
pub fn listen_tcp(address: SocketAddr, shares: bool) -> io::Result<TcpListener> {
    let socket = bind(address, Type::STREAM, Protocol::TCP, shares)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Binds a UDP socket.
///
/// # Errors
/// What the system says, such as `AddrInUse`.
pub fn bind_udp(address: SocketAddr, shares: bool) -> io::Result<UdpSocket> {
    Ok(bind(address, Type::DGRAM, Protocol::UDP, shares)?.into())
}

fn bind(address: SocketAddr, kind: Type, protocol: Protocol, shares: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind.nonblocking(), Some(protocol))?;
    if address.is_ipv6() {
        // `[::]` means IPv6 only, so that `0.0.0.0` beside it is never a conflict.
        socket.set_only_v6(true)?;
    }
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    if shares {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Says whether `address` is free for us: the first bind of a listener, made without
/// SO_REUSEPORT, so that another process on the same port is an error and not a silent sharing.
///
/// # Errors
/// What the system says, such as `AddrInUse`.
pub fn check_free(address: SocketAddr, is_tcp: bool) -> io::Result<()> {
    if is_tcp { listen_tcp(address, false).map(drop) } else { bind_udp(address, false).map(drop) }
}

/// The same where `ours`, bound with SO_REUSEPORT, overlap with it: they are not in the way, but hide
/// from a bind whether anybody else is.
///
/// # Errors
/// `AddrInUse` where somebody else is, and what the system says.
pub fn check_free_beside(
    address: SocketAddr,
    is_tcp: bool,
    ours: &[BorrowedFd<'_>],
) -> io::Result<()> {
    match check_free(address, is_tcp) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && !ours.is_empty() => {
            if table::is_others(address, is_tcp, ours)? {
                Err(error)
            } else {
                Ok(())
            }
        }
        other => other,
    }
}
