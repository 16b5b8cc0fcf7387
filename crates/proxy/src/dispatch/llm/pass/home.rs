//! Where a request goes: to the model that it names, to where the thing lives that it names, or to
//! the one provider that there is for it.

use std::sync::Arc;

use architrave_balance::deployment::Place;
use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::surface::{Asked, Kept, KeptId, Operation, Surface};
use architrave_llm::talk::transcriber_asked;

use super::request::{NO_MODEL, Passing};
use super::{lines, written};
use crate::dispatch::llm::kept::{Found, Home};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::talk::keys::TalkKey;
use crate::dispatch::llm::{permit, refusal};
use crate::exchange::Exchange;
use crate::models::{LiveLane, LiveModel};
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
    passing: &mut Passing,
    service: &LlmService,
) -> Result<Way, Missed> {
    let mut models = match passing.model() {
        Some(name) => models(worker, exchange, service, name)?,
        None => Vec::new(),
    };
    if let Some(key) = &exchange.talk_key {
        let can = |lane: &LiveLane| written::reaches(lane, asked);
        return lane_at(&models, &key.home, can).map(|(model, place)| Way::Named(model, place));
    }
    let others = passing.other_models(asked).iter().map(|name| {
        let model = permit::find(worker, exchange, service, name);
        model.map(|model| (name.clone(), model)).ok_or_else(|| unknown(name))
    });
    let others: Vec<_> = others.collect::<Result<_, _>>()?;
    if !others.is_empty() {
        models.truncate(1);
    }
    passing.note_others(others);
    if passing.named().is_empty() {
        return match models.is_empty() {
            true => sole(worker, exchange, asked, service),
            false => Ok(Way::Models(models)),
        };
    }
    let home = whereabouts(worker, exchange, passing.named())?;
    passing.note_home(home.is_some());
    // Whoever goes on with an upload has the link to it.
    let has_link = asked.surface == Surface::GeminiFileUpload;
    if home.is_none() && has_link && passing.named().iter().any(|(it, _)| *it == Kept::Upload) {
        return Err(nothing_there());
    }
    let can = |lane: &LiveLane| written::reaches(lane, asked) && passing.is_all_at(lane);
    let way = match (home, models.is_empty()) {
        (Some(home), true) => at_home(worker, exchange, service, &home),
        (Some(home), false) => {
            lane_at(&models, &home, can).map(|(model, place)| Way::Named(model, place))
        }
        (None, true) => sole(worker, exchange, asked, service),
        (None, false) => {
            sole_lane(exchange, &models).map(|(model, place)| Way::Named(model, place))
        }
    }?;
    if let Way::Named(model, place) = &way {
        let provider = model.lane(*place).provider.config.name.as_str();
        hold_to_remembered(worker, exchange, passing.named(), provider)?;
        if asked.operation() == Operation::BatchCreate {
            hold_to_lines(worker, exchange, asked, (passing, provider))?;
        }
    }
    Ok(way)
}

/// The model that a talk is with by the key that is shown for it.
///
/// # Errors
/// That the key is another consumer's, or for another model.
pub(in crate::dispatch::llm) fn of_key(
    exchange: &Exchange<'_>,
    key: &TalkKey,
    named: Option<&str>,
) -> Result<String, Missed> {
    if exchange.caller_name() != key.home.consumer.as_deref() {
        return Err(nothing_there());
    }
    match named.filter(|named| *named != key.model) {
        None => Ok(key.model.clone()),
        Some(_other) => {
            let error = ChatError::new(ErrorKind::Permission, "the key is for another model");
            Err(Missed::refused(error, Reason::Forbidden))
        }
    }
}

/// Whether the consumer may ask for the model that is to write down what is said in the talk that a
/// key is for.
///
/// # Errors
/// That it is not there for this consumer.
pub(super) fn may_write_down(
    exchange: &Exchange<'_>,
    service: &LlmService,
    models: &[Arc<LiveModel>],
    passing: &Passing,
) -> Result<(), Missed> {
    let text = passing.json().and_then(|(bytes, _)| std::str::from_utf8(bytes).ok());
    let Some(name) = text.and_then(transcriber_asked) else { return Ok(()) };
    let may = |lane: &LiveLane| {
        let provider = lane.provider.config.name.as_str();
        permit::may_reach(exchange, service, provider, Some(&name))
    };
    match models.iter().flat_map(|model| model.lanes()).all(may) {
        true => Ok(()),
        false => Err(unknown(&name)),
    }
}

/// The model of a name, and those that it falls back on.
fn models(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    name: &str,
) -> Result<Vec<Arc<LiveModel>>, Missed> {
    let model = permit::find(worker, exchange, service, name).ok_or_else(|| unknown(name))?;
    let mut models = Vec::new();
    permit::add(exchange.assembly, worker, &mut models, model);
    Ok(models)
}

/// The one lane that a request for chat can go along which names what lives at a provider: there,
/// to one of the models that may answer. What nobody here knows may be of before a restart, or was
/// made elsewhere: where there is one deployment alone, it is there.
///
/// # Errors
/// That there is nothing of that id, or nothing of this consumer's; that no model is where it lives.
pub(super) fn of_chat(
    worker: &Worker,
    exchange: &Exchange<'_>,
    (models, named): (&[Arc<LiveModel>], &[KeptId]),
) -> Result<(Arc<LiveModel>, Place), Missed> {
    let (model, place) = match whereabouts(worker, exchange, named)? {
        Some(home) => lane_at(models, &home, |_| true),
        None => sole_lane(exchange, models),
    }?;
    let provider = model.lane(place).provider.config.name.as_str();
    hold_to_remembered(worker, exchange, named, provider)?;
    Ok((model, place))
}

/// Holds what is named to being known, where some of what others had made at the provider was
/// forgotten: what is unknown may be that.
///
/// # Errors
/// That something is not known there.
fn hold_to_remembered(
    worker: &Worker,
    exchange: &Exchange<'_>,
    named: &[KeptId],
    provider: &str,
) -> Result<(), Missed> {
    let (kept, consumer) = (&worker.gateway().kept, exchange.caller_name());
    match named.iter().any(|id| kept.may_be_anothers(id, provider, consumer)) {
        true => Err(nothing_there()),
        false => Ok(()),
    }
}

/// Where what is named lives, where that is known of any of it. What is unknown beside it is taken
/// to live there, too: the provider knows better.
///
/// # Errors
/// That something is another consumer's, or that not all live in one place.
fn whereabouts(
    worker: &Worker,
    exchange: &Exchange<'_>,
    named: &[KeptId],
) -> Result<Option<Arc<Home>>, Missed> {
    let consumer = exchange.caller_name();
    let mut known: Option<Arc<Home>> = None;
    // Those of uploads are of the gateway's own making, and nobody can guess one.
    let is_own = |kept: Kept| matches!(kept, Kept::Upload | Kept::Lines);
    if named.iter().any(|(kept, id)| !is_own(*kept) && !is_id(id)) {
        return Err(nothing_there());
    }
    for id in named {
        match worker.gateway().kept.find(id, consumer) {
            Found::Unknown => {}
            Found::Anothers => return Err(nothing_there()),
            Found::At(home) => match &known {
                Some(other) if !other.is_same_account(&home) => return Err(apart()),
                // By whom an answer was made says more than where a file lies.
                Some(other) if other.model.is_some() => {}
                _ => known = Some(home),
            },
        }
    }
    Ok(known)
}

/// Whether a provider may call something so. Another spelling may mean the same there as one that is
/// known here, and be somebody else's.
fn is_id(id: &str) -> bool {
    let is_arn = id.starts_with("arn:");
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-~=".contains(&byte);
    !id.is_empty() && id.bytes().all(|byte| is_fit(byte) || (is_arn && byte == b'/'))
}

/// Holds the file of a batch to having been gone through when it came, where it came by here or may
/// have been forgotten since.
fn hold_to_lines(
    worker: &Worker,
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    (passing, provider): (&Passing, &str),
) -> Result<(), Missed> {
    let consumer = exchange.caller_name();
    let kept = &worker.gateway().kept;
    for file in passing.batch_input() {
        let may_be_known =
            kept.find(file, consumer) != Found::Unknown || kept.may_be_anybodys(file, provider);
        let lines = kept.find(&lines::as_lines(file.clone()), consumer);
        if may_be_known && !matches!(lines, Found::At(_)) {
            let (field, message) = match asked.surface {
                Surface::OpenaiBatchCreate => {
                    ("input_file_id", "the file was not uploaded for the purpose `batch`")
                }
                _ => ("file_name", "the file was not uploaded as `application/jsonl`"),
            };
            return Err(refusal::invalid(ChatError::invalid(field, message)));
        }
    }
    Ok(())
}

/// The lane of one of the models that leads to where something lives; the model that made it comes
/// before others there.
fn lane_at(
    models: &[Arc<LiveModel>],
    home: &Home,
    can: impl Fn(&LiveLane) -> bool,
) -> Result<(Arc<LiveModel>, Place), Missed> {
    let leads_there = |lane: &LiveLane| home.is_at(lane) && can(lane);
    let made_it = |lane: &LiveLane| home.model.as_ref().is_none_or(|model| *model == lane.model);
    for model in models {
        let mut there = model.places().filter(|(_, lane)| leads_there(lane)).peekable();
        let Some((first, _)) = there.peek() else { continue };
        let first = *first;
        let place = there.find(|(_, lane)| made_it(lane)).map_or(first, |(place, _)| place);
        return Ok((Arc::clone(model), place));
    }
    Err(elsewhere())
}

/// The one deployment of the model that is asked for first; the provider that the client names, of
/// several.
fn sole_lane(
    exchange: &Exchange<'_>,
    models: &[Arc<LiveModel>],
) -> Result<(Arc<LiveModel>, Place), Missed> {
    let model = models.first().ok_or_else(nothing_there)?;
    let wanted = |lane: &LiveLane| {
        named_provider(exchange).is_none_or(|name| lane.provider.config.name.as_str() == name)
    };
    let mut there = model.places().filter(|(_, lane)| wanted(lane)).map(|(place, _)| place);
    let place = there.next().ok_or_else(nothing_there)?;
    // With several credentials, which is one account and which another nobody knows: the first.
    match there.all(|other| other.deployment == place.deployment) {
        true => Ok((Arc::clone(model), place)),
        false => Err(nothing_there()),
    }
}

/// The provider that the client names.
fn named_provider<'e>(exchange: &'e Exchange<'_>) -> Option<&'e str> {
    let field = exchange.head.fields.get(PROVIDER_FIELD);
    field.and_then(|value| std::str::from_utf8(value).ok())
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
    let name = format!("{}/{}", home.provider, home.model.as_deref().unwrap_or(NO_MODEL));
    let model = worker.model(exchange.assembly, &name).ok_or_else(nothing_there)?;
    let place = model.places().find(|(_, lane)| home.is_at(lane));
    let (place, _) = place.ok_or_else(nothing_there)?;
    Ok(Way::Named(model, place))
}

/// The one provider that can take the request; several are told apart by a field of the request.
fn sole(
    worker: &Worker,
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<Way, Missed> {
    let named = named_provider(exchange);
    let mut able = Vec::new();
    for provider in &exchange.assembly.models.providers {
        let name = provider.config.name.as_str();
        if named.is_some_and(|named| named != name) {
            continue;
        }
        // Whoever may ask for no model of a provider may not keep things there either.
        if !permit::may_use(exchange, service, name) {
            continue;
        }
        let model = format!("{name}/{}", NO_MODEL);
        let Some(model) = worker.model(exchange.assembly, &model) else { continue };
        // With several credentials, which is one account and which another nobody knows: the first.
        let first = model.places().next();
        let first = first.filter(|(_, lane)| written::reaches(lane, asked));
        if let Some(place) = first.map(|(place, _)| place) {
            able.push((model, place));
        }
    }
    match able.as_slice() {
        [(model, place)] => Ok(Way::Named(Arc::clone(model), *place)),
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
    let mut error = ChatError::new(ErrorKind::NotFound, "there is nothing of that id here");
    // Not that of a model, which stands for what is not found without a word.
    error.code = Some(Reason::NotFound.as_str().to_owned());
    Missed::refused(error, Reason::NotFound)
}

fn apart() -> Missed {
    let message = "what the request names lives at several providers or accounts, and one is asked";
    Missed::refused(ChatError::new(ErrorKind::InvalidRequest, message), Reason::BadRequest)
}

fn elsewhere() -> Missed {
    let message =
        "what the request names lives at a provider or an account where this model is not";
    Missed::refused(ChatError::new(ErrorKind::InvalidRequest, message), Reason::BadRequest)
}

pub(super) fn unknown(model: &str) -> Missed {
    let shown: String = model.chars().take(128).collect();
    let message = format!("there is no model `{shown}` here");
    let mut error = ChatError::new(ErrorKind::NotFound, message);
    error.code = Some("model_not_found".to_owned());
    error.param = Some("model".to_owned());
    Missed::refused(error, Reason::UnknownModel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_letters_that_mean_themselves() {
        for id in ["file-aB3_x", "resp_0", "c4", "8f0c-11:x.y~", "arn:aws:bedrock:eu-1:1:job/a2"] {
            assert!(is_id(id), "{id}");
        }
        for id in ["", "c4/", "a b", "a?b", "a%20", "../a", "a\\b", "é", "a\n"] {
            assert!(!is_id(id), "{id}");
        }
    }
}
