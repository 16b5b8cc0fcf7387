//! A provider of models behind every gateway that is measured: one thread, epoll, replies made
//! beforehand. It speaks OpenAI's Chat Completions, whole and streamed.
//!
//! It answers 500 to a request that a gateway did not change as it should have: the model renamed,
//! the provider's credential in place of the client's. A plain proxy changes neither; its clients
//! ask below `/plain`, where that is not demanded.
//!
//! Some gateways ask for the models that there are before they serve, and whether it is well.
//! Whoever measures asks for `/chunks`: how many of paced streams have been sent.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context, Result};
use architrave_core::{Clock, Moment};
use rustix::event::{Timespec, epoll};

/// The model as clients ask for it.
pub(crate) const MODEL: &str = "bench";
/// The model's name at the provider.
pub(crate) const UPSTREAM_MODEL: &str = "bench-upstream";
/// The provider's credential.
pub(crate) const PROVIDER_KEY: &str = "provider-key-0123456789abcdef";

/// Chunks of a stream.
pub(crate) const CHUNKS: usize = 200;
/// The most that is read of one connection before the others, and the chunks that are due, have
/// their turn.
const TURN_BYTES: usize = 128 * 1024;
/// Where the origin tells how many chunks of paced streams it has sent.
pub(crate) const COUNT_PATH: &str = "/chunks";
/// The pace of a stream that is not sent at once.
const PACE: Duration = Duration::from_millis(10);
const LISTENER: u64 = u64::MAX;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Serves until it is ended: `bench-llm-origin ADDRESS`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let address = args.first().context("bench-llm-origin needs an address")?;
    let mut origin = Origin::bind(address)?;
    loop {
        origin.step()?;
    }
}

/// How many chunks of paced streams the origin at `port` has sent since it started.
///
/// # Errors
/// When it does not tell.
pub(crate) fn chunks_sent(port: u16) -> Result<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("GET {COUNT_PATH} HTTP/1.1\r\n\r\n").as_bytes())?;
    let mut answer = vec![0; whole("200 OK", &format!("{:020}", 0)).len()];
    stream.read_exact(&mut answer)?;
    let digits = std::str::from_utf8(&answer[answer.len() - 20..])?;
    digits.parse().with_context(|| format!("the origin counts {digits:?} chunks"))
}

struct Origin {
    listener: TcpListener,
    epoll: OwnedFd,
    clock: Clock,
    connections: Vec<Option<Connection>>,
    /// Streams whose next chunk is due, the soonest first: all have the same pace.
    due: VecDeque<(Moment, usize)>,
    /// Chunks of paced streams that were sent since the start.
    sent: u64,
    replies: Replies,
    events: Vec<epoll::Event>,
}

struct Replies {
    whole: Vec<u8>,
    models: Vec<u8>,
    unknown: Vec<u8>,
    wrong: Vec<u8>,
    stream_head: Vec<u8>,
    chunk: Vec<u8>,
    last: Vec<u8>,
    all_chunks: Vec<u8>,
}

/// What a request is answered with.
enum Answer<'a> {
    /// Bytes that are there already.
    Whole(&'a [u8]),
    /// A stream with a pace.
    Paced,
    /// How many chunks were sent.
    Count,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    /// The length of the request that is being read, once its head is there.
    expected: Option<usize>,
    /// Chunks of a paced stream that are still to come.
    chunks_left: usize,
}

impl Origin {
    fn bind(address: &str) -> Result<Self> {
        let listener = TcpListener::bind(address).with_context(|| format!("binding {address}"))?;
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
        Ok(Self {
            listener,
            epoll,
            clock: Clock::system(),
            connections: Vec::new(),
            due: VecDeque::new(),
            sent: 0,
            replies: Replies::new(),
            events: Vec::with_capacity(256),
        })
    }

    fn step(&mut self) -> Result<()> {
        let now = self.clock.now();
        let patience = self.due.front().map(|(at, _)| {
            let wait = at.since(now);
            Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() }
        });
        let mut events = std::mem::take(&mut self.events);
        let spare = rustix::buffer::spare_capacity(&mut events);
        match epoll::wait(&self.epoll, spare, patience.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("waiting for events"),
        }
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER => self.accept()?,
                slot => self.turn(usize::try_from(slot).context("a slot is small")?),
            }
        }
        self.events = events;
        self.pace();
        Ok(())
    }

    fn accept(&mut self) -> Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let free = self.connections.iter().position(Option::is_none);
            let slot = free.unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let flags = epoll::EventFlags::IN | epoll::EventFlags::RDHUP;
            epoll::add(&self.epoll, &stream, epoll::EventData::new_u64(slot as u64), flags)?;
            self.connections[slot] =
                Some(Connection { stream, read: Vec::new(), expected: None, chunks_left: 0 });
        }
        Ok(())
    }

    fn turn(&mut self, slot: usize) {
        let Some(connection) = self.connections[slot].as_mut() else { return };
        match connection.turn(&self.replies, self.sent) {
            Ok(false) => {}
            Ok(true) => self.due.push_back((self.clock.now() + PACE, slot)),
            Err(_gone) => self.close(slot),
        }
    }

    /// Forgets a connection, and what it was still to be sent: its slot is the next one's.
    fn close(&mut self, slot: usize) {
        self.connections[slot] = None;
        self.due.retain(|(_, whose)| *whose != slot);
    }

    /// Sends the chunks that are due.
    fn pace(&mut self) {
        let now = self.clock.now();
        while let Some((at, slot)) = self.due.front().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_front();
            let Some(connection) = self.connections[slot].as_mut() else { continue };
            self.sent += 1;
            match connection.send_chunk(&self.replies) {
                Ok(true) => self.due.push_back((at + PACE, slot)),
                Ok(false) => {}
                Err(_gone) => self.close(slot),
            }
        }
    }
}

impl Connection {
    /// Answers the requests that are there; whether a paced stream begins.
    fn turn(&mut self, replies: &Replies, sent: u64) -> std::io::Result<bool> {
        let mut buffer = [0; 64 * 1024];
        let turn_ends = self.read.len() + TURN_BYTES;
        while self.read.len() < turn_ends {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => self.read.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let mut paced = false;
        loop {
            self.expected = self.expected.or_else(|| length_of(&self.read));
            let Some(length) = self.expected else { break };
            if length > self.read.len() {
                // At one go: growing by doubling would copy megabytes between two chunks.
                self.read.reserve_exact(length - self.read.len());
                break;
            }
            self.expected = None;
            let answer = replies.to(&self.read[..length]);
            self.read.drain(..length);
            match answer {
                Answer::Whole(reply) => self.stream.write_all(reply)?,
                Answer::Count => self.stream.write_all(&whole("200 OK", &format!("{sent:020}")))?,
                Answer::Paced => {
                    self.stream.write_all(&replies.stream_head)?;
                    self.chunks_left = CHUNKS;
                    paced = true;
                }
            }
        }
        Ok(paced)
    }

    /// Sends a chunk; whether more are to come.
    fn send_chunk(&mut self, replies: &Replies) -> std::io::Result<bool> {
        self.chunks_left -= 1;
        let last = self.chunks_left == 0;
        self.stream.write_all(if last { &replies.last } else { &replies.chunk })?;
        Ok(!last)
    }
}

/// How many bytes of a request's begin and end are looked at.
const LOOKED_AT: usize = 1024;

fn find(text: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(text, wanted).is_some()
}

/// What matters stands at either end, as every gateway has its own order of members: a long prompt
/// is not gone through.
fn find_at_ends(request: &[u8], wanted: &[u8]) -> bool {
    find(&request[..request.len().min(LOOKED_AT)], wanted)
        || find(&request[request.len().saturating_sub(LOOKED_AT)..], wanted)
}

/// Whether model and credential are the provider's.
fn is_changed(request: &[u8]) -> bool {
    let begin = &request[..request.len().min(LOOKED_AT)];
    let model = format!("\"model\":\"{UPSTREAM_MODEL}\"");
    let key = format!("Bearer {PROVIDER_KEY}\r\n");
    find_at_ends(request, model.as_bytes())
        && find(begin, key.as_bytes())
        && !find(begin, super::peer::API_KEY.as_bytes())
}

/// The length of the first request, once its head is there.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(bytes, HEAD_END)? + HEAD_END.len();
    Some(head + field(&bytes[..head], b"\ncontent-length:").unwrap_or(0))
}

fn field(head: &[u8], name: &[u8]) -> Option<usize> {
    let at = head.windows(name.len()).position(|window| window.eq_ignore_ascii_case(name))?;
    let value = &head[at + name.len()..];
    let end = value.iter().position(|byte| *byte == b'\r')?;
    std::str::from_utf8(&value[..end]).ok()?.trim().parse().ok()
}

impl Replies {
    fn to(&self, request: &[u8]) -> Answer<'_> {
        let reply = if let Some(path) = request.strip_prefix(b"GET ") {
            if path.strip_prefix(COUNT_PATH.as_bytes()).is_some_and(|rest| rest.starts_with(b" ")) {
                return Answer::Count;
            }
            let is_known = path.starts_with(b"/v1/models ") || path.starts_with(b"/health ");
            if is_known { &self.models } else { &self.unknown }
        } else if !request.starts_with(b"POST /plain/") && !is_changed(request) {
            &self.wrong
        } else if !find_at_ends(request, b"\"stream\":true") {
            &self.whole
        } else if find_at_ends(request, b"at once") {
            &self.all_chunks
        } else {
            return Answer::Paced;
        };
        Answer::Whole(reply)
    }

    fn new() -> Self {
        let usage = r#""usage":{"prompt_tokens":24,"completion_tokens":16,"total_tokens":40}"#;
        let body = format!(
            r#"{{"id":"chatcmpl-0123456789","object":"chat.completion","created":1764400000,"model":"{UPSTREAM_MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"A load balancer spreads requests over servers so that none is overwhelmed."}},"logprobs":null,"finish_reason":"stop"}}],{usage}}}"#
        );
        let chunk = format!(
            "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764400000,\"model\":\"{UPSTREAM_MODEL}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word\"}},\"finish_reason\":null}}]}}\n\n"
        );
        let end = format!(
            "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764400000,\"model\":\"{UPSTREAM_MODEL}\",\"choices\":[],{usage}}}\n\ndata: [DONE]\n\n"
        );
        let models = format!(
            r#"{{"object":"list","data":[{{"id":"{UPSTREAM_MODEL}","object":"model","created":1764400000,"owned_by":"bench"}}]}}"#
        );
        let framed = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let last = format!("{}0\r\n\r\n", framed(&end));
        let all = format!("{head}{}{last}", framed(&chunk).repeat(CHUNKS - 1));
        Self {
            whole: whole("200 OK", &body),
            models: whole("200 OK", &models),
            unknown: whole("404 Not Found", "{\"error\":\"no such path\"}"),
            wrong: whole("500 Wrong", "{\"error\":\"not changed as it should have been\"}"),
            stream_head: head.into(),
            chunk: framed(&chunk).into(),
            last: last.into(),
            all_chunks: all.into(),
        }
    }
}

fn whole(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_request_is_known_with_its_head() {
        let request = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET";
        assert_eq!(length_of(request), Some(request.len() - 3));
        assert_eq!(length_of(&request[..20]), None);
    }

    #[test]
    fn models_are_told_and_a_stream_is_known_wherever_its_member_stands() {
        let replies = Replies::new();
        let whole = |request: &str| match replies.to(request.as_bytes()) {
            Answer::Whole(reply) => String::from_utf8_lossy(reply).into_owned(),
            Answer::Paced => "paced".to_owned(),
            Answer::Count => "count".to_owned(),
        };
        assert_eq!(whole("GET /chunks HTTP/1.1\r\n\r\n"), "count");
        assert!(whole("GET /v1/models HTTP/1.1\r\n\r\n").contains(UPSTREAM_MODEL));
        assert!(whole("GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
        let chat = format!("POST /plain/ HTTP/1.1\r\n\r\n{{{}", " ".repeat(3 * LOOKED_AT));
        assert!(whole(&format!("{chat}}}")).contains("A load balancer"));
        assert_eq!(whole(&format!("{chat}\"stream\":true}}")), "paced");
    }

    #[test]
    fn what_a_gateway_did_not_change_is_noticed() {
        let right = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer {PROVIDER_KEY}\r\n\r\n{{\"model\":\"{UPSTREAM_MODEL}\"}}"
        );
        assert!(is_changed(right.as_bytes()));
        assert!(!is_changed(right.replace(UPSTREAM_MODEL, MODEL).as_bytes()));
        assert!(!is_changed(right.replace(PROVIDER_KEY, "other").as_bytes()));
    }
}
