//! Steps that are run one after the other, each with its time, and a table of them at the end, so
//! that nobody has to look for what failed.

use anyhow::{Result, bail};
use architrave_core::Clock;

use crate::say;

/// One step.
pub(super) struct Step {
    pub name: String,
    pub work: Box<dyn Fn() -> Result<()>>,
}

/// Whether the steps behind one that fails are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// They need what failed.
    Stop,
    /// They stand alone.
    GoOn,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed(u64),
    Failed(u64),
    NotRun,
}

impl Step {
    pub(super) fn new(name: impl Into<String>, work: impl Fn() -> Result<()> + 'static) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }
}

/// Runs the steps and prints the table.
///
/// # Errors
/// When one failed; names each that did.
pub(super) fn run(clock: &Clock, steps: &[Step], after_failure: AfterFailure) -> Result<()> {
    let start = clock.now();
    let mut outcomes = vec![Outcome::NotRun; steps.len()];
    for (at, (step, outcome)) in steps.iter().zip(&mut outcomes).enumerate() {
        say::step(format_args!("{} of {}: {}", at + 1, steps.len(), step.name));
        let begun = clock.now();
        let result = (step.work)();
        let seconds = clock.now().since(begun).as_secs();
        match result {
            Ok(()) => {
                say::line(format_args!("   passed in {seconds} s"));
                *outcome = Outcome::Passed(seconds);
            }
            Err(error) => {
                say::failure(&error);
                *outcome = Outcome::Failed(seconds);
                if after_failure == AfterFailure::Stop {
                    break;
                }
            }
        }
    }
    let whole = clock.now().since(start).as_secs();
    say::step("summary");
    for (step, outcome) in steps.iter().zip(&outcomes) {
        say::line(row(&step.name, *outcome));
    }
    say::line(format_args!("{whole:>7} s  in all"));
    let is_failed = |(_, outcome): &(&Step, &Outcome)| matches!(outcome, Outcome::Failed(_));
    let failed: Vec<_> = steps.iter().zip(&outcomes).filter(is_failed).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = failed.iter().map(|(step, _)| format!("`{}`", step.name)).collect();
    bail!("failed: {}", names.join(", "))
}

fn row(name: &str, outcome: Outcome) -> String {
    match outcome {
        Outcome::Passed(seconds) => format!("{seconds:>7} s  passed   {name}"),
        Outcome::Failed(seconds) => format!("{seconds:>7} s  FAILED   {name}"),
        Outcome::NotRun => format!("{:>7}    not run  {name}", ""),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    fn steps(ran: &Rc<Cell<u32>>) -> Vec<Step> {
        let step = |name: &str, is_good: bool| {
            let ran = Rc::clone(ran);
            Step::new(name, move || {
                ran.set(ran.get() + 1);
                anyhow::ensure!(is_good, "it went wrong");
                Ok(())
            })
        };
        vec![step("one", true), step("two", false), step("three", true), step("four", false)]
    }

    #[test]
    fn what_failed_is_named_and_what_needs_it_is_not_run() {
        let ran = Rc::new(Cell::new(0));
        let failed = run(&Clock::manual(), &steps(&ran), AfterFailure::Stop).unwrap_err();
        assert_eq!((failed.to_string().as_str(), ran.get()), ("failed: `two`", 2));
        let failed = run(&Clock::manual(), &steps(&ran), AfterFailure::GoOn).unwrap_err();
        assert_eq!((failed.to_string().as_str(), ran.get()), ("failed: `two`, `four`", 6));
        assert!(run(&Clock::manual(), &steps(&ran)[..1], AfterFailure::Stop).is_ok());
    }

    #[test]
    fn rows_say_what_became_of_a_step() {
        assert_eq!(row("x", Outcome::Passed(12)), "     12 s  passed   x");
        assert_eq!(row("x", Outcome::Failed(3)), "      3 s  FAILED   x");
        assert_eq!(row("x", Outcome::NotRun), "           not run  x");
    }
}
