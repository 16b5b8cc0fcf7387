//! Services beside what all objects have: their life, the description of their API, their revisions
//! and versions.

pub(crate) mod callers;
pub(crate) mod compare_revisions;
pub(crate) mod create_version;
pub(crate) mod deprecate;
pub(crate) mod import;
pub(crate) mod lint_api;
pub(crate) mod list_revisions;
pub(crate) mod list_versions;
pub(crate) mod point;
pub(crate) mod prepare;
pub(crate) mod publish;
pub(crate) mod put_api;
pub(crate) mod retire;
pub(crate) mod roll_back;
pub(crate) mod show_api;
pub(crate) mod show_revision;
pub(crate) mod step;
