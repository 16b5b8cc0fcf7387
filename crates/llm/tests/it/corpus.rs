//! Replays the fuzz corpus of this crate, and the fixtures, through the functions that are fuzzed.
//!
//! So `make test` sees again whatever fuzzing once found, without the tools that fuzzing needs.

use std::fs;
use std::path::Path;

use architrave_llm::dialect::Dialect;

use crate::{fixtures, llm, llm_beside, llm_talk, llm_text};

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let entries = [llm::ENTRIES, llm_text::ENTRIES, llm_beside::ENTRIES, llm_talk::ENTRIES];
    for (name, entry) in entries.concat() {
        let seeds = fs::read_dir(corpus.join(name)).expect("each target has seeds");
        let mut count = 0;
        for seed in seeds {
            let bytes = fs::read(seed.unwrap().path()).unwrap();
            // Also cut short, as by a connection that breaks.
            for share in 1..=8 {
                entry(&bytes[..bytes.len() * share / 8]);
            }
            count += 1;
        }
        assert!(count > 3, "{name} has {count} seeds");
    }
}

#[test]
fn fixtures_hold_as_seeds() {
    for (index, &dialect) in (0u8..).zip(Dialect::ALL) {
        let seed = |head: &[u8], body: &[u8]| [head, body].concat();
        for body in fixtures::list(dialect, "full.json") {
            llm::llm_request(&seed(&[index], body.as_bytes()));
            llm_text::llm_scan(&seed(&[index, 6], body.as_bytes()));
        }
        for body in fixtures::list(dialect, "full_reply.json") {
            llm::llm_reply(&seed(&[index], body.as_bytes()));
        }
        for to in 0..6 {
            let stream = fixtures::stream(dialect);
            llm::llm_stream(&seed(&[index, to, 0, 6], &stream));
            llm::llm_stream(&seed(&[index, to, 0, 6], &stream[..stream.len() / 2]));
        }
    }
}
