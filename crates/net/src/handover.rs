//! Passing listening sockets to a new process, telling it what is known here, hearing from it
//! whether it serves, and telling it in the end what was left behind.
//!
//! The two processes share a pair of Unix sockets; the new one finds its end as standard input.
//! Everything here blocks, so it belongs on a thread that may wait. What a label means is the
//! affair of those who send and receive it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

mod message;
#[cfg(test)]
mod tests;

use message::{MESSAGE_BYTES_MAX, Message, PIECE_BYTES_MAX, SOCKETS_PER_MESSAGE, TEXT_BYTES_MAX};

/// The most that an old process may tell at once of what it knows.
pub const KNOWN_BYTES_MAX: usize = 96 << 20;

/// The longest label of a socket, in bytes.
pub const LABEL_BYTES_MAX: usize = 255;

/// How long the other process may leave what was sent to it unread.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// What a new process asks an old one for, seen from the old one.
pub trait Predecessor {
    /// Lets go of what only one of the two can have.
    ///
    /// # Errors
    /// Why not, in words.
    fn let_go(&mut self) -> Result<(), String>;

    /// What is known here, for what the two agree that `stage` means; nothing for another stage.
    fn known(&mut self, stage: u8) -> Vec<u8>;
}

/// What an old process tells the new one that serves in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Lines that it leaves behind in the end.
    Left(String),
    /// More of what it knows.
    Known(Vec<u8>),
}

/// One end of the connection between the old process and the new one.
#[derive(Debug)]
pub struct HandoverSocket(OwnedFd);

/// Why a handover failed.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other process is gone.
    #[error("the other process ended")]
    Gone,
    /// The other process said nothing in time, or did not listen.
    #[error("the other process neither spoke nor listened within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The other process speaks another version of this protocol, or none.
    #[error("the other process does not speak this protocol")]
    Protocol,
    /// The sockets did not all arrive: this process may not open as many files.
    #[error("not every socket could be received: raise the limit of open files")]
    TooManyFiles,
    /// A label is longer than [`LABEL_BYTES_MAX`].
    #[error("the label of a socket is too long: {0:?}")]
    Label(String),
    /// The other process tells more than [`KNOWN_BYTES_MAX`].
    #[error("the other process tells more than {} MiB of what it knows", KNOWN_BYTES_MAX >> 20)]
    TooMuch,
    /// The other process tried and failed; its own words.
    #[error("the other process failed: {0}")]
    Failed(String),
}

impl From<Errno> for HandoverError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN => Self::Gone,
            other => Self::Io(other.into()),
        }
    }
}

/// A fresh pair: our end, and the one to give to the new process as its standard input.
///
/// # Errors
/// When no more files can be opened.
pub fn pair() -> io::Result<(HandoverSocket, OwnedFd)> {
    // Packets keep each message whole and its sockets with it, and an end is seen as such.
    let kind = SocketType::SEQPACKET;
    let (ours, theirs) =
        rustix::net::socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
    Ok((HandoverSocket(ours), theirs))
}

impl HandoverSocket {
    /// The end that an old process left as standard input; `None` when standard input is
    /// something else.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub fn from_stdin() -> io::Result<Option<Self>> {
        let stdin = io::stdin();
        let stdin = stdin.as_fd();
        let is_ours = sockopt::socket_type(stdin) == Ok(SocketType::SEQPACKET)
            && sockopt::socket_domain(stdin) == Ok(AddressFamily::UNIX);
        if is_ours { Ok(Some(Self(stdin.try_clone_to_owned()?))) } else { Ok(None) }
    }

    /// Sends sockets, each with its label, to a process that is about to [`Self::receive`] them.
    /// They stay open here. None at all may be sent, too.
    ///
    /// # Errors
    /// [`HandoverError::Gone`] when the other process ended, [`HandoverError::Timeout`] when it
    /// does not read what is sent, and what the system says.
    pub fn send(&self, sockets: &[(&str, BorrowedFd<'_>)]) -> Result<(), HandoverError> {
        if let Some((label, _)) = sockets.iter().find(|(label, _)| label.len() > LABEL_BYTES_MAX) {
            return Err(HandoverError::Label((*label).to_owned()));
        }
        for batch in sockets.chunks(SOCKETS_PER_MESSAGE) {
            let labels = batch.iter().map(|(label, _)| (*label).to_owned()).collect();
            let fds: Vec<_> = batch.iter().map(|(_, fd)| *fd).collect();
            self.write(&Message::Sockets(labels), &fds)?;
        }
        self.write(&Message::AllSent, &[])
    }

    /// Receives what the other process sends, in order, waiting at most `timeout` for each part.
    ///
    /// # Errors
    /// [`HandoverError`]; the sockets that had arrived are closed.
    pub fn receive(&self, timeout: Duration) -> Result<Vec<(String, OwnedFd)>, HandoverError> {
        let mut sockets = Vec::new();
        loop {
            match self.read(Some(timeout))? {
                (Message::Sockets(labels), fds) if labels.len() == fds.len() => {
                    sockets.extend(labels.into_iter().zip(fds));
                }
                (Message::AllSent, _) => return Ok(sockets),
                _ => return Err(HandoverError::Protocol),
            }
        }
    }

    /// Tells the old process that the new one serves.
    ///
    /// # Errors
    /// [`HandoverError::Gone`] when it ended, and what the system says.
    pub fn say_ready(&self) -> Result<(), HandoverError> {
        self.write(&Message::Ready, &[])
    }

    /// Tells the old process why the new one does not serve. Long reasons are cut.
    ///
    /// # Errors
    /// [`HandoverError::Gone`] when it ended, and what the system says.
    pub fn say_failed(&self, why: &str) -> Result<(), HandoverError> {
        self.write(&Message::Failed(why.to_owned()), &[])
    }

    /// Waits until the new process says that it serves. What it asks for until then is answered as
    /// `old` says.
    ///
    /// # Errors
    /// [`HandoverError::Failed`] with its own words, [`HandoverError::Gone`] when it ended
    /// without a word, [`HandoverError::Timeout`] when it took longer than `timeout` for a step.
    pub fn wait_ready(
        &self,
        timeout: Duration,
        old: &mut impl Predecessor,
    ) -> Result<(), HandoverError> {
        loop {
            match self.read(Some(timeout))?.0 {
                Message::Ready => return Ok(()),
                Message::Failed(why) => return Err(HandoverError::Failed(why)),
                Message::Ask => {
                    let outcome = old.let_go().map_or_else(Message::Failed, |()| Message::LetGo);
                    self.write(&outcome, &[])?;
                }
                Message::AskKnown(stage) => self.say_known(&old.known(stage))?,
                _ => return Err(HandoverError::Protocol),
            }
        }
    }

    /// Asks the old process what it knows, for what the two agree that `stage` means, and waits
    /// until it has told all of it.
    ///
    /// # Errors
    /// [`HandoverError::TooMuch`] when it tells more than [`KNOWN_BYTES_MAX`], and as
    /// [`HandoverSocket::wait_ready`].
    pub fn ask_known(&self, stage: u8, timeout: Duration) -> Result<Vec<u8>, HandoverError> {
        self.write(&Message::AskKnown(stage), &[])?;
        match self.read(Some(timeout))?.0 {
            Message::Known(piece) => self.read_known(piece, timeout),
            Message::KnownEnd => Ok(Vec::new()),
            _ => Err(HandoverError::Protocol),
        }
    }

    /// Tells the new process what is known here.
    ///
    /// # Errors
    /// [`HandoverError::Gone`] when it ended, [`HandoverError::Timeout`] when it does not read what
    /// is told, and what the system says.
    pub fn say_known(&self, known: &[u8]) -> Result<(), HandoverError> {
        for piece in known.chunks(PIECE_BYTES_MAX) {
            self.write(&Message::Known(piece.to_vec()), &[])?;
        }
        self.write(&Message::KnownEnd, &[])
    }

    /// Reads the pieces that follow the first, to the last.
    fn read_known(&self, first: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, HandoverError> {
        let mut known = first;
        loop {
            match self.read(Some(timeout))?.0 {
                Message::Known(piece) if known.len() + piece.len() <= KNOWN_BYTES_MAX => {
                    known.extend_from_slice(&piece);
                }
                Message::Known(_) => return Err(HandoverError::TooMuch),
                Message::KnownEnd => return Ok(known),
                _ => return Err(HandoverError::Protocol),
            }
        }
    }

    /// Asks the old process for what only one of the two can have, and waits until it has let go.
    ///
    /// # Errors
    /// [`HandoverError::Failed`] when it does not let go, and as [`HandoverSocket::wait_ready`].
    pub fn ask(&self, timeout: Duration) -> Result<(), HandoverError> {
        self.write(&Message::Ask, &[])?;
        match self.read(Some(timeout))?.0 {
            Message::LetGo => Ok(()),
            Message::Failed(why) => Err(HandoverError::Failed(why)),
            _ => Err(HandoverError::Protocol),
        }
    }

    /// Tells the new process what was left behind in the end: lines of text, in as many messages
    /// as they need.
    ///
    /// # Errors
    /// [`HandoverError::Gone`] when it ended, and what the system says.
    pub fn say_left<'a>(
        &self,
        lines: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), HandoverError> {
        let mut text = String::new();
        for line in lines {
            if !text.is_empty() && text.len() + line.len() >= TEXT_BYTES_MAX {
                self.write(&Message::Left(std::mem::take(&mut text)), &[])?;
            }
            text.push_str(line);
            text.push('\n');
        }
        if text.is_empty() { Ok(()) } else { self.write(&Message::Left(text), &[]) }
    }

    /// Waits for as long as it takes for more that the old process has to tell; `None` when it has
    /// ended.
    ///
    /// # Errors
    /// [`HandoverError::Protocol`] when it says something else, and what the system says.
    pub fn hear(&self) -> Result<Option<Told>, HandoverError> {
        match self.read(None) {
            Ok((Message::Left(text), _)) => Ok(Some(Told::Left(text))),
            Ok((Message::Known(piece), _)) => {
                self.read_known(piece, SEND_TIMEOUT).map(|known| Some(Told::Known(known)))
            }
            Ok((Message::KnownEnd, _)) => Ok(Some(Told::Known(Vec::new()))),
            Ok(_) => Err(HandoverError::Protocol),
            Err(HandoverError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write(&self, message: &Message, fds: &[BorrowedFd<'_>]) -> Result<(), HandoverError> {
        self.write_within(SEND_TIMEOUT, message, fds)
    }

    fn write_within(
        &self,
        timeout: Duration,
        message: &Message,
        fds: &[BorrowedFd<'_>],
    ) -> Result<(), HandoverError> {
        sockopt::set_socket_timeout(&self.0, Timeout::Send, Some(timeout))?;
        let bytes = message.encode();
        let mut space =
            [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_PER_MESSAGE))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(HandoverError::Protocol);
        }
        let parts = [IoSlice::new(&bytes)];
        let sent = rustix::io::retry_on_intr(|| {
            rustix::net::sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)
        });
        match sent {
            Err(Errno::AGAIN) => Err(HandoverError::Timeout(timeout)),
            other => Ok(other.map(drop)?),
        }
    }

    /// The next message that means something to this release.
    fn read(&self, timeout: Option<Duration>) -> Result<(Message, Vec<OwnedFd>), HandoverError> {
        loop {
            match self.read_any(timeout)? {
                (Message::Unknown(version, kind), _) => {
                    tracing::info!(
                        version,
                        kind,
                        "the other process speaks of what this release does not know: passed over"
                    );
                }
                known => return Ok(known),
            }
        }
    }

    fn read_any(
        &self,
        timeout: Option<Duration>,
    ) -> Result<(Message, Vec<OwnedFd>), HandoverError> {
        // Zero would mean to wait for ever.
        let limit = timeout.map(|timeout| timeout.max(Duration::from_millis(1)));
        sockopt::set_socket_timeout(&self.0, Timeout::Recv, limit)?;
        let mut bytes = [0; MESSAGE_BYTES_MAX];
        let mut space =
            [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_PER_MESSAGE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let parts = &mut [IoSliceMut::new(&mut bytes)];
            rustix::net::recvmsg(&self.0, parts, &mut control, RecvFlags::CMSG_CLOEXEC)
        });
        let received = match received {
            Err(Errno::AGAIN) => return Err(HandoverError::Timeout(timeout.unwrap_or_default())),
            other => other?,
        };
        let mut fds = Vec::new();
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(arrived) = part {
                fds.extend(arrived);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(HandoverError::TooManyFiles);
        }
        if received.bytes == 0 {
            return Err(HandoverError::Gone);
        }
        let message = Message::decode(&bytes[..received.bytes]).ok_or(HandoverError::Protocol)?;
        Ok((message, fds))
    }
}
