//! Who calls, as the request path needs it: consumers and applications found by credential.
//!
//! Consumers are built once beside a snapshot, with their limits and policies; places in it are the
//! snapshot's own. Applications are those of the directory, which outlives it.

mod credentials;
mod limits;

use std::collections::HashMap;
use std::sync::Arc;

use architrave_config::{Consumer, ConsumerIndex, Snapshot};

use crate::chain::Level;
use crate::directory::{Application, Directory};
use crate::rate_limit::{KeyHash, RateLimiters};
use crate::registry::Ground;
use crate::view::RequestView;

pub use credentials::Credentials;
use limits::Limits;
pub use limits::ParallelGuard;

/// The field that tells a service who calls. It is set for verified callers and removed from
/// whatever comes in, so a service may believe it.
pub const CONSUMER_NAME_FIELD: &str = "x-consumer-name";

/// Every consumer of a snapshot, and every application.
#[derive(Debug)]
pub struct Consumers {
    credentials: Credentials,
    names: HashMap<Box<str>, ConsumerIndex, foldhash::fast::RandomState>,
    entries: Box<[Entry]>,
    directory: Arc<Directory>,
    hash: KeyHash,
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A consumer of the snapshot.
    Consumer(ConsumerIndex),
    /// Who has subscribed to plans, or may.
    Application(Arc<Application>),
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Consumer(one), Self::Consumer(other)) => one == other,
            (Self::Application(one), Self::Application(other)) => one.name == other.name,
            _ => false,
        }
    }
}

/// One consumer.
#[derive(Debug)]
pub(crate) struct Entry {
    name: Box<str>,
    /// Its key in the tables of rate limits.
    caller: u64,
    /// Its bounds over all routes; most have none.
    pub(crate) limits: Option<Limits>,
    /// Its own policies; most have none, and then they cost nothing.
    pub(crate) own: Option<Level>,
}

impl Consumers {
    /// Reads the consumers of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot, limiters: &RateLimiters, directory: &Arc<Directory>) -> Self {
        let ground = Ground { limiters, directory };
        let entries = snapshot.consumers.iter().map(|consumer| Entry::new(consumer, ground));
        let named = snapshot.consumers.iter().enumerate().map(|(place, consumer)| {
            (consumer.name.as_str().into(), ConsumerIndex(u32::try_from(place).unwrap_or(u32::MAX)))
        });
        Self {
            names: named.collect(),
            credentials: Credentials::new(&snapshot.consumers),
            entries: entries.collect(),
            directory: Arc::clone(directory),
            hash: limiters.key_hash(),
        }
    }

    /// Whose API key this is.
    #[must_use]
    pub fn by_api_key(&self, key: &[u8]) -> Option<Caller> {
        let consumer = self.credentials.by_api_key(key).map(Caller::Consumer);
        consumer.or_else(|| self.directory.by_key(key).map(Caller::Application))
    }

    /// Whose name and password these are.
    #[must_use]
    pub fn by_password(&self, username: &[u8], password: &[u8]) -> Option<Caller> {
        self.credentials.by_password(username, password).map(Caller::Consumer)
    }

    /// Who has this name; consumers go before applications.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<Caller> {
        let consumer = self.names.get(name).copied().map(Caller::Consumer);
        consumer.or_else(|| self.directory.by_name(name).map(Caller::Application))
    }

    /// Who knows applications, and the keys of issuers.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Tells the service, and the limits that follow, that an application calls.
    pub(crate) fn announce(&self, application: &Application, view: &mut RequestView<'_>) {
        view.admission.caller = Some(self.hash.of_application(&application.name));
        view.head.fields.append(CONSUMER_NAME_FIELD, application.name.as_bytes());
    }

    /// The consumer at a place; `None` only for a place of another snapshot.
    pub(crate) fn get(&self, index: ConsumerIndex) -> Option<&Entry> {
        self.entries.get(index.get())
    }
}

impl Entry {
    fn new(consumer: &Arc<Consumer>, ground: Ground<'_>) -> Self {
        let limiters = ground.limiters;
        let name = consumer.name.as_str();
        let object = format!("consumers/{name}");
        Self {
            name: name.into(),
            caller: limiters.key_hash().of_consumer(name),
            limits: Limits::new(&consumer.limits, &object, limiters),
            own: Level::new(&consumer.policies, &object, ground),
        }
    }

    /// Tells the service, and the limits that follow, who calls.
    pub(crate) fn announce(&self, view: &mut RequestView<'_>) {
        view.admission.caller = Some(self.caller);
        view.head.fields.append(CONSUMER_NAME_FIELD, self.name.as_bytes());
    }
}
