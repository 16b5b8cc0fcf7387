//! A request for a response, written from the form: everything but the conversation and tools.

use super::write_input::{has_own_reasoning, write_conversation};
use super::{output, tools};
use crate::chat::{
    Account, Caching, ChatRequest, Effort, Output, ReasoningOptions, ReasoningShown, Sampling,
};
use crate::dialect::Quirks;
use crate::json::{Number, Writer};

/// A lower limit of the output is refused by OpenAI.
const TOKENS_MAX_MIN: u64 = 16;

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
        write_conversation(messages, quirks, w);
        w.truth_field("stream", stream.then_some(true));
        tools::write(tooling, output.images, w);
        write_output(output, quirks, w);
        write_sampling(&sampling, quirks, w);
        write_reasoning(reasoning, w);
        // A model that does not reason refuses to be asked for its reasoning.
        let wants_own = reasoning.is_wanted() || has_own_reasoning(messages);
        write_include(wants_own, output.logprobs, w);
        write_caching(caching, w);
        write_account(account, w);
    });
}

fn write_output(output: &Output<'_>, quirks: &Quirks, w: &mut Writer<'_>) {
    let Output {
        tokens_max,
        stop,
        format,
        choices: _,
        logprobs: _,
        logprobs_top,
        verbosity,
        audio: _,
        images: _,
        prediction: _,
    } = output;
    w.count_field("max_output_tokens", tokens_max.map(|limit| limit.max(TOKENS_MAX_MIN)));
    if quirks.takes_more_sampling && !stop.is_empty() {
        w.key("stop").array(|w| stop.iter().for_each(|stop| w.text(stop)));
    }
    output::write_text(format.as_ref(), verbosity.as_deref(), w);
    w.count_field("top_logprobs", *logprobs_top);
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
        logit_bias: _,
    } = sampling;
    let mut number = |name: &str, number: &Option<Number<'_>>, is_taken: bool| {
        w.number_field(name, number.as_ref().filter(|_| is_taken));
    };
    number("temperature", temperature, true);
    number("top_p", top_p, true);
    number("top_k", top_k, quirks.takes_more_sampling);
    number("min_p", min_p, quirks.takes_more_sampling);
    number("frequency_penalty", frequency_penalty, quirks.takes_more_sampling);
    number("presence_penalty", presence_penalty, quirks.takes_more_sampling);
    number("repetition_penalty", repetition_penalty, quirks.takes_more_sampling);
    number("seed", seed, quirks.takes_more_sampling);
}

fn write_reasoning(reasoning: &ReasoningOptions, w: &mut Writer<'_>) {
    let ReasoningOptions { effort, tokens_max, is_adaptive: _, shown } = reasoning;
    let effort = effort.or_else(|| tokens_max.map(Effort::of_tokens));
    if effort.is_none() && shown.is_none() {
        return;
    }
    w.key("reasoning").object(|w| {
        w.text_field("effort", effort.map(|effort| effort.min(Effort::ExtraHigh).as_str()));
        match shown {
            None => {}
            Some(ReasoningShown::Hidden) => w.key("summary").null(),
            Some(ReasoningShown::Auto) => w.key("summary").text("auto"),
            Some(ReasoningShown::Concise) => w.key("summary").text("concise"),
            Some(ReasoningShown::Detailed) => w.key("summary").text("detailed"),
        }
    });
}

fn write_include(wants_own: bool, logprobs: bool, w: &mut Writer<'_>) {
    if wants_own || logprobs {
        w.key("include").array(|w| {
            // Nothing lives at the provider, so that reasoning must come and go with the client.
            wants_own.then(|| w.text("reasoning.encrypted_content"));
            logprobs.then(|| w.text("message.output_text.logprobs"));
        });
    }
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
        previous_reply,
        conversation,
        prompt,
        is_background,
        safety: _,
        own: _,
    } = account;
    w.text_field("user", user.as_deref());
    if let Some(metadata) = metadata {
        w.key("metadata").json(metadata.as_str());
    }
    w.text_field("service_tier", service_class.as_deref());
    // Unasked, OpenAI keeps answers for a month; clients of other dialects do not expect that.
    w.key("store").truth(store.unwrap_or(false));
    w.text_field("previous_response_id", previous_reply.as_deref());
    if let Some(conversation) = conversation {
        w.key("conversation").json(conversation.as_str());
    }
    if let Some(prompt) = prompt {
        w.key("prompt").json(prompt.as_str());
    }
    w.truth_field("background", is_background.then_some(true));
}
