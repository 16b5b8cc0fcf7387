//! Replays the fuzz corpus of this crate, and every fixture, through the function that is fuzzed.
//!
//! So `make test` sees again whatever fuzzing once found, without the tools that fuzzing needs.

#[expect(unreachable_pub, reason = "the file is a module of the fuzz crate's library as well")]
#[path = "../../../fuzz/src/config.rs"]
mod config;

use std::fs;
use std::path::Path;

#[test]
fn the_corpus_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (name, entry) in config::ENTRIES {
        for folder in [root.join("fuzz/corpus").join(name), root.join("fixtures/config")] {
            let seeds = fs::read_dir(&folder).expect("there are seeds");
            let mut count = 0;
            for path in seeds.map(|seed| seed.expect("it can be listed").path()) {
                if path.is_dir() {
                    continue;
                }
                let bytes = fs::read(&path).expect("it can be read");
                entry(&bytes);
                // Cut short, as by an editor that is still writing.
                for share in 1..8 {
                    entry(&bytes[..bytes.len() * share / 8]);
                }
                count += 1;
            }
            assert!(count > 3, "{} has {count} seeds", folder.display());
        }
    }
}
