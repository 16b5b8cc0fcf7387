//! A service of models: every client's dialect under one route.

use crate::model::{ModelPattern, ModelPatternText};
use crate::read::{NonEmpty, Size, record};

/// A prompt of a million tokens is 4 MiB; images and documents come on top, in base64.
const BODY_BYTES_MAX: u64 = 32 << 20;

record! {
    /// Models, in the dialect of every client.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct LlmService {
        /// The models that can be asked for here, of those that the consumer may: names, or
        /// beginnings of names with `*` behind them.
        "models": NonEmpty<ModelPatternText> = vec![ModelPattern::Prefix(String::new())]
            => pub models: Vec<ModelPattern>,
        /// Bytes of a request body.
        "body_max": Size<u64, 1> = BODY_BYTES_MAX => pub body_bytes_max: u64,
    }
}
