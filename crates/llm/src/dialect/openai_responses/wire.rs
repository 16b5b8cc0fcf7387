//! Where things stand in requests for responses, and the words that both directions map.

use crate::chat::{Finish, MediaKind};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::scan::{Member, Spellings, Watch, Watched};

pub(in crate::dialect) const FRAMING: Framing = Framing::Sse;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usage\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["response.completed", "response.incomplete"];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::UpTo(64);
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] = &[];
pub(in crate::dialect) const NEEDS_TURN: bool = false;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::OutputTokensMax, "max_output_tokens"),
        Member::top(Watched::Temperature, "temperature"),
        Member::top(Watched::TopP, "top_p"),
        Member::top(Watched::User, "user"),
        Member::top(Watched::CacheKey, "prompt_cache_key"),
        Member::top(Watched::ServiceClass, "service_tier"),
        Member::top(Watched::Background, "background"),
    ],
    spellings: Spellings::One,
};

pub(in crate::dialect) fn address<'a>(path: &'a str, _query: &str) -> Option<Address<'a>> {
    path.ends_with("/responses").then(Address::default)
}

pub(in crate::dialect) fn path(_address: &Address<'_>) -> String {
    String::from("/responses")
}

/// Why an answer ended, by its status and the reason why it is incomplete; nothing while it goes on.
pub(super) fn finish(status: &str, reason: Option<&str>) -> Option<Finish> {
    match (status, reason) {
        ("completed", _) => Some(Finish::Stop),
        ("incomplete", Some("max_output_tokens")) => Some(Finish::Length),
        ("incomplete", Some("content_filter")) => Some(Finish::Filtered),
        ("incomplete" | "failed" | "cancelled", _) => Some(Finish::Failed),
        _ => None,
    }
}

/// The status for why an answer ended, and the reason where it is incomplete. An answer that failed
/// on its way is incomplete; `failed` has an error and no answer.
pub(super) fn finish_words(finish: Finish) -> (&'static str, Option<&'static str>) {
    match finish {
        Finish::Stop | Finish::StopText | Finish::ToolCalls | Finish::Refusal | Finish::Paused => {
            ("completed", None)
        }
        Finish::Length | Finish::ContextFull => ("incomplete", Some("max_output_tokens")),
        Finish::Filtered => ("incomplete", Some("content_filter")),
        Finish::Failed => ("incomplete", Some("error")),
    }
}
