//! What the answers of a batch used, counted as somebody fetches them, and each of them once: what
//! the batch itself would come to, nobody knew when it was made.

use std::sync::Arc;

use architrave_llm::batch::{AnswerUsed, BatchResults, ResultForm};
use architrave_llm::chat::Usage;
use architrave_llm::surface::{KeptId, Surface};
use architrave_llm::used::Used;

use super::kept::KeptIds;
use crate::exchange::Exchange;
use crate::worker::Worker;

/// So many models are told apart in one batch; what is beyond them counts as the last.
const MODELS_MAX: usize = 32;
/// Batches are half as dear, at OpenAI as at Anthropic.
const PART_OF_PRICE: u64 = 2;

/// Watches answers of a batch on their way to who had it made.
#[derive(Clone, Debug)]
pub(super) struct BatchWatch {
    results: BatchResults,
    kept: Arc<KeptIds>,
    of: KeptId,
    used: BatchUsed,
}

/// What the answers used that nobody was charged for before, by model.
pub(super) type BatchUsed = Vec<(String, Usage)>;

impl BatchWatch {
    /// A watch of the answers that a surface gives out, where it may.
    pub(super) fn of(surface: Surface, kept: &Arc<KeptIds>, of: KeptId) -> Option<Self> {
        let form = match surface {
            Surface::OpenaiFileContent => ResultForm::Openai,
            Surface::AnthropicBatchResults => ResultForm::Anthropic,
            _ => return None,
        };
        let results = BatchResults::new(form);
        Some(Self { results, kept: Arc::clone(kept), of, used: BatchUsed::new() })
    }

    /// Sees the next bytes.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        let Self { results, kept, of, used } = self;
        results.push(bytes, &mut |line, answer| note(kept, of, used, (line, answer)));
    }

    /// What the answers used; `is_whole`: all of them have come.
    pub(super) fn into_used(mut self, is_whole: bool) -> BatchUsed {
        if is_whole {
            let Self { results, kept, of, used } = &mut self;
            results.end(&mut |line, answer| note(kept, of, used, (line, answer)));
            self.kept.note_charged(&self.of);
        }
        self.used
    }
}

fn note(
    kept: &KeptIds,
    of: &KeptId,
    used: &mut BatchUsed,
    (line, answer): (u64, Option<AnswerUsed>),
) {
    // Who fetches the same twice has paid for it.
    let Some(answer) = answer.filter(|_| kept.charge_line(of, line)) else { return };
    let known = used.iter().position(|(model, _)| *model == answer.model);
    match known.or((used.len() == MODELS_MAX).then_some(MODELS_MAX - 1)) {
        Some(place) => used[place].1.add(&answer.usage),
        None => used.push((answer.model, answer.usage)),
    }
}

/// Notes what the answers that were fetched used and what that costs.
pub(super) fn settle(worker: &Worker, exchange: &mut Exchange<'_>, batch: &BatchUsed) {
    let assembly = exchange.assembly;
    let Some(facts) = &mut exchange.llm else { return };
    let (mut sum, mut cost, mut is_known) = (Usage::default(), 0_u64, false);
    for (model, usage) in batch {
        sum.add(usage);
        let live = worker.model(assembly, &format!("{}/{model}", facts.provider));
        let Some(lane) = live.as_ref().and_then(|live| live.lanes().next()) else { continue };
        worker.gateway().unpriced.tell(lane);
        if let Some(row) = lane.known.priced() {
            let whole = Used::from(*usage).cost_nano_usd(row);
            cost = cost.saturating_add(whole.div_ceil(PART_OF_PRICE));
            is_known = true;
        }
    }
    let most = batch.iter().max_by_key(|(_, usage)| usage.total());
    if let Some((model, _)) = most {
        facts.model.clone_from(model);
        facts.upstream_model.clone_from(model);
        facts.usage = Some(sum);
        facts.cost_nano_usd = cost;
        facts.is_estimated = false;
        facts.is_cost_known = is_known;
    }
}
