//! The request of an operation that goes through, as it goes out along a lane: whether the lane's
//! provider takes it, by which path, and in whose words its body is.

use std::slice;
use std::sync::Arc;

use architrave_core::Reason;
use architrave_llm::beside::{self, Destination, Prepared, PreparedBody};
use architrave_llm::call;
use architrave_llm::catalog::Route;
use architrave_llm::chat::{ChatError, ErrorKind, Text};
use architrave_llm::dialect::{Address, Dialect, Quirks};
use architrave_llm::field::Losses;
use architrave_llm::frame::Framing;
use architrave_llm::scan::{Scanned, Splice};
use architrave_llm::surface::{self, Asked, Operation, Surface};
use architrave_net::{Method, Version};

use super::body::text_of;
use super::lines::Lines;
use super::links;
use super::request::{NO_MODEL, Passing};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::outgoing::{self, Caller, Outgoing};
use crate::dispatch::llm::payload::Payload;
use crate::dispatch::llm::refusal;
use crate::models::{LiveLane, Side};
use crate::worker::Worker;

/// A request as it goes out, and how the answer comes back.
pub(super) struct Written {
    /// The request; several where the provider takes one thing at a time.
    pub outgoings: Vec<Outgoing>,
    /// The dialect of failures.
    pub dialect: Dialect,
    /// How the answer is made ready for the client; `None` where it goes on as it comes.
    pub prepared: Option<Prepared>,
}

/// Whether a lane's provider takes what is asked: as it is asked, or in its own words where there
/// are others for the same.
pub(super) fn reaches(lane: &LiveLane, asked: &Asked<'_>) -> bool {
    let has_other_words = matches!(
        asked.operation(),
        Operation::Chat
            | Operation::Embedding
            | Operation::Rerank
            | Operation::Completion
            | Operation::TokenCount
    );
    surface_there(lane, asked).is_some_and(|there| has_other_words || there == asked.surface)
}

/// Whether a lane's provider takes what is asked as it is asked.
pub(super) fn takes_as_asked(lane: &LiveLane, asked: &Asked<'_>) -> bool {
    surface_there(lane, asked) == Some(asked.surface)
}

/// The surface by which a lane's provider takes what is asked.
fn surface_there(lane: &LiveLane, asked: &Asked<'_>) -> Option<Surface> {
    if asked.operation() == Operation::TokenCount && lane.is_uncounted() {
        return None;
    }
    let address = address(lane, asked, false);
    let routes = routes(&lane.side, words_of_chat(lane, asked));
    surface::reach(routes, asked, &address).map(|reach| reach.surface)
}

/// The dialect in which a model is asked for a chat, where that is asked for.
fn words_of_chat(lane: &LiveLane, asked: &Asked<'_>) -> Option<Dialect> {
    (asked.operation() == Operation::Chat).then(|| lane.dialect_for(call::WORDS))
}

/// The ways to a provider, those that have these words where there are such.
fn routes(side: &Side, words: Option<Dialect>) -> &[Route] {
    match words.and_then(|dialect| side.route(dialect)) {
        Some(route) => slice::from_ref(route),
        None => &side.row.routes,
    }
}

/// What a path says for a lane.
fn address<'a>(lane: &'a LiveLane, asked: &Asked<'_>, stream: bool) -> Address<'a> {
    Address {
        // Where none was asked for, none is named.
        model: (*lane.model != *NO_MODEL).then_some(Text::Borrowed(&lane.model)),
        stream: Some(asked.address.stream.unwrap_or(stream)),
        framing: asked.address.framing,
    }
}

/// Makes the body ready for a lane's provider, where it is JSON.
///
/// # Errors
/// What of it the provider's words cannot say, or that too much waits.
pub(super) async fn prepare(
    worker: &Worker,
    lane: &LiveLane,
    asked: &Asked<'_>,
    passing: &Passing,
) -> Result<Option<Prepared>, Missed> {
    let Some((bytes, scanned)) = passing.json() else { return Ok(None) };
    let address = address(lane, asked, passing.is_stream());
    let (words, names) = (words_of_chat(lane, asked), names_there(lane, passing));
    let to = To { side: &lane.side, words, quirks: &lane.quirks, names };
    if !outgoing::is_large(bytes.len()) {
        return to.prepare(asked, &address, (bytes, scanned));
    }
    let (side, quirks, names) = (Arc::clone(&lane.side), lane.quirks, to.names);
    let (address, query) = (address.to_own(), asked.query.to_owned());
    let (asked, bytes, scanned) = (asked.with_query(""), Arc::clone(bytes), scanned.clone());
    let prepared = outgoing::offloaded(worker, bytes.len(), move || {
        let to = To { side: &side, words, quirks: &quirks, names };
        Ok(to.prepare(&asked.with_query(&query), &address, (&bytes, &scanned)))
    });
    prepared.await.map_err(refusal::invalid)?
}

/// What each of several models is called at a lane's provider, and the one that none of them is;
/// nothing where there is one alone.
fn names_there(lane: &LiveLane, passing: &Passing) -> Option<Names> {
    let others = passing
        .others()
        .iter()
        .map(|(name, model)| (name.clone(), model.beside(lane).map(|lane| lane.model.clone())));
    passing.has_others().then(|| Names { others: others.collect(), first: lane.model.clone() })
}

struct Names {
    others: Vec<(String, Option<Box<str>>)>,
    first: Box<str>,
}

/// Where a body is made ready for.
struct To<'t> {
    side: &'t Side,
    words: Option<Dialect>,
    quirks: &'t Quirks,
    names: Option<Names>,
}

impl To<'_> {
    fn prepare(
        &self,
        asked: &Asked<'_>,
        address: &Address<'_>,
        (bytes, scanned): (&[u8], &Scanned),
    ) -> Result<Option<Prepared>, Missed> {
        let text = text_of(bytes)?;
        let routes = routes(self.side, self.words);
        let to = Destination { routes, quirks: self.quirks, address };
        let prepared = beside::prepare(asked, (text, scanned), to);
        let mut prepared = prepared.map_err(refusal::invalid)?;
        let edits = &self.side.row.edits;
        if let Some(Prepared { reach, body: PreparedBody::Written(bodies), .. }) = &mut prepared
            && reach.surface.operation() == Operation::Chat
            && !edits.is_empty()
        {
            for body in bodies {
                *body = outgoing::rewritten(body, edits).map_err(refusal::invalid)?;
            }
        }
        if let (Some(prepared), Some(names)) = (prepared.as_mut(), &self.names) {
            prepared.body = PreparedBody::AsCame(names.renamed_each(asked, text)?);
        }
        Ok(prepared)
    }
}

impl Names {
    /// The edits by which each of several models is called as the provider calls it.
    fn renamed_each(&self, asked: &Asked<'_>, body: &str) -> Result<Splice, Missed> {
        let there = |name: &str| match self.others.iter().find(|(other, _)| other == name) {
            Some((_, model)) => model.as_deref(),
            None => Some(&*self.first),
        };
        let renamed = asked.surface.rename_each(body, there);
        renamed.map_err(|error| refusal::invalid(error.into()))
    }
}

/// Writes the request for a lane.
///
/// # Errors
/// That the provider does not take it.
pub(super) async fn write(
    worker: &Worker,
    lane: &LiveLane,
    asked: &Asked<'_>,
    passing: &Passing,
    caller: Caller<'_>,
) -> Result<Written, Missed> {
    let prepared = prepare(worker, lane, asked, passing).await?;
    let found = match &prepared {
        Some(prepared) => Some(prepared.reach.clone()),
        None => {
            let address = address(lane, asked, passing.is_stream());
            surface::reach(routes(&lane.side, words_of_chat(lane, asked)), asked, &address)
        }
    };
    let found = found.ok_or_else(not_there)?;
    let payloads = match prepared.as_ref().map(|prepared| &prepared.body) {
        Some(PreparedBody::AsCame(splice)) => {
            passing.json().map(|(bytes, _)| Payload::spliced(bytes, splice)).into_iter().collect()
        }
        Some(PreparedBody::Written(bodies)) => bodies.iter().cloned().map(Payload::own).collect(),
        None => vec![passing.payload(lane, found.has_model)],
    };
    let is_same = found.surface == asked.surface;
    let outgoings = payloads.into_iter().map(|payload| {
        with_payload((worker, lane, caller), (asked, passing), &found, payload, is_same)
    });
    let outgoings = outgoings.collect::<Result<_, _>>()?;
    Ok(Written { outgoings, dialect: found.surface.dialect(), prepared })
}

fn not_there() -> Missed {
    let message = "the provider takes nothing of the kind";
    let error = ChatError { status: 501, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::NotImplemented)
}

/// A request with that body, by the path that was found for it.
fn with_payload(
    (worker, lane, caller): (&Worker, &LiveLane, Caller<'_>),
    (asked, passing): (&Asked<'_>, &Passing),
    found: &surface::Reach,
    payload: Payload,
    is_same: bool,
) -> Result<Outgoing, Missed> {
    let reach = lane.side.reach.as_ref().ok_or_else(not_there)?;
    let base_path = if found.is_from_root { "" } else { &reach.base_path };
    let mut head = worker.spares().request_heads.take();
    head.method = Method::from_token(found.surface.method());
    head.version = Version::Http11;
    head.authority.push_str(&reach.authority);
    let fields = &mut head.fields;
    passing.tell_forms(fields);
    if !is_same && passing.is_stream() && found.surface.operation() == Operation::Chat {
        fields.set("Accept", found.surface.dialect().framing().content_type().as_bytes());
    }
    outgoing::introduce(fields, caller, lane, (found.surface.dialect(), is_same));
    let offset = passing.lines().and_then(Lines::offset);
    links::ask(found.surface, caller.fields, offset, fields);
    if passing.upgrade().is_some() {
        outgoing::shake_hands(fields, caller.fields);
    }
    Ok(Outgoing {
        head,
        target: format!("{base_path}{}", found.path),
        payload,
        dialect: asked.dialect(),
        framing: Framing::Sse,
        losses: Losses::default(),
        hides_usage: false,
        hush: Arc::clone(&lane.hush),
    })
}
