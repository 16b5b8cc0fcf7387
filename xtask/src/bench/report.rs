//! What a bench leaves behind: a table on the terminal and the same as `bench/results/<name>.md`.

use std::fmt::Write;
use std::process::Command;

use anyhow::Result;

use super::peer::Peer;
use crate::{say, shell, tree};

/// A report in the making.
pub(crate) struct Report {
    name: String,
    body: String,
}

/// A figure that the project promises: `value` must not exceed `limit` (or fall below it).
pub(crate) struct Claim {
    /// What is claimed, such as `architrave / nginx, CPU per request`.
    pub(crate) what: String,
    /// What was measured.
    pub(crate) value: f64,
    /// The bound.
    pub(crate) limit: f64,
    /// Whether the bound is a floor instead of a ceiling.
    pub(crate) at_least: bool,
}

impl Report {
    /// A report whose first line is a sentence on what is measured.
    pub(crate) fn new(name: &str, title: &str) -> Self {
        Self { name: name.to_owned(), body: format!("# {name}: {title}\n\n") }
    }

    /// Names the versions, the commit and the machine.
    pub(crate) fn versions(&mut self, peers: &[Peer]) -> Result<()> {
        let git =
            |args: &[&str]| shell::read(Command::new("git").args(args).current_dir(tree::root()));
        let commit = git(&["rev-parse", "--short", "HEAD"])?;
        let dirty = !git(&["status", "--porcelain", "--untracked-files=no"])?.trim().is_empty();
        let mut versions = Vec::new();
        for peer in peers {
            let version = peer.version()?;
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        let note = if dirty { " with local changes" } else { "" };
        self.line(&format!("Commit {}{note}; {}.\n", commit.trim(), versions.join(", ")));
        Ok(())
    }

    /// Adds a line of text.
    pub(crate) fn line(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push('\n');
    }

    /// Adds a table; columns are padded so that the text reads well as it is.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
        for row in rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut push = |cells: &[&str]| {
            for (width, cell) in widths.iter().zip(cells) {
                write!(self.body, "| {cell:width$} ").expect("a string takes all");
            }
            self.body.push_str("|\n");
        };
        push(head);
        push(&vec!["---"; head.len()]);
        for row in rows {
            push(&row.iter().map(String::as_str).collect::<Vec<_>>());
        }
        self.body.push('\n');
    }

    /// Adds what is promised and whether it was reached.
    pub(crate) fn claims(&mut self, claims: &[Claim]) {
        let rows: Vec<Vec<String>> = claims
            .iter()
            .map(|claim| {
                let reached = if claim.at_least {
                    claim.value >= claim.limit
                } else {
                    claim.value <= claim.limit
                };
                let (bound, word) = (
                    if claim.at_least { "≥" } else { "≤" },
                    if reached { "reached" } else { "not reached" },
                );
                let limit = format!("{bound} {}", claim.limit);
                vec![claim.what.clone(), format!("{:.3}", claim.value), limit, word.to_owned()]
            })
            .collect();
        if !rows.is_empty() {
            self.table(&["promise", "measured", "bound", "result"], &rows);
        }
    }

    /// Prints the report and writes its file.
    pub(crate) fn finish(self) -> Result<()> {
        say::line(format_args!("\n{}", self.body.trim_end()));
        let path = tree::root().join("bench/results").join(format!("{}.md", self.name));
        tree::write(&path, &format!("{}\n", self.body.trim_end()))
    }
}

/// The middle of some figures; the mean of the two middle ones when their count is even.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// Smallest and largest, as `a–b`.
pub(crate) fn spread(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.2}–{most:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_not_the_mean() {
        assert!((median(&[9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0, 3.0, 100.0]) - 2.5).abs() < 1e-9);
    }
}
