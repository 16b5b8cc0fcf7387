//! The commands that only read and print: validate, fmt, schema, reference, version.
#![expect(clippy::print_stderr, reason = "printing is what they do")]

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use architrave_config::ports::ReloadError;
use architrave_llm::catalog::Catalog;

use crate::catalog::{CatalogFile, CatalogPlace};
use crate::sources::{self, GatewayText, Loaded};
use crate::{advice, complaint, engine, unguarded};

/// Exits 0, or 1 with every error.
pub(crate) fn validate(file: &Path, catalog: CatalogPlace) -> ExitCode {
    let catalog = CatalogFile::open(catalog).map(|catalog| catalog.held());
    match catalog.and_then(|catalog| Ok((load(file, &catalog)?, catalog))) {
        Ok((Loaded { snapshot, exposed }, catalog)) => {
            let snapshot = Arc::new(snapshot);
            let advice = advice::find(&snapshot, &catalog);
            for obstacle in engine::obstacles(&snapshot, catalog) {
                eprintln!("warning: it would not start here: {obstacle}");
            }
            for exposed in exposed {
                eprintln!("warning: {exposed}");
            }
            for unguarded in unguarded::find(&snapshot) {
                eprintln!("warning: {unguarded}");
            }
            for advice in advice {
                eprintln!("warning: {advice}");
            }
            let counts = [
                counted(snapshot.listeners.len(), "listener"),
                counted(snapshot.routes.len(), "route"),
                counted(snapshot.services.len(), "service"),
                counted(snapshot.upstreams.len(), "upstream"),
            ];
            // Most files have none, and are not told so.
            let more = [
                (snapshot.models.len(), "model"),
                (snapshot.providers.len(), "provider"),
                (snapshot.consumers.len(), "consumer"),
            ];
            let more = more.into_iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> =
                counts.into_iter().chain(more.map(|(count, what)| counted(count, what))).collect();
            print(&format!("{}: valid: {}\n", file.display(), counts.join(", ")))
        }
        Err(error) => {
            complaint::tell(&error.into(), Some(file));
            ExitCode::FAILURE
        }
    }
}

fn load(file: &Path, catalog: &Arc<Catalog>) -> Result<Loaded, ReloadError> {
    let text = GatewayText::read(Some(file))?;
    Ok(sources::load(&text, None, catalog)?)
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
            eprintln!("error: {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

/// Prints the JSON Schema.
pub(crate) fn schema() -> ExitCode {
    print(&format!("{:#}\n", architrave_config::schema()))
}

/// Prints the reference.
pub(crate) fn reference() -> ExitCode {
    print(&architrave_config::reference().to_string())
}

/// Prints the version.
pub(crate) fn version() -> ExitCode {
    print(concat!("architrave ", env!("CARGO_PKG_VERSION"), "\n"))
}

/// To standard output. Whoever has read enough, such as `head`, may close it.
pub(crate) fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("error: standard output: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn read(file: &Path) -> Result<String, ExitCode> {
    std::fs::read_to_string(file).map_err(|error| {
        eprintln!("error: {}: {error}", file.display());
        ExitCode::FAILURE
    })
}
