//! Log probabilities, made up: as sure of each token as its text happens to say.

use super::draw::{Draw, of_text};
use super::token;
use crate::chat::{Json, Output, TokenLogprob};
use crate::json::Number;

/// How many of the likeliest tokens may be asked for.
const TOP_MAX: u64 = 20;

/// The log probabilities of a text, where they are asked for.
pub(super) fn of(text: &str, output: &Output<'_>) -> Option<Vec<TokenLogprob<'static>>> {
    let top = output.logprobs_top.unwrap_or(0).min(TOP_MAX);
    output.logprobs.then(|| token::split(text).map(|token| one(token, top)).collect())
}

fn one(token: &str, top: u64) -> TokenLogprob<'static> {
    let thousandths = Draw::new(of_text(token)).next() % 500 + 1;
    let own = entry(token.to_owned(), thousandths);
    let others =
        (1..top).map(|place| entry(format!("{token}{place}"), thousandths + place * 1_000));
    let likeliest = [own.clone()].into_iter().chain(others).take(top as usize);
    TokenLogprob { top: likeliest.collect(), ..own }
}

fn entry(token: String, thousandths: u64) -> TokenLogprob<'static> {
    let logprob = format!("-{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    let bytes: Vec<String> = token.bytes().map(|byte| byte.to_string()).collect();
    TokenLogprob {
        logprob: Number::new(logprob).unwrap_or_else(|| 0.into()),
        bytes: Some(Json::from_valid(format!("[{}]", bytes.join(",")))),
        token: token.into(),
        top: Vec::new(),
    }
}
