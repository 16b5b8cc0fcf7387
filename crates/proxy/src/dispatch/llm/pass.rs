//! What is no chat and goes through as it came, the model renamed: images, sound, moderations,
//! files, batches, answers that a provider keeps. It goes where the model is, or where the thing
//! lives that it names.

mod along;
mod batch;
mod body;
mod cached;
mod each;
mod form;
mod form_sight;
mod home;
mod lines;
mod links;
mod list;
mod request;
mod sight;
mod told;
mod units;
mod written;

use std::sync::Arc;
use std::time::Duration;

use architrave_balance::deployment::{Demand, Failure, Place, Tried};
use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::surface::{Asked, KeptId, Operation};
use architrave_llm::talk::Words;
use architrave_llm::token_count;
use architrave_net::Reader;
use architrave_telemetry::Party;
use smallvec::SmallVec;

use super::answer::LlmAnswer;
use super::fit::{self, InOrder};
use super::missed::{Missed, nothing_serves};
use super::{fallback, passed_over, refusal, reserve, signal, talk};
use crate::dispatch::ClientSide;
use crate::exchange::Exchange;
use crate::models::{LiveLane, LiveModel};
use crate::worker::Worker;
use along::Along;
use home::Way;
use request::Passing;

pub(super) use home::of_key;
pub(crate) use links::vouch;

/// Serves an operation that goes through as it came.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn serve<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    client: ClientSide<'a, '_>,
    asked: &Asked<'_>,
    service: &LlmService,
) -> Result<LlmAnswer<'a>, Missed> {
    let ClientSide { reader, writer, facts } = client;
    super::read_body::give_leave(facts, writer).await.map_err(refusal::client_gone)?;
    reader.limit_pace(exchange.connection.listener.body_pace());
    let mut passing = Passing::read(worker, exchange, reader, facts, asked, service).await?;
    let seen = asked.clone().seen_as(passing.called_for(worker, asked).await?);
    let asked = &seen;
    // Before anybody refuses it: the log is to say what was asked for in vain, too.
    if let Some(facts) = &mut exchange.llm {
        facts.operation = asked.operation().name();
        passing.model().unwrap_or_default().clone_into(&mut facts.model);
    }
    let guards = exchange.matched.map(|it| it.chain.guards(&exchange.admission));
    let guards = guards.unwrap_or_default();
    exchange.admission.has_masked = guards.masked().cloned();
    passing.see_through(worker, asked, guards, reader).await?;
    match asked.operation() {
        Operation::Realtime => may_talk(&passing)?,
        Operation::RealtimeKey => is_unguarded(&passing)?,
        // Their answers are told days later to whoever asks for a file.
        Operation::BatchCreate if exchange.account().is_some() => {
            return Err(refusal::not_counted("a batch"));
        }
        // Each of its requests is gone through, which takes all of them at once.
        Operation::UploadCreate if passing.is_for_batch() => return Err(refusal::in_parts()),
        _ => {}
    }
    let way = home::find(worker, exchange, asked, &mut passing, service)?;
    if let (Operation::RealtimeKey, Way::Models(models)) = (asked.operation(), &way) {
        home::may_write_down(exchange, service, models, &passing)?;
    }
    if let Some(taken) = lines::asked_how_far(worker, exchange, (facts, asked)) {
        return Ok(lines::so_far(taken));
    }
    if let Way::Named(model, place) = &way {
        batch::see(worker, exchange, service, model.lane(*place), &mut passing).await?;
    }
    if let Some(held) = passing.lines().filter(|lines| lines.is_held()) {
        return Ok(lines::so_far(held.note_taken(worker, exchange)));
    }
    let asks = match &way {
        Way::Models(models) => models.as_slice(),
        Way::Named(model, _) => std::slice::from_ref(model),
    };
    let used = units::asked(worker, asked, asks, &passing).await?;
    if let Some(facts) = &mut exchange.llm {
        passing.model().unwrap_or_default().clone_into(&mut facts.model);
        facts.prompt_tokens = passing.prompt_tokens();
        facts.asked = used;
    }
    if let Some(known) = cached::look(worker, exchange, asked, &passing).await? {
        return Ok(known);
    }
    reserve(worker, exchange, asks, asked, &mut passing).await?;
    let is_told = asked.operation() == Operation::TokenCount
        && !asks
            .iter()
            .flat_map(|model| model.lanes())
            .any(|lane| written::takes_as_asked(lane, asked));
    let served = match way {
        Way::Models(models) => {
            along_models(worker, exchange, reader, asked, &passing, &models).await
        }
        Way::Named(model, place) => {
            along_named(worker, exchange, reader, asked, &passing, (&model, place)).await
        }
    };
    served.or_else(|missed| match is_uncounted(&passing, &missed, is_told) {
        true => estimated_count(asked, &passing).ok_or(missed),
        false => Err(missed),
    })
}

/// Goes along the one lane that there is for the request.
async fn along_named<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    reader: &'a mut Reader,
    asked: &Asked<'_>,
    passing: &Passing,
    (model, place): (&LiveModel, Place),
) -> Result<LlmAnswer<'a>, Missed> {
    let choice = model.fleet.take(place, &demand(passing, &[]), worker.now());
    let choice = choice.map_err(|refused| {
        let wait = refused.retry_at.map(|at| at.since(worker.now()));
        signal::nobody_left(refused.reason, wait)
    })?;
    let along = Along { worker, lane: model.lane(place), asked, passing };
    match along.attempt(exchange, reader, choice).await {
        Ok(answer) => Ok(answer.into_answer(asked.dialect(), reader)),
        Err((_, missed, _)) => {
            along.note_uncounted(&missed);
            Err(missed)
        }
    }
}

/// Whether somebody may talk over a WebSocket.
///
/// # Errors
/// That it is no WebSocket, or that something is to be held which cannot be.
fn may_talk(passing: &Passing) -> Result<(), Missed> {
    if !passing.upgrade().is_some_and(|asked| asked.eq_ignore_ascii_case("websocket")) {
        return Err(refusal::no_websocket());
    }
    // Which one it would be with otherwise, and at what price, the provider alone would know.
    if passing.model().is_none() {
        return Err(refusal::invalid(refusal::no_model(false)));
    }
    is_unguarded(passing)
}

/// Whether no guardrail is to see what is said.
///
/// # Errors
/// That one is.
fn is_unguarded(passing: &Passing) -> Result<(), Missed> {
    let guards = passing.guards();
    if guards.looks_at_requests() || guards.looks_at_replies() {
        return Err(refusal::not_governed("a guardrail"));
    }
    Ok(())
}

/// Reserves what the request may cost, where a model is to do something.
///
/// # Errors
/// Which budget or limit is used up.
async fn reserve(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    models: &[Arc<LiveModel>],
    asked: &Asked<'_>,
    passing: &mut Passing,
) -> Result<(), Missed> {
    let operation = asked.operation();
    if !operation.is_inference() {
        return Ok(());
    }
    let mut wanted = match operation {
        Operation::Realtime => {
            let words = match talk::opens_here(asked.surface) {
                true => Words::Gemini,
                false => Words::Openai,
            };
            let lanes = models.iter().flat_map(|model| model.lanes());
            talk::wanted(talk::first(
                words,
                lanes.map(|lane| lane.known.priced().map(|row| &**row)),
            ))
        }
        _ => passing.wanted(operation),
    };
    let beside = worker.gateway().kept.beside(passing.named());
    let unseen = beside.known_tokens.saturating_add(beside.guessed_tokens);
    wanted.prompt_tokens = wanted.prompt_tokens.saturating_add(unseen);
    if let Some(facts) = &exchange.llm {
        wanted.asked.clone_from(&facts.asked);
    }
    let granted = reserve::reserve(worker, exchange, models, wanted).await?;
    match granted {
        Some(granted) => passing.limit_output(asked, granted),
        None => Ok(()),
    }
}

/// The one lane that a request for chat can go along which names what lives at a provider.
///
/// # Errors
/// That there is nothing of the kind, or nothing of this consumer's.
pub(super) fn home_of_chat(
    worker: &Worker,
    exchange: &Exchange<'_>,
    asked: (&[Arc<LiveModel>], &[KeptId]),
) -> Result<(Arc<LiveModel>, Place), Missed> {
    home::of_chat(worker, exchange, asked)
}

fn demand<'d>(passing: &Passing, tried: &'d [Tried]) -> Demand<'d> {
    Demand { prompt_tokens: passing.prompt_tokens(), tried, ..Demand::default() }
}

/// The models in the order in which they are asked.
fn in_order<'m>(
    exchange: &mut Exchange<'_>,
    asked: &Asked<'_>,
    passing: &Passing,
    models: &'m [Arc<LiveModel>],
) -> InOrder<'m> {
    // Another model's count would be one of something else.
    if asked.operation() == Operation::TokenCount {
        return models.iter().collect();
    }
    fit::in_order(exchange, models, |model| {
        let can = |lane: &LiveLane| written::reaches(lane, asked) && passing.is_all_at(lane);
        let excluded = model.deployments_without(can);
        model.fleet.fitness(&Demand { excluded: &excluded, ..demand(passing, &[]) })
    })
}

async fn along_models<'a>(
    worker: &'a Worker,
    exchange: &mut Exchange<'_>,
    reader: &'a mut Reader,
    asked: &Asked<'_>,
    passing: &Passing,
    models: &[Arc<LiveModel>],
) -> Result<LlmAnswer<'a>, Missed> {
    let mut last = None;
    for model in in_order(exchange, asked, passing, models) {
        // Who counts in the words of who asks comes before whom it has to be told.
        let is_exact = asked.operation() == Operation::TokenCount
            && model.lanes().any(|lane| written::takes_as_asked(lane, asked));
        let can = |lane: &LiveLane| match is_exact {
            true => written::takes_as_asked(lane, asked),
            false => written::reaches(lane, asked) && passing.is_all_at(lane),
        };
        let excluded = model.deployments_without(can);
        let can_none = excluded.len() == model.deployment_count();
        if can_none && let Some(body) = estimated_count(asked, passing) {
            return Ok(body);
        }
        let mut tried = SmallVec::<[Tried; 2]>::new();
        loop {
            let demand = Demand { excluded: &excluded, ..demand(passing, &tried) };
            let now = worker.now();
            let chosen = worker.with_random(|random| model.fleet.choose(&demand, now, random));
            let choice = match chosen {
                Ok(choice) => choice,
                Err(refused) => {
                    passed_over::note(exchange, model, &refused.passed_over, &tried);
                    let wait = refused.retry_at.map(|at| at.since(now));
                    last =
                        last.or_else(|| Some(nobody((asked, passing), &excluded, &refused, wait)));
                    break;
                }
            };
            passed_over::note(exchange, model, &choice.passed_over, &tried);
            fallback::note(worker, exchange, models, model, &tried);
            let place = choice.place;
            let along = Along { worker, lane: model.lane(place), asked, passing };
            match along.attempt(exchange, reader, choice).await {
                Ok(answer) => return Ok(answer.into_answer(asked.dialect(), reader)),
                Err((Some(failure), missed, true)) => {
                    tried.push(Tried { place, failure });
                    last = match failure {
                        Failure::TooLong => last.or(Some(missed)),
                        _ => Some(missed),
                    };
                }
                Err((_, missed, _)) => {
                    along.note_uncounted(&missed);
                    return Err(missed);
                }
            }
        }
    }
    Err(last.unwrap_or_else(nothing_serves))
}

/// Whether the provider does not count tokens, or not such ones as had to be told it in its own
/// words. Of what it keeps and did not find, no estimate is any good.
fn is_uncounted(passing: &Passing, missed: &Missed, is_told: bool) -> bool {
    let is_not_this = is_told && matches!(missed.error.status, 400 | 422);
    (counts_none(missed) || is_not_this) && passing.named().is_empty()
}

/// Whether a provider has said that it does not count tokens at all.
fn counts_none(missed: &Missed) -> bool {
    missed.party == Party::Endpoint && matches!(missed.error.status, 404 | 405 | 501)
}

impl Along<'_, '_> {
    /// Notes that the provider need not be asked for counts again.
    fn note_uncounted(&self, missed: &Missed) {
        let is_count = self.asked.operation() == Operation::TokenCount;
        if is_count && counts_none(missed) && self.passing.named().is_empty() {
            self.lane.note_uncounted();
        }
    }
}

/// How many tokens a prompt has, by an estimate of the gateway's own, which the answer says.
fn estimated_count<'a>(asked: &Asked<'_>, passing: &Passing) -> Option<LlmAnswer<'a>> {
    let body = token_count::write(asked.surface, passing.prompt_tokens())?;
    let mut answer = LlmAnswer::whole(200, "application/json", body);
    answer.head.fields.append("x-architrave-estimated", b"true");
    Some(answer)
}

/// That no deployment is left; where none can do what is asked at all, that.
fn nobody(
    (asked, passing): (&Asked<'_>, &Passing),
    excluded: &[usize],
    refused: &architrave_balance::deployment::Refused,
    wait: Option<Duration>,
) -> Missed {
    if excluded.is_empty() {
        return signal::nobody_left(refused.reason, wait);
    }
    let operation = asked.operation().name().replace('_', " ");
    let message = match passing.has_others() {
        true => "no one provider has all the models that the batch names".to_owned(),
        false => format!("no provider of this model takes {operation} in this form"),
    };
    let error = ChatError { status: 400, ..ChatError::new(ErrorKind::InvalidRequest, message) };
    Missed::refused(error, Reason::BadRequest)
}
