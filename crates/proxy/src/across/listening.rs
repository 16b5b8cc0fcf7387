//! What a legacy server tells by itself, for modern clients that listen: one stream of its session,
//! and one call for each who hears it. What it asks there, in the place of the stream of a call, is
//! for a call that waits: nobody else can be asked.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::between::changes::{self, Filter};
use architrave_mcp::between::questions;
use architrave_mcp::message::{Message, MessageKind, MessageLimits};
use architrave_mcp::method::Method;
use architrave_mcp::refusal::{Refusal, RefusalKind};
use architrave_mcp::revision::Era;
use architrave_net::whole::WholeResponse;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::far_session::{self, FarSession, answer_to};
use super::from_modern::lost;
use super::hearing::Hearing;
use super::outlet::{Outlet, outlet, refused, streamed};
use super::reach::Missed;
use super::{Across, Said};

/// Messages that wait for one who listens; what comes beyond is lost to it.
const WAITING_MAX: usize = 64;

/// A stream that ended is opened again after this, and longer each time that it does not last.
const REOPEN: Duration = Duration::from_millis(500);
const REOPEN_MAX: Duration = Duration::from_secs(30);

/// A server whose stream does not open within this is called without it.
const OPENING: Duration = Duration::from_secs(2);

/// How long a question waits for a call that can carry it.
const UNCLAIMED: Duration = Duration::from_secs(5);

/// More questions of one session do not wait.
const QUESTIONS_MAX: usize = 16;

/// Who listens to a session.
#[derive(Debug, Default)]
pub(super) struct Ears {
    each: RefCell<Vec<mpsc::Sender<Rc<str>>>>,
    /// How many of them listen for a resource.
    resources: RefCell<HashMap<String, usize>>,
    is_open: Cell<bool>,
    /// What the server asks, with a number each, for the next call that waits.
    questions: RefCell<VecDeque<(u64, String)>>,
    next_number: Cell<u64>,
    has_asked: Notify,
}

impl Ears {
    /// The next thing that the server asks by itself, for a call that waits.
    pub(super) async fn question(&self) -> String {
        loop {
            let question = self.questions.borrow_mut().pop_front();
            match question {
                Some((_, question)) => return question,
                None => self.has_asked.notified().await,
            }
        }
    }

    /// Lets a question wait; its number, or nothing where there is no room.
    fn ask(&self, text: &str) -> Option<u64> {
        let mut questions = self.questions.borrow_mut();
        if questions.len() >= QUESTIONS_MAX {
            return None;
        }
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        questions.push_back((number, text.to_owned()));
        self.has_asked.notify_one();
        Some(number)
    }

    /// Takes a question back that nobody has claimed.
    fn take_back(&self, number: u64) -> bool {
        let mut questions = self.questions.borrow_mut();
        let place = questions.iter().position(|(own, _)| *own == number);
        place.is_some_and(|place| questions.remove(place).is_some())
    }

    /// Tells all of them.
    pub(super) fn tell(&self, text: &str) {
        let text: Rc<str> = text.into();
        self.each.borrow_mut().retain(|ear| {
            !matches!(ear.try_send(Rc::clone(&text)), Err(mpsc::error::TrySendError::Closed(_)))
        });
    }

    fn is_empty(&self) -> bool {
        self.each.borrow().iter().all(mpsc::Sender::is_closed)
    }
}

/// Whether it tells of a change that is listened for.
pub(super) const fn is_change(method: Option<Method>) -> bool {
    matches!(
        method,
        Some(
            Method::ToolsChanged
                | Method::PromptsChanged
                | Method::ResourcesChanged
                | Method::ResourcesUpdated
        )
    )
}

/// Answers a modern client that listens.
pub(super) async fn listen(across: &Rc<Across>, said: Said) -> WholeResponse {
    let refuse = |refusal: &Refusal| refused(refusal, Some(said.id()), Era::Modern);
    let wanted = match Filter::read(&said.message, &said.text) {
        Ok(wanted) => wanted,
        Err(refusal) => return refuse(&refusal),
    };
    let session = match far_session::of(across, &said).await {
        Ok(session) => session,
        Err(missed) => return refuse(&lost(across, &missed)),
    };
    let (ear, heard) = mpsc::channel(WAITING_MAX);
    session.ears.each.borrow_mut().push(ear);
    let has = |kind: &str| session.facts.capabilities.contains(&format!("\"{kind}\""));
    let mut accepted = Filter {
        tools: wanted.tools && has("tools"),
        prompts: wanted.prompts && has("prompts"),
        resources: wanted.resources && has("resources"),
        uris: Vec::new(),
    };
    for uri in wanted.uris {
        if subscribe(across, &session, &uri, true).await {
            accepted.uris.push(uri);
        }
    }
    if !session.ears.is_open.replace(true) {
        drop(task::spawn_local(hear(Rc::downgrade(across), Rc::downgrade(&session), None)));
    }
    let (out, pieces) = outlet();
    out.say(accepted.acknowledged(said.id())).await;
    drop(task::spawn_local(pass_on(Rc::clone(across), session, (said, accepted), (heard, out))));
    streamed(pieces)
}

/// Has the server tell of a resource, or no longer; whether it does.
async fn subscribe(across: &Across, session: &FarSession, uri: &str, is_on: bool) -> bool {
    {
        let mut resources = session.ears.resources.borrow_mut();
        let count = resources.entry(uri.to_owned()).or_default();
        *count = if is_on { *count + 1 } else { count.saturating_sub(1) };
        let is_new = *count == usize::from(is_on);
        if *count == 0 {
            resources.remove(uri);
        }
        if !is_new {
            return true;
        }
    }
    let id = across.next_id().to_string();
    let asked = session.ask(across, &[], &changes::subscribe(&id, uri, is_on)).await;
    let answer = match asked {
        Ok(mut hearing) => answer_to(&mut hearing, &id).await,
        Err(missed) => Err(missed),
    };
    let is_done = answer.is_ok_and(|(message, _)| message.kind() == MessageKind::Response);
    if is_on && !is_done {
        session.ears.resources.borrow_mut().remove(uri);
    }
    is_done
}

/// Passes on to one client what it listens for, until it goes.
async fn pass_on(
    across: Rc<Across>,
    session: Rc<FarSession>,
    (said, accepted): (Said, Filter),
    (mut heard, out): (mpsc::Receiver<Rc<str>>, Outlet),
) {
    loop {
        let text = tokio::select! {
            text = heard.recv() => text,
            () = out.closed() => break,
        };
        let Some(text) = text else {
            out.answer(changes::ended(said.id())).await;
            break;
        };
        let Ok(message) = Message::read(&text, &MessageLimits::default()) else { continue };
        if accepted.wants(&message, &text) {
            out.say(changes::to_modern(&message, said.id()).apply(&text)).await;
        }
    }
    drop(heard);
    for uri in &accepted.uris {
        let _whatever = subscribe(&across, &session, uri, false).await;
    }
}

/// Opens the stream of a session in which clients can be asked: before the first call, since there
/// are servers that ask what belongs to a call there.
pub(super) async fn open(across: &Rc<Across>, session: &Rc<FarSession>) {
    session.ears.is_open.set(true);
    let first = timeout(OPENING, session.hear(across, None)).await.ok();
    drop(task::spawn_local(hear(Rc::downgrade(across), Rc::downgrade(session), first)));
}

/// Hears what the server says by itself in a session, for as long as somebody listens or can be
/// asked. It does not keep the session.
async fn hear(
    across: Weak<Across>,
    session: Weak<FarSession>,
    mut first: Option<Result<Hearing, Missed>>,
) {
    let mut pause = REOPEN;
    loop {
        let heard = {
            let (Some(across), Some(session)) = (across.upgrade(), session.upgrade()) else {
                return;
            };
            if !is_needed(&session) {
                session.ears.is_open.set(false);
                return;
            }
            match first.take() {
                Some(heard) => heard,
                None => session.hear(&across, None).await,
            }
        };
        match heard {
            Ok(hearing) if hearing.status() == 200 && hearing.is_stream() => {
                pause = REOPEN;
                hear_stream(&across, &session, hearing).await;
            }
            // It has no such stream, and never will have one.
            Ok(hearing) if hearing.status() == 405 => return,
            // The session is over: who listens does so anew, in another one.
            Ok(hearing) if hearing.status() == 404 => {
                if let (Some(across), Some(session)) = (across.upgrade(), session.upgrade()) {
                    across.far.forget(&session);
                    session.ears.each.borrow_mut().clear();
                }
                return;
            }
            _ => {}
        }
        sleep(pause).await;
        pause = (pause * 2).min(REOPEN_MAX);
    }
}

/// Hears a stream to its end, or until nobody needs it.
async fn hear_stream(across: &Weak<Across>, session: &Weak<FarSession>, mut hearing: Hearing) {
    let mut look = tokio::time::interval(REOPEN_MAX);
    loop {
        let next = tokio::select! {
            next = hearing.next() => Some(next),
            _ = look.tick() => None,
        };
        let (Some(across), Some(session)) = (across.upgrade(), session.upgrade()) else { return };
        match next {
            Some(Ok(Some((message, text)))) => answer(&across, &session, &message, &text).await,
            Some(_) => return,
            None if is_needed(&session) => {}
            None => return,
        }
    }
}

fn is_needed(session: &FarSession) -> bool {
    !session.ears.is_empty() || session.can_be_asked()
}

async fn answer(across: &Rc<Across>, session: &Rc<FarSession>, message: &Message, text: &str) {
    match message.kind() {
        MessageKind::Notification if is_change(message.method()) => session.ears.tell(text),
        MessageKind::Request => {
            let id = message.id(text).unwrap_or("null");
            if message.method() == Some(Method::Ping) {
                let _whatever = session.tell(across, &questions::response(id, "{}")).await;
                return;
            }
            let Some(number) = session.ears.ask(text) else {
                return refuse(across, session, id).await;
            };
            let (across, session, id) = (Rc::clone(across), Rc::downgrade(session), id.to_owned());
            drop(task::spawn_local(async move {
                sleep(UNCLAIMED).await;
                if let Some(session) = session.upgrade()
                    && session.ears.take_back(number)
                {
                    refuse(&across, &session, &id).await;
                }
            }));
        }
        _ => {}
    }
}

/// Tells a server that nobody can be asked.
async fn refuse(across: &Across, session: &FarSession, id: &str) {
    let about = "a modern client is asked in answer to a request alone";
    let mut body = Vec::new();
    Refusal::new(RefusalKind::NotCarried, about).write(&mut body, Some(id), Era::Legacy);
    let _whatever = session.tell(across, &body).await;
}
