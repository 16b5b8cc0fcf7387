//! What a server answers, message by message: one body of JSON, or a stream of events.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use architrave_balance::Outcome;
use architrave_mcp::header;
use architrave_mcp::message::{Message, MessageLimits};
use architrave_mcp::stream::{StreamReader, Streamed};
use architrave_net::feed::Feed;
use tokio::time::timeout;

use super::reach::{Missed, Weight};

/// What a server answers.
#[derive(Debug)]
pub(super) struct Hearing {
    feed: Feed,
    weight: Weight,
    stall: Duration,
    kind: Kind,
    heard: VecDeque<(Message, String)>,
    is_over: bool,
    /// The id of the last event, by which the stream goes on elsewhere.
    pub last_event: Option<String>,
    /// How long to wait before that.
    pub retry: Option<Duration>,
}

#[derive(Debug)]
enum Kind {
    Json(Vec<u8>),
    Events(StreamReader),
}

impl Hearing {
    pub(super) fn new(feed: Feed, weight: Weight, stall: Duration) -> Self {
        let said = feed.fields.get("content-type").unwrap_or_default().to_ascii_lowercase();
        let kind = match said.starts_with(b"text/event-stream") {
            true => Kind::Events(StreamReader::new(MessageLimits::default())),
            false => Kind::Json(Vec::new()),
        };
        let (heard, is_over) = (VecDeque::new(), false);
        Self { feed, weight, stall, kind, heard, is_over, last_event: None, retry: None }
    }

    /// The status of the answer.
    pub(super) const fn status(&self) -> u16 {
        self.feed.status
    }

    /// Who answers.
    pub(super) const fn address(&self) -> SocketAddr {
        self.feed.address
    }

    /// Whether it is a stream.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Events(_))
    }

    /// The session that it has made.
    pub(super) fn session(&self) -> Option<String> {
        let id = self.feed.fields.get(header::SESSION)?;
        std::str::from_utf8(id).ok().map(str::to_owned)
    }

    /// The next message; nothing at the end. It may be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Option<(Message, String)>, Missed> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(Some(heard));
            }
            if self.is_over {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            let read = timeout(self.stall, self.feed.next(&mut bytes)).await;
            match read {
                Ok(Ok(true)) => self.take(&bytes)?,
                Ok(Ok(false)) => self.end(),
                Ok(Err(error)) => {
                    self.weight.finish(Outcome::Failure);
                    return Err(Missed::Foreign(error.to_string()));
                }
                Err(_late) => {
                    return Err(Missed::Foreign("nothing is heard of it any more".to_owned()));
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Missed> {
        match &mut self.kind {
            Kind::Json(body) => {
                body.extend_from_slice(bytes);
                if body.len() > MessageLimits::default().bytes_max {
                    let why = "its answer is larger than a message may be";
                    return Err(Missed::Foreign(why.to_owned()));
                }
            }
            Kind::Events(reader) => {
                let (heard, last) = (&mut self.heard, &mut self.last_event);
                let retry = &mut self.retry;
                reader.push(bytes, &mut |event| note(event, heard, last, retry));
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        self.is_over = true;
        let outcome = if self.feed.status < 500 { Outcome::Success } else { Outcome::Failure };
        self.weight.finish(outcome);
        match &mut self.kind {
            Kind::Json(body) => {
                let text = String::from_utf8(std::mem::take(body)).unwrap_or_default();
                if let Ok(message) = Message::read(&text, &MessageLimits::default()) {
                    self.heard.push_back((message, text));
                }
            }
            Kind::Events(reader) => {
                let (heard, last) = (&mut self.heard, &mut self.last_event);
                let retry = &mut self.retry;
                reader.end(&mut |event| note(event, heard, last, retry));
            }
        }
    }
}

fn note(
    event: Streamed<'_>,
    heard: &mut VecDeque<(Message, String)>,
    last: &mut Option<String>,
    retry: &mut Option<Duration>,
) {
    let mut mark = |id: Option<&str>| {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            *last = Some(id.to_owned());
        }
    };
    match event {
        Streamed::Message { message, text, id } => {
            mark(id);
            heard.push_back((message, text.to_owned()));
        }
        Streamed::Mark { id, retry_ms } => {
            mark(id);
            *retry = retry_ms.map(Duration::from_millis).or(*retry);
        }
        Streamed::Endpoint(_) | Streamed::Wrong(_) | Streamed::TooLarge => {
            tracing::debug!("a message of an MCP server is lost: it is none");
        }
    }
}
