//! `cargo xtask tidy`: what the workspace promises about itself, checked. Also a test.
//!
//! It judges what no compiler does: who may depend on whom, which words are used, what must be
//! written beside what. Sizes it only shows: never split a thing in two to please a number.

mod features;
mod floors;
mod rules;
mod sizes;
mod source;
mod words;

use anyhow::{Result, bail};

use crate::{say, tree};
use rules::Rules;
use source::Source;

/// How many of the largest files and functions are shown.
const SHOWN: usize = 8;

/// Checks everything, prints what is wrong and the largest things, and fails on what is wrong.
pub(crate) fn run() -> Result<()> {
    let sources = source::all(&tree::root())?;
    for line in sizes::largest(&sources, SHOWN) {
        say::line(line);
    }
    let complaints = complaints(&sources)?;
    for complaint in &complaints {
        say::line(format_args!("untidy: {complaint}"));
    }
    if !complaints.is_empty() {
        bail!("{} things are untidy", complaints.len());
    }
    say::line(format_args!("tidy: {} files", sources.len()));
    Ok(())
}

fn complaints(sources: &[Source]) -> Result<Vec<String>> {
    let root = tree::root();
    let rules = Rules::read(&root.join("tidy.toml"))?;
    let mut complaints = floors::check(&root, &rules)?;
    for source in sources {
        complaints.extend(source.check());
        complaints.extend(words::in_items(source, &rules));
    }
    complaints.extend(source::unreached(sources));
    complaints.extend(words::in_keys(&root, &rules)?);
    complaints.extend(features::check(&root)?);
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let sources = source::all(&tree::root()).unwrap();
        let complaints = complaints(&sources).unwrap();
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }
}
