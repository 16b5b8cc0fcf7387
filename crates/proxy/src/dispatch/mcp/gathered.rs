//! An answer of a server's, read whole: a body of JSON, or events up to the one that answers.

use std::net::SocketAddr;

use architrave_core::Reason;
use architrave_mcp::header;
use architrave_mcp::message::{Body, Message, MessageKind, MessageLimits, Part};
use architrave_mcp::stream::{StreamReader, Streamed};
use architrave_net::{Fields, WireError};
use architrave_telemetry::Phase;
use architrave_wire::json::{Cursor, Kind};

use crate::attempt::Answered;
use crate::failure::Failure;
use crate::mcp::LiveMcpServer;
use crate::worker::Worker;

/// How a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerKind {
    /// With a body of JSON.
    Json,
    /// With events.
    Events,
    /// With nothing that the protocol knows.
    Other,
}

impl AnswerKind {
    /// How it says that it does.
    pub(super) fn of(fields: &Fields) -> Self {
        let said = fields.get("content-type").map(String::from_utf8_lossy).unwrap_or_default();
        let said = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*said {
            "application/json" => Self::Json,
            "text/event-stream" => Self::Events,
            _ => Self::Other,
        }
    }
}

/// An answer that was read whole.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Its status.
    pub status: u16,
    /// Its text; of events, that of the message which answers.
    pub text: String,
    /// What it is; nothing where it is no message, or none was expected.
    pub message: Option<Message>,
    /// The session that the server has made.
    pub session: Option<String>,
    /// The endpoint that has answered.
    pub endpoint: SocketAddr,
}

impl Gathered {
    /// What a server says that does not know a session, where the endpoint that would say so is not
    /// there.
    pub(super) const fn of_lost_session(endpoint: SocketAddr) -> Self {
        Self { status: 404, text: String::new(), message: None, session: None, endpoint }
    }

    /// The message, where it is the answer to the request of that id.
    pub(super) fn answer_to(&self, id: &str) -> Option<&Message> {
        self.message.as_ref().filter(|message| answers(message, &self.text, id))
    }
}

/// Whether a message answers the request of that id. Who could not read the id answers without one.
pub(super) fn answers(message: &Message, text: &str, id: &str) -> bool {
    match message.kind() {
        MessageKind::Response => message.id(text).is_some_and(|own| is_same_id(own, id)),
        MessageKind::Failure => message.id(text).is_none_or(|own| is_same_id(own, id)),
        MessageKind::Request | MessageKind::Notification => false,
    }
}

/// An answer of who could not read the id, under the id of what was asked: its client would not find
/// what it answers. Nothing where it has one.
pub(super) fn under_id(message: &Message, text: &str, id: &str) -> Option<Vec<u8>> {
    message.id(text).is_none().then(|| {
        let mut rewrite = message.rewrite();
        rewrite.json(Part::Id, id);
        rewrite.apply(text)
    })
}

/// Whether two ids say the same, however they are spelled.
pub(super) fn is_same_id(one: &str, other: &str) -> bool {
    let text = |raw: &str| {
        let mut cursor = Cursor::new(raw);
        (cursor.kind() == Kind::Text).then(|| cursor.text().ok().map(|text| text.into_owned()))?
    };
    one == other || text(one).is_some_and(|one| text(other) == Some(one))
}

/// Reads an answer whole.
///
/// # Errors
/// It broke off, takes longer than an answer may, or is larger than a message may be.
pub(super) async fn gather(
    worker: &Worker,
    server: &LiveMcpServer,
    mut answered: Box<Answered>,
    id: Option<&str>,
) -> Result<Gathered, Failure> {
    let limits = MessageLimits::default();
    let status = answered.head.status;
    let kind = AnswerKind::of(&answered.head.fields);
    let session = answered.head.fields.get(header::SESSION);
    let session = session.and_then(|id| str::from_utf8(id).ok()).map(str::to_owned);
    let endpoint = answered.endpoint.address();
    let mut bytes = Vec::new();
    let mut events = StreamReader::new(limits);
    let mut found: Option<(Message, String)> = None;
    let reading = async {
        let Some(reader) = answered.call.reader() else { return Ok(()) };
        reader.limit_stall(server.timeouts().stall);
        loop {
            let before = bytes.len();
            let count = reader.take(&mut bytes, 64 * 1024).await.map_err(|error| broken(&error))?;
            let mut is_too_large = false;
            let mut each = |event: Streamed<'_>| match (event, id) {
                (Streamed::Message { message, text, .. }, Some(id))
                    if answers(&message, text, id) =>
                {
                    found.get_or_insert((message, text.to_owned()));
                }
                (Streamed::TooLarge, _) => is_too_large = true,
                _ => {}
            };
            match (kind, count) {
                (AnswerKind::Events, 0) => events.end(&mut each),
                (AnswerKind::Events, _) => {
                    events.push(&bytes[before..], &mut each);
                    bytes.clear();
                }
                _ => {}
            }
            if count == 0 || found.is_some() {
                return Ok(());
            }
            if is_too_large || bytes.len() > limits.bytes_max {
                return Err(Failure::endpoint(
                    Reason::BadResponse,
                    Phase::ResponseBody,
                    "the server's answer is larger than a message may be",
                ));
            }
        }
    };
    // However it drips: the pace alone would let it go on for ever.
    match tokio::time::timeout(server.timeouts().answer, reading).await {
        Ok(read) => read?,
        Err(_elapsed) => {
            let about = "the server began to answer, and did not end in time";
            return Err(Failure::gateway(Reason::ResponseTimeout, Phase::ResponseBody, about));
        }
    }
    worker.keep(*answered, &server.way_at(endpoint).upstream, worker.now());
    let (text, message) = match (kind, found) {
        (_, Some((message, text))) => (text, Some(message)),
        (AnswerKind::Events, None) => (String::new(), None),
        (AnswerKind::Json | AnswerKind::Other, None) => {
            let text = String::from_utf8(bytes).unwrap_or_default();
            let message = match kind {
                AnswerKind::Json => Message::read(&text, &limits).ok(),
                _ => None,
            };
            (text, message)
        }
    };
    Ok(Gathered { status, text, message, session, endpoint })
}

/// Whether a text is several answers, as batches get them.
pub(super) fn is_batch_of_answers(text: &str) -> bool {
    let Ok(Body::Several(entries)) = Body::read(text.as_bytes(), &MessageLimits::default()) else {
        return false;
    };
    entries.iter().all(|entry| entry.message.is_ok())
}

/// What it means that an answer broke off.
pub(super) fn broken(error: &WireError) -> Failure {
    Failure::endpoint(error.upstream_reason(), Phase::ResponseBody, error.to_string())
}

/// That a server does not speak the protocol.
pub(super) fn foreign(detail: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::endpoint(Reason::BadResponse, Phase::Wait, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_by_what_they_say() {
        for (one, other, is_same) in [
            ("1", "1", true),
            (r#""a""#, r#""\u0061""#, true),
            ("1", r#""1""#, false),
            (r#""a""#, r#""b""#, false),
        ] {
            assert_eq!(is_same_id(one, other), is_same, "{one} {other}");
        }
    }
}
