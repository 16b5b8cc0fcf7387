//! A request of Anthropic, written from the form.

use super::tools;
use super::write_blocks::{Reads, write_blocks, write_mark_value};
use crate::chat::{
    Account, Caching, ChatRequest, Effort, Message, Output, OutputFormat, ReasoningOptions,
    ReasoningShown, Role, Sampling,
};
use crate::dialect::Quirks;
use crate::json::Writer;

/// The limit of the output must be said; this is what is said where the client said none.
const TOKENS_MAX: u64 = 4_096;
/// Fewer tokens of reasoning are refused.
const REASONING_TOKENS_MIN: u64 = 1_024;

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
        reasoning,
        caching,
        account,
    } = request;
    writer.object(|w| {
        w.key("model").text(model);
        write_output(output, (reasoning, quirks), w);
        write_system(messages, w);
        w.key("messages").array(|w| write_messages(messages, w));
        w.truth_field("stream", stream.then_some(true));
        tools::write(tooling, w);
        write_sampling(sampling, w);
        write_caching(caching, w);
        write_account(account, w);
    });
}

fn is_system(message: &Message<'_>) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

fn write_system(messages: &[Message<'_>], w: &mut Writer<'_>) {
    if messages.iter().any(is_system) {
        w.key("system").array(|w| {
            for message in messages.iter().filter(|message| is_system(message)) {
                write_blocks(&message.parts, Reads::Provider, w);
            }
        });
    }
}

/// Turns of the same side are one message: some models want them to alternate.
fn write_messages(messages: &[Message<'_>], w: &mut Writer<'_>) {
    let spoken: Vec<_> = messages.iter().filter(|message| !is_system(message)).collect();
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

fn write_output(
    output: &Output<'_>,
    (reasoning, quirks): (&ReasoningOptions, &Quirks),
    w: &mut Writer<'_>,
) {
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
    let effort = write_reasoning(reasoning, *tokens_max, quirks, w);
    if !stop.is_empty() {
        w.key("stop_sequences").array(|w| stop.iter().for_each(|stop| w.text(stop)));
    }
    let schema = match format {
        Some(OutputFormat::Schema { name: _, description: _, schema, strict: _ }) => Some(schema),
        Some(OutputFormat::Text | OutputFormat::Json) | None => None,
    };
    if schema.is_some() || effort.is_some() {
        w.key("output_config").object(|w| {
            w.text_field("effort", effort);
            if let Some(schema) = schema {
                w.key("format").object(|w| {
                    w.key("type").text("json_schema");
                    w.key("schema").json(schema.as_str());
                });
            }
        });
    }
}

/// Writes the limits of output and reasoning, which hang together, and tells the effort to say.
fn write_reasoning(
    reasoning: &ReasoningOptions,
    tokens_max: Option<u64>,
    quirks: &Quirks,
    w: &mut Writer<'_>,
) -> Option<&'static str> {
    let ReasoningOptions { effort, tokens_max: asked, is_adaptive, shown } = *reasoning;
    let is_off = effort == Some(Effort::None) || asked == Some(0);
    let by_effort = quirks.reasoning_by_effort || is_adaptive;
    let by_tokens = !by_effort && !is_off;
    let limit = tokens_max.unwrap_or_else(|| {
        // Reasoning counts as output; what is left of it is for the answer.
        let tokens = asked.or_else(|| effort.map(Effort::tokens)).unwrap_or(0);
        TOKENS_MAX.saturating_add(if by_tokens { tokens } else { 0 })
    });
    // A number that was asked for is sent as it is, and the provider judges it; one that stands for
    // effort must fit under the limit, and where it cannot there is no reasoning.
    let fitting = effort.map(|effort| effort.tokens().min(limit.saturating_sub(1)));
    let budget = asked.or(fitting.filter(|tokens| *tokens >= REASONING_TOKENS_MIN));
    let budget = budget.filter(|_| by_tokens);
    w.key("max_tokens").count(limit);
    let wants = by_effort && (is_adaptive || effort.is_some() || reasoning.tokens_max.is_some());
    let kind = match (is_off, budget) {
        (true, _) => Some("disabled"),
        (_, Some(_)) => Some("enabled"),
        _ => wants.then_some("adaptive"),
    };
    if let Some(kind) = kind {
        w.key("thinking").object(|w| {
            w.key("type").text(kind);
            w.count_field("budget_tokens", budget);
            if !is_off {
                w.text_field(
                    "display",
                    shown.map(|shown| match shown {
                        ReasoningShown::Hidden => "omitted",
                        _ => "summarized",
                    }),
                );
            }
        });
    }
    let effort = effort.or_else(|| reasoning.tokens_max.map(Effort::of_tokens));
    effort.filter(|_| by_effort && !is_off).map(|effort| match effort {
        Effort::None | Effort::Minimal => "low",
        effort => effort.as_str(),
    })
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
