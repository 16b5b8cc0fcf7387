//! Every metric the gateway exposes: name, kind, labels and meaning, listed once.
//!
//! Names are an enum so that a misspelt one does not compile; `docs/metrics.md` is written from
//! this list. No counting happens here: that is `telemetry`'s.

use std::fmt::Write as _;

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Only ever grows, until the process or the object it belongs to goes.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of observations in buckets, with their sum.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! metrics {
    ($($variant:ident = $name:literal, $kind:ident, [$($label:literal),*], $help:literal;)+) => {
        /// One metric of the list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $(#[doc = $help] $variant,)+ }

        impl Metric {
            /// Every metric, in the order in which they are exposed.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The full name: `architrave_…`, or `process_…` where Prometheus has a convention.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How it behaves.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)+ }
            }

            /// The names of its labels, in the order in which values are given.
            #[must_use]
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($label),*],)+ }
            }

            /// What it means, in one sentence.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }
        }
    };
}

metrics! {
    BuildInfo = "architrave_build_info", Gauge, ["version"],
        "Always 1; the label says which version runs.";
    Workers = "architrave_workers", Gauge, [],
        "Workers that serve traffic.";
    WorkerDelay = "architrave_worker_delay_seconds", Histogram, [],
        "How late workers came to a timer, 200 times a second while they have connections: nothing \
         on a worker moves meanwhile. Without the time in which others had the processor.";
    WorkerLongestDelay = "architrave_worker_longest_delay_seconds", Gauge, ["worker"],
        "The longest such delay of a worker within the last minute, one that still goes on included.";
    WorkerProcessorWait = "architrave_worker_processor_wait_seconds_total", Counter, ["worker"],
        "How long a worker was ready to run while others had the processor: when it grows fast, the \
         machine is too busy.";
    ConfigReloads = "architrave_config_reloads_total", Counter, ["outcome"],
        "Configurations offered, by outcome: ok or failed; a failed one changes nothing.";
    ConfigLastReloadSuccess = "architrave_config_last_reload_success", Gauge, [],
        "1 when the latest configuration offered was taken, 0 when it was refused.";
    ConfigLastReloadTimestamp = "architrave_config_last_reload_timestamp_seconds", Gauge, [],
        "When the running configuration was taken, in Unix time.";
    ConfigGeneration = "architrave_config_generation", Gauge, [],
        "Number of the running configuration: 1 for the first, one more for each that is taken.";
    Upgrades = "architrave_upgrades_total", Counter, ["outcome"],
        "Attempts to hand the sockets to a new process, by outcome: ok or failed.";
    Panics = "architrave_panics_total", Counter, [],
        "Panics caught; each cost one exchange or connection and is in the log.";
    AccessLogLines = "architrave_access_log_lines_total", Counter, ["outcome"],
        "Lines of the access log, by outcome: written, or dropped because the reader was too slow.";
    LogLines = "architrave_log_lines_total", Counter, ["outcome"],
        "Lines of the gateway's own log, by outcome: written, or dropped because standard error was too \
         slow or could not be written.";
    AdminConnections = "architrave_admin_connections_total", Counter, ["outcome"],
        "Connections to the admin listener, by outcome: served; displacing, where a quiet one was \
         closed to make room; or refused with 503, as all others were being answered.";
    ListenerConnections = "architrave_listener_connections_total", Counter, ["listener"],
        "Connections accepted (for UDP, flows begun).";
    ListenerConnectionsOpen = "architrave_listener_connections_open", Gauge, ["listener"],
        "Connections open now.";
    ListenerConnectionsRefused = "architrave_listener_connections_refused_total", Counter,
        ["listener"],
        "Connections closed at once: over a limit, or not allowed to connect.";
    ListenerTlsHandshakeFailures = "architrave_listener_tls_handshake_failures_total", Counter,
        ["listener"],
        "TLS handshakes with clients that failed or took too long.";
    ListenerProtocolErrors = "architrave_listener_protocol_errors_total", Counter,
        ["listener", "reason"],
        "Connections on which the client broke the protocol, by reason.";
    ListenerExchangesOpen = "architrave_listener_exchanges_open", Gauge, ["listener"],
        "Exchanges in flight now.";
    Requests = "architrave_requests_total", Counter, ["route", "class"],
        "Exchanges that ended, by route and class of the status sent; (none) is no route.";
    RequestFailures = "architrave_request_failures_total", Counter, ["route", "reason"],
        "Exchanges that the gateway answered for itself or cut short, by route and reason.";
    RequestDuration = "architrave_request_duration_seconds", Histogram, ["route"],
        "From the first byte of the request to the last byte of the response.";
    RequestBytes = "architrave_request_bytes_total", Counter, ["route"],
        "Bytes of request bodies received from clients.";
    ResponseBytes = "architrave_response_bytes_total", Counter, ["route"],
        "Bytes of response bodies sent to clients.";
    CacheLookups = "architrave_llm_cache_lookups_total", Counter, ["route", "outcome"],
        "Questions to models looked up among kept answers, by outcome: hit or miss.";
    RelaysEnded = "architrave_relays_ended_total", Counter, ["listener", "termination"],
        "Connections and flows of layer 4 that ended, by who ended them and in which phase.";
    RelayDuration = "architrave_relay_duration_seconds", Histogram, ["listener"],
        "How long connections and flows of layer 4 lived.";
    RelayReceivedBytes = "architrave_relay_received_bytes_total", Counter, ["listener"],
        "Bytes relayed from clients, counted while they flow.";
    RelaySentBytes = "architrave_relay_sent_bytes_total", Counter, ["listener"],
        "Bytes relayed to clients, counted while they flow.";
    UpstreamAttempts = "architrave_upstream_attempts_total", Counter, ["upstream"],
        "Attempts at endpoints, retries and hedges among them.";
    UpstreamRetries = "architrave_upstream_retries_total", Counter, ["upstream"],
        "Attempts made because an earlier one failed.";
    UpstreamRetryBudgetExhausted = "architrave_upstream_retry_budget_exhausted_total", Counter,
        ["upstream"],
        "Retries not made because the budget was spent.";
    UpstreamHedges = "architrave_upstream_hedges_total", Counter, ["upstream"],
        "Second attempts started beside a slow first one.";
    UpstreamQueueWait = "architrave_upstream_queue_wait_seconds", Histogram, ["upstream"],
        "How long requests that had to wait for a place or for room at an endpoint waited.";
    EndpointRequests = "architrave_endpoint_requests_total", Counter,
        ["upstream", "endpoint", "class"],
        "Attempts that an endpoint answered, by class of its status.";
    EndpointFailures = "architrave_endpoint_failures_total", Counter,
        ["upstream", "endpoint", "reason"],
        "Attempts that an endpoint did not answer, by reason; connect_failed, connect_timeout \
         and tls_failed are those that made no connection.";
    EndpointLatency = "architrave_endpoint_latency_seconds", Histogram, ["upstream", "endpoint"],
        "From the request sent to the first byte of the endpoint's response.";
    EndpointConnections = "architrave_endpoint_connections_total", Counter,
        ["upstream", "endpoint"],
        "Connections made to an endpoint.";
    EndpointAvailable = "architrave_endpoint_available", Gauge, ["upstream", "endpoint"],
        "1 when the endpoint takes traffic, 0 when it is unprobed, unhealthy, ejected or draining.";
    EndpointInFlight = "architrave_endpoint_in_flight", Gauge, ["upstream", "endpoint"],
        "Requests or connections at the endpoint now, over all workers.";
    EndpointWeight = "architrave_endpoint_weight", Gauge, ["upstream", "endpoint"],
        "The endpoint's configured share of the load.";
    EndpointEjections = "architrave_endpoint_ejections_total", Counter, ["upstream", "endpoint"],
        "How often passive health took the endpoint out.";
    GenAiDuration = "gen_ai_client_operation_duration_seconds", Histogram,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"],
        "From a request sent to a provider to the end of its answer; (direct) is every model that \
         is asked for as provider/model.";
    GenAiFirstToken = "gen_ai_server_time_to_first_token_seconds", Histogram,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"],
        "From a request sent to a provider to the first event of its stream.";
    GenAiTokenUsage = "gen_ai_client_token_usage", Histogram,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model",
         "gen_ai_token_type"],
        "Tokens of an answer, by type: input or output.";
    LlmTokens = "architrave_llm_tokens_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "class"],
        "Tokens used, by class; no token is in two of them.";
    LlmCost = "architrave_llm_cost_nano_usd_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"],
        "What answers cost, in billionths of a US dollar.";
    LlmUnpriced = "architrave_llm_unpriced_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"],
        "Answers of models whose price nobody knows; they count as free.";
    LlmBroken = "architrave_llm_broken_answers_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"],
        "Answers that broke off at the provider after they had begun.";
    LlmDropped = "architrave_llm_dropped_fields_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "of"],
        "Fields of requests and of answers that could not be said in the other dialect and were \
         left out, by of: request or reply.";
    LlmAttemptFailures = "architrave_llm_attempt_failures_total", Counter,
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "reason"],
        "Attempts at a model that failed before an answer began, by reason: rate_limited, \
         overloaded, denied, not_found, too_long, timed_out or broken.";
    LlmFallbacks = "architrave_llm_fallbacks_total", Counter, ["gen_ai_request_model", "fallback"],
        "Requests for a model that were sent to another, as none of its own deployments could \
         serve, by that other.";
    McpServerRequests = "architrave_mcp_server_requests_total", Counter,
        ["server", "method", "outcome"],
        "Requests to MCP servers, by method and by outcome: answered or failed.";
    LlmLaneAvailable = "architrave_llm_lane_available", Gauge,
        ["gen_ai_request_model", "gen_ai_provider_name", "upstream_model", "credential"],
        "1 when a deployment of a listed model takes requests by a credential, 0 while it rests.";
    LlmLaneRest = "architrave_llm_lane_rest_seconds", Gauge,
        ["gen_ai_request_model", "gen_ai_provider_name", "upstream_model", "credential", "reason"],
        "For how long such a lane still rests, by reason: rate_limited, overloaded, denied or \
         failing; 0 by on_trial while a request finds out whether it is well again.";
    LlmConsumerTokens = "architrave_llm_consumer_tokens_total", Counter,
        ["consumer", "gen_ai_request_model", "class"],
        "Tokens that a consumer used, by the model that served it and by class; (others) is every \
         model beyond its first hundred.";
    LlmConsumerCost = "architrave_llm_consumer_cost_nano_usd_total", Counter,
        ["consumer", "gen_ai_request_model"],
        "What answers to a consumer cost, in billionths of a US dollar, by the model that served.";
    LlmBudgetLimit = "architrave_llm_budget_limit", Gauge, ["consumer", "unit", "per"],
        "What a consumer may spend in each period, in tokens or nano_usd.";
    LlmBudgetSpent = "architrave_llm_budget_spent", Gauge, ["consumer", "unit", "per"],
        "What it has spent of that in the period that is on.";
    LlmBudgetReserved = "architrave_llm_budget_reserved", Gauge, ["consumer", "unit", "per"],
        "What its requests in flight have reserved beside it.";
    LlmTokenLimit = "architrave_llm_token_limit", Gauge, ["consumer", "per"],
        "The tokens that a consumer may use in each second, minute, hour or day.";
    LlmTokenLimitUsed = "architrave_llm_token_limit_used", Gauge, ["consumer", "per"],
        "How many of them are in use now; they come back evenly.";
    GuardrailFindings = "architrave_llm_guardrail_findings_total", Counter,
        ["guardrail", "action"],
        "What guardrails found, by where the guardrail is written and by action: masked, each \
         place counting, or refused, each request or answer.";
    CertificateNotAfter = "architrave_certificate_not_after_timestamp_seconds", Gauge,
        ["certificate"],
        "When the certificate in this file expires, in Unix time.";
    StoreUp = "architrave_store_up", Gauge, [],
        "Whether the database answers, 1 or 0; absent without one. Traffic does not need it.";
    UsageEvents = "architrave_usage_events_total", Counter, [],
        "Exchanges that were added up for the API's usage.";
    UsageDropped = "architrave_usage_dropped_total", Counter, ["cause"],
        "Exchanges whose usage was lost: queue_full, where the one who adds up did not keep up; or \
         no_room, where sums could not be written for long.";
    UsageOthers = "architrave_usage_others_total", Counter, [],
        "Exchanges that were added up under `(others)`, as there were too many names in a minute.";
    UsageWrites = "architrave_usage_writes_total", Counter, ["outcome"],
        "Writes of usage to the database, by outcome: ok or failed; what failed is tried again.";
    UsageUp = "architrave_usage_up", Gauge, [],
        "1 while usage can be written, 0 when the latest write has failed.";
    UsageRequests = "architrave_usage_requests_total", Counter, ["outcome"],
        "Lines of the request log, by outcome: kept, or dropped because there were too many at once.";
    ProcessCpu = "process_cpu_seconds_total", Counter, [],
        "Processor time that the process has spent, in user and system mode together.";
    ProcessResidentMemory = "process_resident_memory_bytes", Gauge, [],
        "Memory of the process that is in RAM.";
    ProcessOpenFds = "process_open_fds", Gauge, [],
        "File descriptors open now; a connection through the gateway takes two.";
    ProcessMaxFds = "process_max_fds", Gauge, [],
        "File descriptors that may be open at once; absent where there is no limit.";
    ProcessStartTime = "process_start_time_seconds", Gauge, [],
        "When the process began, in Unix time.";
}

impl Metric {
    /// Its place in [`Metric::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The unit its name ends in, when it has one.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        let stem = self.name().strip_suffix("_total").unwrap_or(self.name());
        ["seconds", "bytes"].into_iter().find(|unit| stem.ends_with(unit))
    }
}

/// The reference page, `docs/metrics.md`, one row per metric.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(PREFACE);
    for metric in Metric::ALL {
        let labels = match metric.labels() {
            [] => "–".to_owned(),
            labels => format!("`{}`", labels.join("`, `")),
        };
        let _infallible = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            metric.name(),
            metric.kind().as_str(),
            metric.unit().unwrap_or("–"),
            labels,
            metric.help(),
        );
    }
    page
}

const PREFACE: &str = "\
# Metrics

`GET /metrics` on the admin listener answers in the Prometheus text format, or in OpenMetrics when the scraper asks for it.
This page is written from `crates/core/src/metric.rs`; a test rewrites it and fails when the two differ.

Labels are bounded: names of configured objects, endpoint addresses, the closed list of reasons, five classes of status (`1xx` to `5xx`), and the termination words of [logging.md](logging.md).
Where consumers and models meet, a consumer has no more than a hundred models of its own and `(others)` for the rest.
Nothing that a client sends becomes a label.
A series appears with its first event and goes when its object leaves the configuration.
Names begin with `architrave_`, except the conventional `process_…` and `gen_ai_…`, which dashboards expect as they are.
Units are seconds and bytes.

| name | kind | unit | labels | meaning |
| --- | --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_their_kind() {
        for metric in Metric::ALL {
            let name = metric.name();
            // The names that Prometheus' own client libraries give to what the system counts, and
            // OpenTelemetry to what models do.
            let is_conventional = ["process_", "gen_ai_"].iter().any(|it| name.starts_with(it));
            assert!(name.starts_with("architrave_") || is_conventional, "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            match metric.kind() {
                Kind::Counter => assert!(name.ends_with("_total"), "{name}"),
                // Tokens are no unit that Prometheus knows.
                Kind::Histogram => {
                    assert!(metric.unit().is_some() || name.ends_with("_token_usage"), "{name}");
                }
                Kind::Gauge => assert!(!name.ends_with("_total"), "{name}"),
            }
        }
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
    }

    #[test]
    fn index_is_the_place_in_the_list() {
        for (place, metric) in Metric::ALL.iter().enumerate() {
            assert_eq!(metric.index(), place);
        }
    }
}
