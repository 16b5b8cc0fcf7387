//! A consumer: who calls, by which credentials, under which limits.

use std::sync::Arc;

use architrave_core::Secret;
use architrave_core::name::ConsumerName;
use architrave_core::units::Rate;

mod budget;

pub use budget::{Budget, BudgetAmount, Period};

use crate::PolicySet;
use crate::model::{ModelPattern, ModelPatternText};
use crate::read::{
    Count, List, Name, Reader, Scope, Shape, Text, Written, choice, empty, is_visible_ascii, record,
};
use crate::tree::Node;
pub(crate) use budget::BudgetWritten;

/// Who calls, as the gateway knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Its name.
    pub name: ConsumerName,
    /// What proves who it is; any of them.
    pub credentials: Vec<ConsumerCredential>,
    /// The models that it may ask for; `None` for those that are listed.
    pub models: Option<Vec<ModelPattern>>,
    /// Bounds on what it may do.
    pub limits: ConsumerLimits,
    /// What it may use up in a period; all of them hold.
    pub budgets: Vec<Budget>,
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

record! {
    /// Bounds on what a consumer may do, over all routes.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct ConsumerLimits {
        /// Requests per time.
        "requests": Option<Rate> = None => pub requests: Option<Rate>,
        /// Tokens per time, of prompts and answers.
        "tokens": Option<Rate> = None => pub tokens: Option<Rate>,
        /// Requests in flight at once.
        "parallel": Option<Count<u32, 1, 10_000_000>> = None => pub parallel_max: Option<u32>,
    }
}

record! {
    /// Who calls, as the gateway knows it.
    #[derive(Debug)]
    pub(crate) struct ConsumerWritten => Consumer by finish {
        /// Its name.
        "name": Name<ConsumerName> => name: ConsumerName,
        /// What proves who it is; any of them.
        "credentials": List<ConsumerCredential> = Vec::new()
            => credentials: Vec<ConsumerCredential>,
        /// The models that it may ask for: names, or beginnings of names with `*` behind them, such
        /// as `fast` or `openai/*`; by default those that are listed.
        "models": Option<List<ModelPatternText>> = None => models: Option<Vec<ModelPattern>>,
        /// Bounds on what it may do, over all routes.
        "limits": ConsumerLimits = ConsumerLimits::default() => limits: ConsumerLimits,
        /// What it may use up of models in a period; all of them hold.
        "budgets": List<BudgetWritten> = Vec::new() => budgets: Vec<Budget>,
        /// Policies of this consumer; not `key_auth`, `basic_auth` or `jwt`, which find out who it
        /// is.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
    }
    later "team", "plan";
}

impl ConsumerWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Consumer> {
        refuse_authentication(scope);
        check_budgets(scope, "budgets", &self.budgets);
        let Self { name, credentials, models, limits, budgets, policies } = self;
        let policies = policies.into();
        Some(Consumer { name, credentials, models, limits, budgets, policies })
    }
}

/// Of two budgets of one kind and period below `key`, only the smaller would count.
pub(crate) fn check_budgets(scope: &mut Scope<'_, '_, '_>, key: &str, budgets: &[Budget]) {
    if scope.count(key) != budgets.len() {
        return;
    }
    let items = scope.node.get(key).map_or(&[][..], |list| list.items());
    for (at, (budget, item)) in budgets.iter().zip(items).enumerate() {
        if budgets[..at].iter().any(|earlier| earlier.is_of_kind(budget)) {
            let message = "another budget of the same kind and period is there already";
            scope.reader.refuse(item.place, message);
        }
    }
}

/// Nobody can be asked for a credential because of who they turned out to be.
fn refuse_authentication(scope: &mut Scope<'_, '_, '_>) {
    let Some(set) = scope.node.get("policies") else { return };
    for key in ["key_auth", "basic_auth", "jwt"] {
        if let Some(policy) = set.get(key) {
            let message = format!(
                "`{key}` has no effect on a consumer, who is known only after it; it belongs on a \
                 route, service or listener, or at the top of the file"
            );
            scope.reader.refuse(policy.place, message);
        }
    }
}

choice! {
    /// What a consumer presents.
    ConsumerCredential {
        /// An API key, for the policy `key_auth`.
        "api_key": ApiKey => ConsumerCredential::ApiKey,
        /// A name and password, for the policy `basic_auth`.
        "basic": BasicCredential => |basic| ConsumerCredential::Basic {
            username: basic.username,
            password: basic.password,
        },
    }
    later "certificate", "jwt", "token";
}

record! {
    /// A name and password.
    #[derive(Debug)]
    struct BasicCredential {
        /// The name; no colon.
        "username": Username => username: String,
        /// The password.
        "password": Password => password: Secret,
    }
}

/// A name as RFC 7617 takes it.
struct Username;

impl Written for Username {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let name = Text::read(node, reader)?;
        if name.chars().any(|letter| letter == ':' || letter.is_control()) {
            reader.refuse(node.place, "a username has no colon and no control characters");
            return None;
        }
        Some(name)
    }

    fn shape() -> Shape {
        Text::shape()
    }
}

/// A password as RFC 7617 takes it.
struct Password;

impl Written for Password {
    type Value = Secret;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
        let password = Secret::read(node, reader)?;
        if password.expose().chars().any(char::is_control) {
            reader.refuse(node.place, "a password has no control characters");
            return None;
        }
        Some(password)
    }

    fn shape() -> Shape {
        Secret::shape()
    }
}

/// An API key: sent in a header, so of visible ASCII alone.
pub(crate) struct ApiKey;

impl Written for ApiKey {
    type Value = Secret;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Secret> {
        let key = Secret::read(node, reader)?;
        if !is_visible_ascii(key.expose()) {
            reader.refuse(node.place, "an api key is of visible ASCII without spaces");
            return None;
        }
        Some(key)
    }

    fn shape() -> Shape {
        Secret::shape()
    }
}
