//! What a talk costs who is in it: an answer after the other, each reserved before it begins.

use std::sync::Arc;

use architrave_balance::deployment::Failure;
use architrave_core::Reason;
use architrave_llm::catalog::Model;
use architrave_llm::surface::kept_in_talk;
use architrave_llm::talk::{self, Ear, Need, Said, Setup, Words};
use architrave_llm::used::Used;
use architrave_policy::ledger::{Account, Reservation, Spent};
use architrave_telemetry::{Party, Phase, Termination};

use super::cut::Cut;
use super::relay::End;
use super::{first, wanted};
use crate::assembly::LiveKind;
use crate::dispatch::llm::kept::Found;
use crate::dispatch::llm::{permit, reserve, settle};
use crate::exchange::Exchange;
use crate::worker::Worker;

/// The bill of one talk. Dropped, it is settled by what was heard until then.
pub(super) struct Bill<'b, 'p> {
    worker: &'b Worker,
    exchange: &'b mut Exchange<'p>,
    account: Option<Arc<Account>>,
    words: Words,
    ear: Ear,
    /// One for each answer that is made or asked for, or else for one that may begin by itself; fewer
    /// where less is left.
    held: Vec<Held>,
    row: Option<Arc<Model>>,
    failure: Option<Failure>,
    is_settled: bool,
}

/// What is reserved for an answer.
struct Held {
    reservation: Reservation,
    /// What was reserved beside it when more was said before the answer began.
    more: Vec<Reservation>,
    /// What all of it is good for.
    need: Need,
}

/// What becomes of a message of the client's.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes on.
    Passes,
    /// It does not, and the client is told why.
    Refused(&'static str),
}

impl Held {
    /// What it lacks for an answer that needs so much.
    fn lacks(&self, need: Need) -> Option<Need> {
        let less = |much: u64, held: u64| much.saturating_sub(held);
        let missing = Need {
            prompt_tokens: less(need.prompt_tokens, self.need.prompt_tokens),
            output_tokens_max: less(need.output_tokens_max, self.need.output_tokens_max),
        };
        (missing.prompt_tokens.max(missing.output_tokens_max) > 0).then_some(missing)
    }

    fn add(&mut self, reservation: Reservation, more: Need) {
        self.more.push(reservation);
        self.need.prompt_tokens = self.need.prompt_tokens.saturating_add(more.prompt_tokens);
        self.need.output_tokens_max =
            self.need.output_tokens_max.saturating_add(more.output_tokens_max);
    }
}

impl<'b, 'p> Bill<'b, 'p> {
    /// The bill of a talk that begins, with what was reserved for its first answer.
    pub(super) fn begin(worker: &'b Worker, exchange: &'b mut Exchange<'p>, words: Words) -> Self {
        let account = exchange.account().map(Arc::clone);
        let (mut reservation, mut row) = (None, None);
        if let Some(facts) = &mut exchange.llm {
            facts.held = None;
            facts.usage = Some(facts.usage.unwrap_or_default());
            facts.is_stream = true;
            reservation = facts.reservation.take();
            row = facts.row.clone();
        }
        let ear = Ear::new(words, row.as_ref().and_then(|row| row.output_max));
        let need = first(words, [row.as_deref()].into_iter());
        let held = reservation.map(|reservation| Held { reservation, more: Vec::new(), need });
        let (failure, is_settled) = (None, false);
        let held = held.into_iter().collect();
        Self { worker, exchange, account, words, ear, held, row, failure, is_settled }
    }

    /// Hears a message of the client's before its end goes on.
    ///
    /// # Errors
    /// That an answer is asked for which nobody pays, or something that is another consumer's.
    pub(super) async fn said(&mut self, message: Option<&str>, bytes: u64) -> Result<Verdict, Cut> {
        if let Some(text) = message {
            if self.names_anothers(text) {
                return Err(Cut::nothing_there());
            }
            if !self.may_write_down(text) {
                return Ok(Verdict::Refused("there is no such model here to write down speech"));
            }
        }
        let said = self.ear.said(message, bytes);
        // What nobody here can read may name what the consumer may not.
        let is_judged = said == Said::Unreadable && self.exchange.caller_name().is_some();
        if self.account.is_none() && !is_judged {
            return Ok(Verdict::Passes);
        }
        match said {
            Said::Adds => Ok(Verdict::Passes),
            Said::Starts => {
                let ensured = self.ensure().await;
                if ensured.is_err() {
                    self.ear.take_back();
                }
                ensured.map(|()| Verdict::Passes)
            }
            Said::Again => Ok(Verdict::Refused("the talk is set up once")),
            Said::TooManyAtOnce => Ok(Verdict::Refused("too many answers are under way")),
            Said::Unreadable => {
                Ok(Verdict::Refused("the message is not a JSON object, or says a field twice"))
            }
        }
    }

    /// Whether the consumer may ask for the model that is to write down what it says.
    fn may_write_down(&self, text: &str) -> bool {
        if self.words != Words::Openai {
            return true;
        }
        let Some(model) = talk::transcriber_asked(text) else { return true };
        let service = self.exchange.matched.and_then(|matched| matched.service);
        let Some((LiveKind::Llm(service), facts)) =
            service.map(|service| &service.kind).zip(self.exchange.llm.as_ref())
        else {
            return false;
        };
        permit::may_reach(self.exchange, service, &facts.provider, Some(&model))
    }

    /// Whether a message names what is another consumer's at the provider, for whom alone it is there.
    fn names_anothers(&self, text: &str) -> bool {
        let (kept, consumer) = (&self.worker.gateway().kept, self.exchange.caller_name());
        self.words == Words::Gemini
            && kept_in_talk(text).iter().any(|id| kept.find(id, consumer) == Found::Anothers)
    }

    /// Hears a message of the provider's.
    ///
    /// # Errors
    /// That an answer has begun which nobody pays.
    pub(super) async fn told(&mut self, message: Option<&str>, bytes: u64) -> Result<(), Cut> {
        let heard = self.ear.told(message, bytes);
        let is_used = heard.used.is_some();
        if let Some(used) = heard.used {
            match heard.model {
                // It is none of the answers, whose turn is to come.
                Some(model) => {
                    let held = self.held.pop();
                    self.charge(used, self.row_of(&model).as_deref(), held);
                }
                None => {
                    let held = (!self.held.is_empty()).then(|| self.held.remove(0));
                    self.charge(used, self.row.clone().as_deref(), held);
                }
            }
        }
        if self.account.is_none() {
            return Ok(());
        }
        // An answer that was refused there needs nothing.
        self.held.truncate(self.ear.answers());
        self.note();
        if !is_used && !heard.is_begun {
            return Ok(());
        }
        match self.ensure().await {
            // Whoever waits for the next answer may be paid for by then.
            Err(_) if !heard.is_begun => Ok(()),
            ensured => ensured,
        }
    }

    /// Makes sure that all answers that may be made are paid for, each with what it begins with by
    /// now.
    async fn ensure(&mut self) -> Result<(), Cut> {
        let Some(account) = &self.account else { return Ok(()) };
        for (place, need) in self.ear.needs().into_iter().enumerate() {
            let missing = match self.held.get(place) {
                Some(held) => held.lacks(need),
                None => Some(need),
            };
            let Some(missing) = missing else { continue };
            let row = self.row.as_deref();
            let reserved = reserve::for_talk(self.worker, account, row, &wanted(missing)).await;
            let reservation = reserved.map_err(Cut::unpaid)?;
            match self.held.get_mut(place) {
                Some(held) => held.add(reservation, missing),
                None => self.held.push(Held { reservation, more: Vec::new(), need }),
            }
        }
        Ok(())
    }

    /// The row of another model of the same provider.
    fn row_of(&self, model: &str) -> Option<Arc<Model>> {
        let provider = &self.exchange.llm.as_ref()?.provider;
        let name = format!("{provider}/{model}");
        let live = self.worker.model(self.exchange.assembly, &name)?;
        live.lanes().find_map(|lane| lane.known.priced().map(Arc::clone))
    }

    /// Counts what was used of what is held for it.
    fn charge(&mut self, used: Used, row: Option<&Model>, held: Option<Held>) {
        let cost = row.map_or(0, |row| used.cost_nano_usd(row));
        let usage = used.tokens.unwrap_or_default();
        if let Some(facts) = &mut self.exchange.llm {
            facts.usage.get_or_insert_default().add(&usage);
            facts.cost_nano_usd = facts.cost_nano_usd.saturating_add(cost);
        }
        let Some(account) = &self.account else { return };
        let spent = Spent::new(&usage, cost);
        match held {
            // What was reserved beside it is given back.
            Some(held) => held.reservation.settle(spent),
            None => account.charge(self.worker.now(), self.worker.wall(), spent),
        }
    }

    /// Notes what the answers under way have used: that counts if nobody comes to settle.
    fn note(&mut self) {
        let Some(first) = self.held.first_mut() else { return };
        let usage = self.ear.so_far();
        let cost = self.row.as_ref().map_or(0, |row| Used::from(usage).cost_nano_usd(row));
        first.reservation.note(Spent::new(&usage, cost));
    }

    /// What a talk begins with where the client has said it already: the same with the name that the
    /// model has there.
    ///
    /// # Errors
    /// That nobody pays for an answer of the kind that it wants.
    pub(super) async fn set_up(&mut self, setup: &Setup) -> Result<Vec<u8>, Cut> {
        if self.names_anothers(setup.text()) {
            return Err(Cut::nothing_there());
        }
        let _adds = self.ear.said(Some(setup.text()), setup.text().len() as u64);
        self.ensure().await?;
        let model = self.exchange.llm.as_ref().map_or("", |facts| &facts.upstream_model);
        Ok(talk::text_frame(&setup.with_model(model), Some(self.mask())))
    }

    /// Whether the talk is to end as soon as no answer is under way.
    pub(super) fn is_to_end(&self) -> bool {
        self.worker.is_ending(self.exchange.connection) && self.ear.is_silent()
    }

    /// A mask for a frame of the gateway's own.
    pub(super) fn mask(&self) -> [u8; 4] {
        talk::mask_of(self.worker.with_random(|random| random.u32(..)))
    }

    /// So many bytes have gone from the client and to it.
    pub(super) fn moved(&mut self, up: u64, down: u64) {
        self.exchange.request_bytes = self.exchange.request_bytes.saturating_add(up);
        self.exchange.response_bytes = self.exchange.response_bytes.saturating_add(down);
    }

    /// The talk is over.
    pub(super) fn over(mut self, end: &End) {
        let (reason, party) = match end {
            End::Finished => return,
            End::ClientGone => (Reason::ClientClosed, Party::Client),
            End::EndpointGone => {
                self.failure = Some(Failure::Broken);
                self.ear.take_all_back();
                (Reason::UpstreamReset, Party::Endpoint)
            }
            End::Idle => (Reason::StallTimeout, Party::Gateway),
            End::Cut(reason, party) => (*reason, *party),
        };
        self.exchange.reason = Some(reason);
        self.exchange.termination = Termination::Ended { party, phase: Phase::Tunnel };
    }

    /// Counts what was used of answers that nobody has told the end of, and gives the rest back.
    fn settle(&mut self) {
        let usage = self.ear.so_far();
        let mut held = self.held.drain(..);
        let first = held.next();
        drop(held);
        if usage.total() > 0 {
            let row = self.row.clone();
            self.charge(usage.into(), row.as_deref(), first);
            if let Some(facts) = &mut self.exchange.llm {
                facts.is_estimated = true;
            }
        } else if let Some(first) = first {
            first.reservation.settle(Spent::default());
        }
        settle::talk(self.worker, self.exchange, self.failure);
    }
}

impl Drop for Bill<'_, '_> {
    fn drop(&mut self) {
        if !self.is_settled && !std::thread::panicking() {
            self.is_settled = true;
            self.settle();
        }
    }
}
