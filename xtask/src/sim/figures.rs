//! What came out of the runs of one algorithm in one scenario. Only arithmetic.

use std::time::Duration;

/// Everything that is counted, over all seeds.
#[derive(Default)]
pub(super) struct Figures {
    answers: Vec<Duration>,
    failed: u64,
    refused: u64,
    /// Requests per server in the run under way.
    picks: Vec<u64>,
    /// Of every look at the servers: the fullest over the mean, and the coefficient of variation.
    looks: Vec<(f64, f64)>,
    /// Of every run: what the odd server got, as a multiple of a fair share.
    odd_shares: Vec<f64>,
}

/// What is shown of them.
pub(super) struct Summary {
    pub(super) mean: Duration,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// Requests that failed or were refused, in percent.
    pub(super) lost_percent: f64,
    /// Requests in flight at the fullest server over the mean, on average over time.
    pub(super) max_over_mean: f64,
    /// The coefficient of variation of requests in flight, on average over time.
    pub(super) variation: f64,
    /// Requests at the odd server as a multiple of a fair share.
    pub(super) odd_share: Option<f64>,
}

impl Figures {
    pub(super) fn begin_run(&mut self, servers: usize) {
        self.picks = vec![0; servers];
    }

    pub(super) fn end_run(&mut self, odd_one: Option<u16>) {
        if let Some(odd_one) = odd_one {
            let fair = self.picks.iter().sum::<u64>() as f64 / self.picks.len() as f64;
            self.odd_shares.push(self.picks[usize::from(odd_one)] as f64 / fair);
        }
    }

    pub(super) fn picked(&mut self, server: u16) {
        self.picks[usize::from(server)] += 1;
    }

    pub(super) fn answered(&mut self, took: Duration) {
        self.answers.push(took);
    }

    pub(super) fn failed(&mut self) {
        self.failed += 1;
    }

    pub(super) fn refused(&mut self) {
        self.refused += 1;
    }

    pub(super) fn saw_load(&mut self, in_flight: impl Iterator<Item = u32>) {
        let loads: Vec<f64> = in_flight.map(f64::from).collect();
        let mean = average(&loads);
        if mean == 0.0 {
            return;
        }
        let max = loads.iter().copied().fold(0.0, f64::max);
        let squares: Vec<f64> = loads.iter().map(|load| (load - mean).powi(2)).collect();
        self.looks.push((max / mean, average(&squares).sqrt() / mean));
    }

    pub(super) fn summary(&self) -> Summary {
        let mut answers = self.answers.clone();
        answers.sort_unstable();
        let lost = (self.failed + self.refused) as f64;
        let seconds: Vec<f64> = answers.iter().map(Duration::as_secs_f64).collect();
        Summary {
            mean: Duration::from_secs_f64(average(&seconds)),
            p50: percentile(&answers, 50),
            p99: percentile(&answers, 99),
            lost_percent: 100.0 * lost / (answers.len() as f64 + lost).max(1.0),
            max_over_mean: average(&column(&self.looks, |look| look.0)),
            variation: average(&column(&self.looks, |look| look.1)),
            odd_share: (!self.odd_shares.is_empty()).then(|| average(&self.odd_shares)),
        }
    }
}

fn column(rows: &[(f64, f64)], pick: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
    rows.iter().map(pick).collect()
}

fn average(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

/// The smallest value that `percent` of `sorted` do not exceed; zero when there is none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_answers() {
        let answers: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&answers, 50), Duration::from_millis(100));
        assert_eq!(percentile(&answers, 99), Duration::from_millis(198));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn the_spread_of_an_even_load_is_one_and_nothing() {
        let mut figures = Figures::default();
        figures.saw_load([3, 3, 3].into_iter());
        let summary = figures.summary();
        assert!((summary.max_over_mean - 1.0).abs() < 1e-9);
        assert!(summary.variation.abs() < 1e-9);
        figures.saw_load([0, 0, 0].into_iter());
        assert!((figures.summary().max_over_mean - 1.0).abs() < 1e-9, "an idle look says nothing");
    }

    #[test]
    fn the_odd_server_is_compared_with_a_fair_share() {
        let mut figures = Figures::default();
        figures.begin_run(2);
        for server in [0, 1, 1, 1] {
            figures.picked(server);
        }
        figures.end_run(Some(0));
        assert_eq!(figures.summary().odd_share, Some(0.5));
    }
}
