//! Counts over crashes: what was spent is never forgotten, and little is counted that was not.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use architrave_core::shutdown::Shutdown;
use architrave_core::task;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const LIMIT: u64 = 320_000;
const LEASE: u64 = LIMIT / 32;

/// A gateway's ledger with its keeper, which dies when it is dropped.
struct Life {
    account: Arc<Account>,
    keeper: LeaseKeeper<LeaseFile>,
}

impl Life {
    fn begin(path: &Path, second: u64) -> Self {
        let (file, recovered) = LeaseFile::open(path, wall(second)).unwrap();
        assert_eq!(recovered.damaged, 0);
        let ledger = Arc::new(Ledger::kept(recovered.leases));
        let terms = terms(&[tokens(LIMIT, Period::Month)]);
        let account = ledger.account("mobile", &terms).unwrap();
        Self { account, keeper: LeaseKeeper::new(ledger, file) }
    }

    /// Reserves, with the keeper's help where that is needed.
    fn reserve(&mut self, tokens: u64) -> Option<Reservation> {
        let free = Prices::default();
        let request = ask(&free, tokens, Some(0));
        for _ in 0..2 {
            match self.account.try_reserve(at(1), wall(NOON), &request) {
                Err(Refused { limit: Limit::Lease, .. }) => {
                    assert!(self.keeper.keep().unwrap() > 0);
                }
                reserved => return reserved.ok(),
            }
        }
        panic!("the lease was not long enough for who asked for it");
    }

    fn taken(&self) -> u64 {
        let (spent, reserved) = standing(&self.account, NOON);
        spent + reserved
    }
}

/// What the file says has been taken.
fn on_disk(path: &Path) -> u64 {
    let (_, recovered) = LeaseFile::open(path, wall(NOON)).unwrap();
    recovered.leases.first().map_or(0, |lease| lease.up_to)
}

fn place() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

#[test]
fn nothing_is_taken_before_its_lease_is_written() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    let free = Prices::default();
    let request = ask(&free, 500, Some(0));
    let refused = life.account.try_reserve(at(1), wall(NOON), &request).unwrap_err();
    assert_eq!((refused.limit, refused.reason().status()), (Limit::Lease, 503));
    assert_eq!(life.keeper.keep().unwrap(), 1);
    assert!(on_disk(&path) >= 500);
    life.account.try_reserve(at(1), wall(NOON), &request).unwrap().settle(spent(500));
}

#[test]
fn one_write_is_to_do_for_all_whose_use_is_counted() {
    let (_folder, path) = place();
    let (file, _) = LeaseFile::open(&path, wall(NOON)).unwrap();
    let ledger = Arc::new(Ledger::kept(Vec::new()));
    let terms = terms(&[tokens(LIMIT, Period::Month), tokens(LIMIT, Period::Day)]);
    let share = |counted_for, name| Share { counted_for, name, terms: &terms };
    let account = ledger.account_of(&[
        share(CountedFor::Caller, "applications/a/p"),
        share(CountedFor::Plan, "plans/p"),
        share(CountedFor::Team, "teams/t"),
    ]);
    let account = account.unwrap();
    let mut keeper = LeaseKeeper::new(Arc::clone(&ledger), file);
    let free = Prices::default();
    let request = ask(&free, 500, Some(0));
    let refused = account.try_reserve(at(1), wall(NOON), &request).unwrap_err();
    assert_eq!(refused.limit, Limit::Lease);
    assert_eq!(account.standings(wall(NOON)).iter().map(|one| one.reserved).sum::<u64>(), 0);
    assert_eq!(keeper.keep().unwrap(), 6);
    account.try_reserve(at(1), wall(NOON), &request).unwrap().settle(spent(500));
    assert!(account.standings(wall(NOON)).iter().all(|one| one.spent == 500));
}

#[test]
fn one_write_is_to_do_for_all_who_wait_at_the_same_time() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    let free = Prices::default();
    let request = ask(&free, 0, Some(1_500));
    let tries = || (0..200).map(|_| life.account.try_reserve(at(1), wall(NOON), &request));
    assert!(tries().all(|reserved| reserved.unwrap_err().limit == Limit::Lease));
    life.keeper.keep().unwrap();
    let reserved: Vec<_> =
        (0..200).map(|_| life.account.try_reserve(at(1), wall(NOON), &request).unwrap()).collect();
    assert_eq!(standing(&life.account, NOON), (0, 300_000));
    drop(reserved);
    // Nobody waits any more: the lease is a lease long again.
    life.keeper.keep().unwrap();
    assert!(on_disk(&path) <= LEASE);
}

#[test]
fn who_waits_for_more_than_there_is_gets_no_longer_lease_than_the_budget() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    let free = Prices::default();
    for _ in 0..2_000 {
        let request = ask(&free, 0, Some(1_500));
        life.account.try_reserve(at(1), wall(NOON), &request).unwrap_err();
    }
    life.keeper.keep().unwrap();
    assert!(on_disk(&path) <= LIMIT + LEASE);
}

#[test]
fn who_wants_more_than_the_budget_is_waited_for_once() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    // The prompt is larger than all there is, and the last one.
    life.reserve(2 * LIMIT).unwrap().settle(spent(2 * LIMIT));
    assert!(life.reserve(1).is_none());
}

#[test]
fn what_costs_nothing_needs_no_lease() {
    let ledger = Arc::new(Ledger::kept(Vec::new()));
    let account = ledger.account("mobile", &terms(&[money(1_000, Period::Month)])).unwrap();
    let free = Prices::default();
    let reservation = account.try_reserve(at(1), wall(NOON), &ask(&free, 500, Some(9))).unwrap();
    assert_eq!(reservation.output_tokens_granted(), None);
    reservation.settle(Spent { tokens: 509, nano_usd: 0 });
    assert_eq!(standing(&account, NOON), (0, 0));
}

#[test]
fn a_clean_stop_is_exact_to_the_last_token() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    life.reserve(12_345).unwrap().settle(spent(12_345));
    life.keeper.close().unwrap();
    let life = Life::begin(&path, NOON);
    assert_eq!(life.taken(), 12_345);
}

#[test]
fn a_new_period_starts_at_nothing_after_a_restart_too() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    life.reserve(12_345).unwrap().settle(spent(12_345));
    drop(life);
    let life = Life::begin(&path, NOON + 31 * 86_400);
    assert_eq!(standing(&life.account, NOON + 31 * 86_400), (0, 0));
}

#[test]
fn what_turns_out_larger_than_it_reserved_is_within_the_lease() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    for _ in 0..100 {
        life.reserve(1_000).unwrap().settle(spent(1_000 + LEASE / 8));
        assert!(on_disk_as_left(&path) >= life.taken());
    }
}

/// As [`on_disk`], of a file that goes on being written to.
fn on_disk_as_left(path: &Path) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy");
    std::fs::copy(path, &copy).unwrap();
    on_disk(&copy)
}

#[derive(Clone, Debug)]
enum Step {
    Reserve(u64),
    Settle(u8),
    GiveBack,
    Keep,
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_u64..9_000).prop_map(Step::Reserve),
        4 => (0_u8..=100).prop_map(Step::Settle),
        2 => Just(Step::GiveBack),
        3 => Just(Step::Keep),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_at_any_point_forgets_nothing_and_counts_at_most_a_lease_too_much(steps in steps()) {
        let (_folder, path) = place();
        let mut life = Life::begin(&path, NOON);
        let mut open: Vec<(Reservation, u64)> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve(tokens) => {
                    open.extend(life.reserve(tokens).map(|reservation| (reservation, tokens)));
                }
                Step::Settle(percent) => if let Some((reservation, tokens)) = open.pop() {
                    reservation.settle(spent(tokens * u64::from(percent) / 100));
                },
                Step::GiveBack => drop(open.pop()),
                Step::Keep => {
                    life.keeper.keep().unwrap();
                    let (left, taken) = (on_disk_as_left(&path), life.taken());
                    prop_assert!(taken <= left && left <= taken + LEASE, "{left} for {taken}");
                }
                Step::Crash => {
                    let taken = life.taken();
                    prop_assert!(on_disk_as_left(&path) >= taken);
                    // What is in flight when the process dies has been sent, and counts.
                    let after = Life::begin(&path, NOON);
                    prop_assert!(after.taken() >= taken);
                    life = after;
                    open.clear();
                }
            }
        }
    }
}

#[test]
fn a_file_cut_at_any_byte_is_read_and_remembers_every_lease_that_was_synced() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    life.reserve(5_000).unwrap().settle(spent(5_000));
    let synced = std::fs::read(&path).unwrap();
    let before = on_disk_as_left(&path);
    life.reserve(20_000).unwrap().settle(spent(20_000));
    let whole = std::fs::read(&path).unwrap();
    let after = on_disk_as_left(&path);
    assert!(whole.starts_with(&synced) && whole.len() > synced.len() && after > before);
    for length in synced.len()..=whole.len() {
        let (_folder, cut) = place();
        std::fs::write(&cut, &whole[..length]).unwrap();
        let expected = if length == whole.len() { after } else { before };
        assert_eq!(on_disk(&cut), expected, "cut at {length}");
        // And what was cut off is no stumbling block for what comes after.
        let mut life = Life::begin(&cut, NOON);
        life.reserve(1).unwrap().settle(spent(1));
        assert!(on_disk(&cut) > expected);
    }
}

#[test]
fn damage_in_the_midst_is_told_and_the_rest_is_read() {
    let (_folder, path) = place();
    let mut life = Life::begin(&path, NOON);
    for _ in 0..3 {
        life.reserve(20_000).unwrap().settle(spent(20_000));
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let last = on_disk_as_left(&path);
    bytes[30] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let (_, recovered) = LeaseFile::open(&path, wall(NOON)).unwrap();
    assert_eq!((recovered.damaged, recovered.leases[0].up_to), (1, last));
}

#[test]
fn a_file_of_something_else_is_left_as_it_is() {
    let (_folder, path) = place();
    for text in ["architrave ledger 2\n", "root: x\n"] {
        std::fs::write(&path, text).unwrap();
        let error = LeaseFile::open(&path, wall(NOON)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn the_file_stays_small_however_much_is_written() {
    let (_folder, path) = place();
    let (mut file, _) = LeaseFile::open(&path, wall(NOON)).unwrap();
    let key = LeaseKey { consumer: "mobile".into(), unit: Unit::NanoUsd, per: Period::Month };
    let start_s = Period::Month.span(NOON).start_s;
    for up_to in 0..5_000 {
        file.write(&[Lease { key: key.clone(), start_s, up_to }]).unwrap();
    }
    assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
    assert_eq!(on_disk(&path), 4_999);
}

/// A store that fails while it is told to.
struct Failing(Arc<AtomicBool>);

impl LeaseStore for Failing {
    fn write(&mut self, _leases: &[Lease]) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::Error::other("no space")) } else { Ok(()) }
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_down_is_not_spent_until_it_can() {
    let (ledger, fails) = (Arc::new(Ledger::kept(Vec::new())), Arc::new(AtomicBool::new(true)));
    let account = ledger.account("mobile", &terms(&[tokens(LIMIT, Period::Month)])).unwrap();
    let (shutdown, free) = (Shutdown::default(), Prices::default());
    let failures = Arc::new(AtomicU64::default());
    let keeper = LeaseKeeper::new(Arc::clone(&ledger), Failing(Arc::clone(&fails)));
    let told = Arc::clone(&failures);
    let running = task::spawn(keeper.run(shutdown.signal(), move |_| {
        told.fetch_add(1, Ordering::Relaxed);
    }));
    let request = ask(&free, 500, Some(0));
    let refused = account.reserve(at(1), wall(NOON), &request).await.unwrap_err();
    assert_eq!(refused.limit, Limit::Lease);
    assert!(failures.load(Ordering::Relaxed) > 0);
    fails.store(false, Ordering::Relaxed);
    account.reserve(at(1), wall(NOON), &request).await.unwrap().settle(spent(500));
    shutdown.end();
    running.await.unwrap().close().unwrap();
    let closed = account.try_reserve(at(1), wall(NOON), &request).unwrap_err();
    assert_eq!(closed.limit, Limit::Lease, "after the end nothing is spent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_at_once_wait_for_their_leases_and_use_up_the_budget() {
    let (_folder, path) = place();
    let (file, _) = LeaseFile::open(&path, wall(NOON)).unwrap();
    let ledger = Arc::new(Ledger::kept(Vec::new()));
    let account = ledger.account("mobile", &terms(&[tokens(LIMIT, Period::Month)])).unwrap();
    let shutdown = Shutdown::default();
    let keeper = LeaseKeeper::new(ledger, file);
    let running = task::spawn(keeper.run(shutdown.signal(), |error| panic!("{error}")));
    let used = Arc::new(AtomicU64::default());
    let clients: Vec<_> = (0..200)
        .map(|number| {
            let (account, used) = (Arc::clone(&account), Arc::clone(&used));
            task::spawn(async move {
                let free = Prices::default();
                let request = ask(&free, 100 + number, Some(4_096));
                loop {
                    match account.reserve(at(1), wall(NOON), &request).await {
                        Ok(reservation) => {
                            let granted = reservation.output_tokens_granted().unwrap_or(4_096);
                            let tokens = 100 + number + granted.min(number);
                            used.fetch_add(tokens, Ordering::Relaxed);
                            tokio::task::yield_now().await;
                            reservation.settle(spent(tokens));
                        }
                        // The disk of a busy machine may take longer than one's patience.
                        Err(refused) if refused.retry_after_s == 1 => {
                            tokio::task::yield_now().await;
                        }
                        Err(_) => break,
                    }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let used = used.load(Ordering::Relaxed);
    assert_eq!(standing(&account, NOON), (used, 0));
    assert!(used <= LIMIT + 300 && used * 100 >= LIMIT * 95, "{used} of {LIMIT}");
    shutdown.end();
    running.await.unwrap().close().unwrap();
    assert_eq!(on_disk(&path), used);
}
