//! A team as a gateway file has it: what all of its applications together may use up. Who is in a
//! team is in the database alone.

use architrave_core::name::TeamName;
use serde_json::{Value, json};

use crate::consumer::{BudgetWritten, check_budgets};
use crate::product;
use crate::read::{List, Name, Scope, Text, record};
use crate::{Budget, NoSources, load};

/// Those who own services and applications together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its name.
    pub name: TeamName,
    /// What all of its applications together may use up in a period; all of them hold.
    pub budgets: Vec<Budget>,
}

/// What is wrong with budgets that were written by themselves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct BudgetFault {
    /// Where in the list: a JSON Pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

record! {
    /// Those who own services and applications together. Who is in it is said in the database.
    #[derive(Debug)]
    pub(crate) struct TeamWritten => Team by finish {
        /// Its name.
        "name": Name<TeamName> => name: TeamName,
        /// What all applications of the team together may use up of models in a period, beside what
        /// their plans say; all of them hold.
        "budgets": List<BudgetWritten> = Vec::new() => budgets: Vec<Budget>,
        /// What people call it; the name where it is left out.
        "display_name": Option<Text> = None => display_name: Option<String>,
        /// What it is for.
        "description": Option<Text> = None => description: Option<String>,
    }
    later "members", "limits";
}

impl TeamWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Team> {
        check_budgets(scope, "budgets", &self.budgets);
        product::check_texts(scope);
        let Self { name, budgets, display_name, description } = self;
        // They are for people, who are in the database: `apply` puts them there.
        drop((display_name, description));
        Some(Team { name, budgets })
    }
}

/// Reads budgets as a body of JSON has them, in the words of the file.
///
/// # Errors
/// Everything that is wrong with them, each with its place in the list.
pub fn budgets_of(list: &Value) -> Result<Vec<Budget>, Vec<BudgetFault>> {
    let document = json!({ "version": 1, "teams": [{ "name": "team", "budgets": list }] });
    match load(&document.to_string(), "budgets", &NoSources) {
        Ok(snapshot) => {
            Ok(snapshot.teams.into_iter().flat_map(|team| team.budgets.clone()).collect())
        }
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| BudgetFault {
                pointer: pointer_of(&error.path),
                message: match error.suggestion {
                    Some(suggestion) => {
                        format!("{}, did you mean `{suggestion}`?", error.message)
                    }
                    None => error.message,
                },
            })
            .collect()),
    }
}

/// The place in the list, of a path such as `teams[0].budgets[1].per`.
fn pointer_of(path: &str) -> String {
    let within = path.strip_prefix("teams[0].budgets").unwrap_or_default();
    let parts = within.split(['[', ']', '.']).filter(|part| !part.is_empty());
    parts.fold(String::new(), |mut pointer, part| {
        pointer.push('/');
        pointer.push_str(part);
        pointer
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BudgetAmount, Period};

    #[test]
    fn budgets_by_themselves_are_read_as_in_a_file() {
        let list =
            json!([{ "money": "12.50 USD", "per": "month" }, { "tokens": 5000, "per": "day" }]);
        let read = budgets_of(&list).expect("they are right");
        let amounts: Vec<_> = read.iter().map(|budget| (budget.amount, budget.per)).collect();
        assert_eq!(
            amounts,
            [
                (BudgetAmount::NanoUsd(12_500_000_000), Period::Month),
                (BudgetAmount::Tokens(5_000), Period::Day),
            ]
        );
        assert_eq!(budgets_of(&json!([])), Ok(Vec::new()));
    }

    #[test]
    fn a_faulty_budget_is_pointed_at() {
        let list = json!([{ "tokens": 1, "per": "day" }, { "tokens": 2, "per": "dya" }]);
        let faults = budgets_of(&list).expect_err("there is no such period");
        assert_eq!(faults[0].pointer, "/1/per", "{faults:?}");
        assert!(faults[0].message.contains("`day`"), "{faults:?}");
        let twice = json!([{ "tokens": 1, "per": "day" }, { "tokens": 2, "per": "day" }]);
        assert_eq!(budgets_of(&twice).expect_err("one kind twice")[0].pointer, "/1");
        let asks = json!([{ "money": "${env:HOME}", "per": "day" }]);
        assert!(budgets_of(&asks).is_err(), "nothing of this machine is put in");
    }
}
