//! Which black-box tests have a long form, found in their text: those that ask `tools::soak()`.
//! So the list is never behind.

use anyhow::{Context, Result, ensure};

use crate::tree;

/// How a test asks whether its long form is wanted.
const ASKS: &str = "soak()";

/// The names of the tests with a long form, as the test binary knows them, in order.
pub(super) fn names() -> Result<Vec<String>> {
    let folder = tree::root().join("tests/it");
    let mut names = Vec::new();
    for file in tree::files(&folder, "rs")? {
        let module = file.strip_prefix(&folder).unwrap_or(&file).with_extension("");
        let module = module.to_string_lossy().replace('/', "::");
        let tests = in_text(&tree::read(&file)?)
            .with_context(|| format!("looking for long forms in {}", file.display()))?;
        names.extend(tests.into_iter().map(|test| format!("{module}::{test}")));
    }
    ensure!(!names.is_empty(), "no test has a long form any more");
    Ok(names)
}

/// The functions that ask, each once. One that is no test cannot be run by its name.
fn in_text(text: &str) -> Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let (mut current, mut is_test, mut was_test) = (None, false, false);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("pub(crate) fn "))
        {
            current = rest.split(['(', '<']).next();
            is_test = was_test;
        }
        was_test = line == "#[test]" || (was_test && line.starts_with("#["));
        if line.contains(ASKS) {
            let name = current.context("a long form outside of a function")?;
            ensure!(is_test, "`{name}` asks for the long form and is no test");
            if found.last().is_none_or(|last| last != name) {
                found.push(name.to_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_ask_are_found_once() {
        let text = "fn helper() {}\n#[test]\nfn one() {\n  soak()\n  soak()\n}\n#[test]\nfn two() {}\n\
                    #[test]\n#[expect(x)]\nfn three() {\n  if tools::soak() {\n}\n";
        assert_eq!(in_text(text).unwrap(), ["one", "three"]);
        assert!(in_text("#[test]\nfn one() {}\nfn helper() {\n  soak()\n}\n").is_err());
    }

    #[test]
    fn what_must_be_soaked_is() {
        let names = names().unwrap();
        for part in ["reload::", "upgrade::", "faults::", "persistence_soak::", "slowloris::"] {
            assert!(names.iter().any(|name| name.starts_with(part)), "{part} in {names:?}");
        }
    }
}
