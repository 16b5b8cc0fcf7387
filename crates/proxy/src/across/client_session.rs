//! Sessions of legacy clients in front of a modern server, which has none: what they have said of
//! themselves, what they listen for, and which of their calls are open.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::{Rc, Weak};
use std::time::Duration;

use architrave_core::task;
use architrave_mcp::between::requests::{Teller, abilities};
use architrave_mcp::message::{Message, Part};
use architrave_mcp::revision::Revision;
use architrave_mcp::session::Abilities;
use architrave_wire::json::Writer;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use super::Across;
use super::far_session::OWN_INFO;

/// A session of which nothing was heard for so long is over.
const IDLE: Duration = Duration::from_secs(60 * 60);

/// Where there are more, the one that has been silent for longest is over.
const SESSIONS_MAX: usize = 10_000;

/// One caller alone does not end those of others by making ever more.
const SESSIONS_OF_ONE_MAX: usize = 1000;

/// What is told of the log to who has not said what is wanted.
const LEVEL: &str = "info";

/// The sessions of clients, by their ids.
#[derive(Debug, Default)]
pub(super) struct ClientSessions(RefCell<HashMap<String, Rc<ClientSession>>>);

/// A session of a client.
#[derive(Debug)]
pub(super) struct ClientSession {
    /// Whose it is.
    caller: Rc<str>,
    capabilities: String,
    info: Option<String>,
    /// What it can be asked.
    pub abilities: Abilities,
    /// The level of the log that it wants.
    pub level: RefCell<Option<String>>,
    /// The resources that it listens for.
    pub resources: RefCell<BTreeSet<String>>,
    /// Told when those are others.
    pub listens_anew: Notify,
    /// Its open calls, by the JSON of their ids; told when one is not wanted any more.
    pub open: RefCell<HashMap<String, Rc<Notify>>>,
    /// What it is asked, by the JSON of the ids of that; none where it does not answer.
    questions: RefCell<HashMap<String, oneshot::Sender<Option<String>>>>,
    is_over: watch::Sender<bool>,
    used: Cell<Instant>,
}

impl ClientSession {
    /// Of what a client says when it begins; of one that does not begin, nothing is known.
    pub(super) fn of(caller: &Rc<str>, opening: Option<(&Message, &str)>) -> Self {
        let raw = |part: Part| opening.and_then(|(message, text)| message.raw(part, text));
        let capabilities = raw(Part::Capabilities).unwrap_or("{}").to_owned();
        Self {
            caller: Rc::clone(caller),
            abilities: abilities(&capabilities),
            capabilities,
            info: raw(Part::ClientInfo).map(str::to_owned),
            level: RefCell::default(),
            resources: RefCell::default(),
            listens_anew: Notify::new(),
            open: RefCell::default(),
            questions: RefCell::default(),
            is_over: watch::Sender::new(false),
            used: Cell::new(Instant::now()),
        }
    }

    /// Says a request to the server with what is known of the client.
    pub(super) fn with_teller<T>(&self, say: impl FnOnce(&Teller<'_>) -> T) -> T {
        let level = self.level.borrow();
        say(&Teller {
            capabilities: &self.capabilities,
            info: Some(self.info.as_deref().unwrap_or(OWN_INFO)),
            log_level: Some(level.as_deref().unwrap_or(LEVEL)),
        })
    }

    /// What is said beside a request of our own for the client: an object.
    pub(super) fn meta(&self) -> String {
        let mut out = Vec::new();
        Writer::new(&mut out).object(|writer| {
            writer.key(Part::MetaVersion.name()).text(Revision::V2026_07_28.as_str());
            writer.key(Part::MetaCapabilities.name()).json(&self.capabilities);
            writer.key(Part::MetaClientInfo.name()).json(self.info.as_deref().unwrap_or(OWN_INFO));
        });
        String::from_utf8(out).unwrap_or_default()
    }

    /// Waits for the answer to what the client is asked under an id.
    pub(super) fn wait_for(&self, id: &str) -> oneshot::Receiver<Option<String>> {
        let (to, answer) = oneshot::channel();
        self.questions.borrow_mut().insert(id.to_owned(), to);
        answer
    }

    /// Nobody waits for that any more.
    pub(super) fn forget(&self, id: &str) {
        self.questions.borrow_mut().remove(id);
    }

    /// The client has answered; whether somebody has waited for it.
    pub(super) fn answered(&self, id: &str, result: Option<&str>) -> bool {
        let waiting = self.questions.borrow_mut().remove(id);
        waiting.is_some_and(|to| to.send(result.map(str::to_owned)).is_ok())
    }

    fn end(&self) {
        self.is_over.send_replace(true);
    }

    /// Waits until it is over.
    pub(super) async fn ended(&self) {
        let mut over = self.is_over.subscribe();
        let _over = over.wait_for(|is_over| *is_over).await;
    }
}

impl ClientSessions {
    /// All of them are over.
    pub(super) fn end(&self) {
        self.0.borrow_mut().drain().for_each(|(_, session)| session.end());
    }

    /// One that is there.
    pub(super) fn get(&self, id: &str) -> Option<Rc<ClientSession>> {
        let session = self.0.borrow().get(id).cloned();
        session.inspect(|session| session.used.set(Instant::now()))
    }

    /// Ends one; whether it was there.
    pub(super) fn remove(&self, id: &str) -> bool {
        let session = self.0.borrow_mut().remove(id);
        session.inspect(|session| session.end()).is_some()
    }

    /// Keeps one, and gives its id.
    pub(super) fn keep(across: &Rc<Across>, session: ClientSession) -> Option<String> {
        let mut bytes = [0; 24];
        SystemRandom::new().fill(&mut bytes).ok()?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let sessions = &across.clients;
        let oldest = {
            let all = sessions.0.borrow();
            let is_own = |known: &ClientSession| known.caller == session.caller;
            let own = all.values().filter(|known| is_own(known)).count();
            let is_full = all.len() >= SESSIONS_MAX;
            let among = all.iter().filter(|(_, known)| is_full || is_own(known));
            let oldest = among.min_by_key(|(_, known)| known.used.get());
            let has_room = !is_full && own < SESSIONS_OF_ONE_MAX;
            oldest.filter(|_| !has_room).map(|(id, _)| id.clone())
        };
        if let Some(oldest) = oldest {
            sessions.remove(&oldest);
        }
        sessions.0.borrow_mut().insert(id.clone(), Rc::new(session));
        drop(task::spawn_local(watch_over(Rc::downgrade(across), id.clone())));
        Some(id)
    }
}

async fn watch_over(across: Weak<Across>, id: String) {
    loop {
        let until = {
            let Some(across) = across.upgrade() else { return };
            let Some(session) = across.clients.0.borrow().get(&id).cloned() else { return };
            if !session.open.borrow().is_empty() {
                session.used.set(Instant::now());
            }
            let until = session.used.get() + IDLE;
            if until <= Instant::now() {
                across.clients.remove(&id);
                return;
            }
            until
        };
        sleep_until(until).await;
    }
}
