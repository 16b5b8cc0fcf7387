//! Teams that are to be there, with what is said of them; who is in them is said elsewhere.

use architrave_store::{NewTeam, Team};

use super::seen::Seen;
use super::told::Told;
use super::wanted::WantedTeam;
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::etag::etag;
use crate::usecase::users::check_display_name;
use crate::usecase::{Writing, teams};

/// Makes all of them so.
pub(super) async fn make_all(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    wanted: &[WantedTeam],
    told: &mut Told,
) -> Result<(), ApiError> {
    for (at, team) in wanted.iter().enumerate() {
        let made = make(dependencies, writing, team, told).await;
        made.map_err(|refusal| refusal.below(&format!("/teams/{at}")))?;
    }
    Ok(())
}

async fn make(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    wanted: &WantedTeam,
    told: &mut Told,
) -> Result<(), ApiError> {
    let WantedTeam { name, display_name, description, budgets, if_match, if_none_match } = wanted;
    if !architrave_core::name::check(name) {
        return Err(ApiError::value_fault("/name", "names are 1 to 63 of a-z, 0-9 and -"));
    }
    if let Some(display_name) = display_name {
        check_display_name(display_name)?;
    }
    if let Some(description) = description {
        teams::check_description(description)?;
    }
    let budgets = budgets.as_deref().map(teams::checked_budgets).transpose()?;
    let before = writing.change.team(name).await?;
    let seen = Seen { if_match: if_match.as_deref(), if_none_match: if_none_match.as_deref() };
    let is = before.as_ref().map(|before| etag(&before.id, before.revision));
    seen.check(&format!("team {name}"), is)?;
    let is_new = before.is_none();
    let there = match &before {
        Some(before) => before.clone(),
        None => {
            let display_name = display_name.clone().unwrap_or_else(|| name.clone());
            let description = description.clone().unwrap_or_default();
            let new = NewTeam { name: name.clone(), display_name, description };
            writing.change.insert_team(new).await?
        }
    };
    let after = Team {
        display_name: display_name.clone().unwrap_or_else(|| there.display_name.clone()),
        description: description.clone().unwrap_or_else(|| there.description.clone()),
        budgets: budgets.unwrap_or_else(|| there.budgets.clone()),
        ..there.clone()
    };
    if after.budgets != there.budgets {
        teams::check_budgets_origin(dependencies, name)?;
    }
    let is_other = after != there;
    let after = if is_other { writing.change.update_team(after).await? } else { after };
    if is_other || is_new {
        let (action, change) =
            if is_new { ("create_team", "create") } else { ("update_team", "update") };
        let done = teams::done(action, before.as_ref(), Some(&after));
        told.add(writing, (name, change), done).await?;
    }
    Ok(())
}
