//! Log probabilities of tokens.
//!
//! Those of a refusal are read as those of the text; an answer has one or the other.

use crate::chat::{Text, TokenLogprob};
use crate::json::{Cursor, JsonError, Number, Writer};

pub(in super::super) fn read<'a>(
    cursor: &mut Cursor<'a>,
) -> Result<Vec<TokenLogprob<'a>>, JsonError> {
    let mut tokens = Vec::new();
    cursor.object(|cursor, name| {
        match name {
            "content" | "refusal" => tokens.extend(cursor.list(read_token)?),
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(tokens)
}

fn read_token<'a>(cursor: &mut Cursor<'a>) -> Result<TokenLogprob<'a>, JsonError> {
    let (mut token, mut logprob) = (Text::default(), Number::from(0));
    let (mut bytes, mut top) = (None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "token" => token = cursor.text()?,
            "logprob" => logprob = cursor.number()?,
            "bytes" => bytes = cursor.maybe(Cursor::json)?,
            "top_logprobs" => top = cursor.list(read_token)?,
            // llama.cpp's number of the token.
            "id" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(TokenLogprob { token, logprob, bytes, top })
}

pub(in super::super) fn write(tokens: &[TokenLogprob<'_>], writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("content").array(|w| tokens.iter().for_each(|token| write_token(token, true, w)));
        w.key("refusal").null();
    });
}

fn write_token(token: &TokenLogprob<'_>, has_top: bool, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("token").text(&token.token);
        w.key("logprob").number(&token.logprob);
        match &token.bytes {
            Some(bytes) => w.key("bytes").json(bytes.as_str()),
            None => w.key("bytes").null(),
        }
        if has_top {
            let top = &token.top;
            w.key("top_logprobs").array(|w| top.iter().for_each(|one| write_token(one, false, w)));
        }
    });
}
