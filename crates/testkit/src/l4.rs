//! Origins below HTTP: TCP connections handled by a closure, and UDP datagrams answered.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::wire::Wire;

/// A TCP origin that runs until it is dropped.
pub struct TcpOrigin {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    accepted: AtomicUsize,
    open: AtomicUsize,
    sockets: Mutex<Vec<TcpStream>>,
}

impl TcpOrigin {
    /// Starts one that gives each connection to a closure, and closes it when that returns.
    ///
    /// # Panics
    /// When the system has no port left.
    #[must_use]
    pub fn start(serve: impl Fn(&mut Wire) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the system gives a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared: Arc<Shared> = Arc::default();
        let (accepting, serve) = (Arc::clone(&shared), Arc::new(serve));
        thread::spawn(move || {
            while let Ok((socket, _)) = listener.accept() {
                if accepting.stopping.load(Ordering::Acquire) {
                    return;
                }
                accepting.accepted.fetch_add(1, Ordering::AcqRel);
                if let Ok(clone) = socket.try_clone() {
                    accepting.sockets.lock().unwrap_or_else(PoisonError::into_inner).push(clone);
                }
                let (shared, serve) = (Arc::clone(&accepting), Arc::clone(&serve));
                let run = move || {
                    shared.open.fetch_add(1, Ordering::AcqRel);
                    let mut wire = Wire::new(Box::new(socket));
                    wire.patience(Duration::from_secs(120));
                    serve(&mut wire);
                    wire.close();
                    shared.open.fetch_sub(1, Ordering::AcqRel);
                };
                let started = thread::Builder::new().stack_size(256 << 10).spawn(run);
                started.expect("the machine has room for a thread");
            }
        });
        Self { address, shared }
    }

    /// Starts one that greets with its name and sends everything back.
    #[must_use]
    pub fn echo(name: &str) -> Self {
        let greeting = format!("{name}\r\n");
        Self::start(move |wire| {
            if wire.send(&greeting).is_ok() {
                echo(wire);
            }
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.accepted.load(Ordering::Acquire)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Acquire)
    }
}

impl Drop for TcpOrigin {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        for socket in self.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Sends back whatever comes, until nothing comes any more.
pub fn echo(wire: &mut Wire) {
    while let Ok(bytes) = wire.read_some() {
        if bytes.is_empty() || wire.send(bytes).is_err() {
            return;
        }
    }
}

/// A UDP origin that runs until it is dropped. It answers `x` with its name, a colon and `x`.
pub struct UdpOrigin {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    peers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl UdpOrigin {
    /// Starts one.
    ///
    /// # Panics
    /// When the system has no port left.
    #[must_use]
    pub fn start(name: &str) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into(), name)
    }

    /// The same on another address of this machine.
    ///
    /// # Panics
    /// When the system has no port left, or no such address.
    #[must_use]
    pub fn start_on(ip: IpAddr, name: &str) -> Self {
        let socket = UdpSocket::bind((ip, 0)).expect("the system gives a port");
        let address = socket.local_addr().expect("a bound socket has an address");
        let stopping: Arc<AtomicBool> = Arc::default();
        let peers: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let (stop, seen, name) = (Arc::clone(&stopping), Arc::clone(&peers), name.to_owned());
        thread::spawn(move || {
            let mut space = vec![0; 1 << 16];
            while let Ok((count, peer)) = socket.recv_from(&mut space) {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let mut known = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if !known.contains(&peer) {
                    known.push(peer);
                }
                drop(known);
                let mut answer = format!("{name}:").into_bytes();
                answer.extend_from_slice(&space[..count]);
                let _ = socket.send_to(&answer, peer);
            }
        });
        Self { address, stopping, peers }
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// From how many addresses it was asked: how many flows there were.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for UdpOrigin {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            let _ = socket.send_to(b"", self.address);
        }
    }
}

/// Copies a pattern of so many bytes into a writer, and checks such a pattern from a reader.
pub mod pattern {
    use super::{Read, Write};

    /// Bytes written or read at once.
    const PIECE: usize = 64 << 10;

    fn byte(at: usize) -> u8 {
        // Neither a power of two nor a divisor of one: a piece in the wrong place shows.
        u8::try_from(at % 251).unwrap_or(0)
    }

    /// Writes the pattern.
    ///
    /// # Errors
    /// As the writer says.
    pub fn write(mut to: impl Write, length: usize) -> std::io::Result<()> {
        let whole: Vec<u8> = (0..PIECE + 251).map(byte).collect();
        let mut at = 0;
        while at < length {
            let piece = PIECE.min(length - at);
            to.write_all(&whole[at % 251..at % 251 + piece])?;
            at += piece;
        }
        to.flush()
    }

    /// Reads to the end and gives how many bytes came, all of them as they should be.
    ///
    /// # Errors
    /// As the reader says, or `InvalidData` with the place of the first wrong byte.
    pub fn read(mut from: impl Read) -> std::io::Result<usize> {
        let mut space = vec![0; PIECE];
        let mut at = 0;
        loop {
            let count = from.read(&mut space)?;
            if count == 0 {
                return Ok(at);
            }
            for (place, got) in space[..count].iter().enumerate() {
                if *got != byte(at + place) {
                    let wrong = format!("byte {} is wrong", at + place);
                    return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, wrong));
                }
            }
            at += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_told_from_one_that_lost_a_byte() {
        let mut bytes = Vec::new();
        pattern::write(&mut bytes, 200_000).unwrap();
        assert_eq!(pattern::read(bytes.as_slice()).unwrap(), 200_000);
        bytes.remove(100_000);
        assert!(pattern::read(bytes.as_slice()).is_err());
    }

    #[test]
    fn udp_answers_say_who_answered() {
        let origin = UdpOrigin::start("a");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"hello", origin.addr()).unwrap();
        let mut space = [0; 100];
        let (count, _) = socket.recv_from(&mut space).unwrap();
        assert_eq!((&space[..count], origin.flows()), (&b"a:hello"[..], 1));
    }
}
