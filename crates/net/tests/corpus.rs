//! Replays the fuzz corpus of this crate through the functions that are fuzzed.
//!
//! So `make test` sees again whatever fuzzing once found, without the tools that fuzzing needs.

#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../fuzz/src/net.rs"]
mod net;
#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../fuzz/src/preamble.rs"]
mod preamble;

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, entry) in net::ENTRIES.iter().chain(preamble::ENTRIES) {
        let seeds = fs::read_dir(corpus.join(name)).expect("each target has seeds");
        let mut count = 0;
        for seed in seeds {
            let path = seed.expect("it can be listed").path();
            let bytes = fs::read(&path).expect("it can be read");
            // Each way of cutting it, where the first byte says how it is cut.
            entry(&bytes);
            for cut in [0, 1, 2, 7, 40, 255] {
                let cut_bytes: Vec<u8> = [cut].into_iter().chain(bytes.iter().copied()).collect();
                entry(&cut_bytes);
            }
            count += 1;
        }
        assert!(count > 3, "{name} has {count} seeds");
    }
}
