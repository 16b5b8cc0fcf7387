//! All sessions of the caller; the actions are beside this file.

pub(crate) mod end;
pub(crate) mod list;
