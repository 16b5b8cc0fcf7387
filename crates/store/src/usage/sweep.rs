//! What is old goes, and what is too much.

use architrave_core::usage::{COARSE, STEPS};
use sqlx::{Any, Transaction};

use super::{Open, UsageStore};
use crate::StoreError;
use crate::place::Engine;

/// Rows that one transaction removes about: writes of a second wait for no longer than that takes.
const ROWS_AT_ONCE: i64 = 20_000;

const MICROS: i64 = 1_000_000;

/// How long things are kept, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageKeep {
    /// Cells of each step, in seconds, in the order of [`STEPS`].
    pub steps: [i64; STEPS.len()],
    /// Exchanges, in seconds.
    pub requests: i64,
    /// How many exchanges.
    pub requests_max: i64,
    /// How many bytes all of it may take.
    pub bytes_max: i64,
}

/// What a sweep has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSwept {
    /// Rows of whatever kind.
    pub rows: u64,
    /// Bytes in use afterwards.
    pub bytes: i64,
    /// Whether something went that was not old, since all of it took too much room.
    pub is_cut: bool,
}

impl UsageStore {
    /// Removes what is older than it may be at `now`, in seconds UTC, and of the rest the oldest
    /// while all of it takes too much room.
    ///
    /// # Errors
    /// When the database fails; what was removed until then is gone.
    pub async fn sweep(&self, keep: &UsageKeep, now: i64) -> Result<UsageSwept, StoreError> {
        let open = self.opened().await?;
        let mut swept = UsageSwept::default();
        for (step, kept) in STEPS.into_iter().zip(keep.steps) {
            let coarse = COARSE.iter().filter(|one| one.step == step).map(|one| one.mark);
            for mark in coarse.chain([step]) {
                swept.rows += open.remove_cells((mark, step), now - kept).await?;
            }
        }
        swept.rows += open.remove_requests((now - keep.requests) * MICROS).await?;
        swept.rows += open.remove_surplus(keep.requests_max).await?;
        let oldest = now - keep.steps.into_iter().max().unwrap_or_default();
        let gone = "DELETE FROM usage_keys WHERE seen_at < $1";
        swept.rows += sqlx::query(gone).bind(oldest).execute(&open.writer).await?.rows_affected();
        swept.bytes = open.bytes().await?;
        while swept.bytes > keep.bytes_max {
            let gone = open.remove_some(now).await?;
            swept.rows += gone;
            swept.is_cut |= gone > 0;
            swept.bytes = open.bytes().await?;
            // PostgreSQL gives room back later, by itself.
            if gone == 0 || open.door.engine == Engine::Postgres {
                break;
            }
        }
        Ok(swept)
    }

    /// Bytes in use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bytes(&self) -> Result<i64, StoreError> {
        self.opened().await?.bytes().await
    }
}

impl Open {
    async fn bytes(&self) -> Result<i64, StoreError> {
        let query = match self.door.engine {
            Engine::Sqlite => {
                "SELECT (c.page_count - f.freelist_count) * s.page_size \
                 FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s"
            }
            Engine::Postgres => {
                "SELECT CAST(SUM(pg_total_relation_size(CAST(name AS regclass))) AS BIGINT) FROM \
                 (VALUES ('usage_cells'), ('usage_sketches'), ('usage_requests'), ('usage_keys')) \
                 AS tables (name)"
            }
        };
        let mut lent = self.readers.acquire().await?;
        Ok(sqlx::query_scalar(query).fetch_one(&mut *lent).await?)
    }

    /// Removes the cells of a step that begin before a time, a piece of time after the other.
    /// They are kept under `mark`.
    async fn remove_cells(&self, (mark, step): (i64, i64), before: i64) -> Result<u64, StoreError> {
        let mut rows = 0;
        for _ in 0..100 {
            let oldest = "SELECT MIN(at) FROM usage_cells WHERE step = $1";
            let mut lent = self.readers.acquire().await?;
            let oldest: Option<i64> =
                sqlx::query_scalar(oldest).bind(mark).fetch_one(&mut *lent).await?;
            let Some(oldest) = oldest.filter(|oldest| *oldest < before) else { break };
            // Where so many rows are passed; all of it when there are fewer.
            let there = "SELECT at FROM usage_cells WHERE step = $1 AND at >= $2 \
                         ORDER BY at LIMIT 1 OFFSET $3";
            let there: Option<i64> = sqlx::query_scalar(there)
                .bind(mark)
                .bind(oldest)
                .bind(ROWS_AT_ONCE)
                .fetch_optional(&mut *lent)
                .await?;
            drop(lent);
            let until = there.map_or(before, |there| (there + step).min(before));
            let mut change = self.begin().await?;
            rows += remove_until(&mut change, mark, until).await?;
            change.commit().await?;
        }
        Ok(rows)
    }

    async fn remove_requests(&self, before: i64) -> Result<u64, StoreError> {
        let gone = "DELETE FROM usage_requests WHERE at < $1";
        Ok(sqlx::query(gone).bind(before).execute(&self.writer).await?.rows_affected())
    }

    /// Removes the oldest exchanges beyond so many.
    async fn remove_surplus(&self, requests_max: i64) -> Result<u64, StoreError> {
        let first = "SELECT at FROM usage_requests ORDER BY at DESC LIMIT 1 OFFSET $1";
        let mut lent = self.readers.acquire().await?;
        let first: Option<i64> =
            sqlx::query_scalar(first).bind(requests_max).fetch_optional(&mut *lent).await?;
        drop(lent);
        match first {
            Some(at) => self.remove_requests(at + 1).await,
            None => Ok(0),
        }
    }

    /// Removes a part of what is least missed: a tenth of the time of exchanges, then of minutes,
    /// hours and days, of each but the latest.
    async fn remove_some(&self, now: i64) -> Result<u64, StoreError> {
        let mut lent = self.readers.acquire().await?;
        let oldest = "SELECT MIN(at) FROM usage_requests";
        let oldest: Option<i64> = sqlx::query_scalar(oldest).fetch_one(&mut *lent).await?;
        if let Some(oldest) = oldest {
            drop(lent);
            return self.remove_requests(oldest + (now * MICROS - oldest).max(0) / 10 + 1).await;
        }
        let fine = STEPS.into_iter().map(|step| (step, step));
        let coarse = COARSE.into_iter().map(|one| (one.mark, one.step));
        for (mark, step) in fine.chain(coarse) {
            let oldest = "SELECT MIN(at) FROM usage_cells WHERE step = $1";
            let oldest: Option<i64> =
                sqlx::query_scalar(oldest).bind(mark).fetch_one(&mut *lent).await?;
            let latest = now - now.rem_euclid(step);
            if let Some(oldest) = oldest.filter(|oldest| *oldest < latest) {
                drop(lent);
                let until = (oldest + ((latest - oldest) / 10).max(step)).min(latest);
                return self.remove_cells((mark, step), until).await;
            }
        }
        Ok(0)
    }
}

async fn remove_until(
    change: &mut Transaction<'static, Any>,
    step: i64,
    until: i64,
) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM usage_cells WHERE step = $1 AND at < $2");
    let mut rows = gone.bind(step).bind(until).execute(&mut **change).await?.rows_affected();
    for span in 0..2_i64 {
        let gone =
            sqlx::query("DELETE FROM usage_sketches WHERE span = $1 AND step = $2 AND at < $3");
        let gone = gone.bind(span).bind(step).bind(until).execute(&mut **change).await?;
        rows += gone.rows_affected();
    }
    Ok(rows)
}
