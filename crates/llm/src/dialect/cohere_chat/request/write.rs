//! A request of Cohere, written from the form: everything but messages and tools.

use super::super::document;
use super::write_message::documents;
use super::{tools, write_message};
use crate::chat::{
    Account, Caching, ChatRequest, Effort, Message, Output, OutputFormat, ReasoningOptions,
    Sampling,
};
use crate::dialect::{Quirks, described};
use crate::json::Writer;

pub(in crate::dialect) fn write(
    request: &ChatRequest<'_>,
    _quirks: &Quirks,
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
    // Neither has a word there.
    let Caching { automatic: _, key: _, retention: _, content: _ } = caching;
    let Account {
        user: _,
        metadata: _,
        service_class: _,
        store: _,
        previous_reply: _,
        conversation: _,
        prompt: _,
        is_background: _,
        safety: _,
        own: _,
    } = account;
    writer.object(|w| {
        w.key("model").text(model);
        w.key("messages").array(|w| write_message::write(messages, w));
        w.truth_field("stream", stream.then_some(true));
        write_documents(messages, w);
        tools::write(tooling, w);
        write_output(output, w);
        write_sampling(sampling, w);
        write_reasoning(reasoning, w);
    });
}

fn write_documents(messages: &[Message<'_>], w: &mut Writer<'_>) {
    let documents = documents(messages);
    if documents.clone().next().is_none() {
        return;
    }
    w.key("documents").array(|w| documents.clone().for_each(|media| document::write(media, w)));
    // Without a word all are cited.
    if !documents.clone().any(|media| media.is_cited) {
        w.key("citation_options").object(|w| w.text_field("mode", Some("OFF")));
    }
}

fn write_output(output: &Output<'_>, w: &mut Writer<'_>) {
    let Output {
        tokens_max,
        stop,
        format,
        choices: _,
        logprobs,
        logprobs_top: _,
        verbosity: _,
        audio: _,
        images: _,
        prediction: _,
    } = output;
    w.count_field("max_tokens", *tokens_max);
    if !stop.is_empty() {
        w.key("stop_sequences").array(|w| stop.iter().for_each(|stop| w.text(stop)));
    }
    if let Some(format) = format {
        let (kind, schema) = match format {
            OutputFormat::Text => ("text", None),
            OutputFormat::Json => ("json_object", None),
            OutputFormat::Schema { name: _, description, schema, strict: _ } => {
                ("json_object", Some(described::with(schema.as_str(), description.as_deref())))
            }
        };
        w.key("response_format").object(|w| {
            w.key("type").text(kind);
            if let Some(schema) = schema {
                w.key("json_schema").json(&schema);
            }
        });
    }
    w.truth_field("logprobs", logprobs.then_some(true));
}

fn write_sampling(sampling: &Sampling<'_>, w: &mut Writer<'_>) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        min_p: _,
        frequency_penalty,
        presence_penalty,
        repetition_penalty: _,
        seed,
        logit_bias: _,
    } = sampling;
    w.number_field("temperature", temperature.as_ref());
    w.number_field("p", top_p.as_ref());
    w.number_field("k", top_k.as_ref());
    w.number_field("frequency_penalty", frequency_penalty.as_ref());
    w.number_field("presence_penalty", presence_penalty.as_ref());
    w.number_field("seed", seed.as_ref());
}

fn write_reasoning(reasoning: &ReasoningOptions, w: &mut Writer<'_>) {
    let ReasoningOptions { effort, tokens_max, is_adaptive, shown: _ } = *reasoning;
    let tokens = tokens_max.or_else(|| effort.map(Effort::tokens).filter(|_| !is_adaptive));
    let kind = match tokens {
        Some(0) => "disabled",
        None if !is_adaptive => return,
        _ => "enabled",
    };
    w.key("thinking").object(|w| {
        w.key("type").text(kind);
        w.count_field("token_budget", tokens.filter(|tokens| *tokens > 0));
    });
}
