//! One client that listens to several servers: it is told once what they have agreed to, and then
//! what changes. A server that is gone is one that says nothing; the others go on.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_mcp::between::changes::{self, Filter};
use architrave_mcp::list::ListKind;
use architrave_mcp::message::{Message, MessageKind, Part};
use architrave_mcp::method::Method;
use architrave_net::Timer;

use super::{Role, Telling};
use crate::mcp::LiveMcpServer;

/// What is told before all servers have agreed waits; a server that tells more meanwhile is not
/// waited for.
const HELD_BYTES_MAX: usize = 256 * 1024;

/// What a client listens for at several servers.
#[derive(Debug)]
pub(crate) struct Listening {
    /// The id of its request.
    id: String,
    /// How many servers have not said yet what they agree to.
    awaited: usize,
    agreed: Filter,
    is_acknowledged: bool,
    held: Vec<Vec<u8>>,
    held_bytes: usize,
    patience: Timer,
}

impl Listening {
    /// Nobody has agreed yet; `awaited` servers are waited for that long.
    pub(crate) fn new(id: &str, awaited: usize, patience: Duration) -> Self {
        let mut timer = Timer::new();
        timer.start(patience);
        Self {
            id: id.to_owned(),
            awaited,
            agreed: Filter::default(),
            is_acknowledged: false,
            held: Vec::new(),
            held_bytes: 0,
            patience: timer,
        }
    }

    /// The message that ends it.
    pub(super) fn end(&self) -> Vec<u8> {
        changes::ended(&self.id)
    }
}

impl Telling {
    /// Tells a client that listens.
    pub(super) fn tell_change(
        &mut self,
        place: usize,
        server: &Arc<LiveMcpServer>,
        (message, text): (&Message, &str),
    ) {
        if let Some(Method::SubscriptionsAcknowledged) = message.method() {
            let Ok(mut agreed) = Filter::read(message, text) else { return };
            for uri in &mut agreed.uris {
                if let Some(public) = self.service.public(ListKind::Resources, place, uri) {
                    *uri = public;
                }
            }
            if let Role::Listen(listening) = &mut self.role {
                listening.awaited = listening.awaited.saturating_sub(1);
                listening.agreed.join(agreed);
            }
            return;
        }
        if message.kind() != MessageKind::Notification || !message.has(Part::SubscriptionId) {
            return;
        }
        let told = self.in_clients_words(server, message, text);
        let Role::Listen(listening) = &mut self.role else { return };
        if listening.is_acknowledged {
            return self.writer.message(&mut self.out, None, &told);
        }
        listening.held_bytes += told.len();
        if listening.held_bytes > HELD_BYTES_MAX {
            listening.awaited = 0;
        }
        listening.held.push(told);
    }

    /// Tells what has been agreed to, where all have said it, or nobody waits any longer.
    pub(super) fn flush_listening(&mut self, is_time: bool) {
        let Role::Listen(listening) = &mut self.role else { return };
        if listening.is_acknowledged || !(is_time || listening.awaited == 0) {
            return;
        }
        listening.is_acknowledged = true;
        let agreed = listening.agreed.acknowledged(&listening.id);
        self.writer.message(&mut self.out, None, &agreed);
        for told in std::mem::take(&mut listening.held) {
            self.writer.message(&mut self.out, None, &told);
        }
    }

    /// Ready when servers that have not agreed are waited for no longer.
    pub(super) fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.role {
            Role::Listen(listening) if !listening.is_acknowledged => {
                listening.patience.poll_elapsed(context)
            }
            _ => Poll::Pending,
        }
    }

    /// A server's stream broke off.
    pub(super) fn lose(&mut self, server: &LiveMcpServer) {
        tracing::warn!(server = server.name(), "the stream of an MCP server broke off");
        if let Role::Listen(listening) = &mut self.role {
            listening.awaited = listening.awaited.saturating_sub(1);
        }
    }
}
