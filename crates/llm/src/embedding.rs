//! Embeddings: vectors of texts and images, in the words of all who make them.
//!
//! As with chat there is one form in the middle, which a wire's reader makes and another one's
//! writer takes apart; what a wire cannot say is dropped with a warning or refused by its table in
//! `says`. Numbers of vectors go through as the text that they are; only where one side has base64
//! and the other one has numbers are they read, as the 32-bit floats that both mean.
//!
//! A wire is a file with `read_request`, `write_request`, `read_reply` and `write_reply`.

mod cohere;
mod form;
mod gemini;
mod openai;
mod predict;
mod says;
mod titan;
mod vector;
mod wire;

use crate::chat::{ChatError, ErrorKind, Usage};
use crate::dialect::Context;
use crate::estimate;
use crate::field::Losses;
use crate::json::{Cursor, Writer};
use crate::translate::TranslatedReply;

pub use form::{
    EmbedInput, EmbedPart, EmbedReply, EmbedRequest, Encoding, Purpose, Truncate, Vector,
};
pub use says::EmbedField;
pub use wire::Wire;

/// What of a request is needed to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The wire to answer on.
    pub wire: Wire,
    /// How the numbers are wanted; never empty.
    pub encodings: Vec<Encoding>,
    /// Whether the request said so itself: Cohere's first version answers in another form then.
    pub says_encodings: bool,
    /// How many vectors are wanted.
    pub inputs: usize,
    /// The texts, where the wire's answer repeats them.
    pub texts: Vec<String>,
    /// The tokens that the prompt probably has: told to clients of wires that always tell tokens,
    /// where the provider does not.
    pub tokens_estimate: u64,
}

/// Reads the request of a client. `model` is the one that the path names.
///
/// # Errors
/// The field that is wrong, in words for the client.
pub fn read_request<'a>(
    wire: Wire,
    model: Option<&'a str>,
    body: &'a [u8],
) -> Result<(EmbedRequest<'a>, Losses), ChatError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))?;
    let mut cursor = Cursor::new(text);
    let mut request = wire.read_request_from(&mut cursor)?;
    cursor.end()?;
    if let Some(model) = model {
        request.model = model.into();
    }
    if request.inputs.is_empty() {
        return Err(ChatError::invalid(wire.input_name(), "there is nothing to embed"));
    }
    let mut losses = Losses::default();
    losses.add_unknown(cursor.take_unknown());
    Ok((request, losses))
}

impl Wish {
    /// What of a request that came on a wire is needed to answer it.
    #[must_use]
    pub fn of(wire: Wire, request: &EmbedRequest<'_>) -> Self {
        let texts = || request.inputs.iter().flat_map(|input| input.texts());
        let repeats = matches!(wire, Wire::Cohere | Wire::CohereV1 | Wire::BedrockCohere);
        Self {
            wire,
            encodings: match request.encodings.as_slice() {
                [] => vec![Encoding::Float],
                encodings => encodings.to_vec(),
            },
            says_encodings: !request.encodings.is_empty(),
            inputs: request.inputs.len(),
            texts: if repeats { texts().map(str::to_owned).collect() } else { Vec::new() },
            tokens_estimate: texts().map(estimate::answer_tokens).sum(),
        }
    }
}

/// Requests on a provider's wire.
#[derive(Debug)]
pub struct TranslatedRequests {
    /// The bodies: one, but for wires that take one input at a time.
    pub bodies: Vec<Vec<u8>>,
    /// What could not be said.
    pub losses: Losses,
}

/// Writes a request for a provider's wire, as many requests as that needs. `request` has the model
/// that it is to be sent with; `read` is what reading it lost.
///
/// # Errors
/// The field without which the request would mean something else there.
pub fn write_requests(
    wire: Wire,
    request: &EmbedRequest<'_>,
    read: &Losses,
) -> Result<TranslatedRequests, ChatError> {
    let mut losses = Losses::beside(request.fields(), |field| wire.says(field))?;
    losses.add_unknown((read.unknown.clone(), read.unknown_more));
    let write = |inputs: &[EmbedInput<'_>]| {
        let mut body = Vec::with_capacity(256);
        wire.write_request_to(request, inputs, &mut Writer::new(&mut body));
        body
    };
    let bodies = request.inputs.chunks(wire.inputs_max(&request.model)).map(write).collect();
    Ok(TranslatedRequests { bodies, losses })
}

/// Translates a provider's replies, one for each of the requests, for the client.
///
/// # Errors
/// That a reply cannot be read, or has not what was asked for, as a failure for the client.
pub fn reply<B: AsRef<[u8]>>(
    from: Wire,
    bodies: &[B],
    wish: &Wish,
    context: &Context,
) -> Result<TranslatedReply, ChatError> {
    let mut whole = EmbedReply::default();
    let mut losses = Losses::default();
    for body in bodies {
        let text = std::str::from_utf8(body.as_ref()).map_err(|_| unreadable())?;
        let mut cursor = Cursor::new(text);
        let part = from.read_reply_from(&mut cursor).map_err(|_| unreadable())?;
        cursor.end().map_err(|_| unreadable())?;
        losses.add_unknown(cursor.take_unknown());
        whole.join(part);
    }
    if whole.vectors.len() != wish.inputs {
        return Err(failed(
            "the provider's reply has another number of vectors than was asked for",
        ));
    }
    let vectors = whole.vectors.into_iter();
    let vectors = vectors.map(|vector| vector::as_wished(vector, &wish.encodings));
    whole.vectors = vectors
        .collect::<Option<_>>()
        .ok_or_else(|| failed("the provider's reply has not the encoding asked for"))?;
    let mut body = Vec::with_capacity(1024);
    wish.wire.write_reply_to(&whole, wish, context, &mut Writer::new(&mut body));
    Ok(TranslatedReply { body, usage: whole.usage, losses })
}

/// What a reply that is passed on says of usage.
#[must_use]
pub fn usage_of_reply(wire: Wire, body: &[u8]) -> Option<Usage> {
    let text = std::str::from_utf8(body).ok()?;
    wire.read_reply_from(&mut Cursor::new(text)).ok()?.usage
}

fn unreadable() -> ChatError {
    failed("the provider's reply cannot be read")
}

fn failed(message: &str) -> ChatError {
    ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
}
