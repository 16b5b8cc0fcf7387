//! Two processes without a data folder while one takes over from the other.

use architrave_core::{Parcel, ParcelReader};

use super::*;

const LIMIT: u64 = 10_000;

fn held() -> Terms {
    let rate = Rate { count: 6_000, per: Duration::from_secs(60) };
    Terms { tokens: Some(rate), budgets: vec![tokens(LIMIT, Period::Day)] }
}

/// One process at its own ledger.
struct Process {
    ledger: Ledger,
    account: Arc<Account>,
}

impl Process {
    fn begin() -> Self {
        let ledger = Ledger::in_memory();
        let account = ledger.account("mobile", &held()).unwrap();
        Self { ledger, account }
    }

    fn reserve(&self, tokens: u64, second: u64) -> Result<Reservation, Refused> {
        let free = Prices::default();
        let ask = ask(&free, tokens, Some(0));
        self.account.try_reserve(at(second), wall(NOON + second), &ask)
    }

    fn tell(&self, sent: &mut SentLedger, other: &Self, second: u64) {
        let mut parcel = Parcel::new();
        self.ledger.pack(sent, at(second), &mut parcel);
        other.ledger.unpack(ParcelReader::new(&parcel.into_bytes()), at(second));
    }

    fn taken(&self) -> u64 {
        let (spent, reserved) = standing(&self.account, NOON);
        spent + reserved
    }

    /// What is left of the tokens of this minute.
    fn left(&self, second: u64) -> u64 {
        self.account.token_limit(at(second)).unwrap().remaining
    }
}

#[test]
fn what_is_spent_in_both_is_exact_when_the_old_one_has_ended() {
    let (old, new) = (Process::begin(), Process::begin());
    let mut sent = SentLedger::default();
    old.reserve(1_000, 1).unwrap().settle(spent(900));
    let in_flight = old.reserve(2_000, 1).unwrap();
    old.tell(&mut sent, &new, 1);
    assert_eq!((new.taken(), new.left(1)), (2_900, 3_100), "reserved is as good as spent");
    new.reserve(500, 1).unwrap().settle(spent(500));
    old.reserve(300, 1).unwrap().settle(spent(300));
    in_flight.settle(spent(100));
    old.tell(&mut sent, &new, 1);
    assert_eq!((new.taken(), new.left(1)), (900 + 500 + 300 + 100, 6_000 - 1_800));
    old.tell(&mut sent, &new, 1);
    assert_eq!(new.taken(), 1_800, "told once");
    // It binds here.
    assert!(new.reserve(5_000, 1).is_ok());
}

#[test]
fn what_is_paid_back_is_not_owed_again() {
    let (old, new) = (Process::begin(), Process::begin());
    let mut sent = SentLedger::default();
    old.reserve(3_000, 1).unwrap().settle(spent(3_000));
    old.tell(&mut sent, &new, 1);
    old.reserve(1_000, 61).unwrap().settle(spent(1_000));
    old.tell(&mut sent, &new, 61);
    assert_eq!((new.taken(), new.left(61)), (4_000, 5_000));
}

#[test]
fn a_period_that_is_over_takes_nothing_from_the_one_that_is_on() {
    let (old, new) = (Process::begin(), Process::begin());
    old.reserve(4_000, 1).unwrap().settle(spent(4_000));
    let tomorrow = 86_400;
    new.reserve(10, tomorrow).unwrap().settle(spent(10));
    old.tell(&mut SentLedger::default(), &new, tomorrow);
    assert_eq!(standing(&new.account, NOON + tomorrow), (10, 0));
}

#[test]
fn a_consumer_that_comes_back_later_has_spent_what_it_had() {
    let old = Process::begin();
    old.reserve(4_000, 1).unwrap().settle(spent(4_000));
    let mut parcel = Parcel::new();
    old.ledger.pack(&mut SentLedger::default(), at(1), &mut parcel);
    let ledger = Ledger::in_memory();
    ledger.unpack(ParcelReader::new(&parcel.into_bytes()), at(1));
    let account = ledger.account("mobile", &held()).unwrap();
    assert_eq!(standing(&account, NOON), (4_000, 0));
    let new = Process { ledger, account };
    assert!(new.reserve(5_000, 1).is_ok(), "there is no lease to wait for");
}

#[test]
fn where_leases_say_it_only_tokens_per_time_are_told() {
    let kept = |leases| {
        let ledger = Ledger::kept(leases);
        let account = ledger.account("mobile", &held()).unwrap();
        Process { ledger, account }
    };
    let (old, new) = (Process::begin(), kept(Vec::new()));
    old.reserve(1_000, 1).unwrap().settle(spent(1_000));
    old.tell(&mut SentLedger::default(), &new, 1);
    assert_eq!((new.taken(), new.left(1)), (0, 5_000));
}

#[test]
fn who_asks_later_owes_what_was_told_before() {
    let old = Process::begin();
    let ledger = Ledger::in_memory();
    let tell = |sent: &mut SentLedger, second| {
        let mut parcel = Parcel::new();
        old.ledger.pack(sent, at(second), &mut parcel);
        ledger.unpack(ParcelReader::new(&parcel.into_bytes()), at(second));
        ledger.forget(at(second), wall(NOON + second));
    };
    let mut sent = SentLedger::default();
    let in_flight = old.reserve(3_000, 1).unwrap();
    tell(&mut sent, 1);
    let account = ledger.account("mobile", &held()).unwrap();
    let left = || account.token_limit(at(1)).unwrap().remaining;
    assert_eq!(left(), 3_000, "as an application at its first request");
    in_flight.settle(spent(1_000));
    tell(&mut sent, 1);
    assert_eq!(left(), 5_000, "and what was not used is given back");
    assert_eq!(ledger.waiting.lock().unwrap().len(), 0, "its account has it now");
}

#[test]
fn debts_that_nobody_asks_for_are_forgotten_when_they_are_paid() {
    let (old, ledger) = (Process::begin(), Ledger::in_memory());
    old.reserve(3_000, 1).unwrap().settle(spent(3_000));
    let mut parcel = Parcel::new();
    old.ledger.pack(&mut SentLedger::default(), at(1), &mut parcel);
    ledger.unpack(ParcelReader::new(&parcel.into_bytes()), at(1));
    let waiting = || ledger.waiting.lock().unwrap().len();
    ledger.forget(at(30), wall(NOON));
    assert_eq!(waiting(), 1);
    ledger.forget(at(31), wall(NOON));
    assert_eq!(waiting(), 0);
}

#[test]
fn what_was_never_told_or_is_paid_is_not_given_back() {
    let (old, new) = (Process::begin(), Process::begin());
    let mut sent = SentLedger::default();
    let in_flight = old.reserve(3_000, 1).unwrap();
    // This telling gets lost.
    old.ledger.pack(&mut sent, at(1), &mut Parcel::new());
    new.reserve(2_000, 1).unwrap().settle(spent(2_000));
    in_flight.settle(spent(0));
    old.tell(&mut sent, &new, 1);
    assert_eq!(new.left(1), 4_000);
    // Time pays this one.
    let in_flight = old.reserve(3_000, 30).unwrap();
    old.tell(&mut sent, &new, 30);
    new.reserve(2_000, 61).unwrap().settle(spent(2_000));
    in_flight.settle(spent(0));
    old.tell(&mut sent, &new, 61);
    assert_eq!(new.left(61), 4_000);
}

#[test]
fn a_limit_with_other_terms_begins_afresh_though_it_was_told_of() {
    let (old, ledger) = (Process::begin(), Ledger::in_memory());
    old.reserve(3_000, 1).unwrap().settle(spent(3_000));
    let mut parcel = Parcel::new();
    old.ledger.pack(&mut SentLedger::default(), at(1), &mut parcel);
    ledger.unpack(ParcelReader::new(&parcel.into_bytes()), at(1));
    let rate = Rate { count: 5_000, per: Duration::from_secs(60) };
    let other = Terms { tokens: Some(rate), budgets: Vec::new() };
    let account = ledger.account("mobile", &other).unwrap();
    assert_eq!(account.token_limit(at(1)).unwrap().remaining, 5_000);
}

#[test]
fn what_is_told_is_counted_where_whoever_comes_at_that_moment_counts() {
    let old = Process::begin();
    old.reserve(4_000, 1).unwrap().settle(spent(4_000));
    let mut parcel = Parcel::new();
    old.ledger.pack(&mut SentLedger::default(), at(1), &mut parcel);
    let bytes = parcel.into_bytes();
    for _ in 0..200 {
        let ledger = Ledger::in_memory();
        let begin = std::sync::Barrier::new(2);
        let account = std::thread::scope(|scope| {
            scope.spawn(|| {
                begin.wait();
                ledger.unpack(ParcelReader::new(&bytes), at(1));
            });
            begin.wait();
            ledger.account("mobile", &held()).unwrap()
        });
        assert_eq!(standing(&account, NOON), (4_000, 0));
        assert!(ledger.recovered.load().is_empty(), "there is one place for it");
    }
}
