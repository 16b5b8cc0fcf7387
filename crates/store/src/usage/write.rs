//! Writing: one batch, one transaction.

use std::fmt::Write as _;
use std::sync::Arc;

use architrave_core::usage::{Amount, Dimension, Span};
use sqlx::{Any, AssertSqlSafe, Transaction};

use super::{RequestRow, UsageStore};
use crate::StoreError;
use crate::store::micros;

/// Rows of one statement: a whole statement, and what is left over. Few lengths, since each is a
/// statement that is kept prepared.
const ROWS: [usize; 3] = [64, 8, 1];

/// What is written at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageBatch {
    /// The number of the process that writes.
    pub writer: i64,
    /// Sets of dimensions, by ascending id.
    pub keys: Vec<UsageKey>,
    /// Cells, as they stand.
    pub cells: Vec<UsageCell>,
    /// Exchanges that are told of by themselves; what is there already stays.
    pub requests: Vec<RequestRow>,
    /// Exchanges in the cells of this process, all together.
    pub events: i64,
    /// Exchanges that this process has lost.
    pub dropped: i64,
}

/// A set of dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageKey {
    /// Its number.
    pub id: i64,
    /// The day on which it was seen, in seconds UTC.
    pub seen_at: i64,
    /// By dimension, in their order.
    pub texts: Arc<[Box<str>]>,
}

/// What was added up within a step for a set of dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageCell {
    /// Seconds that it is over.
    pub step: i64,
    /// Where it begins, in seconds UTC.
    pub at: i64,
    /// The set of dimensions.
    pub key: i64,
    /// What tells it from all other cells of the same place.
    pub part: i64,
    /// By amount, in their order.
    pub sums: [i64; Amount::COUNT],
    /// By span, in their order; empty where nothing was measured.
    pub sketches: [Vec<u8>; Span::COUNT],
}

impl UsageStore {
    /// Writes a batch whole, or not at all; one that was written before takes its own place.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, batch: &UsageBatch) -> Result<(), StoreError> {
        let mut change = self.opened().await?.begin().await?;
        write_keys(&mut change, &batch.keys).await?;
        write_cells(&mut change, &batch.cells).await?;
        write_sketches(&mut change, &batch.cells).await?;
        super::requests::write(&mut change, &batch.requests).await?;
        let mark = "UPDATE usage_writers SET written_at = $2, events = $3, dropped = $4 \
                    WHERE id = $1";
        let mark = sqlx::query(mark).bind(batch.writer).bind(micros(&self.0.clock));
        mark.bind(batch.events).bind(batch.dropped).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }
}

async fn write_keys(
    change: &mut Transaction<'static, Any>,
    keys: &[UsageKey],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = Dimension::ALL.iter().map(|one| one.as_str()).collect();
    let columns = format!("id, seen_at, {}", names.join(", "));
    // Of two that saw it on different days, the later one is right.
    let conflict = "(id) DO UPDATE SET seen_at = excluded.seen_at \
                    WHERE excluded.seen_at > usage_keys.seen_at";
    for rows in chunks(keys) {
        let sql = insert("usage_keys", &columns, 2 + names.len(), rows.len(), conflict);
        let mut statement = sqlx::query(AssertSqlSafe(sql));
        for row in rows {
            statement = statement.bind(row.id).bind(row.seen_at);
            for text in &*row.texts {
                statement = statement.bind(text.to_string());
            }
        }
        statement.execute(&mut **change).await?;
    }
    Ok(())
}

async fn write_cells(
    change: &mut Transaction<'static, Any>,
    cells: &[UsageCell],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = Amount::ALL.iter().map(|one| one.as_str()).collect();
    let columns = format!("step, at, key_id, part, {}", names.join(", "));
    let set: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let conflict = format!("(step, at, key_id, part) DO UPDATE SET {}", set.join(", "));
    for rows in chunks(cells) {
        let sql = insert("usage_cells", &columns, 4 + names.len(), rows.len(), &conflict);
        let mut statement = sqlx::query(AssertSqlSafe(sql));
        for row in rows {
            statement = statement.bind(row.step).bind(row.at).bind(row.key).bind(row.part);
            for sum in row.sums {
                statement = statement.bind(sum);
            }
        }
        statement.execute(&mut **change).await?;
    }
    Ok(())
}

async fn write_sketches(
    change: &mut Transaction<'static, Any>,
    cells: &[UsageCell],
) -> Result<(), sqlx::Error> {
    let columns = "span, step, at, key_id, part, sketch";
    let conflict = "(span, step, at, key_id, part) DO UPDATE SET sketch = excluded.sketch";
    let sketches: Vec<(i64, &UsageCell, &[u8])> = cells
        .iter()
        .flat_map(|cell| {
            let spans = Span::ALL.iter().zip(&cell.sketches);
            spans.map(move |(span, bytes)| (*span as i64, cell, bytes.as_slice()))
        })
        .filter(|(_, _, bytes)| !bytes.is_empty())
        .collect();
    for rows in chunks(&sketches) {
        let sql = insert("usage_sketches", columns, 6, rows.len(), conflict);
        let mut statement = sqlx::query(AssertSqlSafe(sql));
        for (span, cell, bytes) in rows {
            statement = statement.bind(*span).bind(cell.step).bind(cell.at);
            statement = statement.bind(cell.key).bind(cell.part).bind(bytes.to_vec());
        }
        statement.execute(&mut **change).await?;
    }
    Ok(())
}

/// Pieces of the lengths of [`ROWS`].
pub(super) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = ROWS.into_iter().find(|length| *length <= rows.len())?;
        let (chunk, rest) = rows.split_at(length);
        rows = rest;
        Some(chunk)
    })
}

/// A statement that writes so many rows.
pub(super) fn insert(
    table: &str,
    columns: &str,
    width: usize,
    rows: usize,
    conflict: &str,
) -> String {
    let mut sql = format!("INSERT INTO {table} ({columns}) VALUES ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            let comma = if column == 0 { "" } else { ", " };
            let _infallible = write!(sql, "{comma}${}", row * width + column + 1);
        }
        sql.push(')');
    }
    let _infallible = write!(sql, " ON CONFLICT {conflict}");
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_to_few_lengths_and_none_is_lost() {
        let rows: Vec<u8> = (0..150).collect();
        let lengths: Vec<usize> = chunks(&rows).map(<[u8]>::len).collect();
        assert_eq!(lengths, [64, 64, 8, 8, 1, 1, 1, 1, 1, 1]);
        assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(chunks(&rows[..0]).count(), 0);
    }

    #[test]
    fn a_statement_numbers_what_is_bound_through_all_rows() {
        let sql = insert("t", "a, b", 2, 2, "(a) DO NOTHING");
        assert_eq!(
            sql,
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT (a) DO NOTHING"
        );
    }
}
