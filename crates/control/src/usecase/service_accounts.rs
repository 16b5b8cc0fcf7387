//! Service accounts: programs that call with tokens of their own, with one role in one place.

use std::collections::VecDeque;

use architrave_store::{NewServiceAccount, Page, ServiceAccount};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::teams::missing;
use super::tokens::Owner;
use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::caller::token::TokenKind;
use crate::code::Code;
use crate::error::ApiError;
use crate::etag::{Conditions, etag};
use crate::page::Paging;
use crate::permission::{Permission, Role};
use crate::reply::Reply;

const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// How many rows are asked of the database at once, where it must be looked further.
const ROWS_AT_ONCE: u32 = 200;

/// A service account.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceAccountBody {
    id: String,
    name: String,
    description: String,
    /// The team that it acts in; `null` for the whole gateway.
    team: Option<String>,
    /// What it is there.
    role: String,
    revision: i64,
    created_at: String,
    updated_at: String,
}

/// A page of service accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceAccountPage {
    service_accounts: Vec<ServiceAccountBody>,
    next_page_token: Option<String>,
}

/// A service account that is to be. Its team is named by `?team=`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewServiceAccountBody {
    /// `[a-z0-9-]{1,63}`.
    name: String,
    #[serde(default)]
    description: String,
    /// In a team `owner`, `maintainer` or `developer`, else `admin` or `auditor`.
    role: String,
}

/// What is to be different.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceAccountPatch {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    role: Option<String>,
}

/// Says that it is not there, whether it is not or may not be seen.
pub(crate) fn not_found(name: &str) -> ApiError {
    let message = format!("no service account is named {name}");
    ApiError::new(Code::ServiceAccountNotFound, message)
}

/// The team of a service account; none where it has none, or is not there.
pub(crate) async fn team_of(
    dependencies: &Dependencies,
    name: &str,
) -> Result<Option<String>, ApiError> {
    let Some(platform) = &dependencies.platform else { return Ok(None) };
    let account = platform.store().service_account_by_name(name).await?;
    Ok(account.and_then(|account| account.team))
}

fn body(account: &ServiceAccount) -> ServiceAccountBody {
    ServiceAccountBody {
        id: account.id.clone(),
        name: account.name.clone(),
        description: account.description.clone(),
        team: account.team.clone(),
        role: account.role.clone(),
        revision: account.revision,
        created_at: time(account.created_at),
        updated_at: time(account.updated_at),
    }
}

fn shown(account: &ServiceAccount) -> Reply {
    Reply::ok(&body(account)).with_etag(Some(etag(&account.id, account.revision)))
}

fn done(action: &str, before: Option<&ServiceAccount>, after: Option<&ServiceAccount>) -> Done {
    let value = |account: &ServiceAccount| serde_json::to_value(body(account)).ok();
    let one = after.or(before);
    Done {
        action: action.to_owned(),
        kind: "service_account",
        name: one.map(|one| one.name.clone()).unwrap_or_default(),
        team: one.and_then(|one| one.team.clone()),
        before: before.and_then(value),
        after: after.and_then(value),
    }
}

fn check_role(role: &str, team: Option<&str>) -> Result<(), ApiError> {
    let (is_role, message) = match team {
        Some(_) => {
            (Role::in_team(role).is_some(), "a role in a team is owner, maintainer or developer")
        }
        None => (Role::of_platform(role).is_some(), "a role of the platform is admin or auditor"),
    };
    is_role.then_some(()).ok_or_else(|| ApiError::value_fault("/role", message))
}

fn check_description(text: &str) -> Result<(), ApiError> {
    let is_short = text.chars().count() <= DESCRIPTION_CHARS_MAX;
    let message = format!("a description has at most {DESCRIPTION_CHARS_MAX} characters");
    is_short.then_some(()).ok_or_else(|| ApiError::value_fault("/description", message))
}

/// The service accounts that the caller may see.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
    paging: &Paging,
) -> Result<ServiceAccountPage, ApiError> {
    let store = platform(dependencies)?.store();
    let size = usize::try_from(paging.size).unwrap_or(usize::MAX);
    let mut found = VecDeque::new();
    let mut page = Page { after: paging.after.clone(), size: ROWS_AT_ONCE };
    // One more than is shown tells whether there is a next page.
    while found.len() <= size {
        let (accounts, next) = store.service_accounts(&page).await?;
        let may_see = |account: &ServiceAccount| {
            caller.may(Permission::ReadServiceAccounts, account.team.as_deref())
        };
        found.extend(accounts.into_iter().filter(may_see));
        page.after = next;
        if page.after.is_none() {
            break;
        }
    }
    let is_more = found.len() > size;
    found.truncate(size);
    let last = found.back().filter(|_| is_more);
    let next_page_token = last.map(|last| paging.token(&last.name));
    Ok(ServiceAccountPage { service_accounts: found.iter().map(body).collect(), next_page_token })
}

pub(crate) async fn read(dependencies: &Dependencies, name: &str) -> Result<Reply, ApiError> {
    let account = find(dependencies, name).await?;
    Ok(shown(&account))
}

/// One, or the refusal that there is none.
pub(crate) async fn find(
    dependencies: &Dependencies,
    name: &str,
) -> Result<ServiceAccount, ApiError> {
    let account = platform(dependencies)?.store().service_account_by_name(name).await?;
    account.ok_or_else(|| not_found(name))
}

/// A service account as the owner of tokens.
pub(crate) fn owner(account: &ServiceAccount) -> Owner<'_> {
    Owner {
        id: &account.id,
        name: &account.name,
        team: account.team.as_deref(),
        kind: TokenKind::ServiceAccount,
    }
}

pub(crate) async fn create(
    dependencies: &Dependencies,
    call: &Call,
    wanted: NewServiceAccountBody,
) -> Result<Reply, ApiError> {
    if !architrave_core::name::check(&wanted.name) {
        return Err(ApiError::value_fault("/name", "names are 1 to 63 of a-z, 0-9 and -"));
    }
    check_description(&wanted.description)?;
    check_role(&wanted.role, call.team.as_deref())?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let NewServiceAccountBody { name, description, role } = wanted;
    let account = NewServiceAccount { name, description, team: call.team.clone(), role };
    let account = writing.change.insert_service_account(account).await;
    let account = account.map_err(|error| missing(error, call.team.as_deref()))?;
    let reply = if writing.validates_only() {
        Reply::ok(&body(&account))
    } else {
        let location = format!("/api/v1/service_accounts/{}", account.name);
        let tag = etag(&account.id, account.revision);
        Reply::created(location, &body(&account)).with_etag(Some(tag))
    };
    writing.end(done("create_service_account", None, Some(&account)), reply).await
}

pub(crate) async fn update(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
    wanted: ServiceAccountPatch,
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let before = writing.change.service_account_by_name(name).await?;
    let before = before.ok_or_else(|| not_found(name))?;
    conditions.check(Some(&etag(&before.id, before.revision)))?;
    let mut account = before.clone();
    if let Some(description) = wanted.description {
        check_description(&description)?;
        account.description = description;
    }
    if let Some(role) = wanted.role {
        check_role(&role, account.team.as_deref())?;
        account.role = role;
    }
    let account = writing.change.update_service_account(account).await?;
    let done = done("update_service_account", Some(&before), Some(&account));
    writing.end(done, shown(&account)).await
}

/// Removes it, with its tokens.
pub(crate) async fn delete(
    dependencies: &Dependencies,
    call: &Call,
    (name, conditions): (&str, &Conditions),
) -> Result<Reply, ApiError> {
    let mut writing = Writing::begin(dependencies, call).await?;
    let account = writing.change.service_account_by_name(name).await?;
    let account = account.ok_or_else(|| not_found(name))?;
    conditions.check(Some(&etag(&account.id, account.revision)))?;
    writing.change.remove_service_account(&account).await?;
    writing.end(done("delete_service_account", Some(&account), None), Reply::nothing()).await
}
