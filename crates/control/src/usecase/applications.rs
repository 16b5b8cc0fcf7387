//! Applications: who calls by subscriptions. They belong to a team or to the user who made them.

use architrave_config::Snapshot;
use architrave_store::{Application, NewApplication, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::teams::missing;
use super::{Done, Writing, platform, subscriptions};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::{Conditions, etag};
use crate::page::Paging;
use crate::permission::Permission;
use crate::reply::Reply;

const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// How many applications a user may have of their own; a team's are not counted.
pub(crate) const OWN_MAX: u32 = 100;

/// An application.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApplicationBody {
    /// `null` for one of the gateway file.
    id: Option<String>,
    name: String,
    description: String,
    /// The team that it belongs to; `null` for a user's own.
    team: Option<String>,
    /// The id of the user that it belongs to; `null` for a team's.
    owner: Option<String>,
    /// `database`, or `file`, where alone it can be changed.
    origin: String,
    revision: Option<i64>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

/// A page of applications.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApplicationPage {
    applications: Vec<ApplicationBody>,
    next_page_token: Option<String>,
}

/// An application that is to be. Its team is named by `?team=`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApplicationBody {
    /// `[a-z0-9-]{1,63}`; services are told it as `x-consumer-name`.
    name: String,
    #[serde(default)]
    description: String,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationPatch {
    #[serde(default)]
    description: Option<String>,
}

/// Says that it is not there, whether it is not or may not be seen.
pub(crate) fn not_found(name: &str) -> ApiError {
    ApiError::new(Code::ApplicationNotFound, format!("no application is named {name}"))
}

/// Whose an application is; `None` where it is not there.
pub(crate) async fn belongs_to(
    dependencies: &Dependencies,
    name: &str,
) -> Result<Option<Belongs>, ApiError> {
    let snapshot = dependencies.directory.snapshot();
    if let Some(of_file) = of_file(&snapshot, name) {
        let owner_email = snapshot.applications.iter().find(|it| it.name.as_str() == name);
        let owner_email = owner_email.and_then(|it| it.owner.clone());
        return Ok(Some(Belongs { team: of_file.team, owner: None, owner_email }));
    }
    let Some(platform) = &dependencies.platform else { return Ok(None) };
    let application = platform.store().application(name).await?;
    Ok(application.map(|it| Belongs { team: it.team, owner: it.owner, owner_email: None }))
}

/// Whose something is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Belongs {
    pub(crate) team: Option<String>,
    /// The id of a user.
    pub(crate) owner: Option<String>,
    /// The address of a user, where a file says whose it is.
    pub(crate) owner_email: Option<String>,
}

impl Belongs {
    /// Whether it is the caller's own.
    pub(crate) fn is_own(&self, caller: &Caller) -> bool {
        let is_by_email = self.owner_email.as_deref().is_some_and(|owner| {
            caller.email().is_some_and(|email| email.eq_ignore_ascii_case(owner))
        });
        is_by_email || (self.owner.is_some() && self.owner.as_deref() == caller.user_id())
    }

    /// Whether a caller may do something with it: by a role, or as its owner.
    pub(crate) fn lets(&self, caller: &Caller, permission: Permission) -> bool {
        self.is_own(caller) || caller.may(permission, self.team.as_deref())
    }
}

fn body(application: &Application) -> ApplicationBody {
    ApplicationBody {
        id: Some(application.id.clone()),
        name: application.name.clone(),
        description: application.description.clone(),
        team: application.team.clone(),
        owner: application.owner.clone(),
        origin: "database".to_owned(),
        revision: Some(application.revision),
        created_at: Some(time(application.created_at)),
        updated_at: Some(time(application.updated_at)),
    }
}

/// One of the file.
fn of_file(snapshot: &Snapshot, name: &str) -> Option<ApplicationBody> {
    let found = snapshot.applications.iter().find(|application| application.name.as_str() == name);
    found.map(|application| body_of_file(application))
}

fn body_of_file(application: &architrave_config::Application) -> ApplicationBody {
    ApplicationBody {
        id: None,
        name: application.name.as_str().to_owned(),
        description: application.description.clone().unwrap_or_default(),
        team: application.team.as_ref().map(|team| team.as_str().to_owned()),
        owner: None,
        origin: "file".to_owned(),
        revision: None,
        created_at: None,
        updated_at: None,
    }
}

fn shown(application: &Application) -> Reply {
    Reply::ok(&body(application)).with_etag(Some(etag(&application.id, application.revision)))
}

pub(crate) fn done(
    action: &str,
    before: Option<&Application>,
    after: Option<&Application>,
) -> Done {
    let value = |application: &Application| serde_json::to_value(body(application)).ok();
    let one = after.or(before);
    Done {
        action: action.to_owned(),
        kind: "application",
        name: one.map(|one| one.name.clone()).unwrap_or_default(),
        team: one.and_then(|one| one.team.clone()),
        before: before.and_then(value),
        after: after.and_then(value),
    }
}

pub(crate) fn check_description(text: &str) -> Result<(), ApiError> {
    let is_short = text.chars().count() <= DESCRIPTION_CHARS_MAX;
    let message = format!("a description has at most {DESCRIPTION_CHARS_MAX} characters");
    is_short.then_some(()).ok_or_else(|| ApiError::value_fault("/description", message))
}

/// The applications that the caller may see, those of the file too.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
    paging: &Paging,
) -> Result<ApplicationPage, ApiError> {
    let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
    let is_next = |name: &str| paging.after.as_deref().is_none_or(|after| name > after);
    let snapshot = dependencies.directory.snapshot();
    let is_seen = |application: &architrave_config::Application| {
        let belongs = Belongs {
            team: application.team.as_ref().map(|team| team.as_str().to_owned()),
            owner: None,
            owner_email: application.owner.clone(),
        };
        belongs.lets(caller, Permission::ReadApplications)
    };
    let mut found: Vec<ApplicationBody> = (snapshot.applications.iter())
        .filter(|application| is_seen(application))
        .map(|application| body_of_file(application))
        .filter(|one| is_next(&one.name))
        .collect();
    if let Some(platform) = &dependencies.platform {
        // One more than is shown tells whether there is a next page.
        let page = Page { after: paging.after.clone(), size: paging.size.saturating_add(1) };
        let store = platform.store();
        let mut rows = Vec::new();
        match caller.teams_for(Permission::ReadApplications) {
            None => rows.extend(store.applications(&page).await?.0),
            Some(teams) => {
                for team in teams {
                    rows.extend(store.applications_of_team(team, &page).await?.0);
                }
                if let Some(user) = caller.user_id() {
                    rows.extend(store.applications_of_user(user, &page).await?.0);
                }
            }
        }
        // One that both have is the file's.
        rows.retain(|row| !found.iter().any(|one| one.name == row.name));
        found.extend(rows.iter().map(body));
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    let is_more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| is_more);
    let next_page_token = last.map(|last| paging.token(&last.name));
    Ok(ApplicationPage { applications: found, next_page_token })
}

pub(crate) async fn read(dependencies: &Dependencies, name: &str) -> Result<Reply, ApiError> {
    if let Some(of_file) = of_file(&dependencies.directory.snapshot(), name) {
        return Ok(Reply::ok(&of_file));
    }
    Ok(shown(&find(dependencies, name).await?))
}

/// One of the database, or the refusal that there is none, or that the file has it.
pub(crate) async fn find(dependencies: &Dependencies, name: &str) -> Result<Application, ApiError> {
    let application = platform(dependencies)?.store().application(name).await?;
    application.ok_or_else(|| not_found(name))
}

/// The same within a change.
pub(crate) async fn find_to_change(
    dependencies: &Dependencies,
    writing: &mut Writing<'_>,
    name: &str,
) -> Result<Application, ApiError> {
    check_origin(dependencies, name)?;
    writing.change.application(name).await?.ok_or_else(|| not_found(name))
}

/// What the file has is changed there.
fn check_origin(dependencies: &Dependencies, name: &str) -> Result<(), ApiError> {
    if of_file(&dependencies.directory.snapshot(), name).is_none() {
        return Ok(());
    }
    let message = format!("the application {name} is one of the gateway file, where it is changed");
    Err(ApiError::new(Code::ReadOnlyObject, message))
}

pub(crate) async fn create(
    dependencies: &Dependencies,
    call: &Call,
    wanted: NewApplicationBody,
) -> Result<Reply, ApiError> {
    if !architrave_core::name::check(&wanted.name) {
        return Err(ApiError::value_fault("/name", "names are 1 to 63 of a-z, 0-9 and -"));
    }
    check_description(&wanted.description)?;
    let NewApplicationBody { name, description } = wanted;
    let snapshot = dependencies.directory.snapshot();
    // To services and in logs both are known by their names alone.
    if snapshot.consumer(&name).is_some() {
        let message = format!("a consumer is named {name} already");
        return Err(ApiError::new(Code::NameTaken, message));
    }
    if of_file(&snapshot, &name).is_some() {
        let message = format!("an application of the gateway file is named {name} already");
        return Err(ApiError::new(Code::NameTaken, message));
    }
    let team = call.team.clone();
    let owner = call.caller.user_id().filter(|_| team.is_none()).map(str::to_owned);
    let mut writing = Writing::begin(dependencies, call).await?;
    if let Some(owner) = &owner {
        check_room(&mut writing, owner).await?;
    }
    let new = NewApplication { name, description, team, owner };
    let application = writing.change.insert_application(new).await;
    let application = application.map_err(|error| missing(error, call.team.as_deref()))?;
    let is_live = !writing.validates_only();
    let reply = if is_live {
        let location = format!("/api/v1/applications/{}", application.name);
        let tag = etag(&application.id, application.revision);
        Reply::created(location, &body(&application)).with_etag(Some(tag))
    } else {
        Reply::ok(&body(&application))
    };
    let done = done("create_application", None, Some(&application));
    end(dependencies, writing, done, reply).await
}

/// Refuses another application of a user who has as many as one may have.
pub(crate) async fn check_room(writing: &mut Writing<'_>, owner: &str) -> Result<(), ApiError> {
    let (own, _) = writing.change.applications_of_user(owner, &Page::first(OWN_MAX)).await?;
    if own.len() >= usize::try_from(OWN_MAX).unwrap_or(usize::MAX) {
        let message = format!("a user has at most {OWN_MAX} applications of their own");
        return Err(ApiError::new(Code::TooMany, message));
    }
    Ok(())
}

pub(crate) async fn update(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
    wanted: ApplicationPatch,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = find_to_change(dependencies, &mut writing, name).await?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    let mut application = before.clone();
    if let Some(description) = wanted.description {
        check_description(&description)?;
        application.description = description;
    }
    let application = writing.change.update_application(application).await?;
    let done = done("update_application", Some(&before), Some(&application));
    writing.end(done, shown(&application)).await
}

/// Removes it, with its credentials and subscriptions.
pub(crate) async fn delete(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let application = find_to_change(dependencies, &mut writing, name).await?;
    conditions.check(Some(&etag(&application.id, application.revision)))?;
    subscriptions::check_none_suspended(&mut writing, &call.caller, &application).await?;
    writing.change.remove_application(&application).await?;
    let done = done("delete_application", Some(&application), None);
    end(dependencies, writing, done, Reply::nothing()).await
}

/// Makes a change of an application last, and live.
pub(crate) async fn end(
    dependencies: &Dependencies,
    writing: Writing<'_>,
    done: Done,
    reply: Reply,
) -> Result<Reply, ApiError> {
    let is_live = !writing.validates_only();
    let reply = writing.end(done, reply).await?;
    if is_live {
        dependencies.directory.catch_up().await;
    }
    Ok(reply)
}
