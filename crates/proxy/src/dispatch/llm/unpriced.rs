//! Models of which nobody knows what they cost: they count as free, which the operator is told once.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::models::LiveLane;

/// How many models are told of; clients may make up as many names as they like.
const TOLD_MAX: usize = 1_024;

/// The models that were told of. One per process.
#[derive(Debug, Default)]
pub struct UnpricedModels(Mutex<HashSet<String>>);

impl UnpricedModels {
    /// Says in the log that the model of a lane counts as free, unless that was said before. What
    /// the mock says costs nobody anything.
    pub(super) fn tell(&self, lane: &LiveLane) {
        if lane.side.reach.is_none() || lane.known.priced().is_some() || lane.was_told_unpriced() {
            return;
        }
        if self.is_new(lane.name()) {
            tracing::warn!(
                deployment = lane.name(),
                "nobody knows what the model costs: it counts as free, and no budget of money holds \
                 it; `architrave catalog update` takes its price"
            );
        }
    }

    fn is_new(&self, name: String) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < TOLD_MAX && told.insert(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_is_told_of_once_and_no_more_than_so_many() {
        let models = UnpricedModels::default();
        assert!(models.is_new("lab/a".to_owned()));
        assert!(!models.is_new("lab/a".to_owned()));
        let told = (0..2 * TOLD_MAX).filter(|number| models.is_new(format!("lab/{number}")));
        assert_eq!(told.count(), TOLD_MAX - 1);
    }
}
