//! The frozen, validated whole: what one exchange holds from its first byte to its last.
//!
//! Plain data. Names are resolved to indices, patterns are compiled, nothing optional is left
//! that has a default. Not the running state: that is `balance`'s and `proxy`'s, keyed by name.

use std::sync::Arc;

use architrave_core::Secret;

use crate::{
    AccessLogFormat, AccessLogTarget, Admin, Application, Consumer, ConsumerCredential,
    IdentityProvider, Keys, Listener, McpServer, Model, Plan, PolicySet, Portal, Product, Provider,
    Route, Service, Subscription, Team, Upstream, Usage,
};

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in the snapshot's list.
            #[must_use]
            pub const fn get(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

indices! {
    /// A place in [`Snapshot::listeners`].
    ListenerIndex,
    /// A place in [`Snapshot::routes`].
    RouteIndex,
    /// A place in [`Snapshot::services`].
    ServiceIndex,
    /// A place in [`Snapshot::upstreams`].
    UpstreamIndex,
    /// A place in [`Snapshot::consumers`].
    ConsumerIndex,
    /// A place in [`Snapshot::providers`].
    ProviderIndex,
    /// A place in [`Snapshot::models`].
    ModelIndex,
    /// A place in [`Snapshot::mcp_servers`].
    McpServerIndex,
    /// A place in [`Snapshot::products`].
    ProductIndex,
    /// A place in [`Snapshot::plans`].
    PlanIndex,
    /// A place in [`Snapshot::applications`].
    ApplicationIndex,
}

/// One validated configuration, whole.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Where connections are accepted.
    pub listeners: Vec<Arc<Listener>>,
    /// What traffic is balanced over.
    pub upstreams: Vec<Arc<Upstream>>,
    /// What routes lead to.
    pub services: Vec<Arc<Service>>,
    /// In the order of the file.
    pub routes: Vec<Arc<Route>>,
    /// Who may call.
    pub consumers: Vec<Arc<Consumer>>,
    /// Where models come from.
    pub providers: Vec<Arc<Provider>>,
    /// What clients ask for.
    pub models: Vec<Arc<Model>>,
    /// Where tools come from.
    pub mcp_servers: Vec<Arc<McpServer>>,
    /// Whose word it is who signs in, in the order of the file.
    pub identity_providers: Vec<Arc<IdentityProvider>>,
    /// What teams may use up, of the file alone: those of a database are beside the snapshot.
    pub teams: Vec<Arc<Team>>,
    /// What is offered together.
    pub products: Vec<Arc<Product>>,
    /// On what terms.
    pub plans: Vec<Arc<Plan>>,
    /// Who calls by subscriptions, of the file alone: those of a database are beside the snapshot.
    pub applications: Vec<Arc<Application>>,
    /// Their subscriptions, of the file alone.
    pub subscriptions: Vec<Subscription>,
    /// Policies for every exchange.
    pub policies: Arc<PolicySet>,
    /// The admin listener; `None` when the file has no `admin` block.
    pub admin: Option<Admin>,
    /// The portal listener; `None` when the file has no `portal` block.
    pub portal: Option<Portal>,
    /// Where the root key comes from.
    pub keys: Keys,
    /// Where the access log goes.
    pub access_log: AccessLogTarget,
    /// How it is written; `None`: as where it goes suggests.
    pub access_log_format: Option<AccessLogFormat>,
    /// What is kept of the use of the gateway, where there is a database.
    pub usage: Usage,
}

impl Snapshot {
    /// The place of the consumer of that name.
    #[must_use]
    pub fn consumer(&self, name: &str) -> Option<ConsumerIndex> {
        let place = self.consumers.iter().position(|consumer| consumer.name.as_str() == name)?;
        u32::try_from(place).ok().map(ConsumerIndex)
    }

    /// Every secret in it.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let credentials = self.consumers.iter().flat_map(|consumer| &consumer.credentials);
        let secrets = credentials.map(|credential| match credential {
            ConsumerCredential::ApiKey(key) => key,
            ConsumerCredential::Basic { password, .. } => password,
        });
        let shown = self.applications.iter().flat_map(|application| &application.api_keys);
        let presented = self.providers.iter().flat_map(|provider| &provider.credentials);
        secrets
            .chain(shown)
            .chain(presented.flat_map(|credential| credential.secret.secrets()))
            .chain(self.identity_providers.iter().filter_map(|it| it.client_secret.as_ref()))
            .chain(self.admin.iter().filter_map(|admin| admin.token.as_ref()))
    }
}
