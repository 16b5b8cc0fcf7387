//! Replays the fuzz corpus of this crate through the functions that are fuzzed.
//!
//! So `make test` sees again whatever fuzzing once found, without the tools that fuzzing needs.

#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../fuzz/src/guardrail.rs"]
mod guardrail;

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, entry) in guardrail::ENTRIES {
        let seeds = fs::read_dir(corpus.join(name)).expect("each target has seeds");
        let mut count = 0;
        for seed in seeds {
            let bytes = fs::read(seed.expect("it can be listed").path()).expect("it can be read");
            // Also cut short, as by a connection that breaks.
            for share in 1..=8 {
                entry(&bytes[..bytes.len() * share / 8]);
            }
            count += 1;
        }
        assert!(count > 3, "{name} has {count} seeds");
    }
}
