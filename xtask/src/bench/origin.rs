//! The origin behind every gateway that is measured: one thread, epoll, no allocation per request.
//!
//! Not nginx, because nginx as origin and wrk share one core and then cannot keep a cheap gateway
//! busy. It answers 300 bytes to every request, or 1 MiB by sendfile when the path begins with
//! `/large`, and answers 500 when the gateway did not send what it should have sent.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use anyhow::{Context, Result, bail};
use rustix::event::{Timespec, epoll};
use rustix::fs::sendfile;
use rustix::net::sockopt;

use crate::tree;

/// Bytes of a small reply's body.
pub(crate) const SMALL_BYTES: usize = 300;
/// Bytes of a large reply's body.
pub(crate) const LARGE_BYTES: u64 = 1 << 20;

/// What the system is asked to let one connection have under way, in bytes; it doubles that, to what
/// a path of 10 Gbit/s and 0.4 ms holds. With less, the origin waits for every acknowledgement, and
/// a gateway that moves bytes cheaply sleeps meanwhile and is measured at waking up. Left to itself
/// the kernel puts a whole large reply under way, and then it is measured at reading cold memory.
const SEND_BUFFER_BYTES: usize = 256 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";
const LISTENER: u64 = u64::MAX;

/// What a request must and must not carry, as lower-case bytes such as `x-forwarded-for:`.
#[derive(Default)]
struct Expectation {
    required: Vec<Vec<u8>>,
    refused: Vec<Vec<u8>>,
}

impl Expectation {
    fn holds(&self, head: &[u8]) -> bool {
        self.required.iter().all(|name| contains_field(head, name))
            && !self.refused.iter().any(|name| contains_field(head, name))
    }
}

/// Serves until it is ended: `bench-origin ADDRESS [--require FIELD]... [--refuse FIELD]...`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let (address, rest) = args.split_first().context("bench-origin needs an address")?;
    let mut expectation = Expectation::default();
    for pair in rest.chunks(2) {
        let [flag, name] = pair else { bail!("{} needs a field name", pair[0]) };
        let name = format!("\n{}:", name.to_ascii_lowercase()).into_bytes();
        match flag.as_str() {
            "--require" => expectation.required.push(name),
            "--refuse" => expectation.refused.push(name),
            _ => bail!("bench-origin knows no {flag}"),
        }
    }
    let mut origin = Origin::bind_expecting(address, expectation)?;
    loop {
        origin.step(None)?;
    }
}

/// One origin with all its connections.
pub(crate) struct Origin {
    listener: TcpListener,
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    expectation: Expectation,
    replies: Replies,
    events: Vec<epoll::Event>,
}

struct Replies {
    small: Vec<u8>,
    wrong: Vec<u8>,
    large_head: Vec<u8>,
    large_body: OwnedFd,
}

struct Connection {
    stream: TcpStream,
    /// Where the large body that is being sent has got to; `LARGE_BYTES` when none is.
    sent: u64,
}

impl Origin {
    /// An origin that demands X-Forwarded-For when told, and nothing else.
    pub(crate) fn bind(address: &str, is_forwarded: bool) -> Result<Self> {
        let required = is_forwarded.then(|| b"\nx-forwarded-for:".to_vec());
        let required = required.into_iter().collect();
        Self::bind_expecting(address, Expectation { required, refused: Vec::new() })
    }

    fn bind_expecting(address: &str, expectation: Expectation) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| format!("binding {address}"))?;
        listener.set_nonblocking(true)?;
        sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        let replies = Replies {
            small: reply("200 OK", &[b'x'; SMALL_BYTES]),
            wrong: reply("500 Wrong", b"the gateway did not send what it should have sent\n"),
            large_head: format!("HTTP/1.1 200 OK\r\ncontent-length: {LARGE_BYTES}\r\n\r\n").into(),
            large_body: large_body()?,
        };
        Ok(Self {
            listener,
            epoll,
            connections: Vec::new(),
            expectation,
            replies,
            events: Vec::with_capacity(256),
        })
    }

    /// Waits for events, at most as long as told, and acts on them.
    pub(crate) fn step(&mut self, patience: Option<&Timespec>) -> Result<()> {
        let mut events = std::mem::take(&mut self.events);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), patience) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for events"),
        }
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER => self.accept()?,
                slot => self.turn(usize::try_from(slot).context("a slot is small")?),
            }
        }
        self.events = events;
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let free = self.connections.iter().position(Option::is_none);
            let slot = free.unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
            epoll::add(&self.epoll, &stream, epoll::EventData::new_u64(slot as u64), flags)?;
            self.connections[slot] = Some(Connection { stream, sent: LARGE_BYTES });
        }
        Ok(())
    }

    /// Goes on with one connection; a connection that ends or errs is dropped.
    fn turn(&mut self, slot: usize) {
        let Some(connection) = self.connections[slot].as_mut() else { return };
        if connection.turn(&self.expectation, &self.replies).is_err() {
            self.connections[slot] = None;
        }
    }
}

impl Connection {
    fn turn(&mut self, expectation: &Expectation, replies: &Replies) -> std::io::Result<()> {
        if !self.send_large(replies)? {
            return Ok(());
        }
        let mut buffer = [0; 16 * 1024];
        let read = match self.stream.read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut rest = &buffer[..read];
        while let Some(end) = find(rest, HEAD_END) {
            let (head, next) = rest.split_at(end + HEAD_END.len());
            rest = next;
            if !expectation.holds(head) {
                self.stream.write_all(&replies.wrong)?;
            } else if head.starts_with(b"GET /large") {
                self.stream.write_all(&replies.large_head)?;
                self.sent = 0;
                self.send_large(replies)?;
            } else {
                self.stream.write_all(&replies.small)?;
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
    }

    /// Sends what is left of a large body; false when the socket is full.
    fn send_large(&mut self, replies: &Replies) -> std::io::Result<bool> {
        while self.sent < LARGE_BYTES {
            let left = usize::try_from(LARGE_BYTES - self.sent).unwrap_or(usize::MAX);
            match sendfile(&self.stream, &replies.large_body, Some(&mut self.sent), left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}

fn reply(status: &str, body: &[u8]) -> Vec<u8> {
    let mut reply = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    reply.extend_from_slice(body);
    reply
}

/// A file that has no name any more, so that nobody has to clear it away: sendfile takes its pages
/// from the page cache. Written at once, so that a file system that can do so keeps it in pages of
/// many KiB.
fn large_body() -> Result<OwnedFd> {
    let path = tree::target()?.join(format!("bench/large-{}", std::process::id()));
    tree::write(&path, &"y".repeat(usize::try_from(LARGE_BYTES)?))?;
    let file = std::fs::File::open(&path).context("opening the large body")?;
    std::fs::remove_file(&path).context("unlinking the large body")?;
    Ok(file.into())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn contains_field(head: &[u8], name: &[u8]) -> bool {
    head.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_leaked_field_is_noticed() {
        let expectation = Expectation {
            required: vec![b"\nx-forwarded-for:".to_vec()],
            refused: vec![b"\nx-api-key:".to_vec()],
        };
        assert!(expectation.holds(b"GET / HTTP/1.1\r\nX-Forwarded-For: 1\r\n\r\n"));
        assert!(!expectation.holds(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert!(
            !expectation.holds(b"GET / HTTP/1.1\r\nx-forwarded-for: 1\r\nX-Api-Key: k\r\n\r\n")
        );
    }
}
