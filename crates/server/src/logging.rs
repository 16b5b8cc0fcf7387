//! Our own log, to stderr, how the access log is written, and the panic hook that makes every panic heard and counted.

mod lines;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::Context;
use architrave_config::{AccessLogFormat, AccessLogTarget, Snapshot};
use architrave_core::Clock;
use architrave_telemetry::{LineForm, Metrics};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use lines::{Line, Lines};

/// How long the last lines of the log may take.
const FLUSH: Duration = Duration::from_secs(2);

/// Starts the log: level from `ARCHITRAVE_LOG`, `info` by default.
///
/// # Errors
/// When the variable holds no level, or the system gives no thread.
#[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
pub(crate) fn start(is_json: bool) -> anyhow::Result<()> {
    let wanted = std::env::var("ARCHITRAVE_LOG").unwrap_or_default();
    let filter = filter(&wanted).with_context(|| {
        format!("ARCHITRAVE_LOG is `{wanted}`: expected off, error, warn, info, debug or trace")
    })?;
    Lines::start().context("the log")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Line)
        // The library would tell of them on standard error, and panic where that fails.
        .log_internal_errors(false)
        .with_target(false);
    if is_json {
        builder.json().flatten_event(true).init();
    } else {
        let builder = builder.with_ansi(is_coloured(&std::io::stderr())).compact();
        match std::io::stderr().is_terminal() {
            // Side by side with the lines of the access log, which have the same clock.
            true => builder.with_timer(TimeOfDay(Clock::system())).init(),
            false => builder.init(),
        }
    }
    Ok(())
}

/// Says something on standard error, behind what was logged before; never waits.
pub(crate) fn tell(text: &str) {
    lines::tell(format!("{text}\n").as_bytes());
}

/// Waits until what was logged is written, as far as there is somebody who reads it.
pub(crate) fn flush() {
    lines::flush(FLUSH);
}

/// The time of day in UTC, as the access log has it at a terminal.
struct TimeOfDay(Clock);

impl FormatTime for TimeOfDay {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let since = self.0.wall().duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs() % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(writer, "{hour:02}:{minute:02}:{second:02}")
    }
}

/// How the access log is written: as the file says, else for people where it goes to a terminal.
#[must_use]
pub(crate) fn access_log_form(snapshot: &Snapshot) -> LineForm {
    let to_terminal =
        snapshot.access_log == AccessLogTarget::Stdout && std::io::stdout().is_terminal();
    match (snapshot.access_log_format, to_terminal) {
        (Some(AccessLogFormat::Json), _) | (None, false) => LineForm::Json,
        (Some(AccessLogFormat::Text), false) => LineForm::Text { is_coloured: false },
        (_, true) => LineForm::Text { is_coloured: is_coloured(&std::io::stdout()) },
    }
}

/// Whether colours are to be used there: on a terminal, unless its user wants none
/// (<https://no-color.org>).
#[must_use]
pub(crate) fn is_coloured(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// What is logged; none when it is not understood. Beside a level it may be one per part of the
/// program, such as `info,architrave_proxy=debug`.
fn filter(wanted: &str) -> Option<EnvFilter> {
    if wanted.is_empty() {
        return Some("info".into());
    }
    // The library takes any word for a part of the program, and would be silent about the rest.
    let is_level = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    wanted.split(',').all(is_level).then(|| EnvFilter::try_new(wanted).ok()).flatten()
}

/// Makes lines of the log count, and panics count and show in it, wherever they happen; the task that
/// panicked ends alone.
pub(crate) fn expose(metrics: Arc<Metrics>) {
    lines::expose(&metrics);
    std::panic::set_hook(Box::new(move |panic| {
        metrics.gateway().panicked();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let what = (payload.downcast_ref::<&str>().copied())
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        tracing::error!(place, what, "panic");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_misspelt_is_not_silence() {
        for wanted in ["", "info", "DEBUG", "off", "warn,architrave_proxy=debug"] {
            assert!(filter(wanted).is_some(), "{wanted:?}");
        }
        for wanted in ["debg", "info,proxy", "info,proxy=loud", " info"] {
            assert!(filter(wanted).is_none(), "{wanted:?}");
        }
    }
}
