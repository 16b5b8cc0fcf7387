//! The revisions of a service, shown and compared.

use std::time::SystemTime;

use architrave_config::object::ObjectKind;
use architrave_store::{ObjectRow, Page, Revision, Store};
use serde_json::{Value, json};

use super::described::{compare, shown};
use super::not_found;
use super::revisions::{PREPARED_MAX, differences, listed};
use crate::api::Dependencies;
use crate::code::Code;
use crate::error::ApiError;
use crate::page::Paging;
use crate::reply::Reply;
use crate::usecase::platform;

/// More revisions than can be prepared in a row.
const PREPARED_MAX_AT_ONCE: u32 = PREPARED_MAX + 1;

/// The revisions of a service, the latest first.
pub(crate) async fn list_revisions(
    dependencies: &Dependencies,
    name: &str,
    paging: &Paging,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let marked = marked(store, &row).await?;
    let (rows, next) = store.revisions(&row.id, &paging.page()).await?;
    let revisions: Vec<Value> = rows.iter().map(|row| listed(row, marked)).collect();
    let next = next.map(|next| paging.token(&next));
    Ok(Reply::ok(&json!({ "revisions": revisions, "next_page_token": next })))
}

/// One revision, with all that it says.
pub(crate) async fn show_revision(
    dependencies: &Dependencies,
    name: &str,
    number: &str,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let revision = revision(store, &row, number).await?;
    let mut answer = listed(&revision, marked(store, &row).await?);
    answer["content"] = revision.content;
    Ok(Reply::ok(&answer))
}

/// What changed from one revision to another, in the configuration and in the API.
pub(crate) async fn compare_revisions(
    dependencies: &Dependencies,
    name: &str,
    number: &str,
    against: Option<&str>,
    now: SystemTime,
) -> Result<Reply, ApiError> {
    let store = platform(dependencies)?.store();
    let row = row(store, name).await?;
    let new = revision(store, &row, number).await?;
    let old = match against {
        Some("current") => store.current_revision(&row.id).await?,
        Some(against) => Some(revision(store, &row, against).await?),
        // What is prepared is held against what it would take the place of.
        None if new.current_at.is_none() => store.current_revision(&row.id).await?,
        // Of the first, everything is new. Some numbers are of what never was in force.
        None => before(store, &row, new.number).await?,
    };
    let texts = (
        text(store, old.as_ref().and_then(|old| old.description.as_deref())).await?,
        text(store, new.description.as_deref()).await?,
    );
    let mut answer =
        difference((old.as_ref(), &new.content), (texts.0.as_deref(), texts.1.as_deref()), now)
            .await?;
    answer["revision"] = new.number.into();
    answer["against"] = old.as_ref().map(|old| old.number).into();
    Ok(Reply::ok(&answer))
}

/// What is different of what a revision says, and in the API that it describes.
pub(super) async fn difference(
    (old, new): (Option<&Revision>, &Value),
    texts: (Option<&str>, Option<&str>),
    now: SystemTime,
) -> Result<Value, ApiError> {
    let nothing = Value::Null;
    let before = old.map_or(&nothing, |old| &old.content);
    let api = match texts {
        (Some(old), Some(new)) => Some(shown(&compare(old, new, now).await?)),
        _ => None,
    };
    Ok(json!({ "config": differences(before, new), "api": api }))
}

/// The one that was in force and has the next lower number.
async fn before(store: &Store, row: &ObjectRow, number: i64) -> Result<Option<Revision>, ApiError> {
    let page = Page { after: Some(number.to_string()), size: PREPARED_MAX_AT_ONCE };
    let (rows, _) = store.revisions(&row.id, &page).await?;
    Ok(rows.into_iter().find(|revision| revision.current_at.is_some()))
}

/// The numbers of the latest and of the current one.
async fn marked(store: &Store, row: &ObjectRow) -> Result<(i64, i64), ApiError> {
    let number = |revision: Option<Revision>| revision.map_or(0, |revision| revision.number);
    let latest = number(store.latest_revision(&row.id).await?);
    Ok((latest, number(store.current_revision(&row.id).await?)))
}

async fn text(store: &Store, digest: Option<&str>) -> Result<Option<String>, ApiError> {
    match digest {
        Some(digest) => Ok(store.description(digest).await?),
        None => Ok(None),
    }
}

async fn row(store: &Store, name: &str) -> Result<ObjectRow, ApiError> {
    let kind = ObjectKind::Service;
    store.object(kind.singular(), name).await?.ok_or_else(|| not_found(kind, name))
}

async fn revision(store: &Store, row: &ObjectRow, number: &str) -> Result<Revision, ApiError> {
    let found = match number.parse::<i64>() {
        Ok(number) if number > 0 => store.revision(&row.id, number).await?,
        _ => None,
    };
    found.ok_or_else(|| no_revision(&row.name, number))
}

pub(super) fn no_revision(name: &str, number: &str) -> ApiError {
    let message = format!("service {name} has no revision {number}, or it is no longer kept");
    ApiError::new(Code::RevisionNotFound, message)
}
