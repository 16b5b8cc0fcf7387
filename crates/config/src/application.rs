//! Applications and their subscriptions, as a gateway file has them. In a database they are rows of
//! their own and no objects: there are very many, and one changes without the rest.

use std::time::SystemTime;

use architrave_core::Secret;
use architrave_core::name::{ApplicationName, TeamName};

use crate::consumer::ApiKey;
use crate::product;
use crate::read::{
    AnyText, List, Name, Pairs, Reader, Ref, Scope, Shape, Text, Time, Written, choice, record,
    scalar, words,
};
use crate::snapshot::{ApplicationIndex, PlanIndex};
use crate::tree::Node;

/// Who calls by a subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its name; no consumer has the same.
    pub name: ApplicationName,
    /// What it is for.
    pub description: Option<String>,
    /// The team that it belongs to.
    pub team: Option<TeamName>,
    /// The e-mail address of the user that it belongs to, where it is no team's.
    pub owner: Option<String>,
    /// The API keys that it may show; any of them.
    pub api_keys: Vec<Secret>,
    /// And those of which the digest alone is known.
    pub key_hashes: Vec<KeyHash>,
}

/// An application's leave to use a product by a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose it is.
    pub application: ApplicationIndex,
    /// On which terms.
    pub plan: PlanIndex,
    /// How far it is.
    pub state: SubscriptionState,
    /// What was answered to the plan's questions, by their names.
    pub answers: Vec<(String, String)>,
    /// When it began; without it, before whatever it is asked for.
    pub since: Option<SystemTime>,
    /// Why it is where it is.
    pub reason: Option<String>,
}

words! {
    /// The states of a subscription.
    pub enum SubscriptionState {
        /// It waits for approval.
        Pending = "pending",
        /// The application may call. The default.
        Active = "active",
        /// It was not approved.
        Rejected = "rejected",
        /// The application may not call for now.
        Suspended = "suspended",
        /// It is over.
        Cancelled = "cancelled",
    }
}

impl SubscriptionState {
    /// Every state, in the order of a subscription's life.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Active, Self::Rejected, Self::Suspended, Self::Cancelled];

    /// The state of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more becomes of it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Rejected | Self::Cancelled)
    }
}

record! {
    /// Who calls by a subscription.
    #[derive(Debug)]
    pub(crate) struct ApplicationWritten => Application by finish {
        /// Its name; no consumer may have the same.
        "name": Name<ApplicationName> => name: ApplicationName,
        /// What it is for.
        "description": Option<Text> = None => description: Option<String>,
        /// The team that it belongs to.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
        /// The e-mail address of the user that it belongs to, in place of a team: who has signed in
        /// by that sees it as their own.
        "owner": Option<Text> = None => owner: Option<String>,
        /// What proves who it is; any of them. With a plan of `jwt` it needs none.
        "credentials": List<ApplicationKey> = Vec::new() => credentials: Vec<ApplicationKey>,
    }
}

impl ApplicationWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Application> {
        product::check_texts(scope);
        if scope.has("team") && scope.has("owner") {
            scope.refuse_at("owner", "takes either `team` or `owner`");
        }
        let Self { name, description, team, owner, credentials } = self;
        let (mut api_keys, mut key_hashes) = (Vec::new(), Vec::new());
        for credential in credentials {
            match credential {
                ApplicationKey::Key(key) => api_keys.push(key),
                ApplicationKey::Hash(hash) => key_hashes.push(hash),
            }
        }
        Some(Application { name, description, team, owner, api_keys, key_hashes })
    }
}

/// What an application presents.
#[derive(Debug)]
pub(crate) enum ApplicationKey {
    Key(Secret),
    Hash(KeyHash),
}

choice! {
    /// What an application presents.
    ApplicationKey {
        /// An API key.
        "api_key": ApiKey => ApplicationKey::Key,
        /// An API key of which the digest alone is known, as it stands in a database.
        "api_key_hash": KeyHash => ApplicationKey::Hash,
    }
}

record! {
    /// An API key of which the digest alone is known. It lets in who has the key, and tells nobody
    /// what it is.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct KeyHash {
        /// The SHA-256 digest of the key, as 64 hexadecimal digits.
        "sha256": Sha256 => pub digest: [u8; 32],
        /// What it is called.
        "name": Text = "key".to_owned() => pub name: String,
        /// What it begins with.
        "prefix": AnyText = String::new() => pub prefix: String,
        /// Its last four characters.
        "last4": AnyText = String::new() => pub last4: String,
        /// When it ends by itself.
        "expires_at": Option<Time> = None => pub expires_at: Option<SystemTime>,
    }
}

/// A digest, in hexadecimal.
struct Sha256;

impl Written for Sha256 {
    type Value = [u8; 32];

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<[u8; 32]> {
        scalar(node, reader, "a SHA-256 digest of 64 hexadecimal digits", digest_of_hex)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "digest", pattern: Some("^[0-9a-fA-F]{64}$") }
    }
}

/// A SHA-256 digest that is written as 64 hexadecimal digits.
#[must_use]
pub fn digest_of_hex(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

record! {
    /// An application's leave to use a product by a plan.
    #[derive(Clone, Debug)]
    pub(crate) struct SubscriptionWritten => Subscription by finish {
        /// Whose it is.
        "application": Ref<ApplicationIndex> => application: ApplicationIndex,
        /// On which terms.
        "plan": Ref<PlanIndex> => plan: PlanIndex,
        /// How far it is.
        "state": SubscriptionState = SubscriptionState::Active => state: SubscriptionState,
        /// What was answered to the plan's questions, by their names.
        "answers": Pairs<Text, AnyText> = Vec::new() => answers: Vec<(String, String)>,
        /// When it began: a deprecated service takes those alone who were subscribed before. Without
        /// it, it was there always.
        "since": Option<Time> = None => since: Option<SystemTime>,
        /// Why it is where it is. To suspend one by `apply`, it must be said here or by `--reason`.
        "reason": Option<Text> = None => reason: Option<String>,
    }
}

impl SubscriptionWritten {
    fn finish(self, _scope: &mut Scope<'_, '_, '_>) -> Option<Subscription> {
        let Self { application, plan, state, answers, since, reason } = self;
        Some(Subscription { application, plan, state, answers, since, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::digest_of_hex;

    #[test]
    fn a_digest_is_whole_or_none() {
        assert_eq!(digest_of_hex(&"0a".repeat(32)), Some([10; 32]));
        for wrong in
            ["", "0a", &"0g".repeat(32), &"0a".repeat(33), &"é".repeat(32), &"+a".repeat(32)]
        {
            assert_eq!(digest_of_hex(wrong), None, "{wrong}");
        }
    }
}
