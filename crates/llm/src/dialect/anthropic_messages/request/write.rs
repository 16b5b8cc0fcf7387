//! A request of Anthropic, written from the form.

use super::super::thinking::Thinking;
use super::tools;
use super::write_blocks::{Reads, is_block, write_blocks, write_mark_value};
use crate::chat::{
    Account, Caching, ChatRequest, Message, Output, OutputFormat, Part, Role, Sampling,
};
use crate::dialect::{Quirks, described, instruction};
use crate::json::Writer;

/// The limit of the output must be said; this is what is said where the client said none and nobody
/// knows what the model can.
const TOKENS_MAX: u64 = 4_096;

pub(in crate::dialect) fn write(
    request: &ChatRequest<'_>,
    quirks: &Quirks,
    writer: &mut Writer<'_>,
) {
    let ChatRequest {
        model,
        stream,
        stream_usage: _,
        messages,
        tooling,
        output,
        sampling,
        // What is made of it depends on the rest.
        reasoning: _,
        caching,
        account,
    } = request;
    let thinking = Thinking::of(request, quirks);
    let sampling = thinking.sampling(quirks.sampling(sampling));
    writer.object(|w| {
        w.key("model").text(model);
        write_output(output, &thinking, w);
        write_system(messages, instruction::of_format(output.format.as_ref()), w);
        w.key("messages").array(|w| write_messages(messages, w));
        w.truth_field("stream", stream.then_some(true));
        tools::write(tooling, w);
        write_sampling(&sampling, w);
        write_caching(caching, w);
        write_account(account, w);
    });
}

fn is_system(message: &Message<'_>) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// System text, and behind it what the model is to be told in words.
fn write_system(messages: &[Message<'_>], told: Option<&str>, w: &mut Writer<'_>) {
    if messages.iter().any(is_system) || told.is_some() {
        w.key("system").array(|w| {
            for message in messages.iter().filter(|message| is_system(message)) {
                write_blocks(&message.parts, Reads::Provider, w);
            }
            if let Some(told) = told {
                write_blocks(&[Part::text(told)], Reads::Provider, w);
            }
        });
    }
}

/// Turns of the same side are one message: some models want them to alternate. A turn that says
/// nothing is an error, and is left out.
fn write_messages(messages: &[Message<'_>], w: &mut Writer<'_>) {
    let says = |message: &&Message<'_>| {
        !is_system(message) && message.parts.iter().any(|part| is_block(part, Reads::Provider))
    };
    let spoken: Vec<_> = messages.iter().filter(says).collect();
    for turn in spoken.chunk_by(|one, next| one.role == next.role) {
        let role = if turn[0].role == Role::Assistant { "assistant" } else { "user" };
        w.object(|w| {
            w.key("role").text(role);
            w.key("content").array(|w| {
                turn.iter().for_each(|message| write_blocks(&message.parts, Reads::Provider, w));
            });
        });
    }
}

fn write_output(output: &Output<'_>, thinking: &Thinking, w: &mut Writer<'_>) {
    let Output {
        tokens_max,
        stop,
        format,
        choices: _,
        logprobs: _,
        logprobs_top: _,
        verbosity: _,
        audio: _,
        images: _,
        prediction: _,
    } = output;
    // Reasoning counts as output; what is left of it is for the answer.
    let limit = || TOKENS_MAX.saturating_add(thinking.budget.unwrap_or(0));
    w.key("max_tokens").count(tokens_max.unwrap_or_else(limit));
    thinking.write(w);
    if !stop.is_empty() {
        w.key("stop_sequences").array(|w| stop.iter().for_each(|stop| w.text(stop)));
    }
    let schema = match format {
        Some(OutputFormat::Schema { name: _, description, schema, strict: _ }) => {
            Some(described::with(schema.as_str(), description.as_deref()))
        }
        Some(OutputFormat::Text | OutputFormat::Json) | None => None,
    };
    if schema.is_some() || thinking.effort.is_some() {
        w.key("output_config").object(|w| {
            w.text_field("effort", thinking.effort);
            if let Some(schema) = schema {
                w.key("format").object(|w| {
                    w.key("type").text("json_schema");
                    w.key("schema").json(&schema);
                });
            }
        });
    }
}

fn write_sampling(sampling: &Sampling<'_>, w: &mut Writer<'_>) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        min_p: _,
        frequency_penalty: _,
        presence_penalty: _,
        repetition_penalty: _,
        seed: _,
        logit_bias: _,
    } = sampling;
    w.number_field("temperature", temperature.as_ref());
    w.number_field("top_p", top_p.as_ref());
    w.number_field("top_k", top_k.as_ref());
}

fn write_caching(caching: &Caching<'_>, w: &mut Writer<'_>) {
    let Caching { automatic, key: _, retention: _, content: _ } = caching;
    if let Some(mark) = automatic {
        w.key("cache_control");
        write_mark_value(*mark, w);
    }
}

fn write_account(account: &Account<'_>, w: &mut Writer<'_>) {
    let Account {
        user,
        metadata: _,
        service_class,
        store: _,
        previous_reply: _,
        conversation: _,
        prompt: _,
        is_background: _,
        safety: _,
        own: _,
    } = account;
    if let Some(user) = user {
        w.key("metadata").object(|w| w.text_field("user_id", Some(user)));
    }
    w.text_field(
        "service_tier",
        service_class.as_deref().map(|word| match word {
            "default" | "standard_only" => "standard_only",
            _ => "auto",
        }),
    );
}
