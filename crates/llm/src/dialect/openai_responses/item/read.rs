//! An item, read to parts of the form.

use super::super::opaque::{self, Sort};
use super::content;
use crate::chat::{
    Content, Json, Maker, Media, MediaKind, Part, ProviderOnly, ReasoningPart, Role, Signature,
    Source, Text, TokenLogprob, ToolCall, ToolResult,
};
use crate::dialect::logprob;
use crate::json::{Cursor, JsonError, Kind};

/// What an item is.
#[derive(Debug)]
pub(in super::super) enum Read<'a> {
    /// A message of somebody but the model.
    Message(Role, Vec<Part<'a>>),
    /// Something of the model.
    Answer(Vec<Part<'a>>),
    /// What a tool answered.
    Result(Part<'a>),
    /// The signature of the call before it.
    CallSignature(Signature<'a>),
}

/// An item whose fields come in any order.
#[derive(Default)]
struct Draft<'a> {
    kind: Text<'a>,
    role: Text<'a>,
    id: Option<Text<'a>>,
    content: Vec<Part<'a>>,
    summary: Vec<Part<'a>>,
    encrypted: Option<Text<'a>>,
    call_id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    arguments: Text<'a>,
    output: Vec<Part<'a>>,
    image: Option<Text<'a>>,
    image_format: Option<Text<'a>>,
}

/// Items that the form can say. All others are OpenAI's own.
const KINDS: [&str; 7] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "image_generation_call",
];

/// Reads an item, and the log probabilities that stand in it.
pub(in super::super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    logprobs: &mut Vec<TokenLogprob<'a>>,
) -> Result<Read<'a>, JsonError> {
    let whole = cursor.clone_at();
    // An item without a type is a message.
    let kind = kind_of(&mut cursor.clone_at())?.unwrap_or(Text::Borrowed("message"));
    if !KINDS.contains(&kind.as_ref()) {
        return own(kind, cursor);
    }
    let mut draft = Draft { kind, ..Draft::default() };
    cursor.object(|cursor, name| {
        if cursor.kind() == Kind::Null {
            return cursor.skip();
        }
        read_field(cursor, name, &mut draft, logprobs)
    })?;
    // An image that is only named lives at the provider.
    if draft.kind == "image_generation_call" && draft.image.is_none() {
        return own(draft.kind, &mut whole.clone_at());
    }
    draft.item().map_err(|why| whole.wrong(why))
}

fn kind_of<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Text<'a>>, JsonError> {
    let mut kind = None;
    cursor.object(|cursor, name| match name {
        "type" => cursor.maybe(Cursor::text).map(|text| kind = text),
        _ => cursor.skip(),
    })?;
    Ok(kind)
}

fn own<'a>(kind: Text<'a>, cursor: &mut Cursor<'a>) -> Result<Read<'a>, JsonError> {
    let json = cursor.json()?;
    let is_result = kind.ends_with("_output") || kind == "mcp_approval_response";
    let part = Content::ProviderOnly(ProviderOnly { maker: Maker::Openai, kind, json }).into();
    Ok(if is_result { Read::Result(part) } else { Read::Answer(vec![part]) })
}

fn read_field<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    draft: &mut Draft<'a>,
    logprobs: &mut Vec<TokenLogprob<'a>>,
) -> Result<(), JsonError> {
    match name {
        // How far an item is is told by what it is in.
        "type" | "status" => cursor.skip()?,
        "role" => draft.role = cursor.text()?,
        "id" => draft.id = Some(cursor.text()?).filter(|id| !id.is_empty()),
        "content" => draft.content = content::read(cursor, logprobs)?,
        "summary" => draft.summary = content::read(cursor, logprobs)?,
        "encrypted_content" => draft.encrypted = Some(cursor.text()?),
        "call_id" => draft.call_id = Some(cursor.text()?),
        "name" => draft.name = Some(cursor.text()?),
        "arguments" | "input" => draft.arguments = cursor.text()?,
        "output" => draft.output = content::read(cursor, logprobs)?,
        "result" => draft.image = Some(cursor.text()?),
        "output_format" => draft.image_format = Some(cursor.text()?),
        _ => cursor.unknown()?,
    }
    Ok(())
}

/// Reads a list of log probabilities, which may be `null`.
pub(in super::super) fn read_logprobs<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<TokenLogprob<'a>>, JsonError> {
    cursor.list(logprob::read)
}

/// A part of an answer; one that is OpenAI's own stands in a message, as only items do by
/// themselves.
fn as_item(part: Part<'_>) -> Part<'_> {
    let Content::ProviderOnly(ProviderOnly { maker, kind, json }) = part.content else {
        return part;
    };
    let content = json.as_str();
    let message = format!(r#"{{"type":"message","role":"assistant","content":[{content}]}}"#);
    let json = Json::from_valid(message);
    Content::ProviderOnly(ProviderOnly { maker, kind, json }).into()
}

impl<'a> Draft<'a> {
    fn item(self) -> Result<Read<'a>, &'static str> {
        let is_free_form = self.kind.starts_with("custom");
        Ok(match self.kind.as_ref() {
            "message" => match self.role.as_ref() {
                "assistant" => Read::Answer(self.content.into_iter().map(as_item).collect()),
                "user" => Read::Message(Role::User, self.content),
                "system" => Read::Message(Role::System, self.content),
                "developer" => Read::Message(Role::Developer, self.content),
                _ => return Err("must have a role: user, assistant, system or developer"),
            },
            "reasoning" => self.reasoning(),
            "function_call" | "custom_tool_call" => {
                let call = ToolCall {
                    id: self.call_id.or(self.id).ok_or("must have a call_id")?,
                    name: self.name.ok_or("must have a name")?,
                    arguments: self.arguments,
                    is_free_form,
                    signature: None,
                };
                Read::Answer(vec![Content::ToolCall(call).into()])
            }
            "image_generation_call" => {
                let format = self.image_format.as_deref().unwrap_or("png");
                let media_type = Text::Owned(format!("image/{format}"));
                let base64 = self.image.unwrap_or_default();
                let media = Media::new(MediaKind::Image, Source::Bytes { media_type, base64 });
                Read::Answer(vec![Content::Media(media).into()])
            }
            _ => {
                let call_id = self.call_id.ok_or("must have a call_id")?;
                let (name, parts) = (None, self.output);
                let result = ToolResult { call_id, name, parts, is_error: false };
                Read::Result(Content::ToolResult(result).into())
            }
        })
    }

    /// A part for each text, all with the item's id; what is opaque stands at the last.
    fn reasoning(self) -> Read<'a> {
        let (sort, opaque) = match self.encrypted.map(opaque::read) {
            Some((Sort::Call, signature)) => return Read::CallSignature(signature),
            Some((sort, opaque)) => (sort, Some(opaque)),
            None => (Sort::Encrypted, None),
        };
        let texts = if self.summary.is_empty() { self.content } else { self.summary };
        let id = &self.id;
        let parts = texts.into_iter().filter_map(|part| match part.content {
            Content::Text(text) => {
                Some(ReasoningPart { text: text.text, id: id.clone(), ..ReasoningPart::default() })
            }
            _ => None,
        });
        let mut parts: Vec<ReasoningPart<'_>> = parts.collect();
        if parts.is_empty() {
            parts.push(ReasoningPart { id: id.clone(), ..ReasoningPart::default() });
        }
        if let Some(last) = parts.last_mut() {
            match sort {
                Sort::Signature => last.signature = opaque,
                _ => last.encrypted = opaque,
            }
        }
        Read::Answer(parts.into_iter().map(|part| Content::Reasoning(part).into()).collect())
    }
}
