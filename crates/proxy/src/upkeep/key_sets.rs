//! The keys of issuers by which tokens are checked: read on the control runtime, read anew before
//! anybody misses them, and there for every worker without waiting.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use architrave_config::KeySet;
use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, Moment, task};
use architrave_llm::auth::TokenUri;
use architrave_net::dns::Resolver;
use architrave_policy::Directory;
use architrave_policy::jwt::KeyCell;
use thiserror::Error;

use super::{Tools, UrlError};

/// The longest key set that is read from a file.
const FILE_BYTES_MAX: u64 = 256 << 10;

/// How long one answer may take in all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is looked whether something is to be read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How old keys become before they are read anew.
const AGE_MAX: Duration = Duration::from_secs(300);

/// How old they are at least when they are read anew because a token names one that is not there.
const AGE_MIN: Duration = Duration::from_secs(10);

/// The pause after a failure.
const BACKOFF: Duration = Duration::from_secs(5);

/// Reads the keys of a directory for as long as the process lives, on the current runtime.
pub fn keep_key_sets(
    directory: Arc<Directory>,
    resolver: Arc<Resolver>,
    clock: Clock,
    mut shutdown: ShutdownSignal,
) {
    task::spawn(async move {
        tokio::select! {
            () = follow(&directory, Tools { resolver, clock }) => {}
            () = shutdown.ended() => {}
        }
    });
}

/// When a cell is to be read again.
struct Due {
    cell: Weak<KeyCell>,
    at: Moment,
    /// Not before this, whoever asks.
    earliest: Moment,
    has_failed: bool,
}

async fn follow(directory: &Directory, tools: Tools) {
    let mut known: HashMap<usize, Due> = HashMap::new();
    loop {
        known.retain(|_, due| due.cell.strong_count() > 0);
        for cell in directory.key_cells() {
            if matches!(cell.source(), KeySet::Text(_)) {
                continue;
            }
            let now = tools.clock.now();
            let due = known.entry(Arc::as_ptr(&cell).addr()).or_insert_with(|| Due {
                cell: Arc::downgrade(&cell),
                at: now,
                earliest: now,
                has_failed: false,
            });
            let is_wanted = now >= due.earliest && cell.take_wanted();
            if now < due.at && !is_wanted {
                continue;
            }
            let read =
                read(&cell, &tools).await.and_then(|set| cell.put(&set).map_err(ReadError::NoSet));
            let now = tools.clock.now();
            due.earliest = now + AGE_MIN;
            due.at = now + if read.is_ok() { AGE_MAX } else { BACKOFF };
            let had_failed = std::mem::replace(&mut due.has_failed, read.is_err());
            let from = name(cell.source());
            match read {
                Err(error) if !had_failed => {
                    tracing::warn!(from, %error, "the keys of an issuer cannot be read");
                }
                Ok(()) if had_failed => tracing::info!(from, "the keys of an issuer come again"),
                _ => {}
            }
        }
        tokio::select! {
            () = directory.key_news() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

fn name(source: &KeySet) -> String {
    match source {
        KeySet::Url(url) => url.clone(),
        KeySet::File(file) => file.display().to_string(),
        KeySet::Text(_) => String::from("the configuration"),
    }
}

/// Why there are no keys.
#[derive(Debug, Error)]
enum ReadError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("its URL is none that can be asked: https, or http of this machine")]
    Url,
    #[error("{0}")]
    Asked(#[from] UrlError),
    #[error("no answer in time")]
    Timeout,
    #[error("status {0}")]
    Status(u16),
    #[error("it is no key set: {0}")]
    NoSet(String),
}

async fn read(cell: &KeyCell, tools: &Tools) -> Result<Vec<u8>, ReadError> {
    match cell.source() {
        KeySet::Text(text) => Ok(text.clone().into_bytes()),
        KeySet::File(file) => {
            let file = file.clone();
            let reading = tokio::task::spawn_blocking(move || read_file(&file));
            Ok(reading.await.map_err(io::Error::other)??)
        }
        KeySet::Url(url) => {
            let url = TokenUri::parse(url).ok_or(ReadError::Url)?;
            let work = Box::pin(ask(&url, cell.allows_private(), tools));
            let answer = tokio::time::timeout(ANSWER_TIMEOUT, work).await;
            answer.map_err(|_elapsed| ReadError::Timeout)?
        }
    }
}

fn read_file(file: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(file)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(file)
}

/// Asks where a URL is, at the first of its addresses that may be connected to and answers.
async fn ask(url: &TokenUri, allow_private: bool, tools: &Tools) -> Result<Vec<u8>, ReadError> {
    match tools.ask(url, allow_private, None).await? {
        answer if answer.status == 200 => Ok(answer.body),
        answer => Err(ReadError::Status(answer.status)),
    }
}
