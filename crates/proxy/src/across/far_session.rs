//! Sessions with a legacy server, for modern clients, who have none: one for each caller and what it
//! can be asked, made when it is needed and ended when nobody has needed it for a while.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::between::answers::ServerFacts;
use architrave_mcp::between::changes;
use architrave_mcp::between::requests::{self, INITIALIZED, abilities};
use architrave_mcp::header;
use architrave_mcp::message::{MessageKind, Part};
use architrave_mcp::revision::{Era, Revision};
use architrave_mcp::session::{Abilities, SERVER_SESSION_BYTES_MAX};
use architrave_net::Method;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::hearing::Hearing;
use super::listening::Ears;
use super::reach::{Asked, Missed};
use super::{Across, Said, listening};

/// A session that nobody has needed for so long is ended.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// More callers at once than this share no server of the other era.
const SESSIONS_MAX: usize = 4096;

/// One caller alone does not take them all from the others, by saying to be ever somebody else.
const SESSIONS_OF_ONE_MAX: usize = 64;

/// Who says more of himself than this is not told apart by it.
const INFO_BYTES_MAX: usize = 4096;

/// Who says to be the client where the client does not say who it is.
pub(super) const OWN_INFO: &str =
    concat!(r#"{"name":"architrave","version":""#, env!("CARGO_PKG_VERSION"), "\"}");

/// For whom a session is: a caller, what it can be asked, and who it says to be.
type Key = (Rc<str>, Abilities, String);

/// A session that is made, or being made.
type Slot = Rc<Mutex<Option<Rc<FarSession>>>>;

/// The sessions with a server.
#[derive(Debug, Default)]
pub(super) struct FarSessions(RefCell<HashMap<Key, Slot>>);

/// A session with a legacy server.
#[derive(Debug)]
pub(super) struct FarSession {
    /// Its id, where the server makes any.
    id: Option<String>,
    revision: Revision,
    endpoint: SocketAddr,
    /// What the server has said of itself.
    pub facts: ServerFacts,
    /// What its clients can be asked.
    pub abilities: Abilities,
    /// The level of the log that was set.
    level: RefCell<Option<String>>,
    /// Who listens to what it says by itself.
    pub ears: Ears,
    used: Cell<Instant>,
}

impl FarSessions {
    /// All of them end, with the server.
    pub(super) fn end(&self) {
        self.0.borrow_mut().clear();
    }

    /// One that is of no use any more.
    pub(super) fn forget(&self, session: &Rc<FarSession>) {
        let is_it = |slot: &Slot| {
            slot.try_lock()
                .is_ok_and(|slot| slot.as_ref().is_some_and(|it| Rc::ptr_eq(it, session)))
        };
        self.0.borrow_mut().retain(|_, slot| !is_it(slot));
    }
}

impl FarSession {
    /// What is said beside a message of it.
    fn beside(&self) -> Vec<(&'static str, String)> {
        let mut beside = vec![(header::VERSION, self.revision.as_str().to_owned())];
        if let Some(id) = &self.id {
            beside.push((header::SESSION, id.clone()));
        }
        beside
    }

    /// Asks in it.
    pub(super) async fn ask(
        &self,
        across: &Across,
        along: &[(String, String)],
        body: &[u8],
    ) -> Result<Hearing, Missed> {
        self.used.set(Instant::now());
        let (verb, beside) = (Method::Post, self.beside());
        let pinned = self.id.is_some().then_some(self.endpoint);
        across.reach.ask(Asked { verb, body, beside: &beside, along, pinned }).await
    }

    /// Tells something, or answers it.
    pub(super) async fn tell(&self, across: &Across, body: &[u8]) -> Result<(), Missed> {
        let hearing = self.ask(across, &[], body).await?;
        match hearing.status() {
            200..=299 => Ok(()),
            status => Err(Missed::Foreign(format!("it answered {status} to a message"))),
        }
    }

    /// Goes on with a stream behind an event, or opens that of what the server says by itself.
    pub(super) async fn hear(
        &self,
        across: &Across,
        last_event: Option<&str>,
    ) -> Result<Hearing, Missed> {
        let mut beside = self.beside();
        beside.extend(last_event.map(|id| (header::LAST_EVENT, id.to_owned())));
        let pinned = self.id.is_some().then_some(self.endpoint);
        let (verb, body, along) = (Method::Get, &[][..], &[][..]);
        across.reach.ask(Asked { verb, body, beside: &beside, along, pinned }).await
    }

    /// Whether its clients can be asked anything.
    pub(super) fn can_be_asked(&self) -> bool {
        self.is_named() && self.abilities != Abilities::default()
    }

    /// Whether the session is named by an id, and so can be lost.
    pub(super) const fn is_named(&self) -> bool {
        self.id.is_some()
    }

    /// Has the server tell of its log from this level on, where it tells of it at all.
    pub(super) async fn set_level(&self, across: &Across, level: &str) -> Result<(), Missed> {
        let has_log = self.facts.capabilities.contains("\"logging\"");
        if !has_log || self.level.borrow().as_deref() == Some(level) {
            return Ok(());
        }
        let id = across.next_id().to_string();
        let mut hearing = self.ask(across, &[], &changes::set_level(&id, level)).await?;
        let _said = answer_to(&mut hearing, &id).await?;
        *self.level.borrow_mut() = Some(level.to_owned());
        Ok(())
    }
}

/// The answer to a request, past whatever else is said.
pub(super) async fn answer_to(
    hearing: &mut Hearing,
    id: &str,
) -> Result<(architrave_mcp::message::Message, String), Missed> {
    while let Some((message, text)) = hearing.next().await? {
        let is_answer = matches!(message.kind(), MessageKind::Response | MessageKind::Failure);
        if is_answer && message.id(&text).is_none_or(|own| own == id || own == "null") {
            return Ok((message, text));
        }
    }
    Err(Missed::Foreign(format!("it answered {} and no message", hearing.status())))
}

/// The session of a modern client's request; it is made where there is none.
pub(super) async fn of(across: &Rc<Across>, said: &Said) -> Result<Rc<FarSession>, Missed> {
    let capabilities = said.message.raw(Part::MetaCapabilities, &said.text).unwrap_or("{}");
    let info = said.message.raw(Part::MetaClientInfo, &said.text);
    let info = info.filter(|info| info.len() <= INFO_BYTES_MAX).unwrap_or(OWN_INFO);
    let key = (Rc::clone(&said.caller), abilities(capabilities), info.to_owned());
    let slot = {
        let mut sessions = across.far.0.borrow_mut();
        let is_full = || {
            let of_caller = sessions.keys().filter(|(caller, ..)| *caller == said.caller).count();
            sessions.len() >= SESSIONS_MAX || of_caller >= SESSIONS_OF_ONE_MAX
        };
        if !sessions.contains_key(&key) && is_full() {
            return Err(Missed::Unreached("too many sessions with it are open".to_owned()));
        }
        Rc::clone(sessions.entry(key.clone()).or_default())
    };
    let mut held = slot.lock().await;
    if let Some(session) = &*held {
        session.used.set(Instant::now());
        return Ok(Rc::clone(session));
    }
    match begin(across, key.1, &key.2).await {
        Ok(session) => {
            let session = Rc::new(session);
            if session.can_be_asked() {
                listening::open(across, &session).await;
            }
            *held = Some(Rc::clone(&session));
            drop(task::spawn_local(keep(Rc::downgrade(across), Rc::downgrade(&session), key)));
            Ok(session)
        }
        Err(missed) => {
            across.far.0.borrow_mut().remove(&key);
            Err(missed)
        }
    }
}

async fn begin(across: &Across, abilities: Abilities, info: &str) -> Result<FarSession, Missed> {
    let id = across.next_id().to_string();
    let body = requests::initialize(&id, Revision::V2025_11_25, abilities, info);
    let asked = Asked { verb: Method::Post, body: &body, beside: &[], along: &[], pinned: None };
    let mut hearing = across.reach.ask(asked).await?;
    let (message, text) = answer_to(&mut hearing, &id).await?;
    let said = message.text(Part::ResultVersion, &text).unwrap_or_default();
    let revision = Revision::named(&said).filter(|revision| revision.era() == Era::Legacy);
    let (Some(revision), Some(facts)) = (revision, ServerFacts::read(&message, &text)) else {
        return Err(Missed::Foreign("it makes no session".to_owned()));
    };
    let id = hearing.session().filter(|id| {
        !id.is_empty()
            && id.len() <= SERVER_SESSION_BYTES_MAX
            && id.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let session = FarSession {
        id,
        revision,
        endpoint: hearing.address(),
        facts,
        abilities,
        level: RefCell::default(),
        ears: Ears::default(),
        used: Cell::new(Instant::now()),
    };
    session.tell(across, INITIALIZED.as_bytes()).await?;
    Ok(session)
}

/// Ends a session when nobody has needed it for a while.
async fn keep(across: Weak<Across>, session: Weak<FarSession>, key: Key) {
    loop {
        let Some(until) = session.upgrade().map(|session| session.used.get() + IDLE) else {
            return;
        };
        sleep_until(until).await;
        let (Some(across), Some(session)) = (across.upgrade(), session.upgrade()) else { return };
        // Whoever has it in hand needs it: beside those it is here, and among the others.
        if Rc::strong_count(&session) > 2 {
            session.used.set(Instant::now());
            continue;
        }
        if session.used.get() + IDLE > Instant::now() {
            continue;
        }
        across.far.0.borrow_mut().remove(&key);
        if session.is_named() {
            let (verb, beside) = (Method::Delete, session.beside());
            let pinned = Some(session.endpoint);
            let asked = Asked { verb, body: &[], beside: &beside, along: &[], pinned };
            let _whatever = across.reach.ask(asked).await;
        }
        return;
    }
}
