//! What policies see of an exchange: a narrow window on its heads, and the facts they leave behind.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use architrave_config::ConsumerIndex;
use architrave_core::Moment;
use architrave_net::{Framing, RequestHead, ResponseHead};

use crate::chain::Actor;
use crate::consumers::{Caller, ParallelGuard};
use crate::cors::Grant;
use crate::directory::{Application, Counters};
use crate::rate_limit::RateReport;
use crate::registry::Kind;

/// A request on its way in.
#[derive(Debug)]
pub struct RequestView<'a> {
    /// The head. Fields that `Connection` names must be gone before it comes here: a client could
    /// otherwise have the fields removed that policies set.
    /// The query to be forwarded is that of `head.target`; the path is [`RequestView::path`].
    pub head: &'a mut RequestHead,
    /// The canonical path, without query; what is forwarded.
    pub path: &'a mut String,
    /// The operation of the service's API that is asked for, by what its description calls it.
    pub operation: Option<&'a str>,
    /// The client's address, after trusted proxies, never an IPv4-mapped one.
    pub client: IpAddr,
    /// Whether the client came over TLS.
    pub is_tls: bool,
    /// How the request body is framed.
    pub framing: Framing,
    /// When the head was complete.
    pub now: Moment,
    /// The facts that policies leave behind.
    pub admission: &'a mut Admission,
}

/// A response on its way out: an endpoint's, or one of the gateway's own.
#[derive(Debug)]
pub struct ResponseView<'a> {
    /// The head.
    pub head: &'a mut ResponseHead,
    /// What was learned when the request was admitted.
    pub admission: &'a Admission,
}

/// What admission learned about an exchange. Keep it until the exchange ends: it holds the
/// consumer's place among the parallel ones. [`Admission::clear`] it before the next.
#[derive(Debug, Default)]
pub struct Admission {
    /// The consumer that calls, once a credential has proved it.
    pub consumer: Option<ConsumerIndex>,
    /// The application that calls, once a credential has proved it; never with a consumer.
    pub application: Option<Arc<Application>>,
    /// What is counted of the subscription by which it goes on.
    pub subscription: Option<Arc<Counters>>,
    /// Who calls as far as the gateway itself can tell: it let this caller begin what the request
    /// goes on with. It counts where no credential is shown.
    pub vouched: Option<Caller>,
    /// Whether its key stood where Google's clients put theirs, and is not there any more.
    pub is_of_google: bool,
    /// The most bytes that the request body may have; `None` for no limit.
    pub body_bytes_max: Option<u64>,
    /// The consumer's place among the requests in flight; given back when dropped.
    pub parallel: Option<ParallelGuard>,
    /// The tightest of the rate limits that counted this request.
    pub rate: Option<RateReport>,
    /// The tightest of the consumer's token limit and budgets, where they counted this request.
    pub spending: Option<RateReport>,
    /// Who answered in the place of the service, where somebody did.
    pub ended_by: Option<Actor>,
    /// Whether guardrails have masked something, where there are any.
    pub has_masked: Option<Arc<AtomicBool>>,
    /// The policy by which it was proved who calls.
    pub(crate) proved_by: Option<Kind>,
    /// Whether the path or the host was rewritten.
    pub(crate) is_rewritten: bool,
    /// The consumer as rate limits know it: the same after a reload, which its place is not.
    pub(crate) caller: Option<u64>,
    /// What the browser's origin is granted.
    pub(crate) cors: Grant,
    /// The origin that [`Grant::Origin`] speaks of.
    pub(crate) origin: Vec<u8>,
}

impl Admission {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.consumer = None;
        self.is_of_google = false;
        self.application = None;
        self.subscription = None;
        self.vouched = None;
        self.body_bytes_max = None;
        self.parallel = None;
        self.rate = None;
        self.spending = None;
        self.ended_by = None;
        self.has_masked = None;
        self.proved_by = None;
        self.is_rewritten = false;
        self.caller = None;
        self.cors = Grant::None;
        self.origin.clear();
    }

    /// Notes a bound on the request body; the smallest one counts.
    pub(crate) fn bound_body(&mut self, bytes_max: u64) {
        self.body_bytes_max = Some(self.body_bytes_max.map_or(bytes_max, |at| at.min(bytes_max)));
    }

    /// Notes what a rate limit says; the one with the least left counts.
    pub(crate) fn note_rate(&mut self, report: RateReport) {
        if self.rate.is_none_or(|noted| report.remaining < noted.remaining) {
            self.rate = Some(report);
        }
    }
}
