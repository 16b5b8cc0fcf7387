//! What is to be so, as it is sent.

use architrave_config::SubscriptionState;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::usecase::teams::BudgetOfTeam;

/// What is to be so, all of it or nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Apply {
    /// Teams that are to be there: those that are not are made, without members.
    #[serde(default)]
    pub(super) teams: Vec<WantedTeam>,
    #[serde(default)]
    pub(super) objects: Vec<WantedObject>,
    #[serde(default)]
    pub(super) applications: Vec<WantedApplication>,
    #[serde(default)]
    pub(super) subscriptions: Vec<WantedSubscription>,
    /// Whether what breaks callers is published all the same; needs a `reason`.
    #[serde(default)]
    pub(super) r#override: bool,
    /// Whether subscriptions to plans that go are cancelled; without, such a plan does not go.
    #[serde(default)]
    pub(super) end_subscriptions: bool,
    /// For the audit log and whom it concerns, up to 1,000 characters.
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// What it comes from, such as the name of a file, for the audit log.
    #[serde(default)]
    pub(super) source: Option<String>,
}

/// A team that is to be so; what is left out is as it was.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedTeam {
    pub(super) name: String,
    /// The name, of a team that is made.
    #[serde(default)]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// What all of its applications together may use up; all of them hold.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub(super) budgets: Option<Vec<BudgetOfTeam>>,
    /// Its `ETag` as it was seen; without, it is changed whatever it is.
    #[serde(default)]
    pub(super) if_match: Option<String>,
    /// `*`, where it must not be there yet.
    #[serde(default)]
    #[schema(example = "*")]
    pub(super) if_none_match: Option<String>,
}

/// An object that is to be so, or to be gone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedObject {
    /// Such as `route`.
    pub(super) kind: String,
    pub(super) name: String,
    /// The team that it is to belong to; as it was where it is left out.
    #[serde(default)]
    pub(super) team: Option<String>,
    /// Its configuration, as in the gateway file; `null` for gone.
    #[schema(required, value_type = Option<std::collections::BTreeMap<String, Value>>)]
    pub(super) config: Value,
    /// Its `ETag` as it was seen; without, it is changed whatever it is.
    #[serde(default)]
    pub(super) if_match: Option<String>,
    /// `*`, where it must not be there yet.
    #[serde(default)]
    #[schema(example = "*")]
    pub(super) if_none_match: Option<String>,
}

/// An application that is to be so, or to be gone with its credentials and subscriptions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedApplication {
    pub(super) name: String,
    /// Whether it is to be gone.
    #[serde(default)]
    pub(super) gone: bool,
    #[serde(default)]
    pub(super) description: String,
    /// The team that it belongs to. Whose it is is said when it is made, and not changed.
    #[serde(default)]
    pub(super) team: Option<String>,
    /// The e-mail address of the user that it belongs to, in place of a team.
    #[serde(default)]
    pub(super) owner: Option<String>,
    /// Keys that it is to have, by their digests; those that it has beside them stay.
    #[serde(default)]
    pub(super) keys: Vec<WantedKey>,
    /// Its `ETag` as it was seen; without, it is changed whatever it is.
    #[serde(default)]
    pub(super) if_match: Option<String>,
    /// `*`, where it must not be there yet.
    #[serde(default)]
    #[schema(example = "*")]
    pub(super) if_none_match: Option<String>,
}

/// A key of which the digest alone is known. One that has ended is not brought back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedKey {
    /// Its SHA-256 digest, in hexadecimal.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub(super) sha256: String,
    /// As it is called where it is left out, and `key` of one that is not there yet.
    #[serde(default)]
    pub(super) name: Option<String>,
    /// What it begins with.
    #[serde(default)]
    pub(super) prefix: String,
    /// Its last four characters.
    #[serde(default)]
    pub(super) last4: String,
    /// RFC 3339; where it is left out, it does not end by itself. The end of a key that is there comes
    /// nearer by this and never farther.
    #[serde(default)]
    pub(super) expires_at: Option<String>,
}

/// A subscription that is to be so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedSubscription {
    pub(super) application: String,
    pub(super) plan: String,
    /// `pending`, `active` or `suspended`; `cancelled` ends it, where there is one.
    #[schema(example = "active")]
    pub(super) state: String,
    /// Why it is in that state, which one that is suspended must say; `reason` of all where it is left
    /// out.
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// Answers to the plan's questions, by the name of each; as they were where they are left out.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    pub(super) answers: Option<serde_json::Map<String, Value>>,
    /// When it began, where that was before and elsewhere (RFC 3339): a deprecated service goes on for
    /// those who were subscribed before.
    #[serde(default)]
    pub(super) since: Option<String>,
    /// Its `ETag` as it was seen; without, it is changed whatever it is.
    #[serde(default)]
    pub(super) if_match: Option<String>,
    /// `*`, where there must be none yet that is not over.
    #[serde(default)]
    #[schema(example = "*")]
    pub(super) if_none_match: Option<String>,
}

impl WantedSubscription {
    pub(super) fn is_over(&self) -> bool {
        SubscriptionState::of(&self.state).is_some_and(SubscriptionState::is_over)
    }
}
