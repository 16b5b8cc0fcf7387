//! What of a request is left out for what it says and not for what it is: thoughts that another
//! maker signed, the highest word of a scale that ends sooner. Tables speak of fields; this is for
//! values, and each dialect puts it together for itself.

use super::{Field, FieldSet};
use crate::chat::{
    ChatRequest, Citation, Content, Effort, Media, OutputFormat, Part, ReasoningPart, Signature,
};

/// What of a thought goes to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Its words.
    pub(crate) text: bool,
    /// Its signature.
    pub(crate) signature: bool,
    /// What of it only its maker can read.
    pub(crate) encrypted: bool,
}

fn parts<'r, 'a>(request: &'r ChatRequest<'a>) -> impl Iterator<Item = &'r Part<'a>> {
    request.messages.iter().flat_map(|message| &message.parts)
}

/// The fields of thoughts some of which are left out.
pub(crate) fn of_thoughts(
    request: &ChatRequest<'_>,
    taken: impl Fn(&ReasoningPart<'_>) -> Taken,
) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    for part in parts(request) {
        let Content::Reasoning(thought) = &part.content else { continue };
        let taken = taken(thought);
        fields.add_if(Field::ReasoningText, !thought.text.is_empty() && !taken.text);
        fields.add_if(Field::ReasoningSignature, thought.signature.is_some() && !taken.signature);
        fields.add_if(Field::ReasoningEncrypted, thought.encrypted.is_some() && !taken.encrypted);
    }
    fields
}

/// The signatures of calls, where one of them is not taken.
pub(crate) fn of_calls(
    request: &ChatRequest<'_>,
    is_taken: impl Fn(&Signature<'_>) -> bool,
) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    let mut signatures = parts(request).filter_map(|part| match &part.content {
        Content::ToolCall(call) => call.signature.as_ref(),
        _ => None,
    });
    fields.add_if(Field::ToolCallSignature, signatures.any(|signature| !is_taken(signature)));
    fields
}

/// Citations of earlier text, where one of them is not taken.
pub(crate) fn of_citations(
    request: &ChatRequest<'_>,
    is_taken: impl Fn(&Citation<'_>) -> bool,
) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    let mut citations = parts(request).flat_map(|part| match &part.content {
        Content::Text(text) => text.citations.as_slice(),
        _ => &[],
    });
    fields.add_if(Field::Citations, citations.any(|citation| !is_taken(citation)));
    fields
}

/// The effort of reasoning, where the scale has no such word and the nearest one is said.
pub(crate) fn of_effort(request: &ChatRequest<'_>, lacks: &[Effort]) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    let is_lacking = request.reasoning.effort.is_some_and(|effort| lacks.contains(&effort));
    fields.add_if(Field::ReasoningEffort, is_lacking);
    fields
}

/// The same, where it would be said as a number of tokens and another number is said already, or that
/// the model chooses.
pub(crate) fn of_effort_beside_tokens(request: &ChatRequest<'_>) -> FieldSet<Field> {
    let options = &request.reasoning;
    let wants = options.effort.is_some_and(|effort| effort != Effort::None);
    let mut fields = FieldSet::default();
    let is_said_otherwise = options.is_adaptive || options.tokens_max.is_some();
    fields.add_if(Field::ReasoningEffort, wants && is_said_otherwise);
    fields
}

/// Documents in results of tools, where one of them is not taken.
pub(crate) fn of_result_media(
    request: &ChatRequest<'_>,
    is_taken: impl Fn(&Media<'_>) -> bool,
) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    for part in parts(request) {
        let Content::ToolResult(result) = &part.content else { continue };
        let is_one_lost = result.parts.iter().any(|part| match &part.content {
            Content::Media(media) => !is_taken(media),
            _ => false,
        });
        fields.add_if(Field::ToolResultDocument, is_one_lost);
    }
    fields
}

/// The description of the schema of the output, where the schema has another one itself, or can have
/// none.
pub(crate) fn of_description(
    request: &ChatRequest<'_>,
    takes: impl Fn(&str) -> bool,
) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    if let Some(OutputFormat::Schema { description: Some(_), schema, .. }) = &request.output.format
    {
        fields.add_if(Field::FormatDescription, !takes(schema.as_str()));
    }
    fields
}

/// The class of service, where there is none of that name.
pub(crate) fn of_service_class(request: &ChatRequest<'_>, known: &[&str]) -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    let asked = request.account.service_class.as_deref();
    fields.add_if(Field::ServiceClass, asked.is_some_and(|class| !known.contains(&class)));
    fields
}
