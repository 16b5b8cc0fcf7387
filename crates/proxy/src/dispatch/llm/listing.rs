//! Which models there are, in the words of whoever asks: those that are listed, that the service
//! has, and that the consumer may ask for. Models of the form `provider/model` are not listed: there
//! are thousands.

use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::model_list::{ListedModel, write_list, write_model};
use architrave_llm::surface::Asked;

use super::answer::LlmAnswer;
use super::run::Missed;
use super::{permit, refusal};
use crate::exchange::Exchange;
use crate::models::LiveModel;

/// Whose the models are, to clients.
const OWNER: &str = "architrave";

/// The list of models.
///
/// # Errors
/// That there is no such page.
pub(super) fn list<'a>(
    exchange: &Exchange<'_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let listed = exchange.assembly.models.listed.iter();
    let allowed: Vec<ListedModel<'_>> = listed
        .filter(|model| permit::may_ask(exchange, service, &model.name))
        .map(|model| described(model))
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
    let model = exchange.assembly.models.listed(name);
    let model = model.filter(|model| permit::may_ask(exchange, service, &model.name));
    let Some(model) = model else {
        let error = ChatError::new(ErrorKind::NotFound, "there is no such model here");
        return Err(Missed::refused(error, Reason::NoRoute));
    };
    let body = write_model(asked.surface.family(), &described(model));
    Ok(LlmAnswer::whole(200, "application/json", body))
}

/// A model as clients see it: what its deployments have in common.
fn described(model: &LiveModel) -> ListedModel<'_> {
    let least = |of: fn(&crate::models::Known) -> Option<u64>| {
        model.lanes().filter_map(|lane| of(&lane.known)).min()
    };
    ListedModel {
        id: &model.name,
        owner: OWNER,
        created_s: 0,
        kind: model.lanes().find_map(|lane| lane.known.kind),
        input_max: least(|known| known.input_max),
        output_max: least(|known| known.output_max),
    }
}
