//! Whose an object is, and how far who writes it may reach with it.

use architrave_config::object::Origin;
use architrave_store::ObjectRow;
use serde_json::Value;

use super::reach::{self, Reach};
use super::write::Wanted;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::permission::Permission;

/// What the file has is changed there.
pub(super) fn check_origin(wanted: &Wanted<'_>) -> Result<(), ApiError> {
    let Wanted { dependencies, kind, name, .. } = *wanted;
    let objects = dependencies.desired.objects();
    if let Some(Origin::File(file)) = objects.get(kind, name).map(|held| &held.origin) {
        // Where there is nothing but the file, that is what matters.
        if dependencies.platform.is_some() {
            return Err(ApiError::read_only_object(kind.singular(), name, file));
        }
    }
    Ok(())
}

/// Whose it is to be. It was judged for the team in the call; should it have moved since, that
/// judgement is worth nothing.
pub(super) fn agreed_team(
    wanted: &Wanted<'_>,
    before: Option<&ObjectRow>,
) -> Result<Option<String>, ApiError> {
    let call = wanted.call;
    match before {
        Some(before) if before.team != call.team => {
            let message = "it has changed since it was read";
            Err(ApiError::new(Code::PreconditionFailed, message))
        }
        Some(before) => {
            let asked = call.query.get("team");
            let is_same = asked.is_none_or(|asked| before.team.as_deref() == Some(asked));
            let message = "whose it is is changed by :move";
            let fault = Fault::of_parameter("team", message);
            is_same.then(|| before.team.clone()).ok_or_else(|| ApiError::query_fault(fault))
        }
        None => {
            if call.team.is_some() && !wanted.kind.may_belong_to_teams() {
                let message = format!("{} belong to no team", wanted.kind.plural());
                return Err(ApiError::query_fault(Fault::of_parameter("team", message)));
            }
            Ok(call.team.clone())
        }
    }
}

/// Whether it is written by a role in its team alone.
pub(super) fn has_team_reach(wanted: &Wanted<'_>, team: Option<&str>) -> bool {
    team.is_some() && !wanted.call.caller.may(Permission::WriteObjects, None)
}

/// Who may write it by a role in its team alone is not let reach beyond the team.
pub(super) async fn check_reach(
    wanted: &Wanted<'_>,
    team: Option<&str>,
    before: Option<&ObjectRow>,
    body: &Value,
) -> Result<(), ApiError> {
    let Wanted { dependencies, kind, .. } = *wanted;
    let Some(team) = team.filter(|_| has_team_reach(wanted, team)) else { return Ok(()) };
    let before = before.map(|before| &before.body);
    reach::check(dependencies, &wanted.call.caller, Reach { kind, team, before, body }).await
}
