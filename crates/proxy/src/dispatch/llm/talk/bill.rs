//! What a talk costs who is in it: an answer after the other, each reserved before it begins.

use std::sync::Arc;

use architrave_balance::deployment::Failure;
use architrave_core::Reason;
use architrave_llm::catalog::Model;
use architrave_llm::talk::{self, Ear, Said, Setup, Words};
use architrave_llm::used::Used;
use architrave_policy::ledger::{Account, Reservation, Spent};
use architrave_telemetry::{Party, Phase, Termination};

use super::cut::Cut;
use super::relay::End;
use super::wanted;
use crate::dispatch::llm::{reserve, settle};
use crate::exchange::Exchange;
use crate::worker::Worker;

/// The bill of one talk. Dropped, it is settled by what was heard until then.
pub(super) struct Bill<'b, 'p> {
    worker: &'b Worker,
    exchange: &'b mut Exchange<'p>,
    account: Option<Arc<Account>>,
    ear: Ear,
    /// One for each answer that is made or asked for, and for one that may begin by itself; fewer
    /// where less is left.
    reservations: Vec<Reservation>,
    row: Option<Arc<Model>>,
    failure: Option<Failure>,
    is_settled: bool,
}

/// What becomes of a message of the client's.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It goes on.
    Passes,
    /// It does not, and the client is told why.
    Refused(&'static str),
}

impl<'b, 'p> Bill<'b, 'p> {
    /// The bill of a talk that begins, with what was reserved for its first answer.
    pub(super) fn begin(worker: &'b Worker, exchange: &'b mut Exchange<'p>, words: Words) -> Self {
        let account = exchange.account().map(Arc::clone);
        let (mut reservations, mut row) = (Vec::new(), None);
        if let Some(facts) = &mut exchange.llm {
            facts.held = None;
            facts.usage = Some(facts.usage.unwrap_or_default());
            facts.is_stream = true;
            reservations.extend(facts.reservation.take());
            row = facts.row.clone();
        }
        let ear = Ear::new(words);
        let (failure, is_settled) = (None, false);
        Self { worker, exchange, account, ear, reservations, row, failure, is_settled }
    }

    /// Hears a message of the client's before its end goes on.
    ///
    /// # Errors
    /// That an answer is asked for which nobody pays.
    pub(super) async fn said(&mut self, message: Option<&str>, bytes: u64) -> Result<Verdict, Cut> {
        let said = self.ear.said(message, bytes);
        if self.account.is_none() {
            return Ok(Verdict::Passes);
        }
        match said {
            Said::Adds => Ok(Verdict::Passes),
            Said::Starts => {
                self.ensure().await?;
                Ok(Verdict::Passes)
            }
            Said::Again => Ok(Verdict::Refused("the talk is set up once")),
            Said::TooManyAtOnce => Ok(Verdict::Refused("too many answers are under way")),
            Said::Unreadable => {
                Ok(Verdict::Refused("the message is not a JSON object, or says a field twice"))
            }
        }
    }

    /// Hears a message of the provider's.
    ///
    /// # Errors
    /// That an answer has begun which nobody pays.
    pub(super) async fn told(&mut self, message: Option<&str>, bytes: u64) -> Result<(), Cut> {
        let heard = self.ear.told(message, bytes);
        let is_used = heard.used.is_some();
        if let Some(used) = heard.used {
            let row = match heard.model {
                Some(model) => self.row_of(&model),
                None => self.row.clone(),
            };
            self.charge(used, row.as_deref(), false);
        }
        if self.account.is_none() {
            return Ok(());
        }
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

    /// Makes sure that all answers that may be made are paid for.
    async fn ensure(&mut self) -> Result<(), Cut> {
        let Some(account) = &self.account else { return Ok(()) };
        while self.reservations.len() < self.ear.answers() {
            let row = self.row.as_deref();
            let reserved = reserve::for_talk(self.worker, account, row, &wanted(&self.ear)).await;
            self.reservations.push(reserved.map_err(Cut::unpaid)?);
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

    /// Counts what was used.
    fn charge(&mut self, used: Used, row: Option<&Model>, is_estimated: bool) {
        let cost = row.map_or(0, |row| used.cost_nano_usd(row));
        let usage = used.tokens.unwrap_or_default();
        if let Some(facts) = &mut self.exchange.llm {
            facts.usage.get_or_insert_default().add(&usage);
            facts.cost_nano_usd = facts.cost_nano_usd.saturating_add(cost);
            facts.is_estimated |= is_estimated;
        }
        let Some(account) = &self.account else { return };
        let spent = Spent::new(&usage, cost);
        match self.reservations.is_empty() {
            false => self.reservations.remove(0).settle(spent),
            true => account.charge(self.worker.now(), self.worker.wall(), spent),
        }
    }

    /// Notes what the answers under way have used: that counts if nobody comes to settle.
    fn note(&mut self) {
        let Some(first) = self.reservations.first_mut() else { return };
        let usage = self.ear.so_far();
        let cost = self.row.as_ref().map_or(0, |row| Used::from(usage).cost_nano_usd(row));
        first.note(Spent::new(&usage, cost));
    }

    /// What a talk begins with where the client has said it already: the same with the name that the
    /// model has there.
    pub(super) fn set_up(&mut self, setup: &Setup) -> Vec<u8> {
        let _adds = self.ear.said(Some(setup.text()), setup.text().len() as u64);
        let model = self.exchange.llm.as_ref().map_or("", |facts| &facts.upstream_model);
        talk::text_frame(&setup.with_model(model), Some(self.mask()))
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
        if usage.total() > 0 {
            let row = self.row.clone();
            self.charge(usage.into(), row.as_deref(), true);
        }
        // What the first of them has noted is counted by now.
        if let Some(first) = self.reservations.first_mut() {
            first.note(Spent::default());
        }
        self.reservations.clear();
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
