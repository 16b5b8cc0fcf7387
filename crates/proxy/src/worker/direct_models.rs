//! Models that are asked for as `provider/model`, put together once per worker and assembly.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::assembly::Assembly;
use crate::models::LiveModel;

/// How many are remembered; names come from clients, so there must be an end.
const REMEMBERED_MAX: usize = 512;

/// Models that no file lists.
#[derive(Debug, Default)]
pub(super) struct DirectModels(RefCell<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    generation: u64,
    models: HashMap<Box<str>, Arc<LiveModel>, foldhash::fast::RandomState>,
}

impl DirectModels {
    /// The model of that name, if it has the form and there is such a provider.
    pub(super) fn find(&self, assembly: &Assembly, name: &str) -> Option<Arc<LiveModel>> {
        let mut remembered = self.0.borrow_mut();
        if remembered.generation != assembly.generation {
            remembered.generation = assembly.generation;
            remembered.models.clear();
        }
        if let Some(model) = remembered.models.get(name) {
            return Some(Arc::clone(model));
        }
        let model = assembly.models.direct(name)?;
        if remembered.models.len() >= REMEMBERED_MAX {
            remembered.models.clear();
        }
        remembered.models.insert(name.into(), Arc::clone(&model));
        Some(model)
    }
}
