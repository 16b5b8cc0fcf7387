//! What the kitchen tells the person in front of it: the one place of xtask that prints.

/// Prints one line to standard output.
#[expect(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]
pub(crate) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Prints a heading for a step that may take a while.
pub(crate) fn step(text: impl std::fmt::Display) {
    line(format_args!("== {text}"));
}

/// Prints why a dish failed, with all its causes, to standard error.
#[expect(clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
