//! Names of functions that outlive an update of a dependency.
//!
//! A profile finds functions by their symbols, and a symbol holds a hash of what cargo calls the
//! crate's metadata: its version and those of all that it depends on, down to the last. So any
//! change of `Cargo.lock` would give every function of ours another name, and the profile would
//! fit none of them. Where the shipped binary is built, xtask stands between cargo and rustc, and
//! puts the crate's own name in the place of that hash.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

/// Runs rustc as cargo wants it run, but for the metadata; returns only when it cannot be started.
pub(crate) fn rustc(program: &str, args: &[String]) -> Result<()> {
    let mut command = Command::new(program);
    let variable = |name| std::env::var_os(name).unwrap_or_default().to_string_lossy().into_owned();
    let name = lasting(&variable("CARGO_PKG_NAME"), &variable("CARGO_PKG_VERSION"));
    command.args(args.iter().map(|argument| with_metadata(argument, &name)));
    Err(command.exec()).with_context(|| format!("starting {program}"))
}

fn with_metadata(argument: &str, name: &str) -> String {
    match argument.strip_prefix("metadata=") {
        Some(_hash) => format!("metadata={name}"),
        None => argument.to_owned(),
    }
}

/// What tells a package from all others that can be in one build: ours by name, the others by name
/// and the part of the version of which cargo takes only one.
fn lasting(name: &str, version: &str) -> String {
    if name.starts_with("architrave") {
        return name.to_owned();
    }
    let mut numbers = version.split(['.', '-', '+']);
    let mut apart = numbers.next().unwrap_or_default().to_owned();
    for number in numbers {
        if apart.split('.').any(|number| number != "0") {
            break;
        }
        apart = format!("{apart}.{number}");
    }
    format!("{name}-{apart}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_outlives_every_update_that_cargo_makes_unasked() {
        let names = |versions: [&str; 2]| versions.map(|version| lasting("tokio", version));
        assert_eq!(names(["1.54.0", "1.55.2"]), ["tokio-1", "tokio-1"]);
        assert_eq!(names(["0.16.1", "0.17.0"]), ["tokio-0.16", "tokio-0.17"]);
        assert_eq!(names(["0.0.7", "0.0.8"]), ["tokio-0.0.7", "tokio-0.0.8"]);
        assert_eq!(lasting("architrave-net", "0.1.0"), "architrave-net");
    }

    #[test]
    fn only_the_metadata_is_changed() {
        let changed = |argument| with_metadata(argument, "bytes-1");
        assert_eq!(changed("metadata=0123456789abcdef"), "metadata=bytes-1");
        assert_eq!(changed("extra-filename=-0123456789abcdef"), "extra-filename=-0123456789abcdef");
    }
}
