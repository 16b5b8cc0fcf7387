//! Active health: what a row of probes says. Sending them is `net`'s work.

use architrave_config as config;

/// The state machine of one endpoint's probes.
///
/// The endpoints that an upstream begins with start healthy: a gateway that has just started must
/// serve at once, and one bad endpoint costs at most `fall` intervals. One that joins others later
/// is left out until its first probe, which decides alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ActiveHealth {
    healthy: bool,
    /// Probes in a row that say the opposite of `healthy`.
    against: u32,
    /// Whether its first probe is still to come, and to be waited for.
    awaited: bool,
}

impl ActiveHealth {
    pub(crate) const fn new() -> Self {
        Self { healthy: true, against: 0, awaited: false }
    }

    /// That of an endpoint of which nothing is known, while others serve.
    pub(crate) const fn awaiting() -> Self {
        Self { healthy: true, against: 0, awaited: true }
    }

    /// Whether its first probe has to be waited for.
    pub(crate) const fn is_awaited(self) -> bool {
        self.awaited
    }

    /// As another process left it.
    pub(crate) const fn recovered(healthy: bool, against: u32, awaited: bool) -> Self {
        Self { healthy, against, awaited }
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
        if self.awaited {
            *self = Self { healthy: passed, ..Self::new() };
            return true;
        }
        if passed == self.healthy {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        let needed = if self.healthy { rules.fall } else { rules.rise };
        let turned = self.against >= needed;
        if turned {
            *self = Self { healthy: passed, ..Self::new() };
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
    fn a_first_probe_that_is_awaited_decides_alone() {
        let rules = config::ActiveHealth {
            check: config::HealthCheck::Tcp,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            rise: 2,
            fall: 3,
        };
        for passed in [true, false] {
            let mut health = ActiveHealth::awaiting();
            assert!(health.report(passed, &rules), "it is news either way");
            assert_eq!((health.is_healthy(), health.is_awaited()), (passed, false));
            assert!(!health.report(!passed, &rules), "and what follows counts as usual");
            assert_eq!(health.is_healthy(), passed);
        }
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
