//! Where things stand in OpenAI Chat's requests, and the words that both directions map.

use crate::chat::{Finish, MediaKind, Text};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::scan::{Member, Spellings, Watch, Watched};

pub(in crate::dialect) const FRAMING: Framing = Framing::Sse;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usage\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["[DONE]"];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::UpTo(40);
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] = &[MediaKind::Image];
pub(in crate::dialect) const NEEDS_TURN: bool = false;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Models, "models"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::StreamOptions, "stream_options"),
        Member::within(Watched::StreamOptions, Watched::StreamUsage, "include_usage"),
        Member::top(Watched::OutputTokensMax, "max_completion_tokens"),
        Member::top(Watched::OutputTokensMaxOlder, "max_tokens"),
        Member::top(Watched::Choices, "n"),
        Member::top(Watched::ChoicesTried, "best_of"),
        Member::top(Watched::Temperature, "temperature"),
        Member::top(Watched::TopP, "top_p"),
        Member::top(Watched::FrequencyPenalty, "frequency_penalty"),
        Member::top(Watched::PresencePenalty, "presence_penalty"),
        Member::top(Watched::User, "user"),
        Member::top(Watched::CacheKey, "prompt_cache_key"),
        Member::top(Watched::ServiceClass, "service_tier"),
        Member::top(Watched::SearchOptions, "web_search_options"),
        Member::top(Watched::Store, "store"),
    ],
    spellings: Spellings::One,
};

/// `…/chat/completions`, or Azure's `/openai/deployments/{model}/chat/completions`.
pub(in crate::dialect) fn address<'a>(path: &'a str, _query: &str) -> Option<Address<'a>> {
    let before = path.strip_suffix("/chat/completions")?;
    let model = before.rsplit_once("/deployments/").map(|(_, model)| Text::Borrowed(model));
    Some(Address { model, ..Address::default() })
}

pub(in crate::dialect) fn path(_address: &Address<'_>) -> String {
    String::from("/chat/completions")
}

/// Why an answer ended, in the words of OpenAI and of those who have others.
pub(super) fn finish(word: &str) -> Finish {
    match word {
        "length" | "max_tokens" => Finish::Length,
        "model_length" => Finish::ContextFull,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::Filtered,
        "error" => Finish::Failed,
        _ => Finish::Stop,
    }
}

/// Why an answer ended, by what it has, too: some providers end a call with `stop`, and clients wait
/// for the word that tells them to act; a refusal has no word of its own.
pub(super) fn finish_with(finish: Finish, has_calls: bool, has_refusal: bool) -> Finish {
    match finish {
        Finish::Stop if has_calls => Finish::ToolCalls,
        Finish::Stop if has_refusal => Finish::Refusal,
        finish => finish,
    }
}

/// The word for why an answer ended.
pub(crate) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopText | Finish::Refusal | Finish::Paused => "stop",
        Finish::Length | Finish::ContextFull => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Filtered => "content_filter",
        Finish::Failed => "error",
    }
}
