//! Images, documents, audio and video, given as bytes, as a link or by id.
//!
//! Bytes stay base64 text: every dialect has them so.

use super::{Json, Text};

/// An image, a document, audio or video.
#[derive(Debug, Clone, PartialEq)]
pub struct Media<'a> {
    /// What it is.
    pub kind: MediaKind,
    /// Where it is.
    pub source: Source<'a>,
    /// What it is called.
    pub title: Option<Text<'a>>,
    /// What is to be known about it (Anthropic's `context`).
    pub context: Option<Text<'a>>,
    /// How closely an image is looked at: `low`, `high`, `auto`.
    pub detail: Option<Text<'a>>,
    /// Whether answers shall cite it.
    pub is_cited: bool,
    /// Data that describes a document for retrieval (Cohere's document fields).
    pub facts: Option<Json<'a>>,
}

impl<'a> Media<'a> {
    /// Media without anything said about it.
    #[must_use]
    pub fn new(kind: MediaKind, source: Source<'a>) -> Self {
        Self {
            kind,
            source,
            title: None,
            context: None,
            detail: None,
            is_cited: false,
            facts: None,
        }
    }
}

/// What media is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A document, such as a PDF.
    Document,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
}

/// Where media is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<'a> {
    /// Here.
    Bytes {
        /// Its media type, as `image/png`.
        media_type: Text<'a>,
        /// Its bytes in base64.
        base64: Text<'a>,
    },
    /// At a link.
    Url {
        /// The link: https, or gs and s3 of providers' own stores.
        url: Text<'a>,
        /// Its media type where the dialect says it.
        media_type: Option<Text<'a>>,
    },
    /// Where it lives at the provider.
    File {
        /// Its id there.
        id: Text<'a>,
    },
    /// Plain text; documents only.
    Text(Text<'a>),
}
