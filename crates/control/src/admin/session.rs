//! The session of the caller; the actions are beside this file.

pub(crate) mod show;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
