//! A request of Gemini, written from the form. The model and the wish for a stream go by the path.

use std::collections::HashMap;

use super::write_parts::{Reads, Turn, names};
use super::{config, tools};
use crate::chat::{Account, Caching, ChatRequest, Content, Maker, Message, Part, Role};
use crate::dialect::Quirks;
use crate::json::Writer;

pub(in crate::dialect) fn write(
    request: &ChatRequest<'_>,
    quirks: &Quirks,
    writer: &mut Writer<'_>,
) {
    let ChatRequest {
        model: _,
        stream: _,
        stream_usage: _,
        messages,
        tooling,
        // These three are one thing there.
        output: _,
        sampling: _,
        reasoning: _,
        caching,
        account,
    } = request;
    let media_beside = quirks.lacks_media_in_results;
    let reads = Reads::Provider { media_beside, has_ids: !quirks.lacks_call_ids };
    writer.object(|w| {
        write_system(messages, reads, w);
        w.key("contents").array(|w| write_contents(messages, reads, w));
        tools::write(tooling, w);
        config::write(request, quirks, w);
        write_caching(caching, w);
        write_account(account, w);
    });
}

fn is_system(message: &Message<'_>) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

fn write_system(messages: &[Message<'_>], reads: Reads, w: &mut Writer<'_>) {
    if messages.iter().any(is_system) {
        let names = names(&[]);
        let mut turn = Turn::new(reads, &names);
        w.key("systemInstruction").object(|w| {
            w.key("parts").array(|w| {
                let system = messages.iter().filter(|message| is_system(message));
                system.flat_map(|message| &message.parts).for_each(|part| turn.write(part, w));
            });
        });
    }
}

/// Turns of the same side are one: all results of a turn's calls must stand in the one after it.
fn write_contents(messages: &[Message<'_>], reads: Reads, w: &mut Writer<'_>) {
    let names = names(messages);
    let all = messages.iter().flat_map(|message| &message.parts);
    let mut calls = HashMap::new();
    for (place, id) in all.filter_map(id_of_call).enumerate() {
        calls.entry(id).or_insert(place);
    }
    let spoken: Vec<_> = messages.iter().filter(|message| !is_system(message)).collect();
    for side in spoken.chunk_by(|one, next| one.role == next.role) {
        let mut parts: Vec<&Part<'_>> = side.iter().flat_map(|message| &message.parts).collect();
        // A turn without parts is an error.
        if !parts.iter().any(|part| says(part)) {
            continue;
        }
        if matches!(reads, Reads::Provider { has_ids: false, .. }) {
            put_in_order(&mut parts, &calls);
        }
        let mut turn = Turn::new(reads, &names);
        w.object(|w| {
            w.key("role").text(if side[0].role == Role::Assistant { "model" } else { "user" });
            w.key("parts").array(|w| parts.iter().for_each(|part| turn.write(part, w)));
        });
    }
}

fn id_of_call<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.content {
        Content::ToolCall(call) => Some(&call.id),
        _ => None,
    }
}

/// Puts results in the order of their calls, which is all that tells calls of one name apart where
/// there are no ids.
fn put_in_order(parts: &mut [&Part<'_>], calls: &HashMap<&str, usize>) {
    let place = |part: &Part<'_>| match &part.content {
        // Of what was never called nobody knows the place.
        Content::ToolResult(result) => {
            Some(calls.get(&*result.call_id).map_or(usize::MAX, |at| *at))
        }
        _ => None,
    };
    let slots: Vec<usize> = (0..parts.len()).filter(|at| place(parts[*at]).is_some()).collect();
    let mut results: Vec<&Part<'_>> = slots.iter().map(|at| parts[*at]).collect();
    results.sort_by_key(|part| place(part));
    for (slot, result) in slots.into_iter().zip(results) {
        parts[slot] = result;
    }
}

/// Whether anything of the part is written.
fn says(part: &Part<'_>) -> bool {
    match &part.content {
        Content::Text(text) => !text.text.is_empty(),
        Content::Refusal(text) => !text.is_empty(),
        Content::Reasoning(reasoning) => {
            let mut opaque = reasoning.signature.iter().chain(&reasoning.encrypted);
            opaque.any(|one| one.maker == Maker::Google)
        }
        Content::ProviderOnly(only) => only.maker == Maker::Google,
        Content::Media(_) | Content::ToolCall(_) | Content::ToolResult(_) | Content::Json(_) => {
            true
        }
    }
}

fn write_caching(caching: &Caching<'_>, w: &mut Writer<'_>) {
    let Caching { automatic: _, key: _, retention: _, content } = caching;
    w.text_field("cachedContent", content.as_deref());
}

fn write_account(account: &Account<'_>, w: &mut Writer<'_>) {
    let Account {
        user: _,
        metadata: _,
        service_class,
        store: _,
        previous_reply: _,
        conversation: _,
        prompt: _,
        is_background: _,
        safety,
        own: _,
    } = account;
    // What is the default anyway is not said: Vertex has no such field.
    let class = service_class.as_deref().filter(|class| !matches!(*class, "auto" | "default"));
    w.text_field("serviceTier", class);
    if let Some(safety) = safety.as_ref().filter(|safety| safety.maker == Maker::Google) {
        w.key("safetySettings").json(safety.json.as_str());
    }
}
