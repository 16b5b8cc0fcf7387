//! The kitchen of the workspace: `cargo xtask <dish>`; the Makefile is its menu.
//!
//! Nothing here ships: it measures, tests, checks and packs what does.

mod bench;
mod console;
mod dist;
mod generate;
mod packages;
mod profile;
mod say;
mod shell;
mod sim;
mod test;
mod tidy;
mod tree;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask <dish>
  test              install what tests need and run everything
  soak [part]       the tests that have one in their long forms, or those named so
  lint              clippy on everything, warnings being errors
  tidy              who depends on whom, words, files: what no compiler checks
  console [--if-possible]
                    the pages of the console and the portal, for the binary to take in
  gen               write generated files anew
  bench <name>|all|list [--rounds N] [--seconds N] [--only a,b]
                    what a request costs, beside the peers
  sim [--seeds N] [--scenario NAME] [--models] [--markdown] [--pick-cost]
                    balancing algorithms, or strategies of models, over virtual time
  dist              the stripped binary in a tarball and a Debian package, tested
  profile           the profile that the binary of dist is optimised by, made anew";

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
        "test" => test::run(rest),
        "soak" => test::soak(rest),
        "lint" => test::clippy(),
        "tidy" => tidy::run(),
        "gen" => generate::run(),
        "console" => console::run(rest),
        "dist" => dist::run(rest),
        "bench" => bench::run(rest),
        "sim" => sim::run(rest),
        "bench-origin" => bench::origin::run(rest),
        "bench-llm-origin" => bench::llm_origin::run(rest),
        "bench-llm-gap" => bench::run_gap_load(rest),
        "bench-load" => bench::sink::run(rest),
        "bench-train" => bench::train(rest),
        "profile" => profile::run(rest),
        // Cargo calls its wrapper so.
        rustc if Path::new(rustc).ends_with("rustc") => profile::names::rustc(rustc, rest),
        _ => bail!("{USAGE}"),
    }
}
