//! Every request and notification of every revision: who sends it, since when, until when, and what
//! it needs to say.
//!
//! What is in no revision is `None` everywhere, and goes through where a rule lets it.

use crate::message::Part;
use crate::revision::{Era, Revision};

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sender {
    /// The client alone.
    Client,
    /// The server alone.
    Server,
    /// Either.
    Either,
}

/// Whether an answer is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// There is an id, and an answer.
    Request,
    /// There is neither.
    Notification,
}

/// What a member must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Must {
    /// A string.
    Text,
    /// An object.
    Object,
    /// A string or a whole number.
    Token,
}

/// What a method says of one of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Takes {
    /// The member.
    pub part: Part,
    /// What it must be.
    pub must: Must,
    /// Whether it must be there.
    pub is_needed: bool,
}

const fn needs(part: Part, must: Must) -> Takes {
    Takes { part, must, is_needed: true }
}

const fn takes(part: Part, must: Must) -> Takes {
    Takes { part, must, is_needed: false }
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])* $method:ident = $name:literal
        $call:ident of $sender:ident, $since:ident..$until:ident, [$($takes:expr),*];)*) => {
        /// A request or notification that a revision has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Method {
            $($(#[doc = $doc])* $method,)*
        }

        impl Method {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$method),*];

            /// As it is written on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$method => $name,)* }
            }

            /// The one that is written so.
            #[must_use]
            pub fn named(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$method),)* _ => None }
            }

            /// Whether it is a request.
            #[must_use]
            pub const fn call(self) -> Call {
                match self { $(Self::$method => Call::$call,)* }
            }

            /// Who sends it.
            #[must_use]
            pub const fn sender(self) -> Sender {
                match self { $(Self::$method => Sender::$sender,)* }
            }

            /// The first revision that has it.
            #[must_use]
            pub const fn since(self) -> Revision {
                match self { $(Self::$method => Revision::$since,)* }
            }

            /// The last revision that has it.
            #[must_use]
            pub const fn until(self) -> Revision {
                match self { $(Self::$method => Revision::$until,)* }
            }

            /// What it says of its members.
            #[must_use]
            pub const fn takes(self) -> &'static [Takes] {
                match self { $(Self::$method => const { &[$($takes),*] },)* }
            }
        }
    };
}

methods! {
    /// Makes a session.
    Initialize = "initialize" Request of Client, V2024_11_05..V2025_11_25,
        [needs(Part::Version, Must::Text), takes(Part::Capabilities, Must::Object), takes(Part::ClientInfo, Must::Object)];
    /// Asks for a sign of life.
    Ping = "ping" Request of Either, V2024_11_05..V2025_11_25, [];
    /// Asks what a server can do.
    ServerDiscover = "server/discover" Request of Client, V2026_07_28..V2026_07_28, [];
    /// Lists tools.
    ToolsList = "tools/list" Request of Client, V2024_11_05..V2026_07_28, [takes(Part::Cursor, Must::Text)];
    /// Calls a tool.
    ToolsCall = "tools/call" Request of Client, V2024_11_05..V2026_07_28,
        [needs(Part::Name, Must::Text), takes(Part::Arguments, Must::Object), takes(Part::Task, Must::Object),
         takes(Part::InputResponses, Must::Object), takes(Part::RequestState, Must::Text)];
    /// Lists resources.
    ResourcesList = "resources/list" Request of Client, V2024_11_05..V2026_07_28, [takes(Part::Cursor, Must::Text)];
    /// Lists templates of resources.
    ResourcesTemplatesList = "resources/templates/list" Request of Client, V2024_11_05..V2026_07_28,
        [takes(Part::Cursor, Must::Text)];
    /// Reads a resource.
    ResourcesRead = "resources/read" Request of Client, V2024_11_05..V2026_07_28,
        [needs(Part::Uri, Must::Text), takes(Part::InputResponses, Must::Object), takes(Part::RequestState, Must::Text)];
    /// Asks to be told when a resource changes.
    ResourcesSubscribe = "resources/subscribe" Request of Client, V2024_11_05..V2025_11_25, [needs(Part::Uri, Must::Text)];
    /// Asks to be told no longer.
    ResourcesUnsubscribe = "resources/unsubscribe" Request of Client, V2024_11_05..V2025_11_25,
        [needs(Part::Uri, Must::Text)];
    /// Listens for changes.
    SubscriptionsListen = "subscriptions/listen" Request of Client, V2026_07_28..V2026_07_28,
        [needs(Part::Filter, Must::Object)];
    /// Lists prompts.
    PromptsList = "prompts/list" Request of Client, V2024_11_05..V2026_07_28, [takes(Part::Cursor, Must::Text)];
    /// Gets a prompt.
    PromptsGet = "prompts/get" Request of Client, V2024_11_05..V2026_07_28,
        [needs(Part::Name, Must::Text), takes(Part::Arguments, Must::Object), takes(Part::InputResponses, Must::Object),
         takes(Part::RequestState, Must::Text)];
    /// Completes an argument.
    CompletionComplete = "completion/complete" Request of Client, V2024_11_05..V2026_07_28,
        [needs(Part::Ref, Must::Object), needs(Part::RefType, Must::Text), takes(Part::RefName, Must::Text),
         takes(Part::RefUri, Must::Text), needs(Part::Argument, Must::Object)];
    /// Says which messages of the log are wanted.
    LoggingSetLevel = "logging/setLevel" Request of Client, V2024_11_05..V2025_11_25, [needs(Part::LogLevel, Must::Text)];
    /// Asks how a task stands.
    TasksGet = "tasks/get" Request of Either, V2025_11_25..V2026_07_28, [needs(Part::TaskId, Must::Text)];
    /// Gives a task what it waits for.
    TasksUpdate = "tasks/update" Request of Client, V2026_07_28..V2026_07_28, [needs(Part::TaskId, Must::Text)];
    /// Cancels a task.
    TasksCancel = "tasks/cancel" Request of Either, V2025_11_25..V2026_07_28, [needs(Part::TaskId, Must::Text)];
    /// Lists tasks.
    TasksList = "tasks/list" Request of Either, V2025_11_25..V2025_11_25, [takes(Part::Cursor, Must::Text)];
    /// Waits for what a task has come to.
    TasksResult = "tasks/result" Request of Either, V2025_11_25..V2025_11_25, [needs(Part::TaskId, Must::Text)];
    /// Asks the client's model.
    SamplingCreateMessage = "sampling/createMessage" Request of Server, V2024_11_05..V2025_11_25, [];
    /// Asks the client's user.
    ElicitationCreate = "elicitation/create" Request of Server, V2025_06_18..V2025_11_25,
        [takes(Part::ElicitationMode, Must::Text)];
    /// Asks for the client's folders.
    RootsList = "roots/list" Request of Server, V2024_11_05..V2025_11_25, [];

    /// A session has begun.
    Initialized = "notifications/initialized" Notification of Client, V2024_11_05..V2025_11_25, [];
    /// A request is not wanted any more.
    Cancelled = "notifications/cancelled" Notification of Either, V2024_11_05..V2026_07_28,
        [takes(Part::RequestId, Must::Token)];
    /// How far a request is.
    Progress = "notifications/progress" Notification of Either, V2024_11_05..V2026_07_28,
        [needs(Part::ProgressOf, Must::Token)];
    /// A message of the log.
    LogMessage = "notifications/message" Notification of Server, V2024_11_05..V2026_07_28, [takes(Part::LogLevel, Must::Text)];
    /// Tools have changed.
    ToolsChanged = "notifications/tools/list_changed" Notification of Server, V2024_11_05..V2026_07_28, [];
    /// Prompts have changed.
    PromptsChanged = "notifications/prompts/list_changed" Notification of Server, V2024_11_05..V2026_07_28, [];
    /// Resources have changed.
    ResourcesChanged = "notifications/resources/list_changed" Notification of Server, V2024_11_05..V2026_07_28, [];
    /// A resource has changed.
    ResourcesUpdated = "notifications/resources/updated" Notification of Server, V2024_11_05..V2026_07_28,
        [needs(Part::Uri, Must::Text)];
    /// The client's folders have changed.
    RootsChanged = "notifications/roots/list_changed" Notification of Client, V2024_11_05..V2025_11_25, [];
    /// What a user was sent to by a URL is done.
    ElicitationComplete = "notifications/elicitation/complete" Notification of Server, V2025_11_25..V2025_11_25, [];
    /// How a task stands.
    TasksStatus = "notifications/tasks/status" Notification of Either, V2025_11_25..V2026_07_28, [];
    /// What is listened for.
    SubscriptionsAcknowledged = "notifications/subscriptions/acknowledged" Notification of Server, V2026_07_28..V2026_07_28,
        [takes(Part::Filter, Must::Object)];
}

impl Method {
    /// Whether a revision has it.
    #[must_use]
    pub fn is_of(self, revision: Revision) -> bool {
        (self.since()..=self.until()).contains(&revision)
    }

    /// Whether it is of an era.
    #[must_use]
    pub fn is_of_era(self, era: Era) -> bool {
        match era {
            Era::Legacy => self.since().era() == Era::Legacy,
            Era::Modern => self.until().era() == Era::Modern,
        }
    }

    /// Whether a client may send it.
    #[must_use]
    pub const fn is_of_client(self) -> bool {
        !matches!(self.sender(), Sender::Server)
    }

    /// Whether a server may send it.
    #[must_use]
    pub const fn is_of_server(self) -> bool {
        !matches!(self.sender(), Sender::Client)
    }

    /// The member that `Mcp-Name` says again.
    #[must_use]
    pub const fn named_by(self) -> Option<Part> {
        match self {
            Self::ToolsCall | Self::PromptsGet => Some(Part::Name),
            Self::ResourcesRead => Some(Part::Uri),
            _ => None,
        }
    }

    /// Whether its answer may be that the client is asked something first.
    #[must_use]
    pub const fn may_ask(self) -> bool {
        matches!(self, Self::ToolsCall | Self::PromptsGet | Self::ResourcesRead)
    }

    /// Whether a server may be asked it again when nobody knows whether it has been: nothing but
    /// reading is done by it.
    #[must_use]
    pub const fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::Ping
                | Self::ServerDiscover
                | Self::ToolsList
                | Self::ResourcesList
                | Self::ResourcesTemplatesList
                | Self::ResourcesRead
                | Self::PromptsList
                | Self::PromptsGet
                | Self::CompletionComplete
                | Self::TasksGet
                | Self::TasksList
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_known_by_its_name_alone() {
        for &method in Method::ALL {
            assert_eq!(Method::named(method.as_str()), Some(method));
            assert_eq!(Method::named(&method.as_str().to_uppercase()), None);
            assert!(method.since() <= method.until(), "{method:?}");
            let is_notification = method.as_str().starts_with("notifications/");
            assert_eq!(method.call() == Call::Notification, is_notification, "{method:?}");
        }
    }

    #[test]
    fn what_the_modern_era_has_removed_is_not_of_it() {
        for (method, legacy, modern) in [
            (Method::Initialize, true, false),
            (Method::Ping, true, false),
            (Method::LoggingSetLevel, true, false),
            (Method::ResourcesSubscribe, true, false),
            (Method::ServerDiscover, false, true),
            (Method::SubscriptionsListen, false, true),
            (Method::ToolsCall, true, true),
        ] {
            assert_eq!(method.is_of_era(Era::Legacy), legacy, "{method:?}");
            assert_eq!(method.is_of_era(Era::Modern), modern, "{method:?}");
        }
        assert!(!Method::ElicitationCreate.is_of(Revision::V2025_03_26));
    }
}
