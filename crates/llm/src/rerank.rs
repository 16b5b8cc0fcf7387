//! Documents ranked by a question, in the words of all who do that.
//!
//! The wires are so much alike that one reader reads them all; they differ in what their writers
//! say. As elsewhere, what a wire cannot say is dropped with a warning or refused by its table.

mod form;
mod read;
mod says;
mod wire;
mod write;

use crate::chat::{ChatError, ErrorKind, Json};
use crate::dialect::Context;
use crate::field::Losses;
use crate::json::{Cursor, Writer};
use crate::used::Used;

pub use form::{Ranked, RerankDocument, RerankReply, RerankRequest};
pub use says::RerankField;
pub use wire::Wire;

/// What of a request is needed to answer it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The wire to answer on.
    pub wire: Wire,
    /// The documents, where the answer is to repeat them: not every provider does.
    pub documents: Vec<Json<'static>>,
}

/// A request on a provider's wire.
#[derive(Debug)]
pub struct TranslatedRerank {
    /// The body.
    pub body: Vec<u8>,
    /// What could not be said.
    pub losses: Losses,
}

/// A ranking in the words of the client.
#[derive(Debug)]
pub struct RankedReply {
    /// The body.
    pub body: Vec<u8>,
    /// What was used.
    pub used: Used,
    /// What could not be said.
    pub losses: Losses,
}

/// Reads the request of a client. `model` is the one that the path names.
///
/// # Errors
/// The field that is wrong, in words for the client.
pub fn read_request<'a>(
    model: Option<&'a str>,
    body: &'a [u8],
) -> Result<(RerankRequest<'a>, Losses), ChatError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ChatError::new(ErrorKind::InvalidRequest, "the body is not UTF-8"))?;
    let mut cursor = Cursor::new(text);
    let mut request = read::request(&mut cursor)?;
    cursor.end()?;
    if let Some(model) = model {
        request.model = model.into();
    }
    if request.documents.is_empty() {
        return Err(ChatError::invalid("documents", "there is nothing to rank"));
    }
    let mut losses = Losses::default();
    losses.add_unknown(cursor.take_unknown());
    Ok((request, losses))
}

impl Wish {
    /// What of a request that came on a wire is needed to answer it.
    #[must_use]
    pub fn of(wire: Wire, request: &RerankRequest<'_>) -> Self {
        let repeats = request.returns_documents == Some(true);
        let documents = request.documents.iter().filter(|_| repeats);
        Self { wire, documents: documents.map(|document| wire.repeated(document)).collect() }
    }
}

/// Writes a request for a provider's wire. `request` has the model that it is to be sent with;
/// `read` is what reading it lost.
///
/// # Errors
/// The field without which the request would mean something else there.
pub fn write_request(
    wire: Wire,
    request: &RerankRequest<'_>,
    read: &Losses,
) -> Result<TranslatedRerank, ChatError> {
    let mut losses = Losses::beside(request.fields(), |field| wire.says(field))?;
    losses.add_unknown((read.unknown.clone(), read.unknown_more));
    if wire != Wire::CohereV1 {
        let has_text = |document: &RerankDocument<'_>| document.text.is_some();
        if let Some(place) = request.documents.iter().position(|document| !has_text(document)) {
            let message = "this model's provider takes documents that are text or have one";
            return Err(ChatError::invalid(format!("documents[{place}]"), message));
        }
    }
    let mut body = Vec::with_capacity(512);
    write::request(wire, request, &mut Writer::new(&mut body));
    Ok(TranslatedRerank { body, losses })
}

/// Translates a provider's ranking for the client.
///
/// # Errors
/// That it cannot be read, as a failure for the client.
pub fn reply(body: &[u8], wish: &Wish, context: &Context) -> Result<RankedReply, ChatError> {
    let (reply, losses) = read_reply(body).ok_or_else(|| {
        let message = "the provider's reply cannot be read";
        ChatError { status: 502, ..ChatError::new(ErrorKind::Internal, message) }
    })?;
    let mut body = Vec::with_capacity(512);
    write::reply(&reply, wish, context, &mut Writer::new(&mut body));
    Ok(RankedReply { body, used: reply.used, losses })
}

/// Appends a ranking in the words that are wished for.
pub(crate) fn write_reply(
    reply: &RerankReply<'_>,
    wish: &Wish,
    context: &Context,
    out: &mut Vec<u8>,
) {
    write::reply(reply, wish, context, &mut Writer::new(out));
}

/// What a ranking that is passed on says of what was used.
#[must_use]
pub fn used_of_reply(body: &[u8]) -> Used {
    read_reply(body).map(|(reply, _)| reply.used).unwrap_or_default()
}

fn read_reply(body: &[u8]) -> Option<(RerankReply<'_>, Losses)> {
    let mut cursor = Cursor::new(std::str::from_utf8(body).ok()?);
    let reply = read::reply(&mut cursor).ok()?;
    cursor.end().ok()?;
    let mut losses = Losses::default();
    losses.add_unknown(cursor.take_unknown());
    Some((reply, losses))
}
