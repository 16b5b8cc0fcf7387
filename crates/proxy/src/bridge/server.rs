//! A server behind the bridge: its lines, one for each session of the legacy era, and one for all
//! requests of the modern one, which have no sessions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use architrave_core::task;
use tokio::sync::Mutex;

use super::line::{Far, LineError};
use super::speaker::Speaker;

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    name: Rc<str>,
    far: Far,
    sessions: RefCell<HashMap<String, Rc<Speaker>>>,
    /// Held while it is made, so that it is made once.
    shared: Mutex<Option<Rc<Speaker>>>,
    /// Told from those of another process that had the same server.
    prefix: u64,
    last: Cell<u64>,
    is_gone: Cell<bool>,
}

impl Server {
    pub(super) fn new(name: &str, far: Far) -> Self {
        Self {
            name: name.into(),
            far,
            sessions: RefCell::default(),
            shared: Mutex::new(None),
            prefix: fastrand::u64(..),
            last: Cell::new(0),
            is_gone: Cell::new(false),
        }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A session that is there.
    pub(super) fn session(&self, id: &str) -> Option<Rc<Speaker>> {
        self.sessions.borrow().get(id).filter(|speaker| !speaker.is_over()).cloned()
    }

    /// Makes a session, and its id.
    pub(super) async fn begin(self: &Rc<Self>) -> Result<(String, Rc<Speaker>), LineError> {
        let line = Box::pin(self.far.open()).await?;
        self.last.set(self.last.get() + 1);
        let id = format!("{:016x}-{}", self.prefix, self.last.get());
        let speaker = Speaker::begin(&self.name, false, line);
        if self.is_gone.get() {
            speaker.end();
        }
        self.sessions.borrow_mut().insert(id.clone(), Rc::clone(&speaker));
        let (server, ended, own) = (Rc::downgrade(self), Rc::clone(&speaker), id.clone());
        drop(task::spawn_local(async move {
            ended.ended().await;
            if let Some(server) = server.upgrade() {
                server.sessions.borrow_mut().remove(&own);
            }
        }));
        Ok((id, speaker))
    }

    /// Ends a session; whether there was one.
    pub(super) fn end_session(&self, id: &str) -> bool {
        let speaker = self.sessions.borrow_mut().remove(id);
        speaker.as_ref().inspect(|speaker| speaker.end()).is_some()
    }

    /// The line of all who have no session.
    pub(super) async fn shared(&self) -> Result<Rc<Speaker>, LineError> {
        let mut shared = self.shared.lock().await;
        if let Some(speaker) = shared.as_ref().filter(|speaker| !speaker.is_over()) {
            return Ok(Rc::clone(speaker));
        }
        let speaker = Speaker::begin(&self.name, true, Box::pin(self.far.open()).await?);
        if self.is_gone.get() {
            speaker.end();
        }
        *shared = Some(Rc::clone(&speaker));
        Ok(speaker)
    }

    /// It is not there any more.
    pub(super) fn end(&self) {
        self.is_gone.set(true);
        self.sessions.borrow_mut().drain().for_each(|(_, speaker)| speaker.end());
        if let Ok(mut shared) = self.shared.try_lock()
            && let Some(speaker) = shared.take()
        {
            speaker.end();
        }
    }
}
