//! The kinds of object, with the words for them. Their order is the one of the file.

use std::fmt;
use std::sync::LazyLock;

use crate::PolicySet;
use crate::consumer::ConsumerWritten;
use crate::identity_provider::IdentityProviderWritten;
use crate::listener::ListenerWritten;
use crate::mcp_server::McpServerWritten;
use crate::model::ModelWritten;
use crate::plan::PlanWritten;
use crate::product::ProductWritten;
use crate::provider::ProviderWritten;
use crate::read::{Shape, Written};
use crate::route::RouteWritten;
use crate::service::ServiceWritten;
use crate::upstream::UpstreamWritten;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident: $written:ty, $singular:literal, $plural:literal, $prefix:literal;)+) => {
        /// What an object is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ObjectKind {$(
            $(#[doc = $doc])*
            $kind,
        )+}

        impl ObjectKind {
            /// Every kind, in the order of the file.
            pub const ALL: [Self; [$($singular),+].len()] = [$(Self::$kind),+];

            /// The word for one, such as `upstream`.
            #[must_use]
            pub const fn singular(self) -> &'static str {
                match self { $(Self::$kind => $singular,)+ }
            }

            /// The word for many, which is also the key in the file and the name in paths, such as
            /// `upstreams`.
            #[must_use]
            pub const fn plural(self) -> &'static str {
                match self { $(Self::$kind => $plural,)+ }
            }

            /// What ids begin with, before an underscore, such as `ups`.
            #[must_use]
            pub const fn id_prefix(self) -> &'static str {
                match self { $(Self::$kind => $prefix,)+ }
            }

            /// How it is written.
            pub(crate) fn shape(self) -> &'static Shape {
                match self {$(
                    Self::$kind => {
                        static SHAPE: LazyLock<Shape> = LazyLock::new(<$written>::shape);
                        &SHAPE
                    }
                )+}
            }
        }
    };
}

kinds! {
    /// Where connections are accepted.
    Listener: ListenerWritten, "listener", "listeners", "lst";
    /// What traffic is balanced over.
    Upstream: UpstreamWritten, "upstream", "upstreams", "ups";
    /// What routes lead to.
    Service: ServiceWritten, "service", "services", "svc";
    /// Which requests go where.
    Route: RouteWritten, "route", "routes", "rte";
    /// Who may call.
    Consumer: ConsumerWritten, "consumer", "consumers", "con";
    /// Where models come from.
    Provider: ProviderWritten, "provider", "providers", "prv";
    /// What clients ask for.
    Model: ModelWritten, "model", "models", "mdl";
    /// Where tools come from.
    McpServer: McpServerWritten, "mcp_server", "mcp_servers", "mcp";
    /// Whose word it is who signs in.
    IdentityProvider: IdentityProviderWritten, "identity_provider", "identity_providers", "idp";
    /// What is offered together.
    Product: ProductWritten, "product", "products", "prd";
    /// On what terms.
    Plan: PlanWritten, "plan", "plans", "pln";
    /// The policies for every exchange: one object, named [`ONLY_NAME`](super::ONLY_NAME).
    Policies: PolicySet, "policies", "policies", "pol";
}

impl ObjectKind {
    /// The kind of such a plural.
    #[must_use]
    pub fn from_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// The kind of such a singular.
    #[must_use]
    pub fn from_singular(singular: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.singular() == singular)
    }

    /// Whether there is only one of it, which the file has as a map and not in a list.
    #[must_use]
    pub const fn is_only(self) -> bool {
        matches!(self, Self::Policies)
    }

    /// Whether objects of this kind may belong to a team.
    #[must_use]
    pub const fn may_belong_to_teams(self) -> bool {
        matches!(self, Self::Service | Self::Upstream | Self::Route | Self::Product | Self::Plan)
    }

    /// Whether a name can be one of this kind's.
    #[must_use]
    pub fn takes_name(self, name: &str) -> bool {
        match self {
            Self::Model => architrave_core::name::check_model(name),
            Self::Policies => name == super::ONLY_NAME,
            _ => architrave_core::name::check(name),
        }
    }

    /// The place of the kind in [`Self::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.singular())
    }
}
