//! Who calls by subscriptions, and the teams that it all belongs to, as a command sees them: of a
//! database, of a gateway that is asked, of a file.
//!
//! Keys are known by their digests alone. One that the gateway has made is 160 random bits, of which
//! a digest tells nobody anything; one that somebody has thought of can be guessed from it.

mod body;
mod difference;
mod file;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use architrave_telemetry::stamp::rfc3339;
use serde_json::{Map, Value, json};

pub(super) use body::bodies;
pub(super) use difference::{Other, between, left_alone};

/// What keys begin with that the gateway has made.
const MADE_HERE: &str = "arc_key_";

/// Who calls by subscriptions; a part of which nothing is said is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub(super) teams: Option<BTreeMap<String, Team>>,
    pub(super) applications: Option<BTreeMap<String, Application>>,
    /// By application and plan.
    pub(super) subscriptions: Option<BTreeMap<(String, String), Subscription>>,
    /// The `ETag` of each that is there, by what it is called in words.
    pub(super) tags: BTreeMap<String, String>,
    /// Digests of keys that have ended there: none of them is let in again.
    pub(super) ended: BTreeSet<String>,
}

/// A team, but for who is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Team {
    pub(super) display_name: String,
    pub(super) description: String,
    /// A list, in the words of the file.
    pub(super) budgets: Value,
}

/// An application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) description: String,
    pub(super) team: Option<String>,
    /// An e-mail address.
    pub(super) owner: Option<String>,
    /// By digest; of a gateway that is asked, those alone that it was asked for.
    pub(super) keys: BTreeMap<String, Key>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// `None` where it is not said.
    pub(super) name: Option<String>,
    pub(super) prefix: String,
    pub(super) last4: String,
    /// In microseconds UTC.
    pub(super) expires_at: Option<i64>,
}

/// A subscription that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) state: String,
    /// Why it is in that state, where that is said.
    pub(super) reason: Option<String>,
    /// `None` where they are not said.
    pub(super) answers: Option<Map<String, Value>>,
    /// When it began, in RFC 3339.
    pub(super) since: Option<String>,
}

impl People {
    /// Whether nothing is said of anybody.
    pub(super) fn says_nothing(&self) -> bool {
        self.teams.is_none() && self.applications.is_none() && self.subscriptions.is_none()
    }

    /// The teams that applications belong to.
    pub(super) fn teams(&self) -> BTreeSet<&str> {
        let applications = self.applications.iter().flat_map(BTreeMap::values);
        applications.filter_map(|application| application.team.as_deref()).collect()
    }

    /// The digests of all keys.
    pub(super) fn digests(&self) -> Vec<&str> {
        let applications = self.applications.iter().flat_map(BTreeMap::values);
        applications.flat_map(|application| application.keys.keys().map(String::as_str)).collect()
    }
}

impl Key {
    fn body(&self, digest: &str) -> Value {
        let mut body = json!({ "sha256": digest });
        if let Some(name) = &self.name {
            body["name"] = name.clone().into();
        }
        body["prefix"] = self.prefix.clone().into();
        body["last4"] = self.last4.clone().into();
        if let Some(end) = self.expires_at {
            body["expires_at"] = time(end).into();
        }
        body
    }

    /// What people call it.
    fn called(&self) -> &str {
        self.name.as_deref().unwrap_or("key")
    }
}

/// What a team is called in words.
pub(super) fn team_in_words(name: &str) -> String {
    format!("team {name}")
}

/// What an application is called in words.
pub(super) fn application_in_words(name: &str) -> String {
    format!("application {name}")
}

/// What a subscription is called in words.
pub(super) fn subscription_in_words(application: &str, plan: &str) -> String {
    format!("subscription {application} to {plan}")
}

fn is_living(state: &str) -> bool {
    matches!(state, "pending" | "active" | "suspended")
}

fn time(micros: i64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
