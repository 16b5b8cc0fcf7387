//! Who depends on whom, as cargo sees it, against the floors and edges of `tidy.toml`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::rules::Rules;
use crate::shell;

const PREFIX: &str = "architrave-";

/// Every dependency that is not allowed.
pub(super) fn check(root: &Path, rules: &Rules) -> Result<Vec<String>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root);
    let text = shell::read(cargo.env_remove("CARGO_TERM_VERBOSE"))?;
    let line =
        text.lines().find(|line| line.starts_with('{')).context("cargo metadata is silent")?;
    let metadata: Value = serde_json::from_str(line)?;
    let mut complaints = Vec::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        let name = short(package["name"].as_str().context("a package without a name")?);
        for dependency in package["dependencies"].as_array().context("no dependencies")? {
            let on = dependency["name"].as_str().context("a dependency without a name")?;
            let is_development = dependency["kind"] == "dev";
            complaints.extend(judge(rules, name, on, is_development));
        }
        if !rules.edges.contains_key(name) {
            complaints.push(format!("the crate {name} has no line under [edges] in tidy.toml"));
        }
    }
    Ok(complaints)
}

/// What is wrong with one dependency, if anything.
fn judge(rules: &Rules, from: &str, on: &str, is_development: bool) -> Option<String> {
    if let Some(to) = on.strip_prefix(PREFIX) {
        let is_kit = rules.development.iter().any(|name| name == to);
        if is_development && is_kit {
            return None;
        }
        if let (Some(own), Some(other)) = (rules.floors.get(from), rules.floors.get(to))
            && own <= other
        {
            return Some(format!("{from} (floor {own}) depends on {to} (floor {other})"));
        }
        let allowed =
            rules.edges.get(from).is_some_and(|edges| edges.iter().any(|edge| edge == to));
        return (!allowed)
            .then(|| format!("{from} depends on {to}, an edge that tidy.toml does not allow"));
    }
    let users = rules.libraries.get(on)?;
    let allowed = is_development || users.iter().any(|user| user == from);
    (!allowed).then(|| format!("{from} uses {on}, which is for {} alone", users.join(", ")))
}

fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Rules {
            floors: [("core", 0), ("net", 2), ("balance", 2)]
                .map(|(name, floor)| (name.to_owned(), floor))
                .into(),
            edges: [("net".to_owned(), list(&["core"]))].into(),
            libraries: [("axum".to_owned(), list(&["control"]))].into(),
            development: list(&["testkit"]),
            banned: Vec::new(),
        }
    }

    #[test]
    fn a_peer_a_missing_edge_and_a_library_of_another_are_refused() {
        assert_eq!(judge(&rules(), "net", "architrave-core", false), None);
        for on in ["architrave-balance", "architrave-policy", "architrave-testkit", "axum"] {
            assert!(judge(&rules(), "net", on, false).is_some(), "{on}");
        }
        assert_eq!(judge(&rules(), "net", "architrave-testkit", true), None);
        assert_eq!(judge(&rules(), "net", "bytes", false), None);
    }
}
