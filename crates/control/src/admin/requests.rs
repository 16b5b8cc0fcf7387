//! The request log; the actions are beside this file.

pub(crate) mod export;
pub(crate) mod follow;
pub(crate) mod followed;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod tail;
