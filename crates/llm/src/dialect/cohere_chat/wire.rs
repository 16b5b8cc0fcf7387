//! Where things stand in Cohere's requests, and the words that both directions map.

use crate::chat::{Finish, MediaKind};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::scan::{Member, Spellings, Watch, Watched};

pub(in crate::dialect) const FRAMING: Framing = Framing::Sse;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usage\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["message-end"];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::Any;
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] = &[];
pub(in crate::dialect) const NEEDS_TURN: bool = false;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
    ],
    spellings: Spellings::One,
};

pub(in crate::dialect) fn address<'a>(path: &'a str, _query: &str) -> Option<Address<'a>> {
    path.ends_with("/v2/chat").then(Address::default)
}

pub(in crate::dialect) fn path(_address: &Address<'_>) -> String {
    String::from("/v2/chat")
}

/// Why an answer ended.
pub(super) fn finish(word: &str) -> Finish {
    match word {
        "STOP_SEQUENCE" => Finish::StopText,
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        "ERROR" | "TIMEOUT" => Finish::Failed,
        // Words of the version before, which some who speak the dialect still say.
        "ERROR_TOXIC" => Finish::Filtered,
        "ERROR_LIMIT" => Finish::ContextFull,
        _ => Finish::Stop,
    }
}

/// The word for why an answer ended.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Paused | Finish::Refusal => "COMPLETE",
        Finish::StopText => "STOP_SEQUENCE",
        Finish::Length | Finish::ContextFull => "MAX_TOKENS",
        Finish::ToolCalls => "TOOL_CALL",
        Finish::Filtered | Finish::Failed => "ERROR",
    }
}
