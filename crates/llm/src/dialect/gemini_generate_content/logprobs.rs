//! Log probabilities: the tokens that were chosen, and beside them, place by place, the likeliest.

use crate::chat::{Text, TokenLogprob};
use crate::json::{Cursor, JsonError, Number, Writer};

pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<TokenLogprob<'a>>, JsonError> {
    let (mut chosen, mut top) = (Vec::new(), Vec::new());
    cursor.object(|cursor, name| {
        match name {
            "chosenCandidates" | "chosen_candidates" => chosen = cursor.list(read_token)?,
            "topCandidates" | "top_candidates" => top = cursor.list(read_place)?,
            // The sum of those that were chosen.
            "logProbabilitySum" | "log_probability_sum" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    chosen.iter_mut().zip(top).for_each(|(token, top)| token.top = top);
    Ok(chosen)
}

fn read_place<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<TokenLogprob<'a>>, JsonError> {
    let mut tokens = Vec::new();
    cursor.object(|cursor, name| match name {
        "candidates" => cursor.list(read_token).map(|list| tokens = list),
        _ => cursor.unknown(),
    })?;
    Ok(tokens)
}

fn read_token<'a>(cursor: &mut Cursor<'a>) -> Result<TokenLogprob<'a>, JsonError> {
    let (mut token, mut logprob) = (Text::default(), Number::from(0));
    cursor.object(|cursor, name| {
        match name {
            "token" => token = cursor.text()?,
            "logProbability" | "log_probability" => logprob = cursor.number()?,
            // Its number in Google's vocabulary, which is nobody else's.
            "tokenId" | "token_id" => cursor.skip()?,
            _ => cursor.unknown()?,
        }
        Ok(())
    })?;
    Ok(TokenLogprob { token, logprob, bytes: None, top: Vec::new() })
}

pub(super) fn write(tokens: &[TokenLogprob<'_>], w: &mut Writer<'_>) {
    w.key("logprobsResult").object(|w| {
        if tokens.iter().any(|token| !token.top.is_empty()) {
            w.key("topCandidates").array(|w| {
                for token in tokens {
                    w.object(|w| write_tokens("candidates", &token.top, w));
                }
            });
        }
        write_tokens("chosenCandidates", tokens, w);
    });
}

fn write_tokens(name: &str, tokens: &[TokenLogprob<'_>], w: &mut Writer<'_>) {
    w.key(name).array(|w| {
        for TokenLogprob { token, logprob, bytes: _, top: _ } in tokens {
            w.object(|w| {
                w.key("token").text(token);
                w.key("logProbability").number(logprob);
            });
        }
    });
}
