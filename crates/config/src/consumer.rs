//! A consumer: who calls, by which credentials, under which limits.

use std::sync::Arc;

use architrave_core::name::ConsumerName;
use architrave_core::units::Rate;
use architrave_core::Secret;

use crate::PolicySet;

/// Who calls, as the gateway knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Its name.
    pub name: ConsumerName,
    /// What proves who it is; any of them.
    pub credentials: Vec<ConsumerCredential>,
    /// Bounds on what it may do.
    pub limits: ConsumerLimits,
    /// Policies of this consumer.
    pub policies: Arc<PolicySet>,
}

/// What a consumer presents.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsumerCredential {
    /// An API key, for the policy `key_auth`.
    ApiKey(Secret),
    /// A name and password, for the policy `basic_auth`.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
}

/// Bounds on what a consumer may do, over all routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerLimits {
    /// Requests per time.
    pub requests: Option<Rate>,
    /// Requests in flight at once.
    pub parallel_max: Option<u32>,
}
