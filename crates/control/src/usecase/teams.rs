//! Teams: who is in them, and as what. What belongs to a team is judged by that.

use architrave_store::{Change, NewTeam, Page, StoreError, Team, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::check_display_name;
use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::etag::{Conditions, etag};
use crate::page::Paging;
use crate::permission::{Permission, Role};
use crate::reply::Reply;

const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// One for each kind and period.
const BUDGETS_MAX: usize = 10;

/// How many are looked at at once.
const ROWS_AT_ONCE: u32 = 200;

/// A team.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamBody {
    id: String,
    name: String,
    display_name: String,
    description: String,
    /// What all of its applications together may use up, as it was set; what a gateway file says of
    /// the team holds in its place.
    budgets: Vec<BudgetOfTeam>,
    revision: i64,
    created_at: String,
    updated_at: String,
}

/// What may be used up in a period: either `money` or `tokens`.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetOfTeam {
    /// Money, such as `12.50 USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    money: Option<String>,
    /// Tokens, of prompts and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<u64>,
    /// `minute`, `hour`, `day`, `week` or `month`, of the calendar in UTC.
    per: String,
}

/// What all applications of a team together may use up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamBudgets {
    /// All of them hold; none of the same kind and period twice.
    #[schema(max_items = 10)]
    budgets: Vec<BudgetOfTeam>,
}

/// A page of teams.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamPage {
    teams: Vec<TeamBody>,
    next_page_token: Option<String>,
}

/// A team that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTeamBody {
    /// Its name for good: `[a-z0-9-]{1,63}`.
    name: String,
    /// The name where it is left out.
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: String,
    /// The id or e-mail address of its first owner.
    #[serde(default)]
    owner: Option<String>,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamPatch {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

/// A user in a team.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberBody {
    /// The id of the user.
    user: String,
    email: String,
    display_name: String,
    /// `owner`, `maintainer` or `developer`.
    role: String,
    created_at: String,
}

/// A page of members.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberPage {
    members: Vec<MemberBody>,
    next_page_token: Option<String>,
}

/// What somebody is to be in a team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberRole {
    /// `owner`, `maintainer` or `developer`.
    role: String,
}

/// Says that it is not there, whether it is not or may not be seen.
pub(crate) fn not_found(name: &str) -> ApiError {
    ApiError::new(Code::TeamNotFound, format!("no team is named {name}"))
}

/// A failure to write what belongs to a team: perhaps there is no such team.
pub(crate) fn missing(error: StoreError, team: Option<&str>) -> ApiError {
    match (&error, team) {
        (StoreError::Missing(_), Some(team)) => not_found(team),
        _ => error.into(),
    }
}

/// Refuses a team that there is not.
pub(crate) async fn must_exist(dependencies: &Dependencies, name: &str) -> Result<(), ApiError> {
    let team = match &dependencies.platform {
        Some(platform) => platform.store().team(name).await?,
        None => None,
    };
    team.map(|_| ()).ok_or_else(|| not_found(name))
}

fn body(team: &Team) -> TeamBody {
    TeamBody {
        id: team.id.clone(),
        name: team.name.clone(),
        display_name: team.display_name.clone(),
        description: team.description.clone(),
        budgets: serde_json::from_value(team.budgets.clone()).unwrap_or_default(),
        revision: team.revision,
        created_at: time(team.created_at),
        updated_at: time(team.updated_at),
    }
}

fn shown(team: &Team) -> Reply {
    Reply::ok(&body(team)).with_etag(Some(etag(&team.id, team.revision)))
}

pub(crate) fn done(action: &str, before: Option<&Team>, after: Option<&Team>) -> Done {
    let value = |team: &Team| serde_json::to_value(body(team)).ok();
    let name = after.or(before).map(|team| team.name.clone()).unwrap_or_default();
    Done {
        action: action.to_owned(),
        kind: "team",
        team: Some(name.clone()),
        name,
        before: before.and_then(value),
        after: after.and_then(value),
    }
}

/// The teams that the caller may see.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
    paging: &Paging,
) -> Result<TeamPage, ApiError> {
    let store = platform(dependencies)?.store();
    let Some(own) = caller.teams_for(Permission::ReadTeams) else {
        let (teams, next) = store.teams(&paging.page()).await?;
        let next_page_token = next.map(|next| paging.token(&next));
        return Ok(TeamPage { teams: teams.iter().map(body).collect(), next_page_token });
    };
    let after = paging.after.as_deref();
    let mut names = own.into_iter().filter(|name| after.is_none_or(|after| *name > after));
    let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
    let mut teams = Vec::new();
    for name in names.by_ref().take(size) {
        teams.extend(store.team(name).await?.as_ref().map(body));
    }
    let last = names.next().and(teams.last());
    let next_page_token = last.map(|last| paging.token(&last.name));
    Ok(TeamPage { teams, next_page_token })
}

pub(crate) async fn read(dependencies: &Dependencies, name: &str) -> Result<Reply, ApiError> {
    let team = platform(dependencies)?.store().team(name).await?;
    Ok(shown(&team.ok_or_else(|| not_found(name))?))
}

pub(crate) async fn create(
    dependencies: &Dependencies,
    call: &Call,
    wanted: NewTeamBody,
) -> Result<Reply, ApiError> {
    if !architrave_core::name::check(&wanted.name) {
        return Err(ApiError::value_fault("/name", "names are 1 to 63 of a-z, 0-9 and -"));
    }
    let display_name = wanted.display_name.unwrap_or_else(|| wanted.name.clone());
    check_display_name(&display_name)?;
    check_description(&wanted.description)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let team = NewTeam { name: wanted.name, display_name, description: wanted.description };
    let team = writing.change.insert_team(team).await?;
    if let Some(owner) = &wanted.owner {
        let owner = find_user(&mut writing.change, owner).await?;
        let owner = owner.ok_or_else(|| {
            ApiError::value_fault("/owner", "there is no user of that id or e-mail address")
        })?;
        writing.change.put_membership(&team.name, &owner.id, Role::Owner.as_str()).await?;
    }
    let reply = if writing.validates_only() {
        Reply::ok(&body(&team))
    } else {
        let location = format!("/api/v1/teams/{}", team.name);
        Reply::created(location, &body(&team)).with_etag(Some(etag(&team.id, team.revision)))
    };
    writing.end(done("create_team", None, Some(&team)), reply).await
}

pub(crate) async fn update(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
    wanted: TeamPatch,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.team(name).await?.ok_or_else(|| not_found(name))?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    let mut team = before.clone();
    if let Some(name) = wanted.display_name {
        check_display_name(&name)?;
        team.display_name = name;
    }
    if let Some(description) = wanted.description {
        check_description(&description)?;
        team.description = description;
    }
    let team = writing.change.update_team(team).await?;
    writing.end(done("update_team", Some(&before), Some(&team)), shown(&team)).await
}

/// Sets what all applications of a team together may use up.
pub(crate) async fn set_budgets(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
    wanted: TeamBudgets,
) -> Result<Reply, ApiError> {
    check_budgets_origin(dependencies, name)?;
    let budgets = checked_budgets(&wanted.budgets)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.team(name).await?.ok_or_else(|| not_found(name))?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    let team = writing.change.update_team(Team { budgets, ..before.clone() }).await?;
    let done = done("set_team_budgets", Some(&before), Some(&team));
    super::applications::end(dependencies, writing, done, shown(&team)).await
}

/// What the file says of a team is changed there.
pub(crate) fn check_budgets_origin(
    dependencies: &Dependencies,
    name: &str,
) -> Result<(), ApiError> {
    let snapshot = dependencies.directory.snapshot();
    if snapshot.teams.iter().any(|team| team.name.as_str() == name) {
        let message =
            format!("the budgets of team {name} are in the gateway file, where they change");
        return Err(ApiError::new(Code::ReadOnlyObject, message));
    }
    Ok(())
}

/// Budgets as they are kept, held to what a gateway file may say.
pub(crate) fn checked_budgets(wanted: &[BudgetOfTeam]) -> Result<serde_json::Value, ApiError> {
    if wanted.len() > BUDGETS_MAX {
        let message = format!("a team has at most {BUDGETS_MAX} budgets");
        return Err(ApiError::value_fault("/budgets", message));
    }
    let budgets =
        serde_json::to_value(wanted).map_err(|error| ApiError::internal(error.to_string()))?;
    let Err(faults) = architrave_config::budgets_of(&budgets) else { return Ok(budgets) };
    let faults: Vec<Fault> = faults
        .into_iter()
        .map(|fault| Fault::at(format!("/budgets{}", fault.pointer), fault.message))
        .collect();
    let message = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
    Err(ApiError::new(Code::ValueOutOfRange, message).with_faults(faults))
}

pub(crate) async fn delete(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let team = writing.change.team(name).await?.ok_or_else(|| not_found(name))?;
    conditions.check(Some(&etag(&team.id, team.revision)))?;
    writing.change.remove_team(&team).await.map_err(|error| match error {
        StoreError::InUse(_) => {
            let message = format!("team {name} still has objects or service accounts");
            ApiError::new(Code::TeamNotEmpty, message)
        }
        other => other.into(),
    })?;
    writing.end(done("delete_team", Some(&team), None), Reply::nothing()).await
}

pub(crate) fn check_description(text: &str) -> Result<(), ApiError> {
    let is_short = text.chars().count() <= DESCRIPTION_CHARS_MAX;
    let message = format!("a description has at most {DESCRIPTION_CHARS_MAX} characters");
    is_short.then_some(()).ok_or_else(|| ApiError::value_fault("/description", message))
}

/// Who is in a team.
pub(crate) async fn members(
    dependencies: &Dependencies,
    team: &str,
    paging: &Paging,
) -> Result<MemberPage, ApiError> {
    let store = platform(dependencies)?.store();
    store.team(team).await?.ok_or_else(|| not_found(team))?;
    let (memberships, next) = store.members_of(team, &paging.page()).await?;
    let mut members = Vec::new();
    for one in memberships {
        let Some(user) = store.user(&one.user).await? else { continue };
        members.push(member(&user, one.role, one.created_at));
    }
    Ok(MemberPage { members, next_page_token: next.map(|next| paging.token(&next)) })
}

fn member(user: &User, role: String, created_at: i64) -> MemberBody {
    MemberBody {
        user: user.id.clone(),
        email: user.email.clone(),
        display_name: user.display_name.clone(),
        role,
        created_at: time(created_at),
    }
}

/// Puts somebody into a team, or makes them something else there.
pub(crate) async fn put_member(
    dependencies: &Dependencies,
    call: &Call,
    (team, user): (&str, &str),
    wanted: MemberRole,
) -> Result<Reply, ApiError> {
    let role = Role::in_team(&wanted.role).ok_or_else(|| {
        ApiError::value_fault("/role", "a role in a team is owner, maintainer or developer")
    })?;
    let mut writing = Writing::begin(dependencies, call).await?;
    writing.change.team(team).await?.ok_or_else(|| not_found(team))?;
    let found = find_user(&mut writing.change, user).await?;
    let user = found.ok_or_else(|| super::users::not_found(user))?;
    let before = writing.change.membership(team, &user.id).await?;
    if before.as_ref().is_some_and(|one| one.role == "owner") && role != Role::Owner {
        keep_an_owner(&mut writing.change, team, &user.id).await?;
    }
    let after = writing.change.put_membership(team, &user.id, role.as_str()).await?;
    let reply = Reply::ok(&member(&user, after.role.clone(), after.created_at));
    let done = Done {
        action: "put_member".to_owned(),
        kind: "member",
        name: user.email,
        team: Some(team.to_owned()),
        before: before.map(|one| serde_json::json!({ "role": one.role })),
        after: Some(serde_json::json!({ "role": after.role })),
    };
    writing.end(done, reply).await
}

/// Takes somebody out of a team.
pub(crate) async fn remove_member(
    dependencies: &Dependencies,
    call: &Call,
    (team, user): (&str, &str),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let not_member = || {
        let message = format!("nobody of that id or e-mail address is in team {team}");
        ApiError::new(Code::MemberNotFound, message)
    };
    let user = find_user(&mut writing.change, user).await?.ok_or_else(not_member)?;
    let before = writing.change.membership(team, &user.id).await?.ok_or_else(not_member)?;
    if before.role == "owner" {
        keep_an_owner(&mut writing.change, team, &user.id).await?;
    }
    writing.change.remove_membership(team, &user.id).await?;
    let done = Done {
        action: "remove_member".to_owned(),
        kind: "member",
        name: user.email,
        team: Some(team.to_owned()),
        before: Some(serde_json::json!({ "role": before.role })),
        after: None,
    };
    writing.end(done, Reply::nothing()).await
}

/// By id, or by address.
async fn find_user(change: &mut Change, text: &str) -> Result<Option<User>, ApiError> {
    Ok(match text {
        text if text.contains('@') => change.user_by_email(text.trim()).await?,
        id => change.user(id).await?,
    })
}

/// Somebody must be able to manage the team.
pub(super) async fn keep_an_owner(
    change: &mut Change,
    team: &str,
    but: &str,
) -> Result<(), ApiError> {
    let mut page = Page::first(ROWS_AT_ONCE);
    loop {
        let (members, next) = change.members_of(team, &page).await?;
        if members.iter().any(|member| member.user != but && member.role == "owner") {
            return Ok(());
        }
        if next.is_none() {
            let message = format!("team {team} would have no owner; make somebody else one first");
            return Err(ApiError::new(Code::LastOwner, message));
        }
        page.after = next;
    }
}
