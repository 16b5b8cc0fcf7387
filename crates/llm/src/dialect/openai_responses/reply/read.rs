//! A whole response, read to the form.

use super::super::item::{self, Read};
use super::super::{usage, wire};
use crate::chat::{
    ChatReply, Choice, Content, Finish, Part, ReasoningPart, Signature, Text, TokenLogprob, Usage,
};
use crate::dialect::Context;
use crate::json::{Cursor, JsonError, Kind};

/// What a response says beside its items.
#[derive(Debug, Default)]
pub(in super::super) struct Head<'a> {
    pub(in super::super) id: Option<Text<'a>>,
    pub(in super::super) model: Option<Text<'a>>,
    pub(in super::super) created_s: Option<u64>,
    pub(in super::super) service_class: Option<Text<'a>>,
    usage: Option<Usage>,
    searches: u64,
    status: Text<'a>,
    reason: Option<Text<'a>>,
}

/// What a response says again of the request, and notes that are about no answer.
const ECHOES: [&str; 28] = [
    "object",
    "background",
    "billing",
    "completed_at",
    "conversation",
    "frequency_penalty",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "output_text",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    // How often tools that the provider runs were run: none can be asked for through the form.
    "tool_usage",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

pub(in crate::dialect) fn read<'a>(
    cursor: &mut Cursor<'a>,
    _context: &Context,
) -> Result<ChatReply<'a>, JsonError> {
    let (mut head, mut answer, mut has_output) = (Head::default(), Choice::default(), false);
    cursor.object(|cursor, name| match name {
        "output" => {
            has_output = true;
            head.searches = usage::searches(&mut cursor.clone_at())?;
            read_output(cursor, &mut answer)
        }
        _ => head.read_field(cursor, name),
    })?;
    if !has_output {
        return Err(cursor.wrong("must have output"));
    }
    let has = |is: fn(&Content<'_>) -> bool| answer.parts.iter().any(|part| is(&part.content));
    let has_calls = has(|content| matches!(content, Content::ToolCall(_)));
    let has_refusal = has(|content| matches!(content, Content::Refusal(_)));
    answer.finish = head.finish(has_calls, has_refusal);
    let usage = head.used();
    let Head { id, model, created_s, service_class, .. } = head;
    let choices = vec![answer];
    Ok(ChatReply { id, model, created_s, choices, usage, service_class, fingerprint: None })
}

/// Reads what a response says beside its items, which are gone over.
pub(in super::super) fn read_head<'a>(cursor: &mut Cursor<'a>) -> Result<Head<'a>, JsonError> {
    let mut head = Head::default();
    cursor.object(|cursor, name| match name {
        "output" => usage::searches(cursor).map(|searches| head.searches = searches),
        _ => head.read_field(cursor, name),
    })?;
    Ok(head)
}

fn read_output<'a>(cursor: &mut Cursor<'a>, answer: &mut Choice<'a>) -> Result<(), JsonError> {
    let mut logprobs: Vec<TokenLogprob<'_>> = Vec::new();
    cursor.maybe(|cursor| {
        cursor.array(|cursor| {
            match item::read(cursor, &mut logprobs)? {
                Read::Message(_, parts) | Read::Answer(parts) => {
                    answer.parts.extend(parts.into_iter().filter(|part| !is_hidden(part)));
                }
                Read::Result(part) => answer.parts.push(part),
                Read::CallSignature(signature) => sign(&mut answer.parts, signature),
            }
            Ok(())
        })
    })?;
    answer.logprobs = Some(logprobs).filter(|tokens| !tokens.is_empty());
    Ok(())
}

/// Whether the part is reasoning of which nothing is shown and nothing can be sent back.
fn is_hidden(part: &Part<'_>) -> bool {
    let Content::Reasoning(ReasoningPart { text, signature, encrypted, id: _ }) = &part.content
    else {
        return false;
    };
    text.is_empty() && signature.is_none() && encrypted.is_none()
}

/// Gives the last call its signature.
fn sign<'a>(parts: &mut [Part<'a>], signature: Signature<'a>) {
    let call = parts.iter_mut().rev().find_map(|part| match &mut part.content {
        Content::ToolCall(call) => Some(call),
        _ => None,
    });
    if let Some(call) = call {
        call.signature = Some(signature);
    }
}

impl<'a> Head<'a> {
    fn read_field(&mut self, cursor: &mut Cursor<'a>, name: &str) -> Result<(), JsonError> {
        match name {
            "id" => self.id = cursor.maybe(Cursor::text)?.filter(|id| !id.is_empty()),
            "model" => self.model = cursor.maybe(Cursor::text)?.filter(|model| !model.is_empty()),
            "created_at" => self.created_s = cursor.maybe(read_seconds)?,
            "status" => self.status = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "incomplete_details" => {
                cursor.maybe(|cursor| self.read_reason(cursor))?;
            }
            "usage" => self.usage = cursor.maybe(usage::read)?,
            "service_tier" => self.service_class = cursor.maybe(Cursor::text)?,
            _ if ECHOES.contains(&name) => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    }

    /// What was used: searches of the web are told by the items alone.
    pub(in super::super) fn used(&self) -> Option<Usage> {
        self.usage.map(|usage| Usage { searches: self.searches, ..usage })
    }

    fn read_reason(&mut self, cursor: &mut Cursor<'a>) -> Result<(), JsonError> {
        cursor.object(|cursor, name| {
            match name {
                "reason" => self.reason = cursor.maybe(Cursor::text)?,
                _ => cursor.unknown()?,
            }
            Ok(())
        })
    }

    /// Why the answer ended: that tools are to be called is told by the calls alone.
    pub(in super::super) fn finish(&self, has_calls: bool, has_refusal: bool) -> Option<Finish> {
        match wire::finish(&self.status, self.reason.as_deref()) {
            Some(Finish::Stop) if has_calls => Some(Finish::ToolCalls),
            Some(Finish::Stop) if has_refusal => Some(Finish::Refusal),
            finish => finish,
        }
    }
}

/// Seconds, which some servers write with a fraction.
fn read_seconds(cursor: &mut Cursor<'_>) -> Result<u64, JsonError> {
    if cursor.kind() != Kind::Scalar {
        return Err(cursor.wrong("must be a number"));
    }
    let number = cursor.number()?;
    let whole = number.as_str().split('.').next().unwrap_or_default();
    Ok(whole.parse().unwrap_or_default())
}
