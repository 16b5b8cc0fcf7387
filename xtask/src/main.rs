//! The kitchen of the workspace: `cargo xtask <dish>`; the Makefile is its menu.
//!
//! Nothing here ships: it measures, tests, checks and packs what does.

mod bench;
mod packages;
mod say;
mod shell;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <dish>
  bench <name>|all|list [--rounds N] [--seconds N] [--only a,b]   measure beside the peers";

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::failure(&error);
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (dish, rest) = args.split_first().map_or(("", &[][..]), |(d, r)| (d.as_str(), r));
    match dish {
        "bench" => bench::run(rest),
        "bench-origin" => bench::origin::run(rest),
        "bench-load" => bench::sink::run(rest),
        _ => bail!("{USAGE}"),
    }
}
