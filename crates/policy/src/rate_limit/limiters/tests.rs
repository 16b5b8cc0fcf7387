//! How memory is shared out.

use super::*;

#[test]
fn tables_share_the_memory_and_each_has_its_due() {
    for (tables, bytes) in [
        (0, TABLE_BYTES_MAX),
        (1, TABLE_BYTES_MAX),
        (32, TABLE_BYTES_MAX),
        (33, TABLE_BYTES_MAX / 2),
        (1_000, 32 << 10),
        (1_000_000, TABLE_BYTES_MIN),
    ] {
        assert_eq!(sets_per_table(tables) * SET_BYTES, bytes, "{tables} tables");
    }
}

#[test]
fn what_nobody_uses_is_forgotten() {
    let limiters = RateLimiters::default();
    let rate = Rate { count: 1, per: std::time::Duration::from_secs(1) };
    let (limiter, in_flight) = (limiters.single("a", rate), limiters.parallel("a"));
    assert!(Arc::ptr_eq(&limiter, &limiters.single("a", rate)));
    assert!(Arc::ptr_eq(&in_flight, &limiters.parallel("a")));
    limiters.begin(&Snapshot::default());
    assert_eq!(limiters.counters().limiters.len(), 1);
    drop((limiter, in_flight));
    limiters.begin(&Snapshot::default());
    assert!(limiters.counters().limiters.is_empty() && limiters.counters().in_flight.is_empty());
}
