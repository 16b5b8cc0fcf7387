//! The table of `tidy.toml`: sections of `key = number`, or `key = ["word", …]` on one line.
//!
//! Not a TOML reader: the file is ours, and what goes beyond this form is refused.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tree;

/// What the workspace is held to.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// The floor of each crate that ships.
    pub(super) floors: BTreeMap<String, u32>,
    /// The crates of ours that each crate may depend on.
    pub(super) edges: BTreeMap<String, Vec<String>>,
    /// The crates that may use a library, for those libraries that not all may use.
    pub(super) libraries: BTreeMap<String, Vec<String>>,
    /// Crates that do not ship.
    pub(super) development: Vec<String>,
    /// Words that public items and configuration keys do not use.
    pub(super) banned: Vec<String>,
}

impl Rules {
    /// Reads the table.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Self::parse(&tree::read(path)?)
    }

    fn parse(text: &str) -> Result<Self> {
        let mut rules = Self::default();
        let mut section = "";
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                section = name;
                continue;
            }
            let place = || format!("tidy.toml line {}: {line}", number + 1);
            let (key, value) = line.split_once('=').with_context(place)?;
            let (key, value) = (key.trim().to_owned(), value.trim());
            match (section, key.as_str()) {
                ("floors", _) => drop(rules.floors.insert(key, value.parse().with_context(place)?)),
                ("edges", _) => drop(rules.edges.insert(key, list(value).with_context(place)?)),
                ("libraries", _) => {
                    rules.libraries.insert(key, list(value).with_context(place)?);
                }
                ("development", "crates") => {
                    rules.development = list(value).with_context(place)?;
                }
                ("words", "banned") => rules.banned = list(value).with_context(place)?,
                _ => bail!("{} is not a rule", place()),
            }
        }
        Ok(rules)
    }
}

fn list(text: &str) -> Result<Vec<String>> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let inner = inner.context("expected [\"…\"]")?.trim();
    let words = inner.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| Ok(word.trim_matches('"').to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_what_is_no_rule_is_refused() {
        let rules =
            Rules::parse("[floors]\ncore = 0 # low\n[edges]\nnet = [\"core\", \"config\"]\n");
        let rules = rules.unwrap();
        assert_eq!(rules.floors["core"], 0);
        assert_eq!(rules.edges["net"], ["core", "config"]);
        assert!(Rules::parse("[walls]\ncore = 0\n").is_err());
    }
}
