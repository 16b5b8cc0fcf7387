//! Why a form is refused.

use thiserror::Error;

use crate::chat::{ChatError, ErrorKind};

/// Why a form is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MultipartError {
    /// The content type is another one.
    #[error("the content type must be multipart/form-data")]
    NotAForm,
    /// The content type says no boundary, or not a sound one.
    #[error("the content type has no sound boundary")]
    NoBoundary,
    /// It is not as RFC 2046 has it.
    #[error("the form {why} (byte {at})")]
    Syntax {
        /// Offset in bytes of where that was seen.
        at: usize,
        /// What is wrong there.
        why: &'static str,
    },
    /// It has too many parts.
    #[error("the form has more than {max} parts")]
    ManyParts {
        /// What is allowed.
        max: usize,
    },
    /// The head of a part is too long.
    #[error("the head of a part is longer than {max} bytes")]
    LongHead {
        /// What is allowed.
        max: usize,
    },
    /// The value of a part that is looked for is too long.
    #[error("`{part}` is longer than {max} bytes")]
    LongValue {
        /// The part.
        part: &'static str,
        /// What is allowed.
        max: usize,
    },
    /// A part that is looked for comes twice.
    #[error("`{part}` is said twice")]
    DoubledPart {
        /// The part.
        part: &'static str,
    },
    /// A part that is looked for is a file.
    #[error("`{part}` must be text, and not a file")]
    NotText {
        /// The part.
        part: &'static str,
    },
    /// A part is there that must not be.
    #[error("`{part}` goes into a JSON body, and not into a form")]
    Barred {
        /// The part.
        part: &'static str,
    },
    /// The body ended before the form did.
    #[error("the body ends before its form does")]
    Unfinished,
}

impl From<MultipartError> for ChatError {
    fn from(error: MultipartError) -> Self {
        Self::new(ErrorKind::InvalidRequest, error.to_string())
    }
}
