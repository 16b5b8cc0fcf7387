//! What must be written beside what: a policy with its behaviour, fixtures and page; a reason with
//! its line in the documentation; an ADR in its form; a link with what it points to.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use architrave_core::Reason;

use crate::tree;

/// Everything that lacks its other half.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = policies(root)?;
    complaints.extend(reasons(root)?);
    complaints.extend(records(root)?);
    complaints.extend(links(root)?);
    Ok(complaints)
}

/// Every relative link of a page points to something that is there.
fn links(root: &Path) -> Result<Vec<String>> {
    let mut pages = tree::files(&root.join("docs"), "md")?;
    for name in fs::read_dir(root)? {
        let path = name?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    let mut complaints = Vec::new();
    for page in pages {
        let text = tree::read(&page)?;
        let folder = page.parent().unwrap_or(root);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or(target);
            let is_elsewhere = file.is_empty() || file.contains("://") || file.contains(' ');
            if !is_elsewhere && !folder.join(file).exists() {
                let page = page.strip_prefix(root)?.display();
                complaints.push(format!("{page} links to {file}, which is not there"));
            }
        }
    }
    Ok(complaints)
}

/// Every policy has a configuration, a behaviour, a fixture and a page.
fn policies(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let folder = root.join("crates/config/src/policy");
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "rs") || name == "tests" {
            continue;
        }
        let wanted = [
            ("behaviour", format!("crates/policy/src/{name}.rs")),
            ("fixture", format!("fixtures/policy/{name}")),
            ("page", format!("docs/policies/{name}.md")),
        ];
        for (what, file) in wanted {
            let with_suffix = root.join(&file).with_extension("golden");
            if !root.join(&file).exists() && !with_suffix.exists() {
                complaints.push(format!("the policy {name} has no {what}: {file}"));
            }
        }
    }
    Ok(complaints)
}

/// Every reason is explained somewhere in the documentation, as `` `word` ``.
fn reasons(root: &Path) -> Result<Vec<String>> {
    let mut pages = String::new();
    for path in tree::files(&root.join("docs"), "md")? {
        pages.push_str(&tree::read(&path)?);
    }
    let missing =
        Reason::ALL.iter().filter(|reason| !pages.contains(&format!("`{}`", reason.as_str())));
    Ok(missing
        .map(|reason| format!("docs do not explain the reason `{}`", reason.as_str()))
        .collect())
}

/// Every ADR says its status, why, what and at which price.
fn records(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for path in tree::files(&root.join("docs/adr"), "md")? {
        let text = tree::read(&path)?;
        for part in
            ["Status:", "## Context", "## Decision", "## Consequences", "## What we gave up"]
        {
            if !text.contains(part) {
                complaints.push(format!("{} has no `{part}`", path.strip_prefix(root)?.display()));
            }
        }
    }
    Ok(complaints)
}
