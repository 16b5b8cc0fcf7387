//! A second look at black-box tests that failed: each once more, alone. What passes then depends
//! on how busy the machine was, and is told by name at the end of the run so that it is mended.
//!
//! No pardon for a change that breaks something: more failures than a few are not looked at again,
//! and what fails alone has failed.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::say;

/// So many tests may have stumbled over a busy machine; when more fail, something is broken.
const LOOKED_AT_MAX: usize = 3;

/// Runs all tests by `all`, which leaves a line for each in `log`, and those that failed once more
/// by `alone`.
///
/// # Errors
/// What `all` said, when nobody knows which tests failed or too many did; else the names of those
/// that failed again.
pub(super) fn run(
    log: &Path,
    all: impl FnOnce() -> Result<()>,
    alone: impl Fn(&str) -> Result<()>,
) -> Result<()> {
    let Err(error) = all() else { return Ok(()) };
    let text = std::fs::read_to_string(log)
        .with_context(|| format!("{}, after {error:#}", log.display()))?;
    let failed = failed(&text);
    if !(1..=LOOKED_AT_MAX).contains(&failed.len()) {
        return Err(error);
    }
    say::line(format_args!("   a second look at what failed: {}", failed.join(", ")));
    let again: Vec<_> = failed.iter().copied().filter(|name| alone(name).is_err()).collect();
    if !again.is_empty() {
        bail!("failed alone as well: {}", again.join(", "));
    }
    say::line(format_args!("   UNSTEADY, passed only alone, to be mended: {}", failed.join(", ")));
    Ok(())
}

/// The names of tests that failed, by the log of the test harness: one outcome and name a line.
fn failed(log: &str) -> Vec<&str> {
    log.lines().filter_map(|line| line.strip_prefix("failed ")).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tempfile::TempDir;

    use super::*;

    /// What comes of a run with `log`, where those of `broken` fail alone as well, and who was
    /// looked at.
    fn look(log: &str, broken: &[&str]) -> (Result<()>, Vec<String>) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("log");
        std::fs::write(&file, log).unwrap();
        let looked = RefCell::new(Vec::new());
        let alone = |name: &str| {
            looked.borrow_mut().push(name.to_owned());
            anyhow::ensure!(!broken.contains(&name), "again");
            Ok(())
        };
        let result =
            run(&file, || if log.contains("failed") { bail!("101") } else { Ok(()) }, alone);
        (result, looked.into_inner())
    }

    #[test]
    fn only_what_failed_is_run_again_and_passes_where_it_passes_alone() {
        assert!(matches!(look("ok a\nok b\n", &[]), (Ok(()), looked) if looked.is_empty()));
        let (result, looked) = look("ok a\nfailed b::c\n", &[]);
        assert!(result.is_ok());
        assert_eq!(looked, ["b::c"]);
    }

    #[test]
    fn what_fails_again_is_named() {
        let (result, looked) = look("failed a\nfailed b\n", &["b"]);
        assert_eq!(result.unwrap_err().to_string(), "failed alone as well: b");
        assert_eq!(looked, ["a", "b"]);
    }

    #[test]
    fn where_much_fails_nothing_is_looked_at_again() {
        let (result, looked) = look("failed a\nfailed b\nfailed c\nfailed d\n", &[]);
        assert_eq!((result.unwrap_err().to_string(), looked.len()), ("101".to_owned(), 0));
    }
}
