//! Floor 2: the database. Objects, people, what they may use to prove themselves, the audit log;
//! SQLite in the data folder, or PostgreSQL, with the same statements.
//!
//! It knows rows and nothing of what they mean: what is valid, `config` says, and who may do what,
//! `control`. Whoever writes begins a [`Change`], of which there is one at a time, and ends it with
//! a row of the audit log or not at all.

mod applications;
mod audit;
mod change;
mod credentials;
mod error;
mod feed;
mod filter;
mod id;
mod idempotency;
mod key_checks;
mod migrate;
mod notifications;
mod objects;
mod page;
mod place;
mod reads;
mod revisions;
mod service_accounts;
mod sessions;
mod settings;
mod sign_ins;
mod store;
mod subscriptions;
mod teams;
mod tokens;
mod usage;
mod users;
mod vault;
mod whole;

pub use applications::{Application, ApplicationNews, KnownApplication, NewApplication};
pub use audit::{AuditEntry, AuditFilter, AuditRow};
pub use change::Change;
pub use credentials::{Credential, ENDED_KEYS_MAX, KnownKey, NewCredential};
pub use error::StoreError;
pub use id::new_id;
pub use idempotency::{Answered, Idempotency, IdempotencyClaim};
pub use notifications::{NewNotification, Notification};
pub use objects::{ObjectMark, ObjectRow, ObjectWrite, ObjectsMark};
pub use page::Page;
pub use place::Place;
pub use revisions::{NewRevision, Revision, digest_of};
pub use service_accounts::{NewServiceAccount, ServiceAccount};
pub use sessions::Session;
pub use sign_ins::SignIn;
pub use store::Store;
pub use subscriptions::{NewSubscription, Subscription, SubscriptionFilter};
pub use teams::{Membership, NewTeam, Team};
pub use tokens::{NewToken, Token};
pub use usage::{
    RequestFilter, RequestRow, UsageBatch, UsageCell, UsageGroup, UsageKeep, UsageKey, UsageQuery,
    UsageScope, UsageSlice, UsageStore, UsageSums, UsageSwept,
};
pub use users::{NewUser, Subject, User};
pub use vault::KEY_BYTES;

#[cfg(test)]
mod tests;
