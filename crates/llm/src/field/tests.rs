//! Sets and what headers say of them.

use super::{Field, FieldSet, Listed, Losses, ReplyField};

#[test]
fn sets_hold_what_was_put_in() {
    let mut set = FieldSet::default();
    for field in Field::ALL {
        set.add(*field);
        assert!(set.has(*field));
    }
    assert!(set.iter().eq(Field::ALL.iter().copied()));
    assert!(set.without(set).is_empty());
}

#[test]
fn names_are_unlike_each_other() {
    let mut names: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Field::ALL.len());
}

#[test]
fn the_header_names_what_was_dropped() {
    let mut losses = Losses::default();
    assert_eq!(losses.header(), None);
    losses.dropped.add(Field::Seed);
    losses.near.add(Field::ReasoningEffort);
    losses.add_unknown((vec!["messages[0].späß".to_owned()], 2));
    assert_eq!(losses.header().unwrap(), "seed, messages[0].sp??, and 2 more");
    assert_eq!(losses.count(), 4);
}

#[test]
fn what_an_answer_lost_is_named_too_and_long_paths_are_cut() {
    let mut losses = Losses::default();
    losses.reply_dropped.add(ReplyField::Logprobs);
    losses.add_unknown((vec!["x".repeat(4_000)], 0));
    let names = losses.names();
    assert_eq!(names[0], "logprobs");
    assert_eq!(names[1].len(), 131);
    assert_eq!(losses.header().unwrap(), names.join(", "));
}
