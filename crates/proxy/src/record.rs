//! Step 8: what is left of an exchange: figures and a line. It only reads.

mod usage;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use architrave_core::Moment;
use architrave_llm::chat::Usage;
use architrave_net::Known;
use architrave_telemetry::{
    AccessEntry, HttpEntry, LlmEntry, McpEntry, ModelAnswer, Timings, TlsEntry,
};

use crate::assembly::LiveUpstream;
use crate::connection::Connection;
use crate::dispatch::llm::{LlmFacts, settle};
use crate::dispatch::mcp::McpFacts;
use crate::exchange::Exchange;
use crate::respond;
use crate::worker::Worker;

/// Counts an exchange as in flight until it is dropped, however it ends.
#[derive(Debug)]
pub(crate) struct InFlight {
    connection: Rc<Connection>,
    worker: usize,
}

/// Counts an exchange that begins.
#[must_use]
pub(crate) fn begin(worker: &Worker, connection: &Rc<Connection>) -> InFlight {
    connection.listener.metrics.exchange_begun(worker.index());
    InFlight { connection: Rc::clone(connection), worker: worker.index() }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.connection.listener.metrics.exchange_ended(self.worker);
    }
}

/// An exchange that is recorded also when it is dropped on its way, as those are that are left when
/// the time for draining is over.
#[derive(Debug)]
pub(crate) struct ExchangeRecord<'w, 'p> {
    worker: &'w Worker,
    /// The exchange.
    pub exchange: Exchange<'p>,
    is_recorded: bool,
}

impl<'w, 'p> ExchangeRecord<'w, 'p> {
    /// An exchange that begins.
    pub(crate) const fn new(worker: &'w Worker, exchange: Exchange<'p>) -> Self {
        Self { worker, exchange, is_recorded: false }
    }

    /// Records it: it is over.
    pub(crate) fn record(&mut self) {
        self.is_recorded = true;
        record(self.worker, &self.exchange);
    }
}

impl Drop for ExchangeRecord<'_, '_> {
    fn drop(&mut self) {
        if !self.is_recorded && !std::thread::panicking() {
            respond::cut(&mut self.exchange);
            settle::cut(self.worker, &mut self.exchange);
            self.record();
        }
    }
}

/// Records an exchange that is over.
pub(crate) fn record(worker: &Worker, exchange: &Exchange<'_>) {
    let began = exchange.first_byte_at.unwrap_or(exchange.began);
    let total = exchange.ended.unwrap_or_else(|| worker.now()).since(began);
    let metrics = match &exchange.matched {
        Some(matched) => &matched.route.metrics,
        None => &exchange.assembly.unrouted,
    };
    metrics.record(
        worker.index(),
        exchange.status,
        exchange.reason,
        total,
        exchange.request_bytes,
        exchange.response_bytes,
    );
    if let Some(facts) = &exchange.llm {
        record_model(worker, exchange, facts);
        if let Some(outcome) = facts.cache {
            metrics.looked_up(worker.index(), outcome == "hit");
        }
    }
    worker.with_usage(|usage| usage::record(worker, exchange, (began, total), usage));
    worker.with_log(|log| {
        if log.is_enabled() {
            log.write(&entry(worker, exchange, (began, total)));
        }
    });
}

/// Counts an answer of a model; where there was none, the endpoint's figures say why.
fn record_model(worker: &Worker, exchange: &Exchange<'_>, facts: &LlmFacts) {
    let (Some(metrics), Some(usage)) = (&facts.metrics, &facts.usage) else { return };
    let answer = ModelAnswer {
        duration: facts.asked_at.map_or(Duration::ZERO, |at| worker.now().since(at)),
        first_token: facts.first_token,
        tokens: usage.by_class(),
        cost_nano_usd: facts.cost_nano_usd,
        is_priced: facts.row.is_some() || facts.is_cost_known,
        is_failed: facts.is_broken,
        dropped: [facts.dropped.len() as u64, facts.reply_dropped.len() as u64],
    };
    metrics.record(worker.index(), &answer);
    if let Some(consumer) = exchange.consumer_metrics() {
        let cost = answer.cost_nano_usd;
        consumer.used(worker.index(), metrics.model(), &answer.tokens, cost);
    }
}

/// What the log says of an exchange with a model.
fn llm_entry(facts: &LlmFacts) -> LlmEntry<'_> {
    let tokens = |usage: &Usage| [usage.input_total(), usage.cache_read, usage.output_total()];
    LlmEntry {
        operation: facts.operation,
        model: facts.model.as_bytes(),
        provider: (!facts.provider.is_empty()).then_some(facts.provider.as_str()),
        upstream_model: facts.upstream_model.as_bytes(),
        why: (!facts.why.is_empty()).then_some(facts.why),
        passed_over: &facts.passed_over,
        is_stream: facts.is_stream,
        first_token: facts.first_token,
        tokens: facts.usage.as_ref().map(tokens),
        tokens_by_class: facts.usage.as_ref().map(Usage::by_class).unwrap_or_default(),
        is_estimated: facts.is_estimated,
        cost_nano_usd: ((facts.row.is_some() || facts.is_cost_known) && facts.usage.is_some())
            .then_some(facts.cost_nano_usd),
        cache: facts.cache,
        bad_events: facts.bad_events,
        dropped: &facts.dropped,
        reply_dropped: &facts.reply_dropped,
    }
}

/// What the log says of an exchange with MCP servers.
fn mcp_entry(facts: &McpFacts) -> McpEntry<'_> {
    McpEntry {
        method: facts.method.as_bytes(),
        name: facts.name.as_bytes(),
        server: Some(facts.server.as_str()).filter(|server| !server.is_empty()),
        // The client is not told that it is there for others; whoever reads the log is.
        refused: facts.refused.map(|word| if facts.is_denied { "denied" } else { word }),
    }
}

/// The upstream that was asked, or would have been.
fn upstream_of<'a>(exchange: &'a Exchange<'_>) -> Option<&'a Arc<LiveUpstream>> {
    match &exchange.llm {
        Some(facts) => facts.upstream.as_ref(),
        None => match &exchange.mcp {
            Some(facts) => facts.upstream.as_ref(),
            None => exchange.matched?.service?.upstream(),
        },
    }
}

fn entry<'a>(
    worker: &Worker,
    exchange: &'a Exchange<'a>,
    (began, total): (Moment, Duration),
) -> AccessEntry<'a> {
    let connection = &exchange.connection;
    let timings = &exchange.timings;
    let matched = exchange.matched.as_ref();
    let service = matched.and_then(|matched| matched.service.as_ref());
    let head = &*exchange.head;
    let answered = timings.answered;
    let listener = connection.listener.config.name.as_str();
    let mut entry =
        AccessEntry::new(worker.wall() - total, exchange.client, listener, head.version.as_str());
    entry.timings = Timings {
        total,
        request_read: timings.read_at.map(|at| at.since(began)),
        queue_wait: timings.queue_wait,
        connect: timings.connect,
        first_byte: timings.first_byte,
        response: answered.map(|at| (began + total).since(at)),
    };
    entry.peer = (connection.peer != exchange.client).then_some(connection.peer);
    entry.tls = connection.tls.as_ref().map(|tls| TlsEntry {
        version: Some(tls.version),
        cipher: Some(tls.cipher),
        sni: tls.server_name.as_deref(),
    });
    // Without a target there was no request line, and the method is what every head begins with.
    let method = if head.target.is_empty() { "" } else { head.method.as_str() };
    entry.http = Some(HttpEntry {
        method: method.as_bytes(),
        host: head.authority.as_bytes(),
        path: head.path().as_bytes(),
        query: head.query().map(str::as_bytes),
        status: (exchange.status != 0).then_some(exchange.status),
        route: matched.map(|matched| matched.route.config.name.as_str()),
        service: service.map(|service| service.name.as_str()),
        operation: exchange.operation.map(|operation| &*operation.label),
        consumer: exchange.caller_name(),
        application: exchange.application(),
        plan: exchange.plan(),
        product: exchange.product(),
        team: exchange.team(),
        request_id: Some(exchange.identity.request_id()),
        trace_id: Some(exchange.identity.trace_id()),
        user_agent: head.fields.get_known(Known::UserAgent),
    });
    entry.llm = exchange.llm.as_deref().map(llm_entry);
    entry.mcp = exchange.mcp.as_deref().map(mcp_entry);
    entry.reason = exchange.reason;
    entry.detail = &exchange.detail;
    entry.termination = exchange.termination;
    entry.request_bytes = exchange.request_bytes;
    entry.response_bytes = exchange.response_bytes;
    entry.upstream = upstream_of(exchange).map(|upstream| upstream.config.name.as_str());
    entry.endpoint = exchange.endpoint.as_ref().map(|endpoint| endpoint.address());
    entry.attempts = exchange.attempts;
    entry
}
