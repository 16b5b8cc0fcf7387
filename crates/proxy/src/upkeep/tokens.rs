//! Access tokens of Google's service accounts: asked for on the control runtime, asked for anew
//! before they run out, and there for every worker without waiting.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use architrave_core::shutdown::ShutdownSignal;
use architrave_core::{Clock, Moment, Secret, task};
use architrave_llm::auth::{AccessToken, ServiceAccount, ServiceAccountError, TokenUri};
use architrave_net::dns::Resolver;
use architrave_net::fetch::{self, QuestionBody};
use thiserror::Error;
use tokio::sync::{Notify, watch};

use super::{OwnedTask, Tools, UrlError};

#[cfg(test)]
mod tests;

/// The key file of an account is some 2 KiB.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// How long one answer may take in all.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The shortest time between two askings that went well, however short tokens live.
const RENEWAL_MIN: Duration = Duration::from_secs(1);

/// The pause after a first failure; each further one doubles it.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// The service accounts of all assemblies. What nobody holds any more is forgotten.
#[derive(Debug, Default)]
pub struct ServiceAccounts {
    known: Mutex<HashMap<PathBuf, Weak<Tokens>>>,
    /// Told when somebody new is known.
    news: Notify,
}

/// Why an account cannot be used.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Its file cannot be read.
    #[error("cannot read {}: {source}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its file is not one of a service account.
    #[error("{} is no service account: {source}", file.display())]
    Account {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: ServiceAccountError,
    },
}

/// The tokens of one account.
#[derive(Debug)]
pub(crate) struct Tokens {
    file: PathBuf,
    text: Secret,
    account: ServiceAccount,
    held: watch::Sender<Option<Held>>,
    is_followed: AtomicBool,
}

/// A token, and until when it is valid.
#[derive(Debug, Clone)]
struct Held {
    token: Arc<Secret>,
    until: Moment,
}

impl ServiceAccounts {
    /// The tokens of the account in a file: the same for all who name it, until it changes.
    pub(crate) fn tokens(&self, file: &Path) -> Result<Arc<Tokens>, AccountError> {
        let text =
            read(file).map_err(|source| AccountError::Read { file: file.to_owned(), source })?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, tokens| tokens.strong_count() > 0);
        let before = known.get(file).and_then(Weak::upgrade);
        if let Some(tokens) = before.filter(|tokens| tokens.text == text) {
            return Ok(tokens);
        }
        let account = ServiceAccount::read(text.expose())
            .map_err(|source| AccountError::Account { file: file.to_owned(), source })?;
        let tokens = Arc::new(Tokens {
            file: file.to_owned(),
            text,
            account,
            held: watch::Sender::new(None),
            is_followed: AtomicBool::new(false),
        });
        known.insert(file.to_owned(), Arc::downgrade(&tokens));
        self.news.notify_one();
        Ok(tokens)
    }

    /// Asks for the tokens of all accounts, on the current (multi-thread) runtime, until
    /// `shutdown` ends.
    pub fn start(
        self: Arc<Self>,
        resolver: Arc<Resolver>,
        clock: Clock,
        mut shutdown: ShutdownSignal,
    ) {
        let tools = Tools { resolver, clock };
        task::spawn(async move {
            tokio::select! {
                () = self.follow(tools) => {}
                () = shutdown.ended() => {}
            }
        });
    }

    /// Starts a task for everybody new; the tasks end with this, or with their tokens.
    async fn follow(&self, tools: Tools) {
        let mut tasks: Vec<OwnedTask> = Vec::new();
        loop {
            tasks.retain(|task| !task.0.is_finished());
            for tokens in self.unfollowed() {
                tasks.push(OwnedTask::start(keep_fresh(tokens, tools.clone())));
            }
            self.news.notified().await;
        }
    }

    fn unfollowed(&self) -> Vec<Weak<Tokens>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |tokens: &&Weak<Tokens>| {
            let tokens = tokens.upgrade();
            tokens.is_some_and(|tokens| !tokens.is_followed.swap(true, Ordering::Relaxed))
        };
        known.values().filter(is_new).cloned().collect()
    }
}

impl Tokens {
    /// The token, where there is one that is valid.
    pub(crate) fn current(&self, now: Moment) -> Option<Arc<Secret>> {
        let held = self.held.borrow();
        held.as_ref().filter(|held| held.until > now).map(|held| Arc::clone(&held.token))
    }

    /// Waits for the very first token, which takes a moment after a start.
    pub(crate) async fn first(&self, patience: Duration) {
        let mut held = self.held.subscribe();
        // Where there still is none, whoever asks for it sees that.
        let _waited = tokio::time::timeout(patience, held.wait_for(Option::is_some)).await;
    }

    /// Whether its file still says the same.
    pub(crate) fn is_current(&self) -> bool {
        read(&self.file).is_ok_and(|text| text == self.text)
    }
}

/// Asks for tokens for as long as somebody holds them.
async fn keep_fresh(tokens: Weak<Tokens>, tools: Tools) {
    let mut failures: u32 = 0;
    loop {
        let Some(tokens) = tokens.upgrade() else { return };
        let asked = tools.clock.now();
        let pause = match ask(&tokens.account, &tools).await {
            Ok(AccessToken { token, lives_for }) => {
                if std::mem::take(&mut failures) > 0 {
                    tracing::info!(account = tokens.account.email(), "access tokens come again");
                }
                let held = Held { token: Arc::new(token), until: asked + lives_for };
                tokens.held.send_replace(Some(held));
                renewal(lives_for)
            }
            Err(error) => {
                if failures == 0 {
                    let account = tokens.account.email();
                    tracing::warn!(account, %error, "no access token");
                }
                let pause = BACKOFF_FIRST.saturating_mul(1 << failures.min(10)).min(BACKOFF_MAX);
                failures = failures.saturating_add(1);
                pause.mul_f64(0.5 + fastrand::f64() / 2.0)
            }
        };
        drop(tokens);
        tokio::time::sleep(pause).await;
    }
}

/// How long after one token the next is asked for: early enough that some failures are survived.
fn renewal(lives_for: Duration) -> Duration {
    (lives_for * 3 / 4).max(RENEWAL_MIN)
}

/// Why there is no token.
#[derive(Debug, Error)]
enum AskError {
    #[error("{0}")]
    Account(#[from] ServiceAccountError),
    #[error("{0}")]
    Url(#[from] UrlError),
    #[error("no answer in time")]
    Timeout,
    #[error("status {0}")]
    Status(u16),
}

async fn ask(account: &ServiceAccount, tools: &Tools) -> Result<AccessToken, AskError> {
    let body = account.token_request(tools.clock.wall())?;
    let uri = account.token_uri();
    let work = Box::pin(post(uri, body.expose(), tools));
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, work).await;
    let answer = answer.map_err(|_elapsed| AskError::Timeout)??;
    let body = String::from_utf8_lossy(&answer.body);
    match AccessToken::read(&body) {
        // A refusal says more than its status.
        Err(refused @ ServiceAccountError::Refused(_)) => Err(refused.into()),
        _ if answer.status != 200 => Err(AskError::Status(answer.status)),
        read => Ok(read?),
    }
}

/// Posts to where a URI is, at the first of its addresses that may be connected to and answers.
async fn post(uri: &TokenUri, body: &str, tools: &Tools) -> Result<fetch::WholeAnswer, AskError> {
    let body =
        QuestionBody { content_type: "application/x-www-form-urlencoded", bytes: body.as_bytes() };
    Ok(tools.ask(uri, false, Some(body)).await?)
}

fn read(file: &Path) -> io::Result<Secret> {
    if std::fs::metadata(file)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(file).map(Secret::new)
}
