//! One line to a server and all who wait for something on it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use architrave_core::task;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::line::{Ear, LineError, Mouth};
use super::talk::{Said, Talk};

/// Messages that wait for one client. One who takes none is let go: nobody else waits for them.
const WAITING_MAX: usize = 64;

/// Bytes of messages that wait for all clients of one line.
const WAITING_BYTES_MAX: usize = 32 << 20;

/// What a server tells nobody in particular is kept for who comes to hear it, this many messages.
const ASIDE_MAX: usize = 32;

/// A line with who waits on it.
#[derive(Debug)]
pub(super) struct Speaker {
    /// The server's name, for the log.
    name: Rc<str>,
    /// Whether several clients share it, so that what is for nobody in particular is for none.
    is_shared: bool,
    mouth: Mouth,
    talk: RefCell<Talk<mpsc::Sender<Piece>>>,
    /// Who hears what is for nobody in particular.
    events: RefCell<Option<mpsc::Sender<Piece>>>,
    aside: RefCell<VecDeque<Vec<u8>>>,
    waiting: Rc<Cell<usize>>,
    is_over: watch::Sender<bool>,
}

/// A message for a client.
#[derive(Debug)]
pub(super) struct Piece {
    /// The message.
    pub message: Vec<u8>,
    /// Whether it is the answer, after which nothing comes.
    pub is_last: bool,
    /// What it weighs while it waits.
    _weight: Weight,
}

#[derive(Debug)]
struct Weight {
    waiting: Rc<Cell<usize>>,
    bytes: usize,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.waiting.set(self.waiting.get() - self.bytes);
    }
}

/// Somebody who waits for an answer; when this is dropped before it came, they do not any more.
#[derive(Debug)]
pub(super) struct Waiting {
    speaker: Rc<Speaker>,
    own: u64,
    era: Era,
    /// What comes.
    pub pieces: mpsc::Receiver<Piece>,
}

impl Speaker {
    /// Begins to hear a server.
    pub(super) fn begin(name: &Rc<str>, is_shared: bool, (mouth, ear): (Mouth, Ear)) -> Rc<Self> {
        let speaker = Rc::new(Self {
            name: Rc::clone(name),
            is_shared,
            mouth,
            talk: RefCell::new(Talk::new()),
            events: RefCell::default(),
            aside: RefCell::default(),
            waiting: Rc::default(),
            is_over: watch::Sender::new(false),
        });
        drop(task::spawn_local(Rc::clone(&speaker).hear(ear)));
        speaker
    }

    /// Whether nothing can be said any more.
    pub(super) fn is_over(&self) -> bool {
        *self.is_over.borrow()
    }

    /// Whether nobody waits for anything.
    pub(super) fn is_idle(&self) -> bool {
        self.talk.borrow().is_empty()
    }

    /// Ends the line.
    pub(super) fn end(&self) {
        self.is_over.send_replace(true);
    }

    /// Waits until the line has ended.
    pub(super) async fn ended(&self) {
        let mut over = self.is_over.subscribe();
        let _over = over.wait_for(|is_over| *is_over).await;
    }

    /// Asks something.
    pub(super) async fn ask(
        self: &Rc<Self>,
        message: &Message,
        text: &str,
        era: Era,
    ) -> Result<Waiting, LineError> {
        let (to, pieces) = mpsc::channel(WAITING_MAX);
        let (own, line) = self.talk.borrow_mut().ask(message, text, to);
        let waiting = Waiting { speaker: Rc::clone(self), own, era, pieces };
        self.mouth.say(line).await?;
        // It may have ended before it was asked, and then nobody answers.
        if self.is_over() {
            self.refuse_all();
        }
        Ok(waiting)
    }

    /// Tells something, or answers it.
    pub(super) async fn tell(&self, message: &Message, text: &str) -> Result<(), LineError> {
        let line = self.talk.borrow_mut().tell(message, text);
        self.mouth.say(line).await
    }

    /// Hears what is for nobody in particular, in place of who did before.
    pub(super) fn listen(&self) -> mpsc::Receiver<Piece> {
        let (to, pieces) = mpsc::channel(WAITING_MAX);
        *self.events.borrow_mut() = Some(to);
        let kept = std::mem::take(&mut *self.aside.borrow_mut());
        kept.into_iter().for_each(|message| self.aside(message));
        pieces
    }

    async fn hear(self: Rc<Self>, mut ear: Ear) {
        let mut over = self.is_over.subscribe();
        loop {
            let line = tokio::select! {
                line = ear.hear() => line,
                _ = over.wait_for(|is_over| *is_over) => None,
            };
            let Some(line) = line else { break };
            let Ok(text) = std::str::from_utf8(&line) else {
                tracing::debug!(server = &*self.name, "a line that is no UTF-8 is lost");
                continue;
            };
            let said = self.talk.borrow_mut().hear(text);
            match said {
                Said::Last(to, message) => self.give(&to, message, true),
                Said::On(to, message) => self.give(&to, message, false),
                Said::OnOne(to, message) if !self.is_shared && !self.is_heard() => {
                    self.give(&to, message, false);
                }
                Said::OnOne(_, message) | Said::Aside(message) => self.aside(message),
                Said::Nothing(why) => tracing::debug!(server = &*self.name, "{why}"),
            }
        }
        self.end();
        drop(ear);
        self.events.borrow_mut().take();
        self.refuse_all();
    }

    /// Nobody answers any more.
    fn refuse_all(&self) {
        for (to, id) in self.talk.borrow_mut().end() {
            let mut message = Vec::new();
            let refusal = Refusal::new(RefusalKind::ServerFailed, "it has ended");
            refusal.write(&mut message, Some(&id), Era::Legacy);
            self.give(&to, message, true);
        }
    }

    fn give(&self, to: &mpsc::Sender<Piece>, message: Vec<u8>, is_last: bool) {
        let bytes = message.len();
        let waiting = self.waiting.get();
        if waiting > 0 && waiting + bytes > WAITING_BYTES_MAX {
            tracing::warn!(server = &*self.name, "a message is lost: too much waits");
            return;
        }
        self.waiting.set(waiting + bytes);
        let weight = Weight { waiting: Rc::clone(&self.waiting), bytes };
        if to.try_send(Piece { message, is_last, _weight: weight }).is_err() {
            tracing::debug!(server = &*self.name, "a message is lost: nobody takes it");
        }
    }

    /// Whether somebody hears what is for nobody in particular.
    fn is_heard(&self) -> bool {
        self.events.borrow().as_ref().is_some_and(|to| !to.is_closed())
    }

    fn aside(&self, message: Vec<u8>) {
        if self.is_shared {
            tracing::debug!(server = &*self.name, "a message is lost: it is for nobody");
            return;
        }
        let events = self.events.borrow();
        match events.as_ref().filter(|to| !to.is_closed()) {
            Some(to) => self.give(to, message, false),
            None => {
                let mut aside = self.aside.borrow_mut();
                if aside.len() == ASIDE_MAX {
                    aside.pop_front();
                    tracing::warn!(server = &*self.name, "a message is lost: nobody came for it");
                }
                aside.push_back(message);
            }
        }
    }
}

impl Waiting {
    /// Whether nothing can come any more.
    pub(super) fn is_over(&self) -> bool {
        self.speaker.is_over()
    }

    /// Whether the answer is for a request of the era in which to go away is to call off.
    const fn calls_off(&self) -> bool {
        matches!(self.era, Era::Modern)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.speaker.talk.borrow_mut().give_up(self.own) || !self.calls_off() {
            return;
        }
        let (speaker, own) = (Rc::clone(&self.speaker), self.own);
        if speaker.is_over() {
            return;
        }
        drop(task::spawn_local(async move {
            let line = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{own}}}}}"#
            );
            let _over = speaker.mouth.say(line.into_bytes()).await;
        }));
    }
}

/// The code of a message that says that something failed.
pub(super) fn failure_code(message: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(message).ok()?;
    let message = Message::read(text, &MessageLimits::default()).ok()?;
    let is_failure = message.kind() == MessageKind::Failure;
    // One without a number is a failure as well.
    let code = || message.raw(Part::ErrorCode, text).and_then(|code| code.parse().ok());
    is_failure.then(|| code().unwrap_or_default())
}

/// A message as an event of a stream.
pub(super) fn event(message: &[u8]) -> Bytes {
    use architrave_wire::sse::{Event, write_event};
    let mut out = Vec::with_capacity(message.len() + 32);
    let data = Some(message);
    write_event(&mut out, &Event { name: "message", id: None, retry_ms: None, data });
    out.into()
}
