//! `additionalModelRequestFields`: what the model behind Bedrock has words for and Bedrock has not.
//!
//! Claude's fields are read and written, as Anthropic has them; of other models' only what means
//! the same is read.

use crate::chat::{ReasoningOptions, Sampling};
use crate::dialect::Quirks;
use crate::dialect::anthropic_messages::thinking::{self, Thinking};
use crate::json::{Cursor, JsonError, Writer};

pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    reasoning: &mut ReasoningOptions,
    sampling: &mut Sampling<'a>,
) -> Result<(), JsonError> {
    cursor.object(|cursor, name| {
        match name {
            "top_k" => sampling.top_k = cursor.maybe(Cursor::number)?,
            "thinking" | "reasoning_config" => thinking::read(cursor, reasoning)?,
            "output_config" => cursor.object(|cursor, name| match name {
                "effort" => thinking::read_effort(cursor).map(|word| reasoning.effort = Some(word)),
                _ => cursor.unknown(),
            })?,
            // Of the open models of OpenAI.
            "reasoning_effort" => reasoning.effort = Some(thinking::read_effort(cursor)?),
            // Of Nova.
            "inferenceConfig" => cursor.object(|cursor, name| match name {
                "topK" => cursor.maybe(Cursor::number).map(|top_k| sampling.top_k = top_k),
                _ => cursor.unknown(),
            })?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })
}

pub(super) fn write(
    thinking: &Thinking,
    sampling: &Sampling<'_>,
    quirks: &Quirks,
    w: &mut Writer<'_>,
) {
    if !quirks.takes_claude_fields || (thinking.is_silent() && sampling.top_k.is_none()) {
        return;
    }
    w.key("additionalModelRequestFields").object(|w| {
        w.number_field("top_k", sampling.top_k.as_ref());
        thinking.write(w);
        if thinking.effort.is_some() {
            w.key("output_config").object(|w| w.text_field("effort", thinking.effort));
        }
    });
}
