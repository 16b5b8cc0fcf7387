//! Log probabilities of an answer.
//!
//! Those of a refusal are read as those of the text; an answer has one or the other.

use crate::chat::TokenLogprob;
use crate::dialect::logprob;
use crate::json::{Cursor, JsonError, Writer};

pub(in super::super) fn read<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<TokenLogprob<'a>>, JsonError> {
    let mut tokens = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "content" | "refusal" => tokens.extend(cursor.list(logprob::read)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(tokens)
}

pub(in super::super) fn write(tokens: &[TokenLogprob<'_>], writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("content").array(|w| tokens.iter().for_each(|token| logprob::write(token, w)));
        w.key("refusal").null();
    });
}
