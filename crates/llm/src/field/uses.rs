//! Which fields a request uses: one walk over the form, the same for all dialects.
//!
//! Everything is taken apart without `..`, so that what is new in the form must be thought of here.

use super::{Field, FieldSet};
use crate::chat::{
    Account, CacheMark, Caching, ChatRequest, Content, Effort, Media, MediaKind, Message, Output,
    OutputFormat, Part, ReasoningOptions, Role, Sampling, Source, Tool, ToolChoice, ToolKind,
    Tooling,
};

type Fields = FieldSet<Field>;

/// The fields that a request uses.
#[must_use]
pub fn request_fields(request: &ChatRequest<'_>) -> FieldSet<Field> {
    let ChatRequest {
        model: _,
        stream,
        // Whether usage is told is between the client and the writer of its stream.
        stream_usage: _,
        messages,
        tooling,
        output,
        sampling,
        reasoning,
        caching,
        account,
    } = request;
    let mut fields = Fields::default();
    conversation(messages, &mut fields);
    tools(tooling, &mut fields);
    outputs(output, *stream, &mut fields);
    draws(sampling, &mut fields);
    thoughts(reasoning, &mut fields);
    caches(caching, &mut fields);
    accounts(account, &mut fields);
    fields
}

fn conversation(messages: &[Message<'_>], fields: &mut Fields) {
    let mut has_begun = false;
    for Message { role, name, parts } in messages {
        let is_system = matches!(role, Role::System | Role::Developer);
        has_begun |= !is_system;
        fields.add_if(Field::SystemText, is_system && !has_begun);
        fields.add_if(Field::SystemLater, is_system && has_begun);
        fields.add_if(Field::DeveloperRole, *role == Role::Developer);
        fields.add_if(Field::ParticipantName, name.is_some());
        for one in parts {
            part(one, *role, fields);
        }
    }
}

fn part(Part { content, cache }: &Part<'_>, role: Role, fields: &mut Fields) {
    mark(*cache, fields);
    match content {
        Content::Text(text) => {
            fields.add_if(Field::UserText, role == Role::User);
            fields.add_if(Field::AssistantText, role == Role::Assistant);
            fields.add_if(Field::Citations, !text.citations.is_empty());
        }
        Content::Json(_) => fields.add(Field::UserText),
        Content::Media(one) => media(one, fields),
        Content::ToolCall(call) => {
            fields.add(if call.is_free_form { Field::ToolCallFreeForm } else { Field::ToolCall });
            fields.add_if(Field::ToolCallSignature, call.signature.is_some());
        }
        Content::ToolResult(result) => {
            fields.add(Field::ToolResult);
            fields.add_if(Field::ToolResultError, result.is_error);
            for Part { content, cache } in &result.parts {
                mark(*cache, fields);
                result_part(content, fields);
            }
        }
        Content::Reasoning(reasoning) => {
            fields.add_if(Field::ReasoningText, !reasoning.text.is_empty());
            fields.add_if(Field::ReasoningSignature, reasoning.signature.is_some());
            fields.add_if(Field::ReasoningEncrypted, reasoning.encrypted.is_some());
        }
        Content::Refusal(_) => fields.add(Field::Refusal),
        Content::ProviderOnly(_) => fields.add(Field::ProviderPart),
    }
}

fn result_part(content: &Content<'_>, fields: &mut Fields) {
    match content {
        Content::Media(media) if media.kind == MediaKind::Image => {
            fields.add(Field::ToolResultImage);
        }
        Content::Media(_) => fields.add(Field::ToolResultDocument),
        Content::ProviderOnly(_) => fields.add(Field::ProviderPart),
        _ => {}
    }
}

fn media(media: &Media<'_>, fields: &mut Fields) {
    let Media { kind, source, title, context, detail, is_cited, facts } = media;
    fields.add(match (kind, source) {
        (MediaKind::Image, Source::Bytes { .. } | Source::Text(_)) => Field::ImageBytes,
        (MediaKind::Image, Source::Url { .. }) => Field::ImageUrl,
        (MediaKind::Image, Source::File { .. }) => Field::ImageFile,
        (MediaKind::Document, Source::Bytes { .. }) => Field::DocumentBytes,
        (MediaKind::Document, Source::Text(_)) => Field::DocumentText,
        (MediaKind::Document, Source::Url { .. }) => Field::DocumentUrl,
        (MediaKind::Document, Source::File { .. }) => Field::DocumentFile,
        (MediaKind::Audio, Source::Bytes { .. } | Source::Text(_)) => Field::AudioBytes,
        (MediaKind::Audio, Source::Url { .. } | Source::File { .. }) => Field::AudioUrl,
        (MediaKind::Video, Source::Bytes { .. } | Source::Text(_)) => Field::VideoBytes,
        (MediaKind::Video, Source::Url { .. } | Source::File { .. }) => Field::VideoUrl,
    });
    fields.add_if(Field::DocumentTitle, title.is_some());
    fields.add_if(Field::DocumentContext, context.is_some());
    fields.add_if(Field::ImageDetail, detail.is_some());
    fields.add_if(Field::DocumentCited, *is_cited);
    fields.add_if(Field::DocumentFacts, facts.is_some());
}

fn mark(mark: Option<CacheMark>, fields: &mut Fields) {
    fields.add_if(Field::CacheMark, mark.is_some());
    fields.add_if(Field::CacheMarkTime, mark.is_some_and(|mark| mark.time.is_some()));
}

fn tools(Tooling { tools, choice, parallel, web_search }: &Tooling<'_>, fields: &mut Fields) {
    fields.add_if(Field::WebSearch, web_search.is_some());
    for Tool { name: _, description: _, kind, cache } in tools {
        mark(*cache, fields);
        match kind {
            ToolKind::Function { schema: _, strict } => {
                fields.add(Field::Tools);
                fields.add_if(Field::ToolStrict, *strict == Some(true));
            }
            ToolKind::FreeForm { .. } => fields.add(Field::ToolFreeForm),
            ToolKind::ProviderOnly(_) => fields.add(Field::ProviderTool),
        }
    }
    match choice {
        None => {}
        Some(ToolChoice::Auto) => fields.add(Field::ToolChoiceAuto),
        Some(ToolChoice::None) => fields.add(Field::ToolChoiceNone),
        Some(ToolChoice::Required) => fields.add(Field::ToolChoiceRequired),
        Some(ToolChoice::Named(_)) => fields.add(Field::ToolChoiceNamed),
        Some(ToolChoice::Allowed { .. }) => fields.add(Field::ToolChoiceAllowed),
    }
    fields.add_if(Field::ToolsParallel, *parallel == Some(true));
    fields.add_if(Field::ToolsSerial, *parallel == Some(false));
}

fn outputs(output: &Output<'_>, stream: bool, fields: &mut Fields) {
    let Output {
        tokens_max,
        stop,
        format,
        choices,
        logprobs,
        logprobs_top,
        verbosity,
        audio,
        images,
        prediction,
    } = output;
    fields.add_if(Field::TokensMax, tokens_max.is_some());
    fields.add_if(Field::Stop, !stop.is_empty());
    fields.add_if(Field::FormatJson, matches!(format, Some(OutputFormat::Json)));
    if let Some(OutputFormat::Schema { name, description, schema: _, strict: _ }) = format {
        fields.add(Field::FormatSchema);
        fields.add_if(Field::FormatName, name.is_some());
        fields.add_if(Field::FormatDescription, description.is_some());
    }
    fields.add_if(Field::Choices, choices.is_some_and(|choices| choices > 1));
    fields.add_if(Field::Logprobs, *logprobs);
    fields.add_if(Field::LogprobsTop, logprobs_top.is_some_and(|top| top > 0));
    fields.add_if(Field::Verbosity, verbosity.is_some());
    fields.add_if(Field::AudioOutput, audio.is_some());
    // What nearly all clients ask for: a file where it comes whole, and samples where it streams.
    let usual = if stream { "pcm16" } else { "wav" };
    let sound = audio.as_ref().and_then(|audio| audio.format.as_deref());
    fields.add_if(Field::AudioFormat, sound.is_some_and(|format| format != usual));
    fields.add_if(Field::ImageOutput, *images);
    fields.add_if(Field::Prediction, prediction.is_some());
}

fn draws(sampling: &Sampling<'_>, fields: &mut Fields) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        min_p,
        frequency_penalty,
        presence_penalty,
        repetition_penalty,
        seed,
        logit_bias,
    } = sampling;
    fields.add_if(Field::Temperature, temperature.is_some());
    fields.add_if(Field::TopP, top_p.is_some());
    fields.add_if(Field::TopK, top_k.is_some());
    fields.add_if(Field::MinP, min_p.is_some());
    fields.add_if(Field::FrequencyPenalty, frequency_penalty.is_some());
    fields.add_if(Field::PresencePenalty, presence_penalty.is_some());
    fields.add_if(Field::RepetitionPenalty, repetition_penalty.is_some());
    fields.add_if(Field::Seed, seed.is_some());
    fields.add_if(Field::LogitBias, logit_bias.is_some());
}

fn thoughts(reasoning: &ReasoningOptions, fields: &mut Fields) {
    let ReasoningOptions { effort, tokens_max, is_adaptive, shown } = reasoning;
    // No effort and no tokens are the same wish, whichever words it is in.
    let is_off = *effort == Some(Effort::None) || *tokens_max == Some(0);
    fields.add_if(Field::ReasoningEffort, effort.is_some() || is_off);
    fields.add_if(Field::ReasoningTokens, tokens_max.is_some() && !is_off);
    fields.add_if(Field::ReasoningAdaptive, *is_adaptive);
    fields.add_if(Field::ReasoningShown, shown.is_some());
}

fn caches(Caching { automatic, key, retention, content }: &Caching<'_>, fields: &mut Fields) {
    fields.add_if(Field::CacheAutomatic, automatic.is_some());
    fields.add_if(Field::CacheKey, key.is_some());
    fields.add_if(Field::CacheRetention, retention.is_some());
    fields.add_if(Field::CacheContent, content.is_some());
}

fn accounts(account: &Account<'_>, fields: &mut Fields) {
    let Account {
        user,
        metadata,
        service_class,
        store,
        previous_reply,
        conversation,
        prompt,
        is_background,
        safety,
        own,
    } = account;
    fields.add_if(Field::User, user.is_some());
    fields.add_if(Field::Metadata, metadata.is_some());
    fields.add_if(Field::ServiceClass, service_class.is_some());
    fields.add_if(Field::Store, store.is_some());
    fields.add_if(Field::PreviousReply, previous_reply.is_some());
    fields.add_if(Field::Conversation, conversation.is_some());
    fields.add_if(Field::StoredPrompt, prompt.is_some());
    fields.add_if(Field::Background, *is_background);
    let are_off = account.are_filters_off();
    fields.add_if(Field::Safety, safety.is_some() && !are_off);
    fields.add_if(Field::SafetyOff, are_off);
    fields.add_if(Field::ProviderOption, !own.is_empty());
}
