//! Service accounts and their tokens; the actions are beside this file.

pub(crate) mod create;
pub(crate) mod create_token;
pub(crate) mod delete;
pub(crate) mod list;
pub(crate) mod list_tokens;
pub(crate) mod revoke_token;
pub(crate) mod show;
pub(crate) mod update;
