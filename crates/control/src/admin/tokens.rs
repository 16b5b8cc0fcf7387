//! The caller's tokens; the actions are beside this file.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
