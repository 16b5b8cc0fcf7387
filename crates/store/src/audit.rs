//! The audit log: who did what, when and from where. It only grows; old rows go by retention
//! alone, which itself leaves a row.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::filter::Filter;
use crate::reads::{Sight, reads};
use crate::{Change, Page, StoreError};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditEntry {
    /// When, in microseconds UTC; 0 stands for the time of the change that it is written with.
    pub at: i64,
    /// Whose id, or `setup`, `system` or `admin_token`.
    pub actor: String,
    /// What the actor was called then.
    pub actor_name: String,
    /// By way of what: `console`, `api`, `cli` or `system`.
    pub via: String,
    /// What, such as `update_upstream`.
    pub action: String,
    /// To what kind of thing.
    pub kind: String,
    /// And to which.
    pub name: String,
    /// Whose it is.
    pub team: Option<String>,
    /// How it was, without secrets.
    pub before: Option<Value>,
    /// How it is since, without secrets.
    pub after: Option<Value>,
    /// The address of who asked.
    pub address: Option<String>,
    /// The id of the request.
    pub request_id: String,
}

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its number; they grow in the order in which changes were committed.
    pub id: i64,
    /// What was done.
    pub entry: AuditEntry,
}

/// Which rows; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<String>,
    /// By way of what.
    pub via: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// To what kind of thing.
    pub kind: Option<String>,
    /// To which.
    pub name: Option<String>,
    /// Whose.
    pub team: Option<String>,
    /// Not before, in microseconds UTC.
    pub since: Option<i64>,
    /// Before, in microseconds UTC.
    pub until: Option<i64>,
}

reads! {
    /// Rows of the audit log, the latest first.
    fn audit(filter: &AuditFilter, page: &Page) -> (Vec<AuditRow>, Option<String>);
}

async fn audit(
    sight: Sight<'_>,
    filter: &AuditFilter,
    page: &Page,
) -> Result<(Vec<AuditRow>, Option<String>), StoreError> {
    let no_page = |_| StoreError::NotPossible("a page of the audit log begins after a number");
    let after = page.after.as_deref().map(str::parse).transpose().map_err(no_page)?;
    let mut query = Filter::new(
        "SELECT id, at, actor, actor_name, via, action, kind, name, team, before, after, \
         address, request_id FROM audit WHERE 1 = 1",
    );
    query.number("id <", after);
    query.text("actor =", filter.actor.as_deref());
    query.text("via =", filter.via.as_deref());
    query.text("action =", filter.action.as_deref());
    query.text("kind =", filter.kind.as_deref());
    query.text("name =", filter.name.as_deref());
    query.text("team =", filter.team.as_deref());
    query.number("at >=", filter.since);
    query.number("at <", filter.until);
    let rows = query.end("ORDER BY id DESC", page.limit()).fetch_all(sight.on).await?;
    let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
    Ok(page.cut(rows, |row: &AuditRow| row.id.to_string()))
}

impl Change {
    /// Adds a row to the audit log, beside the one that [`Change::commit`] adds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let at = if entry.at == 0 { self.at() } else { entry.at };
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let statement = sqlx::query(
            "INSERT INTO audit (at, actor, actor_name, via, action, kind, name, team, before, \
             after, address, request_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        );
        let statement = statement
            .bind(at)
            .bind(&entry.actor)
            .bind(&entry.actor_name)
            .bind(&entry.via)
            .bind(&entry.action)
            .bind(&entry.kind)
            .bind(&entry.name)
            .bind(&entry.team)
            .bind(text(&entry.before))
            .bind(text(&entry.after))
            .bind(&entry.address)
            .bind(&entry.request_id);
        self.run(statement).await?;
        Ok(())
    }

    /// Deletes the rows of the audit log from before a time; returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire_audit(&mut self, before: i64) -> Result<u64, StoreError> {
        let moved = "UPDATE audit_retention SET before = $1 WHERE one = 1";
        self.run(sqlx::query(moved).bind(before)).await?;
        let gone = self.run(sqlx::query("DELETE FROM audit WHERE at < $1").bind(before)).await?;
        self.run(sqlx::query(moved).bind(0_i64)).await?;
        Ok(gone)
    }
}

fn row(row: &AnyRow) -> Result<AuditRow, StoreError> {
    let id = row.try_get("id")?;
    let value = |column: &str| -> Result<Option<Value>, StoreError> {
        let text: Option<String> = row.try_get(column)?;
        let damaged = |_| StoreError::Damaged(format!("row {id} of the audit log"));
        text.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
    };
    let entry = AuditEntry {
        at: row.try_get("at")?,
        actor: row.try_get("actor")?,
        actor_name: row.try_get("actor_name")?,
        via: row.try_get("via")?,
        action: row.try_get("action")?,
        kind: row.try_get("kind")?,
        name: row.try_get("name")?,
        team: row.try_get("team")?,
        before: value("before")?,
        after: value("after")?,
        address: row.try_get("address")?,
        request_id: row.try_get("request_id")?,
    };
    Ok(AuditRow { id, entry })
}
