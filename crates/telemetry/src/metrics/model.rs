//! What is counted of a model at a provider: answers, how long they took, tokens and money. Names
//! and labels are those of OpenTelemetry's conventions for generative AI, where it has some.

use std::time::Duration;

use architrave_core::metric::Metric;

use super::by_label::ByLabel;
use crate::sample::SampleSink;
use crate::tally::{EXCHANGE_BOUNDS, Histogram, HistogramTotal, Shards, TOKEN_BOUNDS, Tally};

/// The label of models that are asked for as `provider/model`: their names are the clients'.
pub const DIRECT: &str = "(direct)";

/// The classes of tokens, in the order in which they are counted; `llm`'s are these.
pub const TOKEN_CLASSES: [&str; 10] = [
    "input",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "input_audio",
    "input_image",
    "output",
    "reasoning",
    "output_audio",
    "output_image",
];

/// Of what fields are left out where the other dialect cannot say them, in that order.
const DROPPED_OF: [&str; 2] = ["request", "reply"];

/// How many of the classes are of the prompt.
const INPUT_CLASSES: usize = 6;

/// What names the counters of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelLabels {
    /// What is asked: `chat`, `embeddings`, ….
    pub operation: &'static str,
    /// The provider's name.
    pub provider: String,
    /// The model's name as clients ask for it, or [`DIRECT`].
    pub model: String,
}

/// The counters of one model at one provider.
#[derive(Debug)]
pub struct ModelMetrics {
    labels: ModelLabels,
    blocks: Shards<Block>,
    /// Attempts that failed, by why.
    failures: ByLabel<Tally>,
}

/// An answer of a model.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelAnswer {
    /// From the request sent to the end of the answer.
    pub duration: Duration,
    /// From the request sent to the first token, of a stream.
    pub first_token: Option<Duration>,
    /// Tokens by class, in the order of [`TOKEN_CLASSES`].
    pub tokens: [u64; TOKEN_CLASSES.len()],
    /// What it cost.
    pub cost_nano_usd: u64,
    /// Whether its price is known.
    pub is_priced: bool,
    /// Whether it was cut short.
    pub is_failed: bool,
    /// Fields of the request and of the answer that were left out.
    pub dropped: [u64; DROPPED_OF.len()],
}

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block {
    duration: Histogram,
    first_token: Histogram,
    input: Histogram,
    output: Histogram,
    tokens: [Tally; TOKEN_CLASSES.len()],
    cost_nano_usd: Tally,
    unpriced: Tally,
    failed: Tally,
    dropped: [Tally; DROPPED_OF.len()],
}

impl ModelMetrics {
    pub(crate) fn new(labels: ModelLabels, workers: usize) -> Self {
        Self { labels, blocks: Shards::new(workers), failures: ByLabel::new(workers) }
    }

    /// The model's name as clients ask for it, or [`DIRECT`].
    #[must_use]
    pub fn model(&self) -> &str {
        &self.labels.model
    }

    /// Counts an attempt that failed. `why` is one of few words.
    pub fn attempt_failed(&self, worker: usize, why: &'static str) {
        self.failures.of(worker, why).add(1);
    }

    /// Counts an answer.
    pub fn record(&self, worker: usize, answer: &ModelAnswer) {
        let block = self.blocks.of(worker);
        block.duration.observe(&EXCHANGE_BOUNDS, answer.duration);
        if let Some(first) = answer.first_token {
            block.first_token.observe(&EXCHANGE_BOUNDS, first);
        }
        let (input, output) = answer.tokens.split_at(INPUT_CLASSES);
        block.input.observe(&TOKEN_BOUNDS, as_seconds(input));
        block.output.observe(&TOKEN_BOUNDS, as_seconds(output));
        for (tally, count) in block.tokens.iter().zip(answer.tokens) {
            if count > 0 {
                tally.add(count);
            }
        }
        block.cost_nano_usd.add(answer.cost_nano_usd);
        block.unpriced.add(u64::from(!answer.is_priced));
        block.failed.add(u64::from(answer.is_failed));
        for (tally, count) in block.dropped.iter().zip(answer.dropped) {
            if count > 0 {
                tally.add(count);
            }
        }
    }

    pub(crate) fn sample(&self, sink: &mut SampleSink) {
        let ModelLabels { operation, provider, model } = &self.labels;
        let labels = &[operation, provider.as_str(), model.as_str()];
        for (why, tally) in self.failures.hit() {
            let labels = &[operation, provider.as_str(), model.as_str(), why];
            sink.count(Metric::LlmAttemptFailures, labels, tally.sum(|tally| tally));
        }
        if self.blocks.is_hit() {
            self.sample_answers(labels, sink);
        }
    }

    fn sample_answers(&self, labels: &[&str; 3], sink: &mut SampleSink) {
        let total = |of: fn(&Block) -> &Histogram| HistogramTotal::of(self.blocks.hit().map(of));
        let duration = total(|block| &block.duration);
        sink.histogram(Metric::GenAiDuration, labels, &EXCHANGE_BOUNDS, &duration);
        let first = total(|block| &block.first_token);
        sink.histogram(Metric::GenAiFirstToken, labels, &EXCHANGE_BOUNDS, &first);
        let usage = [("input", total(|block| &block.input)), ("output", total(|it| &it.output))];
        for (kind, total) in &usage {
            let [operation, provider, model] = *labels;
            let labels = &[operation, provider, model, *kind];
            sink.histogram(Metric::GenAiTokenUsage, labels, &TOKEN_BOUNDS, total);
        }
        for (place, class) in TOKEN_CLASSES.iter().enumerate() {
            let count = self.blocks.sum(|block| &block.tokens[place]);
            if count > 0 {
                let [operation, provider, model] = *labels;
                sink.count(Metric::LlmTokens, &[operation, provider, model, class], count);
            }
        }
        for (place, of) in DROPPED_OF.iter().enumerate() {
            let count = self.blocks.sum(|block| &block.dropped[place]);
            if count > 0 {
                let [operation, provider, model] = *labels;
                sink.count(Metric::LlmDropped, &[operation, provider, model, of], count);
            }
        }
        sink.count(Metric::LlmCost, labels, self.blocks.sum(|block| &block.cost_nano_usd));
        sink.count(Metric::LlmUnpriced, labels, self.blocks.sum(|block| &block.unpriced));
        sink.count(Metric::LlmBroken, labels, self.blocks.sum(|block| &block.failed));
    }
}

/// Tokens where a histogram takes a time: a token is a second there, so that sums come out right.
fn as_seconds(tokens: &[u64]) -> Duration {
    // Past this, a sum of seconds in nanoseconds would run over within one observation.
    const TOKENS_MAX: u64 = 1 << 30;
    Duration::from_secs(
        tokens.iter().fold(0, |sum: u64, count| sum.saturating_add(*count)).min(TOKENS_MAX),
    )
}
