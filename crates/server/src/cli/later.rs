//! Flags and subcommands that the command line has a place for and this version does not have:
//! known, so that whoever uses one is told so instead of being asked about a slip of the pen.

use clap::{Arg, ArgMatches, Command};

/// The flags of `run`.
pub(super) const FLAGS: [&str; 2] = ["redis", "role"];

const VARIABLES: [&str; 2] = ["ARCHITRAVE_REDIS", "ARCHITRAVE_ROLE"];

const SUBCOMMANDS: [&str; 1] = ["replay"];

/// The flags, hidden from the help.
pub(super) fn flags() -> impl Iterator<Item = Arg> {
    let named = FLAGS.into_iter().zip(VARIABLES);
    named.map(|(name, variable)| Arg::new(name).long(name).env(variable).hide(true).num_args(0..=1))
}

/// The subcommands, hidden from the help; they take any arguments.
pub(super) fn subcommands() -> impl Iterator<Item = Command> {
    SUBCOMMANDS.into_iter().map(|name| {
        let rest = Arg::new("rest").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true);
        Command::new(name).hide(true).disable_help_flag(true).arg(rest)
    })
}

/// The first of them that was asked for, as it is written.
pub(super) fn asked_for(matches: &ArgMatches) -> Option<String> {
    let (name, matches) = matches.subcommand()?;
    if SUBCOMMANDS.contains(&name) {
        return Some(format!("architrave {name}"));
    }
    if name != "run" {
        return None;
    }
    let flag = FLAGS.into_iter().find(|flag| matches.contains_id(flag));
    flag.map(|flag| format!("--{flag}"))
}

/// What is said about it.
pub(super) fn refusal(what: &str) -> String {
    format!(
        "`{what}` is not in this version, which is one process by itself:\n\n  \
         architrave run [--config FILE] [--data DIR] [--database URL]\n"
    )
}
