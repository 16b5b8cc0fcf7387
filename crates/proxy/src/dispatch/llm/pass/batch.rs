//! The file of a batch on its way to a provider. Nobody sees its requests again before they are
//! answered: so each line is held here to what a request of its own would be held to, and names the
//! model as the provider does.

use std::sync::Arc;

use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::batch::{self, BatchFile};
use architrave_llm::chat::{ChatError, ErrorKind};

use super::lines::Requests;
use super::request::Passing;
use crate::dispatch::llm::kept::Found;
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::{fetched, outgoing, permit, refusal};
use crate::exchange::Exchange;
use crate::models::LiveLane;
use crate::worker::Worker;

/// Goes through the file of a batch, where one is brought, and has its models renamed for the
/// provider that a lane leads to.
///
/// # Errors
/// Which line asks for something that the consumer cannot have there.
pub(super) async fn see(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    lane: &LiveLane,
    passing: &mut Passing,
) -> Result<(), Missed> {
    let Some(Requests { form, files, before, bytes, edits }) = passing.requests_mut() else {
        return Ok(());
    };
    let body = Arc::clone(bytes);
    let found = outgoing::offloaded(worker, body.len(), move || {
        let mut found = BatchFile::behind(before);
        for file in files {
            found.read(form, &body, file)?;
        }
        Ok(found)
    });
    let found = found.await.map_err(refusal::invalid)?;
    for ((kept, id), line) in &found.kept {
        let consumer = exchange.caller_name();
        let (ids, provider) = (&worker.gateway().kept, lane.provider.config.name.as_str());
        let named = (*kept, id.clone());
        let is_there = match ids.find(&named, consumer) {
            Found::Unknown => !ids.may_be_anothers(&named, provider, consumer),
            Found::Anothers => false,
            Found::At(home) => home.is_at(lane),
        };
        if !is_there {
            return Err(refused(*line, "there is nothing of the id that it names"));
        }
    }
    fetched::hold_lines(lane, &found.links)?;
    for model in found.models {
        let there = name_there(worker, exchange, service, lane, &model.name);
        let there = there.map_err(|why| refused(model.line, &why))?;
        if let Some(there) = there.filter(|there| **there != *model.name) {
            let name = batch::written(form, &there);
            edits.extend(model.spans.into_iter().map(|span| (span, name.clone())));
        }
    }
    passing.put_together(worker).await
}

/// What the provider calls a model; nothing where it is called by the provider's own name already.
fn name_there(
    worker: &Worker,
    exchange: &Exchange<'_>,
    service: &LlmService,
    lane: &LiveLane,
    name: &str,
) -> Result<Option<Box<str>>, String> {
    let model = permit::find(worker, exchange, service, name);
    if let Some(there) = model.as_ref().and_then(|model| model.beside(lane)) {
        return Ok(Some(there.model.clone()));
    }
    let provider = lane.provider.config.name.as_str();
    if permit::may_reach(exchange, service, provider, Some(name)) {
        return Ok(None);
    }
    let shown: String = name.chars().take(128).collect();
    Err(match model {
        Some(_elsewhere) => format!("the provider {provider} does not serve the model `{shown}`"),
        None => format!("there is no model `{shown}` here"),
    })
}

fn refused(line: usize, why: &str) -> Missed {
    let message = format!("line {line} of the batch: {why}");
    Missed::refused(ChatError::new(ErrorKind::InvalidRequest, message), Reason::BadRequest)
}
