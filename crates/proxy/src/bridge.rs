//! Servers of the Model Context Protocol that do not speak Streamable HTTP, made to: children behind
//! their standard streams, and servers of the transport of 2024-11-05. And those of one era, made to
//! speak the other (`crate::across`).
//!
//! What relays messages knows one way to a server. So each of these gets an address of this machine
//! at which it speaks Streamable HTTP, and where nobody is let in but who knows a secret of this
//! process. All of it lives on a thread of its own: a worker neither waits for a child nor wakes for
//! what it says to nobody.

mod door;
mod far;
mod line;
mod old;
mod room;
mod server;
mod speaker;
mod talk;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::across::{Across, Reach};
use architrave_core::{Secret, task};
use architrave_mcp::message::MessageLimits;
use architrave_net::h1::HeadLimits;
use architrave_net::socket::listen_tcp;
use architrave_net::whole::{WholeLimits, WholeResponse, serve_whole};
use architrave_net::{RequestHead, Stream};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{Semaphore, watch};

pub use far::{FarError, FarServers};
use line::Far;
use old::{Names, OldPlace, OldUrl};
use server::Server;

/// As many as all workers hold to all servers together.
const CONNECTIONS_MAX: usize = 4096;

/// A listener that cannot accept is tried again after that.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The door for servers that speak otherwise; cheap to clone, one for a process.
#[derive(Clone, Debug)]
struct Bridge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    /// What `Authorization` says.
    secret: Secret,
    servers: Mutex<HashMap<u64, Arc<Announced>>>,
    next: AtomicU64,
    is_closed: watch::Sender<bool>,
}

/// A server that may be asked for.
#[derive(Debug)]
struct Announced {
    name: Box<str>,
    what: What,
    is_gone: watch::Sender<bool>,
}

/// What is done for a server.
#[derive(Debug)]
enum What {
    /// Streamable HTTP is spoken for it.
    Line(Far),
    /// The other era is spoken for it.
    Across(Reach),
}

/// A server that somebody has asked for.
#[derive(Clone, Debug)]
enum Behind {
    Line(Rc<Server>),
    Across(Rc<Across>),
}

/// A server as it is reached through the bridge, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Bridged {
    bridge: Bridge,
    key: u64,
}

impl Bridge {
    /// Opens the door.
    ///
    /// # Errors
    /// When there is no port or no thread left.
    fn start() -> io::Result<Self> {
        let socket = listen_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false)?;
        let mut bytes = [0; 32];
        let random = SystemRandom::new().fill(&mut bytes);
        random.map_err(|_| io::Error::other("the system gives no random bytes"))?;
        let secret = Secret::new(format!("Bearer {}", URL_SAFE_NO_PAD.encode(bytes)));
        let inner = Arc::new(Inner {
            address: socket.local_addr()?,
            secret,
            servers: Mutex::default(),
            next: AtomicU64::new(1),
            is_closed: watch::Sender::new(false),
        });
        let serving = Arc::downgrade(&inner);
        let closed = inner.is_closed.subscribe();
        std::thread::Builder::new().name("mcp-bridge".to_owned()).spawn(move || {
            let runtime =
                Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => runtime.block_on(serve(serving, socket, closed)),
                Err(error) => {
                    tracing::error!(%error, "MCP servers that are children are not reached")
                }
            }
        })?;
        Ok(Self(inner))
    }

    /// Lets a server be asked for.
    fn announce(&self, name: &str, what: What) -> Bridged {
        let key = self.0.next.fetch_add(1, Ordering::Relaxed);
        let is_gone = watch::Sender::new(false);
        self.0.servers().insert(key, Arc::new(Announced { name: name.into(), what, is_gone }));
        Bridged { bridge: self.clone(), key }
    }
}

impl Bridged {
    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.bridge.0.address
    }

    /// The path of it there.
    pub(crate) fn target(&self) -> String {
        format!("/{}", self.key)
    }

    /// What `Authorization` must say.
    pub(crate) fn authorization(&self) -> &Secret {
        &self.bridge.0.secret
    }
}

impl Drop for Bridged {
    fn drop(&mut self) {
        if let Some(server) = self.bridge.0.servers().remove(&self.key) {
            server.is_gone.send_replace(true);
        }
    }
}

impl Inner {
    fn servers(&self) -> MutexGuard<'_, HashMap<u64, Arc<Announced>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.is_closed.send_replace(true);
    }
}

/// The servers that somebody has asked for, by their keys.
type Known = Rc<RefCell<HashMap<u64, Behind>>>;

async fn serve(
    bridge: Weak<Inner>,
    socket: std::net::TcpListener,
    mut closed: watch::Receiver<bool>,
) {
    let socket = match TcpListener::from_std(socket) {
        Ok(socket) => socket,
        Err(error) => {
            return tracing::error!(%error, "MCP servers that are children are not reached");
        }
    };
    let known = Known::default();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = closed.wait_for(|is_closed| *is_closed) => return,
        };
        let Ok((stream, _peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Who finds no room is turned away, and comes again.
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (bridge, known) = (bridge.clone(), Rc::clone(&known));
        drop(task::spawn_local(async move {
            let _place = place;
            // Whoever writes in two steps shall not wait for the other side's patience.
            let _slower = stream.set_nodelay(true);
            let answer = |head: RequestHead, body: Vec<u8>| {
                let server = server_of(&bridge, &known, &head);
                async move {
                    match server {
                        Some(Behind::Line(server)) => door::answer(&server, &head, &body).await,
                        Some(Behind::Across(across)) => across.answer(&head, &body).await,
                        None => WholeResponse { status: 404, ..WholeResponse::default() },
                    }
                }
            };
            serve_whole(Stream::from(stream), &limits(), answer).await;
        }));
    }
}

fn limits() -> WholeLimits {
    WholeLimits {
        head: HeadLimits { head_bytes_max: 64 * 1024, headers_max: 128, uri_bytes_max: 1024 },
        body_bytes_max: MessageLimits::default().bytes_max,
        message: Duration::from_secs(30),
        idle: Duration::from_secs(90),
        ends_with_client: true,
    }
}

/// The server that a request is for, if whoever sends it is one of us.
fn server_of(bridge: &Weak<Inner>, known: &Known, head: &RequestHead) -> Option<Behind> {
    let bridge = bridge.upgrade()?;
    if !bridge.secret.matches(head.fields.get("authorization")?) {
        return None;
    }
    let key = head.target.strip_prefix('/')?.parse().ok()?;
    let announced = Arc::clone(bridge.servers().get(&key)?);
    if let Some(server) = known.borrow().get(&key) {
        return Some(server.clone());
    }
    let server = match &announced.what {
        What::Line(far) => Behind::Line(Rc::new(Server::new(&announced.name, far.clone()))),
        What::Across(reach) => Behind::Across(Rc::new(Across::new(reach.clone()))),
    };
    known.borrow_mut().insert(key, server.clone());
    let (mut gone, known, ending) =
        (announced.is_gone.subscribe(), Rc::clone(known), server.clone());
    drop(task::spawn_local(async move {
        let _gone = gone.wait_for(|is_gone| *is_gone).await;
        known.borrow_mut().remove(&key);
        match ending {
            Behind::Line(server) => server.end(),
            Behind::Across(across) => across.end(),
        }
    }));
    Some(server)
}
