//! Objects as they are shown: the file's and the database's as one list, secrets out.

use std::collections::VecDeque;
use std::path::PathBuf;

use architrave_config::object::{Held, ObjectKind, Objects, Origin, hide_secrets};
use architrave_store::{ObjectRow, Page};
use serde_json::Value;

use crate::api::Dependencies;
use crate::caller::{Caller, Who};
use crate::error::ApiError;
use crate::etag::etag;
use crate::operation::Surface;
use crate::page::Paging;
use crate::permission::Permission;

/// How many rows are asked of the database at once, where it must be looked further.
const ROWS_AT_ONCE: u32 = 200;

/// An object as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) kind: ObjectKind,
    pub(crate) name: String,
    pub(crate) team: Option<String>,
    /// The file it comes from; `None` for the database.
    pub(crate) file: Option<PathBuf>,
    /// Its life in the database; `None` for one of a file, or one that is not written yet.
    pub(crate) row: Option<RowFacts>,
    /// In the form of the file, secrets out.
    pub(crate) config: Value,
    /// Whether something was left out that is not for whoever asks: an ETag would tell nothing then,
    /// since what is left out changes without the object.
    is_partial: bool,
}

/// What the database knows of an object.
#[derive(Clone, Debug)]
pub(crate) struct RowFacts {
    pub(crate) id: String,
    pub(crate) revision: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Shown {
    /// Its ETag; those of a file have none, since they cannot be changed here, nor has what is shown
    /// in part.
    pub(crate) fn etag(&self) -> Option<String> {
        let row = self.row.as_ref().filter(|_| !self.is_partial);
        row.map(|row| etag(&row.id, row.revision))
    }

    pub(super) fn of_row(kind: ObjectKind, row: &ObjectRow) -> Self {
        let facts = RowFacts {
            id: row.id.clone(),
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        let config = hidden(kind, &row.name, &row.body);
        let (name, team) = (row.name.clone(), row.team.clone());
        Self { kind, name, team, file: None, row: Some(facts), config, is_partial: false }
    }

    fn of_file(held: &Held) -> Option<Self> {
        let Origin::File(file) = &held.origin else { return None };
        let object = &held.object;
        Some(Self {
            kind: object.kind,
            name: object.name.clone(),
            team: object.body.get("team").and_then(Value::as_str).map(str::to_owned),
            file: Some(file.clone()),
            row: None,
            config: hidden(object.kind, &object.name, &object.body),
            is_partial: false,
        })
    }
}

/// A body as it may be shown, with its name in it as in the file.
pub(super) fn hidden(kind: ObjectKind, name: &str, body: &Value) -> Value {
    let mut shown = body.clone();
    hide_secrets(kind, &mut shown);
    named(kind, name, shown)
}

/// A body with its name first, as a list of the file has it; the only one of a kind has none.
pub(super) fn named(kind: ObjectKind, name: &str, body: Value) -> Value {
    let Value::Object(members) = body else { return body };
    if kind.is_only() {
        return Value::Object(members);
    }
    let mut all = serde_json::Map::new();
    all.insert("name".to_owned(), name.into());
    all.extend(members.into_iter().filter(|(key, _)| key != "name"));
    Value::Object(all)
}

/// What others than its team are told of a service.
const OF_OTHERS: [&str; 13] = [
    "name",
    "state",
    "suspended",
    "suspended_by",
    "deprecated_at",
    "sunset_at",
    "successor",
    "notice",
    "brownouts",
    "version",
    "version_of",
    "visibility",
    "api",
];

impl Shown {
    /// As the caller may see it: whole, or what others than its team are told; `None` where it is
    /// not for them.
    pub(crate) fn for_caller(self, caller: &Caller) -> Option<Self> {
        if caller.may(Permission::ReadObjects, self.team.as_deref()) {
            return Some(self);
        }
        if !self.is_shared_with(caller) {
            return None;
        }
        Some(self.for_others())
    }

    /// What others than its team are told of a service.
    fn for_others(mut self) -> Self {
        if let Value::Object(members) = &mut self.config {
            members.retain(|key, _| OF_OTHERS.contains(&key.as_str()));
        }
        self
    }

    /// Whether it is a service in use that its team shares with the caller.
    pub(crate) fn is_shared_with(&self, caller: &Caller) -> bool {
        self.kind == ObjectKind::Service && is_service_shared(&self.config, caller)
    }

    /// Whether it is a service that may be called: published, and not taken out of service.
    pub(crate) fn is_in_use(&self) -> bool {
        let state = self.config.get("state").and_then(Value::as_str);
        let is_suspended = self.config.get("suspended").and_then(Value::as_bool) == Some(true);
        matches!(state, None | Some("published" | "deprecated")) && !is_suspended
    }

    /// Without the services that the caller does not see: a product that is offered to others, or a
    /// plan of it, tells nobody what a team keeps to itself.
    fn without_unseen_services(mut self, objects: &Objects, caller: &Caller) -> Self {
        let is_seen = |name: &str| {
            let held = objects.get(ObjectKind::Service, name);
            held.is_some_and(|held| {
                let body = &held.object.body;
                let team = body.get("team").and_then(Value::as_str);
                caller.may(Permission::ReadObjects, team) || is_service_shared(body, caller)
            })
        };
        let mut is_partial = false;
        if let Some(Value::Array(services)) = self.config.get_mut("services") {
            let all = services.len();
            services.retain(|name| name.as_str().is_some_and(is_seen));
            is_partial |= services.len() < all;
        }
        if let Some(Value::Object(operations)) = self.config.get_mut("operations") {
            let all = operations.len();
            operations.retain(|name, _| is_seen(name));
            is_partial |= operations.len() < all;
        }
        self.is_partial = is_partial;
        self
    }
}

/// Whether a service is in use and shared with a caller by its team.
fn is_service_shared(service: &Value, caller: &Caller) -> bool {
    let text = |key: &str| service.get(key).and_then(Value::as_str);
    let is_out = matches!(text("state"), None | Some("published" | "deprecated" | "retired"));
    if !is_out {
        return false;
    }
    match text("visibility") {
        Some("public") => true,
        Some("signed_in") => caller.is_known(),
        Some("teams") => {
            let teams = service.get("shared_with").and_then(Value::as_array);
            let mut teams = teams.into_iter().flatten().filter_map(Value::as_str);
            teams.any(|team| caller.may(Permission::ReadObjects, Some(team)))
        }
        _ => false,
    }
}

/// Those of some objects that the caller may see, as they may see them.
pub(super) async fn all_seen(
    dependencies: &Dependencies,
    caller: &Caller,
    kind: ObjectKind,
    names: &[&str],
) -> Result<Vec<Shown>, ApiError> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let shown = read(dependencies, kind, name).await?;
        all.extend(shown.and_then(|shown| seen(dependencies, caller, shown)));
    }
    Ok(all)
}

/// One object; the file's lies over the database.
pub(crate) async fn read(
    dependencies: &Dependencies,
    kind: ObjectKind,
    name: &str,
) -> Result<Option<Shown>, ApiError> {
    let objects = dependencies.desired.objects();
    if let Some(shown) = objects.get(kind, name).and_then(|held| Shown::of_file(held)) {
        return Ok(Some(shown));
    }
    let Some(platform) = &dependencies.platform else { return Ok(None) };
    let row = platform.store().object(kind.singular(), name).await?;
    Ok(row.map(|row| Shown::of_row(kind, &row)))
}

/// Objects of a kind that the caller may see, by name, and the token of the next page. Without a
/// page that is asked for, `all` gives all of them.
pub(crate) async fn list(
    dependencies: &Dependencies,
    caller: &Caller,
    kind: ObjectKind,
    paging: &Paging,
    all: bool,
) -> Result<(Vec<Shown>, Option<String>), ApiError> {
    let size = if all && !paging.is_asked_for {
        usize::MAX
    } else {
        usize::try_from(paging.size).unwrap_or(usize::MAX)
    };
    let after = paging.after.as_deref();
    let may_see = |team: Option<&str>| caller.may(Permission::ReadObjects, team);
    let objects = dependencies.desired.objects();
    let of_file = objects.list(kind).iter().filter_map(|held| Shown::of_file(held));
    let mut of_file: VecDeque<Shown> = of_file
        .filter(|shown| after.is_none_or(|after| shown.name.as_str() > after))
        .filter_map(|shown| seen(dependencies, caller, shown))
        .collect();
    let mut shown = Vec::new();
    // One more than is shown tells whether there is a next page.
    let enough = size.saturating_add(1);
    let mut next = paging.after.clone();
    let mut is_more = dependencies.platform.is_some();
    while is_more && shown.len() < enough {
        let Some(platform) = &dependencies.platform else { break };
        let page = Page { after: next.clone(), size: ROWS_AT_ONCE };
        let (rows, following) = platform.store().objects(kind.singular(), &page).await?;
        is_more = following.is_some();
        next = following;
        for row in &rows {
            // Hiding what is secret costs more than seeing that it is not for them.
            if !may_see(row.team.as_deref()) && !may_be_shared(kind) {
                continue;
            }
            let Some(one) = seen(dependencies, caller, Shown::of_row(kind, row)) else { continue };
            while of_file.front().is_some_and(|file| file.name < one.name) {
                shown.extend(of_file.pop_front());
            }
            shown.push(one);
        }
    }
    shown.extend(of_file);
    if shown.len() <= size {
        return Ok((shown, None));
    }
    shown.truncate(size);
    let token = shown.last().map(|last| paging.token(&last.name));
    Ok((shown, token))
}

/// Whether objects of a kind are shown to others than their team.
const fn may_be_shared(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Service | ObjectKind::Product | ObjectKind::Plan)
}

/// An object as a caller may see it; `None` where it is not for them.
pub(crate) fn seen(dependencies: &Dependencies, caller: &Caller, shown: Shown) -> Option<Shown> {
    match shown.kind {
        ObjectKind::Product | ObjectKind::Plan => {
            if caller.may(Permission::ReadObjects, shown.team.as_deref()) {
                return Some(shown);
            }
            let is_offered = may_read(dependencies, caller, &shown);
            let objects = dependencies.desired.objects();
            is_offered.then(|| shown.without_unseen_services(&objects, caller))
        }
        _ => shown.for_caller(caller).map(|shown| match dependencies.surface {
            Surface::Admin => shown,
            // Nothing of what is behind a service, whoever asks.
            Surface::Portal => shown.for_others(),
        }),
    }
}

/// Whether a caller may see an object: by a role where it is, or as one of those to whom it is
/// offered.
fn may_read(dependencies: &Dependencies, caller: &Caller, shown: &Shown) -> bool {
    if caller.may(Permission::ReadObjects, shown.team.as_deref()) {
        return true;
    }
    match shown.kind {
        ObjectKind::Product => is_offered(caller, &shown.config),
        ObjectKind::Plan => is_plan_offered(dependencies, caller, &shown.config),
        _ => false,
    }
}

/// Whether a caller sees a product, as the team's or as one to whom it is offered.
pub(crate) async fn sees_product(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<bool, ApiError> {
    let shown = read(dependencies, ObjectKind::Product, name).await?;
    Ok(shown.is_some_and(|shown| may_read(dependencies, caller, &shown)))
}

/// Whether a caller sees a plan, as the team's or as one to whom its product is offered.
pub(crate) async fn sees_plan(
    dependencies: &Dependencies,
    caller: &Caller,
    name: &str,
) -> Result<bool, ApiError> {
    let shown = read(dependencies, ObjectKind::Plan, name).await?;
    Ok(shown.is_some_and(|shown| may_read(dependencies, caller, &shown)))
}

fn is_plan_offered(dependencies: &Dependencies, caller: &Caller, plan: &Value) -> bool {
    let objects = dependencies.desired.objects();
    let product = plan.get("product").and_then(Value::as_str);
    let product = product.and_then(|name| objects.get(ObjectKind::Product, name));
    product.is_some_and(|held| is_offered(caller, &held.object.body))
}

/// Whether a product is offered to a caller, by how visible it is.
fn is_offered(caller: &Caller, product: &Value) -> bool {
    let is_anybody = matches!(caller.who, Who::User { .. } | Who::ServiceAccount { .. });
    match product.get("visibility").and_then(Value::as_str) {
        Some("public") => is_anybody || !caller.is_known(),
        Some("signed_in") => is_anybody,
        Some("teams") => {
            let shared = product.get("shared_with").and_then(Value::as_array);
            let mut teams = shared.into_iter().flatten().filter_map(Value::as_str);
            teams.any(|team| caller.teams.contains_key(team))
        }
        _ => false,
    }
}
