//! What a legacy server tells by itself, for modern clients that listen: one stream of its session,
//! and one call for each who hears it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
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
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::far_session::{self, FarSession, answer_to};
use super::from_modern::lost;
use super::outlet::{Outlet, outlet, refused, streamed};
use super::{Across, Said};

/// Messages that wait for one who listens; what comes beyond is lost to it.
const WAITING_MAX: usize = 64;

/// A stream that ended is opened again after this, and longer each time that it does not last.
const REOPEN: Duration = Duration::from_millis(500);
const REOPEN_MAX: Duration = Duration::from_secs(30);

/// Who listens to a session.
#[derive(Debug, Default)]
pub(super) struct Ears {
    each: RefCell<Vec<mpsc::Sender<Rc<str>>>>,
    /// How many of them listen for a resource.
    resources: RefCell<HashMap<String, usize>>,
    is_open: Cell<bool>,
}

impl Ears {
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
        drop(task::spawn_local(hear(Rc::downgrade(across), Rc::downgrade(&session))));
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

/// Hears what the server says by itself in a session, for as long as somebody listens.
async fn hear(across: Weak<Across>, session: Weak<FarSession>) {
    let mut pause = REOPEN;
    loop {
        let (Some(across), Some(session)) = (across.upgrade(), session.upgrade()) else { return };
        if session.ears.is_empty() {
            session.ears.is_open.set(false);
            return;
        }
        match session.hear(&across, None).await {
            Ok(mut hearing) if hearing.status() == 200 && hearing.is_stream() => {
                pause = REOPEN;
                let mut look = tokio::time::interval(REOPEN_MAX);
                loop {
                    let next = tokio::select! {
                        next = hearing.next() => next,
                        _ = look.tick() => match session.ears.is_empty() {
                            true => break,
                            false => continue,
                        },
                    };
                    let Ok(Some((message, text))) = next else { break };
                    answer(&across, &session, &message, &text).await;
                }
            }
            // It has no such stream, and never will have one.
            Ok(hearing) if hearing.status() == 405 => return,
            // The session is over: who listens does so anew, in another one.
            Ok(hearing) if hearing.status() == 404 => {
                across.far.forget(&session);
                session.ears.each.borrow_mut().clear();
                return;
            }
            _ => {}
        }
        drop((across, session));
        sleep(pause).await;
        pause = (pause * 2).min(REOPEN_MAX);
    }
}

async fn answer(across: &Across, session: &FarSession, message: &Message, text: &str) {
    match message.kind() {
        MessageKind::Notification if is_change(message.method()) => session.ears.tell(text),
        MessageKind::Request => {
            let id = message.id(text).unwrap_or("null");
            let mut body = Vec::new();
            if message.method() == Some(Method::Ping) {
                body = questions::response(id, "{}");
            } else {
                let about = "a modern client is asked in answer to a request alone";
                let refusal = Refusal::new(RefusalKind::NotCarried, about);
                refusal.write(&mut body, Some(id), Era::Legacy);
            }
            let _whatever = session.tell(across, &body).await;
        }
        _ => {}
    }
}
