//! What the headers of an answer say of limits, read in one pass over them.

use std::time::{Duration, SystemTime};

use super::name::{Name, Said};
use super::quota::{Counted, Quota, Window};
use super::{rate_limit_field, when};

/// The longest name of a header that is looked at.
const NAME_BYTES_MAX: usize = 64;
/// How many windows of one answer are kept apart; no provider tells more than a dozen.
const WINDOWS_MAX: usize = 24;

/// What headers say of limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// What is left.
    pub quota: Quota,
    /// How long to wait before the next try.
    pub wait: Option<Duration>,
    /// Whether it is a limit of the account that was reached, whatever the model.
    pub is_of_account: bool,
}

/// A window of which not all headers have been seen.
#[derive(Debug)]
struct Partial {
    counted: Counted,
    window: (&'static str, String),
    limit: Option<u64>,
    remaining: Option<u64>,
    resets_in: Option<Duration>,
}

impl Partial {
    fn new(name: &Name<'_>) -> Self {
        Self {
            counted: name.counted,
            window: (name.window.0, name.window.1.to_owned()),
            limit: None,
            remaining: None,
            resets_in: None,
        }
    }
}

/// What is kept while headers go by.
#[derive(Debug, Default)]
struct Reading<'h> {
    limits: Limits,
    partials: Vec<Partial>,
    field: &'h str,
    policy: &'h str,
    /// A wait in milliseconds says it more exactly than one in seconds.
    is_exact: bool,
    account_reset: Option<Duration>,
}

impl Limits {
    /// What the headers say, names and values as they came. `now` is for those that name a time.
    #[must_use]
    pub fn read<'h>(
        headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>,
        now: SystemTime,
    ) -> Self {
        let mut reading = Reading::default();
        for (name, value) in headers {
            // Hardly any header begins so, and all that count do.
            let may_count = matches!(name.first(), Some(b'x' | b'X' | b'r' | b'R' | b'a' | b'A'));
            let mut lower = [0; NAME_BYTES_MAX];
            let Some(lower) = lower.get_mut(..name.len()).filter(|_| may_count) else { continue };
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            if let (Ok(name), Ok(value)) = (str::from_utf8(lower), str::from_utf8(value)) {
                reading.take(name, value.trim(), now);
            }
        }
        reading.finish()
    }
}

impl<'h> Reading<'h> {
    fn take(&mut self, name: &str, value: &'h str, now: SystemTime) {
        match name {
            "retry-after-ms" | "x-ms-retry-after-ms" => {
                let wait = value.parse::<f64>().ok().filter(|wait| *wait >= 0.0);
                let wait = wait.and_then(|wait| Duration::try_from_secs_f64(wait / 1_000.0).ok());
                self.limits.wait = wait.or(self.limits.wait);
                self.is_exact |= wait.is_some();
            }
            "retry-after" if !self.is_exact => {
                self.limits.wait = when::until(value, now).or(self.limits.wait);
            }
            "ratelimit" => self.field = value,
            "ratelimit-policy" => self.policy = value,
            // Subscriptions have one allowance for all models.
            "anthropic-ratelimit-unified-status" => {
                self.limits.is_of_account = value.eq_ignore_ascii_case("rejected");
            }
            "anthropic-ratelimit-unified-reset" => self.account_reset = when::until(value, now),
            _ => {
                if let Some(name) = Name::of(name) {
                    self.add(&name, value, now);
                }
            }
        }
    }

    fn add(&mut self, name: &Name<'_>, value: &str, now: SystemTime) {
        let same = |partial: &Partial| {
            partial.counted == name.counted
                && (partial.window.0, partial.window.1.as_str()) == name.window
        };
        let place = self.partials.iter().position(same).unwrap_or(self.partials.len());
        if place == WINDOWS_MAX {
            return;
        }
        if place == self.partials.len() {
            self.partials.push(Partial::new(name));
        }
        let partial = &mut self.partials[place];
        match name.said {
            // -1 is said for what is not known (Azure).
            Said::Limit => partial.limit = count(value),
            Said::Remaining => partial.remaining = count(value),
            Said::Reset => partial.resets_in = when::until(value, now),
        }
    }

    fn finish(mut self) -> Limits {
        for partial in self.partials {
            let Partial { counted, limit, remaining, resets_in, .. } = partial;
            if let Some(remaining) = remaining {
                self.limits.quota.add(counted, Window { limit, remaining, resets_in });
            }
        }
        rate_limit_field::add(self.field, self.policy, &mut self.limits.quota);
        if self.limits.is_of_account {
            self.limits.wait = self.limits.wait.or(self.account_reset);
        }
        self.limits
    }
}

/// A count, which some write with a point.
fn count(value: &str) -> Option<u64> {
    let whole = value.split_once('.').map_or(value, |(whole, _)| whole);
    whole.parse().ok()
}
