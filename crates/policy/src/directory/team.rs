//! What teams may use up: all of a team's applications together, whatever their plans say. It changes
//! without the applications being written anew.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use architrave_config::Budget;

use super::Source;

/// Budgets; the same object as long as nobody changes them.
pub(super) type TeamBudgets = Arc<Vec<Budget>>;

/// A team that has applications, or budgets.
#[derive(Debug, Default)]
pub(super) struct LiveTeam {
    budgets: ArcSwap<Vec<Budget>>,
}

impl LiveTeam {
    /// What it may use up now.
    pub(super) fn budgets(&self) -> TeamBudgets {
        self.budgets.load_full()
    }

    /// Whether these are what it may use up now.
    pub(super) fn has(&self, budgets: &TeamBudgets) -> bool {
        Arc::ptr_eq(&self.budgets.load(), budgets)
    }
}

/// Every team that somebody says something of.
#[derive(Debug, Default)]
pub(super) struct Teams {
    live: HashMap<Arc<str>, Arc<LiveTeam>>,
    of_file: HashMap<Arc<str>, Vec<Budget>>,
    of_store: HashMap<Arc<str>, Vec<Budget>>,
}

impl Teams {
    /// The team of that name.
    pub(super) fn team(&mut self, name: &Arc<str>) -> Arc<LiveTeam> {
        if let Some(known) = self.live.get(name) {
            return Arc::clone(known);
        }
        let team = Arc::new(LiveTeam::default());
        if let Some(budgets) = self.said_of(name) {
            team.budgets.store(Arc::new(budgets.clone()));
        }
        self.live.insert(Arc::clone(name), Arc::clone(&team));
        team
    }

    /// The team of that name, if anybody says something of it.
    pub(super) fn known(&self, name: &str) -> Option<Arc<LiveTeam>> {
        self.live.get(name).map(Arc::clone)
    }

    /// All that a source says; what it does not say any more is gone. What a file says goes before.
    pub(super) fn replace(&mut self, source: Source, said: HashMap<Arc<str>, Vec<Budget>>) {
        match source {
            Source::File => self.of_file = said,
            Source::Store => self.of_store = said,
        }
        let names: Vec<_> = self.of_file.keys().chain(self.of_store.keys()).cloned().collect();
        for name in &names {
            let _made = self.team(name);
        }
        for (name, team) in &self.live {
            let now = self.said_of(name).map_or(&[][..], Vec::as_slice);
            if **team.budgets.load() != *now {
                team.budgets.store(Arc::new(now.to_vec()));
            }
        }
        self.live.retain(|_, team| Arc::strong_count(team) > 1 || !team.budgets.load().is_empty());
    }

    fn said_of(&self, name: &str) -> Option<&Vec<Budget>> {
        self.of_file.get(name).or_else(|| self.of_store.get(name))
    }
}
