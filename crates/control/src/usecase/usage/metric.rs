//! What can be asked for as one number.

use architrave_core::usage::{Amount, Span};
use serde_json::Value;

use super::Figure;
use super::asked::refuse;
use crate::call::Call;
use crate::error::ApiError;

/// The quantiles that there are.
const PERCENTS: [u8; 4] = [50, 90, 95, 99];

/// One number of what was added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// An amount.
    Amount(Amount),
    /// Tokens of all classes.
    Tokens,
    /// How many percent of the requests were errors.
    ErrorPercent,
    /// How long something took on average.
    Mean(Span),
    /// How long something took that so many percent did not exceed.
    Quantile(Span, u8),
}

/// Every word for a metric.
pub(crate) fn metric_words() -> Vec<String> {
    all().into_iter().map(Metric::word).collect()
}

fn all() -> Vec<Metric> {
    let mut all: Vec<_> = Amount::ALL.iter().copied().map(Metric::Amount).collect();
    all.extend([Metric::Tokens, Metric::ErrorPercent]);
    for span in Span::ALL {
        all.push(Metric::Mean(*span));
        all.extend(PERCENTS.map(|percent| Metric::Quantile(*span, percent)));
    }
    all
}

impl Metric {
    /// The metric that a call asks for; requests where it does not say.
    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let Some(asked) = call.query.get("metric") else {
            return Ok(Self::Amount(Amount::Requests));
        };
        let found = all().into_iter().find(|metric| metric.word() == asked);
        found.ok_or_else(|| {
            refuse("metric", format!("metric is one of {}", metric_words().join(", ")))
        })
    }

    pub(crate) fn word(self) -> String {
        match self {
            Self::Amount(amount) => amount.as_str().to_owned(),
            Self::Tokens => "tokens".to_owned(),
            Self::ErrorPercent => "error_percent".to_owned(),
            Self::Mean(span) => format!("{}_mean", span.as_str()),
            Self::Quantile(span, percent) => format!("{}_p{percent}", span.as_str()),
        }
    }

    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Amount(Amount::BytesIn | Amount::BytesOut) => "bytes",
            Self::Amount(Amount::CostNanoUsd) => "nano_usd",
            Self::Amount(Amount::LatencyUs | Amount::FirstTokenUs) => "us",
            Self::Amount(_) | Self::Tokens => "count",
            Self::ErrorPercent => "percent",
            Self::Mean(_) | Self::Quantile(..) => "us",
        }
    }

    /// The amounts that it is made of.
    pub(super) fn amounts(self) -> Vec<Amount> {
        match self {
            Self::Amount(amount) => vec![amount],
            Self::Tokens => Amount::TOKENS.to_vec(),
            Self::ErrorPercent => vec![Amount::Requests, Amount::Errors],
            Self::Mean(Span::Latency) => vec![Amount::Requests, Amount::LatencyUs],
            Self::Mean(Span::FirstToken) => vec![Amount::FirstTokens, Amount::FirstTokenUs],
            // Of these the sketches tell; a cell has one where it has requests.
            Self::Quantile(..) => vec![Amount::Requests],
        }
    }

    /// The sketches that it needs.
    pub(super) fn spans(self) -> &'static [Span] {
        match self {
            Self::Quantile(Span::Latency, _) => &[Span::Latency],
            Self::Quantile(Span::FirstToken, _) => &[Span::FirstToken],
            _ => &[],
        }
    }

    /// The number; what was added up is 0 where nothing was, what is measured is `null`.
    pub(super) fn value(self, figure: Option<&Figure>) -> Value {
        match self {
            Self::Amount(amount) => figure.map_or(0, |figure| figure.sums[amount as usize]).into(),
            Self::Tokens => figure.map_or(0, Figure::tokens).into(),
            Self::ErrorPercent => figure.and_then(error_percent).into(),
            Self::Mean(span) => figure.and_then(|figure| figure.mean(span)).into(),
            Self::Quantile(span, percent) => {
                figure.and_then(|figure| figure.quantile(span, percent)).into()
            }
        }
    }

    /// By what names are ordered.
    pub(super) fn rank(self, figure: &Figure) -> f64 {
        self.value(Some(figure)).as_f64().unwrap_or(-1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn error_percent(figure: &Figure) -> Option<f64> {
    let [requests, errors] =
        [Amount::Requests, Amount::Errors].map(|one| figure.sums[one as usize]);
    (requests > 0).then(|| (errors as f64 * 10_000.0 / requests as f64).round() / 100.0)
}
