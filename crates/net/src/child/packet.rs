//! Packets over a pair of Unix sockets, with descriptors that go along.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;

use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

use super::order::ORDER_BYTES_MAX;

/// Standard input, output and error.
const DESCRIPTORS_MAX: usize = 3;

/// One end. The runtime's type is for streams; what it knows of is readiness, which is the same.
#[derive(Debug)]
pub(super) struct Packets(UnixStream);

/// A packet.
#[derive(Debug)]
pub(super) struct Packet {
    pub bytes: Vec<u8>,
    pub descriptors: Vec<OwnedFd>,
}

/// A fresh pair: our end, and that of the other process.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    // Packets keep each message whole and its descriptors with it, and an end is seen as such.
    let kind = SocketType::SEQPACKET;
    Ok(rustix::net::socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?)
}

impl Packets {
    /// On an end of a pair, within a runtime.
    pub(super) fn new(end: OwnedFd) -> io::Result<Self> {
        let is_ours = sockopt::socket_type(&end) == Ok(SocketType::SEQPACKET)
            && sockopt::socket_domain(&end) == Ok(AddressFamily::UNIX);
        if !is_ours {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let end = StdStream::from(end);
        end.set_nonblocking(true)?;
        UnixStream::from_std(end).map(Self)
    }

    /// Sends one packet whole.
    pub(super) async fn send(
        &self,
        bytes: &[u8],
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        let sending = || Ok(send(self.0.as_fd(), bytes, descriptors)?);
        self.0.async_io(Interest::WRITABLE, sending).await
    }

    /// The next packet; `None` when the other end is gone.
    pub(super) async fn receive(&self) -> io::Result<Option<Packet>> {
        self.0.async_io(Interest::READABLE, || Ok(receive(self.0.as_fd())?)).await
    }
}

fn send(end: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(Errno::INVAL);
    }
    let parts = [IoSlice::new(bytes)];
    rustix::io::retry_on_intr(|| {
        rustix::net::sendmsg(end, &parts, &mut control, SendFlags::NOSIGNAL).map(drop)
    })
}

fn receive(end: BorrowedFd<'_>) -> Result<Option<Packet>, Errno> {
    let mut bytes = vec![0; ORDER_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = rustix::io::retry_on_intr(|| {
        let parts = &mut [IoSliceMut::new(&mut bytes)];
        rustix::net::recvmsg(end, parts, &mut control, RecvFlags::CMSG_CLOEXEC)
    });
    let received = match received {
        Err(Errno::CONNRESET) => return Ok(None),
        other => other?,
    };
    let mut descriptors = Vec::new();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(arrived) = part {
            descriptors.extend(arrived);
        }
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Err(Errno::MFILE);
    }
    bytes.truncate(received.bytes);
    Ok((received.bytes > 0).then_some(Packet { bytes, descriptors }))
}
