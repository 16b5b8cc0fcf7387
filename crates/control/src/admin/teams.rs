//! Teams and who is in them; the actions are beside this file.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod limits;
pub(crate) mod list;
pub(crate) mod list_members;
pub(crate) mod put_member;
pub(crate) mod remove_member;
pub(crate) mod set_budgets;
pub(crate) mod show;
pub(crate) mod update;
