//! Golden tests: the cases of `fixtures/policy/<policy>/<case>.txt`, and the examples of the docs.
//!
//! A case is a piece of the gateway file and requests with what becomes of them: `>` is what the
//! service sees, `<` what the client gets. Built with `ARCHITRAVE_GOLDEN=write` in the environment,
//! the outcomes are written instead of compared; read them before they are accepted.

mod case;

use std::fs;
use std::path::{Path, PathBuf};

use architrave_config::{NoSources, Snapshot, load};

use crate::Kind;
use case::Case;

/// What every example stands on; a case and a page of the docs bring the rest.
const GROUND: &str = "\
version: 1
listeners: [{ name: web, address: \"127.0.0.1:0\", protocol: http }]
upstreams: [{ name: orders, endpoints: [{ address: \"127.0.0.1:9001\" }] }]
services: [{ name: orders, http: { upstream: orders } }, { name: ai, llm: {} }]
providers: [{ name: pretend, kind: mock }]
models: [{ name: fast, deployments: [{ provider: pretend, model: echo }] }]
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn snapshot(piece: &str, file: &Path) -> Snapshot {
    let file = file.display().to_string();
    load(&format!("{GROUND}{piece}"), &file, &NoSources)
        .unwrap_or_else(|errors| panic!("{file}: {errors:#?}"))
}

fn cases(kind: Kind) -> Vec<PathBuf> {
    let folder = root().join("fixtures/policy").join(kind.as_str());
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_case_ends_as_written() {
    let is_writing = option_env!("ARCHITRAVE_GOLDEN") == Some("write");
    let mut wrong = Vec::new();
    for file in Kind::ALL.iter().flat_map(|kind| cases(*kind)) {
        let text = fs::read_to_string(&file).unwrap();
        let case = Case::parse(&text);
        let outcome = case.play(&snapshot(case.piece, &file));
        if is_writing {
            fs::write(&file, outcome).unwrap();
        } else if outcome != text {
            wrong.push(format!("{} should read:\n{outcome}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_policy_has_cases_of_its_own() {
    for kind in Kind::ALL {
        let cases = cases(*kind);
        assert!(!cases.is_empty(), "{kind:?}");
        for file in cases {
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(kind.as_str()), "{} is about another policy", file.display());
            assert!(text.contains("\n=== "), "{} holds no request", file.display());
        }
    }
    let folders = fs::read_dir(root().join("fixtures/policy")).unwrap().count();
    assert_eq!(folders, Kind::ALL.len(), "a folder that belongs to no policy");
}

#[test]
fn every_policy_has_a_page_whose_examples_are_valid() {
    for kind in Kind::ALL {
        let file = root().join("docs/policies").join(format!("{}.md", kind.as_str()));
        let page = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        for heading in ["# `", "## Example", "## Fields", "## Answers", "## Phase"] {
            assert!(
                page.contains(&format!("\n{heading}")) || page.starts_with(heading),
                "{file:?}: {heading}"
            );
        }
        let examples: Vec<_> = page.split("```yaml\n").skip(1).collect();
        assert!(!examples.is_empty(), "{file:?} has no example");
        for example in examples {
            let piece = example.split("```").next().unwrap();
            assert!(piece.contains(&format!("{}:", kind.as_str())), "{file:?}");
            snapshot(piece, &file);
        }
    }
}
