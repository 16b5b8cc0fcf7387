//! For which models of a provider something holds: patterns of names, the first that fits deciding.

use std::fmt;

/// Patterns with a comma between them, as `!*claude-3*,*claude*`: `*` is any text, `!` means that
/// it does not hold. For a name that none fits it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern that a text says.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether it holds for a model.
    #[must_use]
    pub fn holds(&self, model: &str) -> bool {
        let fits = |one: &&str| fits(one.trim_start_matches('!'), model);
        self.0.split(',').find(fits).is_some_and(|one| !one.starts_with('!'))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a pattern fits the whole of a text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn the_first_pattern_that_fits_decides() {
        let pattern = Pattern::new("!*claude-3*,!claude-4,*claude-*,exact,a*b*c");
        for model in ["claude-5", "us.anthropic.claude-opus-5", "exact", "abc", "a1b2bc"] {
            assert!(pattern.holds(model), "{model}");
        }
        for model in ["claude-3", "x.claude-3-5", "claude-4", "gpt-4o", "exactly", "ab", "acb", ""]
        {
            assert!(!pattern.holds(model), "{model}");
        }
    }
}
