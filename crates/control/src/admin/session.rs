//! The session of the caller; the actions are beside this file.

pub(crate) mod begin;
pub(crate) mod finish;
pub(crate) mod list_providers;
pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
