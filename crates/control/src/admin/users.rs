//! Users; the actions are beside this file.

pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod invite;
pub(crate) mod list;
pub(crate) mod redeem_code;
pub(crate) mod reset_password;
pub(crate) mod set_password;
pub(crate) mod show;
pub(crate) mod update;
