//! What a provider refuses before any model sees it.
//!
//! The rules are those that providers share; a translation that breaks one of them shows here and
//! not only at a provider that is paid for.

use std::collections::HashMap;

use crate::chat::{ChatError, ChatRequest, Content, ErrorKind, Role, ToolChoice};
use crate::dialect::Dialect;

/// How many answers may be asked for, as at OpenAI.
const CHOICES_MAX: u64 = 128;

/// A model that chats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChatModel {
    Echo,
    Fixed,
    Tools,
    Reasoning,
}

/// The model that is to answer.
pub(super) fn check(request: &ChatRequest<'_>, dialect: Dialect) -> Result<ChatModel, ChatError> {
    let model = model(&request.model)?;
    check_messages(request, dialect)?;
    check_calls(request)?;
    check_tools(request)?;
    check_output(request)?;
    Ok(model)
}

fn model(name: &str) -> Result<ChatModel, ChatError> {
    match name {
        "echo" => Ok(ChatModel::Echo),
        "fixed" => Ok(ChatModel::Fixed),
        "tools" => Ok(ChatModel::Tools),
        "reasoning" => Ok(ChatModel::Reasoning),
        "embed" => Err(ChatError::invalid("model", "the model `embed` does not chat")),
        _ => {
            let message = format!("the model `{name}` does not exist");
            let error = ChatError::new(ErrorKind::NotFound, message);
            Err(ChatError { param: Some("model".to_owned()), ..error })
        }
    }
}

fn check_messages(request: &ChatRequest<'_>, dialect: Dialect) -> Result<(), ChatError> {
    // With OpenAI and Cohere, system text is a message as others are.
    let takes_system_alone = match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::CohereChat => true,
        Dialect::AnthropicMessages | Dialect::BedrockConverse => false,
        Dialect::GeminiGenerateContent => false,
    };
    let counts = |role: Role| takes_system_alone || matches!(role, Role::User | Role::Assistant);
    let keeps_some = request.account.previous_reply.is_some()
        || request.account.conversation.is_some()
        || request.account.prompt.is_some()
        || request.caching.content.is_some();
    if keeps_some || request.messages.iter().any(|message| counts(message.role)) {
        return Ok(());
    }
    Err(ChatError::invalid("messages", "there must be a message"))
}

/// Each result is one of a call in the message before, and each call has its result before
/// anybody goes on.
fn check_calls(request: &ChatRequest<'_>) -> Result<(), ChatError> {
    // What was called in a conversation that the provider keeps is not to be seen here.
    if request.account.previous_reply.is_some() || request.account.conversation.is_some() {
        return Ok(());
    }
    let mut calls: Vec<&str> = Vec::new();
    // How many calls of an id wait for their results.
    let mut open: HashMap<&str, usize> = HashMap::new();
    let waits = |calls: &[&'_ str], open: &HashMap<&str, usize>| {
        calls
            .iter()
            .find(|id| open.get(**id).is_some_and(|count| *count > 0))
            .map(|id| format!("the call `{id}` has no result"))
    };
    for (index, message) in request.messages.iter().enumerate() {
        let path = || format!("messages[{index}]");
        for part in &message.parts {
            if let Content::ToolResult(result) = &part.content {
                match open.get_mut(&*result.call_id) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => {
                        let message = format!("no call `{}` waits for a result", result.call_id);
                        return Err(ChatError::invalid(path(), message));
                    }
                }
            }
        }
        if message.role == Role::Assistant {
            if let Some(message) = waits(&calls, &open) {
                return Err(ChatError::invalid(path(), message));
            }
            let called = message.parts.iter().filter_map(|part| match &part.content {
                Content::ToolCall(call) => Some(call.id.as_ref()),
                _ => None,
            });
            calls = called.collect();
            open.clear();
            calls.iter().for_each(|id| *open.entry(id).or_default() += 1);
        }
    }
    waits(&calls, &open).map_or(Ok(()), |message| Err(ChatError::invalid("messages", message)))
}

fn check_tools(request: &ChatRequest<'_>) -> Result<(), ChatError> {
    let has = |name: &str| request.tooling.tools.iter().any(|tool| tool.name == name);
    match &request.tooling.choice {
        Some(ToolChoice::Named(name)) if !has(name) => {
            let message = format!("there is no tool `{name}`");
            Err(ChatError::invalid("tool_choice", message))
        }
        Some(ToolChoice::Required) if request.tooling.tools.is_empty() => {
            Err(ChatError::invalid("tool_choice", "there is no tool to call"))
        }
        _ => Ok(()),
    }
}

fn check_output(request: &ChatRequest<'_>) -> Result<(), ChatError> {
    let output = &request.output;
    if output.tokens_max == Some(0) {
        return Err(ChatError::invalid("max_tokens", "must be at least 1"));
    }
    if output.choices.is_some_and(|count| !(1..=CHOICES_MAX).contains(&count)) {
        return Err(ChatError::invalid("n", format!("must be from 1 to {CHOICES_MAX}")));
    }
    if output.audio.is_some() {
        return Err(ChatError::invalid("audio", "the model makes no sound"));
    }
    Ok(())
}
