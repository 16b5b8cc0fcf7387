//! The heads of a request and a response, the same for HTTP/1.1 and HTTP/2.

use crate::fields::Fields;

/// The version of HTTP a message came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
    /// HTTP/2
    H2,
}

impl Version {
    /// As written in logs: `HTTP/1.1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::H2 => "HTTP/2",
        }
    }
}

/// A request method. Case matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Connect,
    Trace,
    /// Any other token.
    Other(Box<str>),
}

impl Method {
    /// Reads a token that the codec has checked.
    #[must_use]
    pub fn from_token(token: &str) -> Self {
        match token {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            "CONNECT" => Self::Connect,
            "TRACE" => Self::Trace,
            other => Self::Other(other.into()),
        }
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Connect => "CONNECT",
            Self::Trace => "TRACE",
            Self::Other(token) => token,
        }
    }
}

/// The head of a request. Reused from one exchange of a connection to the next.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The version it came in.
    pub version: Version,
    /// Host and port as the client named them: from an absolute target, `:authority` or `Host`;
    /// empty only for HTTP/1.0 without `Host`. `fields` never holds `Host`: it is kept here alone
    /// and written anew when forwarded.
    pub authority: String,
    /// Path and query as received, in origin form (`/…`, or `*` for OPTIONS).
    pub target: String,
    /// All other fields, as received (on HTTP/1: with `Connection` and framing fields still there).
    pub fields: Fields,
}

impl RequestHead {
    /// Empties the head and keeps its memory.
    pub fn clear(&mut self) {
        self.method = Method::Get;
        self.version = Version::Http11;
        self.authority.clear();
        self.target.clear();
        self.fields.clear();
    }

    /// Gives the memory back when it is more than `bytes_max` bytes: one large head shall not make
    /// an idle connection large for ever.
    pub fn trim(&mut self, bytes_max: usize) {
        let texts = self.authority.capacity() + self.target.capacity();
        if self.fields.memory_bytes() + texts > bytes_max {
            *self = Self::default();
        }
    }

    /// The target up to the `?`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.query_mark().map_or(&*self.target, |at| &self.target[..at])
    }

    /// What stands behind the first `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query_mark().map(|at| &self.target[at + 1..])
    }

    fn query_mark(&self) -> Option<usize> {
        self.target.bytes().position(|byte| byte == b'?')
    }

    /// The host of the authority as received, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        host_of(&self.authority)
    }
}

/// The head of a response, interim (1xx) ones included.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// The status, 100 to 999.
    pub status: u16,
    /// The version it came in.
    pub version: Version,
    /// All fields, as received.
    pub fields: Fields,
}

impl ResponseHead {
    /// Empties the head and keeps its memory.
    pub fn clear(&mut self) {
        self.status = 0;
        self.version = Version::Http11;
        self.fields.clear();
    }

    /// As [`RequestHead::trim`].
    pub fn trim(&mut self, bytes_max: usize) {
        if self.fields.memory_bytes() > bytes_max {
            *self = Self::default();
        }
    }

    /// Whether more heads follow for the same request (1xx except 101).
    #[must_use]
    pub const fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes; at least 1.
    Length(u64),
    /// `Transfer-Encoding: chunked`, or HTTP/2 frames without a content length.
    Chunked,
    /// Until the sender closes (HTTP/1 responses only).
    UntilClose,
}

/// The host of an authority, without its port; an IPv6 literal keeps its brackets.
#[must_use]
pub fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.find(']').map_or(authority, |end| &authority[..=end]);
    }
    let colon = authority.bytes().rposition(|byte| byte == b':');
    colon.map_or(authority, |at| &authority[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_head_is_not_kept() {
        let mut head = RequestHead::default();
        head.fields.append("a", b"1");
        head.trim(1024);
        assert_eq!(head.fields.len(), 1);
        head.fields.append("b", &[b'x'; 2048]);
        head.clear();
        head.trim(1024);
        assert_eq!(head.fields.memory_bytes(), 0);
    }
}
