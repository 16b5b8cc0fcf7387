//! What the operation that applies is told of who calls by subscriptions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Other;
use crate::transfer::difference::Fate;

/// Teams, applications and subscriptions, each with how it was seen to be.
pub(in super::super) fn bodies(
    others: &[Other],
    tags: &BTreeMap<String, String>,
) -> [Vec<Value>; 3] {
    let (mut teams, mut applications, mut subscriptions) = (Vec::new(), Vec::new(), Vec::new());
    for other in others {
        let mut body = match other {
            Other::Team { name, wanted, .. } => json!({
                "name": name,
                "display_name": wanted.display_name,
                "description": wanted.description,
                "budgets": wanted.budgets,
            }),
            Other::Application { name, fate: Fate::Remove, .. } => {
                json!({ "name": name, "gone": true })
            }
            Other::Application { name, wanted, .. } => {
                let keys = wanted.keys.iter().map(|(digest, key)| key.body(digest));
                json!({
                    "name": name,
                    "description": wanted.description,
                    "team": wanted.team,
                    "owner": wanted.owner,
                    "keys": keys.collect::<Vec<_>>(),
                })
            }
            Other::Subscription { of: (application, plan), fate: Fate::Remove, .. } => {
                json!({ "application": application, "plan": plan, "state": "cancelled" })
            }
            Other::Subscription { of: (application, plan), wanted, .. } => json!({
                "application": application,
                "plan": plan,
                "state": wanted.state,
                "reason": wanted.reason,
                "answers": wanted.answers,
                "since": wanted.since,
            }),
        };
        match tags.get(&other.in_words()) {
            Some(tag) => body["if_match"] = tag.clone().into(),
            None => body["if_none_match"] = "*".into(),
        }
        match other {
            Other::Team { .. } => teams.push(body),
            Other::Application { .. } => applications.push(body),
            Other::Subscription { .. } => subscriptions.push(body),
        }
    }
    [teams, applications, subscriptions]
}
