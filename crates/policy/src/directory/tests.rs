//! Who is known by which key, and what changes when one application does.

use std::time::{Duration, UNIX_EPOCH};

use super::*;

fn directory() -> Directory {
    let clock = Clock::manual_at(UNIX_EPOCH + Duration::from_secs(1_000));
    Directory::new(clock, Arc::new(Ledger::in_memory()))
}

fn key(text: &str) -> KeyRecord {
    KeyRecord { digest: Directory::digest_of(text.as_bytes()), expires_at: None }
}

fn record(name: &str, keys: &[&str]) -> ApplicationRecord {
    let keys = keys.iter().map(|text| key(text)).collect();
    ApplicationRecord { name: name.into(), team: None, keys, subscriptions: Vec::new() }
}

fn owner(directory: &Directory, key: &str) -> Option<String> {
    directory.by_key(key.as_bytes()).map(|application| application.name.to_string())
}

#[test]
fn an_application_is_known_by_each_of_its_keys_and_by_no_other() {
    let directory = directory();
    assert_eq!(owner(&directory, "a1"), None);
    assert!(directory.put(Source::Store, record("a", &["a1", "a2"])));
    assert!(directory.put(Source::Store, record("b", &["b1"])));
    assert_eq!(directory.len(), (2, 3));
    for (key, name) in [("a1", Some("a")), ("a2", Some("a")), ("b1", Some("b")), ("a", None)] {
        assert_eq!(owner(&directory, key).as_deref(), name, "{key}");
    }
    // One key goes, one comes, and the other stays.
    directory.put(Source::Store, record("a", &["a2", "a3"]));
    assert_eq!(owner(&directory, "a1"), None);
    assert_eq!(owner(&directory, "a2").as_deref(), Some("a"));
    assert_eq!(owner(&directory, "a3").as_deref(), Some("a"));
    directory.remove(Source::Store, "a");
    assert_eq!((owner(&directory, "a2"), directory.len()), (None, (1, 1)));
    assert_eq!(owner(&directory, "b1").as_deref(), Some("b"));
}

#[test]
fn a_key_ends_at_its_time_and_not_before() {
    let directory = directory();
    let end = UNIX_EPOCH + Duration::from_secs(1_010);
    let mut one = record("a", &["old", "new"]);
    one.keys[0].expires_at = Some(end);
    directory.put(Source::Store, one.clone());
    assert_eq!(owner(&directory, "old").as_deref(), Some("a"));
    directory.clock.advance(Duration::from_secs(9));
    assert_eq!(owner(&directory, "old").as_deref(), Some("a"));
    directory.clock.advance(Duration::from_secs(1));
    assert_eq!(owner(&directory, "old"), None);
    assert_eq!(owner(&directory, "new").as_deref(), Some("a"));
    // It may be given longer.
    one.keys[0].expires_at = Some(end + Duration::from_secs(60));
    directory.put(Source::Store, one);
    assert_eq!(owner(&directory, "old").as_deref(), Some("a"));
}

#[test]
fn what_a_file_says_goes_before_what_the_database_has() {
    let directory = directory();
    directory.replace(Source::File, vec![record("a", &["file"])]);
    let taken = directory.replace(Source::Store, vec![record("a", &["row"]), record("b", &["b"])]);
    assert_eq!(taken.iter().map(|name| &**name).collect::<Vec<_>>(), ["a"]);
    assert!(!directory.put(Source::Store, record("a", &["row"])));
    directory.remove(Source::Store, "a");
    assert_eq!(owner(&directory, "file").as_deref(), Some("a"));
    assert_eq!(owner(&directory, "row"), None);
    // The file takes one over that the database has.
    directory.replace(Source::File, vec![record("b", &["mine"])]);
    assert_eq!((owner(&directory, "b"), owner(&directory, "file")), (None, None));
    assert_eq!(owner(&directory, "mine").as_deref(), Some("b"));
}

#[test]
fn all_of_a_source_is_replaced_at_once() {
    let directory = directory();
    let many = |from: usize| -> Vec<ApplicationRecord> {
        (from..from + 3_000)
            .map(|number| record(&format!("a{number}"), &[&format!("k{number}")]))
            .collect()
    };
    directory.replace(Source::Store, many(0));
    assert_eq!(directory.len(), (3_000, 3_000));
    directory.replace(Source::Store, many(1_000));
    assert_eq!(directory.len(), (3_000, 3_000));
    assert_eq!(owner(&directory, "k999"), None);
    for number in 1_000..4_000 {
        let name = format!("a{number}");
        assert_eq!(owner(&directory, &format!("k{number}")), Some(name.clone()));
        assert_eq!(&*directory.by_name(&name).unwrap().name, name);
    }
}

#[test]
fn a_team_has_the_budgets_that_are_said_of_it_the_files_before_the_others() {
    let directory = directory();
    let tokens = |limit| {
        vec![Budget {
            amount: architrave_config::BudgetAmount::Tokens(limit),
            per: architrave_config::Period::Day,
        }]
    };
    let said = |limit| HashMap::from([(Arc::<str>::from("buyers"), tokens(limit))]);
    let limits = || -> Vec<u64> {
        directory.team_limits("buyers").iter().map(|standing| standing.limit).collect()
    };
    let mut record = record("a", &["a1"]);
    record.team = Some("buyers".into());
    directory.put(Source::Store, record);
    assert_eq!(limits(), Vec::<u64>::new());
    let application = directory.by_key(b"a1").unwrap();
    let team = application.team.clone().unwrap();
    let live = directory.teams().team(&team);
    let before = live.budgets();
    directory.put_teams(Source::Store, said(1_000));
    assert!(!live.has(&before), "whoever counts by the old ones is told");
    assert_eq!(limits(), [1_000]);
    let kept = live.budgets();
    directory.put_teams(Source::Store, said(1_000));
    assert!(live.has(&kept), "what says the same changes nothing");
    directory.put_teams(Source::File, said(500));
    assert_eq!(limits(), [500]);
    directory.put_teams(Source::Store, HashMap::new());
    assert_eq!(limits(), [500]);
    directory.put_teams(Source::File, HashMap::new());
    assert_eq!(limits(), Vec::<u64>::new());
}
