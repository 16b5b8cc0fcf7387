//! A query with conditions that are there or not; what is compared is always bound, never written.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// A query that grows.
pub(crate) struct Filter {
    sql: String,
    bound: Vec<Bound>,
}

enum Bound {
    Text(String),
    Number(i64),
}

impl Filter {
    /// Begins with everything up to `WHERE` and a first condition.
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), bound: Vec::new() }
    }

    /// Adds a condition, such as `actor =`, where there is something to compare with.
    pub(crate) fn text(&mut self, condition: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(condition, Bound::Text(value.to_owned()));
        }
    }

    /// Adds a condition on a number.
    pub(crate) fn number(&mut self, condition: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.add(condition, Bound::Number(value));
        }
    }

    fn add(&mut self, condition: &'static str, bound: Bound) {
        self.bound.push(bound);
        let place = self.bound.len();
        self.sql.push_str(&format!(" AND {condition} ${place}"));
    }

    /// Ends with an order and a number of rows.
    pub(crate) fn end(
        mut self,
        order: &'static str,
        limit: i64,
    ) -> Query<'static, Any, AnyArguments> {
        self.bound.push(Bound::Number(limit));
        let place = self.bound.len();
        self.sql.push_str(&format!(" {order} LIMIT ${place}"));
        let mut query = sqlx::query(AssertSqlSafe(self.sql));
        for bound in self.bound {
            query = match bound {
                Bound::Text(text) => query.bind(text),
                Bound::Number(number) => query.bind(number),
            };
        }
        query
    }
}
