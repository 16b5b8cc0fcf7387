//! The listening sockets: one per address and worker, carried over by address from reload to
//! reload, and from an old process to a new one.
//!
//! Where a listener moves from one address of a port to all of them, the sockets of the one stay, and
//! serve for it: to close them would reset who is connecting at that moment.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use anyhow::Context;
use architrave_config::ListenerProtocol;
use architrave_net::handover::HandoverSocket;
use architrave_net::socket;
use architrave_proxy::{Assembly, Command, LiveListener, Socket};

use crate::engine::Beginning;
use crate::workers::CommandSenders;

/// How long an old process may take to send its sockets.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(10);

/// What tells a listening address from all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_tcp: bool,
    address: SocketAddr,
    /// Of the listener, when the system chooses its port: two such are two addresses.
    name: String,
}

/// The sockets of one address.
#[derive(Debug)]
struct Held {
    slot: usize,
    listener: String,
    actual: SocketAddr,
    parts: Vec<Part>,
    /// Whether nobody asked for this address by itself, but for all addresses of its port.
    is_covered: bool,
}

/// One socket, served by one worker. Our copy is for handing it on.
#[derive(Debug)]
struct Part {
    id: u64,
    worker: usize,
    copy: Socket,
}

/// All listening sockets.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    held: BTreeMap<Key, Held>,
    next_id: u64,
}

/// What an old process handed over before this one has begun with anything.
#[derive(Default)]
pub(crate) struct Inherited {
    /// Sockets, by label.
    sockets: BTreeMap<String, Vec<OwnedFd>>,
    /// What is to be known from the beginning.
    pub(crate) beginning: Option<Beginning>,
}

impl Inherited {
    /// Receives it; `tells`: the old process is of a release that tells what it knows.
    ///
    /// # Errors
    /// When the old process goes away or sends something else.
    pub(crate) fn receive(predecessor: &HandoverSocket, tells: bool) -> anyhow::Result<Self> {
        let sockets = predecessor.receive(HANDOVER_TIMEOUT).context("the old process")?;
        let mut by_label: BTreeMap<String, Vec<OwnedFd>> = BTreeMap::new();
        for (label, fd) in sockets {
            by_label.entry(label).or_default().push(fd);
        }
        let beginning = if tells { Beginning::ask(predecessor)? } else { None };
        Ok(Self { sockets: by_label, beginning })
    }

    /// Whether there is something of this label.
    #[must_use]
    pub(crate) fn has(&self, label: &str) -> bool {
        self.sockets.get(label).is_some_and(|all| !all.is_empty())
    }

    /// The sockets that overlap with an address.
    fn overlapping(&self, key: &Key) -> impl Iterator<Item = BorrowedFd<'_>> {
        let all = self
            .sockets
            .iter()
            .filter(|(label, _)| Key::of_label(label).is_some_and(|other| other.overlaps(key)));
        all.flat_map(|(_, fds)| fds.iter().map(AsFd::as_fd))
    }

    /// Takes one socket of this label.
    pub(crate) fn take(&mut self, label: &str) -> Option<OwnedFd> {
        self.sockets.get_mut(label)?.pop()
    }
}

/// Sockets that were bound for a configuration that is not yet in force.
#[derive(Debug)]
pub(crate) struct Prepared(Vec<(Key, Held)>);

impl Sockets {
    /// Binds what `assembly` wants and is not there yet; nothing is served before
    /// [`Sockets::apply`].
    ///
    /// # Errors
    /// When an address is taken or not ours; what had been bound is closed again.
    pub(crate) fn prepare(
        &mut self,
        assembly: &Assembly,
        workers: usize,
        inherited: &mut Inherited,
    ) -> anyhow::Result<Prepared> {
        let mut prepared = Vec::new();
        let wanted = wanted(assembly);
        for (key, listener) in &wanted {
            if self.held.contains_key(key) {
                continue;
            }
            let held = self.bind(key, listener, workers, inherited).with_context(|| {
                format!("listener {}: cannot listen on {}", listener.config.name, key.address)
            })?;
            prepared.push((key.clone(), held));
        }
        // What an old process had beside them.
        let labels: Vec<String> = inherited.sockets.keys().cloned().collect();
        for key in labels.iter().filter_map(|label| Key::of_label(label)) {
            if let Some(listener) = covering(&key, &wanted) {
                let held = self.bind(&key, listener, workers, inherited)?;
                prepared.push((key, Held { is_covered: true, ..held }));
            }
        }
        Ok(Prepared(prepared))
    }

    fn bind(
        &mut self,
        key: &Key,
        listener: &LiveListener,
        workers: usize,
        inherited: &mut Inherited,
    ) -> io::Result<Held> {
        let given = inherited.sockets.remove(&key.label()).unwrap_or_default();
        let mut sockets: Vec<Socket> = given.into_iter().map(|fd| from_fd(key, fd)).collect();
        let mut address = match sockets.first() {
            Some(first) => local_address(first)?,
            None => key.address,
        };
        if sockets.is_empty() && address.port() != 0 {
            let held = self.held.iter().filter(|(other, _)| other.overlaps(key));
            let held = held.flat_map(|(_, held)| held.parts.iter().map(|part| fd_of(&part.copy)));
            let ours: Vec<_> = held.chain(inherited.overlapping(key)).collect();
            socket::check_free_beside(address, key.is_tcp, &ours)?;
        }
        while sockets.len() < workers {
            let socket = bind_one(key.is_tcp, address)?;
            address = local_address(&socket)?;
            sockets.push(socket);
        }
        // Every inherited socket gets a worker: connections are queued on each of them.
        let parts = sockets.into_iter().enumerate().map(|(place, copy)| {
            self.next_id += 1;
            Part { id: self.next_id, worker: place % workers, copy }
        });
        Ok(Held {
            slot: listener.slot,
            listener: listener.config.name.as_str().to_owned(),
            actual: address,
            parts: parts.collect(),
            is_covered: false,
        })
    }

    /// Hands what was prepared to the workers, and takes from them what is no longer wanted. To be
    /// called when `assembly` is in force.
    ///
    /// # Errors
    /// When no more files can be opened.
    pub(crate) async fn apply(
        &mut self,
        prepared: Prepared,
        assembly: &Assembly,
        senders: &CommandSenders,
    ) -> io::Result<()> {
        for (key, held) in prepared.0 {
            for part in &held.parts {
                let socket = copy(&part.copy)?;
                let command = Command::Serve { id: part.id, slot: held.slot, socket };
                senders.send(part.worker, command).await;
            }
            self.held.insert(key, held);
        }
        let wanted = wanted(assembly);
        let is_gone = |key: &Key| !wanted.contains_key(key) && covering(key, &wanted).is_none();
        let gone: Vec<Key> = self.held.keys().filter(|key| is_gone(key)).cloned().collect();
        for key in gone {
            let Some(held) = self.held.remove(&key) else { continue };
            // Of all addresses of the port, some are still served: who is queued may be theirs.
            let heir = wanted.iter().find(|(other, _)| other.overlaps(&key));
            for Part { id, worker, copy } in held.parts {
                // Ours first: as long as any copy is open, connections would queue up for nobody.
                drop(copy);
                if let Some((_, heir)) = heir {
                    senders.send(worker, Command::Move { id, slot: heir.slot }).await;
                }
                senders.send(worker, Command::Close { id }).await;
            }
        }
        for (key, held) in &mut self.held {
            held.is_covered = !wanted.contains_key(key);
            let listener = wanted.get(key).copied().or_else(|| covering(key, &wanted));
            let Some(listener) = listener else { continue };
            if held.slot != listener.slot {
                held.slot = listener.slot;
                held.listener = listener.config.name.as_str().to_owned();
                for part in &held.parts {
                    let command = Command::Move { id: part.id, slot: held.slot };
                    senders.send(part.worker, command).await;
                }
            }
        }
        Ok(())
    }

    /// Where each listener really listens.
    #[must_use]
    pub(crate) fn addresses(&self) -> Vec<(String, SocketAddr)> {
        let wanted = self.held.values().filter(|held| !held.is_covered);
        wanted.map(|held| (held.listener.clone(), held.actual)).collect()
    }

    /// Every socket with its label, for a new process.
    #[must_use]
    pub(crate) fn labelled(&self) -> Vec<(String, BorrowedFd<'_>)> {
        (self.held.iter())
            .flat_map(|(key, held)| held.parts.iter().map(|part| (key.label(), fd_of(&part.copy))))
            .collect()
    }

    /// Closes our copies, so that the workers' own are the last.
    pub(crate) fn release(&mut self) {
        self.held.clear();
    }
}

impl Key {
    fn label(&self) -> String {
        let kind = if self.is_tcp { "tcp" } else { "udp" };
        format!("{kind} {} {}", self.address, self.name)
    }

    /// `None` where it is the label of something else.
    fn of_label(label: &str) -> Option<Self> {
        let mut words = label.splitn(3, ' ');
        let is_tcp = match words.next()? {
            "tcp" => true,
            "udp" => false,
            _ => return None,
        };
        let (address, name) = (words.next()?.parse().ok()?, words.next()?.to_owned());
        Some(Self { is_tcp, address, name })
    }

    /// Whether some of the same connections come to both.
    fn overlaps(&self, other: &Self) -> bool {
        self.is_tcp == other.is_tcp
            && self.address.port() != 0
            && socket::overlap(self.address, other.address)
    }
}

/// The addresses that an assembly wants.
fn wanted(assembly: &Assembly) -> BTreeMap<Key, &LiveListener> {
    let listeners = assembly.listeners.iter();
    listeners.flat_map(|listener| keys(listener).map(move |key| (key, &**listener))).collect()
}

/// The listener at all addresses of a port that takes what comes to one of them.
fn covering<'a>(key: &Key, wanted: &BTreeMap<Key, &'a LiveListener>) -> Option<&'a LiveListener> {
    let covers = |other: &Key| other.address.ip().is_unspecified() && other.overlaps(key);
    wanted.iter().find(|(other, _)| covers(other)).map(|(_, listener)| *listener)
}

fn keys(listener: &LiveListener) -> impl Iterator<Item = Key> + '_ {
    let config = &listener.config;
    let is_tcp = !matches!(config.protocol, ListenerProtocol::Udp(_));
    config.ports.clone().map(move |port| Key {
        is_tcp,
        address: SocketAddr::new(config.ip, port),
        name: if port == 0 { config.name.as_str().to_owned() } else { String::new() },
    })
}

fn bind_one(is_tcp: bool, address: SocketAddr) -> io::Result<Socket> {
    Ok(if is_tcp {
        Socket::Tcp(socket::listen_tcp(address, true)?)
    } else {
        Socket::Udp(socket::bind_udp(address, true)?)
    })
}

fn from_fd(key: &Key, fd: OwnedFd) -> Socket {
    if key.is_tcp { Socket::Tcp(TcpListener::from(fd)) } else { Socket::Udp(UdpSocket::from(fd)) }
}

fn copy(socket: &Socket) -> io::Result<Socket> {
    Ok(match socket {
        Socket::Tcp(socket) => Socket::Tcp(socket.try_clone()?),
        Socket::Udp(socket) => Socket::Udp(socket.try_clone()?),
    })
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    match socket {
        Socket::Tcp(socket) => socket.local_addr(),
        Socket::Udp(socket) => socket.local_addr(),
    }
}

fn fd_of(socket: &Socket) -> BorrowedFd<'_> {
    match socket {
        Socket::Tcp(socket) => socket.as_fd(),
        Socket::Udp(socket) => socket.as_fd(),
    }
}
