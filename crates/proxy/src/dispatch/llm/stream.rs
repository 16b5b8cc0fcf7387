//! The body of a streamed answer on its way to the client: a provider's bytes watched for what was
//! used, or translated event by event, or what the mock says by the clock.
//!
//! What goes wrong in mid-stream becomes an event of the client's dialect: past the first byte
//! nothing else can tell it.

mod through;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::dialect::Dialect;
use architrave_llm::field::Losses;
use architrave_llm::frame::Framing;
use architrave_llm::hush::Hush;
use architrave_llm::pass::{PassedStream, UsageSieve};
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::Used;
use architrave_net::h1::Gone;
use architrave_net::{Fields, Reader, Source, WireError};
use architrave_policy::cache::StreamRecorder;

use super::batch_used::BatchUsed;
use super::kept::{Home, KeptIds};
use super::mock::MockSteps;
use super::opaque::OpaqueWatch;
use super::prompt::PromptEvents;
use crate::attempt::Answered;
use through::{Seen, Through};

/// A streamed answer.
#[derive(Debug)]
pub(crate) struct LlmStream<'a> {
    from: From,
    through: Through,
    client: &'a mut Reader,
    /// What the provider said that was held back, ahead of what is still to be read.
    held: Vec<u8>,
    /// Bytes that are the gateway's own, or translated, and not yet taken.
    out: Vec<u8>,
    taken: usize,
    is_over: bool,
    /// Whether the client is to see that it broke off by its connection's end.
    is_cut: bool,
    /// Why it broke off, where it did.
    broken: Option<Reason>,
    /// Whether the provider still says something that nobody reads.
    is_left_unread: bool,
    /// What puts it into the form of a prompt service's answer, where one asked.
    prompt: Option<Box<PromptEvents>>,
    /// What looks at it so that it can be kept.
    recording: Option<Recording>,
    /// What hides the credential that the provider was shown.
    hush: Option<Arc<Hush>>,
    /// Where the things live that it says were made.
    keeps_at: Option<(Arc<KeptIds>, Arc<Home>)>,
}

/// A stream that is being recorded for the cache.
#[derive(Debug)]
pub(crate) struct Recording {
    /// What puts it together.
    pub recorder: Box<StreamRecorder>,
    /// What it needs to know of the exchange.
    pub context: architrave_llm::dialect::Context,
}

/// Where the answer comes from.
#[derive(Debug)]
enum From {
    Endpoint(Box<Answered>),
    Mock(Box<MockSteps>),
}

/// What a stream came to.
#[derive(Debug, Default)]
pub(crate) struct StreamEnd {
    /// What was used, where the provider said it.
    pub used: Used,
    /// The tokens that have come, by an estimate.
    pub answer_tokens: u64,
    /// Whether the provider said all that it had to say.
    pub is_whole: bool,
    /// Whether a guardrail cut it off.
    pub is_refused: bool,
    /// Events that could not be read.
    pub bad_events: u64,
    /// What of it could not be said in the words of the client.
    pub losses: Losses,
    /// Why it broke off, where it did.
    pub broken: Option<Reason>,
    /// What the provider said in its place, or that it said no end, where it ended it so.
    pub failure: Option<ChatError>,
    /// What answers of a batch used that it brought.
    pub batch: BatchUsed,
    /// What was recorded of it.
    pub recording: Option<Recording>,
    /// The provider's connection, when all of it was read.
    pub answered: Option<Box<Answered>>,
}

impl<'a> LlmStream<'a> {
    /// A provider's stream in the client's own dialect.
    /// `hides_usage`: the usage at its end is for the gateway alone.
    pub(super) fn passed(
        answered: Box<Answered>,
        spoken: (Dialect, Framing),
        hides_usage: bool,
        client: &'a mut Reader,
    ) -> Self {
        let watch = PassedStream::new(spoken.0, spoken.1).to_its_end();
        let through = match hides_usage {
            true => Through::Sifted(watch, UsageSieve::default(), spoken),
            false => Through::passed(watch, spoken),
        };
        Self::new(From::Endpoint(answered), through, client)
    }

    /// A provider's stream to be told in the client's dialect.
    pub(super) fn translated(
        answered: Box<Answered>,
        translation: StreamTranslation,
        client: &'a mut Reader,
    ) -> Self {
        Self::new(From::Endpoint(answered), Through::Translated(Box::new(translation)), client)
    }

    /// A provider's stream that goes on as it comes, under a watch of its own.
    pub(super) fn watched(
        answered: Box<Answered>,
        watch: PassedStream,
        spoken: (Dialect, Framing),
        client: &'a mut Reader,
    ) -> Self {
        Self::new(From::Endpoint(answered), Through::passed(watch, spoken), client)
    }

    /// What a provider sends that is no stream of events.
    pub(super) fn opaque(
        answered: Box<Answered>,
        watch: OpaqueWatch,
        client: &'a mut Reader,
    ) -> Self {
        Self::new(From::Endpoint(answered), Through::Opaque(watch), client)
    }

    /// What the mock says.
    pub(super) fn mock(steps: Box<MockSteps>, client: &'a mut Reader) -> Self {
        let spoken = steps.spoken();
        let watch = PassedStream::new(spoken.0, spoken.1);
        Self::new(From::Mock(steps), Through::passed(watch, spoken), client)
    }

    fn new(from: From, through: Through, client: &'a mut Reader) -> Self {
        Self {
            from,
            through,
            client,
            held: Vec::new(),
            out: Vec::new(),
            taken: 0,
            is_over: false,
            is_cut: false,
            broken: None,
            is_left_unread: false,
            prompt: None,
            recording: None,
            hush: None,
            keeps_at: None,
        }
    }

    /// Has it looked for what is said aloud, in so many answers, and can be named later.
    pub(super) fn seek_audio(&mut self, choices: u64) {
        self.through.seek_audio(choices);
    }

    /// Has it looked by which id the provider stores it.
    pub(super) fn seek_stored(&mut self) {
        self.through.seek_stored();
    }

    /// Has it looked whether the web was searched for it, which is charged.
    pub(super) fn seek_searches(&mut self) {
        self.through.seek_searches();
    }

    /// Says where the things live that it makes and the provider keeps.
    pub(super) fn keep_at(&mut self, kept: &Arc<KeptIds>, home: impl FnOnce() -> Arc<Home>) {
        if self.through.can_make() {
            self.keeps_at = Some((Arc::clone(kept), home()));
        }
    }

    /// Remembers what it has made so far: whoever reads that may name it in the next moment.
    fn keep_made(&mut self) {
        let Some((kept, home)) = &self.keeps_at else { return };
        let made = self.through.take_made();
        if !made.is_empty() {
            kept.remember(&made, home);
        }
    }

    /// The same stream, where its opening was held back until it could be judged.
    pub(super) fn behind(mut self, held: Vec<u8>) -> Self {
        self.held = held;
        self
    }

    /// Has it told without the credential that the provider was shown.
    pub(super) fn hush(&mut self, hush: &Arc<Hush>) {
        self.through.hush(hush);
        self.hush = Some(Arc::clone(hush));
    }

    /// Has it recorded on its way.
    pub(super) fn record(&mut self, recording: Option<Recording>) {
        self.recording = recording;
    }

    /// The same stream in the form of a prompt service's answer.
    pub(super) fn into_prompt(mut self, events: PromptEvents) -> Self {
        if matches!(self.from, From::Endpoint(_)) {
            self.through = self.through.by_events();
            if let Some(hush) = &self.hush {
                self.through.hush(hush);
            }
        }
        self.prompt = Some(Box::new(events));
        self
    }

    /// Starts the limit that holds between two pieces of the answer.
    pub(crate) fn limit_stall(&mut self, limit: Duration) {
        if let From::Endpoint(answered) = &mut self.from
            && let Some(reader) = answered.call.reader()
        {
            reader.limit_stall(limit);
        }
    }

    /// Whether the client is no longer there; it has nothing more to say.
    pub(crate) fn poll_client_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        self.client.poll_gone(context)
    }

    /// Takes it apart when it is over, or nobody is there to take the rest.
    pub(crate) fn end(self) -> StreamEnd {
        let is_ended = self.is_over && self.broken.is_none();
        let is_refused = match &self.from {
            From::Mock(steps) => steps.is_refused(),
            From::Endpoint(_) => self.through.is_refused(),
        };
        // Of what is left unread, nobody has told what it used.
        let is_read = is_ended && !self.is_left_unread;
        let Seen { used, answer_tokens, bad_events, losses, made, failure, batch } =
            self.through.into_seen(is_read);
        // The mock says what it uses whether or not the client is told.
        let used = match &self.from {
            From::Mock(steps) => Used { tokens: steps.used().or(used.tokens), ..used },
            From::Endpoint(_) => used,
        };
        let failure = failure.filter(|_| is_ended);
        // What a guardrail cut off of the mock's had not told all that it used.
        let is_cut_short = is_refused && matches!(self.from, From::Mock(_));
        let is_whole = is_read && failure.is_none() && !is_cut_short;
        if let Some((kept, home)) = &self.keeps_at {
            kept.remember(&made, home);
        }
        let answered = match self.from {
            From::Endpoint(answered) if self.is_over && !self.is_left_unread => Some(answered),
            _ => None,
        };
        // What has not the form that a prompt asks for is not to be told again.
        let is_formless = self.prompt.as_ref().is_some_and(|prompt| prompt.has_failed());
        StreamEnd {
            used,
            answer_tokens,
            is_whole,
            is_refused,
            bad_events,
            losses,
            broken: self.broken,
            failure,
            batch,
            recording: self.recording.filter(|_| !is_formless),
            answered,
        }
    }

    /// Tells the client in its dialect that the stream broke off, and ends it.
    fn break_off(&mut self, error: &WireError) {
        let reason = error.upstream_reason();
        let (kind, message) = match reason {
            Reason::StallTimeout => (ErrorKind::Timeout, "the provider's stream stalled"),
            _ => (ErrorKind::Internal, "the provider's stream broke off"),
        };
        let error = ChatError { status: reason.status(), ..ChatError::new(kind, message) };
        self.is_cut = !self.through.fail(&error, &mut self.out);
        self.broken = Some(reason);
        self.is_over = true;
    }

    /// Reads more from the provider; whether there is something for the client.
    fn poll_endpoint(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.tell(&held);
            if !self.out.is_empty() || self.is_over {
                return Poll::Ready(Ok(!self.out.is_empty()));
            }
        }
        loop {
            let From::Endpoint(answered) = &mut self.from else { return Poll::Ready(Ok(false)) };
            let Some(reader) = answered.call.reader() else { return Poll::Ready(Ok(false)) };
            let has_more = match reader.poll_fill(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(has_more)) => has_more,
                Poll::Ready(Err(error)) => {
                    self.break_off(&error);
                    return Poll::Ready(if self.is_cut { Err(error) } else { Ok(true) });
                }
            };
            let before = self.out.len();
            if !has_more {
                self.through.end(&mut self.out);
                self.is_over = true;
                self.hide(before);
            } else if !shows(self.hush.as_deref(), &self.through, reader.data())
                && self.through.lets_through(reader.data())
            {
                return Poll::Ready(Ok(true));
            } else {
                let piece = reader.data();
                let count = piece.len();
                let is_failed = self.through.push(piece, &mut self.out);
                reader.consume(count);
                self.leave_unread(is_failed);
                self.hide(before);
            }
            if !self.out.is_empty() || self.is_over {
                return Poll::Ready(Ok(!self.out.is_empty()));
            }
        }
    }

    /// Tells the client a piece.
    fn tell(&mut self, piece: &[u8]) {
        let before = self.out.len();
        let is_failed = self.through.push(piece, &mut self.out);
        self.leave_unread(is_failed);
        self.hide(before);
    }

    /// Hides the credential in what was appended behind `before`. Where an event cannot be changed,
    /// as a checksum is over it, the stream ends there.
    fn hide(&mut self, before: usize) {
        let Some(hush) = self.hush.as_deref() else { return };
        if !shows(Some(hush), &self.through, &self.out[before..]) {
            return;
        }
        match self.through.is_checked() {
            false => hush.hide(&mut self.out, before),
            true => {
                self.out.truncate(before);
                self.break_off(&WireError::Closed);
                self.is_left_unread = true;
            }
        }
    }

    /// Nothing that comes behind a failure is for the client: the rest is left unread, and the
    /// connection with it.
    fn leave_unread(&mut self, is_failed: bool) {
        self.is_left_unread = is_failed;
        self.is_over = is_failed;
    }

    /// Puts what was just read into the form of a prompt service's answer.
    fn tell_prompt(&mut self) {
        let Some(prompt) = &mut self.prompt else { return };
        let read = std::mem::take(&mut self.out);
        if let Some(recording) = &mut self.recording {
            recording.recorder.push(&read);
        }
        prompt.push(&read, &mut self.out);
        if self.is_over {
            prompt.end(&mut self.out);
        }
    }

    fn poll_mock(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        let From::Mock(steps) = &mut self.from else { return Poll::Ready(Ok(false)) };
        match steps.poll_next(context, &mut self.out) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(has_more) => {
                self.is_over = !has_more;
                self.through.see(&self.out);
                Poll::Ready(Ok(has_more))
            }
        }
    }
}

/// Whether a piece of a stream of events shows what is to be hidden. Sound and files are no text.
fn shows(hush: Option<&Hush>, through: &Through, piece: &[u8]) -> bool {
    !matches!(through, Through::Opaque(_)) && hush.is_some_and(|hush| hush.shows(piece))
}

impl Source for LlmStream<'_> {
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<bool, WireError>> {
        if self.taken < self.out.len() {
            return Poll::Ready(Ok(true));
        }
        self.out.clear();
        self.taken = 0;
        if self.is_over {
            return Poll::Ready(Ok(false));
        }
        loop {
            let polled = match &self.from {
                From::Endpoint(_) => self.poll_endpoint(context),
                From::Mock(_) => self.poll_mock(context),
            };
            self.keep_made();
            if polled.is_pending() || self.prompt.is_none() {
                return polled;
            }
            self.tell_prompt();
            if self.is_over || !self.out.is_empty() {
                return Poll::Ready(Ok(!self.out.is_empty()));
            }
        }
    }

    fn data(&self) -> &[u8] {
        if self.taken < self.out.len() {
            return &self.out[self.taken..];
        }
        match &self.from {
            From::Endpoint(answered) if self.through.goes_by() => answered.call.data(),
            _ => &[],
        }
    }

    fn consume(&mut self, count: usize) {
        // What a prompt service tells is no dialect; what it is told from is recorded as it is read.
        if self.prompt.is_none()
            && let Some(mut recording) = self.recording.take()
        {
            recording.recorder.push(&self.data()[..count]);
            self.recording = Some(recording);
        }
        if self.taken < self.out.len() {
            self.taken += count;
            return;
        }
        if let From::Endpoint(answered) = &mut self.from
            && let Some(reader) = answered.call.reader()
        {
            self.through.see(&reader.data()[..count]);
            reader.consume(count);
        }
        self.keep_made();
    }

    fn take_trailers(&mut self) -> Option<Fields> {
        None
    }

    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<Gone> {
        self.poll_client_gone(context)
    }
}
