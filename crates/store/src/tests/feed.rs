//! The generation: everybody who has the database open hears of a change.

use std::time::Duration;

use architrave_core::Clock;
use architrave_testkit::{Postgres, SOON};
use sqlx::Executor as _;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Home, KEY, each_store, entry};
use crate::place::Waits;
use crate::{Place, Store};

/// So seldom that whoever hears of something did not look for it.
const NEVER: Duration = Duration::from_secs(3600);

async fn open(home: &Home, every: Duration) -> Store {
    let waits = Waits { look: every, ..Waits::default() };
    Store::open_waiting(&home.place, &[KEY], Clock::system(), waits).await.unwrap()
}

async fn write(store: &Store) -> u64 {
    store.change().await.unwrap().commit(entry("nothing")).await.unwrap()
}

async fn hears(mut generation: watch::Receiver<u64>, number: u64) {
    let heard = timeout(SOON, generation.wait_for(|newest| *newest >= number)).await;
    heard.expect("it hears of the change in time").unwrap();
}

#[test]
fn a_change_of_another_process_is_heard_of() {
    each_store(async |home| {
        // SQLite has nobody who tells, PostgreSQL has.
        let every = if home.folder.is_some() { Duration::from_millis(20) } else { NEVER };
        let (here, there) = (open(home, every).await, open(home, every).await);
        for _ in 0..3 {
            let number = write(&there).await;
            hears(here.generation(), number).await;
            let number = write(&here).await;
            hears(there.generation(), number).await;
        }
        assert_eq!(*here.generation().borrow(), 6);
    });
}

#[test]
fn a_listener_that_lost_its_connection_hears_what_it_missed() {
    each_store(async |home| {
        if home.folder.is_some() {
            return;
        }
        let (here, there) = (open(home, NEVER).await, open(home, NEVER).await);
        let number = write(&there).await;
        hears(here.generation(), number).await;
        let mut raw = home.raw().await;
        for _ in 0..3 {
            // Every connection of both, so also those that listen.
            raw.execute(
                "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await
            .unwrap();
            let number = write(&there).await;
            hears(here.generation(), number).await;
        }
    });
}

#[test]
fn a_listener_that_cannot_come_back_at_once_hears_of_what_was_done_meanwhile() {
    each_store(async |home| {
        let Place::Postgres(url) = &home.place else { return };
        let path = url.expose().split('?').next().unwrap();
        let database = path.rsplit('/').next().unwrap();
        let admit = |may: bool| {
            let statement = format!("ALTER DATABASE {database} ALLOW_CONNECTIONS {may}");
            Postgres::shared().sql("postgres", &statement);
        };
        let (here, there) = (open(home, NEVER).await, open(home, NEVER).await);
        let number = write(&there).await;
        hears(here.generation(), number).await;
        let change = there.change().await.unwrap();
        let mut raw = home.raw().await;
        admit(false);
        let gone: i64 = sqlx::query_scalar(
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        .fetch_one(&mut raw)
        .await
        .unwrap();
        assert_eq!(gone, 2, "both listen");
        let number = change.commit(entry("nothing")).await.unwrap();
        admit(true);
        hears(here.generation(), number).await;
    });
}

#[test]
fn who_does_not_listen_looks() {
    each_store(async |home| {
        let here = open(home, Duration::from_millis(20)).await;
        let mut raw = home.raw().await;
        raw.execute("UPDATE generations SET number = 7").await.unwrap();
        hears(here.generation(), 7).await;
    });
}

#[test]
fn nobody_looks_any_more_when_the_last_store_is_dropped() {
    each_store(async |home| {
        let store = open(home, Duration::from_millis(20)).await;
        let mut generation = store.generation();
        drop(store);
        let gone = timeout(SOON, async { while generation.changed().await.is_ok() {} }).await;
        gone.expect("whoever tells is gone");
    });
}
