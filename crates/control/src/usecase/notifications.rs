//! Notifications: what a user is told of what others have done, and whom something concerns.

use architrave_store::Notification;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::applications::Belongs;
use super::{Done, Writing, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::code::Code;
use crate::error::ApiError;
use crate::page::Paging;
use crate::permission::Role;
use crate::reply::Reply;

/// Something that the caller is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationBody {
    id: String,
    /// What it is about, such as `subscription_approved`.
    kind: String,
    /// The id of the thing that it is about.
    subject: String,
    /// For people.
    message: String,
    /// The same for programs.
    #[schema(value_type = Object)]
    details: Value,
    created_at: String,
    read_at: Option<String>,
}

/// A page of notifications.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationPage {
    notifications: Vec<NotificationBody>,
    next_page_token: Option<String>,
}

fn body(one: &Notification) -> NotificationBody {
    NotificationBody {
        id: one.id.clone(),
        kind: one.kind.clone(),
        subject: one.subject.clone(),
        message: one.message.clone(),
        details: one.details.clone(),
        created_at: time(one.created_at),
        read_at: one.read_at.map(time),
    }
}

/// What the caller was told, the oldest first.
pub(crate) async fn list(
    dependencies: &Dependencies,
    call: &Call,
    paging: &Paging,
) -> Result<NotificationPage, ApiError> {
    let store = platform(dependencies)?.store();
    let unread = call.query.flag("unread")?;
    let Some(user) = call.caller.user_id() else {
        // Programs are told nothing.
        return Ok(NotificationPage { notifications: Vec::new(), next_page_token: None });
    };
    let (found, next) = store.notifications_of(user, unread, &paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    Ok(NotificationPage { notifications: found.iter().map(body).collect(), next_page_token })
}

/// The caller has read one.
pub(crate) async fn read(
    dependencies: &Dependencies,
    call: &Call,
    id: &str,
) -> Result<Reply, ApiError> {
    let not_found = || {
        let message = format!("the caller has no notification {id}");
        ApiError::new(Code::NotificationNotFound, message)
    };
    let user = call.caller.user_id().ok_or_else(not_found)?;
    let mut writing = Writing::begin(dependencies, call).await?;
    let found = writing.change.notification(user, id).await?;
    let mut found = found.ok_or_else(not_found)?;
    writing.change.read_notification(&mut found).await?;
    let done = Done {
        action: "read_notification".to_owned(),
        kind: "notification",
        name: found.id.clone(),
        ..Done::default()
    };
    let reply = Reply::ok(&body(&found));
    writing.end(done, reply).await
}

/// Who decides over subscriptions to products of a team: its owners and maintainers; of products of
/// no team, and of a team without any, the admins.
pub(super) async fn approvers(
    writing: &mut Writing<'_>,
    team: Option<&str>,
) -> Result<Vec<String>, ApiError> {
    let mut found = Vec::new();
    if let Some(team) = team {
        for role in [Role::Owner, Role::Maintainer] {
            found.extend(writing.change.users_with_role(Some(team), role.as_str()).await?);
        }
    }
    if found.is_empty() {
        found = writing.change.users_with_role(None, Role::Admin.as_str()).await?;
    }
    Ok(found)
}

/// Whom an application concerns: the users of its team, or its owner.
pub(super) async fn holders(
    writing: &mut Writing<'_>,
    belongs: &Belongs,
) -> Result<Vec<String>, ApiError> {
    match &belongs.team {
        Some(team) => Ok(writing.change.users_of_team(team).await?),
        None => Ok(belongs.owner.iter().cloned().collect()),
    }
}
