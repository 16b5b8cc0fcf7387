//! A line for people at a terminal: time, status, how long it took, what was asked, who answered, who
//! asked, and what that cost. Columns of known width come first, so that eyes can run down them.

use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{AccessEntry, HttpEntry, LlmEntry};
use crate::access_log::json;
use crate::termination::Termination;

/// A path longer than this pushes what matters out of sight.
const PATH_BYTES_MAX: usize = 120;

/// Of anything else that somebody outside has named.
const TEXT_BYTES_MAX: usize = 60;

/// Of nearly all methods.
const METHOD_WIDTH: usize = 4;

/// Method and path, so that who answered stands in a column unless the path is long.
const REQUEST_WIDTH: usize = 30;

const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";

const NANOS_A_USD: u64 = 1_000_000_000;

/// Where a line is put together.
struct Line<'o> {
    out: &'o mut Vec<u8>,
    is_coloured: bool,
}

impl AccessEntry<'_> {
    /// Appends the line for people, with its line feed.
    pub(in crate::access_log) fn print_for_people(&self, is_coloured: bool, out: &mut Vec<u8>) {
        let mut line = Line { out, is_coloured };
        let colour = self.colour();
        line.coloured(DIM, |line| line.time_of_day(self.time));
        line.text("  ");
        match self.http {
            Some(http) => line.coloured(colour, |line| line.status(http.status)),
            None => line.text("   "),
        }
        line.text("  ");
        line.duration(self.timings.total);
        line.text("  ");
        let began = line.out.len();
        match &self.http {
            Some(http) => line.request(http),
            None => line.text(self.protocol),
        }
        line.pad_from(began, REQUEST_WIDTH);
        line.answerer(self);
        if let Some(consumer) = self.http.and_then(|http| http.consumer) {
            line.text("  by ");
            line.text(consumer);
        }
        if let Some(llm) = &self.llm {
            line.used(llm);
        } else if self.http.is_none() {
            line.bytes_of(self);
        }
        line.failure(self);
        line.out.push(b'\n');
    }

    /// The colour of how it went.
    fn colour(&self) -> &'static str {
        match self.http.map(|http| http.status) {
            Some(Some(0..300)) => GREEN,
            Some(Some(300..400)) => CYAN,
            Some(Some(400..500)) => YELLOW,
            Some(_) => RED,
            None if self.reason.is_some() => RED,
            None => GREEN,
        }
    }
}

impl Line<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// Fills up with blanks what was printed since a place.
    fn pad_from(&mut self, began: usize, width: usize) {
        let printed = String::from_utf8_lossy(&self.out[began..]).chars().count();
        self.out.extend(std::iter::repeat_n(b' ', width.saturating_sub(printed)));
    }

    fn coloured(&mut self, colour: &str, print: impl FnOnce(&mut Self)) {
        if !self.is_coloured {
            return print(self);
        }
        self.text(colour);
        print(self);
        self.text(PLAIN);
    }

    /// What came from outside: escaped as in JSON, so that nobody steers the terminal.
    fn foreign(&mut self, text: &[u8], bytes_max: usize) {
        json::text(self.out, text, bytes_max);
        // Of JSON the quote that ends it stands there as well.
        self.out.pop();
    }

    /// In UTC, as in the log of the process.
    fn time_of_day(&mut self, time: SystemTime) {
        let second = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let _infallible = write!(self.out, "{hour:02}:{minute:02}:{second:02}");
    }

    fn status(&mut self, status: Option<u16>) {
        match status {
            Some(status) => json::number(self.out, status.into()),
            None => self.text("---"),
        }
    }

    /// Three digits and a unit, eight columns wide.
    fn duration(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let text = match micros {
            0..10_000 => Parts(micros, 1_000, 2, " ms").to_string(),
            10_000..100_000 => Parts(micros, 1_000, 1, " ms").to_string(),
            100_000..1_000_000 => Parts(micros, 1_000, 0, " ms").to_string(),
            1_000_000..10_000_000 => Parts(micros, 1_000_000, 2, " s").to_string(),
            10_000_000..60_000_000 => Parts(micros, 1_000_000, 1, " s").to_string(),
            _ => clock(micros / 1_000_000),
        };
        let _infallible = write!(self.out, "{text:>8}");
    }

    fn request(&mut self, http: &HttpEntry<'_>) {
        let method = if http.method.is_empty() { b"-" } else { http.method };
        let began = self.out.len();
        self.foreign(method, TEXT_BYTES_MAX);
        self.pad_from(began, METHOD_WIDTH);
        if !http.path.is_empty() {
            self.text(" ");
            self.foreign(http.path, PATH_BYTES_MAX);
        }
    }

    /// The route, and behind an arrow who answered.
    fn answerer(&mut self, entry: &AccessEntry<'_>) {
        let from = match &entry.http {
            Some(http) => http.route,
            None => Some(entry.listener),
        };
        if let Some(from) = from {
            self.text("  ");
            self.text(from);
        }
        match (&entry.llm, entry.endpoint) {
            (Some(llm), _) => self.model(llm),
            (None, Some(endpoint)) => {
                self.arrow();
                let _infallible = write!(self.out, "{endpoint}");
            }
            (None, None) => {}
        }
    }

    fn arrow(&mut self) {
        self.coloured(DIM, |line| line.text(" → "));
    }

    fn model(&mut self, llm: &LlmEntry<'_>) {
        if let Some(provider) = llm.provider {
            self.arrow();
            self.text(provider);
            self.text("/");
            self.foreign(llm.upstream_model, TEXT_BYTES_MAX);
        } else if !llm.model.is_empty() {
            self.text(" ");
            self.foreign(llm.model, TEXT_BYTES_MAX);
        }
        if llm.cache == Some("hit") {
            self.text(" from the cache");
        }
    }

    /// Tokens and cost.
    fn used(&mut self, llm: &LlmEntry<'_>) {
        if let Some([input, _, output]) = llm.tokens {
            let about = if llm.is_estimated { "about " } else { "" };
            let _infallible = write!(self.out, "  {about}{input} in, {output} out");
        }
        if let Some(cost) = llm.cost_nano_usd.filter(|cost| *cost > 0) {
            let _infallible = write!(self.out, "  ${}", Usd(cost));
        }
    }

    fn bytes_of(&mut self, entry: &AccessEntry<'_>) {
        let (from, to) = (entry.request_bytes, entry.response_bytes);
        let _infallible = write!(self.out, "  {from} B in, {to} B out");
    }

    /// Why the gateway answered for itself or it was cut short; where nobody knows, who ended it.
    fn failure(&mut self, entry: &AccessEntry<'_>) {
        let why = match (entry.reason, entry.termination) {
            (Some(reason), _) => reason.as_str(),
            (None, Termination::Complete) => return,
            (None, termination) => termination.as_str(),
        };
        let colour = match entry.colour() {
            // The head said that all is well, and what followed was not.
            GREEN | CYAN => YELLOW,
            colour => colour,
        };
        self.text("  ");
        self.coloured(colour, |line| line.text(why));
    }
}

/// Minutes and seconds, or hours and minutes.
fn clock(seconds: u64) -> String {
    match seconds {
        0..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A number of parts as a decimal with so many places, rounded down, and its unit.
struct Parts(u64, u64, u32, &'static str);

impl std::fmt::Display for Parts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(parts, whole, places, unit) = *self;
        let text = match places {
            0 => format!("{}{unit}", parts / whole),
            places => {
                let part = parts % whole / (whole / 10_u64.pow(places));
                format!("{}.{part:0width$}{unit}", parts / whole, width = places as usize)
            }
        };
        formatter.write_str(&text)
    }
}

/// Nano-USD as USD: to the hundredth of a cent, and below that with two digits that count.
struct Usd(u64);

impl std::fmt::Display for Usd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, part) = (self.0 / NANOS_A_USD, self.0 % NANOS_A_USD);
        let digits = format!("{part:09}");
        let zeros = digits.bytes().take_while(|digit| *digit == b'0').count();
        let kept = if whole > 0 { 4 } else { (zeros + 2).clamp(4, 9) };
        let places = digits[..kept].trim_end_matches('0');
        // Money has two places at least.
        write!(formatter, "{whole}.{places:0<2}")
    }
}

#[cfg(test)]
mod tests;
