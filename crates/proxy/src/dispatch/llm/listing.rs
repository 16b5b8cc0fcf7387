//! Which models there are, in the words of whoever asks: of those that the service has and that the
//! consumer may ask for, the ones that the file lists, then those of the form `provider/model` that
//! it names, then those that the catalogue knows.

use architrave_config::{LlmService, ModelPattern};
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::model_list::{ListedModel, write_list, write_model};
use architrave_llm::surface::Asked;

use super::answer::LlmAnswer;
use super::missed::Missed;
use super::{permit, refusal};
use crate::exchange::Exchange;
use crate::models::{LiveModel, Offered};

/// Whose the models of the file are, to clients.
const OWNER: &str = "architrave";

/// Whose those are that the catalogue alone tells of.
const CATALOGUE: &str = "catalogue";

/// So many of the catalogue are told: some providers have hundreds, and OpenAI's lists no pages.
const CATALOGUE_MAX: usize = 1_000;

/// The list of models.
///
/// # Errors
/// That there is no such page.
pub(super) fn list<'a>(
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let models = &exchange.assembly.models;
    let listed = models.listed.iter().map(|model| described(model));
    let may_ask = |model: &ListedModel<'_>| permit::may_ask(exchange, service, model.id);
    let is_new = |model: &ListedModel<'_>| models.listed(model.id).is_none();
    let offered = models.offered.iter().map(of_catalogue).filter(is_new);
    let allowed: Vec<ListedModel<'_>> = listed
        .filter(may_ask)
        .chain(named(exchange, service))
        .chain(offered.filter(may_ask).take(CATALOGUE_MAX))
        .collect();
    let body = write_list(asked.surface.family(), &allowed, asked.query);
    let body = body.map_err(refusal::invalid)?;
    Ok(LlmAnswer::whole(200, "application/json", body))
}

/// One model.
///
/// # Errors
/// That there is none of that name, or none for this consumer.
pub(super) fn get<'a>(
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let name = asked.address.model.as_deref().unwrap_or_default();
    let models = &exchange.assembly.models;
    let offered = || models.offered.iter().find(|model| *model.name == *name).map(of_catalogue);
    let named = || named(exchange, service).into_iter().find(|model| model.id == name);
    let model = models.listed(name).map(|model| described(model)).or_else(offered);
    let model = model.filter(|_| permit::may_ask(exchange, service, name)).or_else(named);
    let Some(model) = model else {
        let error = ChatError::new(ErrorKind::NotFound, "there is no such model here");
        return Err(Missed::refused(error, Reason::UnknownModel));
    };
    let body = write_model(asked.surface.family(), &model);
    Ok(LlmAnswer::whole(200, "application/json", body))
}

/// The models of the form `provider/model` that the service or the consumer has by their very
/// names, and of which the catalogue knows nothing.
fn named<'e>(exchange: &'e Exchange<'_>, service: &'e LlmService) -> Vec<ListedModel<'e>> {
    let models = &exchange.assembly.models;
    let own = exchange.consumer().and_then(|consumer| consumer.models.as_deref());
    let patterns = service.models.iter().chain(own.unwrap_or_default());
    let is_known = |name: &str| {
        models.listed(name).is_some() || models.offered.iter().any(|it| *it.name == *name)
    };
    let mut named: Vec<ListedModel<'_>> = Vec::new();
    for pattern in patterns {
        let ModelPattern::Exact(name) = pattern else { continue };
        let is_told = is_known(name) || named.iter().any(|model| model.id == name);
        if !is_told && permit::may_ask(exchange, service, name) {
            named.push(plain(name));
        }
    }
    named
}

/// A model of the file of which nothing is known but its name.
const fn plain(name: &str) -> ListedModel<'_> {
    ListedModel {
        id: name,
        owner: OWNER,
        created_s: 0,
        kind: None,
        input_max: None,
        output_max: None,
    }
}

/// A model as the catalogue knows it.
fn of_catalogue(model: &Offered) -> ListedModel<'_> {
    ListedModel {
        owner: CATALOGUE,
        kind: Some(model.kind),
        input_max: model.input_max,
        output_max: model.output_max,
        ..plain(&model.name)
    }
}

/// A model as clients see it: what its deployments have in common.
fn described(model: &LiveModel) -> ListedModel<'_> {
    let least = |of: fn(&crate::models::Known) -> Option<u64>| {
        model.lanes().filter_map(|lane| of(&lane.known)).min()
    };
    ListedModel {
        kind: model.lanes().find_map(|lane| lane.known.kind),
        input_max: least(|known| known.input_max),
        output_max: least(|known| known.output_max),
        ..plain(&model.name)
    }
}
