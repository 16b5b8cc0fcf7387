//! A request without one of the fields that it uses, which a dialect refuses.

use std::collections::HashSet;

use architrave_llm::chat::{
    ChatRequest, Content, Message, OutputFormat, Part, Role, Tool, ToolChoice, ToolKind, Tooling,
};
use architrave_llm::field::{Field, request_fields};

/// Takes a field out, with whatever cannot be without it.
pub(crate) fn take_out(request: &mut ChatRequest<'_>, field: Field) {
    if field == Field::SystemLater {
        let is_system =
            |message: &Message<'_>| matches!(message.role, Role::System | Role::Developer);
        let mut has_begun = false;
        request.messages.retain(|message| {
            has_begun |= !is_system(message);
            !(has_begun && is_system(message))
        });
    }
    take_out_parts(&mut request.messages, field);
    take_out_tools(&mut request.tooling, field);
    let ChatRequest { tooling, output, sampling, reasoning, caching, account, .. } = request;
    match field {
        Field::Stop => output.stop.clear(),
        Field::Choices => output.choices = None,
        Field::Logprobs => output.logprobs = false,
        Field::LogprobsTop => output.logprobs_top = None,
        Field::Verbosity => output.verbosity = None,
        Field::AudioOutput => output.audio = None,
        Field::ImageOutput => output.images = false,
        Field::FormatJson | Field::FormatSchema => output.format = None,
        Field::Metadata => account.metadata = None,
        Field::CacheAutomatic => caching.automatic = None,
        Field::Prediction => output.prediction = None,
        Field::ToolStrict => make_lax(tooling),
        Field::ToolChoiceAuto
        | Field::ToolChoiceNone
        | Field::ToolChoiceRequired
        | Field::ToolChoiceNamed
        | Field::ToolChoiceAllowed => tooling.choice = None,
        Field::ReasoningEffort => {
            reasoning.effort = None;
            reasoning.tokens_max = reasoning.tokens_max.filter(|tokens| *tokens > 0);
        }
        Field::ReasoningTokens => reasoning.tokens_max = None,
        Field::ReasoningAdaptive => reasoning.is_adaptive = false,
        Field::Seed => sampling.seed = None,
        Field::LogitBias => sampling.logit_bias = None,
        Field::ReasoningShown => reasoning.shown = None,
        Field::CacheContent => caching.content = None,
        Field::CacheRetention => caching.retention = None,
        Field::ServiceClass => account.service_class = None,
        Field::Store => account.store = None,
        Field::PreviousReply => account.previous_reply = None,
        Field::Conversation => account.conversation = None,
        Field::StoredPrompt => account.prompt = None,
        Field::Background => account.is_background = false,
        Field::Safety | Field::SafetyOff => account.safety = None,
        Field::ProviderOption => account.own.clear(),
        Field::AudioFormat => {
            if let Some(audio) = &mut output.audio {
                audio.format = None;
            }
        }
        Field::FormatName | Field::FormatDescription => {
            if let Some(OutputFormat::Schema { name, description, .. }) = &mut output.format {
                *if field == Field::FormatName { name } else { description } = None;
            }
        }
        _ => {}
    }
}

/// Parts that use it, results of calls that go with them, and turns that had nothing else.
fn take_out_parts(messages: &mut Vec<Message<'_>>, field: Field) {
    let mut gone = HashSet::new();
    for message in messages.iter_mut() {
        for part in &mut message.parts {
            if let Content::ToolResult(result) = &mut part.content {
                result.parts.retain(|part| !is_used_in_result(part, field));
            }
        }
        let role = message.role;
        message.parts.retain(|part| {
            let stays = !is_used_by(part, role, field);
            if let (false, Content::ToolCall(call)) = (stays, &part.content) {
                gone.insert(call.id.clone().into_owned());
            }
            stays
        });
        message.parts.retain(|part| match &part.content {
            Content::ToolResult(result) => !gone.contains(&*result.call_id),
            _ => true,
        });
    }
    messages.retain(|message| !message.parts.is_empty());
}

fn is_used_by(part: &Part<'_>, role: Role, field: Field) -> bool {
    let message = Message { role, name: None, parts: vec![part.clone()] };
    let alone = ChatRequest { messages: vec![message], ..ChatRequest::default() };
    request_fields(&alone).has(field)
}

fn is_used_in_result(part: &Part<'_>, field: Field) -> bool {
    match &part.content {
        Content::ProviderOnly(_) => field == Field::ProviderPart,
        Content::Media(_) => {
            let is_image = is_used_by(part, Role::User, Field::ImageBytes)
                || is_used_by(part, Role::User, Field::ImageUrl)
                || is_used_by(part, Role::User, Field::ImageFile);
            field == if is_image { Field::ToolResultImage } else { Field::ToolResultDocument }
        }
        _ => false,
    }
}

/// Tools that use it, and a choice of what is not there any more.
fn take_out_tools(tooling: &mut Tooling<'_>, field: Field) {
    let stays = |tool: &Tool<'_>| match (&tool.kind, field) {
        (ToolKind::FreeForm { .. }, Field::ToolFreeForm)
        | (ToolKind::ProviderOnly(_), Field::ProviderTool) => false,
        (ToolKind::Function { strict, .. }, Field::ToolStrict) => *strict != Some(true),
        _ => true,
    };
    tooling.tools.retain(stays);
    if field == Field::WebSearch {
        tooling.web_search = None;
    }
    let has = |name: &str| tooling.tools.iter().any(|tool| tool.name == name);
    let is_void = match &tooling.choice {
        Some(ToolChoice::Named(name)) => !has(name),
        Some(ToolChoice::Allowed { names, .. }) => !names.iter().all(|name| has(name)),
        Some(_) => tooling.tools.is_empty(),
        None => false,
    };
    if is_void {
        tooling.choice = None;
    }
}

/// Holds the model to no schema of a tool.
fn make_lax(tooling: &mut Tooling<'_>) {
    for tool in &mut tooling.tools {
        if let ToolKind::Function { strict, .. } = &mut tool.kind {
            *strict = None;
        }
    }
}
