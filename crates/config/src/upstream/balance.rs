//! How an endpoint is chosen, what is hashed for it, and how a client stays with its endpoint.

use std::time::Duration;

use crate::read::{CookieName, HeaderName, Nothing, QueryName, Span, choice, record, words};

words! {
    /// How an endpoint is chosen.
    pub enum BalanceAlgorithm {
        /// Smooth weighted turns, one cursor for all workers.
        RoundRobin = "round_robin",
        /// The fewest requests in flight per weight.
        LeastRequest = "least_request",
        /// The lighter loaded of two drawn at random. The default.
        P2cLeastRequest = "p2c_least_request",
        /// The lower peak-EWMA latency times load, of two drawn at random.
        P2cEwma = "p2c_ewma",
        /// Consistent hashing on a ring, with bounded load.
        RingHash = "ring_hash",
        /// Consistent hashing by Maglev's table, with bounded load.
        Maglev = "maglev",
        /// At random, by weight.
        Random = "random",
        /// The first available one, in the order written.
        First = "first",
    }
    later "marginal_cost";
}

/// What of a request or connection is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashOn {
    /// The client's address.
    SourceAddress,
    /// A request header, by lower-case name.
    Header(String),
    /// A cookie.
    Cookie(String),
    /// A query parameter.
    Query(String),
    /// The canonical path.
    Path,
}

choice! {
    /// What of a request or connection is hashed.
    HashOn {
        /// The client's address. The default.
        "source_address": Nothing => |_| HashOn::SourceAddress,
        /// A request header, by name.
        "header": HeaderName => HashOn::Header,
        /// A cookie, by name.
        "cookie": CookieName => HashOn::Cookie,
        /// A query parameter, by name.
        "query": QueryName => HashOn::Query,
        /// The canonical path.
        "path": Nothing => |_| HashOn::Path,
    }
}

/// How a client stays with its endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// A signed cookie.
    Cookie {
        /// Its name.
        name: String,
        /// How long it lives.
        ttl: Duration,
    },
    /// A request header's value, by lower-case name.
    Header(String),
    /// The client's address.
    SourceAddress,
}

/// The name of the persistence cookie.
const COOKIE_NAME: &str = "architrave";
/// Long enough for a visit; every answer renews it.
const COOKIE_TTL: Duration = Duration::from_secs(3600);

choice! {
    /// How a client stays with its endpoint.
    Persistence {
        /// By a signed cookie.
        "cookie": PersistenceCookie => |cookie| Persistence::Cookie {
            name: cookie.name,
            ttl: cookie.ttl,
        },
        /// By the value of a request header.
        "header": HeaderName => Persistence::Header,
        /// By the client's address.
        "source_address": Nothing => |_| Persistence::SourceAddress,
    }
}

record! {
    /// A signed cookie that names an endpoint.
    #[derive(Debug)]
    struct PersistenceCookie {
        /// Its name.
        "name": CookieName = COOKIE_NAME.to_owned() => name: String,
        /// How long it lives, at least a second.
        "ttl": Span<1000> = COOKIE_TTL => ttl: Duration,
    }
}
