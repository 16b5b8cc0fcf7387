//! Who may ask for what.

use std::sync::Arc;

use architrave_config::{LlmService, ModelPattern};
use architrave_core::Reason;

use super::Candidates;
use super::ask::Ask;
use super::missed::Missed;
use crate::assembly::Assembly;
use crate::exchange::Exchange;
use crate::models::LiveModel;
use crate::worker::Worker;

/// How many models are asked at most for one request, its own fallbacks and the client's counted.
const CANDIDATES_MAX: usize = 16;

/// For longer names nobody looks what may be meant.
const NEAR_BYTES_MAX: usize = 128;

/// The models that may answer: the one asked for, its fallbacks, and those that the body names.
///
/// # Errors
/// That the one asked for is not to be had.
pub(super) fn models(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    ask: &Ask,
) -> Result<Candidates, Missed> {
    let mut candidates = Candidates::new();
    for name in std::iter::once(&ask.model).chain(&ask.others) {
        let is_first = candidates.is_empty();
        match find(worker, exchange, service, name) {
            Some(model) => add(exchange.assembly, worker, &mut candidates, model),
            None if is_first => {
                let near = near(exchange, service, name);
                return Err(Missed::refused(ask.unknown_model(near), Reason::UnknownModel));
            }
            None => {}
        }
    }
    Ok(candidates)
}

/// The models that may answer a prompt: what the operator has written in the file, whoever asks.
///
/// # Errors
/// That there is none of that name any more.
pub(super) fn of_prompt(
    worker: &Worker,
    exchange: &Exchange<'_>,
    ask: &Ask,
) -> Result<Candidates, Missed> {
    let mut candidates = Candidates::new();
    let model = worker.model(exchange.assembly, &ask.model);
    let model =
        model.ok_or_else(|| Missed::refused(ask.unknown_model(None), Reason::UnknownModel))?;
    add(exchange.assembly, worker, &mut candidates, model);
    Ok(candidates)
}

/// The model of that name, where the service has it and the consumer may ask for it.
pub(super) fn find(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    name: &str,
) -> Option<Arc<LiveModel>> {
    if !may_ask(exchange, service, name) {
        return None;
    }
    worker.model(exchange.assembly, name)
}

/// The name that may be meant by one that there is not: the same with its provider before it, or one
/// that is a slip of the finger away; only of those that the consumer may ask for.
fn near<'e>(exchange: &'e Exchange<'_>, service: &'e LlmService, name: &str) -> Option<&'e str> {
    if name.is_empty() || name.len() > NEAR_BYTES_MAX {
        return None;
    }
    let models = &exchange.assembly.models;
    let exact = |pattern: &'e ModelPattern| match pattern {
        ModelPattern::Exact(name) => Some(&**name),
        _ => None,
    };
    let own = exchange.consumer().and_then(|consumer| consumer.models.as_deref());
    let patterns = service.models.iter().chain(own.unwrap_or_default());
    let listed = || models.listed.iter().map(|model| &*model.name);
    let named: Vec<&str> = patterns.filter_map(exact).collect();
    let offered = models.offered.iter().map(|model| &*model.name);
    let is_same =
        |known: &&str| known.strip_suffix(name).is_some_and(|before| before.ends_with('/'));
    let mut all = listed().chain(named.iter().copied()).chain(offered);
    let same = all.find(|known| is_same(known) && may_ask(exchange, service, known));
    same.or_else(|| {
        let known = listed().chain(named).filter(|known| may_ask(exchange, service, known));
        architrave_config::nearest(name, known)
    })
}

/// Whether the service has a model of that name and the consumer may ask for it.
pub(super) fn may_ask(exchange: &Exchange<'_>, service: &LlmService, name: &str) -> bool {
    if !service.models.iter().any(|pattern| pattern.matches(name)) {
        return false;
    }
    if exchange.caller_name().is_none() {
        return true;
    }
    match exchange.consumer().and_then(|consumer| consumer.models.as_ref()) {
        Some(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
        None => exchange.assembly.models.listed(name).is_some(),
    }
}

/// Whether the consumer may ask for a model there by one of its names; for none, whether it may keep
/// things there.
pub(super) fn may_reach(
    exchange: &Exchange<'_>,
    service: &LlmService,
    provider: &str,
    model: Option<&str>,
) -> bool {
    let Some(model) = model else { return may_use(exchange, service, provider) };
    let leads_there = |it: &LiveModel| {
        it.lanes()
            .any(|lane| lane.provider.config.name.as_str() == provider && *lane.model == *model)
    };
    let listed = &exchange.assembly.models.listed;
    may_ask(exchange, service, &format!("{provider}/{model}"))
        || listed.iter().any(|it| leads_there(it) && may_ask(exchange, service, &it.name))
}

/// Whether the consumer may keep things at a provider: where it may ask for its models.
pub(super) fn may_use(exchange: &Exchange<'_>, service: &LlmService, provider: &str) -> bool {
    let listed = &exchange.assembly.models.listed;
    let serves = |model: &LiveModel| {
        model.lanes().any(|lane| lane.provider.config.name.as_str() == provider)
    };
    let is_direct = may_ask(exchange, service, &format!("{provider}/-"));
    is_direct || listed.iter().any(|it| serves(it) && may_ask(exchange, service, &it.name))
}

/// Adds a model and, behind it, those that it falls back on; theirs come after all of its own.
pub(super) fn add(
    assembly: &Assembly,
    worker: &Worker,
    to: &mut Candidates,
    model: Arc<LiveModel>,
) {
    let from = to.len();
    push(to, model);
    let mut at = from;
    while at < to.len() {
        let fallbacks: Vec<_> =
            (to[at].fallbacks.iter()).filter_map(|name| worker.model(assembly, name)).collect();
        fallbacks.into_iter().for_each(|model| push(to, model));
        at += 1;
    }
}

fn push(to: &mut Candidates, model: Arc<LiveModel>) {
    if to.len() < CANDIDATES_MAX && !to.iter().any(|known| known.name == model.name) {
        to.push(model);
    }
}
