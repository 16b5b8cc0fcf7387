//! That another model is asked in place of the one asked for: noted, and counted when it is first
//! tried.

use std::sync::Arc;

use architrave_balance::deployment::Tried;

use crate::exchange::Exchange;
use crate::models::LiveModel;
use crate::worker::Worker;

/// Notes it where `model`, one of those that may answer, is not the first of them. `tried` is whom
/// of it was asked before: a request counts once.
pub(super) fn note(
    worker: &Worker,
    exchange: &mut Exchange<'_>,
    models: &[Arc<LiveModel>],
    model: &Arc<LiveModel>,
    tried: &[Tried],
) {
    let Some(asked) = models.first() else { return };
    let is_fallback = !Arc::ptr_eq(asked, model);
    if let Some(facts) = &mut exchange.llm {
        facts.is_fallback = is_fallback;
    }
    if is_fallback && tried.is_empty() {
        asked.fell_back(worker.index(), model);
    }
}
