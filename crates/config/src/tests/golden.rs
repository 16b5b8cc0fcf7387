//! Golden files: each `fixtures/config/<case>.yaml` loads to its `.snap`, or to the list of errors
//! in it. `INSTA_UPDATE=always cargo test -p architrave-config` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::world::World;
use crate::load;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/config")
}

/// The names of the fixtures that end in `extension`.
fn cases(extension: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn rendered(text: &str, file: &str) -> String {
    match load(text, file, &World) {
        Ok(snapshot) => format!("{snapshot:#?}\n"),
        Err(errors) => errors.iter().fold(String::new(), |mut lines, error| {
            let _ = writeln!(lines, "{error}");
            lines
        }),
    }
}

#[test]
fn every_fixture_loads_to_what_is_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(fixtures());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in cases("yaml") {
            let file = format!("{case}.yaml");
            let text = fs::read_to_string(fixtures().join(&file)).unwrap();
            insta::assert_snapshot!(case, rendered(&text, &file));
        }
    });
}

#[test]
fn every_record_belongs_to_a_fixture() {
    assert_eq!(cases("snap"), cases("yaml"));
}
