//! Whose ids are found, for how long they are, and what they are charged.

use super::*;

fn home(consumer: &str) -> Home {
    Home {
        provider: "openai".into(),
        credential: Some("main".into()),
        model: None,
        consumer: Some(consumer.into()),
    }
}

fn named(kept: Kept, id: &str) -> KeptId {
    (kept, id.to_owned())
}

#[test]
fn an_id_is_found_by_whom_it_was_made_for_alone() {
    let ids = KeptIds::default();
    let reply = named(Kept::Reply, "resp_1");
    ids.remember(std::slice::from_ref(&reply), &Arc::new(home("joe")));
    assert_eq!(ids.find(&reply, Some("joe")), Found::At(Arc::new(home("joe"))));
    assert_eq!(ids.find(&reply, Some("ann")), Found::Anothers);
    assert_eq!(ids.find(&reply, None), Found::Anothers);
    assert_eq!(ids.find(&named(Kept::File, "resp_1"), Some("joe")), Found::Unknown);
}

#[test]
fn what_goes_on_from_an_answer_begins_with_all_of_its_tokens() {
    let ids = KeptIds::default();
    let reply = named(Kept::Reply, "resp_1");
    ids.note_tokens(std::slice::from_ref(&reply), Some("joe"), 9);
    let unknown = ids.beside(std::slice::from_ref(&reply));
    assert_eq!((unknown.known_tokens, unknown.guessed_tokens), (0, 32_768));
    ids.remember(std::slice::from_ref(&reply), &Arc::new(home("joe")));
    ids.note_tokens(std::slice::from_ref(&reply), Some("joe"), 100_000);
    let file = named(Kept::File, "file-1");
    let known = ids.beside(&[reply, file]);
    assert_eq!((known.known_tokens, known.guessed_tokens), (100_000, estimate::LINK_TOKENS));
}

#[test]
fn what_is_given_to_two_stays_with_the_first_of_an_account() {
    let ids = KeptIds::default();
    let mut feed = ids.feed().unwrap();
    let reply = [named(Kept::Reply, "resp_1")];
    ids.remember(&reply, &Arc::new(home("joe")));
    ids.note_tokens(&reply, Some("joe"), 7);
    ids.remember(&reply, &Arc::new(home("ann")));
    ids.note_tokens(&reply, Some("ann"), 9);
    assert_eq!(ids.find(&reply[0], Some("joe")), Found::At(Arc::new(home("joe"))));
    assert_eq!(ids.find(&reply[0], Some("ann")), Found::Anothers);
    assert_eq!(ids.beside(&reply).known_tokens, 7);
    assert_eq!(feed.read_now(&mut Vec::new()), 1, "nobody is told what is not so");
    // Of another account it is another thing.
    let elsewhere = Arc::new(Home { credential: Some("spare".into()), ..home("ann") });
    ids.remember(&reply, &elsewhere);
    assert_eq!(ids.find(&reply[0], Some("ann")), Found::At(elsewhere));
    assert_eq!(ids.beside(&reply).known_tokens, 0);
}

#[test]
fn the_table_is_bounded_and_forgets_the_oldest_of_each_shelf() {
    let ids = KeptIds::default();
    let home = Arc::new(home("joe"));
    let file = named(Kept::File, "file-0");
    ids.remember(std::slice::from_ref(&file), &home);
    let reply = named(Kept::Reply, "resp_0");
    ids.remember(std::slice::from_ref(&reply), &home);
    for number in 0..2 * REMEMBERED_MAX {
        let item = [named(Kept::Item, &format!("msg_{number}"))];
        ids.remember(&item, &home);
        ids.note_tokens(&item, Some("joe"), 1);
    }
    let known: usize = ids.parts.iter().map(|part| lock(part).homes.len()).sum();
    assert!(known <= REMEMBERED_MAX + 2, "{known}");
    let sized: usize = ids.parts.iter().map(|part| lock(part).tokens.len()).sum();
    assert!(sized <= REMEMBERED_MAX, "{sized}");
    let last = named(Kept::Item, &format!("msg_{}", 2 * REMEMBERED_MAX - 1));
    assert_ne!(ids.find(&last, Some("joe")), Found::Unknown);
    assert_eq!(ids.find(&named(Kept::Item, "msg_0"), Some("joe")), Found::Unknown);
    assert_ne!(ids.find(&file, Some("joe")), Found::Unknown);
    assert_ne!(ids.find(&reply, Some("joe")), Found::Unknown);
    let long = named(Kept::File, &"x".repeat(ID_BYTES_MAX + 1));
    ids.remember(std::slice::from_ref(&long), &home);
    assert_eq!(ids.find(&long, Some("joe")), Found::Unknown);
}

#[test]
fn each_answer_of_a_batch_is_charged_once_over_restarts_too() {
    let ids = KeptIds::default();
    let file = named(Kept::File, "file-out");
    assert!(!ids.charge_line(&file, 0), "nobody knows whose it is");
    ids.remember(std::slice::from_ref(&file), &Arc::new(home("joe")));
    let charged = |ids: &KeptIds, lines: std::ops::Range<u64>| -> Vec<u64> {
        lines.filter(|line| ids.charge_line(&file, *line)).collect()
    };
    assert_eq!(charged(&ids, 0..2), [0, 1]);
    assert_eq!(charged(&ids, 0..4), [2, 3], "who has fetched a part pays for the rest");
    assert_eq!(charged(&ids, 0..4), [] as [u64; 0]);
    ids.note_charged(&file);
    let mut lines = Vec::new();
    ids.write_lines(&mut lines);
    let again = KeptIds::default();
    let lines = String::from_utf8(lines).unwrap();
    assert!(lines.lines().all(|line| again.recover(line)));
    assert_eq!(charged(&again, 0..4), [] as [u64; 0]);
}

#[test]
fn nobody_drives_out_what_is_anothers() {
    let ids = KeptIds::default();
    let (joe, ann) = (Arc::new(home("joe")), Arc::new(home("ann")));
    let replies: Vec<_> = (0..100).map(|at| named(Kept::Reply, &format!("joe_{at}"))).collect();
    ids.remember(&replies, &joe);
    let unknown = named(Kept::Reply, "resp_of_before");
    assert!(!ids.may_be_anothers(&unknown, "openai", Some("joe")));
    for number in 0..3 * REMEMBERED_MAX {
        ids.remember(&[named(Kept::Reply, &format!("ann_{number}"))], &ann);
    }
    for reply in &replies {
        assert_ne!(ids.find(reply, Some("joe")), Found::Unknown, "{reply:?}");
        assert_eq!(ids.find(reply, Some("ann")), Found::Anothers);
    }
    // What nobody knows may be one of ann's now, and nobody else's.
    let first = named(Kept::Reply, "ann_0");
    assert_eq!(ids.find(&first, Some("ann")), Found::Unknown);
    for reply in [&first, &unknown] {
        assert!(ids.may_be_anothers(reply, "openai", Some("joe")));
        assert!(ids.may_be_anothers(reply, "openai", None));
        assert!(!ids.may_be_anothers(reply, "openai", Some("ann")));
        assert!(ids.may_be_anybodys(reply, "openai"));
        assert!(!ids.may_be_anothers(reply, "elsewhere", Some("joe")));
    }
    assert!(!ids.may_be_anothers(&named(Kept::File, "ann_0"), "openai", Some("joe")));
    assert!(!ids.may_be_anothers(&replies[0], "openai", Some("ann")), "that one is known");
}
