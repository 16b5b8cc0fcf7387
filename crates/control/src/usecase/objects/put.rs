//! Objects are put into the database: the whole configuration with them, what callers rely on, the
//! rows, the revisions; what is written is not live yet.

use std::time::SystemTime;

use architrave_config::object::{Object, ObjectChange, ObjectFault, ObjectKind, secret_pointers};
use architrave_config::ports::{StageError, Staged};
use architrave_store::{ObjectRow, ObjectWrite};
use serde_json::{Value, json};

use super::gate::{self, Broken, Override};
use super::write::Wanted;
use super::{guard, revisions, warnings};
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::permission::Permission;
use crate::time::moment;
use crate::usecase::{Writing, teams};

/// Why something is written.
#[derive(Clone, Copy)]
pub(super) struct Note<'a> {
    /// For whoever looks at revisions.
    pub(super) why: &'a str,
    /// Whether what breaks callers is written all the same.
    pub(super) given: &'a Override,
}

/// One object that is to be so, or to be gone.
pub(super) struct Planned {
    pub(super) kind: ObjectKind,
    pub(super) name: String,
    pub(super) team: Option<String>,
    /// As it is.
    pub(super) before: Option<ObjectRow>,
    /// As it is to be; `None` for gone.
    pub(super) body: Option<Value>,
}

/// What was written, and is not live yet.
pub(super) struct Put {
    pub(super) staged: Box<dyn Staged>,
    /// Rows in the order of the plan, without those that are gone.
    pub(super) rows: Vec<ObjectRow>,
    /// What breaks callers and was written all the same.
    pub(super) overridden: Option<Value>,
    /// What is worth telling of the service or product that was written.
    pub(super) warnings: Vec<String>,
}

/// Writes several objects as one, once the whole configuration with them has been found good and
/// breaks nobody who calls; with the revisions of the services that it is about.
pub(super) async fn put_all(
    wanted: &Wanted<'_>,
    writing: &mut Writing<'_>,
    planned: &[Planned],
    note: Note<'_>,
) -> Result<Put, ApiError> {
    let changes = planned_changes(planned);
    let staged = stage(wanted, changes.clone()).await?;
    let before = wanted.dependencies.desired.objects();
    let after = revisions::with(&before, &changes);
    let mut broken = Broken::default();
    for one in planned.iter().filter(|one| one.kind == ObjectKind::Service) {
        let Some(body) = &one.body else { continue };
        let team = one.team.as_deref();
        let of = gate::Wanted { before: one.before.as_ref(), name: &one.name, team, body };
        // Whoever may not publish does not publish what breaks callers by another way.
        let may_override = wanted.call.caller.may(Permission::PublishServices, team);
        let is_own = wanted.kind == one.kind && wanted.name == one.name;
        broken.add(writing, &after, of, (is_own, may_override)).await?;
    }
    let mut overridden = broken.judge(note.given)?;
    let caller = &wanted.call.caller;
    guard::check_suspended(caller, (&before, &after), planned)?;
    guard::check_plans(writing, planned).await?;
    let opened = guard::check_closed(caller, (&before, &after), note.given)?;
    if !opened.is_empty() {
        let told = overridden.get_or_insert_with(|| json!({ "reason": note.given.reason }));
        told["opened"] = opened.into();
    }
    check_consumers(writing, planned).await?;
    let mut rows = Vec::with_capacity(planned.len());
    for one in planned {
        rows.extend(write_one(writing, one).await?);
    }
    let actor = wanted.call.caller.actor_name().to_owned();
    revisions::note(writing, (&before, &after), &changes, (&actor, note.why)).await?;
    let warnings = match wanted.kind {
        ObjectKind::Service => warnings::of_service(&after, wanted.name),
        ObjectKind::Product => warnings::of_product(&after, wanted.name),
        _ => Vec::new(),
    };
    Ok(Put { staged, rows, overridden, warnings })
}

/// Refuses consumers that are named like an application: to services and in logs both are known by
/// their names alone.
async fn check_consumers(writing: &mut Writing<'_>, planned: &[Planned]) -> Result<(), ApiError> {
    let new = planned.iter().filter(|one| {
        one.kind == ObjectKind::Consumer && one.before.is_none() && one.body.is_some()
    });
    for Planned { name, .. } in new {
        if writing.change.application(name).await?.is_some() {
            let message = format!("an application is named {name} already");
            let fault = Fault::at("/name", message.clone());
            let refusal = ApiError::new(Code::NameTaken, message).with_faults(vec![fault]);
            return Err(refusal.of_object(&format!("consumers/{name}")));
        }
    }
    Ok(())
}

/// What the running gateway is told of a plan.
pub(super) fn planned_changes(planned: &[Planned]) -> Vec<ObjectChange> {
    let change = |one: &Planned| match &one.body {
        None => ObjectChange::Remove { kind: one.kind, name: one.name.clone() },
        Some(body) => {
            let (kind, name) = (one.kind, one.name.clone());
            let object = Object { kind, name, body: body.clone() };
            ObjectChange::Put(object.of_team(one.team.as_deref()))
        }
    };
    planned.iter().map(change).collect()
}

async fn write_one(
    writing: &mut Writing<'_>,
    planned: &Planned,
) -> Result<Option<ObjectRow>, ApiError> {
    let Planned { kind, name, team, before, body } = planned;
    let Some(body) = body else {
        if let Some(before) = before {
            writing.change.remove_object(before).await?;
            if *kind == ObjectKind::Service {
                writing.change.forget_revisions(&before.id).await?;
            }
        }
        return Ok(None);
    };
    let secrets = secret_pointers(*kind, body);
    let team = team.as_deref();
    let write = ObjectWrite { kind: kind.singular(), name, team, body, secrets: &secrets };
    let after = match before {
        None => writing.change.insert_object(bare_prefix(*kind), write).await,
        Some(before) => writing.change.update_object(before, write).await,
    };
    after.map(Some).map_err(|error| teams::missing(error, team))
}

/// The time of a change.
pub(super) fn now(writing: &Writing<'_>) -> SystemTime {
    moment(writing.change.at())
}

/// Has the whole configuration with some changes made ready.
pub(super) async fn stage(
    wanted: &Wanted<'_>,
    changes: Vec<ObjectChange>,
) -> Result<Box<dyn Staged>, ApiError> {
    let staged = wanted.dependencies.desired.stage(changes).await;
    staged.map_err(|error| not_staged(wanted, error))
}

/// Why a change was not staged, as it is told.
pub(super) fn not_staged(wanted: &Wanted<'_>, error: StageError) -> ApiError {
    match error {
        StageError::Invalid(faults) => invalid(wanted, faults),
        StageError::ReadOnly { kind, name, file } => {
            ApiError::read_only_object(kind.singular(), &name, &file)
        }
        StageError::NotPossible(why) => ApiError::new(Code::ConfigNotPossible, why),
    }
}

/// Faults of the body with pointers into it; of other objects, with their names.
fn invalid(wanted: &Wanted<'_>, faults: Vec<ObjectFault>) -> ApiError {
    let message = match faults.len() {
        1 => "the configuration would have a fault with this".to_owned(),
        count => format!("the configuration would have {count} faults with this"),
    };
    let faults = faults.into_iter().map(|fault| {
        let is_own = fault.kind == wanted.kind && fault.name == wanted.name;
        let object = (!is_own).then(|| format!("{}/{}", fault.kind.plural(), fault.name));
        let said = Fault::at(fault.pointer, fault.message).with_suggestion(fault.suggestion);
        said.of_object(object)
    });
    ApiError::new(Code::ObjectInvalid, message).with_faults(faults.collect())
}

/// The store puts the `_` in.
fn bare_prefix(kind: ObjectKind) -> &'static str {
    kind.id_prefix().trim_end_matches('_')
}
