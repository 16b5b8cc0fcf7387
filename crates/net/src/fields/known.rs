//! The fields that the gateway itself must know, and sets of them.
//!
//! Found once, when a field is added, so that nobody behind compares names again.

/// Fields that the gateway itself must know; found once, when the field is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Known {
    /// Any other field.
    Other,
    Authorization,
    Connection,
    ContentLength,
    Cookie,
    Date,
    Expect,
    Forwarded,
    /// What else proxies say of their clients: `X-Forwarded-…` beside those below, and
    /// `Front-End-Https`. Several names, so never asked for by one.
    ForwardedOther,
    Host,
    Http2Settings,
    KeepAlive,
    Origin,
    ProxyAuthenticate,
    ProxyAuthorization,
    ProxyConnection,
    Proxy,
    Server,
    SetCookie,
    Te,
    Trailer,
    Traceparent,
    TransferEncoding,
    Upgrade,
    UserAgent,
    Via,
    XConsumerName,
    XForwardedFor,
    XForwardedHost,
    XForwardedPort,
    XForwardedProto,
    XRealIp,
    XRequestId,
}

impl Known {
    /// Which field `name` is, in any case.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        // As most write it, else in any case.
        let is =
            |usual: &str| name == usual.as_bytes() || name.eq_ignore_ascii_case(usual.as_bytes());
        // Length and first letter leave one candidate, seldom two.
        let first = name.first().map_or(0, u8::to_ascii_lowercase);
        match (name.len(), first) {
            (2, b't') if is("TE") => Self::Te,
            (3, b'v') if is("Via") => Self::Via,
            (4, b'h') if is("Host") => Self::Host,
            (4, b'd') if is("Date") => Self::Date,
            (5, b'p') if is("Proxy") => Self::Proxy,
            (6, b'c') if is("Cookie") => Self::Cookie,
            (6, b'e') if is("Expect") => Self::Expect,
            (6, b'o') if is("Origin") => Self::Origin,
            (6, b's') if is("Server") => Self::Server,
            (7, b'u') if is("Upgrade") => Self::Upgrade,
            (7, b't') if is("Trailer") => Self::Trailer,
            (9, b'f') if is("Forwarded") => Self::Forwarded,
            (9, b'x') if is("X-Real-Ip") => Self::XRealIp,
            (10, b'c') if is("Connection") => Self::Connection,
            (10, b'k') if is("Keep-Alive") => Self::KeepAlive,
            (10, b's') if is("Set-Cookie") => Self::SetCookie,
            (10, b'u') if is("User-Agent") => Self::UserAgent,
            (11, b't') if is("traceparent") => Self::Traceparent,
            (12, b'x') if is("X-Request-Id") => Self::XRequestId,
            (13, b'a') if is("Authorization") => Self::Authorization,
            (14, b'c') if is("Content-Length") => Self::ContentLength,
            (14, b'h') if is("HTTP2-Settings") => Self::Http2Settings,
            (15, b'x') if is("X-Consumer-Name") => Self::XConsumerName,
            (15, b'x') if is("X-Forwarded-For") => Self::XForwardedFor,
            (16, b'x') if is("X-Forwarded-Host") => Self::XForwardedHost,
            (16, b'x') if is("X-Forwarded-Port") => Self::XForwardedPort,
            (16, b'p') if is("Proxy-Connection") => Self::ProxyConnection,
            (17, b't') if is("Transfer-Encoding") => Self::TransferEncoding,
            (17, b'x') if is("X-Forwarded-Proto") => Self::XForwardedProto,
            (18, b'p') if is("Proxy-Authenticate") => Self::ProxyAuthenticate,
            (19, b'p') if is("Proxy-Authorization") => Self::ProxyAuthorization,
            (15, b'f') if is("Front-End-Https") => Self::ForwardedOther,
            (13.., b'x') if starts(name, b"x-forwarded-") => Self::ForwardedOther,
            _ => Self::Other,
        }
    }

    /// Whether the field speaks to the next hop only and is never forwarded (RFC 9110 §7.6.1),
    /// beside those that `Connection` names. Framing fields are among them: they are written anew.
    #[must_use]
    pub const fn is_hop_by_hop(self) -> bool {
        HOP_BY_HOP.has(self)
    }
}

/// Whether `name` begins with `start`, in any case.
fn starts(name: &[u8], start: &[u8]) -> bool {
    name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// What [`Known::is_hop_by_hop`] says of each field.
pub(crate) const HOP_BY_HOP: KnownSet = KnownSet::of(&[
    Known::Connection,
    Known::ContentLength,
    Known::Http2Settings,
    Known::KeepAlive,
    Known::Proxy,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::ProxyConnection,
    Known::Te,
    Known::Trailer,
    Known::TransferEncoding,
    Known::Upgrade,
]);

/// A set of known fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownSet(u64);

impl KnownSet {
    /// No field.
    pub const EMPTY: Self = Self(0);

    /// These fields.
    #[must_use]
    pub const fn of(fields: &[Known]) -> Self {
        let (mut set, mut next) = (Self::EMPTY, 0);
        while next < fields.len() {
            set.add(fields[next]);
            next += 1;
        }
        set
    }

    /// Whether `known` is among them.
    #[must_use]
    pub const fn has(self, known: Known) -> bool {
        self.0 & (1 << known as u64) != 0
    }

    pub(super) const fn add(&mut self, known: Known) {
        self.0 |= 1 << known as u64;
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}
