//! What is told of changes, from one era's words to the other's.

use architrave_wire::json::{Cursor, Writer};

use crate::message::{Message, Part, Rewrite};
use crate::method::Method;
use crate::refusal::{Refusal, RefusalKind};

/// More resources than this are not listened to by one call.
pub const RESOURCES_MAX: usize = 1024;

/// What is listened for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Changes of the list of tools.
    pub tools: bool,
    /// Changes of the list of prompts.
    pub prompts: bool,
    /// Changes of the list of resources.
    pub resources: bool,
    /// Resources whose changes are listened for.
    pub uris: Vec<String>,
}

impl Filter {
    /// What a request listens for, or an acknowledgement says is.
    ///
    /// # Errors
    /// Where it cannot be read, or listens for too much.
    pub fn read(message: &Message, text: &str) -> Result<Self, Refusal> {
        let wrong = || {
            let about =
                "`params.notifications.resourceSubscriptions` must be a list of URIs, not too long";
            Refusal::new(RefusalKind::WrongParams, about)
        };
        let mut uris = Vec::new();
        if let Some(listed) = message.raw(Part::Subscriptions, text) {
            Cursor::new(listed)
                .array(|cursor| {
                    let uri = cursor.text()?;
                    if uris.len() <= RESOURCES_MAX && !uris.iter().any(|known| *known == uri) {
                        uris.push(uri.into_owned());
                    }
                    Ok(())
                })
                .map_err(|_| wrong())?;
        }
        if uris.len() > RESOURCES_MAX {
            return Err(wrong());
        }
        Ok(Self {
            tools: message.is_true(Part::ToolsChanged, text),
            prompts: message.is_true(Part::PromptsChanged, text),
            resources: message.is_true(Part::ResourcesChanged, text),
            uris,
        })
    }

    /// What both listen for together: of several servers' acknowledgements.
    pub fn join(&mut self, other: Self) {
        self.tools |= other.tools;
        self.prompts |= other.prompts;
        self.resources |= other.resources;
        for uri in other.uris {
            if !self.uris.contains(&uri) {
                self.uris.push(uri);
            }
        }
    }

    /// Whether a notification is listened for.
    #[must_use]
    pub fn wants(&self, message: &Message, text: &str) -> bool {
        match message.method() {
            Some(Method::ToolsChanged) => self.tools,
            Some(Method::PromptsChanged) => self.prompts,
            Some(Method::ResourcesChanged) => self.resources,
            Some(Method::ResourcesUpdated) => {
                let uri = message.text(Part::Uri, text).unwrap_or_default();
                self.uris.iter().any(|known| *known == uri)
            }
            _ => false,
        }
    }

    /// Writes it as both say it.
    fn write(&self, writer: &mut Writer<'_>) {
        writer.object(|writer| {
            for (part, is_wanted) in [
                (Part::ToolsChanged, self.tools),
                (Part::PromptsChanged, self.prompts),
                (Part::ResourcesChanged, self.resources),
            ] {
                if is_wanted {
                    writer.key(part.name()).truth(true);
                }
            }
            if !self.uris.is_empty() {
                writer.key(Part::Subscriptions.name()).array(|writer| {
                    self.uris.iter().for_each(|uri| writer.text(uri));
                });
            }
        });
    }

    /// The first message of a stream on which a modern client listens; `id` is that of its request.
    #[must_use]
    pub fn acknowledged(&self, id: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Writer::new(&mut out).object(|writer| {
            writer.key("jsonrpc").text("2.0");
            writer.key("method").text(Method::SubscriptionsAcknowledged.as_str());
            writer.key("params").object(|writer| {
                writer.key("_meta").object(|writer| {
                    writer.key(Part::SubscriptionId.name()).json(id);
                });
                self.write(writer.key("notifications"));
            });
        });
        out
    }

    /// The request by which a modern server is listened to. `meta` is the object of what is said
    /// beside.
    #[must_use]
    pub fn listen(&self, id: &str, meta: &str) -> Vec<u8> {
        let mut out = Vec::new();
        Writer::new(&mut out).object(|writer| {
            writer.key("jsonrpc").text("2.0");
            writer.key("id").json(id);
            writer.key("method").text(Method::SubscriptionsListen.as_str());
            writer.key("params").object(|writer| {
                writer.key("_meta").json(meta);
                self.write(writer.key("notifications"));
            });
        });
        out
    }
}

/// The request by which a legacy server is told that a resource is listened for, or no longer.
#[must_use]
pub fn subscribe(id: &str, uri: &str, is_on: bool) -> Vec<u8> {
    let method = if is_on { Method::ResourcesSubscribe } else { Method::ResourcesUnsubscribe };
    let mut out = Vec::new();
    Writer::new(&mut out).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("id").json(id);
        writer.key("method").text(method.as_str());
        writer.key("params").object(|writer| writer.key("uri").text(uri));
    });
    out
}

/// The end of a stream on which a modern client has listened, which tells that nothing went wrong.
#[must_use]
pub fn ended(id: &str) -> Vec<u8> {
    let name = Part::ResultSubscriptionId.name();
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","_meta":{{"{name}":{id}}}}}}}"#
    )
    .into_bytes()
}

/// A notification of a change, for a modern client that listens under `id`.
#[must_use]
pub fn to_modern<'m>(message: &'m Message, id: &str) -> Rewrite<'m> {
    let mut rewrite = message.rewrite();
    rewrite.json(Part::SubscriptionId, id);
    rewrite
}

/// A notification of a change, for a legacy client.
#[must_use]
pub fn to_legacy(message: &Message) -> Rewrite<'_> {
    let mut rewrite = message.rewrite();
    rewrite.take_out(Part::SubscriptionId);
    rewrite
}

/// The request that sets the level of the log in a legacy server's session.
#[must_use]
pub fn set_level(id: &str, level: &str) -> Vec<u8> {
    let mut out = Vec::new();
    Writer::new(&mut out).object(|writer| {
        writer.key("jsonrpc").text("2.0");
        writer.key("id").json(id);
        writer.key("method").text(Method::LoggingSetLevel.as_str());
        writer.key("params").object(|writer| writer.key("level").text(level));
    });
    out
}

/// What a server is told when a client does not want a request's answer any more.
#[must_use]
pub fn cancelled(id: &str) -> Vec<u8> {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
    .into_bytes()
}
