//! The memory that datagrams are received into, and what is known of them.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{EcnCodepoint, RecvMeta, UdpSocketState};
use rustix::net::RecvFlags;
use tokio::net::UdpSocket;

/// Places for datagrams, or for runs of them that the kernel has put together.
const PLACES: usize = 8;

/// What a place holds, in bytes: the longest datagram, or the longest run.
const PLACE_BYTES: usize = 64 << 10;

/// Memory for one call to receive; what was received until the next one. One is enough for all
/// sockets of a worker. Memory is taken at the first use.
#[derive(Debug, Default)]
pub struct Batch {
    memory: Vec<u8>,
    metas: [RecvMeta; PLACES],
    count: usize,
}

/// Datagrams of one sender, one behind the other, all of one length but the last.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams<'a> {
    bytes: &'a [u8],
    segment_bytes: usize,
    /// Who sent them.
    pub from: SocketAddr,
    /// The address that they were sent to; `None` where the system does not say.
    pub to: Option<IpAddr>,
    ecn: Option<EcnCodepoint>,
}

impl Batch {
    /// No datagrams, no memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was received.
    pub fn iter(&self) -> impl Iterator<Item = Datagrams<'_>> {
        self.metas[..self.count].iter().zip(self.memory.chunks(PLACE_BYTES)).map(|(meta, place)| {
            Datagrams {
                bytes: &place[..meta.len],
                segment_bytes: meta.stride.max(1),
                from: meta.addr,
                to: meta.dst_ip,
                ecn: meta.ecn,
            }
        })
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.memory.resize(PLACES * PLACE_BYTES, 0);
    }

    pub(super) fn receive_many(
        &mut self,
        state: &UdpSocketState,
        socket: &UdpSocket,
    ) -> io::Result<()> {
        let mut places = self.memory.chunks_mut(PLACE_BYTES);
        let mut slices: [IoSliceMut<'_>; PLACES] =
            std::array::from_fn(|_| IoSliceMut::new(places.next().unwrap_or_default()));
        self.count = state.recv(socket.into(), &mut slices, &mut self.metas)?;
        Ok(())
    }

    pub(super) fn receive_one(&mut self, socket: &UdpSocket, peer: SocketAddr) -> io::Result<()> {
        let place = &mut self.memory[..PLACE_BYTES];
        let (_, length) = rustix::net::recv(socket, place, RecvFlags::empty())?;
        let meta = &mut self.metas[0];
        *meta = RecvMeta::default();
        (meta.addr, meta.len, meta.stride) = (peer, length, length);
        self.count = 1;
        Ok(())
    }
}

impl<'a> Datagrams<'a> {
    /// Datagrams of `segment_bytes` each, at least 1, the last perhaps shorter.
    #[must_use]
    pub fn new(bytes: &'a [u8], segment_bytes: usize, from: SocketAddr) -> Self {
        Self { bytes, segment_bytes: segment_bytes.max(1), from, to: None, ecn: None }
    }

    /// How many there are; an empty datagram is one, too.
    #[must_use]
    pub const fn count(&self) -> usize {
        if self.bytes.is_empty() { 1 } else { self.bytes.len().div_ceil(self.segment_bytes) }
    }

    /// All of their bytes together.
    #[must_use]
    pub const fn all(&self) -> &'a [u8] {
        self.bytes
    }

    /// Each one.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let empty = self.bytes.is_empty().then_some(self.bytes);
        self.bytes.chunks(self.segment_bytes).chain(empty)
    }

    pub(super) const fn segment_bytes(&self) -> usize {
        self.segment_bytes
    }

    pub(super) const fn ecn(&self) -> Option<EcnCodepoint> {
        self.ecn
    }
}
