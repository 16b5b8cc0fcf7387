//! The request log: exchanges that are told of by themselves.

use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::read::Since;
use super::read::Sql;
use super::write::{chunks, insert};
use super::{UsageScope, UsageStore};
use crate::{Page, StoreError};

const COLUMNS: &str = "id, at, request_id, trace_id, service, route, consumer, team, model, \
                       method, path, status, reason, latency_us, facts, bodies";

/// How many [`COLUMNS`] there are.
const WIDTH: usize = 16;

/// One exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestRow {
    /// Its number, which no other has.
    pub id: i64,
    /// When it ended, in microseconds UTC.
    pub at: i64,
    /// What it is called.
    pub request_id: String,
    /// The trace that it belongs to.
    pub trace_id: String,
    /// The service, or nothing.
    pub service: String,
    /// The route, or nothing.
    pub route: String,
    /// Who called, or nothing.
    pub consumer: String,
    /// The team of the application, or nothing.
    pub team: String,
    /// The model that was asked for, or nothing.
    pub model: String,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The status sent; 0 where none was.
    pub status: i64,
    /// Why it failed, or nothing.
    pub reason: String,
    /// How long it took.
    pub latency_us: i64,
    /// Everything else, as a JSON object; empty where that was too much.
    pub facts: String,
    /// The beginnings of its bodies, as a JSON object; empty where they are not kept.
    pub bodies: String,
}

/// Which exchanges; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Not before, in microseconds UTC.
    pub since: Option<i64>,
    /// Before, in microseconds UTC.
    pub until: Option<i64>,
    /// Of these services.
    pub service: Option<String>,
    /// Of this route.
    pub route: Option<String>,
    /// Of this consumer.
    pub consumer: Option<String>,
    /// Of this model.
    pub model: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this status and above.
    pub status_min: Option<i64>,
    /// With this status and below.
    pub status_max: Option<i64>,
    /// That failed for this.
    pub reason: Option<String>,
    /// That took so long, or longer.
    pub latency_us_min: Option<i64>,
    /// With this request id or trace id.
    pub called: Option<String>,
    /// What the caller may see; `None` is everything.
    pub scope: Option<UsageScope>,
}

pub(super) async fn write(
    change: &mut Transaction<'static, Any>,
    requests: &[RequestRow],
) -> Result<(), sqlx::Error> {
    for rows in chunks(requests) {
        let sql = insert("usage_requests", COLUMNS, WIDTH, rows.len(), "(id) DO NOTHING");
        let mut statement = sqlx::query(AssertSqlSafe(sql));
        for row in rows {
            statement = statement.bind(row.id).bind(row.at);
            let texts = [
                &row.request_id,
                &row.trace_id,
                &row.service,
                &row.route,
                &row.consumer,
                &row.team,
                &row.model,
                &row.method,
                &row.path,
            ];
            for text in texts {
                statement = statement.bind(text.clone());
            }
            statement = statement.bind(row.status).bind(row.reason.clone());
            statement = statement.bind(row.latency_us).bind(row.facts.clone());
            statement = statement.bind(row.bodies.clone());
        }
        statement.execute(&mut **change).await?;
    }
    Ok(())
}

impl UsageStore {
    /// Exchanges, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        page: &Page,
    ) -> Result<(Vec<RequestRow>, Option<String>), StoreError> {
        let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM usage_requests r WHERE 1 = 1"));
        filter.write(&mut sql);
        if let Some(after) = &page.after {
            let (at, id) = place_of(after)?;
            // Those of the same moment are told apart by their numbers.
            sql.number("r.at <=", at);
            sql.number("(r.at <", at);
            sql.text.push_str(" OR r.id < ");
            sql.push_number(id);
            sql.text.push(')');
        }
        sql.text.push_str(" ORDER BY r.at DESC, r.id DESC LIMIT ");
        sql.push_number(page.limit());
        let mut lent = self.reader().await?;
        let rows = sql.query().fetch_all(&mut *lent).await?;
        let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(page.cut(rows, |row: &RequestRow| format!("{}.{}", row.at, row.id)))
    }

    /// One exchange by its number, of those that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request(
        &self,
        id: i64,
        scope: Option<&UsageScope>,
    ) -> Result<Option<RequestRow>, StoreError> {
        let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM usage_requests r WHERE 1 = 1"));
        sql.number("r.id =", id);
        if let Some(scope) = scope {
            sql.scope("r.", scope, since);
        }
        let mut lent = self.reader().await?;
        let found = sql.query().fetch_optional(&mut *lent).await?;
        Ok(found.as_ref().map(row).transpose()?)
    }
}

impl RequestFilter {
    /// Whether an exchange is one of these.
    #[must_use]
    pub fn fits(&self, row: &RequestRow) -> bool {
        let numbers = [
            (self.since, row.at, true),
            (self.status_min, row.status, true),
            (self.latency_us_min, row.latency_us, true),
            (self.status_max, row.status, false),
        ];
        let texts = [
            (&self.service, &row.service),
            (&self.route, &row.route),
            (&self.consumer, &row.consumer),
            (&self.model, &row.model),
            (&self.method, &row.method),
            (&self.reason, &row.reason),
        ];
        let is_called = |name: &String| *name == row.request_id || *name == row.trace_id;
        self.until.is_none_or(|until| row.at < until)
            && numbers.into_iter().all(|(bound, number, is_lower)| {
                bound.is_none_or(|bound| if is_lower { number >= bound } else { number <= bound })
            })
            && texts.into_iter().all(|(wanted, text)| wanted.as_ref().is_none_or(|one| one == text))
            && self.called.as_ref().is_none_or(is_called)
            && self.scope.as_ref().is_none_or(|scope| scope.fits(row))
    }

    fn write(&self, sql: &mut Sql) {
        let numbers = [
            ("r.at >=", self.since),
            ("r.at <", self.until),
            ("r.status >=", self.status_min),
            ("r.status <=", self.status_max),
            ("r.latency_us >=", self.latency_us_min),
        ];
        for (condition, number) in numbers {
            if let Some(number) = number {
                sql.number(condition, number);
            }
        }
        let texts = [
            ("r.service =", &self.service),
            ("r.route =", &self.route),
            ("r.consumer =", &self.consumer),
            ("r.model =", &self.model),
            ("r.method =", &self.method),
            ("r.reason =", &self.reason),
        ];
        for (condition, text) in texts {
            if let Some(text) = text {
                sql.text(condition, text);
            }
        }
        if let Some(called) = &self.called {
            sql.text("(r.request_id =", called);
            sql.text.push_str(" OR r.trace_id = ");
            sql.push_text(called);
            sql.text.push(')');
        }
        if let Some(scope) = &self.scope {
            sql.scope("r.", scope, since);
        }
    }
}

/// The condition that an exchange is of a time, or later.
fn since(micros: i64, sort: Since) -> String {
    match sort {
        Since::Made => format!("r.at >= {micros}"),
        Since::Taken => format!("r.at > {micros}"),
    }
}

/// Where a page begins: behind the exchange of a moment and a number.
fn place_of(after: &str) -> Result<(i64, i64), StoreError> {
    let parts =
        after.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parts.ok_or(StoreError::NotPossible("a page of requests begins after a moment and a number"))
}

fn row(row: &AnyRow) -> Result<RequestRow, sqlx::Error> {
    Ok(RequestRow {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        request_id: row.try_get("request_id")?,
        trace_id: row.try_get("trace_id")?,
        service: row.try_get("service")?,
        route: row.try_get("route")?,
        consumer: row.try_get("consumer")?,
        team: row.try_get("team")?,
        model: row.try_get("model")?,
        method: row.try_get("method")?,
        path: row.try_get("path")?,
        status: row.try_get("status")?,
        reason: row.try_get("reason")?,
        latency_us: row.try_get("latency_us")?,
        facts: row.try_get("facts")?,
        bodies: row.try_get("bodies")?,
    })
}
