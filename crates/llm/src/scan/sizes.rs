//! How much a body says, by sort, counted on the way: what the estimate of its tokens rests on.
//!
//! Strings are told apart by the name of their field alone.

/// Bytes of text and of media in a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextSizes {
    /// Bytes of strings that a model reads as text, ASCII ones.
    pub ascii: u64,
    /// Bytes of the same strings that are not ASCII (two to four a character).
    pub wide: u64,
    /// Bytes of images, documents and audio, mostly base64, and of links to them.
    pub media: u64,
    /// How many strings of media there were.
    pub media_items: u64,
    /// Elements of arrays of objects: messages, parts, tools. Each costs a model a few tokens.
    pub items: u64,
}

/// What the strings of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Media,
    /// Ids, signatures and names of kinds: no model reads them.
    Silent,
}

impl Sort {
    /// What the strings of the field of that name are.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"url" | b"data" | b"bytes" | b"file_data" | b"image_url" | b"fileUri"
            | b"file_uri" | b"uri" => Self::Media,
            b"id"
            | b"type"
            | b"role"
            | b"model"
            | b"signature"
            | b"thoughtSignature"
            | b"thought_signature"
            | b"encrypted_content"
            | b"tool_call_id"
            | b"tool_use_id"
            | b"toolUseId"
            | b"call_id"
            | b"media_type"
            | b"mimeType"
            | b"mime_type"
            | b"file_id"
            | b"user"
            | b"user_id"
            | b"service_tier"
            | b"prompt_cache_key"
            | b"previous_response_id"
            | b"detail"
            | b"ttl" => Self::Silent,
            _ => Self::Text,
        }
    }
}

impl TextSizes {
    /// Counts a piece of a string.
    pub(super) fn add(&mut self, sort: Sort, piece: &[u8]) {
        match sort {
            Sort::Text => {
                let wide = piece.chunks(128).map(wide_bytes).sum::<u64>();
                self.wide += wide;
                self.ascii += piece.len() as u64 - wide;
            }
            Sort::Media => self.media += piece.len() as u64,
            Sort::Silent => {}
        }
    }
}

/// How many of up to 255 bytes are not ASCII; summed in bytes, so that it becomes vector code.
fn wide_bytes(chunk: &[u8]) -> u64 {
    u64::from(chunk.iter().fold(0u8, |count, byte| count + (byte >> 7)))
}
