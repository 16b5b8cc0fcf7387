//! What is wrong with a description, or could be better: rules, each with a name and a weight.
//!
//! One file for each group of rules. A description with errors is taken all the same: what can be
//! told from it is.

mod operations;
mod parameters;
mod references;
mod responses;
mod schemas;
mod security;

use crate::Description;

/// More findings of one description help nobody.
const FINDINGS_MAX: usize = 1000;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The description contradicts itself or the format: readers of it will differ or fail.
    Error,
    /// Allowed, and probably not meant.
    Warning,
    /// Could be told better.
    Hint,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LintRule {
    /// Its name, such as `operation-id-duplicate`.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it asks for.
    pub about: &'static str,
}

/// A place at which a rule is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static LintRule,
    /// Where: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// Declares the rules of a group.
macro_rules! rules {
    ($($name:ident = $word:literal, $severity:ident, $about:literal;)+) => {
        $(pub(super) static $name: $crate::lint::LintRule = $crate::lint::LintRule {
            name: $word,
            severity: $crate::lint::Severity::$severity,
            about: $about,
        };)+

        /// The rules of this group.
        pub(super) static RULES: &[&$crate::lint::LintRule] = &[$(&$name),+];
    };
}
use rules;

/// The groups, with what they are about and their rules.
#[must_use]
pub fn groups() -> Vec<(&'static str, &'static [&'static LintRule])> {
    vec![
        ("Operations and paths", operations::RULES),
        ("Parameters", parameters::RULES),
        ("Answers", responses::RULES),
        ("References", references::RULES),
        ("Schemas and examples", schemas::RULES),
        ("Security", security::RULES),
    ]
}

/// Holds a description against every rule. Findings come by line; after a thousand it stops.
#[must_use]
pub fn lint(description: &Description) -> Vec<Finding> {
    let mut notes = Notes { description, findings: Vec::new() };
    operations::check(&mut notes);
    parameters::check(&mut notes);
    responses::check(&mut notes);
    references::check(&mut notes);
    schemas::check(&mut notes);
    security::check(&mut notes);
    let mut findings = notes.findings;
    findings.sort_by(|one, other| {
        (one.line, one.rule.severity, &one.pointer).cmp(&(
            other.line,
            other.rule.severity,
            &other.pointer,
        ))
    });
    findings
}

/// Where findings go.
struct Notes<'d> {
    description: &'d Description,
    findings: Vec<Finding>,
}

impl Notes<'_> {
    fn note(&mut self, rule: &'static LintRule, pointer: &str, message: impl Into<String>) {
        if self.findings.len() >= FINDINGS_MAX {
            return;
        }
        self.findings.push(Finding {
            rule,
            pointer: pointer.to_owned(),
            line: self.description.line_of(pointer),
            message: message.into(),
        });
    }

    /// Whether no more is noted, so that nobody looks any further.
    fn is_full(&self) -> bool {
        self.findings.len() >= FINDINGS_MAX
    }
}

#[cfg(test)]
mod tests;
