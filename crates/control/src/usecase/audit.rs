//! The audit log: what was done by whom, as far as the caller may see it.

mod csv;

use architrave_store::{AuditEntry, AuditFilter, AuditRow, Page};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Done, entry, platform};
use crate::admin::objects::time;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::operation::Operation;
use crate::page::Paging;
use crate::permission::Permission;
use crate::time::parse_rfc3339;

/// As many rows an export has at most; it is made in memory.
pub(crate) const EXPORT_ROWS_MAX: usize = 100_000;
/// How many are read at once for it.
const ROWS_AT_ONCE: u32 = 1_000;

/// A row of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRowBody {
    /// Grows with every row.
    id: i64,
    at: String,
    /// The id of who did it, or `setup`, `system`, `admin_token`, `loopback` or `nobody`.
    actor: String,
    /// What they were called then.
    actor_name: String,
    /// `console`, `api`, `cli` or `system`.
    via: String,
    /// What was done, such as `update_upstream`.
    action: String,
    /// To what kind of thing.
    kind: String,
    /// To which.
    name: String,
    /// Whose it was.
    team: Option<String>,
    /// How it was, secrets out.
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// How it was then, secrets out.
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
    address: Option<String>,
    request_id: String,
}

/// A page of the audit log, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    audit: Vec<AuditRowBody>,
    next_page_token: Option<String>,
}

fn body(row: AuditRow) -> AuditRowBody {
    let AuditEntry { at, actor, actor_name, via, action, kind, name, team, .. } = row.entry;
    AuditRowBody {
        id: row.id,
        at: time(at),
        actor,
        actor_name,
        via,
        action,
        kind,
        name,
        team,
        before: row.entry.before,
        after: row.entry.after,
        address: row.entry.address,
        request_id: row.entry.request_id,
    }
}

/// One page of what the caller may see.
pub(crate) async fn list(
    dependencies: &Dependencies,
    call: &Call,
    paging: &Paging,
) -> Result<AuditPage, ApiError> {
    let filter = filter(dependencies, call).await?;
    let store = platform(dependencies)?.store();
    let (rows, next) = store.audit(&filter, &paging.page()).await?;
    let next_page_token = next.map(|next| paging.token(&next));
    Ok(AuditPage { audit: rows.into_iter().map(body).collect(), next_page_token })
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object in each line.
    Json,
    /// RFC 4180.
    Csv,
}

/// All of what the caller may see, as text, and whether there is more.
pub(crate) async fn export(
    dependencies: &Dependencies,
    call: &Call,
    format: Format,
) -> Result<(String, bool), ApiError> {
    let filter = filter(dependencies, call).await?;
    let store = platform(dependencies)?.store();
    let mut text = match format {
        Format::Json => String::new(),
        Format::Csv => csv::head(),
    };
    let mut page = Page::first(ROWS_AT_ONCE);
    let mut count = 0;
    loop {
        let (rows, next) = store.audit(&filter, &page).await?;
        for row in rows {
            if count == EXPORT_ROWS_MAX {
                return Ok((text, true));
            }
            count += 1;
            let row = body(row);
            match format {
                Format::Csv => csv::row(&row, &mut text),
                Format::Json => {
                    let line = serde_json::to_string(&row);
                    text += &line.map_err(|error| ApiError::internal(error.to_string()))?;
                    text.push('\n');
                }
            }
        }
        match next {
            None => return Ok((text, false)),
            next => page.after = next,
        }
    }
}

/// What is asked for, and no more than the caller may see.
async fn filter(dependencies: &Dependencies, call: &Call) -> Result<AuditFilter, ApiError> {
    let text = |name: &str| call.query.get(name).map(str::to_owned);
    let time = |name: &str| {
        let Some(text) = call.query.get(name) else { return Ok(None) };
        let message = format!("{name} is a time such as 2026-05-17T08:09:10Z");
        let fault = || ApiError::query_fault(Fault::of_parameter(name, message));
        parse_rfc3339(text).map(Some).ok_or_else(fault)
    };
    let team = match (call.caller.teams_for(Permission::ReadAudit), text("team")) {
        (None, team) => team,
        (Some(own), Some(team)) if own.contains(&team.as_str()) => Some(team),
        (Some(_), Some(team)) => return Err(super::teams::not_found(&team)),
        (Some(own), None) => match own.as_slice() {
            [only] => Some((*only).to_owned()),
            several => {
                let message = format!("say of which team: {}", several.join(", "));
                return Err(ApiError::query_fault(Fault::of_parameter("team", message)));
            }
        },
    };
    let mut since = time("since")?;
    // What a team of the name did before is not this one's.
    if let Some(team) = &team
        && !call.caller.may(Permission::ReadAudit, None)
    {
        let store = platform(dependencies)?.store();
        let had = store.team_names_had_by_others(std::slice::from_ref(team)).await?;
        let begun = had.first().map(|(_, until)| until.saturating_add(1));
        since = since.max(begun);
    }
    Ok(AuditFilter {
        actor: text("actor"),
        via: text("via"),
        action: text("action"),
        kind: text("kind"),
        name: text("name"),
        team,
        since,
        until: time("until")?,
    })
}

/// Writes down that somebody was refused a write that is not theirs: so many of an address, and then
/// one once in a while, so that nobody can fill the log.
pub(crate) async fn note_denied(
    dependencies: &Dependencies,
    caller: &Caller,
    (operation, names): (&Operation, &[String]),
    refusal: &ApiError,
) {
    let is_denied = matches!(
        refusal.code(),
        Code::NotPermitted
            | Code::ScopeNotPermitted
            | Code::ReachNotPermitted
            | Code::SessionNeeded
            | Code::CsrfTokenWrong
            | Code::SetupCodeWrong
            | Code::UserCodeWrong
    );
    let Some(platform) = &dependencies.platform else { return };
    if !operation.is_write()
        || !is_denied
        || platform.denials().take(caller.origin.address).is_err()
    {
        return;
    }
    let done = Done {
        action: "denied".to_owned(),
        kind: operation.kind.map_or(operation.tag.as_str(), |kind| kind.singular()),
        name: names.join(" "),
        after: Some(serde_json::json!({
            "operation": operation.id,
            "code": refusal.code().as_str(),
        })),
        ..Done::default()
    };
    let written = async {
        let change = platform.change().await?;
        change.commit(entry(caller, done)).await?;
        Ok::<_, ApiError>(())
    };
    if let Err(error) = written.await {
        tracing::error!(operation = operation.id, ?error, "not in the audit log");
    }
}

/// Writes down what was changed in the running gateway and is kept nowhere else. It has happened
/// already; a failure is logged.
pub(crate) async fn note(dependencies: &Dependencies, call: &Call) {
    let done = Done {
        action: call.operation.id.clone(),
        kind: call.operation.kind.map_or("gateway", |kind| kind.singular()),
        name: call.names.join(" "),
        team: call.team.clone(),
        ..Done::default()
    };
    note_done(dependencies, &call.caller, done).await;
}

/// The same of something that has more to be told.
pub(crate) async fn note_done(dependencies: &Dependencies, caller: &Caller, done: Done) {
    let Some(platform) = &dependencies.platform else { return };
    let operation = done.action.clone();
    let written = async {
        let change = platform.change().await?;
        change.commit(entry(caller, done)).await?;
        Ok::<_, ApiError>(())
    };
    if let Err(error) = written.await {
        tracing::error!(operation, ?error, "not in the audit log");
    }
}
