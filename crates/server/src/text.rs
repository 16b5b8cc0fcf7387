//! The commands that only read and print: validate, fmt, schema, reference, version.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what they do")]

use std::path::Path;
use std::process::ExitCode;

use crate::sources::SystemSources;

/// Exits 0, or 1 with every error.
pub(crate) fn validate(file: &Path) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    match architrave_config::load(&text, &file.to_string_lossy(), &SystemSources) {
        Ok(snapshot) => {
            println!(
                "{}: valid: {} listeners, {} routes, {} services, {} upstreams",
                file.display(),
                snapshot.listeners.len(),
                snapshot.routes.len(),
                snapshot.services.len(),
                snapshot.upstreams.len(),
            );
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in &errors {
                eprintln!("{error}");
            }
            let plural = if errors.len() == 1 { "" } else { "s" };
            eprintln!("{} error{plural}", errors.len());
            ExitCode::FAILURE
        }
    }
}

/// Lays the file out anew, or says whether it would.
pub(crate) fn format(file: &Path, is_check: bool) -> ExitCode {
    let text = match read(file) {
        Ok(text) => text,
        Err(code) => return code,
    };
    let formatted = match architrave_config::format(&text, &file.to_string_lossy()) {
        Ok(formatted) => formatted,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if formatted == text {
        return ExitCode::SUCCESS;
    }
    if is_check {
        eprintln!("{}: would be laid out anew", file.display());
        return ExitCode::FAILURE;
    }
    match std::fs::write(file, formatted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Prints the JSON Schema.
pub(crate) fn schema() -> ExitCode {
    println!("{:#}", architrave_config::schema());
    ExitCode::SUCCESS
}

/// Prints the reference.
pub(crate) fn reference() -> ExitCode {
    print!("{}", architrave_config::reference());
    ExitCode::SUCCESS
}

/// Prints the version.
pub(crate) fn version() -> ExitCode {
    println!("architrave {}", env!("CARGO_PKG_VERSION"));
    ExitCode::SUCCESS
}

fn read(file: &Path) -> Result<String, ExitCode> {
    std::fs::read_to_string(file).map_err(|error| {
        eprintln!("{}: {error}", file.display());
        ExitCode::FAILURE
    })
}
