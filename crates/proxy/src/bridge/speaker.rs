//! One line to a server and all who wait for something on it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::message::{Message, MessageKind, MessageLimits, Part};
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use super::line::{Ear, LineError, Mouth};
use super::room::{Client, Hearing, Patience, Room};
use super::talk::{Said, Talk};

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
    talk: RefCell<Talk<Rc<Client>>>,
    /// Who hears what is for nobody in particular.
    events: RefCell<Option<Rc<Client>>>,
    aside: RefCell<VecDeque<Vec<u8>>>,
    room: Room,
    /// When somebody last said something, or came to hear.
    used: Cell<Instant>,
    is_over: watch::Sender<bool>,
}

/// Somebody who waits for an answer; when this is dropped before it came, they do not any more.
#[derive(Debug)]
pub(super) struct Waiting {
    speaker: Rc<Speaker>,
    own: u64,
    era: Era,
    /// What comes.
    pub heard: Hearing,
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
            room: Room::default(),
            used: Cell::new(Instant::now()),
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
        self.used.set(Instant::now());
        let (to, heard) = self.room.client();
        let (own, line) = self.talk.borrow_mut().ask(message, text, to);
        let waiting = Waiting { speaker: Rc::clone(self), own, era, heard };
        self.mouth.say(line).await?;
        // It may have ended before it was asked, and then nobody answers.
        if self.is_over() {
            self.refuse_all();
        }
        Ok(waiting)
    }

    /// Tells something, or answers it.
    pub(super) async fn tell(&self, message: &Message, text: &str) -> Result<(), LineError> {
        self.used.set(Instant::now());
        let line = self.talk.borrow_mut().tell(message, text);
        self.mouth.say(line).await
    }

    /// Hears what is for nobody in particular, in place of who did before.
    pub(super) fn listen(&self) -> Hearing {
        self.used.set(Instant::now());
        let (to, heard) = self.room.client();
        let kept = std::mem::take(&mut *self.aside.borrow_mut());
        kept.into_iter().for_each(|message| self.room.put(&to, message, false));
        *self.events.borrow_mut() = Some(to);
        heard
    }

    /// How long nobody has wanted anything of it; nothing while somebody does.
    pub(super) fn unused(&self) -> Option<Duration> {
        (self.is_idle() && !self.is_heard()).then(|| self.used.get().elapsed())
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
            let giving = async {
                match said {
                    Said::Last(to, message) => self.give(&to, message, true).await,
                    Said::On(to, message) => self.give(&to, message, false).await,
                    Said::OnOne(to, message) if !self.is_shared && !self.is_heard() => {
                        self.give(&to, message, false).await;
                    }
                    Said::OnOne(_, message) | Said::Aside(message) => self.aside(message).await,
                    Said::Nothing(why) => tracing::debug!(server = &*self.name, "{why}"),
                }
            };
            tokio::select! {
                () = giving => {}
                _ = over.wait_for(|is_over| *is_over) => break,
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
            self.room.put(&to, message, true);
        }
    }

    /// Gives a client a message, as soon as there is room for it; the server waits meanwhile.
    async fn give(&self, to: &Rc<Client>, message: Vec<u8>, is_last: bool) {
        let patience = if self.is_shared { Patience::InAll } else { Patience::Each };
        if !self.room.give(to, message, is_last, patience).await {
            tracing::warn!(server = &*self.name, "a client that reads nothing is let go");
        }
    }

    /// Whether somebody hears what is for nobody in particular.
    fn is_heard(&self) -> bool {
        self.events.borrow().as_ref().is_some_and(|to| !to.is_gone())
    }

    async fn aside(&self, message: Vec<u8>) {
        if self.is_shared {
            tracing::debug!(server = &*self.name, "a message is lost: it is for nobody");
            return;
        }
        let events = self.events.borrow().as_ref().filter(|to| !to.is_gone()).cloned();
        match events {
            Some(to) => self.give(&to, message, false).await,
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
