//! That another model is asked in place of the one asked for: counted when it is first tried.

use std::sync::Arc;

use architrave_balance::deployment::Tried;

use crate::models::LiveModel;
use crate::worker::Worker;

/// Counts it where `model`, one of those that may answer, is not the first of them. `tried` is whom
/// of it was asked before: a request counts once.
pub(super) fn note(
    worker: &Worker,
    models: &[Arc<LiveModel>],
    model: &Arc<LiveModel>,
    tried: &[Tried],
) {
    if let [asked, ..] = models
        && tried.is_empty()
        && !Arc::ptr_eq(asked, model)
    {
        asked.fell_back(worker.index(), model);
    }
}
