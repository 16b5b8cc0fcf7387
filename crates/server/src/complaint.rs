//! Why it does not start, told to the person in front of it: plain lines, as a compiler's, and
//! not a log, whose first line nobody has asked for yet.

#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what it does")]

use std::io::{Error, ErrorKind};
use std::path::Path;

use architrave_config::ConfigError;
use architrave_config::ports::ReloadError;

/// Tells why a start failed. `file` is the gateway file, where there is one.
pub(crate) fn tell(error: &anyhow::Error, file: Option<&Path>) {
    if let Some(ReloadError::Invalid(errors)) = error.downcast_ref::<ReloadError>() {
        return tell_faults(errors, file);
    }
    for line in in_full(error).lines() {
        eprintln!("error: {line}");
    }
    if let Some(hint) = hint(error) {
        eprintln!("  {hint}");
    }
}

/// Tells every fault of a file, one a line, and how many they are.
fn tell_faults(errors: &[ConfigError], file: Option<&Path>) {
    for error in errors {
        eprintln!("{error}");
    }
    let plural = if errors.len() == 1 { "" } else { "s" };
    let of_database = errors.iter().any(|error| error.line == 0);
    let what = match file {
        Some(file) if of_database => format!("{} with the database", file.display()),
        Some(file) => file.display().to_string(),
        // A file that a command was given has a name in each of its faults.
        None => match errors.first().filter(|_| !of_database) {
            Some(first) => first.file.to_string(),
            None => "the database".to_owned(),
        },
    };
    eprintln!("error: {what} is not valid: {} error{plural}", errors.len());
}

/// Everything that is wrong, one a line.
pub(crate) fn in_full(error: &anyhow::Error) -> String {
    match error.downcast_ref::<ReloadError>() {
        Some(ReloadError::Invalid(errors)) => {
            errors.iter().map(ConfigError::to_string).collect::<Vec<_>>().join("\n")
        }
        _ => format!("{error:#}"),
    }
}

/// What to do about it, where there is something.
fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<Error>())?;
    match cause.kind() {
        ErrorKind::AddrInUse => Some("`ss -ltnup` shows which process has it"),
        ErrorKind::AddrNotAvailable => Some("`ip address` shows the addresses of this machine"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_hint_is_found_behind_what_was_being_done() {
        let taken = Err::<(), _>(Error::from(ErrorKind::AddrInUse)).context("listener web");
        assert!(hint(&taken.unwrap_err()).is_some_and(|hint| hint.contains("ss ")));
        assert_eq!(hint(&anyhow::anyhow!("anything else")), None);
    }
}
