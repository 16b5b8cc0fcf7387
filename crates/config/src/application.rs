//! Applications and their subscriptions, as a gateway file has them. In a database they are rows of
//! their own and no objects: there are very many, and one changes without the rest.

use architrave_core::Secret;
use architrave_core::name::{ApplicationName, TeamName};

use crate::consumer::ApiKey;
use crate::product;
use crate::read::{List, Name, Ref, Scope, Text, choice, record, words};
use crate::snapshot::{ApplicationIndex, PlanIndex};

/// Who calls by a subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its name; no consumer has the same.
    pub name: ApplicationName,
    /// What it is for.
    pub description: Option<String>,
    /// The team that it belongs to.
    pub team: Option<TeamName>,
    /// The API keys that it may show; any of them.
    pub api_keys: Vec<Secret>,
}

/// An application's leave to use a product by a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whose it is.
    pub application: ApplicationIndex,
    /// On which terms.
    pub plan: PlanIndex,
    /// How far it is.
    pub state: SubscriptionState,
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
        /// What proves who it is; any of them. With a plan of `jwt` it needs none.
        "credentials": List<ApplicationKey> = Vec::new() => api_keys: Vec<ApplicationKey>,
    }
    later "owner";
}

impl ApplicationWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Application> {
        product::check_texts(scope);
        let Self { name, description, team, api_keys } = self;
        let api_keys = api_keys.into_iter().map(|ApplicationKey(key)| key).collect();
        Some(Application { name, description, team, api_keys })
    }
}

/// What an application presents.
#[derive(Debug)]
pub(crate) struct ApplicationKey(Secret);

choice! {
    /// What an application presents.
    ApplicationKey {
        /// An API key.
        "api_key": ApiKey => ApplicationKey,
    }
}

record! {
    /// An application's leave to use a product by a plan.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct SubscriptionWritten => Subscription by finish {
        /// Whose it is.
        "application": Ref<ApplicationIndex> => application: ApplicationIndex,
        /// On which terms.
        "plan": Ref<PlanIndex> => plan: PlanIndex,
        /// How far it is.
        "state": SubscriptionState = SubscriptionState::Active => state: SubscriptionState,
    }
}

impl SubscriptionWritten {
    fn finish(self, _scope: &mut Scope<'_, '_, '_>) -> Option<Subscription> {
        let Self { application, plan, state } = self;
        Some(Subscription { application, plan, state })
    }
}
