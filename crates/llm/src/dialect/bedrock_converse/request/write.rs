//! A request of Bedrock, written from the form: all but the model and the wish for a stream, which
//! stand in the path.

use super::super::media::Names;
use super::write_blocks::{Reads, is_block, write_blocks, write_mark};
use super::{extra, tools};
use crate::chat::{
    Account, CacheMark, Caching, ChatRequest, Message, Output, OutputFormat, Part, Role, Sampling,
    ToolChoice,
};
use crate::dialect::anthropic_messages::thinking::Thinking;
use crate::dialect::{Quirks, instruction};
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
        output,
        sampling,
        // What is made of it depends on the rest.
        reasoning: _,
        caching,
        account,
    } = request;
    let thinking = Thinking::of(request, quirks);
    let sampling = match quirks.takes_claude_fields {
        true => thinking.sampling(quirks.sampling(sampling)),
        false => quirks.sampling(sampling),
    };
    let Caching { automatic, key: _, retention: _, content: _ } = caching;
    let mut names = Names::default();
    // That no tool may be called is said by describing none.
    let is_without = tooling.tools.is_empty() || tooling.choice == Some(ToolChoice::None);
    let reads = if is_without { Reads::WithoutTools } else { Reads::Provider };
    writer.object(|w| {
        write_system(messages, instruction::of_format(output.format.as_ref()), &mut names, w);
        w.key("messages").array(|w| write_messages(messages, reads, *automatic, &mut names, w));
        write_inference(output, &sampling, w);
        if !is_without {
            tools::write(tooling, w);
        }
        extra::write(&thinking, &sampling, quirks, w);
        write_format(output.format.as_ref(), w);
        write_account(account, w);
    });
}

fn is_system(message: &Message<'_>) -> bool {
    matches!(message.role, Role::System | Role::Developer)
}

/// System text, and behind it what the model is to be told in words.
fn write_system(
    messages: &[Message<'_>],
    told: Option<&str>,
    names: &mut Names,
    w: &mut Writer<'_>,
) {
    if messages.iter().any(is_system) || told.is_some() {
        w.key("system").array(|w| {
            for message in messages.iter().filter(|message| is_system(message)) {
                write_blocks(&message.parts, Reads::Provider, names, w);
            }
            if let Some(told) = told {
                write_blocks(&[Part::text(told)], Reads::Provider, names, w);
            }
        });
    }
}

/// Turns of the same side are one message: they must alternate. A turn that says nothing is an
/// error, and is left out.
fn write_messages(
    messages: &[Message<'_>],
    reads: Reads,
    mark: Option<CacheMark>,
    names: &mut Names,
    w: &mut Writer<'_>,
) {
    let says = |message: &&Message<'_>| {
        !is_system(message) && message.parts.iter().any(|part| is_block(&part.content, reads))
    };
    let spoken: Vec<_> = messages.iter().filter(says).collect();
    let mut turns = spoken.chunk_by(|one, next| one.role == next.role).peekable();
    while let Some(turn) = turns.next() {
        let role = if turn[0].role == Role::Assistant { "assistant" } else { "user" };
        w.object(|w| {
            w.key("role").text(role);
            w.key("content").array(|w| {
                for message in turn {
                    write_blocks(&message.parts, reads, names, w);
                }
                write_mark(mark.filter(|_| turns.peek().is_none()), w);
            });
        });
    }
}

fn write_inference(output: &Output<'_>, sampling: &Sampling<'_>, w: &mut Writer<'_>) {
    let Output {
        tokens_max,
        stop,
        format: _,
        choices: _,
        logprobs: _,
        logprobs_top: _,
        verbosity: _,
        audio: _,
        images: _,
        prediction: _,
    } = output;
    let Sampling {
        temperature,
        top_p,
        top_k: _,
        min_p: _,
        frequency_penalty: _,
        presence_penalty: _,
        repetition_penalty: _,
        seed: _,
        logit_bias: _,
    } = sampling;
    let numbers = temperature.is_some() || top_p.is_some();
    if tokens_max.is_none() && stop.is_empty() && !numbers {
        return;
    }
    w.key("inferenceConfig").object(|w| {
        w.count_field("maxTokens", *tokens_max);
        w.number_field("temperature", temperature.as_ref());
        w.number_field("topP", top_p.as_ref());
        if !stop.is_empty() {
            w.key("stopSequences").array(|w| stop.iter().for_each(|stop| w.text(stop)));
        }
    });
}

fn write_format(format: Option<&OutputFormat<'_>>, w: &mut Writer<'_>) {
    let Some(OutputFormat::Schema { name, description, schema, strict: _ }) = format else {
        return;
    };
    w.key("outputConfig").object(|w| {
        w.key("textFormat").object(|w| {
            w.key("type").text("json_schema");
            w.key("structure").object(|w| {
                w.key("jsonSchema").object(|w| {
                    w.key("schema").text(schema.as_str());
                    w.text_field("name", name.as_deref());
                    w.text_field("description", description.as_deref());
                });
            });
        });
    });
}

fn write_account(account: &Account<'_>, w: &mut Writer<'_>) {
    let Account {
        user: _,
        metadata,
        service_class,
        store: _,
        previous_reply: _,
        conversation: _,
        prompt: _,
        is_background: _,
        safety: _,
        own: _,
    } = account;
    if let Some(metadata) = metadata {
        w.key("requestMetadata").json(metadata.as_str());
    }
    // `auto` is what it is without a word.
    let known = ["default", "flex", "priority", "reserved"];
    if let Some(word) = service_class.as_deref().filter(|word| known.contains(word)) {
        w.key("serviceTier").object(|w| w.text_field("type", Some(word)));
    }
}
