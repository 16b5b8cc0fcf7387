//! What a service asks of its callers where it is offered by plans: an active subscription to one
//! that opens it, and the operation that is asked for.

use std::sync::Arc;
use std::time::SystemTime;

use architrave_config::{
    PathMatch, PlanCredentials, PlanOperation, ServiceIndex, Snapshot, SubscriptionState,
};
use architrave_core::Reason;

use crate::directory::{Application, Directory, LivePlan, Subscription};
use crate::jwt::{Verified, Verifier, bearer};
use crate::verdict::Reply;
use crate::view::RequestView;

/// The plans that open one service.
#[derive(Debug)]
pub(crate) struct Offers {
    all: Box<[Offer]>,
    /// From when on the service takes nobody new.
    closed_at: Option<SystemTime>,
    directory: Arc<Directory>,
}

/// One plan, and what of the service it opens.
#[derive(Debug)]
struct Offer {
    plan: Arc<LivePlan>,
    /// `None`: all of it.
    operations: Option<Box<[PlanOperation]>>,
    /// By what tokens callers prove themselves; `None`: by a key of the application.
    tokens: Option<Arc<Verifier>>,
}

/// By what an application has proved who it is.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// By one of its keys.
    Key,
    /// By a token of this issuer.
    Token(Arc<Verifier>),
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'r> {
    pub(crate) method: &'r str,
    /// The canonical path that the client has sent.
    pub(crate) path: &'r str,
    /// The operation of the service's API, by what its description calls it.
    pub(crate) operation: Option<&'r str>,
}

/// The leave by which a request goes on.
#[derive(Debug)]
pub(crate) struct Leave<'a> {
    pub(crate) subscription: &'a Arc<Subscription>,
    pub(crate) plan: &'a Arc<LivePlan>,
}

impl Offers {
    /// The plans that open each service, in the order of the snapshot; `None` for services that are
    /// in no product with a plan.
    pub(crate) fn of_all(
        snapshot: &Snapshot,
        directory: &Arc<Directory>,
    ) -> Vec<Option<Arc<Self>>> {
        let mut offers: Vec<Vec<Offer>> = snapshot.services.iter().map(|_| Vec::new()).collect();
        for plan in &snapshot.plans {
            let product = &snapshot.products[plan.product.get()];
            let live = directory.plan(plan, &product.name);
            let tokens = match &plan.credentials {
                PlanCredentials::ApiKey => None,
                PlanCredentials::Jwt(jwt) => {
                    let keys = directory.key_cell(jwt);
                    Some(Arc::new(Verifier { jwt: jwt.clone(), scopes: Box::default(), keys }))
                }
            };
            for service in &product.services {
                let of_service =
                    |(named, _): &&(ServiceIndex, Vec<PlanOperation>)| named == service;
                let listed = plan.operations.iter().find(of_service);
                let operations = listed.map(|(_, operations)| operations.clone().into());
                let (plan, tokens) = (Arc::clone(&live), tokens.clone());
                offers[service.get()].push(Offer { plan, operations, tokens });
            }
        }
        let offers = offers.into_iter().zip(&snapshot.services).map(|(all, service)| {
            let (directory, closed_at) = (Arc::clone(directory), service.lifecycle.deprecated_at);
            (!all.is_empty()).then(|| Arc::new(Self { all: all.into(), closed_at, directory }))
        });
        offers.collect()
    }

    pub(crate) const fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Who shows a token of an issuer whose tokens some plan takes; `None` where nobody does. What was
    /// shown is still there.
    ///
    /// # Errors
    /// The answer where the token is wrong, or names nobody.
    pub(crate) fn by_token(
        &self,
        view: &RequestView<'_>,
    ) -> Option<Result<(Arc<Application>, Proof), Reply>> {
        if self.all.iter().all(|offer| offer.tokens.is_none()) {
            return None;
        }
        let mut shown = view.head.fields.all("authorization").filter_map(bearer);
        let token = shown.next().filter(|_| shown.next().is_none())?;
        let now = self.directory.clock().wall();
        for verifier in self.all.iter().filter_map(|offer| offer.tokens.as_ref()) {
            let refused = |reason, why| Some(Err(token_refused(reason, why)));
            match verifier.verify(token, now) {
                Verified::NotOurs => {}
                Verified::Names(name) => match self.directory.by_name(&name) {
                    Some(known) => return Some(Ok((known, Proof::Token(Arc::clone(verifier))))),
                    None => {
                        let why = "no application has the name that the token gives";
                        return refused(Reason::CredentialInvalid, why);
                    }
                },
                Verified::Wrong | Verified::Lacking => {
                    return refused(Reason::CredentialInvalid, "the token is not valid");
                }
                Verified::NoKeys => {
                    let why = "the keys of the token's issuer are not there yet";
                    return refused(Reason::Overloaded, why);
                }
            }
        }
        None
    }

    /// By which subscription of an application a request goes on. Of several that fit, the one that
    /// was made last counts: whoever changes to another plan means that one.
    pub(crate) fn leave<'a>(
        &'a self,
        application: &'a Application,
        proof: &Proof,
        asked: Asked<'_>,
    ) -> Result<Leave<'a>, Reply> {
        let mut why = "the application has no subscription to a plan that opens this service";
        // Who is suspended is so from the product, whatever other plan of it there is.
        let suspended: Vec<_> = (application.subscriptions.iter())
            .filter(|one| one.state == SubscriptionState::Suspended)
            .filter_map(|one| self.offer_of(one))
            .map(|offer| &offer.plan.product)
            .collect();
        for subscription in application.subscriptions.iter().rev() {
            let Some(offer) = self.offer_of(subscription) else { continue };
            if subscription.state != SubscriptionState::Active {
                why = why_not(subscription.state);
                continue;
            }
            if suspended.contains(&&offer.plan.product) {
                why = why_not(SubscriptionState::Suspended);
                continue;
            }
            // Who comes by a product with other services in it is as new to this one.
            let is_late = self.closed_at.zip(subscription.since);
            if is_late.is_some_and(|(closed, since)| since >= closed) {
                why = "the service is deprecated and takes nobody new: the subscription is later";
                continue;
            }
            if !offer.takes(proof) {
                why = "the plan of the subscription asks for another sort of credential";
                continue;
            }
            if offer.opens(asked) {
                return Ok(Leave { subscription, plan: &offer.plan });
            }
            why = "the plan of the subscription does not open this operation";
        }
        Err(not_subscribed(why))
    }

    fn offer_of(&self, subscription: &Subscription) -> Option<&Offer> {
        self.all.iter().find(|offer| *offer.plan.name.as_str() == *subscription.plan)
    }
}

impl Offer {
    /// Whether what was shown is what the plan asks for.
    fn takes(&self, proof: &Proof) -> bool {
        match (&self.tokens, proof) {
            (None, Proof::Key) => true,
            (Some(own), Proof::Token(shown)) => own.jwt == shown.jwt,
            _ => false,
        }
    }

    fn opens(&self, Asked { method, path, operation }: Asked<'_>) -> bool {
        let Some(operations) = &self.operations else { return true };
        operations.iter().any(|one| match one {
            PlanOperation::Requests { path: condition, methods } => {
                let is_method = methods.is_empty() || methods.iter().any(|one| one == method);
                is_method && takes(condition, path)
            }
            PlanOperation::OfApi(id) => operation == Some(id.as_str()),
        })
    }
}

/// Whether a condition of a plan takes a canonical path.
fn takes(condition: &PathMatch, path: &str) -> bool {
    match condition {
        PathMatch::Exact(exact) => exact == path,
        PathMatch::Prefix(prefix) => path
            .strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        PathMatch::Regex(regex) => regex.is_match(path),
    }
}

const fn why_not(state: SubscriptionState) -> &'static str {
    match state {
        SubscriptionState::Pending => "the subscription of the application waits for approval",
        SubscriptionState::Suspended => "the subscription of the application is suspended",
        SubscriptionState::Rejected => "the subscription of the application was rejected",
        SubscriptionState::Cancelled => "the subscription of the application was cancelled",
        SubscriptionState::Active => "",
    }
}

#[cold]
fn token_refused(reason: Reason, why: &'static str) -> Reply {
    let reply = Reply::refuse(reason, why);
    match reason {
        // RFC 6750 §3.1.
        Reason::CredentialInvalid => reply.with_field(
            "www-authenticate",
            b"Bearer realm=\"architrave\", error=\"invalid_token\"",
        ),
        _ => reply.with_field("retry-after", b"1"),
    }
}

/// The answer to somebody who is known and may not use the service.
#[cold]
pub(crate) fn not_subscribed(why: &'static str) -> Reply {
    Reply::refuse(Reason::NotSubscribed, why)
}

#[cfg(test)]
mod tests;
