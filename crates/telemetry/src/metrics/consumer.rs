//! What is counted of a consumer: the tokens and the money that its requests to models used.

use architrave_core::metric::Metric;

use super::by_label::ByLabel;
use super::model::TOKEN_CLASSES;
use crate::sample::SampleSink;
use crate::tally::Tally;

/// The counters of one consumer, by the model that served it.
#[derive(Debug)]
pub struct ConsumerMetrics(ByLabel<Block>);

#[derive(Debug, Default)]
#[repr(align(64))]
struct Block {
    tokens: [Tally; TOKEN_CLASSES.len()],
    cost_nano_usd: Tally,
}

impl ConsumerMetrics {
    pub(crate) fn new(workers: usize) -> Self {
        Self(ByLabel::new(workers))
    }

    /// Counts what an answer used. `model` is a label of the model's own counters; `tokens` are by
    /// class, in the order of [`TOKEN_CLASSES`].
    pub fn used(
        &self,
        worker: usize,
        model: &str,
        tokens: &[u64; TOKEN_CLASSES.len()],
        cost_nano_usd: u64,
    ) {
        let block = self.0.of(worker, model);
        for (tally, count) in block.tokens.iter().zip(tokens) {
            if *count > 0 {
                tally.add(*count);
            }
        }
        block.cost_nano_usd.add(cost_nano_usd);
    }

    pub(crate) fn sample(&self, consumer: &str, sink: &mut SampleSink) {
        for (model, blocks) in self.0.hit() {
            for (place, class) in TOKEN_CLASSES.iter().enumerate() {
                let count = blocks.sum(|block| &block.tokens[place]);
                if count > 0 {
                    sink.count(Metric::LlmConsumerTokens, &[consumer, model, class], count);
                }
            }
            let cost = blocks.sum(|block| &block.cost_nano_usd);
            sink.count(Metric::LlmConsumerCost, &[consumer, model], cost);
        }
    }
}
