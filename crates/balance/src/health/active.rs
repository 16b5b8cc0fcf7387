//! Active health: what a row of probes says. Sending them is `net`'s work.

use architrave_config as config;

/// The state machine of one endpoint's probes.
///
/// An endpoint starts healthy, also when it joins through a reload or by DNS: a gateway that has
/// just started must serve at once, and one bad endpoint costs at most `fall` intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActiveHealth {
    healthy: bool,
    /// Probes in a row that say the opposite of `healthy`.
    against: u32,
}

impl ActiveHealth {
    pub(crate) const fn new() -> Self {
        Self { healthy: true, against: 0 }
    }

    /// As another process left it.
    pub(crate) const fn recovered(healthy: bool, against: u32) -> Self {
        Self { healthy, against }
    }

    /// Probes in a row that say the opposite of what it is.
    pub(crate) const fn against(self) -> u32 {
        self.against
    }

    pub(crate) const fn is_healthy(self) -> bool {
        self.healthy
    }

    /// Takes in one probe; says whether it turned the endpoint over.
    pub(crate) fn report(&mut self, passed: bool, rules: &config::ActiveHealth) -> bool {
        if passed == self.healthy {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        let needed = if self.healthy { rules.fall } else { rules.rise };
        let turned = self.against >= needed;
        if turned {
            *self = Self { healthy: passed, against: 0 };
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Probes as `+` (passed) and `-` (failed); health after each as `H` and `u`.
    fn check(rise: u32, fall: u32, probes: &str, expected: &str) {
        let rules = config::ActiveHealth {
            check: config::HealthCheck::Tcp,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            rise,
            fall,
        };
        let mut health = ActiveHealth::new();
        let seen: String = probes
            .chars()
            .map(|probe| {
                let before = health.is_healthy();
                let turned = health.report(probe == '+', &rules);
                assert_eq!(turned, before != health.is_healthy(), "{probes}");
                if health.is_healthy() { 'H' } else { 'u' }
            })
            .collect();
        assert_eq!(seen, expected, "rise {rise}, fall {fall}, {probes}");
    }

    #[test]
    fn it_starts_healthy_and_falls_after_fall_failures_in_a_row() {
        check(2, 3, "+++", "HHH");
        check(2, 3, "---", "HHu");
        check(2, 1, "-", "u");
    }

    #[test]
    fn it_rises_after_rise_passes_in_a_row() {
        check(2, 3, "---++", "HHuuH");
        check(1, 1, "-+-+", "uHuH");
    }

    #[test]
    fn one_probe_the_other_way_starts_the_row_anew() {
        check(2, 3, "--+--+", "HHHHHH");
        check(2, 3, "---+-+-++", "HHuuuuuuH");
    }
}
