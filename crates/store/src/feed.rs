//! Tells that something was committed: here at once, by another process when PostgreSQL says so
//! or at the next look.

use std::sync::Arc;
use std::time::Duration;

use architrave_core::task;
use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, AnyPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::StoreError;
use crate::place::{Door, Engine};

/// What commits are told under.
pub(crate) const TOPIC: &str = "architrave";

/// Before a listener tries again to connect.
const PAUSE: Duration = Duration::from_secs(2);

/// The newest generation that is known of, and who looks for newer ones.
pub(crate) struct Feed {
    newest: Arc<watch::Sender<u64>>,
    looking: Vec<JoinHandle<()>>,
}

impl Feed {
    /// Reads the generation, and begins to look for newer ones.
    pub(crate) async fn start(door: &Door, readers: &AnyPool) -> Result<Self, StoreError> {
        let now = read(&mut *readers.acquire().await?).await?;
        let newest = Arc::new(watch::Sender::new(now));
        let every = door.waits.look;
        let looking = match door.engine {
            Engine::Sqlite => {
                vec![task::spawn(look(readers.clone(), Arc::clone(&newest), every))]
            }
            Engine::Postgres => vec![
                task::spawn(poll(readers.clone(), Arc::clone(&newest), every)),
                task::spawn(listen(door.url().to_owned(), readers.clone(), Arc::clone(&newest))),
            ],
        };
        Ok(Self { newest, looking })
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Tells of a generation, unless a newer one was told of.
    pub(crate) fn tell(&self, generation: u64) {
        tell(&self.newest, generation);
    }

    pub(crate) fn stop(&self) {
        self.looking.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop();
    }
}

fn tell(newest: &watch::Sender<u64>, generation: u64) {
    newest.send_if_modified(|newest| {
        let is_newer = *newest < generation;
        if is_newer {
            *newest = generation;
        }
        is_newer
    });
}

async fn read(on: &mut AnyConnection) -> Result<u64, sqlx::Error> {
    let number = sqlx::query_scalar("SELECT number FROM generations WHERE one = 1");
    let number: i64 = number.fetch_one(on).await?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// Asks SQLite, for next to nothing, whether the file has changed, and reads only then. What is
/// asked is a connection's own, so one is kept for it.
async fn look(readers: AnyPool, newest: Arc<watch::Sender<u64>>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut own = None;
    let mut version = 0;
    loop {
        ticks.tick().await;
        let Some(on) = &mut own else {
            own = readers.acquire().await.ok();
            version = 0;
            continue;
        };
        match version_of(on, version, &newest).await {
            Ok(now) => version = now,
            Err(error) => {
                tracing::debug!(%error, "cannot look for changes of other processes");
                own = None;
            }
        }
    }
}

async fn version_of(
    on: &mut AnyConnection,
    before: i64,
    newest: &watch::Sender<u64>,
) -> Result<i64, sqlx::Error> {
    let now: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *on).await?;
    if now != before {
        tell(newest, read(on).await?);
    }
    Ok(now)
}

/// Reads the generation now and then: who listens may miss something while not connected.
async fn poll(readers: AnyPool, newest: Arc<watch::Sender<u64>>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = catch_up(&readers, &newest).await {
            tracing::debug!(%error, "cannot look for changes of other nodes");
        }
    }
}

async fn catch_up(readers: &AnyPool, newest: &watch::Sender<u64>) -> Result<(), sqlx::Error> {
    let mut lent = readers.acquire().await?;
    tell(newest, read(&mut lent).await?);
    Ok(())
}

/// Listens to PostgreSQL for as long as the process lives, over as many connections as it takes.
async fn listen(url: String, readers: AnyPool, newest: Arc<watch::Sender<u64>>) {
    loop {
        if let Err(error) = listen_once(&url, &readers, &newest).await {
            tracing::debug!(%error, "cannot listen for changes of other nodes");
        }
        sleep(PAUSE).await;
    }
}

async fn listen_once(
    url: &str,
    readers: &AnyPool,
    newest: &watch::Sender<u64>,
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(TOPIC).await?;
    // What was committed before it listened.
    catch_up(readers, newest).await?;
    loop {
        match listener.try_recv().await? {
            Some(told) => match told.payload().parse() {
                Ok(generation) => tell(newest, generation),
                Err(_) => catch_up(readers, newest).await?,
            },
            // The connection was lost and made anew.
            None => catch_up(readers, newest).await?,
        }
    }
}
