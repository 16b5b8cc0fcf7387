//! What of a consumer's budgets is reserved for a request, before it is sent.

use std::borrow::Cow;
use std::sync::Arc;

use architrave_llm::catalog::{Ability, Model, Unit};
use architrave_llm::chat::{ChatError, ErrorKind, ServiceClass, TokenClass};
use architrave_llm::cost::Prices;
use architrave_llm::used::Used;
use architrave_policy::Actor;
use architrave_policy::ledger::{self, Account, Limit, Refused, Reservation};

use super::ask::Ask;
use super::missed::Missed;
use crate::exchange::Exchange;
use crate::models::LiveModel;
use crate::worker::Worker;

/// The tokens that an image has at most where a model counts them: a large one of OpenAI's best.
const IMAGE_TOKENS_MAX: u64 = 6_240;

/// How large a request is, and how large its answer may be.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// The tokens of the prompt, by an estimate.
    pub prompt_tokens: u64,
    /// The limit of the output that the body states; `Some(0)` where nothing is written.
    pub output_max: Option<u64>,
    /// How many answers are wanted.
    pub choices: u64,
    /// Whether images or sound go in or out, or the prompt is to be kept for an hour.
    pub has_media: bool,
    /// What is charged beside tokens, as far as the request tells it.
    pub asked: Used,
    /// The class of service asked for.
    pub service: Option<ServiceClass>,
}

impl From<&Ask> for Wanted {
    fn from(ask: &Ask) -> Self {
        Self {
            prompt_tokens: ask.prompt_tokens.saturating_add(ask.unseen_tokens),
            output_max: ask.output_max,
            choices: ask.choices,
            has_media: ask.scanned.sizes.media_items > 0 || ask.scanned.is_dear,
            asked: if ask.offers_search() { one_search() } else { Used::default() },
            service: ask.service,
        }
    }
}

/// A search of the web: how many there will be nobody knows before.
pub(super) fn one_search() -> Used {
    Used { units: vec![(Unit::Search, 1)], ..Used::default() }
}

impl Wanted {
    /// The same for the ledger, with the prices of a model.
    fn priced<'p>(&self, row: Option<&Model>, prices: &'p Prices) -> ledger::Ask<'p> {
        let makes_images = row.is_some_and(|row| row.abilities.has(Ability::ImagesOut));
        let by_tokens = prices.base.own(TokenClass::OutputImage).is_some();
        let images = self.asked.count(Unit::ImageOut);
        let mut asked = Cow::Borrowed(&self.asked);
        if row.is_some_and(|row| row.searches().is_some()) && asked.count(Unit::Search) == 0 {
            asked.to_mut().add(Unit::Search, 1);
        }
        // Nobody says how many tokens an image is to have, and they are what it costs.
        let (output_max, choices) = match self.output_max {
            Some(0) if images > 0 && by_tokens => (Some(IMAGE_TOKENS_MAX), images),
            stated => (stated, self.choices),
        };
        ledger::Ask {
            prompt_tokens: self.prompt_tokens,
            output_tokens_max: output_max,
            output_tokens_possible: None,
            choices,
            has_media: self.has_media || makes_images || images > 0,
            requests: self.asked.requests.unwrap_or(1),
            beside_tokens: row.map(|row| asked.beside_tokens(row)).unwrap_or_default(),
            prices,
            service: self.service,
        }
    }

    /// What it costs at most with a model, by which deployments are compared.
    pub(super) fn price_at(&self, row: &Model) -> u64 {
        let none = Prices::default();
        self.priced(Some(row), row.prices.as_ref().unwrap_or(&none)).nano_usd()
    }
}

/// Reserves what the request may cost; the limit of the output that is left of the budgets, where
/// it is lower than what was asked for.
///
/// # Errors
/// Which budget or limit is used up, and until when.
pub(super) async fn reserve(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    models: &[Arc<LiveModel>],
    wanted: impl Into<Wanted>,
) -> Result<Option<u64>, Missed> {
    let Some(account) = exchange.account().map(Arc::clone) else { return Ok(None) };
    // Only where there is something to reserve of: it takes a look at the whole body.
    let wanted = wanted.into();
    let none = Prices::default();
    let lanes = || models.iter().flat_map(|model| model.lanes());
    // The dearest deployment that it may go to: whichever answers, the budget holds.
    let dearest = lanes()
        .filter_map(|lane| lane.known.priced().map(|row| &**row))
        .max_by_key(|row| wanted.price_at(row));
    let prices = dearest.and_then(|row| row.prices.as_ref()).unwrap_or(&none);
    // Where nobody knows of one of them, nobody knows of all.
    let possible = lanes().try_fold(0, |most, lane| Some(lane.known.output_max?.max(most)));
    let asked = ledger::Ask { output_tokens_possible: possible, ..wanted.priced(dearest, prices) };
    let (now, wall) = (worker.now(), worker.wall());
    match account.reserve(now, wall, &asked).await {
        Ok(reservation) => {
            let granted = reservation.output_tokens_granted();
            exchange.admission.spending = reservation.report();
            if let Some(facts) = &mut exchange.llm {
                facts.reservation = Some(reservation);
            }
            Ok(granted)
        }
        Err(refused) => {
            exchange.admission.spending = refused.report;
            exchange.admission.ended_by = Some(Actor::Budgets);
            Err(Missed::refused(refusal(&refused), refused.reason()))
        }
    }
}

/// Reserves what one answer of a talk may use, at the price of the model that it is with: all of it,
/// as nobody lowers it there.
///
/// # Errors
/// What the client is told.
pub(super) async fn for_talk(
    worker: &Worker,
    account: &Arc<Account>,
    row: Option<&Model>,
    wanted: &Wanted,
) -> Result<Reservation, ChatError> {
    let none = Prices::default();
    let prices = row.and_then(|row| row.prices.as_ref()).unwrap_or(&none);
    let asked = wanted.priced(row, prices);
    let (now, wall) = (worker.now(), worker.wall());
    let reserved = account.reserve(now, wall, &asked).await.map_err(|refused| refusal(&refused))?;
    match reserved.output_tokens_granted() {
        Some(granted) => Err(*super::refusal::too_little_left(granted).error),
        None => Ok(reserved),
    }
}

/// Why nothing is reserved, in words for the client.
fn refusal(refused: &Refused) -> ChatError {
    let kind = match refused.limit {
        Limit::TokenRate | Limit::Budget(..) => ErrorKind::RateLimited,
        Limit::Lease => ErrorKind::Overloaded,
    };
    let mut error = ChatError::new(kind, refused.detail());
    error.retry_after_ms = Some(refused.retry_after_s.saturating_mul(1000));
    error.code = Some(refused.reason().as_str().to_owned());
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(words: &str) -> Model {
        Model::read("house/model", words).expect("the row is sound")
    }

    #[test]
    fn an_hour_in_the_cache_is_reserved_at_its_own_price() {
        let row = model("chat - - - input=3 cache_write=3.75 cache_write_1h=6 output=15");
        let plain = Wanted { prompt_tokens: 100, output_max: Some(0), ..Wanted::default() };
        assert_eq!(plain.price_at(&row), 375_000);
        assert_eq!(Wanted { has_media: true, ..plain }.price_at(&row), 600_000);
    }

    #[test]
    fn the_class_that_is_asked_for_is_reserved_at_its_own_price() {
        let row = model("chat - - - input=1 output=10 class=flex input=0.5 class=priority input=2");
        let price = |service| {
            let wanted = Wanted { prompt_tokens: 100, output_max: Some(10), ..Wanted::default() };
            Wanted { service, ..wanted }.price_at(&row)
        };
        assert_eq!(price(None), 200_000);
        assert_eq!(price(Some(ServiceClass::Standard)), 200_000);
        assert_eq!(price(Some(ServiceClass::Flex)), 150_000);
        assert_eq!(price(Some(ServiceClass::Priority)), 300_000);
    }

    #[test]
    fn what_is_no_token_is_reserved_too() {
        let asked = |unit, count| {
            let units = vec![(unit, count)];
            let asked = Used { units, ..Used::default() };
            Wanted { output_max: Some(0), asked, ..Wanted::default() }
        };
        let speech = model("speech - - - character_in=0.00001");
        assert_eq!(asked(Unit::CharacterIn, 1_000).price_at(&speech), 10_000_000);
        let searcher = model("chat - - - input=1 output=10 search=0.01");
        assert_eq!(asked(Unit::Search, 1).price_at(&searcher), 10_000_000);
        let always = Model { name: "gpt-5-search-api".to_owned(), ..searcher.clone() };
        let unasked = Wanted { output_max: Some(0), ..Wanted::default() };
        assert_eq!((unasked.price_at(&searcher), unasked.price_at(&always)), (0, 10_000_000));
        let images = model("image - - - input=5 output_image=40");
        let reserved = asked(Unit::ImageOut, 2).price_at(&images);
        assert_eq!(reserved, 2 * IMAGE_TOKENS_MAX * 40_000);
    }
}
