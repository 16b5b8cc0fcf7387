//! The binary: flags, sources, wiring, signals. What it wires together is elsewhere.

mod admin;
mod advice;
mod catalog;
mod child;
mod cli;
mod complaint;
mod data;
mod database;
mod demo;
mod engine;
mod exposed;
mod greeting;
mod kept;
mod keys;
mod kinds;
mod leases;
mod logging;
mod run;
mod setup_code;
mod signals;
mod sockets;
mod sources;
mod text;
mod transfer;
mod unguarded;
mod upgrade;
mod usage;
mod watch;
mod web;
mod workers;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::parse() {
        cli::Invocation::Run(options) => run::run(options),
        cli::Invocation::Validate { file, catalog } => text::validate(&file, catalog),
        cli::Invocation::Format { file, is_check } => text::format(&file, is_check),
        cli::Invocation::ListCatalog(options) => catalog::list(&options),
        cli::Invocation::UpdateCatalog(options) => catalog::update(&options),
        cli::Invocation::Export(options) => transfer::export(&options),
        cli::Invocation::Apply(options) => transfer::apply(&options),
        cli::Invocation::Diff(options) => transfer::diff(&options),
        cli::Invocation::Backup { target, file } => transfer::backup(&target, &file),
        cli::Invocation::Copy { target, to } => transfer::copy(&target, &to),
        cli::Invocation::SetupCode(target) => transfer::new_setup_code(&target),
        cli::Invocation::Schema => text::schema(),
        cli::Invocation::Reference => text::reference(),
        cli::Invocation::Version => text::version(),
        cli::Invocation::Supervise => child::run(),
    }
}
