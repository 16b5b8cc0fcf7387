//! A server's stream of events, event by event: what each is, and how it goes on to the client.
//!
//! Ids are those of several servers' streams as one: whoever comes back with the last one that he
//! has seen finds all of them again.

use std::borrow::Cow;

use architrave_wire::sse::{Event, EventReader, TooLarge, write_event};

use crate::marks::Marks;
use crate::message::{Body, Message, MessageLimits, Unread};
use crate::refusal::RefusalKind;

/// One event of a stream.
#[derive(Debug)]
pub enum Streamed<'e> {
    /// A message, and its text.
    Message {
        /// What it was found to be.
        message: Message,
        /// Its text.
        text: &'e str,
        /// The id of its event.
        id: Option<&'e str>,
    },
    /// Nothing but an id, or how long to wait before coming back: a client is to remember both.
    Mark {
        /// The id.
        id: Option<&'e str>,
        /// Milliseconds.
        retry_ms: Option<u64>,
    },
    /// Where messages are to be sent: the first event of the transport of 2024-11-05.
    Endpoint(Cow<'e, str>),
    /// What is no message of the protocol: it does not go on.
    Wrong(Unread),
    /// It is larger than is taken: it does not go on.
    TooLarge,
}

/// Reads the events of a server.
#[derive(Debug)]
pub struct StreamReader {
    events: EventReader,
    limits: MessageLimits,
}

impl StreamReader {
    /// At the start of a stream.
    #[must_use]
    pub fn new(limits: MessageLimits) -> Self {
        Self { events: EventReader::new(limits.bytes_max), limits }
    }

    /// Reads the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Streamed<'_>)) {
        let limits = self.limits;
        self.events.push(bytes, &mut |event| streamed(event, &limits, each));
    }

    /// The stream has ended.
    pub fn end(&mut self, each: &mut dyn FnMut(Streamed<'_>)) {
        let limits = self.limits;
        self.events.end(&mut |event| streamed(event, &limits, each));
    }
}

fn streamed(
    event: Result<Event<'_>, TooLarge>,
    limits: &MessageLimits,
    each: &mut dyn FnMut(Streamed<'_>),
) {
    let Ok(Event { name, id, retry_ms, data }) = event else { return each(Streamed::TooLarge) };
    // The first event of a stream that one may come back to has an id and nothing to say.
    let Some(data) = data.filter(|data| !data.is_empty()) else {
        return each(Streamed::Mark { id, retry_ms });
    };
    match name {
        "endpoint" => return each(Streamed::Endpoint(String::from_utf8_lossy(data))),
        "" | "message" => {}
        // Whoever listens for messages is not told of events of another name.
        _ => return each(Streamed::Mark { id, retry_ms }),
    }
    let read = Body::text(data).and_then(|text| Ok((Message::read(text, limits)?, text)));
    match read {
        Ok((message, text)) => each(Streamed::Message { message, text, id }),
        Err(unread) if unread.refusal.kind == RefusalKind::Batch => {
            several((data, limits), (id, unread), each);
        }
        Err(unread) => each(Streamed::Wrong(unread)),
    }
}

/// Several messages in one event, as servers of 2025-03-26 may put them. Who comes back behind it has
/// seen the last of them.
fn several(
    (data, limits): (&[u8], &MessageLimits),
    (id, unread): (Option<&str>, Unread),
    each: &mut dyn FnMut(Streamed<'_>),
) {
    let (Ok(text), Ok(Body::Several(entries))) = (Body::text(data), Body::read(data, limits))
    else {
        return each(Streamed::Wrong(unread));
    };
    if entries.iter().any(|entry| entry.message.is_err()) {
        return each(Streamed::Wrong(unread));
    }
    let last = entries.len() - 1;
    for (place, entry) in entries.into_iter().enumerate() {
        let id = id.filter(|_| place == last);
        if let Ok(message) = entry.message {
            each(Streamed::Message { message, text: &text[entry.range], id });
        }
    }
}

/// Writes the events of a client's stream.
#[derive(Debug, Default)]
pub struct StreamWriter {
    marks: Marks,
    /// The request that is answered, by the server that was asked and the JSON of its id.
    answering: Option<(String, String)>,
}

impl StreamWriter {
    /// At the start of a stream, or where a client comes back to it that has seen this id last.
    #[must_use]
    pub fn new(last_event: Option<&str>) -> Self {
        let marks = last_event.and_then(Marks::decode).unwrap_or_default();
        Self { marks, answering: None }
    }

    /// The same for the stream with which a server answers a request: whoever comes back to it is
    /// known to have asked that.
    #[must_use]
    pub fn answering(mut self, server: &str, id: &str) -> Self {
        self.answering = Some((server.to_owned(), id.to_owned()));
        self
    }

    /// The JSON of the id of the request that a server's stream answers, which is come back to.
    #[must_use]
    pub fn asked_of(&self, server: &str) -> Option<&str> {
        self.marks.asked_of(server)
    }

    /// What was asked of a server has been answered.
    pub fn answered(&mut self, server: &str) {
        self.marks.set_asked(server, None);
    }

    /// The id that a server's stream is to go on behind.
    #[must_use]
    pub fn last_of(&self, server: &str) -> Option<&str> {
        self.marks.of(server)
    }

    /// Appends a message; `id` is that of the event that it came in, and of which server.
    pub fn message(&mut self, out: &mut Vec<u8>, id: Option<(&str, &str)>, message: &[u8]) {
        let id = id.map(|(server, id)| self.marked(server, id));
        let event =
            Event { name: "message", id: id.as_deref(), retry_ms: None, data: Some(message) };
        write_event(out, &event);
    }

    /// Appends what only says an id, or how long to wait.
    pub fn mark(&mut self, out: &mut Vec<u8>, id: Option<(&str, &str)>, retry_ms: Option<u64>) {
        let id = id.map(|(server, id)| self.marked(server, id));
        write_event(out, &Event { name: "", id: id.as_deref(), retry_ms, data: Some(b"") });
    }

    fn marked(&mut self, server: &str, id: &str) -> String {
        self.marks.set(server, id);
        if let Some((_, asked)) = self.answering.as_ref().filter(|(of, _)| of == server) {
            self.marks.set_asked(server, Some(asked));
        }
        self.marks.encode_newest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8], cut: usize) -> Vec<String> {
        let mut told = Vec::new();
        let mut reader =
            StreamReader::new(MessageLimits { bytes_max: 200, ..MessageLimits::default() });
        let mut each = |event: Streamed<'_>| {
            told.push(match event {
                Streamed::Message { message, text, id } => {
                    format!("{:?} {:?} {id:?}", message.kind(), message.id(text))
                }
                Streamed::Mark { id, retry_ms } => format!("mark {id:?} {retry_ms:?}"),
                Streamed::Endpoint(path) => format!("endpoint {path}"),
                Streamed::Wrong(unread) => unread.refusal.kind.word().to_owned(),
                Streamed::TooLarge => "too large".to_owned(),
            });
        };
        bytes.chunks(cut).for_each(|piece| reader.push(piece, &mut each));
        reader.end(&mut each);
        told
    }

    #[test]
    fn events_are_what_they_are_however_they_are_cut() {
        let large = "x".repeat(300);
        let text = format!(
            "event: endpoint\ndata: /messages?s=1\n\nid: 1\nretry: 500\ndata:\n\n: alive\n\nid: 2\nevent: message\ndata: {{\"jsonrpc\":\"2.0\",\ndata: \"id\":7,\"result\":{{}}}}\n\ndata: {large}\n\ndata: [1]\n\nevent: ping\ndata: 12345\n\nid: 3\ndata: [{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}},{{\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{{}}}}]\n\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}}\n\n"
        );
        let wanted = [
            "endpoint /messages?s=1",
            "mark Some(\"1\") Some(500)",
            "Response Some(\"7\") Some(\"2\")",
            "too large",
            "batch",
            "mark None None",
            "Notification None None",
            "Response Some(\"8\") Some(\"3\")",
            "Notification None None",
        ];
        for cut in [1, 3, 7, 4096] {
            assert_eq!(told(text.as_bytes(), cut), wanted);
        }
    }

    #[test]
    fn a_client_that_comes_back_finds_every_server_where_it_was() {
        let mut writer = StreamWriter::new(None);
        let mut out = Vec::new();
        writer.mark(&mut out, Some(("orders", "1")), Some(50));
        writer.message(&mut out, Some(("docs", "a~b")), br#"{"jsonrpc":"2.0","method":"x"}"#);
        writer.message(&mut out, None, b"{}");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "id: orders=1\nretry: 50\ndata: \n\nevent: message\nid: orders=1~docs=a%7Eb\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\nevent: message\ndata: {}\n\n"
        );
        let back = StreamWriter::new(Some("orders=1~docs=a%7Eb"));
        assert_eq!((back.last_of("orders"), back.last_of("docs")), (Some("1"), Some("a~b")));
        assert_eq!(StreamWriter::new(Some("forged")).last_of("orders"), None);
    }
}
