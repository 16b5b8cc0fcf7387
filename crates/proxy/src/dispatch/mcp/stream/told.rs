//! One event of a server's, as the client is told it.

use std::sync::Arc;

use architrave_mcp::list::ListKind;
use architrave_mcp::message::{Message, MessageKind, Part};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_mcp::stream::Streamed;
use architrave_mcp::{content, tag};

use super::{Role, Telling};
use crate::dispatch::mcp::gathered::{answers, is_same_id, under_id};
use crate::dispatch::mcp::relay::heed_change;
use crate::mcp::LiveMcpServer;

impl Telling {
    /// Tells the client of an event.
    pub(super) fn tell(&mut self, place: usize, server: &Arc<LiveMcpServer>, event: Streamed<'_>) {
        match event {
            Streamed::Message { message, text, id } => {
                heed_change(server, message.method());
                if self.is_done() {
                    return;
                }
                self.has_marks |= id.is_some();
                let id = id.map(|id| (server.name(), id));
                self.tell_message(place, server, (&message, text), id);
            }
            Streamed::Mark { id: None, retry_ms: None } => {}
            Streamed::Mark { id, retry_ms } => {
                self.has_marks |= id.is_some();
                let id = id.map(|id| (server.name(), id));
                self.writer.mark(&mut self.out, id, retry_ms);
            }
            Streamed::Wrong(unread) => {
                // What says no id may have been anything; the answer may still come.
                let is_answer = unread.id.as_deref().is_some_and(|id| self.role.is_call_of(id));
                self.tell_wrong(server, is_answer);
            }
            Streamed::TooLarge => self.tell_wrong(server, true),
            // Of the transport of 2024-11-05, which this is not.
            Streamed::Endpoint(_) => {}
        }
    }

    fn tell_message(
        &mut self,
        place: usize,
        server: &Arc<LiveMcpServer>,
        (message, text): (&Message, &str),
        id: Option<(&str, &str)>,
    ) {
        if matches!(self.role, Role::Listen(_)) {
            return self.tell_change(place, server, (message, text));
        }
        let name = server.name();
        let mut in_words = None;
        match (message.kind(), &self.role) {
            (MessageKind::Response | MessageKind::Failure, Role::Call { id, .. }) => {
                if !answers(message, text, id) {
                    // Nobody has asked that: of whom it is, nobody can tell.
                    return;
                }
                in_words = under_id(message, text, id);
                self.is_answered = true;
            }
            // Nobody has looked at what of it its client may see.
            (MessageKind::Response, Role::Open)
                if self.service.access.is_some()
                    && ListKind::ALL.iter().any(|kind| message.has(kind.part())) =>
            {
                return;
            }
            // Where a client comes back to the stream of a request, it is answered there; and by
            // nobody but the server that was asked.
            (MessageKind::Response | MessageKind::Failure, Role::Open) if self.is_merged => {
                let asked = self.writer.asked_of(name).filter(|id| answers(message, text, id));
                let Some(asked) = asked else {
                    tracing::warn!(server = name, "a server answers what it was not asked");
                    return;
                };
                in_words = under_id(message, text, asked);
            }
            (MessageKind::Response | MessageKind::Failure, _) => {}
            (MessageKind::Notification, _)
                if self.is_merged
                    && message.method() == Some(Method::Progress)
                    && !self.is_of_its_call(name, message.raw(Part::ProgressOf, text)) =>
            {
                tracing::debug!(server = name, "a server tells of progress that is not its own");
                return;
            }
            // Clients of the modern era cannot answer.
            (MessageKind::Request, _) if self.era == Era::Modern => {
                tracing::debug!(
                    server = server.name(),
                    "a server asks a client that cannot answer"
                );
                return;
            }
            _ => {}
        }
        let told = in_words.unwrap_or_else(|| self.in_clients_words(server, message, text));
        self.writer.message(&mut self.out, id, &told);
        if matches!(message.kind(), MessageKind::Response | MessageKind::Failure) {
            self.writer.answered(name);
        }
    }

    /// Whether a server may tell of progress by this token: it is of the call whose stream this is.
    /// Tokens are counted by clients, so that others are easily guessed.
    fn is_of_its_call(&self, server: &str, token: Option<&str>) -> bool {
        let own = match &self.role {
            Role::Call { token, .. } => token.as_deref(),
            // It is not in the mark; those that clients make are as a rule the request's id.
            _ => self.writer.asked_of(server),
        };
        own.zip(token).is_some_and(|(own, token)| is_same_id(own, token))
    }

    /// A message as the client knows it: with the server's name on what the server has named.
    pub(super) fn in_clients_words(
        &self,
        server: &LiveMcpServer,
        message: &Message,
        text: &str,
    ) -> Vec<u8> {
        if !self.is_merged {
            return text.as_bytes().to_vec();
        }
        let name = server.name();
        match (message.kind(), message.method()) {
            (MessageKind::Request, _) => {
                let mut rewrite = message.rewrite();
                for part in [Part::Id, Part::ProgressToken] {
                    if let Some(raw) = message.raw(part, text) {
                        rewrite.json(part, tag::tagged(name, raw));
                    }
                }
                rewrite.apply(text)
            }
            // What the server has asked before is not wanted any more.
            (MessageKind::Notification, Some(Method::Cancelled)) => {
                let mut rewrite = message.rewrite();
                if let Some(raw) = message.raw(Part::RequestId, text) {
                    rewrite.json(Part::RequestId, tag::tagged(name, raw));
                }
                rewrite.apply(text)
            }
            _ if self.service.has_marks() => match content::mark(message, text, name) {
                Ok(edits) => edits.apply(text.as_bytes()),
                Err(_) => text.as_bytes().to_vec(),
            },
            _ => text.as_bytes().to_vec(),
        }
    }

    /// What is no message does not go on; the client is told where it was the answer.
    fn tell_wrong(&mut self, server: &LiveMcpServer, is_answer: bool) {
        tracing::warn!(server = server.name(), "an event of an MCP server is no message");
        let Role::Call { id, .. } = &self.role else { return };
        if self.is_answered || !is_answer {
            return;
        }
        let mut message = Vec::new();
        let refusal = Refusal::new(RefusalKind::ServerFailed, "it said what is no message");
        refusal.write(&mut message, Some(id), self.era);
        self.is_answered = true;
        self.writer.message(&mut self.out, None, &message);
    }
}
