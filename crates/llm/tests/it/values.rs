//! The values of the fields that have one, as both sides of a translation say them.

use std::collections::BTreeMap;

use architrave_llm::chat::{ChatRequest, Content, Effort, OutputFormat, ToolChoice};
use architrave_llm::field::{Field, FieldSet};

/// The fields of those that say something else on one side than on the other.
pub(crate) fn differing(
    said: &ChatRequest<'_>,
    came: &ChatRequest<'_>,
    of: FieldSet<Field>,
) -> Vec<(Field, String, String)> {
    let compared = of.iter().filter_map(|field| {
        let (said, came) = (value(said, field)?, value(came, field)?);
        (said != came).then_some((field, said, came))
    });
    compared.chain(lost_texts(said, came)).collect()
}

/// What a request says by a field, as a text; nothing of what has no value of its own, or may be
/// said in as many ways as there are dialects.
fn value(request: &ChatRequest<'_>, field: Field) -> Option<String> {
    let ChatRequest { tooling, output, sampling, reasoning, caching, account, .. } = request;
    Some(match field {
        Field::TokensMax => format!("{:?}", output.tokens_max),
        Field::Stop => format!("{:?}", output.stop),
        Field::Choices => format!("{:?}", output.choices),
        Field::LogprobsTop => format!("{:?}", output.logprobs_top),
        Field::Verbosity => format!("{:?}", output.verbosity),
        Field::FormatSchema => match &output.format {
            // Where a schema has no place for it beside itself, its description stands within.
            Some(OutputFormat::Schema { schema, description, .. }) => {
                let schema: serde_json::Value = serde_json::from_str(schema.as_str()).unwrap();
                let mut members: BTreeMap<String, serde_json::Value> =
                    schema.as_object().unwrap().clone().into_iter().collect();
                if let Some(description) = description {
                    let description = description.to_string().into();
                    members.entry("description".to_owned()).or_insert(description);
                }
                format!("{members:?}")
            }
            _ => String::from("none"),
        },
        Field::Temperature => format!("{:?}", sampling.temperature),
        Field::TopP => format!("{:?}", sampling.top_p),
        Field::TopK => format!("{:?}", sampling.top_k),
        Field::MinP => format!("{:?}", sampling.min_p),
        Field::FrequencyPenalty => format!("{:?}", sampling.frequency_penalty),
        Field::PresencePenalty => format!("{:?}", sampling.presence_penalty),
        Field::RepetitionPenalty => format!("{:?}", sampling.repetition_penalty),
        Field::Seed => format!("{:?}", sampling.seed),
        Field::LogitBias => json(sampling.logit_bias.as_ref()?.as_str()),
        // No token of it is none of it.
        Field::ReasoningEffort => match (reasoning.effort, reasoning.tokens_max) {
            (None, Some(0)) => format!("{:?}", Effort::None),
            (effort, _) => effort.map_or_else(String::new, |effort| format!("{effort:?}")),
        },
        Field::ReasoningTokens => format!("{:?}", reasoning.tokens_max),
        Field::ToolChoiceNamed | Field::ToolChoiceAllowed => format!("{:?}", tooling.choice),
        Field::Tools => names_of_tools(request)?,
        Field::CacheKey => format!("{:?}", caching.key),
        Field::CacheContent => format!("{:?}", caching.content),
        Field::User => format!("{:?}", account.user),
        Field::Metadata => json(account.metadata.as_ref()?.as_str()),
        Field::ServiceClass => format!("{:?}", account.service_class),
        Field::Store => format!("{:?}", account.store),
        Field::PreviousReply => format!("{:?}", account.previous_reply),
        _ => return None,
    })
}

/// JSON without its white space.
fn json(text: &str) -> String {
    serde_json::from_str::<serde_json::Value>(text).unwrap().to_string()
}

/// Their names, where none of them may be left out.
fn names_of_tools(request: &ChatRequest<'_>) -> Option<String> {
    let names = request.tooling.tools.iter().map(|tool| tool.name.to_string());
    match request.tooling.choice {
        Some(ToolChoice::Named(_) | ToolChoice::Allowed { .. }) => None,
        _ => Some(names.collect::<Vec<_>>().join(" ")),
    }
}

/// The texts of the conversation that are not to be found on the other side; what is no text on one
/// may be one on the other, and system texts may stand elsewhere.
fn lost_texts(said: &ChatRequest<'_>, came: &ChatRequest<'_>) -> Vec<(Field, String, String)> {
    let came = texts(came).join("\n");
    let lost = texts(said).into_iter().filter(|text| !came.contains(text.as_str()));
    lost.map(|text| (Field::UserText, text, came.clone())).collect()
}

fn texts(request: &ChatRequest<'_>) -> Vec<String> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let texts = parts.filter_map(|part| match &part.content {
        Content::Text(text) => Some(text.text.to_string()),
        _ => None,
    });
    texts.collect()
}
