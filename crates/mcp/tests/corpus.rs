//! Replays the fuzz corpus of this crate through the functions that are fuzzed.

use std::fs;
use std::path::Path;

#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../fuzz/src/mcp.rs"]
mod mcp;

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, entry) in mcp::ENTRIES {
        let seeds = fs::read_dir(corpus.join(name)).expect("each target has seeds");
        let mut count = 0;
        for seed in seeds {
            let bytes = fs::read(seed.unwrap().path()).unwrap();
            entry(&bytes);
            // Also cut short, and with one byte that is another.
            for at in 0..bytes.len() {
                entry(&bytes[..at]);
                for other in *b"\"{}[],:\\n0N" {
                    let mut changed = bytes.clone();
                    changed[at] = other;
                    entry(&changed);
                }
            }
            count += 1;
        }
        assert!(count > 3, "{name} has {count} seeds");
    }
}
