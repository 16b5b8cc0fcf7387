//! Talks that were written down, over any split of what went over the wire: the same answers begin
//! and are told with the same use.

use architrave_llm::talk::{Ear, Heard, Listener, Said, Sender, Words, text_frame};
use proptest::prelude::*;

/// So large may a message be.
const BYTES_MAX: u64 = 1 << 20;
const MASK: [u8; 4] = [9, 0, 200, 31];

/// What a message came to, by the side that sent it.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Said(Said),
    Told(Box<Heard>),
}

/// A talk: its words, and its messages line by line, `>` those of the client and `<` those of the
/// provider.
fn talks() -> [(Words, &'static str); 2] {
    [
        (Words::Openai, include_str!("../../../../fixtures/llm/talk/openai.txt")),
        (Words::Gemini, include_str!("../../../../fixtures/llm/talk/gemini.txt")),
    ]
}

/// Hears a talk whose messages come in pieces, each line cut at the next of these places.
fn events(words: Words, talk: &str, cuts: &[usize]) -> (Vec<Event>, Ear) {
    let mut client = Listener::new(Sender::Client, BYTES_MAX);
    let mut provider = Listener::new(Sender::Server, BYTES_MAX);
    let mut ear = Ear::new(words, None);
    let mut events = Vec::new();
    let mut cuts = cuts.iter().cycle();
    for line in talk.lines() {
        let (who, text) = line.split_at(2);
        let is_said = who == "> ";
        let bytes = text_frame(text.as_bytes(), is_said.then_some(MASK));
        let listener = if is_said { &mut client } else { &mut provider };
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let there = cuts.next().map_or(rest.len(), |cut| 1 + cut % rest.len());
            let passed = listener.hear(&rest[..there]).unwrap();
            rest = &rest[passed.bytes..];
            events.extend(passed.message.map(|(text, bytes)| match is_said {
                true => Event::Said(ear.said(text, bytes)),
                false => Event::Told(Box::new(ear.told(text, bytes))),
            }));
        }
        assert!(listener.is_between(), "{line}");
    }
    (events, ear)
}

#[test]
fn a_talk_that_was_written_down_tells_each_of_its_answers() {
    for (words, talk) in talks() {
        let (events, ear) = events(words, talk, &[]);
        assert_eq!(events.len(), talk.lines().count(), "a message each");
        let has_begun = |it: &&Event| matches!(it, Event::Told(heard) if heard.is_begun);
        let begun = events.iter().filter(has_begun).count();
        let tokens = |event: &Event| match event {
            Event::Told(heard) => heard.used.as_ref().and_then(|used| used.tokens),
            Event::Said(_) => None,
        };
        let used: Vec<u64> = events.iter().filter_map(tokens).map(|it| it.total()).collect();
        let starts = events.iter().filter(|it| **it == Event::Said(Said::Starts)).count();
        assert_eq!((begun, starts, used), (2, 2, vec![253, 410]), "{words:?}");
        assert!(!ear.is_answering(), "{words:?}");
    }
}

proptest! {
    #[test]
    fn any_split_of_a_talk_that_was_written_down_gives_the_same_events(
        cuts in prop::collection::vec(0usize..4_000, 1..40),
    ) {
        for (words, talk) in talks() {
            let (whole, ear) = events(words, talk, &[]);
            let (split, other) = events(words, talk, &cuts);
            prop_assert_eq!(whole, split);
            prop_assert_eq!(format!("{:?}", ear.needs()), format!("{:?}", other.needs()));
        }
    }
}
