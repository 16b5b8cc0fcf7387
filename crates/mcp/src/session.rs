//! Sessions without a store: all that a node must know of one is in its id, sealed.
//!
//! So any node serves any request of it. Where an answer must reach a call that is open, the id says
//! on which node and worker that is.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::name::is_server;
use crate::revision::{Era, Revision};
use crate::seal::{Bound, Reading, Seal, Writing};

/// What the seal of session ids is for.
pub const SESSION_PURPOSE: &str = "mcp session";
/// What the seal of request states is for.
pub const STATE_PURPOSE: &str = "mcp request state";

/// The form of what is sealed; a later one gets another number, and this one is read on.
const FORM: u8 = 1;

/// More servers in one endpoint have no sessions together.
const SERVERS_MAX: usize = 128;
/// A server's own id that is longer is not kept: sealed it would be longer than is taken back. Those
/// of a gateway behind this one are sealed themselves.
pub const SERVER_SESSION_BYTES_MAX: usize = 5 * 1024;

/// Where in a fleet of gateways something lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Home {
    /// The node.
    pub node: u64,
    /// Its worker.
    pub worker: u16,
}

/// What a session has with one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSession {
    /// The server's name.
    pub server: String,
    /// The revision that is spoken with it.
    pub revision: Revision,
    /// Its own id for the session, where it has made one.
    pub id: Option<String>,
    /// The endpoint that has made it, where there are several.
    pub endpoint: Option<SocketAddr>,
}

/// A session of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What tells it from all others; told in logs in its place.
    pub serial: [u8; 16],
    /// The revision that the client speaks.
    pub revision: Revision,
    /// Which of what a server may ask the client can do.
    pub abilities: Abilities,
    /// Where it was made, and its open calls are.
    pub home: Home,
    /// When it ends, in seconds since 1970, whatever is done with it.
    pub ends_s: u64,
    /// What it has with servers.
    pub servers: Vec<ServerSession>,
}

/// What a client has said that it can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Abilities(u8);

impl Abilities {
    /// Its model can be asked.
    pub const SAMPLING: Self = Self(1);
    /// Its user can be asked by a form.
    pub const FORM: Self = Self(1 << 1);
    /// Its user can be sent to a URL.
    pub const URL: Self = Self(1 << 2);
    /// Its folders can be asked for.
    pub const ROOTS: Self = Self(1 << 3);
    /// Its model can be asked with tools.
    pub const SAMPLING_TOOLS: Self = Self(1 << 4);

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of another's are among them.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Session {
    /// Seals it; none where it is too large to be an id: then it has too many servers.
    #[must_use]
    pub fn seal(&self, seal: &Seal, bound: Bound<'_>) -> Option<String> {
        if self.servers.len() > SERVERS_MAX {
            return None;
        }
        let mut out = Writing::default();
        out.byte(FORM);
        out.bytes(&self.serial);
        out.byte(self.revision.to_byte());
        out.byte(self.abilities.0);
        out.number(self.home.node);
        out.bytes(&self.home.worker.to_be_bytes());
        out.number(self.ends_s);
        out.byte(u8::try_from(self.servers.len()).ok()?);
        for own in &self.servers {
            out.text(&own.server);
            out.byte(own.revision.to_byte());
            match &own.id {
                Some(id) if id.len() > SERVER_SESSION_BYTES_MAX => return None,
                Some(id) => {
                    out.byte(1);
                    out.text(id);
                }
                None => out.byte(0),
            }
            match own.endpoint {
                Some(endpoint) => {
                    out.byte(1);
                    out.bytes(&mapped(endpoint.ip()).octets());
                    out.bytes(&endpoint.port().to_be_bytes());
                }
                None => out.byte(0),
            }
        }
        seal.seal(bound, &out.0)
    }

    /// Opens an id; none where it is not ours, another's, for another endpoint, or over.
    #[must_use]
    pub fn open(seal: &Seal, bound: Bound<'_>, id: &str, now_s: u64) -> Option<Self> {
        let plain = seal.open(bound, id)?;
        let session = Self::read(&mut Reading(&plain))?;
        (session.ends_s > now_s).then_some(session)
    }

    fn read(from: &mut Reading<'_>) -> Option<Self> {
        if from.byte()? != FORM {
            return None;
        }
        let serial = from.take(16)?.try_into().ok()?;
        let revision = Revision::from_byte(from.byte()?)?;
        let abilities = Abilities(from.byte()?);
        let node = from.number()?;
        let worker = u16::from_be_bytes(from.take(2)?.try_into().ok()?);
        let ends_s = from.number()?;
        let count = from.byte()?;
        let mut servers = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let server = from.text().filter(|name| is_server(name))?.to_owned();
            let revision = Revision::from_byte(from.byte()?)?;
            let id = match from.byte()? {
                0 => None,
                _ => Some(from.text()?.to_owned()),
            };
            let endpoint = match from.byte()? {
                0 => None,
                _ => {
                    let ip: [u8; 16] = from.take(16)?.try_into().ok()?;
                    let port = u16::from_be_bytes(from.take(2)?.try_into().ok()?);
                    Some(SocketAddr::new(IpAddr::V6(Ipv6Addr::from(ip)).to_canonical(), port))
                }
            };
            servers.push(ServerSession { server, revision, id, endpoint });
        }
        let home = Home { node, worker };
        from.0.is_empty().then_some(Self { serial, revision, abilities, home, ends_s, servers })
    }

    /// What it has with a server.
    #[must_use]
    pub fn with(&self, server: &str) -> Option<&ServerSession> {
        self.servers.iter().find(|own| own.server == server)
    }

    /// The era that a server is spoken to in.
    #[must_use]
    pub fn era_of(&self, server: &str) -> Option<Era> {
        self.with(server).map(|own| own.revision.era())
    }
}

/// A call that waits for its client's answer to a server's question, between two requests of a
/// client of the modern era: what its `requestState` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// Where it is open.
    pub home: Home,
    /// Which of those there.
    pub call: u64,
    /// The digest of what was asked, so that no other request goes on with it.
    pub asked: [u8; 16],
    /// Until when it waits, in seconds since 1970.
    pub ends_s: u64,
}

impl OpenCall {
    /// Seals it.
    #[must_use]
    pub fn seal(&self, seal: &Seal, bound: Bound<'_>) -> Option<String> {
        let mut out = Writing::default();
        out.byte(FORM);
        out.number(self.home.node);
        out.bytes(&self.home.worker.to_be_bytes());
        out.number(self.call);
        out.bytes(&self.asked);
        out.number(self.ends_s);
        seal.seal(bound, &out.0)
    }

    /// Opens a state; none where it is not ours, another's, of another request, or over.
    #[must_use]
    pub fn open(
        seal: &Seal,
        bound: Bound<'_>,
        (state, asked): (&str, [u8; 16]),
        now_s: u64,
    ) -> Option<Self> {
        let plain = seal.open(bound, state)?;
        let mut from = Reading(&plain);
        if from.byte()? != FORM {
            return None;
        }
        let node = from.number()?;
        let worker = u16::from_be_bytes(from.take(2)?.try_into().ok()?);
        let call = from.number()?;
        let own = Self {
            home: Home { node, worker },
            call,
            asked: from.take(16)?.try_into().ok()?,
            ends_s: from.number()?,
        };
        (from.0.is_empty() && own.asked == asked && own.ends_s > now_s).then_some(own)
    }
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Bound<'static> = Bound { consumer: Some("mobile"), endpoint: "tools" };

    fn seal() -> Seal {
        Seal::new(SESSION_PURPOSE, &[([1; 32], [2; 32])])
    }

    fn session(servers: Vec<ServerSession>) -> Session {
        Session {
            serial: [7; 16],
            revision: Revision::V2025_11_25,
            abilities: Abilities::SAMPLING.with(Abilities::FORM),
            home: Home { node: 3, worker: 1 },
            ends_s: 100,
            servers,
        }
    }

    #[test]
    fn a_session_ends_when_it_says_so() {
        let id = session(Vec::new()).seal(&seal(), BOUND).unwrap();
        let opened = Session::open(&seal(), BOUND, &id, 99).unwrap();
        assert_eq!(opened, session(Vec::new()));
        assert!(opened.abilities.has(Abilities::FORM) && !opened.abilities.has(Abilities::ROOTS));
        assert_eq!(Session::open(&seal(), BOUND, &id, 100), None);
        let other = Bound { consumer: Some("web"), ..BOUND };
        assert_eq!(Session::open(&seal(), other, &id, 0), None);
    }

    #[test]
    fn a_session_with_ten_servers_is_an_id_that_fits_a_header() {
        let own = |at: usize| ServerSession {
            server: format!("server-{at}"),
            revision: Revision::V2025_06_18,
            id: Some("0b6f0d4e-6f0b-4c43-9d2c-3f3c5e9bb2f1".to_owned()),
            endpoint: Some("10.0.0.1:3001".parse().unwrap()),
        };
        let ten = session((0..10).map(own).collect()).seal(&seal(), BOUND).unwrap();
        assert!(ten.len() < 1200, "{}", ten.len());
        assert_eq!(session((0..129).map(own).collect()).seal(&seal(), BOUND), None);
        let long = |bytes: usize| ServerSession { id: Some("x".repeat(bytes)), ..own(0) };
        assert!(session(vec![long(SERVER_SESSION_BYTES_MAX)]).seal(&seal(), BOUND).is_some());
        let longer = long(SERVER_SESSION_BYTES_MAX + 1);
        assert_eq!(session(vec![longer]).seal(&seal(), BOUND), None);
    }

    #[test]
    fn a_state_goes_on_with_its_own_request_alone() {
        let seal = Seal::new(STATE_PURPOSE, &[([1; 32], [2; 32])]);
        let home = Home { node: 1, worker: 2 };
        let call = OpenCall { home, call: 9, asked: [5; 16], ends_s: 50 };
        let state = call.seal(&seal, BOUND).unwrap();
        assert_eq!(OpenCall::open(&seal, BOUND, (&state, [5; 16]), 49), Some(call));
        assert_eq!(OpenCall::open(&seal, BOUND, (&state, [6; 16]), 49), None);
        assert_eq!(OpenCall::open(&seal, BOUND, (&state, [5; 16]), 50), None);
    }

    fn any_server() -> impl Strategy<Value = ServerSession> {
        let endpoint = prop::option::of((any::<[u8; 4]>(), any::<bool>(), any::<u16>()));
        ("[a-z0-9-]{1,20}", 0..5_usize, prop::option::of("[!-~]{0,40}"), endpoint).prop_map(
            |(server, revision, id, endpoint)| ServerSession {
                server,
                revision: Revision::ALL[revision],
                id,
                endpoint: endpoint.map(|(ip, is_v6, port)| {
                    let ip = match is_v6 {
                        true => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(ip[3])]),
                        false => IpAddr::from(ip),
                    };
                    SocketAddr::new(ip, port)
                }),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(servers in prop::collection::vec(any_server(), 0..6)) {
            let session = session(servers);
            let id = session.seal(&seal(), BOUND).unwrap();
            prop_assert_eq!(Session::open(&seal(), BOUND, &id, 0), Some(session));
        }

        #[test]
        fn no_record_ends_it(plain in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut bytes = vec![FORM];
            bytes.extend(plain);
            let sealed = seal().seal(BOUND, &bytes).unwrap();
            let _any = Session::open(&seal(), BOUND, &sealed, 0);
            let _any = OpenCall::open(&seal(), BOUND, (&sealed, [0; 16]), 0);
        }
    }
}
