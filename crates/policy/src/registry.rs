//! What a policy can do, and the one list of the policies there are.
//!
//! Dispatch is by enum: the compiler names what a new policy forgot, and a call costs a jump.

use std::sync::Arc;

use architrave_config::PolicySet;

use crate::authenticate::IdentityPolicy;
use crate::directory::Directory;
use crate::rate_limit::RateLimiters;
use crate::verdict::Verdict;
use crate::view::{RequestView, ResponseView};

/// A policy that looks at the request, once.
pub trait RequestPolicy {
    /// Looks at the request, changes it or answers it.
    fn on_request(&self, view: &mut RequestView<'_>) -> Verdict;
}

/// A policy that looks at the response, once, after all attempts.
pub trait ResponsePolicy {
    /// Keeps of the request what [`ResponsePolicy::on_response`] will need. Runs before every
    /// phase, so that answers of the gateway's own are treated like all others.
    fn prepare(&self, _view: &mut RequestView<'_>) {}

    /// Changes the response.
    fn on_response(&self, view: &mut ResponseView<'_>);
}

/// Where a policy was written and what outlives it; given to those that ask when they are built.
pub(crate) struct Site<'a> {
    /// The object and the policy, such as `routes/orders/rate_limit`.
    pub(crate) identity: String,
    /// What it stands on.
    pub(crate) ground: Ground<'a>,
}

/// What outlives a snapshot and policies stand on.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    /// Counters.
    pub(crate) limiters: &'a RateLimiters,
    /// Who calls, and the keys of issuers.
    pub(crate) directory: &'a Directory,
}

/// Builds the running form of a policy from its validated form.
pub(crate) trait Build<Config> {
    /// Never fails: whatever can be wrong was found by validation.
    fn build(config: &Config, site: &Site<'_>) -> Self;
}

macro_rules! dispatch {
    // The ability is in the policy's list: call it.
    (request, [request $($rest:tt)*], $call:expr, $otherwise:expr) => { $call };
    (response, [response $($rest:tt)*], $call:expr, $otherwise:expr) => { $call };
    (identity, [identity $($rest:tt)*], $call:expr, $otherwise:expr) => { $call };
    // It is not at the head of the list: look further.
    ($ability:tt, [$other:tt $($rest:tt)*], $call:expr, $otherwise:expr) => {
        dispatch!($ability, [$($rest)*], $call, $otherwise)
    };
    ($ability:tt, [], $call:expr, $otherwise:expr) => { $otherwise };
}

macro_rules! registry {
    ($($word:ident: $kind:ident [$($ability:tt)+];)+) => {
        /// Which policy it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $(
            #[doc = concat!("`", stringify!($word), "`")]
            $kind,
        )+ }

        impl Kind {
            /// Every kind, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The word used in files and labels.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => stringify!($word),)+ }
            }
        }

        /// One policy, ready to run.
        #[derive(Debug)]
        pub enum Policy { $(
            #[doc = concat!("`", stringify!($word), "`")]
            $kind(crate::$word::$kind),
        )+ }

        impl Policy {
            /// Which policy it is.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind,)+ }
            }

            /// Whether it has something to do with responses.
            #[must_use]
            pub const fn is_response_policy(&self) -> bool {
                match self { $(Self::$kind(_) => dispatch!(response, [$($ability)+], true, false),)+ }
            }

            /// As an identity policy, if it is one.
            pub(crate) fn as_identity(&self) -> Option<&dyn IdentityPolicy> {
                match self { $(
                    Self::$kind(_policy) => dispatch!(identity, [$($ability)+], Some(_policy), None),
                )+ }
            }
        }

        impl RequestPolicy for Policy {
            fn on_request(&self, _view: &mut RequestView<'_>) -> Verdict {
                match self { $(
                    Self::$kind(_policy) => dispatch!(
                        request, [$($ability)+], _policy.on_request(_view), Verdict::Continue
                    ),
                )+ }
            }
        }

        impl ResponsePolicy for Policy {
            fn prepare(&self, _view: &mut RequestView<'_>) {
                match self { $(
                    Self::$kind(_policy) => dispatch!(
                        response, [$($ability)+], _policy.prepare(_view), ()
                    ),
                )+ }
            }

            fn on_response(&self, _view: &mut ResponseView<'_>) {
                match self { $(
                    Self::$kind(_policy) => dispatch!(
                        response, [$($ability)+], _policy.on_response(_view), ()
                    ),
                )+ }
            }
        }

        /// Builds every policy that is set, in the order of the registry.
        pub(crate) fn build(
            set: &PolicySet,
            object: &str,
            ground: Ground<'_>,
        ) -> Vec<Arc<Policy>> {
            let mut built = Vec::new();
            $(if let Some(config) = &set.$word {
                let identity = format!(concat!("{}/", stringify!($word)), object);
                let site = Site { identity, ground };
                built.push(Arc::new(Policy::$kind(Build::build(config, &site))));
            })+
            built
        }
    };
}

registry! {
    ip_filter:  IpFilter  [request];
    cors:       Cors      [request response];
    redirect:   Redirect  [request];
    key_auth:   KeyAuth   [identity];
    basic_auth: BasicAuth [identity];
    jwt:        Jwt       [identity];
    rate_limit: RateLimit [request];
    body_limit: BodyLimit [request];
    rewrite:    Rewrite   [request];
    headers:    Headers   [request response];
    guardrail:  Guardrail [model];
    cache:      Cache     [model];
}
