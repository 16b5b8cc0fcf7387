//! Where things stand in requests of Bedrock, and the words that both directions map.

use crate::chat::{Finish, MediaKind};
use crate::dialect::Address;
use crate::dialect::call_ids::CallIds;
use crate::frame::Framing;
use crate::scan::{Member, Spellings, Watch, Watched};
use crate::segment;

pub(in crate::dialect) const FRAMING: Framing = Framing::AwsEvents;
pub(in crate::dialect) const USAGE_MARK: &str = "\"usage\"";
pub(in crate::dialect) const END_MARKS: &[&str] = &["messageStop"];
pub(in crate::dialect) const CALL_IDS: CallIds = CallIds::Plain(64);
pub(in crate::dialect) const LINKS_SHOWN: &[MediaKind] = &[];
pub(in crate::dialect) const NEEDS_TURN: bool = true;

pub(in crate::dialect) static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::OutputOptions, "inferenceConfig"),
        Member::within(Watched::OutputOptions, Watched::OutputTokensMax, "maxTokens"),
        Member::within(Watched::OutputOptions, Watched::Temperature, "temperature"),
        Member::within(Watched::OutputOptions, Watched::TopP, "topP"),
        Member::top(Watched::ModelOptions, "additionalModelRequestFields"),
        Member::within(Watched::ModelOptions, Watched::TopK, "top_k"),
        Member::within(Watched::ModelOptions, Watched::Reasoning, "thinking"),
        Member::within(Watched::ModelOptions, Watched::Reasoning, "reasoning_config"),
        Member::top(Watched::ServiceClass, "serviceTier"),
        Member::within(Watched::ModelOptions, Watched::ModelTokensMax, "max_tokens"),
        Member::within(Watched::ModelOptions, Watched::ModelTokensMax, "max_tokens_to_sample"),
        Member::within(Watched::ModelOptions, Watched::ModelTokensMax, "max_gen_len"),
    ],
    spellings: Spellings::One,
};

/// `/model/{model}/converse` and `/model/{model}/converse-stream`; the model may be an ARN, whose
/// slashes are escaped or not.
pub(in crate::dialect) fn address<'a>(path: &'a str, _query: &str) -> Option<Address<'a>> {
    let (_, after) = path.split_once("/model/")?;
    let (model, stream) = match after.strip_suffix("/converse-stream") {
        Some(model) => (model, true),
        None => (after.strip_suffix("/converse")?, false),
    };
    let model = segment::decode(model)?;
    // A path would swallow them.
    if matches!(model.as_ref(), "" | "." | "..") {
        return None;
    }
    Some(Address { model: Some(model), stream: Some(stream), ..Address::default() })
}

pub(in crate::dialect) fn path(address: &Address<'_>) -> String {
    let mut path = String::from("/model/");
    segment::encode(address.model.as_deref().unwrap_or_default(), &mut path);
    path.push_str(if address.stream == Some(true) { "/converse-stream" } else { "/converse" });
    path
}

/// Why an answer ended.
pub(super) fn finish(word: &str) -> Finish {
    match word {
        "tool_use" => Finish::ToolCalls,
        "max_tokens" => Finish::Length,
        "stop_sequence" => Finish::StopText,
        // Claude's own word comes through at times.
        "guardrail_intervened" | "content_filtered" | "refusal" => Finish::Filtered,
        "malformed_model_output" | "malformed_tool_use" => Finish::Failed,
        "model_context_window_exceeded" => Finish::ContextFull,
        _ => Finish::Stop,
    }
}

/// The word for why an answer ended.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Paused => "end_turn",
        Finish::StopText => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::ContextFull => "model_context_window_exceeded",
        Finish::ToolCalls => "tool_use",
        Finish::Filtered | Finish::Refusal => "content_filtered",
        Finish::Failed => "malformed_model_output",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_go_through_the_path() {
        let arn = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.house.large-v1:0";
        for model in ["house.large-v1:0", arn, "naïve %2F"] {
            for stream in [false, true] {
                let address = Address {
                    model: Some(model.into()),
                    stream: Some(stream),
                    ..Address::default()
                };
                let path = path(&address);
                assert_eq!(path.matches('/').count(), 3, "{path}");
                assert_eq!(super::address(&path, ""), Some(address));
            }
        }
        let bare = address("/bedrock/model/arn:aws:x/y/converse", "").unwrap();
        assert_eq!(bare.model.as_deref(), Some("arn:aws:x/y"));
    }

    #[test]
    fn paths_of_others_are_not_ours() {
        for path in [
            "/model/x/invoke",
            "/model//converse",
            "/model/%2E%2E/converse",
            "/model/%f/converse",
            "/converse",
        ] {
            assert_eq!(address(path, ""), None, "{path}");
        }
    }
}
