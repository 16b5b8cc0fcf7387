//! Subscriptions, and the inbox of those who approve them.

pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod step;
