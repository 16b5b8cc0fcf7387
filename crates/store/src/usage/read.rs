//! Reading: sums and sketches of a time, told apart by some dimensions.

use std::collections::HashMap;

use architrave_core::usage::{Amount, Dimension, Span};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

use super::{RequestRow, UsageStore};
use crate::StoreError;
use crate::place::Engine;

/// Rows that one question may have; whoever wants more must ask for less at once.
const ROWS_MAX: usize = 200_000;

/// Microseconds in a second.
pub(super) const MICROS: i64 = 1_000_000;

/// So few keys that their cells are found one by one, rather than in all cells of a time.
const FEW_KEYS: i64 = 200;

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// The time, in slices that do not overlap.
    pub slices: Vec<UsageSlice>,
    /// How long each of the times is that are told apart; `None`: all is one.
    pub bucket: Option<i64>,
    /// What is told apart.
    pub groups: Vec<UsageGroup>,
    /// What is added up, the rest being told as 0; where none is named, everything.
    pub amounts: Vec<Amount>,
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
    /// These too, from a time on, in microseconds UTC: until then somebody else had the name.
    pub later_services: Vec<(String, i64)>,
    /// What applications of these teams call.
    pub teams: Vec<String>,
    /// The same of these, from a time on: until then another team had the name.
    pub later_teams: Vec<(String, i64)>,
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

impl UsageQuery {
    /// Asks of these groups alone; of one that has only parts of them it may still be told.
    pub fn only(&mut self, groups: &[Vec<String>]) {
        for (place, group) in self.groups.iter().enumerate() {
            let mut values: Vec<_> = groups.iter().map(|names| names[place].clone()).collect();
            values.sort_unstable();
            values.dedup();
            self.filters.push((*group, values));
        }
    }
}

impl UsageScope {
    /// Whether an exchange is within it.
    #[must_use]
    pub fn fits(&self, row: &RequestRow) -> bool {
        let is_in = |names: &[String], name: &str| names.iter().any(|one| one == name);
        is_in(&self.services, &row.service)
            || is_in(&self.teams, &row.team)
            || self.consumers.iter().any(|(name, since)| *name == row.consumer && row.at >= *since)
            || (self.later_services.iter())
                .any(|(name, since)| *name == row.service && row.at > *since)
            || self.later_teams.iter().any(|(name, since)| *name == row.team && row.at > *since)
    }
}

impl UsageStore {
    /// What was added up, told apart as asked; in no order.
    ///
    /// # Errors
    /// When the database fails, or there is too much of it.
    pub async fn usage_sums(&self, query: &UsageQuery) -> Result<Vec<UsageSums>, StoreError> {
        let wanted = if query.amounts.is_empty() { Amount::ALL } else { &query.amounts };
        let sums: Vec<_> = wanted
            .iter()
            .map(|amount| format!("CAST(SUM(c.{}) AS BIGINT)", amount.as_str()))
            .collect();
        let way = self.way(query).await?;
        let mut found: HashMap<(i64, Vec<String>), [i64; Amount::COUNT]> = HashMap::new();
        for slice in self.slices(query).await? {
            let mut sql = Sql::select(query, slice, &sums.join(", "));
            sql.push_cells("usage_cells", way);
            sql.within(query, slice);
            let ordinals: Vec<_> = (1..=query.groups.len() + 1).map(|at| at.to_string()).collect();
            sql.text.push_str(&format!(" GROUP BY {}", ordinals.join(", ")));
            for row in self.rows(sql).await? {
                let (key, first) = key(&row, query)?;
                let total = found.entry(key).or_insert([0; Amount::COUNT]);
                for (place, amount) in wanted.iter().enumerate() {
                    let count: i64 = row.try_get(first + place)?;
                    let sum = &mut total[*amount as usize];
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
        let way = self.way(query).await?;
        for slice in self.slices(query).await? {
            let mut sql = Sql::select(query, slice, "c.sketch");
            sql.push_cells("usage_sketches", way);
            sql.text.push_str(&format!(" AND c.span = {}", span as i64));
            sql.within(query, slice);
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
        let way = self.way(&query).await?;
        let mut found: HashMap<Vec<String>, i64> = HashMap::new();
        for slice in &query.slices {
            let mut sql = Sql::select(&query, *slice, "CAST(MAX(c.at) AS BIGINT)");
            sql.push_cells("usage_cells", way);
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

    /// How the cells of a question are best found.
    async fn way(&self, query: &UsageQuery) -> Result<Way, StoreError> {
        let narrows = !query.filters.is_empty() || query.scope.is_some();
        if !narrows && query.groups.is_empty() {
            return Ok(Way::CellsAlone);
        }
        // PostgreSQL knows for itself how many keys fit.
        if !narrows || self.opened().await?.door.engine == Engine::Postgres {
            return Ok(Way::Join);
        }
        let mut sql = Sql::new("SELECT COUNT(*) FROM (SELECT 1 FROM usage_keys k WHERE 1 = 1");
        sql.named(query, |_, _| "1 = 1".to_owned());
        sql.text.push_str(&format!(" LIMIT {})", FEW_KEYS + 1));
        let mut lent = self.reader().await?;
        let keys: i64 = sql.query().fetch_one(&mut *lent).await?.try_get(0)?;
        Ok(if keys <= FEW_KEYS { Way::ByKey } else { Way::Join })
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

/// How cells are found.
#[derive(Clone, Copy)]
enum Way {
    /// By their time, and nothing is asked of their keys.
    CellsAlone,
    /// By their time, each beside its key.
    Join,
    /// By the few keys that fit: SQLite does not know how few they are, and would go through all
    /// cells of the time.
    ByKey,
}

/// The time and the group of a row, and the column behind them.
fn key(row: &AnyRow, query: &UsageQuery) -> Result<((i64, Vec<String>), usize), StoreError> {
    let at: i64 = row.try_get(0)?;
    let at = query.bucket.map_or(at, |bucket| at - at % bucket);
    let group = (1..=query.groups.len()).map(|place| row.try_get(place));
    Ok(((at, group.collect::<Result<_, _>>()?), query.groups.len() + 1))
}

/// From when on a name is whose it is.
#[derive(Clone, Copy)]
pub(super) enum Since {
    /// It was made then.
    Made,
    /// Another had it until then.
    Taken,
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
    fn select(query: &UsageQuery, slice: UsageSlice, what: &str) -> Self {
        let time = match query.bucket {
            // As it stands, cells are in its order, and need not be sorted where nothing else is
            // told apart.
            Some(bucket) if bucket == slice.step || query.groups.is_empty() => "c.at".to_owned(),
            Some(bucket) => format!("c.at - c.at % {bucket}"),
            None => "CAST(0 AS BIGINT)".to_owned(),
        };
        let groups = query.groups.iter().map(|group| group.sql());
        let columns: Vec<_> = std::iter::once(time).chain(groups).collect();
        Self::new(format!("SELECT {}, {what}", columns.join(", ")))
    }

    /// The table of cells `c` and their keys `k`, and the beginning of what must be true.
    fn push_cells(&mut self, table: &str, way: Way) {
        self.text.push_str(&match way {
            Way::CellsAlone => format!(" FROM {table} c WHERE 1 = 1"),
            Way::Join => {
                format!(" FROM {table} c JOIN usage_keys k ON k.id = c.key_id WHERE 1 = 1")
            }
            Way::ByKey => format!(
                " FROM usage_keys k CROSS JOIN {table} c INDEXED BY {table}_by_key \
                 WHERE c.key_id = k.id"
            ),
        });
    }

    fn within(&mut self, query: &UsageQuery, slice: UsageSlice) {
        let UsageSlice { step, from, to } = slice;
        self.text.push_str(&format!(" AND c.step = {step} AND c.at >= {from} AND c.at < {to}"));
        // To the cell that the time is in; of what was another's, only what is whole.
        self.named(query, |since, sort| match sort {
            Since::Made => format!("c.at + c.step > {}", since / MICROS),
            Since::Taken => format!("c.at > {}", since / MICROS),
        });
    }

    /// Only keys that fit filters and scope; `is_since` as of [`Sql::scope`].
    fn named(&mut self, query: &UsageQuery, is_since: impl Fn(i64, Since) -> String) {
        for (group, values) in &query.filters {
            self.one_of(&group.sql(), values);
        }
        if let Some(scope) = &query.scope {
            self.scope("k.", scope, is_since);
        }
    }

    /// Only what fits the scope; `is_since` is the condition that something is of that time or later,
    /// in microseconds UTC.
    pub(super) fn scope(
        &mut self,
        of: &str,
        scope: &UsageScope,
        is_since: impl Fn(i64, Since) -> String,
    ) {
        self.text.push_str(" AND (1 = 0");
        let dated = [
            ("consumer", Since::Made, &scope.consumers),
            ("service", Since::Taken, &scope.later_services),
            ("team", Since::Taken, &scope.later_teams),
        ];
        for (column, sort, names) in dated {
            for (name, since) in names {
                self.text.push_str(&format!(" OR ({} AND {of}{column} = ", is_since(*since, sort)));
                self.bind(Bound::Text(name.clone()));
                self.text.push(')');
            }
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
