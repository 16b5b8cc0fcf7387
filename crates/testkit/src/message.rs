//! HTTP/1 messages as bytes on the wire, parsed strictly: what a careful peer would accept.
//!
//! Not the gateway's codec: written apart from it on purpose, so that both would have to be wrong
//! in the same way for a test to pass wrongly.

/// Names and values, in order and as written.
pub type Fields = Vec<(String, String)>;

/// The start line and fields of a message, in order and as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The start line, without its end.
    pub start: String,
    /// Names and values, as written but for whitespace around values.
    pub fields: Fields,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Until the connection closes.
    UntilClose,
}

/// A request that an origin got.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The request target as written.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// The head.
    pub head: Head,
    /// How the body was delimited.
    pub framing: Framing,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// The fields behind a chunked body.
    pub trailers: Fields,
    /// Whether the body was read to its end.
    pub complete: bool,
    /// Which connection of the origin it came by, from 0.
    pub connection: usize,
}

/// A response that a client got.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The head.
    pub head: Head,
    /// The heads of interim (1xx) responses before it.
    pub interim: Vec<Head>,
    /// How the body was delimited.
    pub framing: Framing,
    /// The body.
    pub body: Vec<u8>,
    /// The fields behind a chunked body.
    pub trailers: Fields,
}

impl Head {
    /// The value of the only field of this name; `None` when there is none.
    ///
    /// # Panics
    /// When there are several.
    #[must_use]
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} occurs {} times: {:?}", all.len(), self.fields);
        all.first().copied()
    }

    /// All values of a name, in order.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        let matching = self.fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        matching.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether `Connection` names `close`.
    #[must_use]
    pub fn says_close(&self) -> bool {
        let tokens = self.all("connection").join(",");
        tokens.split(',').any(|token| token.trim().eq_ignore_ascii_case("close"))
    }

    /// The status of a response head.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// Parses a whole head, its empty line included.
    ///
    /// # Errors
    /// A sentence that says what breaks the protocol.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        // Values may hold bytes of any encoding; each is then a character of its own.
        let text = std::str::from_utf8(bytes)
            .map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned);
        let text = text.strip_suffix("\r\n\r\n").ok_or("a head does not end in an empty line")?;
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let is_line = start.bytes().all(|byte| byte >= b' ' && byte != 0x7f);
        if start.is_empty() || !is_line {
            return Err(format!("bad start line {start:?}"));
        }
        let fields = lines.map(parse_field).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { start, fields })
    }

    /// How the body behind this head is delimited, for a request.
    ///
    /// # Errors
    /// A sentence that says what is ambiguous.
    pub fn request_framing(&self) -> Result<Framing, String> {
        Ok(self.framing()?.unwrap_or(Framing::None))
    }

    /// How the body behind this head is delimited, for a response to `method`.
    ///
    /// # Errors
    /// A sentence that says what is ambiguous.
    pub fn response_framing(&self, method: &str) -> Result<Framing, String> {
        let framing = self.framing()?;
        if method == "HEAD" || matches!(self.status(), 100..=199 | 204 | 304) {
            return Ok(Framing::None);
        }
        Ok(framing.unwrap_or(Framing::UntilClose))
    }

    fn framing(&self) -> Result<Option<Framing>, String> {
        let lengths = self.all("content-length");
        let codings = self.all("transfer-encoding");
        match (lengths.as_slice(), codings.as_slice()) {
            ([], []) => Ok(None),
            ([length], []) if !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit()) => {
                let length = length.parse().map_err(|_| format!("length {length} too large"))?;
                Ok(Some(Framing::Length(length)))
            }
            ([], ["chunked"]) => Ok(Some(Framing::Chunked)),
            _ => Err(format!("ambiguous framing: lengths {lengths:?}, codings {codings:?}")),
        }
    }
}

impl Request {
    /// The only value of a field; see [`Head::get`].
    #[must_use]
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.head.get(name)
    }
}

impl Response {
    /// The only value of a field; see [`Head::get`].
    #[must_use]
    #[track_caller]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.head.get(name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The member `reason` of an answer of the gateway's own.
    ///
    /// # Panics
    /// When the body is not problem+json.
    #[must_use]
    #[track_caller]
    pub fn reason(&self) -> String {
        assert_eq!(self.get("content-type"), Some("application/problem+json"), "{self:?}");
        let body: serde_json::Value =
            serde_json::from_slice(&self.body).expect("an own answer has a JSON body");
        assert_eq!(body["status"], self.status, "{body}");
        body["reason"].as_str().expect("an own answer has a reason").to_owned()
    }
}

/// Parses one field line.
///
/// # Errors
/// A sentence that says what breaks the protocol.
pub fn parse_field(line: &str) -> Result<(String, String), String> {
    let (name, value) = line.split_once(':').ok_or_else(|| format!("no colon in {line:?}"))?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("bad field name in {line:?}"));
    }
    let value = value.trim_matches([' ', '\t']);
    if value.bytes().any(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
        return Err(format!("control character in {line:?}"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Bytes as text. Values may be of any encoding: what is not UTF-8 has a character for each byte.
#[must_use]
pub fn text_of(bytes: &[u8]) -> String {
    let each = || bytes.iter().map(|byte| char::from(*byte)).collect();
    std::str::from_utf8(bytes).map_or_else(|_| each(), str::to_owned)
}
