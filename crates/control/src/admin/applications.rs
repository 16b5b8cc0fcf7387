//! Applications, with their credentials and subscriptions.

pub(crate) mod create;
pub(crate) mod create_credential;
pub(crate) mod create_subscription;
pub(crate) mod delete;
pub(crate) mod delete_credential;
pub(crate) mod find_credentials;
pub(crate) mod limits;
pub(crate) mod list;
pub(crate) mod list_credentials;
pub(crate) mod list_subscriptions;
pub(crate) mod revoke_credential;
pub(crate) mod rotate_credential;
pub(crate) mod show;
pub(crate) mod show_credential;
pub(crate) mod update;
