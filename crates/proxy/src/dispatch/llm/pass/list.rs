//! Lists of what a provider keeps: it tells what all consumers keep there, and each is told of its own.

use std::sync::Arc;

use architrave_balance::deployment::Flight;
use architrave_core::Reason;
use architrave_llm::surface::{KeptId, ListAsk, Operation};
use architrave_net::Reader;

use super::along::{Along, Came, Success};
use super::home;
use super::written::{self, Written};
use crate::assembly::LiveKind;
use crate::dispatch::llm::attempted::Attempted;
use crate::dispatch::llm::kept::{Found, Home, KeptIds};
use crate::dispatch::llm::missed::{Missed, nothing_serves};
use crate::dispatch::llm::outgoing::Caller;
use crate::dispatch::llm::read_reply::unreadable;
use crate::dispatch::llm::{outgoing, permit, refusal};
use crate::exchange::Exchange;

/// So many pages are asked for in search of the first thing of one's own. They have a hundred things
/// each, or more: an account with more of others' is told apart by credentials, not by this.
const PAGES_MAX: usize = 50;

impl Along<'_, '_> {
    /// Asks for a list, page by page up to the first that has something for this consumer.
    pub(super) async fn list(
        &self,
        exchange: &mut Exchange<'_>,
        reader: &mut Reader,
        mut list: ListAsk,
        flight: &Flight,
    ) -> Result<Success, Attempted> {
        let Self { worker, lane, asked, passing } = *self;
        if let Some(name) = list.model().filter(|_| asked.operation() == Operation::ChatList) {
            let there = self.name_there(exchange, &name);
            let there = there.ok_or_else(|| Attempted::Declined(home::unknown(&name)))?;
            list.set_model(&there);
        }
        let owner = Owner::of(Arc::clone(&worker.gateway().kept), exchange, self);
        for _ in 0..PAGES_MAX {
            let asked = asked.with_query(list.query());
            let written = written::write(worker, lane, &asked, passing, Caller::of(exchange));
            let Written { outgoings, dialect, .. } = written.await.map_err(Attempted::Unfit)?;
            let outgoing = outgoings.into_iter().next().ok_or_else(nowhere)?;
            let page = Along { worker, lane, asked: &asked, passing };
            let came = page.send_one(exchange, reader, outgoing, dialect, flight).await?;
            let Came::Whole(head, bytes) = came else { return Err(no_list()) };
            let (ask, owner) = (list.clone(), owner.clone());
            let own = outgoing::offloaded(worker, bytes.len(), move || {
                Ok(ask.own(&bytes, |id| owner.has(id)))
            });
            let own = own
                .await
                .map_err(|error| Attempted::Declined(Missed::refused(error, Reason::Overloaded)))?;
            let own = own.map_err(|_no_page| no_list())?;
            if own.has_any || !list.next(&own) {
                let told = self.told(exchange, head, vec![own.body], None);
                return told.await.map_err(Attempted::Declined);
            }
        }
        Err(Attempted::Declined(refusal::nothing_so_far(PAGES_MAX)))
    }

    /// What a model is called where the list is, if the consumer may ask for it.
    fn name_there(&self, exchange: &Exchange<'_>, name: &str) -> Option<String> {
        let service = exchange.matched.and_then(|matched| matched.service)?;
        let LiveKind::Llm(service) = &service.kind else { return None };
        let model = permit::find(self.worker, exchange, service, name)?;
        let here = self.lane.provider.config.name.as_str();
        let mut there = model.lanes().filter(|lane| lane.provider.config.name.as_str() == here);
        there.next().map(|lane| lane.model.to_string())
    }
}

/// Who is told of what a provider keeps.
#[derive(Clone)]
struct Owner {
    kept: Arc<KeptIds>,
    here: Arc<Home>,
}

impl Owner {
    fn of(kept: Arc<KeptIds>, exchange: &Exchange<'_>, along: &Along<'_, '_>) -> Self {
        Self { kept, here: Home::of(exchange, along.lane, false) }
    }

    /// Whether a thing there is this consumer's. What nobody here has seen made is nobody's, and
    /// shown where nobody is known: who asks for no keys has one consumer.
    fn has(&self, id: &KeptId) -> bool {
        let consumer = self.here.consumer.as_deref();
        match self.kept.find(id, consumer) {
            Found::At(home) => home.is_same_account(&self.here),
            Found::Unknown => consumer.is_none(),
            Found::Anothers => false,
        }
    }
}

fn nowhere() -> Attempted {
    Attempted::Declined(nothing_serves())
}

/// That what came is no page of a list.
fn no_list() -> Attempted {
    Attempted::Declined(Missed::provider(unreadable(), Reason::BadResponse))
}
