//! Rules that one Rust file keeps or breaks by itself, and files that no module reaches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tree;

/// Folders with Rust that is ours.
const FOLDERS: [&str; 4] = ["crates", "tests", "xtask", "fuzz"];
/// Crates that may read the environment and the command line; the rest is told.
const READS_ENVIRONMENT: [&str; 4] = ["crates/server/", "crates/testkit/", "tests/", "xtask/"];

/// One Rust file.
pub(super) struct Source {
    /// Its path from the root, with `/`.
    pub(super) path: String,
    /// What it says.
    pub(super) text: String,
    /// Whether it is only there for tests.
    pub(super) is_test: bool,
}

/// Every Rust file of the workspace.
pub(super) fn all(root: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        if !folder.is_dir() {
            continue;
        }
        for path in tree::files(&folder, "rs")? {
            if path.components().any(|part| part.as_os_str() == "target") {
                continue;
            }
            let text = tree::read(&path)?;
            let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            sources.push(Source::new(path, text));
        }
    }
    let for_tests: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in &mut sources {
        source.is_test |= for_tests.iter().any(|module| {
            let rest = source.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
    Ok(sources)
}

impl Source {
    fn new(path: String, text: String) -> Self {
        let is_test =
            path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        Self { path, text, is_test }
    }

    /// The modules that it declares for tests only, as paths without `.rs`.
    fn test_modules(&self) -> Vec<String> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let folder = match stem.rsplit_once('/') {
            Some((folder, "lib" | "main")) => folder,
            _ => stem,
        };
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
        declared
            .filter_map(|pair| pair[1].split("mod ").nth(1)?.strip_suffix(';'))
            .map(|name| format!("{folder}/{name}"))
            .collect()
    }

    /// Lines before the first test module, numbered from 1.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| *line != "#[cfg(test)]");
        lines.enumerate().map(|(index, line)| (index + 1, line))
    }

    /// What is wrong with it.
    pub(super) fn check(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let path = &self.path;
        if !self.text.starts_with("//! ") && !self.text.starts_with("#!") {
            complaints.push(format!("{path} does not open with `//!`"));
        }
        if path.ends_with("/mod.rs") {
            complaints.push(format!("{path}: write `foo.rs` beside `foo/`, not `mod.rs`"));
        }
        // Cargo tells build scripts by the environment what they are to do.
        let is_build_script = path.ends_with("/build.rs") && !path.contains("/src/");
        let reads_environment =
            is_build_script || READS_ENVIRONMENT.iter().any(|start| path.starts_with(start));
        for (number, line) in self.shipped_lines() {
            let line = line.trim_start();
            let is_import = line.starts_with("use ") || line.starts_with("pub use ");
            if is_import && line.contains("::*") && !self.is_test {
                complaints.push(format!("{path}:{number}: imports a star"));
            }
            let asks = ["env::var", "env::args", "env::vars"];
            if !reads_environment && asks.iter().any(|ask| line.contains(ask)) {
                complaints.push(format!(
                    "{path}:{number}: only server reads the environment and the command line"
                ));
            }
            // Written in halves, so that this file does not speak of itself.
            if line.contains(concat!("TO", "DO")) {
                complaints.push(format!("{path}:{number}: a to-do belongs in an issue"));
            }
        }
        complaints
    }
}

/// Files that no `mod` line of their parent names.
pub(super) fn unreached(sources: &[Source]) -> Vec<String> {
    let known: BTreeSet<&str> = sources.iter().map(|source| source.path.as_str()).collect();
    let text_of = |path: &Path| {
        let path = path.to_string_lossy();
        sources.iter().find(|source| source.path == path).map(|source| source.text.as_str())
    };
    let mut complaints = Vec::new();
    for path in &known {
        let file = Path::new(path);
        let (Some(name), Some(folder)) = (file.file_stem(), file.parent()) else { continue };
        let name = name.to_string_lossy();
        let is_root = ["lib", "main", "build"].contains(&&*name);
        let stands_alone = ["benches", "examples", "fuzz_targets", "bin"];
        // A file in a crate's own `tests/` is a program of its own.
        let is_program = folder.ends_with("tests") && folder.components().count() <= 3;
        if is_root || is_program || stands_alone.iter().any(|kind| folder.ends_with(kind)) {
            continue;
        }
        let parents: Vec<PathBuf> =
            vec![folder.with_extension("rs"), folder.join("lib.rs"), folder.join("main.rs")];
        let line = format!("mod {name};");
        let reached = parents.iter().filter_map(|parent| text_of(parent)).any(|text| {
            text.lines().any(|found| found.trim().ends_with(&line))
                || text.contains(&format!("{name}.rs\""))
        });
        if !reached {
            complaints.push(format!("{path}: no module names it"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path.to_owned(), text.to_owned())
    }

    #[test]
    fn a_file_without_its_sentence_or_with_a_star_is_untidy() {
        let one = |path, text| source(path, text).check().len();
        assert_eq!(one("crates/net/src/a.rs", "//! A.\nuse x::y;\n"), 0);
        assert_eq!(one("crates/net/src/a.rs", "use x::y;\n"), 1);
        assert_eq!(one("crates/net/src/a.rs", "//! A.\nuse x::*;\n"), 1);
        assert_eq!(
            one("crates/net/src/a.rs", "//! A.\n#[cfg(test)]\nmod tests { use x::*; }\n"),
            0
        );
        assert_eq!(one("crates/net/src/a.rs", "//! A.\nlet a = std::env::args();\n"), 1);
        assert_eq!(one("crates/server/src/a.rs", "//! A.\nlet a = std::env::args();\n"), 0);
    }

    #[test]
    fn modules_for_tests_are_known_by_their_declaration() {
        let text = "//! A.\n#[cfg(test)]\nmod trial;\nmod real;\n";
        assert_eq!(source("crates/net/src/a.rs", text).test_modules(), ["crates/net/src/a/trial"]);
        assert_eq!(source("crates/net/src/lib.rs", text).test_modules(), ["crates/net/src/trial"]);
    }

    #[test]
    fn a_file_that_no_module_names_is_untidy() {
        let sources = [
            source("crates/net/src/lib.rs", "//! A.\npub mod a;\n"),
            source("crates/net/src/a.rs", "//! A.\nmod c;\n"),
            source("crates/net/src/a/c.rs", "//! A.\n"),
            source("crates/net/src/b.rs", "//! A.\n"),
        ];
        assert_eq!(unreached(&sources), ["crates/net/src/b.rs: no module names it"]);
    }
}
