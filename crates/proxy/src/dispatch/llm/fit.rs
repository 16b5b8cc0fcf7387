//! In which order the models are asked that may answer: who cannot do what is asked, or has too
//! small a context for it, stands behind those that it falls back on.

use std::sync::Arc;

use architrave_balance::deployment::{Fitness, Hindrance, PassedOver};
use smallvec::SmallVec;

use super::passed_over;
use crate::exchange::Exchange;
use crate::models::LiveModel;

/// Models in the order in which they are asked.
pub(super) type InOrder<'m> = SmallVec<[&'m Arc<LiveModel>; 4]>;

/// The models that are asked, in order. Those whose contexts are too small by an estimate come
/// last: it is one on the high side. Those that cannot do what is asked are left out while one is
/// there that can; where none can, they are asked all the same, and the provider says what is wrong.
pub(super) fn in_order<'m>(
    exchange: &mut Exchange<'_>,
    models: &'m [Arc<LiveModel>],
    fitness: impl Fn(&LiveModel) -> Fitness,
) -> InOrder<'m> {
    if models.len() < 2 {
        return models.iter().collect();
    }
    let mut each: SmallVec<[(Fitness, &Arc<LiveModel>); 4]> =
        models.iter().map(|model| (fitness(model), model)).collect();
    each.sort_by_key(|(fitness, _)| *fitness);
    if each.first().is_some_and(|(best, _)| *best != Fitness::Unable) {
        each.retain(|(fitness, model)| {
            let is_able = *fitness != Fitness::Unable;
            if !is_able {
                note_unable(exchange, model);
            }
            is_able
        });
    }
    each.into_iter().map(|(_, model)| model).collect()
}

/// Notes that no deployment of a model can do what is asked.
fn note_unable(exchange: &mut Exchange<'_>, model: &LiveModel) {
    let hindrance = Hindrance::Unable;
    let lanes = model.places().map(|(place, _)| PassedOver { place, hindrance });
    passed_over::note(exchange, model, &lanes.collect::<Vec<_>>(), &[]);
}
