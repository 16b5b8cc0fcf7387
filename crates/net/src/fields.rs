//! The header fields of one message: names and values as spans of one arena of bytes.
//!
//! Why not `http::HeaderMap`: a proxy reads few fields, changes fewer and copies all of them;
//! one arena that is filled by one pass over the head, kept in order and in the case it came in,
//! costs no allocation per field and none per message once warm.

/// The longest name of a field, in bytes: none in use comes near it.
pub const NAME_BYTES_MAX: usize = 256;

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
        let is = |lower: &str| name.eq_ignore_ascii_case(lower.as_bytes());
        match name.len() {
            2 if is("te") => Self::Te,
            3 if is("via") => Self::Via,
            4 if is("host") => Self::Host,
            4 if is("date") => Self::Date,
            5 if is("proxy") => Self::Proxy,
            6 if is("cookie") => Self::Cookie,
            6 if is("expect") => Self::Expect,
            6 if is("origin") => Self::Origin,
            6 if is("server") => Self::Server,
            7 if is("upgrade") => Self::Upgrade,
            7 if is("trailer") => Self::Trailer,
            9 if is("forwarded") => Self::Forwarded,
            9 if is("x-real-ip") => Self::XRealIp,
            10 if is("connection") => Self::Connection,
            10 if is("keep-alive") => Self::KeepAlive,
            10 if is("set-cookie") => Self::SetCookie,
            10 if is("user-agent") => Self::UserAgent,
            11 if is("traceparent") => Self::Traceparent,
            12 if is("x-request-id") => Self::XRequestId,
            13 if is("authorization") => Self::Authorization,
            14 if is("content-length") => Self::ContentLength,
            14 if is("http2-settings") => Self::Http2Settings,
            15 if is("x-forwarded-for") => Self::XForwardedFor,
            16 if is("x-forwarded-host") => Self::XForwardedHost,
            16 if is("x-forwarded-port") => Self::XForwardedPort,
            16 if is("proxy-connection") => Self::ProxyConnection,
            17 if is("transfer-encoding") => Self::TransferEncoding,
            17 if is("x-forwarded-proto") => Self::XForwardedProto,
            18 if is("proxy-authenticate") => Self::ProxyAuthenticate,
            19 if is("proxy-authorization") => Self::ProxyAuthorization,
            _ => Self::Other,
        }
    }

    /// Whether the field speaks to the next hop only and is never forwarded (RFC 9110 §7.6.1),
    /// beside those that `Connection` names. Framing fields are among them: they are written anew.
    #[must_use]
    pub const fn is_hop_by_hop(self) -> bool {
        matches!(
            self,
            Self::Connection
                | Self::ContentLength
                | Self::Http2Settings
                | Self::KeepAlive
                | Self::Proxy
                | Self::ProxyAuthenticate
                | Self::ProxyAuthorization
                | Self::ProxyConnection
                | Self::Te
                | Self::Trailer
                | Self::TransferEncoding
                | Self::Upgrade
        )
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    name_bytes: u16,
    known: Known,
    value_bytes: u32,
}

/// One field, as seen in [`Fields::iter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, in the case it came in.
    pub name: &'a [u8],
    /// Its value, without leading and trailing white space.
    pub value: &'a [u8],
    /// Which field it is.
    pub known: Known,
}

/// The fields of one message, in order. Names are compared without regard to case.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

impl Fields {
    /// No fields, no allocation.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), entries: Vec::new() }
    }

    /// Removes every field and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a field at the end. The name must be a token and the value free of CR, LF and NUL:
    /// the codec and the configuration check that before they come here; a value made of anything
    /// else goes through [`is_value`] first.
    pub fn append(&mut self, name: &str, value: &[u8]) {
        self.append_bytes(name.as_bytes(), value);
    }

    /// [`Fields::append`] for a name that came as bytes.
    pub fn append_bytes(&mut self, name: &[u8], value: &[u8]) {
        self.append_known(Known::of(name), name, value);
    }

    /// [`Fields::append`] where the caller knows which field it is.
    pub fn append_known(&mut self, known: Known, name: &[u8], value: &[u8]) {
        debug_assert!(is_name(name) && is_value(value));
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries.push(Entry {
            start,
            name_bytes: u16::try_from(name.len()).unwrap_or(u16::MAX),
            known,
            value_bytes: u32::try_from(value.len()).unwrap_or(u32::MAX),
        });
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = Field<'_>> {
        self.entries.iter().map(|entry| self.field(*entry))
    }

    /// The first value of a known field.
    #[must_use]
    pub fn get_known(&self, known: Known) -> Option<&[u8]> {
        let entry = self.entries.iter().find(|entry| entry.known == known)?;
        Some(self.field(*entry).value)
    }

    /// Every value of a known field, in order.
    pub fn all_known(&self, known: Known) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().filter(move |entry| entry.known == known).map(|e| self.field(*e).value)
    }

    /// The first value of the field `name`, given in lower case.
    #[must_use]
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every value of the field `name`, given in lower case, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.entries
            .iter()
            .filter(move |entry| usize::from(entry.name_bytes) == name.len())
            .map(|entry| self.field(*entry))
            .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
            .map(|field| field.value)
    }

    /// Whether the field `name`, given in lower case, is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Replaces every field `name` by one with this value, at the end.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.remove(name);
        self.append(name, value);
    }

    /// Removes every field `name`, given in lower case.
    pub fn remove(&mut self, name: &str) {
        self.retain(|field| !field.name.eq_ignore_ascii_case(name.as_bytes()));
    }

    /// Removes every occurrence of a known field.
    pub fn remove_known(&mut self, known: Known) {
        self.entries.retain(|entry| entry.known != known);
    }

    /// Keeps the fields for which `keep` says so.
    pub fn retain(&mut self, keep: impl Fn(Field<'_>) -> bool) {
        let bytes = &self.bytes;
        self.entries.retain(|entry| keep(field_of(bytes, *entry)));
    }

    /// Bytes that the fields take, as counted against limits: names, values and 4 each.
    #[must_use]
    pub fn byte_count(&self) -> usize {
        self.entries.iter().map(|e| usize::from(e.name_bytes) + e.value_bytes as usize + 4).sum()
    }

    fn field(&self, entry: Entry) -> Field<'_> {
        field_of(&self.bytes, entry)
    }
}

fn field_of(bytes: &[u8], entry: Entry) -> Field<'_> {
    let start = entry.start as usize;
    let middle = start + usize::from(entry.name_bytes);
    let end = middle + entry.value_bytes as usize;
    Field { name: &bytes[start..middle], value: &bytes[middle..end], known: entry.known }
}

/// Says whether `name` is a token (RFC 9110 §5.6.2) short enough to be a field name.
#[must_use]
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= usize::from(u16::MAX)
        && name.iter().all(|b| is_token_byte(*b))
}

/// Says whether `value` may stand as a field value: no control character but tab.
#[must_use]
pub fn is_value(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff))
}

/// Says whether `byte` may stand in a token.
#[must_use]
pub const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*'
        | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_case() {
        let mut fields = Fields::new();
        fields.append("Host", b"a");
        fields.append("X-One", b"1");
        fields.append("x-one", b"2");
        assert_eq!(fields.get_known(Known::Host), Some(&b"a"[..]));
        assert_eq!(fields.all("x-one").collect::<Vec<_>>(), [b"1", b"2"]);
        fields.set("x-one", b"3");
        let names: Vec<_> = fields.iter().map(|field| field.name.to_vec()).collect();
        assert_eq!(names, [b"Host".to_vec(), b"x-one".to_vec()]);
        fields.remove("host");
        assert_eq!(fields.get_known(Known::Host), None);
        assert_eq!(fields.len(), 1);
    }

    #[test]
    fn control_characters_are_no_value() {
        assert!(is_value(b"a\tb \xff"));
        for bad in [&b"a\r"[..], b"a\nb", b"\0", b"\x7f"] {
            assert!(!is_value(bad));
        }
        assert!(!is_name(b"a b") && !is_name(b"") && is_name(b"x-y_z"));
    }
}
