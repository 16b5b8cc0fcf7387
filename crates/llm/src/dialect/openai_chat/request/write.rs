//! A request of OpenAI Chat, written from the form: everything but messages and tools.

use super::tools;
use super::write_message::write_messages;
use crate::chat::{
    Account, AudioOutput, Caching, ChatRequest, Effort, Output, OutputFormat, ReasoningOptions,
    Sampling, Tooling,
};
use crate::dialect::Quirks;
use crate::json::Writer;

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
    let sampling = quirks.sampling(sampling);
    writer.object(|w| {
        w.key("model").text(model);
        w.key("messages").array(|w| write_messages(messages, quirks, w));
        if *stream {
            w.key("stream").truth(true);
            // Always asked for: what was used must be known, whether the client wants it or not.
            if !quirks.lacks_stream_options {
                w.key("stream_options").object(|w| w.truth_field("include_usage", Some(true)));
            }
        }
        write_tooling(tooling, w);
        write_output(output, quirks, w);
        write_sampling(&sampling, quirks, w);
        write_reasoning(reasoning, w);
        write_caching(caching, w);
        write_account(account, w);
    });
}

fn write_tooling(tooling: &Tooling<'_>, w: &mut Writer<'_>) {
    let Tooling { tools, choice, parallel, web_search } = tooling;
    if !tools.is_empty() {
        w.key("tools").array(|w| tools.iter().for_each(|tool| tools::write(tool, w)));
    }
    if let Some(choice) = choice {
        w.key("tool_choice");
        tools::write_choice(choice, tools, w);
    }
    w.truth_field("parallel_tool_calls", *parallel);
    if let Some(options) = web_search {
        w.key("web_search_options").json(options.as_str());
    }
}

fn write_output(output: &Output<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
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
    let limit = if quirks.tokens_max_older { "max_tokens" } else { "max_completion_tokens" };
    w.count_field(limit, *tokens_max);
    if !stop.is_empty() {
        w.key("stop").array(|w| stop.iter().for_each(|stop| w.text(stop)));
    }
    if let Some(format) = format {
        w.key("response_format");
        write_format(format, w);
    }
    w.count_field("n", *choices);
    // A number of them without the wish for any is an error.
    let is_wanted = *logprobs || logprobs_top.is_some();
    w.truth_field("logprobs", is_wanted.then_some(true));
    w.count_field("top_logprobs", *logprobs_top);
    w.text_field("verbosity", verbosity.as_deref());
    if audio.is_some() || *images {
        w.key("modalities").array(|w| {
            w.text("text");
            audio.iter().for_each(|_| w.text("audio"));
            images.then(|| w.text("image"));
        });
    }
    if let Some(AudioOutput { voice, format }) = audio {
        w.key("audio").object(|w| {
            // Both must be said; these are what OpenAI's own examples say.
            w.key("voice").text(voice.as_deref().unwrap_or("alloy"));
            w.key("format").text(format.as_deref().unwrap_or("wav"));
        });
    }
    if let Some(prediction) = prediction {
        w.key("prediction").json(prediction.as_str());
    }
}

fn write_format(format: &OutputFormat<'_>, w: &mut Writer<'_>) {
    let kind = match format {
        OutputFormat::Text => "text",
        OutputFormat::Json => "json_object",
        OutputFormat::Schema { .. } => "json_schema",
    };
    w.object(|w| {
        w.key("type").text(kind);
        if let OutputFormat::Schema { name, description, schema, strict } = format {
            w.key("json_schema").object(|w| {
                // The name must be said.
                w.key("name").text(name.as_deref().unwrap_or("output"));
                w.text_field("description", description.as_deref());
                w.key("schema").json(schema.as_str());
                w.truth_field("strict", *strict);
            });
        }
    });
}

fn write_sampling(sampling: &Sampling<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
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
    w.number_field("temperature", temperature.as_ref());
    w.number_field("top_p", top_p.as_ref());
    if quirks.takes_more_sampling {
        w.number_field("top_k", top_k.as_ref());
        w.number_field("min_p", min_p.as_ref());
        w.number_field("repetition_penalty", repetition_penalty.as_ref());
    }
    w.number_field("frequency_penalty", frequency_penalty.as_ref());
    w.number_field("presence_penalty", presence_penalty.as_ref());
    w.number_field("seed", seed.as_ref());
    if let Some(logit_bias) = logit_bias {
        w.key("logit_bias").json(logit_bias.as_str());
    }
}

fn write_reasoning(reasoning: &ReasoningOptions, w: &mut Writer<'_>) {
    let ReasoningOptions { effort, tokens_max, is_adaptive: _, shown: _ } = reasoning;
    let effort = effort.or_else(|| tokens_max.map(Effort::of_tokens));
    let effort = effort.map(|effort| effort.min(Effort::ExtraHigh));
    w.text_field("reasoning_effort", effort.map(Effort::as_str));
}

fn write_caching(caching: &Caching<'_>, w: &mut Writer<'_>) {
    let Caching { automatic: _, key, retention, content: _ } = caching;
    w.text_field("prompt_cache_key", key.as_deref());
    w.text_field("prompt_cache_retention", retention.as_deref());
}

fn write_account(account: &Account<'_>, w: &mut Writer<'_>) {
    let Account {
        user,
        metadata,
        service_class,
        store,
        previous_reply: _,
        conversation: _,
        prompt: _,
        is_background: _,
        safety: _,
        own: _,
    } = account;
    w.text_field("user", user.as_deref());
    if let Some(metadata) = metadata {
        w.key("metadata").json(metadata.as_str());
    }
    w.text_field("service_tier", service_class.as_deref());
    w.truth_field("store", *store);
}
