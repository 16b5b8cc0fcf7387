//! The one place where an operation is allowed or not, before it runs.
//!
//! Everything is denied that the table in `permission.rs` does not allow where the operation asks
//! for it. Who may not even see what a path names is told what who names nothing is told.

use architrave_config::object::ObjectKind;

use crate::api::Dependencies;
use crate::caller::{By, Caller, Who};
use crate::code::Code;
use crate::error::ApiError;
use crate::operation::{Access, Operation, Place, Surface};
use crate::permission::Permission;
use crate::query::Query;
use crate::usecase;

/// What a request asks for.
pub(crate) struct Asked<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) names: &'a [String],
    pub(crate) query: &'a Query,
}

/// Lets a request go on, with the team that it is about, or says why not.
pub(crate) async fn judge(
    dependencies: &Dependencies,
    caller: &Caller,
    asked: Asked<'_>,
) -> Result<Option<String>, ApiError> {
    let operation = asked.operation;
    match operation.access {
        Access::Open => return Ok(None),
        Access::Scrape(_) if is_scrape(dependencies, caller) => return Ok(None),
        _ => {}
    }
    match &caller.who {
        // What is not public is hidden from them further on, as from everybody who may not see it.
        Who::Nobody if dependencies.surface == Surface::Portal && operation.is_public => {}
        Who::Nobody => return Err(ApiError::token_missing()),
        Who::Local { has_no_database } => {
            let is_of_objects = *has_no_database && operation.kind.is_some();
            let is_local = operation.is_local || is_of_objects;
            return if is_local { Ok(None) } else { Err(ApiError::token_missing()) };
        }
        _ => {}
    }
    if !caller.has_scope_for(operation) {
        let message = "the token is not for this: its scopes do not have it";
        return Err(ApiError::new(Code::ScopeNotPermitted, message));
    }
    match operation.access {
        Access::Open | Access::Own => Ok(None),
        Access::OwnInPerson => in_person(caller, &asked).map(|()| None),
        Access::Scrape(permission) => permit(caller, permission, None).map(|()| None),
        Access::Needs(permission, place) => {
            needs(dependencies, caller, (permission, place), &asked).await
        }
    }
}

/// Lets a person go on over what is their own, who has signed in.
fn in_person(caller: &Caller, asked: &Asked<'_>) -> Result<(), ApiError> {
    let Who::User { id, by: By::Session(_), .. } = &caller.who else {
        let message = "this takes a person who has signed in, not a token";
        return Err(ApiError::new(Code::SessionNeeded, message));
    };
    let mut named = asked.operation.names().into_iter().zip(asked.names);
    match named.find(|(name, _)| *name == "user") {
        Some((_, user)) if user != id => Err(ApiError::not_permitted("do this for another user")),
        _ => Ok(()),
    }
}

/// A scraper beside the gateway needs no token while the file names none, as ever.
fn is_scrape(dependencies: &Dependencies, caller: &Caller) -> bool {
    dependencies.admin.token.is_none() && caller.origin.is_near
}

async fn needs(
    dependencies: &Dependencies,
    caller: &Caller,
    (permission, place): (Permission, Place),
    asked: &Asked<'_>,
) -> Result<Option<String>, ApiError> {
    let name = asked.names.first().map(String::as_str).unwrap_or_default();
    match place {
        Place::Platform => permit(caller, permission, None).map(|()| None),
        Place::Somewhere => {
            let may = asked.operation.is_shared || caller.may_somewhere(permission);
            may.then_some(None).ok_or_else(|| ApiError::not_permitted(permission.about()))
        }
        Place::User => {
            let is_self = caller.user_id() == Some(name);
            if is_self { Ok(None) } else { permit(caller, permission, None).map(|()| None) }
        }
        Place::Team => in_team(caller, permission, name, || usecase::teams::not_found(name)),
        Place::NewInTeam => new_in_team(dependencies, caller, permission, asked.query).await,
        Place::ServiceAccount => {
            let team = usecase::service_accounts::team_of(dependencies, name).await?;
            let hidden = || usecase::service_accounts::not_found(name);
            within(caller, permission, team, hidden)
        }
        Place::Application => {
            let hidden = || usecase::applications::not_found(name);
            let belongs = usecase::applications::belongs_to(dependencies, name).await?;
            let belongs = belongs.unwrap_or_default();
            if belongs.is_own(caller) {
                return Ok(None);
            }
            within(caller, permission, belongs.team, hidden)
        }
        // What belongs to no team is its maker's, who needs no role for that.
        Place::NewApplication if asked.query.get("team").is_none() => match caller.user_id() {
            Some(_) => Ok(None),
            None => permit(caller, permission, None).map(|()| None),
        },
        Place::NewApplication => new_in_team(dependencies, caller, permission, asked.query).await,
        Place::Subscription | Place::SubscribedProduct => {
            subscribed(dependencies, caller, (permission, place), name).await
        }
        Place::Object if is_on_offer(dependencies, caller, permission, asked).await? => Ok(None),
        Place::Object => {
            let kind = asked.operation.kind.ok_or_else(|| ApiError::internal("no kind"))?;
            let hidden = || usecase::objects::not_found(kind, name);
            let shown = usecase::objects::read(dependencies, kind, name).await?;
            match shown {
                Some(shown) if shown.is_shared_with(caller) => {
                    shared(caller, (permission, asked.operation.is_shared), shown.team)
                }
                Some(shown) => within(caller, permission, shown.team, hidden),
                // What `PUT` makes is judged where it is to be.
                None if asked.query.get("team").is_some() => {
                    new_in_team(dependencies, caller, permission, asked.query).await
                }
                None => within(caller, permission, None, hidden),
            }
        }
    }
}

/// Judges over a subscription, which has two sides: whose application it is, and whose product.
async fn subscribed(
    dependencies: &Dependencies,
    caller: &Caller,
    (permission, place): (Permission, Place),
    id: &str,
) -> Result<Option<String>, ApiError> {
    let found = usecase::subscriptions::belongs_to(dependencies, id).await?;
    let (belongs, product_team) = found.unwrap_or_default();
    let of_product = |permission| caller.may(permission, product_team.as_deref());
    let seen = permission.seen_by();
    if !belongs.lets(caller, seen) && !of_product(seen) {
        return Err(usecase::subscriptions::not_found(id));
    }
    let by_product = match permission {
        // Whoever decides may also end it.
        Permission::WriteApplications => of_product(Permission::DecideSubscriptions),
        permission => of_product(permission),
    };
    if by_product {
        return Ok(product_team);
    }
    if place == Place::Subscription && belongs.lets(caller, permission) {
        return Ok(belongs.team);
    }
    Err(ApiError::not_permitted(permission.about()))
}

/// Whether a product or plan is asked for that the caller may see though it is another team's.
async fn is_on_offer(
    dependencies: &Dependencies,
    caller: &Caller,
    permission: Permission,
    asked: &Asked<'_>,
) -> Result<bool, ApiError> {
    let Some(name) = asked.names.first().filter(|_| permission == Permission::ReadObjects) else {
        return Ok(false);
    };
    match asked.operation.kind {
        Some(ObjectKind::Product) => {
            usecase::objects::sees_product(dependencies, caller, name).await
        }
        Some(ObjectKind::Plan) => usecase::objects::sees_plan(dependencies, caller, name).await,
        _ => Ok(false),
    }
}

/// Judges what belongs to `team`, or to none; `hidden` is said to who may not see it.
fn within(
    caller: &Caller,
    permission: Permission,
    team: Option<String>,
    hidden: impl FnOnce() -> ApiError,
) -> Result<Option<String>, ApiError> {
    if !caller.may(permission.seen_by(), team.as_deref()) {
        return Err(hidden());
    }
    permit(caller, permission, team.as_deref())?;
    Ok(team)
}

/// Judges what its team shares with the caller, who is told that it is there.
fn shared(
    caller: &Caller,
    (permission, is_shared): (Permission, bool),
    team: Option<String>,
) -> Result<Option<String>, ApiError> {
    if !is_shared {
        permit(caller, permission, team.as_deref())?;
    }
    Ok(team)
}

fn in_team(
    caller: &Caller,
    permission: Permission,
    team: &str,
    hidden: impl FnOnce() -> ApiError,
) -> Result<Option<String>, ApiError> {
    within(caller, permission, Some(team.to_owned()), hidden)
}

async fn new_in_team(
    dependencies: &Dependencies,
    caller: &Caller,
    permission: Permission,
    query: &Query,
) -> Result<Option<String>, ApiError> {
    let Some(team) = query.get("team") else {
        return permit(caller, permission, None).map(|()| None);
    };
    let team = in_team(caller, permission, team, || usecase::teams::not_found(team))?;
    // Of a team that there is not, the admin is told so.
    if let Some(team) = &team {
        usecase::teams::must_exist(dependencies, team).await?;
    }
    Ok(team)
}

fn permit(caller: &Caller, permission: Permission, team: Option<&str>) -> Result<(), ApiError> {
    if caller.may(permission, team) {
        Ok(())
    } else {
        Err(ApiError::not_permitted(permission.about()))
    }
}
