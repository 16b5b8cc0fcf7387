//! Setting up; the actions are beside this file.

pub(crate) mod complete;
pub(crate) mod show;
