//! UDP in batches: many datagrams per system call, and replies from the address that was asked.
//!
//! Sockets and datagrams only. Who belongs to whom, and for how long, is layer 4's to say.

use std::cell::OnceCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::Ipv6DontFrag;
use quinn_udp::{Transmit, UdpSocketState};
use rustix::net::SendFlags;
use rustix::net::sockopt::{
    Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

pub use batch::{Batch, Datagrams};

mod batch;

/// What is waited for: datagrams, and the errors that ICMP brings to connected sockets.
const RECEIVABLE: Interest = Interest::READABLE.add(Interest::ERROR);

/// A UDP socket.
#[derive(Debug)]
pub struct Udp {
    socket: UdpSocket,
    local: SocketAddr,
    /// The peer, when there is only one.
    peer: Option<SocketAddr>,
    /// Set once the socket works in batches.
    batching: OnceCell<UdpSocketState>,
}

impl Udp {
    /// Takes over a bound socket that everybody may send to. It works in batches.
    ///
    /// # Errors
    /// What the system says.
    pub fn bound(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let socket = UdpSocket::from_std(socket)?;
        let udp = Self { socket, local, peer: None, batching: OnceCell::new() };
        udp.start_batching()?;
        Ok(udp)
    }

    /// A socket that sends to `peer` and hears only `peer`. It takes its datagrams one by one,
    /// which is cheapest for a few of them; see [`Udp::start_batching`].
    ///
    /// # Errors
    /// What the system says: no route, no address or port left, no file descriptor left.
    pub fn connected(peer: SocketAddr) -> io::Result<Self> {
        let unspecified: IpAddr = match peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = std::net::UdpSocket::bind((unspecified, 0))?;
        socket.connect(peer)?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        let socket = UdpSocket::from_std(socket)?;
        Ok(Self { socket, local, peer: Some(peer), batching: OnceCell::new() })
    }

    /// Prepares the socket to take and send many datagrams at once, which costs some system calls
    /// and pays off when there are many. Does nothing the second time.
    ///
    /// # Errors
    /// What the system says.
    pub fn start_batching(&self) -> io::Result<()> {
        if self.batching.get().is_none() {
            let state = UdpSocketState::new((&self.socket).into())?;
            self.allow_fragments()?;
            let _set_by_nobody_else = self.batching.set(state);
        }
        Ok(())
    }

    /// A datagram that came in fragments has to leave in fragments: what is relayed here is not
    /// only QUIC, for which quinn-udp forbids them.
    fn allow_fragments(&self) -> io::Result<()> {
        // Also for IPv6: such a socket may carry IPv4 as well.
        set_ip_mtu_discover(&self.socket, Ipv4PathMtuDiscovery::WANT)?;
        if self.local.is_ipv6() {
            set_ipv6_mtu_discover(&self.socket, Ipv6PathMtuDiscovery::WANT)?;
            setsockopt(&self.socket, Ipv6DontFrag, &false)?;
        }
        Ok(())
    }

    /// The address that it is bound to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Waits until there may be something to receive.
    ///
    /// # Errors
    /// When the runtime is shutting down.
    pub async fn receivable(&self) -> io::Result<()> {
        self.socket.ready(RECEIVABLE).await.map(drop)
    }

    /// Receives what is there into `batch`, in place of what was in it.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; on a connected socket `ConnectionRefused` when the peer
    /// has said that nobody listens there.
    pub fn receive(&self, batch: &mut Batch) -> io::Result<()> {
        let mut receive = || self.receive_queued(batch);
        // The runtime forgets one interest at a time. Asking for what it has not seen is free.
        match self.socket.try_io(Interest::READABLE, &mut receive) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.socket.try_io(Interest::ERROR, receive)
            }
            received => received,
        }
    }

    /// [`Udp::receive`], also of what the runtime has not noticed yet: for the last look at a
    /// socket.
    ///
    /// # Errors
    /// As there.
    pub fn receive_queued(&self, batch: &mut Batch) -> io::Result<()> {
        batch.clear();
        match (self.batching.get(), self.peer) {
            (Some(state), _) => batch.receive_many(state, &self.socket),
            (None, Some(peer)) => batch.receive_one(&self.socket, peer),
            (None, None) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Sends to the one peer. What the system has no room for is dropped, as networks do.
    ///
    /// # Errors
    /// On a connected socket `ConnectionRefused` when the peer has said that nobody listens there.
    pub fn send(&self, datagrams: &Datagrams<'_>) -> io::Result<()> {
        let peer = self.peer.ok_or(io::ErrorKind::NotConnected)?;
        self.send_to(datagrams, peer, None)
    }

    /// Sends to `to`, from our address `from` where there are several.
    ///
    /// # Errors
    /// What the system says, except that it has no room: then they are dropped.
    pub fn send_to(
        &self,
        datagrams: &Datagrams<'_>,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> io::Result<()> {
        let whole = match self.batching.get() {
            Some(state) if datagrams.count() <= state.max_gso_segments() => {
                match self.transmit(state, datagrams.all(), datagrams, to, from) {
                    // Hardware or path cannot cut them up (quinn-udp stops asking after this).
                    Err(error) if datagrams.count() > 1 && is_uncuttable(&error) => None,
                    sent => Some(sent),
                }
            }
            _ => None,
        };
        whole.unwrap_or_else(|| {
            datagrams.iter().try_for_each(|one| match self.batching.get() {
                Some(state) => self.transmit(state, one, datagrams, to, from),
                None => self.send_plain(one),
            })
        })
    }

    fn transmit(
        &self,
        state: &UdpSocketState,
        contents: &[u8],
        datagrams: &Datagrams<'_>,
        to: SocketAddr,
        from: Option<IpAddr>,
    ) -> io::Result<()> {
        let transmit = Transmit {
            destination: to,
            ecn: datagrams.ecn(),
            contents,
            segment_size: Some(datagrams.segment_bytes()),
            src_ip: from,
        };
        // Not by way of the runtime: it would wait for an event that says that a fresh socket can
        // send, which every socket can.
        dropped_when_full(state.try_send((&self.socket).into(), &transmit))
    }

    fn send_plain(&self, contents: &[u8]) -> io::Result<()> {
        let sent = rustix::net::send(&self.socket, contents, SendFlags::empty());
        dropped_when_full(sent.map(drop).map_err(io::Error::from))
    }
}

/// Dropping is what a network does when it is full; so is a datagram that is too long for a path.
fn dropped_when_full(sent: io::Result<()>) -> io::Result<()> {
    match sent {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
        Err(error) if quinn_udp::is_msg_size_err(&error) => Ok(()),
        sent => sent,
    }
}

fn is_uncuttable(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
    matches!(code, Some(rustix::io::Errno::IO | rustix::io::Errno::INVAL))
}

#[cfg(test)]
mod tests;
