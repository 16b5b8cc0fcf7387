//! Reading: sums and sketches of a time, told apart by some dimensions.

use std::collections::HashMap;

use architrave_core::usage::{Amount, Dimension, Span};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

use super::{RequestRow, UsageStore};
use crate::StoreError;

/// Rows that one question may have; whoever wants more must ask for less at once.
const ROWS_MAX: usize = 200_000;

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// The time, in slices that do not overlap.
    pub slices: Vec<UsageSlice>,
    /// How long each of the times is that are told apart; `None`: all is one.
    pub bucket: Option<i64>,
    /// What is told apart.
    pub groups: Vec<UsageGroup>,
    /// Which values a dimension may have; all of them must fit.
    pub filters: Vec<(UsageGroup, Vec<String>)>,
    /// What the caller may see; `None` is everything.
    pub scope: Option<UsageScope>,
}

/// A time, and the length of the cells that it is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageSlice {
    /// Seconds that a cell is over.
    pub step: i64,
    /// The first second.
    pub from: i64,
    /// The second behind the last.
    pub to: i64,
}

/// What can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageGroup {
    /// A dimension.
    Dimension(Dimension),
    /// The class of the status, `2xx` and the like.
    Class,
}

/// What somebody may see: what fits one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageScope {
    /// These services, whoever calls them.
    pub services: Vec<String>,
    /// What applications of these teams call.
    pub teams: Vec<String>,
    /// What these consumers call, from a time on, in microseconds UTC: before, somebody else may have
    /// had the name.
    pub consumers: Vec<(String, i64)>,
}

/// What was added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSums {
    /// Where its time begins, in seconds UTC; 0 where times are not told apart.
    pub at: i64,
    /// By what is told apart, in the order in which that was asked for.
    pub group: Vec<String>,
    /// By amount, in their order.
    pub sums: [i64; Amount::COUNT],
}

impl UsageScope {
    /// Whether an exchange is within it.
    #[must_use]
    pub fn fits(&self, row: &RequestRow) -> bool {
        let is_in = |names: &[String], name: &str| names.iter().any(|one| one == name);
        is_in(&self.services, &row.service)
            || is_in(&self.teams, &row.team)
            || self.consumers.iter().any(|(name, since)| *name == row.consumer && row.at >= *since)
    }
}

impl UsageStore {
    /// What was added up, told apart as asked; in no order.
    ///
    /// # Errors
    /// When the database fails, or there is too much of it.
    pub async fn usage_sums(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        let sums: Vec<_> = Amount::ALL
            .iter()
            .map(|amount| format!("CAST(SUM(c.{}) AS BIGINT)", amount.as_str()))
            .collect();
        let mut found: HashMap<(i64, Vec<String>), [i64; Amount::COUNT]> = HashMap::new();
        for slice in &query.slices {
            let mut sql = Sql::select(query, &sums.join(", "));
            sql.text
                .push_str(" FROM usage_cells c JOIN usage_keys k ON k.id = c.key_id WHERE 1 = 1");
            sql.within(query, *slice);
            let ordinals: Vec<_> = (1..=query.groups.len() + 1).map(|at| at.to_string()).collect();
            sql.text.push_str(&format!(" GROUP BY {}", ordinals.join(", ")));
            for row in self.rows(sql).await? {
                let (key, first) = key(&row, query)?;
                let total = found.entry(key).or_insert([0; Amount::COUNT]);
                for (place, sum) in total.iter_mut().enumerate() {
                    let count: i64 = row.try_get(first + place)?;
                    *sum = sum.saturating_add(count);
                }
            }
        }
        let rows = found.into_iter();
        Ok(rows.map(|((at, group), sums)| UsageSums { at, group, sums }).collect())
    }

    /// The sketches of a span, each with the time and the group that it is of.
    ///
    /// # Errors
    /// When the database fails, or there are too many.
    pub async fn usage_sketches(
        &self,
        query: &UsageQuery,
        span: Span,
    ) -> Result<Vec<(i64, Vec<String>, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        for slice in &query.slices {
            let mut sql = Sql::select(query, "c.sketch");
            sql.text.push_str(" FROM usage_sketches c JOIN usage_keys k ON k.id = c.key_id");
            sql.text.push_str(&format!(" WHERE c.span = {}", span as i64));
            sql.within(query, *slice);
            for row in self.rows(sql).await? {
                let ((at, group), first) = key(&row, query)?;
                found.push((at, group, row.try_get(first)?));
            }
        }
        Ok(found)
    }

    /// When what is told apart was last: where its latest cell begins, in seconds UTC. Times are not
    /// told apart.
    ///
    /// # Errors
    /// When the database fails, or there is too much of it.
    pub async fn usage_latest(
        &self,
        query: &UsageQuery,
    ) -> Result<Vec<(Vec<String>, i64)>, StoreError> {
        let query = UsageQuery { bucket: None, ..query.clone() };
        let mut found: HashMap<Vec<String>, i64> = HashMap::new();
        for slice in &query.slices {
            let mut sql = Sql::select(&query, "CAST(MAX(c.at) AS BIGINT)");
            sql.text
                .push_str(" FROM usage_cells c JOIN usage_keys k ON k.id = c.key_id WHERE 1 = 1");
            sql.within(&query, *slice);
            let ordinals: Vec<_> = (1..=query.groups.len() + 1).map(|at| at.to_string()).collect();
            sql.text.push_str(&format!(" GROUP BY {}", ordinals.join(", ")));
            for row in self.rows(sql).await? {
                let ((_, group), first) = key(&row, &query)?;
                let at: i64 = row.try_get(first)?;
                let latest = found.entry(group).or_insert(at);
                *latest = (*latest).max(at);
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The exchanges that are in cells of all processes, as they say themselves when they write.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage_events(&self) -> Result<i64, StoreError> {
        let query = "SELECT CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM usage_writers";
        let mut lent = self.reader().await?;
        Ok(sqlx::query_scalar(query).fetch_one(&mut *lent).await?)
    }

    async fn rows(&self, mut sql: Sql) -> Result<Vec<AnyRow>, StoreError> {
        sql.text.push_str(&format!(" LIMIT {}", ROWS_MAX + 1));
        let mut lent = self.reader().await?;
        let rows = sql.query().fetch_all(&mut *lent).await?;
        if rows.len() > ROWS_MAX {
            return Err(StoreError::NotPossible(
                "that is more than can be told at once: ask for a shorter time, a longer step or \
                 fewer names",
            ));
        }
        Ok(rows)
    }
}

/// The time and the group of a row, and the column behind them.
fn key(row: &AnyRow, query: &UsageQuery) -> Result<((i64, Vec<String>), usize), StoreError> {
    let at = row.try_get(0)?;
    let group = (1..=query.groups.len()).map(|place| row.try_get(place));
    Ok(((at, group.collect::<Result<_, _>>()?), query.groups.len() + 1))
}

/// A statement that grows; what is compared is bound, never written, but for numbers of ours.
pub(super) struct Sql {
    pub(super) text: String,
    bound: Vec<Bound>,
}

enum Bound {
    Text(String),
    Number(i64),
}

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), bound: Vec::new() }
    }

    /// The time, what is told apart, and `what`.
    fn select(query: &UsageQuery, what: &str) -> Self {
        let time = match query.bucket {
            Some(bucket) => format!("c.at - c.at % {bucket}"),
            None => "CAST(0 AS BIGINT)".to_owned(),
        };
        let groups = query.groups.iter().map(|group| group.sql());
        let columns: Vec<_> = std::iter::once(time).chain(groups).collect();
        Self::new(format!("SELECT {}, {what}", columns.join(", ")))
    }

    fn within(&mut self, query: &UsageQuery, slice: UsageSlice) {
        let UsageSlice { step, from, to } = slice;
        self.text.push_str(&format!(" AND c.step = {step} AND c.at >= {from} AND c.at < {to}"));
        for (group, values) in &query.filters {
            self.one_of(&group.sql(), values);
        }
        if let Some(scope) = &query.scope {
            // To the cell that the time is in.
            self.scope("k.", scope, |since| format!("c.at + c.step > {}", since / MICROS));
        }
    }

    /// Only what fits the scope; `is_since` is the condition that something is of that time or later,
    /// in microseconds UTC.
    pub(super) fn scope(&mut self, of: &str, scope: &UsageScope, is_since: impl Fn(i64) -> String) {
        self.text.push_str(" AND (1 = 0");
        for (name, since) in &scope.consumers {
            self.text.push_str(&format!(" OR ({} AND {of}consumer = ", is_since(*since)));
            self.bind(Bound::Text(name.clone()));
            self.text.push(')');
        }
        let lists = [("service", &scope.services), ("team", &scope.teams)];
        for (column, values) in lists {
            if !values.is_empty() {
                self.text.push_str(" OR ");
                self.in_list(&format!("{of}{column}"), values);
            }
        }
        self.text.push(')');
    }

    /// Only what has one of the values; nothing has, where there are none.
    pub(super) fn one_of(&mut self, column: &str, values: &[String]) {
        self.text.push_str(" AND ");
        if values.is_empty() {
            self.text.push_str("1 = 0");
        } else {
            self.in_list(column, values);
        }
    }

    fn in_list(&mut self, column: &str, values: &[String]) {
        self.text.push_str(column);
        self.text.push_str(" IN (");
        for (place, value) in values.iter().enumerate() {
            if place > 0 {
                self.text.push_str(", ");
            }
            self.bind(Bound::Text(value.clone()));
        }
        self.text.push(')');
    }

    /// Only what compares so with a number.
    pub(super) fn number(&mut self, condition: &str, value: i64) {
        self.text.push_str(&format!(" AND {condition} "));
        self.bind(Bound::Number(value));
    }

    /// Only what compares so with a text.
    pub(super) fn text(&mut self, condition: &str, value: &str) {
        self.text.push_str(&format!(" AND {condition} "));
        self.bind(Bound::Text(value.to_owned()));
    }

    pub(super) fn push_number(&mut self, value: i64) {
        self.bind(Bound::Number(value));
    }

    pub(super) fn push_text(&mut self, value: &str) {
        self.bind(Bound::Text(value.to_owned()));
    }

    fn bind(&mut self, bound: Bound) {
        self.bound.push(bound);
        self.text.push_str(&format!("${}", self.bound.len()));
    }

    pub(super) fn query(self) -> Query<'static, Any, AnyArguments> {
        let mut query = sqlx::query(AssertSqlSafe(self.text));
        for bound in self.bound {
            query = match bound {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(number),
            };
        }
        query
    }
}

impl UsageGroup {
    fn sql(self) -> String {
        match self {
            Self::Dimension(dimension) => format!("k.{}", dimension.as_str()),
            Self::Class => "SUBSTR(k.status, 1, 1) || 'xx'".to_owned(),
        }
    }
}
