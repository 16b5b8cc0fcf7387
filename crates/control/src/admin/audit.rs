//! The audit log; the actions are beside this file.

pub(crate) mod export;
pub(crate) mod list;
