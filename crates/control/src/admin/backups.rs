//! Backups of the embedded database; the actions are beside this file.

pub(crate) mod create;
pub(crate) mod list;
