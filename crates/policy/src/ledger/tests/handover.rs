//! Two processes at one ledger while one takes over from the other: nothing is forgotten, and in
//! the end nothing is counted twice.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;

const LIMIT: u64 = 320_000;
const LEASE: u64 = LIMIT / 32;

/// One process at the ledger of a folder.
struct Process {
    ledger: Arc<Ledger>,
    account: Arc<Account>,
}

impl Process {
    /// One whose accounts are there before it is told what was spent.
    fn begin() -> Self {
        let ledger = Arc::new(Ledger::kept(Vec::new()));
        let account = ledger.account("mobile", &terms(&[tokens(LIMIT, Period::Month)])).unwrap();
        Self { ledger, account }
    }

    fn keeper(&self, path: &Path) -> LeaseKeeper<LeaseFile> {
        let (file, recovered) = LeaseFile::open(path, wall(NOON)).unwrap();
        self.ledger.recover(recovered.leases);
        LeaseKeeper::new(Arc::clone(&self.ledger), file)
    }

    fn try_reserve(&self, tokens: u64) -> Result<Reservation, Refused> {
        let free = Prices::default();
        self.account.try_reserve(at(1), wall(NOON), &ask(&free, tokens, Some(0)))
    }

    fn reserve(&self, keeper: &mut LeaseKeeper<LeaseFile>, tokens: u64) -> Reservation {
        if let Ok(reservation) = self.try_reserve(tokens) {
            return reservation;
        }
        keeper.keep().unwrap();
        self.try_reserve(tokens).expect("its lease is written")
    }

    fn taken(&self) -> u64 {
        let (spent, reserved) = standing(&self.account, NOON);
        spent + reserved
    }
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

#[test]
fn both_spend_at_once_and_the_sum_is_exact_when_the_old_one_has_ended() {
    let (_folder, path) = place();
    let old = Process::begin();
    let mut keeper = old.keeper(&path);
    old.reserve(&mut keeper, 5_000).settle(spent(4_000));
    let in_flight = old.reserve(&mut keeper, 3_000);
    let longer = old.reserve(&mut keeper, 100);
    let yielded = keeper.yield_leases().unwrap();
    drop(keeper);

    let new = Process::begin();
    let mut keeper = new.keeper(&path);
    new.reserve(&mut keeper, 2_000).settle(spent(2_000));
    // The old one still has what its lease allows, and no more.
    let late = old.try_reserve(500).expect("it is within the lease");
    let refused = old.try_reserve(3 * LEASE).unwrap_err();
    assert_eq!(refused.limit, Limit::Lease);
    late.settle(spent(400));
    in_flight.settle(spent(1_000));
    longer.settle(spent(150));
    let real = 4_000 + 1_000 + 150 + 400 + 2_000;
    assert!(new.taken() >= real && new.taken() <= real + 2 * LEASE, "{}", new.taken());

    for remainder in yielded.remainders() {
        let line = remainder.to_line();
        assert_eq!(Remainder::of_line(&line).as_ref(), Some(&remainder), "{line}");
        new.ledger.give_back(&remainder);
    }
    assert_eq!(new.taken(), real);
    keeper.close().unwrap();
    let after = Process::begin();
    let _keeper = after.keeper(&path);
    assert_eq!(after.taken(), real);
}

#[test]
fn more_than_the_lease_is_told_as_well() {
    let (_folder, path) = place();
    let old = Process::begin();
    let mut keeper = old.keeper(&path);
    let small = old.reserve(&mut keeper, 100);
    let yielded = keeper.yield_leases().unwrap();
    let new = Process::begin();
    let _keeper = new.keeper(&path);
    small.settle(spent(3 * LEASE));
    let [remainder] = &yielded.remainders()[..] else { panic!("one count, one remainder") };
    assert!(remainder.unused < 0);
    new.ledger.give_back(remainder);
    assert_eq!(new.taken(), 3 * LEASE);
}

#[test]
fn a_successor_that_comes_to_nothing_leaves_all_as_it_was_or_counts_what_it_may_have_spent() {
    let (_folder, path) = place();
    let old = Process::begin();
    let mut keeper = old.keeper(&path);
    old.reserve(&mut keeper, 5_000).settle(spent(5_000));
    let yielded = keeper.yield_leases().unwrap();
    let (file, recovered) = LeaseFile::open(&path, wall(NOON)).unwrap();
    yielded.take_back(&recovered.leases);
    assert_eq!(old.taken(), 5_000);
    let mut keeper = LeaseKeeper::new(Arc::clone(&old.ledger), file);
    let yielded = keeper.yield_leases().unwrap();
    let failing = Process::begin();
    let mut failing_keeper = failing.keeper(&path);
    failing.reserve(&mut failing_keeper, 2_000).settle(spent(2_000));
    drop(failing_keeper);
    let (file, recovered) = LeaseFile::open(&path, wall(NOON)).unwrap();
    yielded.take_back(&recovered.leases);
    assert!(old.taken() >= 7_000 && old.taken() <= 7_000 + 2 * LEASE, "{}", old.taken());
    let mut keeper = LeaseKeeper::new(Arc::clone(&old.ledger), file);
    old.reserve(&mut keeper, 1_000).settle(spent(1_000));
}

#[test]
fn what_is_given_back_of_another_period_or_consumer_changes_nothing() {
    let (_folder, path) = place();
    let process = Process::begin();
    let mut keeper = process.keeper(&path);
    process.reserve(&mut keeper, 5_000).settle(spent(5_000));
    let key = |consumer: &str| LeaseKey {
        consumer: consumer.into(),
        unit: Unit::Tokens,
        per: Period::Month,
    };
    let start_s = Period::Month.span(NOON).start_s;
    let others = [
        Remainder { key: key("other"), start_s, unused: 10 },
        Remainder { key: key("mobile"), start_s: start_s - 1, unused: 10 },
    ];
    others.iter().for_each(|remainder| process.ledger.give_back(remainder));
    assert_eq!(process.taken(), 5_000);
    // More than there is cannot be given back.
    process.ledger.give_back(&Remainder { key: key("mobile"), start_s, unused: 9_000 });
    assert_eq!(process.taken(), 0);
    for line in ["", "tokens month 1 2", "tokens year 1 2 x", "tokens month x 2 x"] {
        assert_eq!(Remainder::of_line(line), None, "{line}");
    }
}
