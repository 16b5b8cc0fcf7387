//! What the store promises, asked of both databases by the same tests.

mod applications;
mod audit;
mod backup;
mod change;
mod crash;
mod feed;
mod home;
mod idempotency;
mod keys;
mod migrate;
mod objects;
mod people;
mod revisions;
mod sessions;
mod settings;
mod sign_ins;
mod tokens;
mod usage;

pub(crate) use home::{Home, KEY, ada, each_store, entry};
