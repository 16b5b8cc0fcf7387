//! What the model says, read and written: messages of requests and of replies are the same.

use super::citation::{self, Passage, Place};
use super::tool_call;
use crate::chat::{Content, Part, ReasoningPart, Text, TextPart, ToolCall};
use crate::dialect::signature;
use crate::json::{Cursor, JsonError, Kind, Writer};

/// A message of the model as it is written.
#[derive(Debug, Default)]
pub(super) struct Assistant<'a> {
    content: Vec<Part<'a>>,
    plan: Option<Text<'a>>,
    calls: Vec<ToolCall<'a>>,
    passages: Vec<Passage<'a>>,
}

impl<'a> Assistant<'a> {
    /// Reads a field of it; the content, in which users may have images, is given.
    pub(super) fn read_field(
        &mut self,
        cursor: &mut Cursor<'a>,
        name: &str,
    ) -> Result<(), JsonError> {
        match name {
            "content" if cursor.kind() == Kind::Text => {
                self.content.push(Part::text(cursor.text()?));
            }
            "content" => self.content = cursor.list(read_block)?,
            "tool_plan" => {
                self.plan = cursor.maybe(Cursor::text)?.filter(|plan| !plan.is_empty());
            }
            "tool_calls" => self.calls = cursor.list(tool_call::read)?,
            "citations" => self.passages = cursor.list(citation::read)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    }

    /// Its parts: content, plan, calls. Calls without an id get the one of their place.
    pub(super) fn into_parts(self, id: impl Fn(usize) -> String) -> Vec<Part<'a>> {
        let Self { content: mut parts, plan, calls, passages } = self;
        let plan_at = parts.len();
        parts.extend(plan.map(Part::text));
        for Passage { block, is_plan, citations } in passages {
            let named = block.and_then(|block| usize::try_from(block).ok());
            let first = || parts.iter().position(|part| matches!(part.content, Content::Text(_)));
            let place = if is_plan { Some(plan_at) } else { named.or_else(first) };
            if let Some(Content::Text(text)) =
                place.and_then(|at| parts.get_mut(at)).map(|part| &mut part.content)
            {
                text.citations.extend(citations);
            }
        }
        for mut call in calls {
            if call.id.is_empty() {
                call.id = id(parts.len()).into();
            }
            parts.push(Content::ToolCall(call).into());
        }
        parts
    }
}

fn read_block<'a>(cursor: &mut Cursor<'a>) -> Result<Part<'a>, JsonError> {
    let mut content = None;
    let mut proof = None;
    cursor.object(|cursor, name| {
        match name {
            "text" => content = Some(Part::text(cursor.text()?).content),
            "thinking" => {
                let text = cursor.text()?;
                content = Some(Content::Reasoning(ReasoningPart { text, ..Default::default() }));
            }
            "signature" => proof = cursor.maybe(Cursor::text)?.map(signature::read),
            "type" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let mut content = content.ok_or_else(|| cursor.wrong("is content of no known type"))?;
    if let Content::Reasoning(reasoning) = &mut content {
        reasoning.signature = proof;
    }
    Ok(content.into())
}

/// Who reads the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Cohere.
    Provider,
    /// A client. Others' signatures are put beside the thoughts: clients send back what they got.
    Client,
}

/// Writes the fields of the message. What is said before calls is the plan.
pub(super) fn write(parts: &[Part<'_>], reads: Reads, w: &mut Writer<'_>) {
    let calls = || {
        parts.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        })
    };
    let has_calls = calls().next().is_some();
    w.key("role").text("assistant");
    if has_calls {
        let texts: Vec<&str> = parts.iter().filter_map(text_of).collect();
        if !texts.is_empty() {
            w.key("tool_plan").texts(&texts);
        }
        w.key("tool_calls").array(|w| calls().for_each(|call| tool_call::write(call, w)));
    }
    let is_block = |part: &&Part<'_>| match &part.content {
        Content::Reasoning(reasoning) => is_shown(reasoning, reads),
        _ => !has_calls && text_of(part).is_some(),
    };
    let blocks: Vec<&Part<'_>> = parts.iter().filter(is_block).collect();
    if !has_calls || !blocks.is_empty() {
        w.key("content").array(|w| blocks.iter().for_each(|part| write_block(part, reads, w)));
    }
    if has_calls { write_citations(parts, true, w) } else { write_citations(&blocks, false, w) }
}

fn is_shown(reasoning: &ReasoningPart<'_>, reads: Reads) -> bool {
    !reasoning.text.is_empty() || (reads == Reads::Client && reasoning.signature.is_some())
}

fn text_of<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.content {
        Content::Text(text) => Some(text.text.as_ref()).filter(|text| !text.is_empty()),
        Content::Refusal(text) => Some(text),
        Content::Json(json) => Some(json.as_str()),
        _ => None,
    }
}

fn write_block(part: &Part<'_>, reads: Reads, w: &mut Writer<'_>) {
    w.object(|w| match &part.content {
        Content::Reasoning(ReasoningPart { text, signature, encrypted: _, id: _ }) => {
            w.key("type").text("thinking");
            w.key("thinking").text(text);
            if let Some(signature) = signature.as_ref().filter(|_| reads == Reads::Client) {
                w.key("signature").texts(&signature::write(signature));
            }
        }
        _ => {
            w.key("type").text("text");
            w.key("text").text(text_of(part).unwrap_or_default());
        }
    });
}

fn write_citations<'p, P: std::borrow::Borrow<Part<'p>>>(
    parts: &[P],
    is_plan: bool,
    w: &mut Writer<'_>,
) {
    let cites = |part: &P| matches!(&part.borrow().content, Content::Text(text) if !text.citations.is_empty());
    if !parts.iter().any(cites) {
        return;
    }
    w.key("citations").array(|w| {
        let mut offset = 0;
        for (block, part) in (0..).zip(parts) {
            let part = part.borrow();
            if let Content::Text(TextPart { text, citations }) = &part.content {
                let block = (!is_plan).then_some(block);
                let place = Place { block, offset: if is_plan { offset } else { 0 }, text };
                citations.iter().for_each(|one| citation::write(one, place, w));
            }
            offset += text_of(part).map_or(0, |text| text.chars().count() as u64);
        }
    });
}
