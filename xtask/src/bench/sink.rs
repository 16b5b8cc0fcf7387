//! Origin and load generator for large replies in one thread that never sleeps: it sends bodies by
//! sendfile, reads heads and throws bodies away in the kernel.
//!
//! Not wrk, because wrk copies every body through an 8 KiB buffer and cannot keep a gateway busy
//! that moves bytes cheaply. Never asleep, because a write that must wake a sleeping core costs the
//! writer several times the write itself on a virtual machine, and so the cheaper the load
//! generator, the dearer every gateway would seem.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use architrave_core::Clock;
use rustix::event::{Timespec, epoll};
use rustix::net::{RecvFlags, recv};

use super::origin::Origin;

/// Bytes that one call may throw away.
const DISCARD_BYTES: usize = 1 << 20;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Serves and loads: `bench-load ORIGIN GATEWAY CONNECTIONS SECONDS forwarded|plain`, the first two
/// being addresses; prints requests and bytes.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let [origin, gateway, connections, seconds, fields] = args else {
        bail!("bench-load takes ORIGIN GATEWAY CONNECTIONS SECONDS forwarded|plain");
    };
    let mut origin = Origin::bind(origin, fields == "forwarded")?;
    let clock = Clock::system();
    let deadline = clock.now() + Duration::from_secs(seconds.parse()?);
    let request = format!("GET /large HTTP/1.1\r\nhost: {gateway}\r\n\r\n").into_bytes();
    let mut sink = Sink::connect(gateway, request, connections.parse()?)?;
    while clock.now() < deadline {
        origin.step(Some(&AT_ONCE))?;
        sink.step()?;
    }
    crate::say::line(format_args!("requests {} bytes {}", sink.requests, sink.bytes));
    Ok(())
}

struct Sink {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    request: Vec<u8>,
    scratch: Vec<u8>,
    events: Vec<epoll::Event>,
    requests: u64,
    bytes: u64,
}

struct Connection {
    stream: TcpStream,
    /// Bytes of the body still to come; `None` while the head is awaited.
    body_left: Option<u64>,
}

impl Sink {
    fn connect(address: &str, request: Vec<u8>, count: usize) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(count);
        for slot in 0..count {
            let mut stream = TcpStream::connect(address).context("connecting to the gateway")?;
            stream.set_nodelay(true)?;
            stream.write_all(&request)?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(slot as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            connections.push(Connection { stream, body_left: None });
        }
        let scratch = vec![0; DISCARD_BYTES];
        let events = Vec::with_capacity(count);
        Ok(Self { epoll, connections, request, scratch, events, requests: 0, bytes: 0 })
    }

    /// Takes what has come, without waiting.
    fn step(&mut self) -> Result<()> {
        let mut events = std::mem::take(&mut self.events);
        let spare = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&self.epoll, spare, Some(&AT_ONCE))?;
        for event in events.drain(..) {
            self.turn(usize::try_from(event.data.u64()).context("a slot is small")?)?;
        }
        self.events = events;
        Ok(())
    }

    /// Takes what one connection has to give, without letting it starve the others.
    fn turn(&mut self, slot: usize) -> Result<()> {
        let connection = &mut self.connections[slot];
        let taken = match connection.body_left {
            None => connection.head(&mut self.scratch)?,
            Some(left) => {
                let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(DISCARD_BYTES);
                let buffer = &mut self.scratch[..wanted];
                match recv(&connection.stream, buffer, RecvFlags::TRUNC) {
                    Ok((_, 0)) => bail!("the gateway closed a connection within a body"),
                    Ok((_, taken)) => taken as u64,
                    Err(rustix::io::Errno::AGAIN) => 0,
                    Err(error) => return Err(error).context("reading a body"),
                }
            }
        };
        let Some(left) = connection.body_left.as_mut() else { return Ok(()) };
        *left -= taken;
        self.bytes += taken;
        if *left == 0 {
            self.requests += 1;
            connection.body_left = None;
            connection.stream.write_all(&self.request).context("sending a request")?;
        }
        Ok(())
    }
}

impl Connection {
    /// Reads a head; returns how many bytes of the body came with it.
    fn head(&mut self, scratch: &mut [u8]) -> Result<u64> {
        let buffer = &mut scratch[..16 * 1024];
        let read = match std::io::Read::read(&mut self.stream, buffer) {
            Ok(0) => bail!("the gateway closed a connection before a response"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error).context("reading a head"),
        };
        let text = &buffer[..read];
        let end = text.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.context("a response head came in pieces")? + 4;
        let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
        ensure!(head.starts_with("http/1.1 200"), "not a 200: {head}");
        let length = head.split("content-length:").nth(1).context("no content-length")?;
        let length = length.lines().next().unwrap_or("").trim();
        self.body_left = Some(length.parse().context("reading content-length")?);
        Ok((read - end) as u64)
    }
}
