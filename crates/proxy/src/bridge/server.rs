//! A server behind the bridge: its lines, one for each session of the legacy era, and one for all
//! requests of the modern one, which have no sessions.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use architrave_core::task;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use super::line::{Ear, Far, LineError, Mouth};
use super::speaker::Speaker;

/// A session that was not used for less than this is not ended for another one.
const UNUSED_MIN: Duration = Duration::from_secs(30);

/// How long a session waits for another one to make room.
const ROOM_TIMEOUT: Duration = Duration::from_secs(6);

/// How often it looks.
const ROOM_PAUSE: Duration = Duration::from_millis(100);

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

/// How many sessions of a server there may be, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct SessionLimits {
    /// Sessions at the same time.
    pub sessions_max: usize,
    /// How long nobody may want anything of one.
    pub idle: Duration,
    /// How long one may last.
    pub lifetime: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        // Each is a connection, and whatever the server keeps for it; the times are those of children.
        Self {
            sessions_max: 512,
            idle: Duration::from_secs(10 * 60),
            lifetime: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// A session whose id nobody knows yet; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Made {
    server: Rc<Server>,
    id: Option<String>,
}

impl Made {
    /// Its id, which is told its client.
    pub(super) fn keep(mut self) -> String {
        self.id.take().unwrap_or_default()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            self.server.end_session(id);
        }
    }
}

/// Waits until a session has ended, and ends it when its time has come.
async fn end_in_time(speaker: &Speaker, limits: SessionLimits) {
    let began = Instant::now();
    loop {
        let age = began.elapsed();
        let unused = speaker.unused().unwrap_or_default();
        if age >= limits.lifetime || unused >= limits.idle {
            return speaker.end();
        }
        let next = (limits.lifetime - age).min(limits.idle - unused);
        if timeout(next, speaker.ended()).await.is_ok() {
            return;
        }
    }
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

    /// Makes a session.
    pub(super) async fn begin(self: &Rc<Self>) -> Result<(Made, Rc<Speaker>), LineError> {
        let limits = self.far.session_limits();
        let full = |limits: SessionLimits| LineError::Full(limits.sessions_max);
        let line = match (self.open_within(limits).await, limits) {
            // Others may have begun meanwhile.
            (Ok(_), Some(limits)) if self.is_full(limits) => return Err(full(limits)),
            (line, _) => line?,
        };
        self.last.set(self.last.get() + 1);
        let id = format!("{:016x}-{}", self.prefix, self.last.get());
        let speaker = Speaker::begin(&self.name, false, line);
        if self.is_gone.get() {
            speaker.end();
        }
        self.sessions.borrow_mut().insert(id.clone(), Rc::clone(&speaker));
        let (server, ended, own) = (Rc::downgrade(self), Rc::clone(&speaker), id.clone());
        drop(task::spawn_local(async move {
            match limits {
                Some(limits) => end_in_time(&ended, limits).await,
                None => ended.ended().await,
            }
            if let Some(server) = server.upgrade() {
                server.sessions.borrow_mut().remove(&own);
            }
        }));
        Ok((Made { server: Rc::clone(self), id: Some(id) }, speaker))
    }

    /// Opens a line. Where there are as many as there may be, the one that was not used for longest
    /// makes room, if that is long: its client has most likely gone without a word.
    async fn open_within(&self, limits: Option<SessionLimits>) -> Result<(Mouth, Ear), LineError> {
        if let Some(limits) = limits.filter(|limits| self.is_full(*limits)) {
            if !self.end_unused() {
                return Err(LineError::Full(limits.sessions_max));
            }
            return Box::pin(self.far.open()).await;
        }
        let until = Instant::now() + ROOM_TIMEOUT;
        let mut has_ended = false;
        loop {
            match Box::pin(self.far.open()).await {
                Err(error) if error.is_full() && Instant::now() < until => {
                    has_ended = has_ended || self.end_unused();
                    if !has_ended {
                        return Err(error);
                    }
                    // A program takes a moment to end.
                    sleep(ROOM_PAUSE).await;
                }
                line => return line,
            }
        }
    }

    fn is_full(&self, limits: SessionLimits) -> bool {
        self.sessions.borrow().len() >= limits.sessions_max
    }

    /// Ends the session that was not used for longest, if that is long; whether there was one.
    fn end_unused(&self) -> bool {
        let unused = {
            let sessions = self.sessions.borrow();
            let unused = sessions.iter().filter_map(|(id, speaker)| Some((speaker.unused()?, id)));
            unused.filter(|(span, _)| *span >= UNUSED_MIN).max().map(|(_, id)| id.clone())
        };
        unused.is_some_and(|id| {
            tracing::info!(server = &*self.name, "a session ends early, so that another can begin");
            self.end_session(&id)
        })
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
