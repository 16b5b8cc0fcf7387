//! Where a request goes: to the model that it names, to where the thing lives that it names, or to
//! the one provider that there is for it.

use std::sync::Arc;

use architrave_balance::deployment::Place;
use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::scan::Watched;
use architrave_llm::surface::{Asked, Kept};

use super::place_of;
use super::request::{self, Passing};
use crate::dispatch::llm::kept::{Found, Home};
use crate::dispatch::llm::permit;
use crate::dispatch::llm::run::Missed;
use crate::exchange::Exchange;
use crate::models::LiveModel;
use crate::worker::Worker;

/// The field by which a client names the provider, where nothing else says it.
const PROVIDER_FIELD: &str = "x-architrave-provider";

/// Where a request goes.
pub(super) enum Way {
    /// Along a lane of one of these models.
    Models(Vec<Arc<LiveModel>>),
    /// Along this lane alone.
    Named(Arc<LiveModel>, Place),
}

/// Finds the way.
///
/// # Errors
/// That the model or the thing is not there, or not for this consumer.
pub(super) fn find(
    worker: &Worker,
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    passing: &Passing,
    service: &LlmService,
) -> Result<Way, Missed> {
    let named = asked.kept().map(|(kept, id)| (kept, id.to_owned()));
    let named = named
        .or_else(|| Some((Kept::Reply, passing.named_id(Watched::PreviousReply)?)))
        .or_else(|| Some((Kept::File, passing.named_id(Watched::InputFile)?)));
    if let Some((kept, id)) = named {
        if let Some(model) = passing.model()
            && !permit::may_ask(exchange, service, model)
        {
            return Err(unknown(model));
        }
        let consumer = exchange.consumer().map(|consumer| consumer.name.as_str());
        return match worker.gateway().kept.find(kept, &id, consumer) {
            Found::At(home) => at_home(worker, exchange, service, &home),
            Found::Anothers => Err(nothing_there()),
            Found::Unknown => sole(worker, exchange, asked, passing, service),
        };
    }
    let Some(model) = passing.model() else {
        return sole(worker, exchange, asked, passing, service);
    };
    let model = permit::find(worker, exchange, service, model).ok_or_else(|| unknown(model))?;
    let fallbacks = model.fallbacks.iter();
    let fallbacks: Vec<_> =
        fallbacks.filter_map(|name| worker.model(exchange.assembly, name)).collect();
    Ok(Way::Models([model].into_iter().chain(fallbacks).collect()))
}

/// The lane along which an answer was made that a request to one of `models` goes on from. One that
/// nobody here knows may be of before a restart: where there is one lane alone, it is there.
///
/// # Errors
/// That there is no such answer, or none of this consumer's.
pub(super) fn of_reply(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    (models, id): (&[Arc<LiveModel>], &str),
) -> Result<(Arc<LiveModel>, Place), Missed> {
    let consumer = exchange.consumer().map(|consumer| consumer.name.as_str());
    match worker.gateway().kept.find(Kept::Reply, id, consumer) {
        Found::At(home) => match at_home(worker, exchange, service, &home)? {
            Way::Named(model, place) => Ok((model, place)),
            Way::Models(_) => Err(nothing_there()),
        },
        Found::Anothers => Err(nothing_there()),
        Found::Unknown => {
            let first = models.first().ok_or_else(nothing_there)?;
            let mut lanes = first.lanes();
            match (lanes.next(), lanes.next()) {
                (Some(lane), None) => {
                    Ok((Arc::clone(first), place_of(lane.credential().map(|_| 0))))
                }
                _ => Err(nothing_there()),
            }
        }
    }
}

/// The lane along which something was made.
fn at_home(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    home: &Home,
) -> Result<Way, Missed> {
    // What a consumer may ask for may have changed since it was made.
    if !permit::may_reach(exchange, service, &home.provider, home.model.as_deref()) {
        return Err(nothing_there());
    }
    let name = format!("{}/{}", home.provider, home.model.as_deref().unwrap_or(request::NO_MODEL));
    let model = worker.model(exchange.assembly, &name).ok_or_else(nothing_there)?;
    let place = model.lanes().enumerate().find(|(_, lane)| {
        lane.credential().map(|credential| credential.name.as_str()) == home.credential.as_deref()
    });
    let (place, lane) = place.ok_or_else(nothing_there)?;
    let place = place_of(lane.credential().map(|_| place));
    Ok(Way::Named(model, place))
}

/// The one provider that can take the request; several are told apart by a field of the request.
fn sole(
    worker: &Worker,
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    passing: &Passing,
    service: &LlmService,
) -> Result<Way, Missed> {
    let field = exchange.head.fields.get(PROVIDER_FIELD);
    let named = field.and_then(|value| std::str::from_utf8(value).ok());
    let mut able = Vec::new();
    for provider in &exchange.assembly.models.providers {
        let name = provider.config.name.as_str();
        if named.is_some_and(|named| named != name) {
            continue;
        }
        let model = format!("{name}/{}", passing.model().unwrap_or(request::NO_MODEL));
        // Whoever may ask for no model of a provider may not keep things there either.
        if passing.model().is_none() && !permit::may_use(exchange, service, name) {
            continue;
        }
        let Some(model) = worker.model(exchange.assembly, &model) else { continue };
        if model.lanes().next().is_some_and(|lane| request::reaches(lane, asked)) {
            able.push((model, provider.config.credentials.len()));
        }
    }
    match able.as_slice() {
        // With several credentials, which is one account and which another nobody knows: the first.
        [(model, credentials)] => {
            Ok(Way::Named(Arc::clone(model), place_of((*credentials > 0).then_some(0))))
        }
        [] => Err(nothing_there()),
        several => {
            let names: Vec<&str> = several
                .iter()
                .filter_map(|(model, _)| model.name.split_once('/').map(|(name, _)| name))
                .collect();
            let message = format!(
                "several providers could take this; the header {PROVIDER_FIELD} says which: {}",
                names.join(", ")
            );
            let error = ChatError::new(ErrorKind::InvalidRequest, message);
            Err(Missed::refused(error, Reason::BadRequest))
        }
    }
}

fn nothing_there() -> Missed {
    let error = ChatError::new(ErrorKind::NotFound, "there is nothing of that id here");
    Missed::refused(error, Reason::NoRoute)
}

fn unknown(model: &str) -> Missed {
    let shown: String = model.chars().take(128).collect();
    let message = format!("there is no model `{shown}` here");
    let mut error = ChatError::new(ErrorKind::NotFound, message);
    error.code = Some("model_not_found".to_owned());
    error.param = Some("model".to_owned());
    Missed::refused(error, Reason::NoRoute)
}
