//! Objects: what is there, from the file and the database, and how it is changed: validated whole
//! with all that is there, written with its row of the audit log, and live when that is done.

mod ahead;
mod alone;
mod apply;
mod body;
mod describe;
mod described;
mod gate;
mod guard;
mod history;
mod import;
mod life;
mod merge;
mod pointing;
mod prepare;
mod provider_test;
mod put;
mod reach;
mod read;
mod revisions;
mod sunset;
mod versions;
mod warnings;
mod whose;
mod write;

pub(crate) use apply::{Apply, apply};
pub(crate) use describe::{description_for, lint_of, put_description};
pub(crate) use gate::Override;
pub(crate) use history::{compare_revisions, list_revisions, show_revision};
pub(crate) use import::{Import, import};
pub(crate) use life::{MOVES, Move};
pub(crate) use merge::merge;
pub(crate) use pointing::{Pointing, point_at, roll_back};
pub(crate) use prepare::{Preparation, prepare};
pub(crate) use provider_test::{test_new_provider, test_provider};
pub(crate) use read::{Shown, list, read, seen, sees_plan, sees_product};
pub(crate) use sunset::retire_by_date;
pub(crate) use versions::{list_versions, make_version};
pub(crate) use write::{Change, Terms, Wanted, delete, move_state, move_to, write};

use architrave_config::object::ObjectKind;

use crate::code::Code;
use crate::error::ApiError;

/// Says that it is not there, whether it is not or may not be seen.
pub(crate) fn not_found(kind: ObjectKind, name: &str) -> ApiError {
    match kind {
        ObjectKind::Upstream => ApiError::upstream_not_found(name),
        ObjectKind::Model => ApiError::model_not_found(name),
        _ => ApiError::new(Code::ObjectNotFound, format!("no {kind} is named {name}")),
    }
}
