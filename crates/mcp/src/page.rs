//! The pages of the documentation that are written from the tables of this crate.

use std::fmt::Write as _;

use crate::method::{Call, Method, Sender};
use crate::refusal::{Refusal, RefusalKind};
use crate::revision::{Era, Revision};

/// `docs/mcp-refusals.md`.
#[must_use]
pub fn refusals_page() -> String {
    let mut page = String::from(
        "# Refusals of MCP messages\n\n\
         This page is written from `crates/mcp/src/refusal.rs`; `make gen` renews it.\n\n\
         What a client is told when the gateway itself refuses a message, by the word that stands in logs and metrics.\n\
         The status is that of HTTP, and the code that of JSON-RPC in the body.\n\
         Errors with the code -32603 say the word as `reason` in their `data`.\n\n\
         | word | code | status up to 2025-11-25 | status since 2026-07-28 | when |\n| --- | --- | --- | --- | --- |\n",
    );
    for kind in RefusalKind::ALL {
        let legacy = Refusal::new(*kind, "").code(Era::Legacy);
        let code = match kind.code() {
            code if code == legacy => code.to_string(),
            code => format!("{code}, or {legacy} up to 2025-11-25"),
        };
        let (word, meaning) = (kind.word(), kind.meaning());
        let (before, after) = (kind.status(Era::Legacy), kind.status(Era::Modern));
        let _infallible = writeln!(page, "| `{word}` | {code} | {before} | {after} | {meaning} |");
    }
    page
}

/// `docs/mcp-methods.md`.
#[must_use]
pub fn methods_page() -> String {
    let mut page = String::from(
        "# Requests and notifications of MCP\n\n\
         This page is written from `crates/mcp/src/method.rs`; `make gen` renews it.\n\n\
         What each revision of the protocol has, and who sends it.\n\
         A method that is not here is passed on where a rule lets it, as it came.\n\n| method | sent by |",
    );
    for revision in Revision::ALL {
        let _infallible = write!(page, " {} |", revision.as_str());
    }
    page.push_str("\n| --- | --- |");
    page.push_str(&" --- |".repeat(Revision::ALL.len()));
    page.push('\n');
    for call in [Call::Request, Call::Notification] {
        for method in Method::ALL.iter().filter(|method| method.call() == call) {
            let sender = match method.sender() {
                Sender::Client => "client",
                Sender::Server => "server",
                Sender::Either => "either",
            };
            let _infallible = write!(page, "| `{}` | {sender} |", method.as_str());
            for revision in Revision::ALL {
                page.push_str(if method.is_of(revision) { " yes |" } else { " |" });
            }
            page.push('\n');
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// With `ARCHITRAVE_GOLDEN=write` the pages are written.
    #[test]
    fn pages_are_written_from_the_tables() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let pages = [
            ("mcp-eras.md", crate::between::fate::page()),
            ("mcp-methods.md", super::methods_page()),
            ("mcp-refusals.md", super::refusals_page()),
        ];
        for (name, page) in pages {
            let path = docs.join(name);
            if option_env!("ARCHITRAVE_GOLDEN") == Some("write") {
                std::fs::write(&path, &page).expect("the page can be written");
            }
            let written = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(written, page, "{name} is stale: `make gen` writes it");
        }
    }
}
