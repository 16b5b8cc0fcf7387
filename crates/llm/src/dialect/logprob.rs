//! Log probabilities of tokens as OpenAI writes them everywhere.

use crate::chat::{Text, TokenLogprob};
use crate::json::{Cursor, JsonError, Number, Writer};

/// Reads a token and those that stood in its place.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<TokenLogprob<'a>, JsonError> {
    let (mut token, mut logprob) = (Text::default(), Number::from(0));
    let (mut bytes, mut top) = (None, Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "token" => token = cursor.text()?,
            "logprob" => logprob = cursor.number()?,
            "bytes" => bytes = cursor.maybe(Cursor::json)?,
            "top_logprobs" => top = cursor.list(read)?,
            // llama.cpp's number of the token.
            "id" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(TokenLogprob { token, logprob, bytes, top })
}

/// Writes a token and those that stood in its place.
pub(super) fn write(token: &TokenLogprob<'_>, writer: &mut Writer<'_>) {
    write_one(token, true, writer);
}

fn write_one(token: &TokenLogprob<'_>, has_top: bool, writer: &mut Writer<'_>) {
    writer.object(|w| {
        w.key("token").text(&token.token);
        w.key("logprob").number(&token.logprob);
        match &token.bytes {
            Some(bytes) => w.key("bytes").json(bytes.as_str()),
            None => w.key("bytes").null(),
        }
        if has_top {
            let top = &token.top;
            w.key("top_logprobs").array(|w| top.iter().for_each(|one| write_one(one, false, w)));
        }
    });
}
