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
    /// Those of them that are too short to be media themselves: links.
    pub links: u64,
    /// Elements of arrays of objects: messages, parts, tools. Each costs a model a few tokens.
    pub items: u64,
    /// Whether the body offers tools: providers put a prompt of their own before those.
    pub has_tools: bool,
}

/// Media of fewer bytes is a link; few images are smaller, and no link is longer.
const LINK_BYTES_MAX: u64 = 2_048;

/// What the strings of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Media,
    /// Ids and signatures: no model reads them.
    Silent,
    /// Words of kinds: no model reads them, but they tell what else there is.
    Kind,
    /// Words of what an answer is to be of.
    Modality,
    /// Words of how long something is to be kept.
    Lasting,
}

impl Sort {
    /// What the strings of the field of that name are.
    pub(super) fn of(name: &[u8]) -> Self {
        // By length first: a name is compared with few others, and with none for most lengths.
        let (media, silent, kind): (&[&[u8]], &[&[u8]], &[u8]) = match name.len() {
            2 => (&[], &[b"id"], b""),
            3 if name == b"ttl" => return Self::Lasting,
            3 => (&[b"url", b"uri"], &[], b""),
            4 => (&[b"data"], &[b"role", b"user"], b"type"),
            5 => (&[b"bytes"], &[b"model"], b""),
            6 => (&[], &[b"detail"], b""),
            7 => (&[b"fileUri"], &[b"call_id", b"file_id", b"user_id"], b""),
            8 => (&[b"file_uri", b"file_url"], &[], b"mimeType"),
            9 => (&[b"file_data", b"image_url"], &[b"signature", b"toolUseId"], b"mime_type"),
            10 if name == b"modalities" => return Self::Modality,
            10 => (&[], &[], b"media_type"),
            11 => (&[], &[b"tool_use_id"], b""),
            12 => (&[], &[b"tool_call_id", b"service_tier"], b""),
            15 => (&[], &[b"redactedContent"], b""),
            16 => (&[], &[b"thoughtSignature", b"prompt_cache_key"], b""),
            17 => (&[], &[b"thought_signature", b"encrypted_content"], b""),
            18 if name == b"responseModalities" => return Self::Modality,
            19 if name == b"response_modalities" => return Self::Modality,
            20 => (&[], &[b"previous_response_id"], b""),
            _ => return Self::Text,
        };
        if name == kind {
            Self::Kind
        } else if media.contains(&name) {
            Self::Media
        } else if silent.contains(&name) {
            Self::Silent
        } else {
            Self::Text
        }
    }
}

impl Sort {
    /// Whether the strings are words that mean something here.
    pub(super) const fn is_word(self) -> bool {
        matches!(self, Self::Kind | Self::Modality | Self::Lasting)
    }
}

impl TextSizes {
    /// Counts a string of media that has ended; `before` is how much media there was before it.
    pub(super) fn end_media(&mut self, before: u64) {
        self.links += u64::from(self.media - before <= LINK_BYTES_MAX);
    }

    /// Counts a piece of a string.
    pub(super) fn add(&mut self, sort: Sort, piece: &[u8]) {
        match sort {
            Sort::Text => {
                // Most text is ASCII alone, and that is seen sooner than others are counted.
                let wide = match piece.is_ascii() {
                    true => 0,
                    false => piece.chunks(128).map(wide_bytes).sum::<u64>(),
                };
                self.wide += wide;
                self.ascii += piece.len() as u64 - wide;
            }
            Sort::Media => self.media += piece.len() as u64,
            Sort::Silent | Sort::Kind | Sort::Modality | Sort::Lasting => {}
        }
    }
}

/// How many of up to 255 bytes are not ASCII; summed in bytes, so that it becomes vector code.
fn wide_bytes(chunk: &[u8]) -> u64 {
    u64::from(chunk.iter().fold(0u8, |count, byte| count + (byte >> 7)))
}
