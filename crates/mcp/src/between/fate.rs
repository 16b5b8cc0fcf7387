//! What becomes of each method between the eras.

use std::fmt::Write as _;

use crate::method::{Method, Sender};
use crate::revision::Era;

/// What becomes of a method on its way to the other era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is said there as well; what is said beside is put in or taken out.
    Same,
    /// The gateway does it itself, in this way.
    Here(&'static str),
    /// It is said otherwise there.
    Otherwise(&'static str),
    /// It is not said there, for this reason: whoever asks is told so, what is told is dropped.
    Not(&'static str),
}

/// What becomes of a method that one side of era `from` says, where the other side is of the other
/// era; none where `from` has no such method.
#[must_use]
pub fn fate(method: Method, from: Era) -> Option<Fate> {
    if !method.is_of_era(from) {
        return None;
    }
    Some(match from {
        Era::Modern => of_modern(method),
        Era::Legacy => of_legacy(method),
    })
}

fn of_modern(method: Method) -> Fate {
    match method {
        Method::ServerDiscover => {
            Fate::Here("told from what the server said when its session was made")
        }
        Method::SubscriptionsListen => Fate::Otherwise(
            "`resources/subscribe` for each resource, and the stream of the server's session",
        ),
        Method::SubscriptionsAcknowledged => Fate::Here("legacy clients do not wait for it"),
        Method::TasksGet | Method::TasksCancel | Method::TasksUpdate | Method::TasksStatus => {
            Fate::Not(
                "tasks are an extension since 2026-07-28, with other words than those of 2025-11-25",
            )
        }
        // A disconnect says it, and it is told to the server in its own words.
        Method::Cancelled => Fate::Otherwise(
            "over HTTP a modern client closes the stream; the server is told `notifications/cancelled`",
        ),
        _ => Fate::Same,
    }
}

fn of_legacy(method: Method) -> Fate {
    match method {
        Method::Initialize => Fate::Here("told from what the server said to `server/discover`"),
        Method::Initialized => Fate::Here("modern servers have no sessions to begin"),
        Method::Ping => Fate::Here("answered at once"),
        Method::LoggingSetLevel => {
            Fate::Otherwise("kept in the session, and said as `logLevel` of each request")
        }
        Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => {
            Fate::Otherwise("`subscriptions/listen` with all resources that are subscribed to")
        }
        Method::SamplingCreateMessage | Method::ElicitationCreate | Method::RootsList => {
            Fate::Otherwise(
                "`input_required` with the question; the answer comes with the request when it is made again",
            )
        }
        Method::ElicitationComplete => {
            Fate::Not("modern clients learn it by making their request again")
        }
        Method::RootsChanged => Fate::Not("modern servers ask for roots when they need them"),
        Method::TasksGet
        | Method::TasksCancel
        | Method::TasksList
        | Method::TasksResult
        | Method::TasksStatus => Fate::Not(
            "tasks are an extension since 2026-07-28, with other words than those of 2025-11-25",
        ),
        Method::Cancelled => Fate::Otherwise(
            "of a request: its stream is closed, which says it to a modern server; of a question: it is not asked any more",
        ),
        _ => Fate::Same,
    }
}

/// What is carried otherwise than by a method: what it is, how a modern client gets it from a legacy
/// server, and how a legacy client gets it from a modern one.
const BESIDE: [(&str, &str, &str); 8] = [
    (
        "results",
        "get `resultType: complete`",
        "lose `resultType`; one of another sort than `complete` and `input_required` is an error, as the specification says",
    ),
    (
        "how long lists and contents may be kept",
        "`ttlMs: 0` and `cacheScope: private`: nothing is said of it in the legacy era",
        "`ttlMs` and `cacheScope` are taken out",
    ),
    (
        "a resource that is not there",
        "-32002 becomes -32602",
        "-32602 stays: nobody can tell it from other wrong parameters",
    ),
    (
        "an URL that a user must be sent to first (-32042)",
        "becomes `input_required` with that URL",
        "comes as `elicitation/create` by `input_required`",
    ),
    (
        "what a client can do",
        "is said when the server's session is made, by each request's `clientCapabilities`",
        "is kept in the session, and said with each request",
    ),
    (
        "coming back to a stream (`Last-Event-ID`)",
        "is not there for modern clients: their request is lost, and made again",
        "is not there: a modern server sends nothing again, and an answer whose stream broke is lost",
    ),
    (
        "messages of the log",
        "only those of the level that the request says; a server's level is that of its session",
        "come on the stream of the request that they are about",
    ),
    (
        "questions of a server while no request is open",
        "are refused to the server: a modern client can only be asked in answer to a request",
        "do not happen",
    ),
];

/// `docs/mcp-eras.md`.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Between the eras of MCP\n\n\
         This page is written from `crates/mcp/src/between/fate.rs`; `make gen` renews it.\n\n\
         The revisions up to 2025-11-25 make sessions (legacy), those since 2026-07-28 do not (modern).\n\
         A client of the one era works with servers of the other, as far as this page says.\n",
    );
    for (title, sender, from) in [
        ("A modern client says, to a legacy server", Sender::Client, Era::Modern),
        ("A legacy server says, to a modern client", Sender::Server, Era::Legacy),
        ("A legacy client says, to a modern server", Sender::Client, Era::Legacy),
        ("A modern server says, to a legacy client", Sender::Server, Era::Modern),
    ] {
        let _infallible =
            write!(page, "\n## {title}\n\n| what | what becomes of it |\n| --- | --- |\n");
        let is_said =
            |method: &&Method| method.sender() == sender || method.sender() == Sender::Either;
        for method in Method::ALL.iter().filter(is_said) {
            let told = match fate(*method, from) {
                None => continue,
                Some(Fate::Same) => "said as it is".to_owned(),
                Some(Fate::Here(how)) => format!("by the gateway: {how}"),
                Some(Fate::Otherwise(how)) => format!("said otherwise: {how}"),
                Some(Fate::Not(why)) => format!("**not carried**: {why}"),
            };
            let _infallible = writeln!(page, "| `{}` | {told} |", method.as_str());
        }
    }
    page.push_str(
        "\n## Beside\n\n| what | a modern client of a legacy server | a legacy client of a modern server |\n| --- | --- | --- |\n",
    );
    for (what, modern, legacy) in BESIDE {
        let _infallible = writeln!(page, "| {what} | {modern} | {legacy} |");
    }
    page
}
