//! The objects that are wanted: those of the database, as they were last read, and those of the file
//! over it. Whoever wants others stages them here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use architrave_config::object::{
    Held, Object, ObjectChange, ObjectKind, Objects, Origin, secret_pointers,
};
use architrave_config::ports::{Answer, DesiredPort, ReloadError, StageError, Staged};
use architrave_config::{ApiDescription, ApiUse, Snapshot};
use architrave_core::metric::Metric;
use architrave_core::task;
use architrave_store::{ObjectMark, ObjectRow, ObjectWrite, ObjectsMark, StoreError};
use serde_json::json;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{MissedTickBehavior, timeout};

use super::reload::{Origins, Readied};
use super::{Engine, EnginePort, lock};
use crate::database::{Database, by_system};
use crate::kinds::read_ahead;
use crate::setup_code::{self, SetupCode};
use crate::sockets::Sockets;
use crate::sources::GatewayText;

/// More objects than so many that are to be read again are read all at once.
const SINGLE_READS_MAX: usize = 64;

/// How often the database is asked for a sign of life.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long it may take to read what has changed. Nobody else can change anything until then.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// When it is read again after it could not be.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// The setting that says that the first start is over: what it made is not made again.
const FIRST_START: &str = "first_start_at";

/// The listener that the first start makes.
const FIRST_LISTENER: &str = "web";
const FIRST_ADDRESS: &str = "0.0.0.0:8080";

/// The objects of a database, seen from the engine.
#[derive(Debug)]
pub(super) struct Desired {
    pub(super) database: Database,
    wanted: Mutex<Wanted>,
    /// Whether the database answered when it was last asked.
    is_up: Mutex<bool>,
}

/// What is wanted, and as of when.
#[derive(Clone, Debug, Default)]
struct Wanted {
    rows: Rows,
    /// The file that is in force.
    file: Option<GatewayText>,
    /// All objects in force, those of the file too.
    in_force: Arc<Objects>,
}

/// The objects of a database as they were read.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) objects: Arc<Objects>,
    /// Of which revision each was.
    marks: Arc<HashMap<(String, String), (String, i64)>>,
    mark: ObjectsMark,
}

impl Desired {
    /// Reads what a database holds. Of one that is started for the first time, and without a file,
    /// it is what [`Self::settle`] will put there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn open(database: Database, has_file: bool) -> Result<Self, StoreError> {
        let rows = Rows::read(&database).await?;
        let desired = Self { database, wanted: Mutex::default(), is_up: Mutex::new(true) };
        let is_first = desired.database.store.setting(FIRST_START).await?.is_none();
        let rows = match is_first && !has_file && rows.objects.is_empty() {
            true => Rows { objects: Arc::new(Objects::new([first_listener()])), ..rows },
            false => rows,
        };
        lock(&desired.wanted).rows = rows;
        Ok(desired)
    }

    /// The objects of the database.
    pub(super) fn rows(&self) -> Rows {
        lock(&self.wanted).rows.clone()
    }

    /// The file that is in force.
    pub(super) fn file(&self) -> Option<GatewayText> {
        lock(&self.wanted).file.clone()
    }

    /// Notes what is in force now.
    pub(super) fn taken(&self, rows: Rows, file: GatewayText) {
        let of_file = file.objects().into_iter().map(Arc::new);
        let in_force = Objects::of(rows.objects.iter().cloned().chain(of_file));
        let wanted = Wanted { rows, file: Some(file), in_force: Arc::new(in_force) };
        *lock(&self.wanted) = wanted;
    }

    /// Writes down what the first start has made, and that it was the first.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn settle(&self) -> Result<(), StoreError> {
        let store = &self.database.store;
        if store.setting(FIRST_START).await?.is_some() {
            return Ok(());
        }
        let mut change = store.change().await?;
        // Another node may have been quicker.
        if change.setting(FIRST_START).await?.is_some() {
            return Ok(());
        }
        let at = change.at().to_string();
        change.set_setting(FIRST_START, &at).await?;
        let first = first_listener().object;
        let rows = self.rows();
        let is_wanted = rows.objects.get(first.kind, &first.name).is_some();
        let is_there = change.object(first.kind.singular(), &first.name).await?.is_some();
        let audit = if is_wanted && !is_there {
            let kind = first.kind;
            let secrets = secret_pointers(kind, &first.body);
            let write = ObjectWrite {
                kind: kind.singular(),
                name: &first.name,
                team: None,
                body: &first.body,
                secrets: &secrets,
            };
            change.insert_object(kind.id_prefix(), write).await?;
            let mut audit = by_system("create_listener", kind.singular(), &first.name);
            audit.after = Some(first.body);
            audit
        } else {
            by_system("first_start", "database", "")
        };
        change.commit(audit).await?;
        Ok(())
    }

    /// Reads what has changed in the database; whether anything has.
    ///
    /// # Errors
    /// When it cannot be read, or its file is gone.
    pub(super) async fn catch_up(&self) -> Result<bool, String> {
        self.database.check_file()?;
        let before = self.rows();
        let reading = timeout(READ_TIMEOUT, before.caught_up(&self.database)).await;
        let now = reading
            .map_err(|_| "it does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        let is_other = now.objects != before.objects;
        // It is wanted from here on, whether or not it can be put in force.
        lock(&self.wanted).rows = now;
        Ok(is_other)
    }

    /// Notes whether the database answers, and says it when that changes.
    fn note(&self, answer: &Result<(), String>) {
        let was_up = std::mem::replace(&mut *lock(&self.is_up), answer.is_ok());
        match (was_up, answer) {
            (true, Err(error)) => tracing::error!(
                %error,
                "the database is not there: traffic goes on as it was, and nothing can be changed"
            ),
            (false, Ok(())) => tracing::info!("the database is there again"),
            _ => {}
        }
    }
}

impl Rows {
    async fn read(database: &Database) -> Result<Self, StoreError> {
        Self::default().caught_up(database).await
    }

    /// The same as of now. What has not changed is not read again.
    async fn caught_up(&self, database: &Database) -> Result<Self, StoreError> {
        let store = &database.store;
        // Before the rest: what changes in between leaves another mark again.
        let mark = store.objects_mark().await?;
        if mark == self.mark {
            return Ok(self.clone());
        }
        let marks = store.object_marks().await?;
        let is_same = |mark: &&ObjectMark| {
            let known = self.marks.get(&(mark.kind.clone(), mark.name.clone()));
            known.is_some_and(|(id, revision)| *id == mark.id && *revision == mark.revision)
        };
        let other: Vec<&ObjectMark> = marks.iter().filter(|mark| !is_same(mark)).collect();
        let mut rows: Vec<ObjectRow> = Vec::new();
        if other.len() > SINGLE_READS_MAX {
            rows = store.all_objects().await?;
        } else {
            for mark in other {
                rows.extend(store.object(&mark.kind, &mark.name).await?);
            }
        }
        let mut objects = Objects::clone(&self.objects);
        let there: std::collections::HashSet<(&str, &str)> =
            marks.iter().map(|mark| (mark.kind.as_str(), mark.name.as_str())).collect();
        for held in self.objects.iter() {
            let Object { kind, name, .. } = &held.object;
            if !there.contains(&(kind.singular(), name.as_str())) {
                objects.remove(*kind, name);
            }
        }
        let mut known: HashMap<(String, String), (String, i64)> = marks
            .into_iter()
            .map(|mark| ((mark.kind, mark.name), (mark.id, mark.revision)))
            .collect();
        for row in rows {
            let Some(kind) = ObjectKind::from_singular(&row.kind) else {
                tracing::warn!(
                    kind = row.kind,
                    name = row.name,
                    "an object of a kind that this version does not know is left alone"
                );
                continue;
            };
            known.insert((row.kind, row.name.clone()), (row.id, row.revision));
            let object = Object { kind, name: row.name, body: row.body };
            let object = object.of_team(row.team.as_deref());
            let is_known = objects.get(kind, &object.name).is_some_and(|old| old.object == object);
            if !is_known {
                objects.put(Arc::new(Held { object, origin: Origin::Database }));
            }
        }
        let objects =
            if objects == *self.objects { Arc::clone(&self.objects) } else { Arc::new(objects) };
        Ok(Self { objects, marks: Arc::new(known), mark })
    }

    /// The same with changes that are not written yet.
    fn with(&self, changes: Vec<ObjectChange>) -> Self {
        let mut objects = Objects::clone(&self.objects);
        for change in changes {
            match change {
                ObjectChange::Put(object) => {
                    objects.put(Arc::new(Held { object, origin: Origin::Database }));
                }
                ObjectChange::Remove { kind, name } => drop(objects.remove(kind, &name)),
            }
        }
        Self { objects: Arc::new(objects), ..self.clone() }
    }
}

/// What a gateway that nobody has told anything listens on.
fn first_listener() -> Held {
    let body = json!({ "name": FIRST_LISTENER, "address": FIRST_ADDRESS, "protocol": "http" });
    let (kind, name) = (ObjectKind::Listener, FIRST_LISTENER.to_owned());
    Held { object: Object { kind, name, body }, origin: Origin::Database }
}

impl DesiredPort for EnginePort {
    fn objects(&self) -> Arc<Objects> {
        match &self.0.desired {
            Some(desired) => Arc::clone(&lock(&desired.wanted).in_force),
            None => self.0.objects_of_file(),
        }
    }

    fn read_ahead(
        &self,
        description: Arc<str>,
        wanted: ApiUse,
    ) -> Answer<'_, Option<Arc<dyn ApiDescription>>> {
        read_ahead(description, wanted)
    }

    fn stage(&self, changes: Vec<ObjectChange>) -> Answer<'_, Result<Box<dyn Staged>, StageError>> {
        Box::pin(async move {
            let staged = self.0.stage(changes).await?;
            Ok(Box::new(staged) as Box<dyn Staged>)
        })
    }
}

/// What came of a look at the database.
enum Caught {
    /// Nothing is other than what was read before.
    Up,
    /// Something was, and is in force.
    Other,
    /// It could not be read.
    Nothing,
}

/// A configuration that is ready; nobody else can change anything until it is live or dropped.
struct ReadyToLive {
    engine: Arc<Engine>,
    sockets: OwnedMutexGuard<Sockets>,
    readied: Readied,
}

impl Staged for ReadyToLive {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.readied.snapshot()
    }

    fn go_live(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            let Self { engine, mut sockets, readied } = *self;
            // What was staged is written down by now: the rest of it is put in force in any case.
            let live = task::spawn(async move {
                if let Err(error) = engine.put_live(&mut sockets, readied).await {
                    tracing::error!(%error, "a change is not wholly in force");
                }
            });
            if let Err(error) = live.await {
                tracing::error!(%error, "a change is not wholly in force");
            }
        })
    }
}

impl Engine {
    async fn stage(
        self: &Arc<Self>,
        changes: Vec<ObjectChange>,
    ) -> Result<ReadyToLive, StageError> {
        let Some(desired) = &self.desired else {
            let why = "there is no database: objects are changed in the gateway file";
            return Err(StageError::NotPossible(why.to_owned()));
        };
        let mut sockets = Arc::clone(&self.sockets).lock_owned().await;
        self.check_open().map_err(StageError::NotPossible)?;
        // What another node has written in the meantime is part of the whole.
        desired.catch_up().await.map_err(StageError::NotPossible)?;
        let in_force = Arc::clone(&lock(&desired.wanted).in_force);
        for change in &changes {
            let (kind, name) = change.about();
            if let Some(Held { origin: Origin::File(file), .. }) =
                in_force.get(kind, name).map(|held| &**held)
            {
                let (name, file) = (name.to_owned(), file.clone());
                return Err(StageError::ReadOnly { kind, name, file });
            }
        }
        let Some(file) = desired.file() else {
            return Err(StageError::NotPossible("the gateway is still starting".to_owned()));
        };
        let rows = desired.rows().with(changes);
        let origins = Origins { file, rows: Some(rows), is_reload: false };
        let draft = self.draft(origins).await?;
        let readied = self.ready(&mut sockets, draft)?;
        Ok(ReadyToLive { engine: Arc::clone(self), sockets, readied })
    }

    /// Takes what another process has written, and looks whether the database is there, for as long
    /// as it is polled.
    pub(crate) async fn follow_database(self: Arc<Self>) {
        let Some(desired) = &self.desired else { return };
        tokio::join!(self.follow(desired), self.look_after(desired));
    }

    async fn follow(self: &Arc<Self>, desired: &Desired) {
        let mut generation = desired.database.store.generation();
        // What was written since it was read at the start.
        let mut is_behind = true;
        loop {
            if is_behind {
                is_behind = self.catch_up_with(desired).await;
            }
            match timeout(AGAIN_AFTER, generation.changed()).await {
                Ok(Ok(())) => is_behind = true,
                Ok(Err(_closed)) => return,
                Err(_nothing_new) => {}
            }
        }
    }

    /// Whether it is still behind, as the database could not be read.
    async fn catch_up_with(self: &Arc<Self>, desired: &Desired) -> bool {
        let is_behind = self.catch_up_with_objects(desired).await;
        // After the plans that they may name.
        !self.catch_up_with_applications().await || is_behind
    }

    async fn catch_up_with_objects(self: &Arc<Self>, desired: &Desired) -> bool {
        match self.take_changes(desired).await {
            Ok(Caught::Up) => {}
            Ok(Caught::Other) => tracing::info!("objects of another process taken"),
            // Why not is said by who looks after it.
            Ok(Caught::Nothing) => return true,
            Err(error) => {
                tracing::error!(%error, "objects of the database refused; all goes on as it was");
                self.note_refused(error);
            }
        }
        false
    }

    async fn take_changes(self: &Arc<Self>, desired: &Desired) -> Result<Caught, ReloadError> {
        let mut sockets = self.sockets.lock().await;
        if self.check_open().is_err() {
            return Ok(Caught::Up);
        }
        match desired.catch_up().await {
            Ok(true) => {}
            Ok(false) => return Ok(Caught::Up),
            Err(_) => return Ok(Caught::Nothing),
        }
        let Some(file) = desired.file() else { return Ok(Caught::Up) };
        let origins = Origins { file, rows: Some(desired.rows()), is_reload: false };
        let draft = self.draft(origins).await?;
        let readied = self.ready(&mut sockets, draft)?;
        self.put_live(&mut sockets, readied).await?;
        Ok(Caught::Other)
    }

    /// Makes a code for the first user, while there is none, and no code was given. Without an admin
    /// listener nobody could use it.
    ///
    /// # Errors
    /// When the file with a code cannot be read, or the database fails.
    pub(crate) async fn renew_setup_code(&self) -> anyhow::Result<Option<SetupCode>> {
        match &self.desired {
            Some(desired) if self.addresses().admin.is_some() => {
                let file = self.options.setup_code_file.as_deref();
                setup_code::renew(&desired.database.store, file).await
            }
            _ => Ok(None),
        }
    }

    async fn look_after(&self, desired: &Desired) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            desired.note(&desired.database.check().await);
        }
    }

    /// Ends all connections to the database.
    pub(crate) async fn close_database(&self) {
        if let Some(desired) = &self.desired {
            desired.database.close().await;
        }
    }

    /// Shows whether the database answers.
    pub(super) fn expose_database(self: &Arc<Self>) {
        if self.desired.is_none() {
            return;
        }
        let weak = Arc::downgrade(self);
        self.gateway.metrics.add_source(Box::new(move |sink| {
            let Some(engine) = weak.upgrade() else { return };
            let Some(desired) = &engine.desired else { return };
            let is_up = *lock(&desired.is_up);
            sink.gauge(Metric::StoreUp, &[], if is_up { 1.0 } else { 0.0 });
        }));
    }
}

#[cfg(test)]
mod tests;
