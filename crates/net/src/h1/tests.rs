//! Tests of the codec as a whole; what a single file does is tested with these tables too.

mod bodies;
mod heads;
mod oracle;
mod pieces;
mod responses;
mod table;
mod take;
mod written;

use super::{HeadLimits, HeadParser, ParseError, RequestPrelude, ResponsePrelude};
use crate::message::{Method, RequestHead, ResponseHead};

/// Reads a request head that is there as a whole.
fn request(bytes: &[u8]) -> Result<Option<(RequestHead, RequestPrelude)>, ParseError> {
    let mut head = RequestHead::default();
    let prelude = HeadParser::new().request(bytes, &HeadLimits::default(), &mut head)?;
    Ok(prelude.map(|prelude| (head, prelude)))
}

/// Reads a response head that is there as a whole.
fn response(
    bytes: &[u8],
    method: &Method,
) -> Result<Option<(ResponseHead, ResponsePrelude)>, ParseError> {
    let mut head = ResponseHead::default();
    let prelude = HeadParser::new().response(bytes, &HeadLimits::default(), method, &mut head)?;
    Ok(prelude.map(|prelude| (head, prelude)))
}

fn whole_request(text: &str) -> (RequestHead, RequestPrelude) {
    request(text.as_bytes()).expect("it is accepted").expect("it is whole")
}

fn whole_response(text: &str, method: &Method) -> (ResponseHead, ResponsePrelude) {
    response(text.as_bytes(), method).expect("it is accepted").expect("it is whole")
}
