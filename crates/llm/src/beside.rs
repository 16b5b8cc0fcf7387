//! What is no chat: a request made ready for one provider, and the answer made ready for the client.
//!
//! It decides, for any operation with a body of JSON, what `surface`, `embedding`, `rerank` and
//! `completion` leave open: whether the body goes through as it came, its model renamed, or is
//! said in the words of the provider. Forms of many parts are not its business: they always go
//! through.

mod answer;

use crate::catalog::Route;
use crate::chat::{ChatError, ErrorKind};
use crate::dialect::{Address, Dialect, Quirks};
use crate::field::Losses;
use crate::scan::{Scanned, Splice};
use crate::surface::{Asked, Operation, Reach, Surface, reach};
use crate::{call, completion, embedding, rerank, token_count, translate};

pub use answer::BesideAnswer;

/// A request, ready for one provider.
#[derive(Debug)]
pub struct Prepared {
    /// Where it goes.
    pub reach: Reach,
    /// What goes there.
    pub body: PreparedBody,
    /// What could not be said.
    pub losses: Losses,
    back: Back,
}

/// The body of a request.
#[derive(Debug)]
pub enum PreparedBody {
    /// That of the client, with these edits.
    AsCame(Splice),
    /// Other ones: several where the provider takes one thing at a time. Each is sent to the same
    /// place, and the answers are told in the same order.
    Written(Vec<Vec<u8>>),
}

/// How an answer becomes one for the client.
#[derive(Debug)]
enum Back {
    AsCame(Surface),
    Embedding(embedding::Wire, embedding::Wish),
    Rerank(rerank::Wish),
    Completion(Dialect),
    Call(Dialect),
    /// From one surface that counts to another.
    TokenCount(Surface, Surface),
}

/// One provider, as far as a request is to be made ready for it.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'d> {
    /// Where it speaks chat.
    pub routes: &'d [Route],
    /// How it differs, for the model that is asked.
    pub quirks: &'d Quirks,
    /// What is asked for, with the model's name there.
    pub address: &'d Address<'d>,
}

/// Makes a request ready for a provider; nothing where that has nothing of the kind. `scanned` is
/// what the scan with the watch of the surface found in the body.
///
/// # Errors
/// What is wrong with the request, or the field without which it would mean something else there.
pub fn prepare(
    asked: &Asked<'_>,
    (body, scanned): (&str, &Scanned),
    to: Destination<'_>,
) -> Result<Option<Prepared>, ChatError> {
    let Some(reach) = reached(asked, to) else { return Ok(None) };
    let prepared = match asked.operation() {
        Operation::Embedding => embed(asked, body, reach, to)?,
        Operation::Rerank => rank(asked, body, reach, to)?,
        Operation::Completion if reach.surface != asked.surface => {
            complete(asked, body, reach, to)?
        }
        Operation::Chat
            if asked.surface == Surface::BedrockInvoke && reach.surface != asked.surface =>
        {
            chat(body, reach, to)?
        }
        Operation::TokenCount if reach.surface != asked.surface => count(asked, body, reach, to)?,
        _ => Err(reach),
    };
    let model = to.address.model.as_deref();
    prepared.map_or_else(|reach| as_came(asked, (body, scanned), reach, model), Ok).map(Some)
}

/// Where the provider takes it; a completion where it has chat alone, there.
fn reached(asked: &Asked<'_>, to: Destination<'_>) -> Option<Reach> {
    let found = reach(to.routes, asked, to.address)?;
    if found.surface != Surface::OpenaiCompletion || !to.quirks.lacks_completions {
        return Some(found);
    }
    let route = to.routes.first()?;
    let surface = Surface::chat(route.dialect);
    Some(Reach { surface, path: route.path(to.address), is_from_root: false, ..found })
}

/// Either made ready, or where to go with what came.
type Way = Result<Prepared, Reach>;

fn as_came(
    asked: &Asked<'_>,
    (body, scanned): (&str, &Scanned),
    reach: Reach,
    model: Option<&str>,
) -> Result<Prepared, ChatError> {
    let splice = match model {
        Some(model) => asked.surface.rename(body, scanned, model)?,
        None => Splice::new(),
    };
    Ok(Prepared {
        reach,
        body: PreparedBody::AsCame(splice),
        losses: Losses::default(),
        back: Back::AsCame(asked.surface),
    })
}

/// In the words of the provider.
fn told(reach: Reach, bodies: Vec<Vec<u8>>, losses: Losses, back: Back) -> Way {
    Ok(Prepared { reach, body: PreparedBody::Written(bodies), losses, back })
}

fn embed(
    asked: &Asked<'_>,
    body: &str,
    reach: Reach,
    to: Destination<'_>,
) -> Result<Way, ChatError> {
    let model = to.address.model.as_deref().unwrap_or_default();
    let theirs = embedding::Wire::of_model(reach.surface, model);
    let ours = embedding::Wire::of_body(asked.surface, body);
    // Who asks in a provider's own words may know of a model more than is known here.
    let is_same = reach.surface == asked.surface && theirs.is_none_or(|wire| Some(wire) == ours);
    if is_same {
        return Ok(Err(reach));
    }
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Err(unknown_words()) };
    let (mut request, read) =
        embedding::read_request(ours, asked.address.model.as_deref(), body.as_bytes())?;
    let wish = embedding::Wish::of(ours, &request);
    request.model = model.into();
    let written = embedding::write_requests(theirs, &request, &read)?;
    Ok(told(reach, written.bodies, written.losses, Back::Embedding(theirs, wish)))
}

fn rank(
    asked: &Asked<'_>,
    body: &str,
    reach: Reach,
    to: Destination<'_>,
) -> Result<Way, ChatError> {
    if reach.surface == asked.surface {
        return Ok(Err(reach));
    }
    let ours = rerank::Wire::of_body(asked.surface, body);
    let theirs = rerank::Wire::of(reach.surface);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Err(unknown_words()) };
    let (mut request, read) =
        rerank::read_request(asked.address.model.as_deref(), body.as_bytes())?;
    let wish = rerank::Wish::of(ours, &request);
    request.model = to.address.model.as_deref().unwrap_or_default().into();
    let written = rerank::write_request(theirs, &request, &read)?;
    Ok(told(reach, vec![written.body], written.losses, Back::Rerank(wish)))
}

fn complete(
    asked: &Asked<'_>,
    body: &str,
    reach: Reach,
    to: Destination<'_>,
) -> Result<Way, ChatError> {
    let dialect = reach.surface.dialect();
    let (mut request, read) =
        completion::read_request(asked.address.model.as_deref(), body.as_bytes())?;
    request.model = to.address.model.as_deref().unwrap_or_default().into();
    let written = translate::write_request((dialect, to.quirks), &request, &read)?;
    Ok(told(reach, vec![written.body], written.losses, Back::Completion(dialect)))
}

fn chat(body: &str, reach: Reach, to: Destination<'_>) -> Result<Way, ChatError> {
    let dialect = reach.surface.dialect();
    let model = to.address.model.as_deref().unwrap_or_default();
    let address = Address { model: Some(model.into()), ..to.address.to_own() };
    let (request, mut read) = call::read_request(&address, body)?;
    let (body, losses) = match dialect == call::WORDS {
        true => {
            read.unknown.retain(|path| path == call::BETA);
            (call::as_message(body, &address)?, read)
        }
        false => {
            let written = translate::write_request((dialect, to.quirks), &request, &read)?;
            (written.body, written.losses)
        }
    };
    Ok(told(reach, vec![body], losses, Back::Call(dialect)))
}

fn count(
    asked: &Asked<'_>,
    body: &str,
    reach: Reach,
    to: Destination<'_>,
) -> Result<Way, ChatError> {
    let is_flat = reach.path.contains("/publishers/");
    let (mut request, read) = token_count::read_request(asked.surface, &asked.address, body)?;
    request.model = to.address.model.as_deref().unwrap_or_default().into();
    let there = (reach.surface, is_flat);
    let written = token_count::write_request(there, to.quirks, &request, &read)?;
    let back = Back::TokenCount(reach.surface, asked.surface);
    Ok(told(reach, vec![written.body], written.losses, back))
}

fn unknown_words() -> ChatError {
    let message = "this model is asked in words that are not known here";
    ChatError::new(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests;
