//! Parts of contents, read to the form's parts. Replies have the same parts.
//!
//! A part of the wire may become two: a signature at a text, which the form has only with
//! reasoning, becomes reasoning without words after it.

use super::super::{media, signature};
use crate::chat::{
    Content, Json, Maker, Media, Part, ProviderOnly, ReasoningPart, Text, ToolCall, ToolResult,
};
use crate::json::{Cursor, JsonError, Kind};

/// What a part says, before anything is made of it: its fields come in any order.
#[derive(Default)]
struct Draft<'a> {
    text: Option<Text<'a>>,
    is_thought: bool,
    signature: Option<Text<'a>>,
    content: Option<Content<'a>>,
    detail: Option<Text<'static>>,
}

/// Reads a part and adds what comes of it. Ids that are not said are left empty.
pub(in super::super) fn read_part<'a>(
    cursor: &mut Cursor<'a>,
    parts: &mut Vec<Part<'a>>,
) -> Result<(), JsonError> {
    let whole = cursor.clone_at();
    let mut draft = Draft::default();
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        match name {
            "text" => draft.text = Some(cursor.text()?),
            "thought" => draft.is_thought = cursor.truth()?,
            "thoughtSignature" | "thought_signature" => draft.signature = Some(cursor.text()?),
            "inlineData" | "inline_data" | "fileData" | "file_data" => {
                draft.content = Some(Content::Media(media::read(cursor)?));
            }
            "functionCall" | "function_call" => {
                draft.content = Some(Content::ToolCall(read_call(cursor)?));
            }
            "functionResponse" | "function_response" => {
                draft.content = Some(Content::ToolResult(read_result(cursor)?));
            }
            "executableCode"
            | "executable_code"
            | "codeExecutionResult"
            | "code_execution_result" => {
                cursor.skip()?;
                let (kind, json) = (Text::Owned(name.to_owned()), whole.clone_at().json()?);
                let maker = Maker::Google;
                draft.content = Some(Content::ProviderOnly(ProviderOnly { maker, kind, json }));
            }
            "mediaResolution" | "media_resolution" => draft.detail = read_detail(cursor)?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    draft.finish(parts);
    Ok(())
}

fn read_detail(cursor: &mut Cursor<'_>) -> Result<Option<Text<'static>>, JsonError> {
    let mut detail = None;
    cursor.object(|cursor, name| match name {
        "level" => cursor.text().map(|word| detail = media::detail(&word)),
        _ => cursor.unknown(),
    })?;
    Ok(detail)
}

fn read_call<'a>(cursor: &mut Cursor<'a>) -> Result<ToolCall<'a>, JsonError> {
    let (mut id, mut name_, mut arguments) = (Text::default(), Text::default(), None);
    cursor.object(|cursor, name| {
        match name {
            "id" => id = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "name" => name_ = cursor.text()?,
            "args" => arguments = cursor.maybe(Cursor::json)?.map(Json::into_text),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(ToolCall {
        id,
        name: name_,
        arguments: arguments.unwrap_or(Text::Borrowed("{}")),
        is_free_form: false,
        signature: None,
    })
}

fn read_result<'a>(cursor: &mut Cursor<'a>) -> Result<ToolResult<'a>, JsonError> {
    let (mut id, mut name_, mut media) = (Text::default(), None, Vec::new());
    let mut answer = Answer::default();
    cursor.object(|cursor, name| {
        match name {
            "id" => id = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "name" => name_ = cursor.maybe(Cursor::text)?,
            "response" => answer = cursor.maybe(read_answer)?.unwrap_or_default(),
            "parts" => super::super::wire::each(cursor, |cursor| read_part(cursor, &mut media))?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    let Answer { part, is_error } = answer;
    let parts = part.into_iter().chain(media).collect();
    Ok(ToolResult { call_id: id, name: name_, parts, is_error })
}

#[derive(Default)]
struct Answer<'a> {
    part: Option<Part<'a>>,
    is_error: bool,
}

/// The answer of a tool, which must be an object: `output` and `error` alone in it are what Google
/// has for an answer that is none.
fn read_answer<'a>(cursor: &mut Cursor<'a>) -> Result<Answer<'a>, JsonError> {
    let sole = sole_field(&mut cursor.clone_at())?;
    let Some((is_error, mut inner)) = sole else {
        let part = Some(Content::Json(cursor.json()?).into());
        return Ok(Answer { part, is_error: false });
    };
    cursor.skip()?;
    let is_text = inner.kind() == Kind::Text;
    let part =
        if is_text { Part::text(inner.text()?) } else { Content::Json(inner.json()?).into() };
    Ok(Answer { part: Some(part), is_error })
}

/// The value of `output` or `error`, where it is the only field, and whether it is the latter.
fn sole_field<'a>(cursor: &mut Cursor<'a>) -> Result<Option<(bool, Cursor<'a>)>, JsonError> {
    let (mut count, mut sole) = (0, None);
    cursor.object(|cursor, name| {
        count += 1;
        if matches!(name, "output" | "error") {
            sole = Some((name == "error", cursor.clone_at()));
        }
        cursor.skip()
    })?;
    Ok(sole.filter(|_| count == 1))
}

impl<'a> Draft<'a> {
    fn finish(self, parts: &mut Vec<Part<'a>>) {
        let Self { text, is_thought, signature, content, detail } = self;
        let opaque = signature.and_then(signature::read);
        let has_opaque = opaque.is_some();
        let mut thought = ReasoningPart::default();
        if let Some(signature::Opaque { signature, is_thought }) = opaque {
            let place = if is_thought { &mut thought.encrypted } else { &mut thought.signature };
            *place = Some(signature);
        }
        match (content, text) {
            (Some(Content::ToolCall(call)), _) => {
                let signature = thought.signature;
                parts.push(Content::ToolCall(ToolCall { signature, ..call }).into());
                return;
            }
            (Some(Content::Media(media)), _) => {
                parts.push(Content::Media(Media { detail, ..media }).into());
            }
            (Some(content), _) => parts.push(content.into()),
            (None, Some(text)) if is_thought => thought.text = text,
            (None, Some(text)) if !text.is_empty() => parts.push(Part::text(text)),
            (None, _) => {}
        }
        if has_opaque || !thought.text.is_empty() {
            match parts.last_mut().map(|part| &mut part.content) {
                Some(Content::Reasoning(open)) if is_thought && is_open(open) => {
                    open.text.to_mut().push_str(&thought.text);
                    (open.signature, open.encrypted) = (thought.signature, thought.encrypted);
                }
                _ => parts.push(Content::Reasoning(thought).into()),
            }
        }
    }
}

/// Whether a thought may go on: clients send it back in the pieces in which a stream brought it, and
/// the signature comes with the last.
fn is_open(thought: &ReasoningPart<'_>) -> bool {
    thought.signature.is_none() && thought.encrypted.is_none()
}
