//! Log probabilities: a piece of text, and a number for each of its tokens. Ids of tokens mean
//! nothing elsewhere and are gone over.

use crate::chat::{Text, TokenLogprob};
use crate::json::{Cursor, JsonError, Writer};

/// Reads a piece; a text of several tokens goes with the first of them.
pub(super) fn read<'a>(
    cursor: &mut Cursor<'a>,
    tokens: &mut Vec<TokenLogprob<'a>>,
) -> Result<(), JsonError> {
    let (mut text, mut numbers) = (Text::default(), Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "text" => text = cursor.maybe(Cursor::text)?.unwrap_or_default(),
            "logprobs" => numbers = cursor.list(Cursor::number)?,
            "token_ids" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    tokens.extend(numbers.into_iter().map(|logprob| TokenLogprob {
        token: std::mem::take(&mut text),
        logprob,
        bytes: None,
        top: Vec::new(),
    }));
    Ok(())
}

pub(super) fn write(token: &TokenLogprob<'_>, writer: &mut Writer<'_>) {
    let TokenLogprob { token, logprob, bytes: _, top: _ } = token;
    writer.object(|w| {
        w.key("text").text(token);
        w.key("token_ids").array(|_| {});
        w.key("logprobs").array(|w| w.number(logprob));
    });
}
