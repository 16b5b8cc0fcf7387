//! Talk over a WebSocket: what both sides say goes on as it came, and each answer of the model is
//! paid for: reserved before it begins, settled by what the provider says it used.

mod bill;
mod cut;
pub(crate) mod keys;
mod open;
mod relay;

use std::sync::Arc;

use architrave_core::Reason;
use architrave_llm::catalog::Model;
use architrave_llm::talk::{Ear, Need, Setup, Words};
use architrave_net::h1::Persist;
use architrave_net::{Framing, Known, Reader, ResponseHead, ResponseOptions, Writer, hop};
use architrave_telemetry::{Party, Phase, Termination};

use super::reserve::Wanted;
use crate::assembly::LiveUpstream;
use crate::attempt::Answered;
use crate::exchange::Exchange;
use crate::serve::Ending;
use crate::worker::Worker;
use bill::Bill;
pub(crate) use open::part;
pub(super) use open::{goodbye, open, opens_here, setup};
use relay::{End, Relay};

/// How a talk goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whose words are spoken.
    pub words: Words,
    /// How many bytes a message may have.
    pub bytes_max: u64,
}

/// A talk whose handshake the provider has taken.
#[derive(Debug)]
pub(crate) struct Talk<'a> {
    client: &'a mut Reader,
    answered: Box<Answered>,
    upstream: Arc<LiveUpstream>,
    manner: Manner,
    /// What the client has said first, where it has had its 101.
    setup: Option<Setup>,
}

/// What the first answer may use, with whichever of these models: it may begin by itself.
///
/// How much Gemini's may say its setup tells, which is gone through when somebody is there to answer.
pub(super) fn first<'m>(words: Words, models: impl Iterator<Item = Option<&'m Model>>) -> Need {
    let possible = models
        .map(|model| model.and_then(|model| model.output_max).filter(|_| words == Words::Openai));
    let needs = possible.flat_map(|possible| Ear::new(words, possible).needs());
    let largest = needs.max_by_key(|need| need.output_tokens_max);
    largest.unwrap_or(Need { prompt_tokens: 0, output_tokens_max: 0 })
}

/// The same for who reserves it.
pub(super) fn wanted(need: Need) -> Wanted {
    Wanted {
        prompt_tokens: need.prompt_tokens,
        output_max: Some(need.output_tokens_max),
        choices: 1,
        has_media: true,
        ..Wanted::default()
    }
}

impl<'a> Talk<'a> {
    /// A talk of a client with who has answered it.
    pub(super) fn new(
        answered: Box<Answered>,
        upstream: Arc<LiveUpstream>,
        manner: Manner,
        client: &'a mut Reader,
    ) -> Self {
        Self { client, answered, upstream, manner, setup: None }
    }

    /// Notes what the client has said first, behind the 101 that it has had.
    pub(super) fn set_up(&mut self, setup: Setup) {
        self.setup = Some(setup);
    }

    /// Passes the 101 on, and then what both sides say until one of them has had enough.
    pub(crate) async fn run(
        self,
        worker: &Worker,
        exchange: &mut Exchange<'_>,
        head: ResponseHead,
        writer: &mut Writer,
    ) -> Ending {
        let Self { client, mut answered, upstream, manner, setup } = self;
        exchange.status = 101;
        if setup.is_none() && switch(head, writer).await.is_err() {
            exchange.reason = Some(Reason::ClientClosed);
            exchange.termination =
                Termination::Ended { party: Party::Client, phase: Phase::ResponseBody };
            super::settle::talk(worker, exchange, None);
            return Ending::Close;
        }
        let mut bill = Bill::begin(worker, exchange, manner.words);
        let mut relay = Relay::new(manner, upstream.config.timeouts.idle);
        if let Some(setup) = setup {
            match bill.set_up(&setup).await {
                Ok(frames) => relay.begin_with(frames),
                Err(cut) => relay.end(cut),
            }
        }
        let end = relay.run((client, writer), &mut answered.call, &mut bill).await;
        bill.over(&end);
        // What is left to be said is; then the connection is of no use.
        let is_said = writer.finish(None).is_ok() && !matches!(end, End::ClientGone);
        if !is_said {
            writer.abort();
        }
        Ending::Close
    }
}

/// Sends the 101; what follows is no longer HTTP.
async fn switch(mut head: ResponseHead, writer: &mut Writer) -> Result<(), ()> {
    let upgrade = head.fields.get_known(Known::Upgrade).map(<[u8]>::to_vec);
    hop::strip_hop_by_hop(&mut head.fields);
    if let Some(upgrade) = upgrade {
        head.fields.append_known(Known::Upgrade, b"Upgrade", &upgrade);
    }
    let options =
        ResponseOptions { framing: Framing::Empty, persist: Persist::Upgrade, is_to_head: false };
    writer.send_response(&head, options).map_err(|_| ())?;
    writer.flush().await.map_err(|_| ())?;
    writer.switch();
    Ok(())
}
