//! One request and its response in flight. Facts are written once, by the step that learns them;
//! `record` only reads.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use architrave_balance::Endpoint;
use architrave_config::{ApiOperation, Consumer};
use architrave_core::{Moment, Reason};
use architrave_net::{RequestHead, Version};
use architrave_policy::ledger::Account;
use architrave_policy::{Admission, Chain};
use architrave_telemetry::usage::{LineBodies, UsageCaller, UsagePlace};
use architrave_telemetry::{ConsumerMetrics, Termination};

use crate::assembly::{Assembly, LiveRoute, LiveService};
use crate::connection::Connection;
use crate::dispatch::llm::LlmFacts;
use crate::dispatch::llm::talk::keys::TalkKey;
use crate::dispatch::mcp::McpFacts;
use crate::identity::Identity;
use crate::tried::Tried;
use crate::worker::Worker;

/// One request and its response in flight.
#[derive(Debug)]
pub struct Exchange<'p> {
    /// The one assembly that this exchange sees.
    pub assembly: &'p Assembly,
    /// Where it came in.
    pub connection: &'p Connection,
    /// The client, behind trusted proxies.
    pub client: SocketAddr,
    /// Whether the client came over TLS, behind trusted proxies.
    pub is_secure: bool,
    /// When its head was there.
    pub began: Moment,
    /// When the first byte of the head was there, where the rest came later.
    pub first_byte_at: Option<Moment>,
    /// When its last byte was gone, where that was noted on the way.
    pub ended: Option<Moment>,
    /// The request's head; policies change it on its way.
    pub head: &'p mut RequestHead,
    /// The canonical path: what is matched, what policies see and what is forwarded.
    pub path: String,
    /// The host, lower case, without port.
    pub host: String,
    /// What it is called in logs and traces.
    pub identity: Identity,
    /// What policies learned.
    pub admission: Admission,
    /// What it matched.
    pub matched: Option<MatchedRoute<'p>>,
    /// The operation of the service's API that is asked for, where its description knows it.
    pub operation: Option<&'p ApiOperation>,
    /// Attempts made so far.
    pub attempts: u32,
    /// Attempts that were given up.
    pub tried: Vec<Tried>,
    /// The endpoint of the last attempt.
    pub endpoint: Option<Arc<Endpoint>>,
    /// How long its parts took.
    pub timings: ExchangeTimings,
    /// Bytes of the request body taken on for an endpoint; see `docs/logging.md` for which those are
    /// when it is cut short.
    pub request_bytes: u64,
    /// Bytes of the response body taken on for the client; the same.
    pub response_bytes: u64,
    /// Whether the request's body was read to its end before the answer began.
    pub is_body_read: bool,
    /// What is learned of an exchange with a model.
    pub(crate) llm: Option<Box<LlmFacts>>,
    /// The key for a talk that the client has shown.
    pub(crate) talk_key: Option<Arc<TalkKey>>,
    /// What is learned of an exchange with MCP servers.
    pub(crate) mcp: Option<Box<McpFacts>>,
    /// The beginnings of its bodies, where the service asks for them.
    pub(crate) bodies: Option<Box<LineBodies>>,
    /// The status sent; 0 when none was.
    pub status: u16,
    /// Why it failed, when it did.
    pub reason: Option<Reason>,
    /// What happened, in our own words; empty where the reason says it all.
    pub detail: Cow<'static, str>,
    /// Who ended it, and in which phase.
    pub termination: Termination,
}

/// What a request matched: where it goes, and what applies to it.
#[derive(Clone, Copy, Debug)]
pub struct MatchedRoute<'p> {
    /// The route.
    pub route: &'p LiveRoute,
    /// The service that the route's weights chose; `None` when only a policy answers.
    pub service: Option<&'p Arc<LiveService>>,
    /// The policies of listener, route and service.
    pub chain: &'p Chain,
    /// By what its use is told apart.
    pub place: &'p Arc<UsagePlace>,
}

/// How long the parts of an exchange took.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExchangeTimings {
    /// Waiting for a connection to be allowed.
    pub queue_wait: Option<Duration>,
    /// Dialling.
    pub connect: Option<Duration>,
    /// From the request sent to the response head.
    pub first_byte: Option<Duration>,
    /// When the attempt began that was not given up.
    pub attempt_at: Option<Moment>,
    /// When the response head was there.
    pub answered: Option<Moment>,
    /// When the request was read to its end, where that was later than its first byte.
    pub read_at: Option<Moment>,
}

impl<'p> Exchange<'p> {
    /// Begins an exchange with the head that has just been read.
    #[must_use]
    pub fn begin(
        worker: &Worker,
        assembly: &'p Assembly,
        connection: &'p Connection,
        head: &'p mut RequestHead,
    ) -> Self {
        Self {
            assembly,
            connection,
            client: connection.client,
            is_secure: connection.tls.is_some(),
            began: worker.now(),
            first_byte_at: None,
            ended: None,
            head,
            path: worker.spares().texts.take(),
            host: worker.spares().texts.take(),
            identity: Identity::default(),
            admission: Admission::default(),
            matched: None,
            operation: None,
            attempts: 0,
            tried: Vec::new(),
            endpoint: None,
            timings: ExchangeTimings::default(),
            request_bytes: 0,
            response_bytes: 0,
            is_body_read: false,
            llm: None,
            talk_key: None,
            mcp: None,
            bodies: None,
            status: 0,
            reason: None,
            detail: Cow::Borrowed(""),
            termination: Termination::Complete,
        }
    }

    /// Notes a request's body that was read whole.
    pub(crate) fn note_request_body(&mut self, body: &[u8]) {
        self.request_bytes = body.len() as u64;
        if let Some(bodies) = &mut self.bodies {
            bodies.rule.take(&mut bodies.request, body);
        }
    }

    /// Whether it is a call of gRPC.
    pub(crate) fn is_grpc(&self) -> bool {
        let is_grpc = |value: &[u8]| value.starts_with(b"application/grpc");
        self.head.version == Version::H2
            && self.head.fields.get("content-type").is_some_and(is_grpc)
    }

    /// What the caller may spend, where there are such limits.
    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        if let Some(subscription) = &self.admission.subscription {
            return subscription.account.as_ref();
        }
        let index = self.admission.consumer?;
        self.assembly.accounts.get(index.get())?.as_ref()
    }

    /// Where it is counted what the consumer uses.
    pub(crate) fn consumer_metrics(&self) -> Option<&'p ConsumerMetrics> {
        let index = self.admission.consumer?;
        self.assembly.consumers.get(index.get()).map(|metrics| &**metrics)
    }

    /// Who calls, for the usage event.
    pub(crate) fn usage_caller(&self) -> Option<Arc<UsageCaller>> {
        if let Some(application) = &self.admission.application {
            let text = |text: Option<&str>| text.unwrap_or_default().into();
            return Some(Arc::new(UsageCaller {
                consumer: (*application.name).into(),
                application: (*application.name).into(),
                plan: text(self.plan()),
                product: text(self.product()),
                team: text(self.team()),
            }));
        }
        let index = self.admission.consumer?;
        self.assembly.callers.get(index.get()).cloned()
    }

    /// The name of whoever calls, consumer or application, once a credential has proved it.
    #[must_use]
    pub fn caller_name(&self) -> Option<&str> {
        let application = self.admission.application.as_ref().map(|it| &*it.name);
        application.or_else(|| self.consumer().map(|consumer| consumer.name.as_str()))
    }

    /// The application that calls.
    #[must_use]
    pub fn application(&self) -> Option<&str> {
        self.admission.application.as_ref().map(|application| &*application.name)
    }

    /// The team of the application that calls.
    #[must_use]
    pub fn team(&self) -> Option<&str> {
        self.admission.application.as_ref()?.team.as_deref()
    }

    /// The plan by which the application calls.
    #[must_use]
    pub fn plan(&self) -> Option<&str> {
        self.admission.subscription.as_ref().map(|counters| counters.plan.name.as_str())
    }

    /// The product of that plan.
    #[must_use]
    pub fn product(&self) -> Option<&str> {
        self.admission.subscription.as_ref().map(|counters| counters.plan.product.as_str())
    }

    /// The consumer that calls, once a credential has proved it; an application is none.
    #[must_use]
    pub fn consumer(&self) -> Option<&'p Consumer> {
        let index = self.admission.consumer?;
        self.assembly.snapshot.consumers.get(index.get()).map(|consumer| &**consumer)
    }
}
