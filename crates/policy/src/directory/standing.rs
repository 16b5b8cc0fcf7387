//! Where limits stand, for whoever asks: read from the very numbers that requests are held to, which
//! are atomic, so that no request waits for somebody who looks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use architrave_config::ports::{CountedFor, LimitSort, LimitStanding, LimitUnit};
use architrave_core::Moment;

use crate::ledger::{Account, Standing, Unit};
use crate::rate_limit::RateReport;

/// A limit per time, as clients are told of it.
pub(super) fn of_rate(report: RateReport, wall: SystemTime) -> LimitStanding {
    let unit = match report.unit {
        None => LimitUnit::Requests,
        Some(_) => LimitUnit::Tokens,
    };
    let used = report.quota.saturating_sub(report.remaining);
    LimitStanding {
        sort: LimitSort::RateLimit { window: Duration::from_secs(report.window_s) },
        counted_for: CountedFor::Caller,
        unit,
        limit: report.quota,
        used,
        reserved: 0,
        renews_at: wall.checked_add(Duration::from_secs(report.reset_s)),
    }
}

/// Requests in flight at once.
pub(super) fn of_parallel(in_flight: &AtomicU32, max: u32) -> LimitStanding {
    LimitStanding {
        sort: LimitSort::Parallel,
        counted_for: CountedFor::Caller,
        unit: LimitUnit::Requests,
        limit: max.into(),
        used: in_flight.load(Ordering::Acquire).into(),
        reserved: 0,
        renews_at: None,
    }
}

/// Tokens per time, and budgets.
pub(super) fn of_account(
    account: &Account,
    now: Moment,
    wall: SystemTime,
) -> impl Iterator<Item = LimitStanding> {
    let tokens = account.token_limit(now).map(|report| of_rate(report, wall));
    tokens.into_iter().chain(account.standings(wall).into_iter().map(of_budget))
}

fn of_budget(standing: Standing) -> LimitStanding {
    let at = |second| UNIX_EPOCH + Duration::from_secs(second);
    let unit = match standing.unit {
        Unit::Tokens => LimitUnit::Tokens,
        Unit::NanoUsd => LimitUnit::NanoUsd,
    };
    LimitStanding {
        sort: LimitSort::Budget {
            per: standing.per.written(),
            began_at: at(standing.span.start_s),
        },
        counted_for: standing.counted_for,
        unit,
        limit: standing.limit,
        used: standing.spent,
        reserved: standing.reserved,
        renews_at: Some(at(standing.span.end_s)),
    }
}
