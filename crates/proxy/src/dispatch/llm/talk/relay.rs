//! Moves what both sides of a talk say, and hears it on the way.
//!
//! Of the client's messages the last piece waits until the bill has heard them: nobody acts on a
//! message that is not whole. What comes from here stands between two messages of the provider's.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::talk::{self, Listener, Passed, Sender, Words};
use architrave_net::{Call, Reader, Timer, WireError, Writer};
use architrave_telemetry::Party;

use super::Manner;
use super::bill::{Bill, Verdict};
use super::cut::{self, Cut};

/// Silence is measured over both sides: one alone may be silent for as long as it likes.
const ONE_SIDE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long the rest of the provider's message is waited for where the talk is ended from here.
const REST: Duration = Duration::from_secs(2);
/// How long a side may take to take what is sent to it.
const WRITE_STALL: Duration = Duration::from_secs(30);

/// How often a talk looks whether it is to end.
const LOOK: Duration = Duration::from_secs(1);

/// With more than this to be told still, a client is not heard.
const ASIDE_BYTES_MAX: usize = 64 * 1024;

/// How a talk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Somebody said that it is over.
    Finished,
    /// The client went away.
    ClientGone,
    /// The provider went away.
    EndpointGone,
    /// Nobody said anything for too long.
    Idle,
    /// It was ended from here, over what one party did.
    Cut(Reason, Party),
}

/// One direction.
#[derive(Debug)]
struct Side {
    listener: Listener,
    /// What is on its way, and how much of it has gone.
    out: Vec<u8>,
    sent: usize,
    /// Bytes that have gone and are not counted yet.
    moved: u64,
}

/// Both directions.
#[derive(Debug)]
pub(super) struct Relay {
    words: Words,
    up: Side,
    down: Side,
    /// What the client is to be told between two messages.
    aside: Vec<u8>,
    /// How it ends, once that is known.
    cut: Option<Cut>,
    silence: Timer,
    /// After half of the silence the client is asked whether it is there.
    quiet: Timer,
    /// Bytes of such questions that count for nothing said.
    asked_bytes: u64,
    look: Timer,
    rest: Timer,
}

/// What is to be done next.
enum Turn {
    FromClient,
    FromEndpoint,
    Ask,
    Look,
    End(End),
}

impl Side {
    fn new(sender: Sender, manner: Manner) -> Self {
        Self {
            listener: Listener::new(sender, manner.bytes_max),
            out: Vec::new(),
            sent: 0,
            moved: 0,
        }
    }

    const fn is_empty(&self) -> bool {
        self.sent == self.out.len()
    }

    /// Sends what is on its way; ready when all of it has gone.
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        to: &mut Writer,
    ) -> Poll<Result<(), WireError>> {
        while !self.is_empty() {
            let count = ready!(to.poll_write(context, &self.out[self.sent..]))?;
            self.sent += count;
            self.moved += count as u64;
        }
        self.out.clear();
        self.sent = 0;
        to.poll_flush(context)
    }

    /// Whether all has gone; where it cannot go, that nobody is there.
    fn poll_sent(&mut self, context: &mut Context<'_>, to: &mut Writer) -> Result<bool, WireError> {
        match self.poll_send(context, to) {
            Poll::Ready(sent) => sent.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }
}

impl Relay {
    /// A relay that gives up after `idle` without a word.
    pub(super) fn new(manner: Manner, idle: Duration) -> Self {
        let mut silence = Timer::new();
        silence.start(idle);
        let (mut quiet, mut look) = (Timer::new(), Timer::new());
        quiet.start(idle / 2);
        look.start(LOOK);
        Self {
            words: manner.words,
            up: Side::new(Sender::Client, manner),
            down: Side::new(Sender::Server, manner),
            aside: Vec::new(),
            cut: None,
            silence,
            quiet,
            asked_bytes: 0,
            look,
            rest: Timer::new(),
        }
    }

    /// Sends these frames to the provider before all else.
    pub(super) fn begin_with(&mut self, frames: Vec<u8>) {
        self.up.out = frames;
    }

    /// Moves what is said until the end.
    pub(super) async fn run(
        &mut self,
        (client, writer): (&mut Reader, &mut Writer),
        call: &mut Call,
        bill: &mut Bill<'_, '_>,
    ) -> End {
        let (to_endpoint, Some(endpoint)) = call.halves() else { return End::EndpointGone };
        to_endpoint.switch();
        for reader in [&mut *client, &mut *endpoint] {
            reader.switch();
            reader.limit_stall(ONE_SIDE);
        }
        to_endpoint.limit_stall(WRITE_STALL);
        writer.limit_stall(WRITE_STALL);
        loop {
            let turn = poll_fn(|context| {
                self.poll_turn(context, (client, writer), (endpoint, to_endpoint), bill)
            });
            match turn.await {
                Turn::FromClient => {
                    let count = client.data().len();
                    self.hear_client(client.data(), bill).await;
                    client.consume(count);
                }
                Turn::FromEndpoint => {
                    let count = endpoint.data().len();
                    self.hear_endpoint(endpoint.data(), bill).await;
                    endpoint.consume(count);
                }
                Turn::Ask => self.ask(),
                Turn::Look if bill.is_to_end() => self.end(Cut::gone()),
                Turn::Look => {}
                Turn::End(end) => {
                    self.part((writer, to_endpoint), end, bill.mask()).await;
                    return end;
                }
            }
        }
    }

    /// Sends what is on its way and waits for more.
    fn poll_turn(
        &mut self,
        context: &mut Context<'_>,
        (client, writer): (&mut Reader, &mut Writer),
        (endpoint, to_endpoint): (&mut Reader, &mut Writer),
        bill: &mut Bill<'_, '_>,
    ) -> Poll<Turn> {
        let end = |end| Poll::Ready(Turn::End(end));
        let Ok(is_down_sent) = self.down.poll_sent(context, writer) else {
            return end(End::ClientGone);
        };
        if let Some(cut) = self.cut_end() {
            // Who is to be told that it is over is not heard any more.
            if self.is_told() && is_down_sent {
                return end(cut);
            }
            if is_down_sent && !self.is_told() {
                match endpoint.poll_fill(context) {
                    Poll::Ready(Ok(true)) => return Poll::Ready(Turn::FromEndpoint),
                    Poll::Ready(_) => return end(cut),
                    Poll::Pending => {}
                }
            }
            return self.rest.poll_elapsed(context).map(|()| Turn::End(cut));
        }
        let Ok(is_up_sent) = self.up.poll_sent(context, to_endpoint) else {
            return end(End::EndpointGone);
        };
        if self.up.moved + self.down.moved > 0 {
            let (up, down) =
                (std::mem::take(&mut self.up.moved), std::mem::take(&mut self.down.moved));
            bill.moved(up, down);
            if up + down > std::mem::take(&mut self.asked_bytes) {
                self.silence.restart();
                self.quiet.restart();
            }
        }
        if is_down_sent {
            match endpoint.poll_fill(context) {
                Poll::Ready(Ok(true)) => return Poll::Ready(Turn::FromEndpoint),
                Poll::Ready(_) if self.down.listener.is_closed() => return end(End::Finished),
                Poll::Ready(_) => return end(End::EndpointGone),
                Poll::Pending => {}
            }
        }
        // Who does not read what it is told is not heard further.
        let is_told_much = self.aside.len().max(self.down.out.len()) > ASIDE_BYTES_MAX;
        if is_up_sent && !is_told_much {
            match client.poll_fill(context) {
                Poll::Ready(Ok(true)) => return Poll::Ready(Turn::FromClient),
                Poll::Ready(_) if self.up.listener.is_closed() => return end(End::Finished),
                Poll::Ready(_) => return end(End::ClientGone),
                Poll::Pending => {}
            }
        }
        for (timer, turn) in [(&mut self.look, Turn::Look), (&mut self.quiet, Turn::Ask)] {
            if timer.poll_elapsed(context).is_ready() {
                timer.restart();
                return Poll::Ready(turn);
            }
        }
        self.silence.poll_elapsed(context).map(|()| Turn::End(End::Idle))
    }

    /// How it ends, where it is ended from here.
    fn cut_end(&self) -> Option<End> {
        let reason = self.cut.as_ref()?.reason;
        let party = match reason {
            Reason::BadResponse => Party::Endpoint,
            Reason::BadRequest | Reason::BodyTooLarge => Party::Client,
            _ => Party::Gateway,
        };
        Some(End::Cut(reason, party))
    }

    /// Whether the client has been told how it ends: then nothing comes after it.
    fn is_told(&self) -> bool {
        self.aside.is_empty() && self.down.listener.is_between()
    }

    /// Hears what the client says, and lets it go on.
    async fn hear_client(&mut self, bytes: &[u8], bill: &mut Bill<'_, '_>) {
        let mut at = 0;
        // Where in what is on its way the message begins; nowhere, where some of it has gone.
        let mut begins = self.up.listener.is_between().then_some(0);
        while at < bytes.len() {
            let Passed { bytes: count, message } = match self.up.listener.hear(&bytes[at..]) {
                Ok(passed) => passed,
                Err(error) => return self.end(Cut::of_frames(error)),
            };
            self.up.out.extend_from_slice(&bytes[at..at + count]);
            at += count;
            let Some((text, length)) = message else {
                // A frame about the connection is no part of a message.
                if self.up.listener.is_between() {
                    begins = Some(self.up.out.len());
                }
                continue;
            };
            match (bill.said(text, length).await, begins) {
                (Ok(Verdict::Passes), _) => {}
                (Ok(Verdict::Refused(why)), Some(from)) if self.words == Words::Openai => {
                    self.up.out.truncate(from);
                    let error = ChatError::new(ErrorKind::InvalidRequest, why);
                    self.aside.extend(cut::event(self.words, &error));
                    self.tell_aside();
                }
                (Ok(Verdict::Refused(why)), _) => {
                    self.up.out.truncate(begins.unwrap_or(0));
                    return self.end(Cut::invalid(why));
                }
                (Err(cut), _) => {
                    self.up.out.truncate(begins.unwrap_or(0));
                    return self.end(cut);
                }
            }
            begins = Some(self.up.out.len());
        }
    }

    /// Hears what the provider says, and lets it go on.
    async fn hear_endpoint(&mut self, bytes: &[u8], bill: &mut Bill<'_, '_>) {
        let mut at = 0;
        while at < bytes.len() && !(self.cut.is_some() && self.is_told()) {
            let Passed { bytes: count, message } = match self.down.listener.hear(&bytes[at..]) {
                Ok(passed) => passed,
                Err(error) => {
                    let mut cut = Cut::of_frames(error);
                    (cut.code, cut.reason) = (talk::CLOSE_FAILED, Reason::BadResponse);
                    return self.end(cut);
                }
            };
            self.down.out.extend_from_slice(&bytes[at..at + count]);
            at += count;
            if let Some((text, length)) = message
                && let Err(cut) = bill.told(text, length).await
            {
                self.end(cut);
            }
            self.tell_aside();
        }
    }

    /// Ends the talk from here.
    pub(super) fn end(&mut self, cut: Cut) {
        if self.cut.is_some() {
            return;
        }
        self.aside.extend(cut.frames(self.words));
        self.cut = Some(cut);
        self.rest.start(REST);
        self.tell_aside();
    }

    /// Asks the client whether it is there: what it answers is something said.
    fn ask(&mut self) {
        if self.down.is_empty()
            && self.down.listener.is_between()
            && !self.down.listener.is_closed()
        {
            self.down.out = talk::ping_frame();
            self.asked_bytes += self.down.out.len() as u64;
        }
    }

    /// Tells the client what it is to be told, where no message is under way.
    fn tell_aside(&mut self) {
        if self.down.listener.is_between() && !self.down.listener.is_closed() {
            self.down.out.append(&mut self.aside);
        }
    }

    /// Says goodbye to whoever is still there.
    async fn part(
        &mut self,
        (writer, to_endpoint): (&mut Writer, &mut Writer),
        end: End,
        mask: [u8; 4],
    ) {
        if end != End::ClientGone {
            let said = match end {
                End::EndpointGone => Some((talk::CLOSE_FAILED, "the provider went away")),
                End::Idle => Some((talk::CLOSE_AWAY, "nobody said anything")),
                _ => None,
            };
            if let Some((code, why)) = said.filter(|_| self.down.listener.is_between()) {
                self.down.out.extend(talk::close_frame(code, why, None));
            }
            let _gone = poll_fn(|context| self.down.poll_send(context, writer)).await;
        }
        let may_be_told = self.up.is_empty() && self.up.listener.is_between();
        if end != End::EndpointGone && may_be_told && !self.up.listener.is_closed() {
            self.up.out.extend(talk::close_frame(talk::CLOSE_AWAY, "", Some(mask)));
            // Whether it hears it or not, the connection is closed behind it.
            let _gone =
                poll_fn(|context| Poll::Ready(self.up.poll_sent(context, to_endpoint))).await;
        }
    }
}
