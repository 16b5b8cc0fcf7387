//! What applies to one combination of listener, route and service, in the order in which it runs.
//!
//! Flattened when the snapshot is built, so that an exchange pays for the policies it has and for
//! nothing else. Immutable and shared: what changes from exchange to exchange is in the views.

mod acted;
mod build;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use architrave_net::Known;

use crate::authenticate::{authenticate, conceal, recognise};
use crate::cache::Cache;
use crate::consumers::{Caller, Consumers, Entry};
use crate::directory::Application;
use crate::guardrail::Guards;
use crate::jwt::Metadata;
use crate::offers::{Asked, Leave, Offers, Proof, not_subscribed};
use crate::phase::{Levels, Phase, TABLE};
use crate::rate_limit::RateReport;
use crate::registry::{Kind, Policy, RequestPolicy, ResponsePolicy};
use crate::verdict::{Reply, Verdict};
use crate::view::{Admission, RequestView, ResponseView};

pub use acted::{Acted, Actor, Outcome, Told};
pub use build::ChainBuilder;
pub(crate) use build::Level;

/// What applies to one combination of listener, route and service.
#[derive(Debug)]
pub struct Chain {
    /// The phases before the caller is known.
    before: Box<[Arc<Policy>]>,
    /// The ways of proving who one is; any will do. Empty: nobody is asked.
    identify: Box<[Arc<Policy>]>,
    /// The phases after the caller is known.
    after: Box<[Arc<Policy>]>,
    /// Those with something to do with responses.
    response: Box<[Arc<Policy>]>,
    /// What is said of this as a resource of OAuth, to whoever asks; `None`: it is none.
    metadata: Option<Arc<Metadata>>,
    consumers: Arc<Consumers>,
    /// Looks for a key where nobody is asked for one: on services of models, whoever shows the key
    /// of a consumer is that consumer, with its limits. Any other key is anybody's.
    recognise: Option<Arc<Policy>>,
    /// The plans by which alone the service is open; `None`: it is in no product that has one.
    offers: Option<Arc<Offers>>,
}

impl Chain {
    /// Runs the request through every phase before the response, and says whether it goes on.
    ///
    /// Call it for every request, also for one that no route matches (with the chain of its
    /// listener): it is here that fields are removed which only the gateway may set.
    pub fn admit(&self, view: &mut RequestView<'_>) -> Verdict {
        match self.run(view) {
            Ok(()) => Verdict::Continue,
            Err(reply) => Verdict::Reply(reply),
        }
    }

    /// Runs the response policies; for an endpoint's response and for the gateway's own.
    pub fn respond(&self, view: &mut ResponseView<'_>) {
        let own = self.own_level(view.admission);
        for policy in &self.response {
            if own.is_none_or(|own| own.get(policy.kind()).is_none()) {
                policy.on_response(view);
            }
        }
        for policy in own.into_iter().flat_map(Level::policies) {
            policy.on_response(view);
        }
        let reports = [view.admission.rate, view.admission.spending];
        RateReport::write(&reports, &mut view.head.fields);
    }

    /// The cache of answers that counts for an exchange: the consumer's own, or the chain's.
    #[must_use]
    pub fn cache(&self, admission: &Admission) -> Option<&Cache> {
        let own = self.own_level(admission).and_then(|own| own.get(Kind::Cache));
        let policies = own.into_iter().chain(&self.after);
        policies.into_iter().find_map(|policy| match &**policy {
            Policy::Cache(cache) => Some(cache),
            _ => None,
        })
    }

    /// What sees through what is said in an exchange: the guardrails of every level, from the most
    /// specific of the chain to the consumer's own.
    #[must_use]
    pub fn guards(&self, admission: &Admission) -> Guards {
        let own = self.own_level(admission).and_then(|own| own.get(Kind::Guardrail));
        let mut guards = Guards::default();
        for policy in self.after.iter().chain(own) {
            if let Policy::Guardrail(guardrail) = &**policy {
                guards.add(guardrail);
            }
        }
        guards
    }

    /// Where it is said of this, as a resource of OAuth, where its tokens come from (RFC 9728): a
    /// canonical path that the route has to take as well.
    #[must_use]
    pub fn metadata_path(&self) -> Option<&str> {
        self.metadata.as_ref().map(|metadata| &*metadata.path)
    }

    /// The path that the service is to see of one that came in, as far as it is known before the
    /// caller is.
    #[must_use]
    pub fn rewritten<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let rewrite = self.after.iter().find_map(|policy| match &**policy {
            Policy::Rewrite(rewrite) => Some(rewrite),
            _ => None,
        });
        rewrite.map_or(Cow::Borrowed(path), |rewrite| rewrite.path_of(path))
    }

    /// Whether a client may connect at all: what there is to ask where no HTTP is spoken.
    #[must_use]
    pub fn lets_in(&self, client: IpAddr) -> bool {
        self.before.iter().all(|policy| match &**policy {
            Policy::IpFilter(filter) => filter.lets_in(client),
            _ => true,
        })
    }

    /// Whether requests are let through untouched and responses too, except for the fields that
    /// only the gateway may set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let parts = [&self.before, &self.identify, &self.after, &self.response];
        parts.iter().all(|part| part.is_empty())
    }

    /// The consumer's own policies.
    fn own_level(&self, admission: &Admission) -> Option<&Level> {
        self.consumers.get(admission.consumer?)?.own.as_ref()
    }

    fn run(&self, view: &mut RequestView<'_>) -> Result<(), Reply> {
        view.head.fields.remove_known(Known::XConsumerName);
        for policy in &self.response {
            policy.prepare(view);
        }
        run_all(&self.before, view)?;
        if let Some(metadata) = &self.metadata
            && *view.path == *metadata.path
        {
            return Err(ended(view, Actor::Policy(Kind::Jwt), metadata.reply(&view.head.method)));
        }
        if let Some(shown) = self.offers.as_ref().and_then(|offers| offers.by_token(view)) {
            let (application, proof) = shown.map_err(|reply| ended(view, Actor::Plan, reply))?;
            conceal(&self.identify, view, None);
            return self.run_for_application(application, &proof, view);
        }
        let caller = match (&self.recognise, &*self.identify) {
            (None, []) => return run_all(&self.after, view),
            (Some(way), []) => match recognise(way, &self.consumers, view) {
                Some(caller) => caller,
                None => return run_all(&self.after, view),
            },
            (_, ways) => authenticate(ways, &self.consumers, view)?,
        };
        let index = match caller {
            Caller::Application(application) => {
                return self.run_for_application(application, &Proof::Key, view);
            }
            Caller::Consumer(index) => index,
        };
        view.admission.consumer = Some(index);
        if self.offers.is_some() {
            let reply = not_subscribed("this service is for applications that have subscribed");
            return Err(ended(view, Actor::Plan, reply));
        }
        match self.consumers.get(index) {
            Some(consumer) => self.run_for(consumer, view),
            None => run_all(&self.after, view),
        }
    }

    /// An application goes on by its subscription; where nobody is asked who they are, as anybody.
    fn run_for_application(
        &self,
        application: Arc<Application>,
        proof: &Proof,
        view: &mut RequestView<'_>,
    ) -> Result<(), Reply> {
        // Noted before it is refused, so that the log says whom.
        view.admission.application = Some(Arc::clone(&application));
        match &self.offers {
            Some(offers) => {
                let asked = Asked {
                    method: view.head.method.as_str(),
                    path: view.path.as_str(),
                    operation: view.operation,
                };
                let leave = offers.leave(&application, proof, asked);
                let leave = leave.map_err(|reply| ended(view, Actor::Plan, reply));
                let Leave { subscription, plan } = leave?;
                let ledger = offers.directory().ledger();
                let counters = subscription.counters(&application, plan, ledger);
                view.admission.subscription = Some(Arc::clone(&counters));
                self.consumers.announce(&application, view);
                let admitted = counters.admit(view);
                admitted.map_err(|reply| ended(view, Actor::Plan, reply))?;
            }
            None if self.identify.is_empty() => self.consumers.announce(&application, view),
            None => {
                let reply = not_subscribed("this service is offered by no plan");
                return Err(ended(view, Actor::Plan, reply));
            }
        }
        run_all(&self.after, view)
    }

    fn run_for(&self, consumer: &Entry, view: &mut RequestView<'_>) -> Result<(), Reply> {
        consumer.announce(view);
        if let Some(limits) = &consumer.limits {
            let admitted = limits.admit(view);
            admitted.map_err(|reply| ended(view, Actor::Limits, reply))?;
        }
        match &consumer.own {
            Some(own) => self.run_with_own(own, view),
            None => run_all(&self.after, view),
        }
    }

    /// The rest of the phases, where the consumer's own policies join in or take over. Its
    /// policies of phases that are past run first: who calls was not known any sooner.
    fn run_with_own(&self, own: &Level, view: &mut RequestView<'_>) -> Result<(), Reply> {
        for (kind, phase, levels) in TABLE {
            let own_policy = own.get(*kind);
            if let Some(policy) = own_policy {
                policy.prepare(view);
                ask(policy, view)?;
            }
            let is_replaced = own_policy.is_some() && *levels == Levels::MostSpecific;
            if *phase > Phase::Authenticate && !is_replaced {
                run_kind(*kind, &self.after, view)?;
            }
        }
        Ok(())
    }
}

fn run_all(policies: &[Arc<Policy>], view: &mut RequestView<'_>) -> Result<(), Reply> {
    policies.iter().try_for_each(|policy| ask(policy, view))
}

fn run_kind(kind: Kind, policies: &[Arc<Policy>], view: &mut RequestView<'_>) -> Result<(), Reply> {
    let of_kind = policies.iter().filter(|policy| policy.kind() == kind);
    of_kind.into_iter().try_for_each(|policy| ask(policy, view))
}

#[inline]
fn ask(policy: &Policy, view: &mut RequestView<'_>) -> Result<(), Reply> {
    match policy.on_request(view) {
        Verdict::Continue => Ok(()),
        Verdict::Reply(reply) => Err(ended(view, Actor::Policy(policy.kind()), reply)),
    }
}

/// Notes who answers in the place of the service.
#[cold]
fn ended(view: &mut RequestView<'_>, by: Actor, reply: Reply) -> Reply {
    view.admission.ended_by = Some(by);
    reply
}

#[cfg(test)]
mod tests;
