//! Consumers as the request path needs them: found by credential, with their limits and policies.
//!
//! Built once beside a snapshot; places in it are the snapshot's own.

mod credentials;
mod limits;

use std::sync::Arc;

use architrave_config::{Consumer, ConsumerIndex, Snapshot};

use crate::chain::Level;
use crate::rate_limit::RateLimiters;
use crate::view::RequestView;

pub use credentials::Credentials;
use limits::Limits;
pub use limits::ParallelGuard;

/// The field that tells a service who calls. It is set for verified callers and removed from
/// whatever comes in, so a service may believe it.
pub const CONSUMER_NAME_FIELD: &str = "x-consumer-name";

/// Every consumer of a snapshot.
#[derive(Debug, Default)]
pub struct Consumers {
    credentials: Credentials,
    entries: Box<[Entry]>,
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
    pub fn new(snapshot: &Snapshot, limiters: &RateLimiters) -> Self {
        let entries = snapshot.consumers.iter().map(|consumer| Entry::new(consumer, limiters));
        Self { credentials: Credentials::new(&snapshot.consumers), entries: entries.collect() }
    }

    /// Who is known by which credential.
    #[must_use]
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The consumer at a place; `None` only for a place of another snapshot.
    pub(crate) fn get(&self, index: ConsumerIndex) -> Option<&Entry> {
        self.entries.get(index.get())
    }
}

impl Entry {
    fn new(consumer: &Arc<Consumer>, limiters: &RateLimiters) -> Self {
        let name = consumer.name.as_str();
        let object = format!("consumers/{name}");
        Self {
            name: name.into(),
            caller: limiters.key_hash().of_consumer(name),
            limits: Limits::new(&consumer.limits, &object, limiters),
            own: Level::new(&consumer.policies, &object, limiters),
        }
    }

    /// Tells the service, and the limits that follow, who calls.
    pub(crate) fn announce(&self, view: &mut RequestView<'_>) {
        view.admission.caller = Some(self.caller);
        view.head.fields.append(CONSUMER_NAME_FIELD, self.name.as_bytes());
    }
}
