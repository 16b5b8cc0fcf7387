//! A name server with a zone that the test writes, over UDP on loopback.
//!
//! It encodes its answers by hand and knows only what discovery asks for; it is no resolver.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const CODE_SERVER_FAILURE: u8 = 2;
const CODE_NO_SUCH_NAME: u8 = 3;

/// One record; its TTL is in seconds.
#[derive(Clone, Debug)]
pub enum Record {
    /// An IPv4 address.
    A(u32, Ipv4Addr),
    /// An IPv6 address.
    Aaaa(u32, Ipv6Addr),
    /// Another name; what is known of that one is answered along with it.
    Cname(u32, &'static str),
    /// A service: TTL, priority, weight, port, target.
    Srv(u32, u16, u16, u16, &'static str),
}

/// The types of record that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// IPv4 addresses.
    A = 1,
    /// Aliases.
    Cname = 5,
    /// IPv6 addresses.
    Aaaa = 28,
    /// Services.
    Srv = 33,
}

#[derive(Debug, Default)]
struct Zone {
    records: HashMap<String, Vec<Record>>,
    /// Questions that are answered with SERVFAIL.
    failing: Vec<(String, RecordType)>,
    /// Names about which nothing is said at all.
    silent: Vec<String>,
    asked: HashMap<String, usize>,
    stopped: bool,
}

/// A running name server; it stops when dropped. A name without records does not exist.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Starts it with an empty zone.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into())
    }

    /// Starts it at an address, such as the port that the system's own has.
    ///
    /// # Panics
    /// When the address is taken or not ours.
    #[must_use]
    pub fn start_at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).expect("the name server's address is free");
        let address = socket.local_addr().expect("a bound socket has an address");
        let zone = Arc::new(Mutex::new(Zone::default()));
        let thread = std::thread::spawn({
            let zone = Arc::clone(&zone);
            move || serve(&socket, &zone)
        });
        Self { address, zone, thread: Some(thread) }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces what is known of a name and lets it answer again. Empty: the name is gone.
    pub fn set(&self, name: &str, records: &[Record]) {
        let mut zone = self.zone();
        zone.failing.retain(|(failing, _)| failing != name);
        zone.silent.retain(|silent| silent != name);
        if records.is_empty() {
            zone.records.remove(name);
        } else {
            zone.records.insert(name.to_owned(), records.to_vec());
        }
    }

    /// Answers one kind of question about a name with SERVFAIL, until it is set again.
    pub fn fail(&self, name: &str, wanted: RecordType) {
        self.zone().failing.push((name.to_owned(), wanted));
    }

    /// Says nothing about a name any more, until it is set again.
    pub fn silence(&self, name: &str) {
        self.zone().silent.push(name.to_owned());
    }

    /// How many questions about a name have come in.
    #[must_use]
    pub fn asked(&self, name: &str) -> usize {
        self.zone().asked.get(name).copied().unwrap_or(0)
    }

    fn zone(&self) -> std::sync::MutexGuard<'_, Zone> {
        self.zone.lock().expect("the zone is never left half-written")
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.zone().stopped = true;
        // Any datagram wakes the thread; should it be lost with the socket, there is none to wake.
        let woken = UdpSocket::bind("127.0.0.1:0").and_then(|own| own.send_to(&[0], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            thread.join().expect("the name server does not panic");
        }
    }
}

fn serve(socket: &UdpSocket, zone: &Mutex<Zone>) {
    let mut bytes = [0; 1500];
    while let Ok((length, client)) = socket.recv_from(&mut bytes) {
        let mut zone = zone.lock().expect("the zone is never left half-written");
        if zone.stopped {
            return;
        }
        if let Some(answer) = zone.answer(&bytes[..length]) {
            socket.send_to(&answer, client).expect("an answer fits a datagram");
        }
    }
}

impl Zone {
    /// The answer to a query; `None` when it is none or there shall be none.
    fn answer(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, behind) = read_name(query.get(12..)?)?;
        let wanted = u16::from_be_bytes([*behind.first()?, *behind.get(1)?]);
        let question = &query[12..query.len() - behind.len() + 4];
        *self.asked.entry(name.clone()).or_default() += 1;
        if self.silent.contains(&name) {
            return None;
        }
        let fails =
            self.failing.iter().any(|(failing, kind)| *failing == name && *kind as u16 == wanted);
        let (code, answers) = match self.records.get(&name) {
            _ if fails => (CODE_SERVER_FAILURE, Vec::new()),
            None => (CODE_NO_SUCH_NAME, Vec::new()),
            Some(_) => (0, self.answers(&name, wanted)),
        };
        let mut out = query[..2].to_vec();
        // A response, recursion asked for and available.
        out.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(answers.len()).ok()?, 0, 0, 0, 0]);
        out.extend(question);
        out.extend(answers.concat());
        Some(out)
    }

    fn answers(&self, name: &str, wanted: u16) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        for record in self.records.get(name).into_iter().flatten() {
            if record.kind() as u16 == wanted {
                answers.push(record.encode(name));
            } else if let Record::Cname(_, target) = record {
                answers.push(record.encode(name));
                answers.extend(self.answers(target, wanted));
            }
        }
        answers
    }
}

impl Record {
    const fn kind(&self) -> RecordType {
        match self {
            Self::A(..) => RecordType::A,
            Self::Aaaa(..) => RecordType::Aaaa,
            Self::Cname(..) => RecordType::Cname,
            Self::Srv(..) => RecordType::Srv,
        }
    }

    fn encode(&self, owner: &str) -> Vec<u8> {
        let (ttl, content) = match self {
            Self::A(ttl, address) => (ttl, address.octets().to_vec()),
            Self::Aaaa(ttl, address) => (ttl, address.octets().to_vec()),
            Self::Cname(ttl, target) => (ttl, write_name(target)),
            Self::Srv(ttl, priority, weight, port, target) => {
                let numbers = [priority, weight, port].map(|number| number.to_be_bytes());
                (ttl, [numbers.concat(), write_name(target)].concat())
            }
        };
        let length = u16::try_from(content.len()).expect("a short record").to_be_bytes();
        [
            &write_name(owner)[..],
            &(self.kind() as u16).to_be_bytes(),
            &1_u16.to_be_bytes(),
            &ttl.to_be_bytes(),
            &length,
            &content,
        ]
        .concat()
    }
}

/// The name at the start of `bytes`, in lower case and without final dot, and what follows it.
fn read_name(mut bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut labels = Vec::new();
    loop {
        let (&length, rest) = bytes.split_first()?;
        let (label, rest) = rest.split_at_checked(usize::from(length))?;
        bytes = rest;
        if label.is_empty() {
            return Some((labels.join("."), bytes));
        }
        labels.push(String::from_utf8(label.to_ascii_lowercase()).ok()?);
    }
}

fn write_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        out.push(u8::try_from(label.len()).expect("a label is short"));
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
