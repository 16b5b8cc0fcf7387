//! Scrapes read back by a strict reader of the text format.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use architrave_core::metric::{self, Kind};
use architrave_core::{Moment, Reason};

use super::model::{ModelAnswer, ModelLabels};
use super::*;
use crate::termination::{Phase, Termination};

/// The samples of a scrape, after checking that every line is as the format wants it.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let mut families = HashSet::new();
    let mut family = "";
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (name, kind) = comment.split_once(' ').expect("a name and a kind");
            assert!(families.insert(name), "{name} stands in two places");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            family = name;
        } else if let Some(comment) = line.strip_prefix("# HELP ") {
            assert!(comment.starts_with(&format!("{family} ")), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a series and a value");
            assert!(series.starts_with(family), "{line} under {family}");
            let name_end = series.find('{').unwrap_or(series.len());
            assert!(series[..name_end].bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(name_end == series.len() || series.ends_with("\"}"), "{line}");
            let twice = samples.insert(series.to_owned(), value.parse().expect("a number"));
            assert_eq!(twice, None, "{series} stands twice");
        }
    }
    samples
}

fn scrape(metrics: &Metrics) -> BTreeMap<String, f64> {
    let mut text = String::new();
    metrics.encode(&mut text);
    parse(&text)
}

/// Some of everything.
fn busy() -> Arc<Metrics> {
    let metrics = Metrics::new(2);
    let route = metrics.route(&RouteName::new("orders"));
    route.looked_up(0, true);
    route.looked_up(1, false);
    route.record(0, 200, None, Duration::from_millis(1), 10, 100);
    route.record(1, 200, None, Duration::from_millis(3), 10, 100);
    route.record(1, 504, Some(Reason::ResponseTimeout), Duration::from_secs(60), 0, 50);
    metrics.unrouted().record(0, 404, Some(Reason::NoRoute), Duration::ZERO, 0, 0);
    let listener = metrics.listener(&ListenerName::new("web"));
    listener.connection_opened(0);
    listener.connection_opened(1);
    listener.connection_closed(1);
    listener.connection_refused(0);
    listener.exchange_begun(0);
    listener.tls_handshake_failed(0);
    listener.protocol_error(1, Reason::BadRequest);
    listener.relayed(0, 5, 7);
    listener.relay_ended(0, Termination::client(Phase::Tunnel), Duration::from_secs(2));
    let upstream = metrics.upstream(&UpstreamName::new("orders"));
    upstream.attempted(0);
    upstream.attempted(0);
    upstream.retried(0);
    upstream.retry_budget_exhausted(1);
    upstream.hedged(1);
    upstream.queued(0, Duration::from_millis(4));
    let address = "[::1]:9001".parse().unwrap();
    let endpoint = metrics.endpoint(&UpstreamName::new("orders"), address);
    endpoint.connected(0);
    endpoint.record(0, 200, Duration::from_millis(2));
    endpoint.failed(1, Reason::ConnectFailed);
    let labels = ModelLabels { operation: "chat", provider: "openai".into(), model: "fast".into() };
    metrics.fallbacks("fast").fell_back(0, "small");
    let server = metrics.mcp_server(&McpServerName::new("files"));
    server.asked(0, "tools/call", true);
    server.asked(1, "tools/call", false);
    let consumer = metrics.consumer(&ConsumerName::new("mobile"));
    consumer.used(0, "fast", &[900, 512, 0, 0, 0, 0, 42, 0, 0, 0], 160_200);
    consumer.used(1, "fast", &[100, 0, 0, 0, 0, 0, 0, 0, 0, 0], 800);
    let model = metrics.model(labels);
    assert_eq!(model.model(), "fast");
    model.attempt_failed(1, "rate_limited");
    model.record(
        0,
        &ModelAnswer {
            duration: Duration::from_secs(2),
            first_token: Some(Duration::from_millis(300)),
            tokens: [900, 512, 0, 0, 0, 0, 42, 0, 0, 0],
            cost_nano_usd: 160_200,
            is_priced: false,
            is_failed: true,
            dropped: [2, 1],
        },
    );
    metrics.gateway().config_taken(1, UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    metrics.gateway().config_refused();
    metrics.gateway().panicked();
    metrics
}

#[test]
fn a_scrape_adds_up_what_workers_counted() {
    let samples = scrape(&busy());
    for (series, value) in [
        ("architrave_workers", 2.0),
        ("architrave_config_generation", 1.0),
        ("architrave_config_last_reload_success", 0.0),
        ("architrave_config_last_reload_timestamp_seconds", 1_700_000_000.0),
        ("architrave_config_reloads_total{outcome=\"failed\"}", 1.0),
        ("architrave_panics_total", 1.0),
        ("architrave_requests_total{route=\"orders\",class=\"2xx\"}", 2.0),
        ("architrave_requests_total{route=\"orders\",class=\"5xx\"}", 1.0),
        ("architrave_requests_total{route=\"(none)\",class=\"4xx\"}", 1.0),
        ("architrave_request_failures_total{route=\"orders\",reason=\"response_timeout\"}", 1.0),
        ("architrave_request_duration_seconds_bucket{route=\"orders\",le=\"0.001\"}", 1.0),
        ("architrave_request_duration_seconds_bucket{route=\"orders\",le=\"0.005\"}", 2.0),
        ("architrave_request_duration_seconds_bucket{route=\"orders\",le=\"30.0\"}", 2.0),
        ("architrave_request_duration_seconds_bucket{route=\"orders\",le=\"+Inf\"}", 3.0),
        ("architrave_request_duration_seconds_sum{route=\"orders\"}", 60.004),
        ("architrave_request_duration_seconds_count{route=\"orders\"}", 3.0),
        (
            "architrave_llm_dropped_fields_total{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"openai\",gen_ai_request_model=\"fast\",of=\"request\"}",
            2.0,
        ),
        ("architrave_request_bytes_total{route=\"orders\"}", 20.0),
        ("architrave_response_bytes_total{route=\"orders\"}", 250.0),
        ("architrave_listener_connections_total{listener=\"web\"}", 2.0),
        ("architrave_listener_connections_open{listener=\"web\"}", 1.0),
        ("architrave_listener_connections_refused_total{listener=\"web\"}", 1.0),
        ("architrave_listener_exchanges_open{listener=\"web\"}", 1.0),
        ("architrave_listener_protocol_errors_total{listener=\"web\",reason=\"bad_request\"}", 1.0),
        ("architrave_relays_ended_total{listener=\"web\",termination=\"client@tunnel\"}", 1.0),
        ("architrave_relay_sent_bytes_total{listener=\"web\"}", 7.0),
        ("architrave_upstream_attempts_total{upstream=\"orders\"}", 2.0),
        ("architrave_upstream_queue_wait_seconds_count{upstream=\"orders\"}", 1.0),
        (
            "architrave_endpoint_requests_total{upstream=\"orders\",endpoint=\"[::1]:9001\",class=\"2xx\"}",
            1.0,
        ),
        (
            "architrave_endpoint_failures_total{upstream=\"orders\",endpoint=\"[::1]:9001\",reason=\"connect_failed\"}",
            1.0,
        ),
        (
            "architrave_llm_consumer_tokens_total{consumer=\"mobile\",gen_ai_request_model=\"fast\",class=\"input\"}",
            1_000.0,
        ),
        (
            "architrave_llm_consumer_cost_nano_usd_total{consumer=\"mobile\",gen_ai_request_model=\"fast\"}",
            161_000.0,
        ),
        (
            "architrave_mcp_server_requests_total{server=\"files\",method=\"tools/call\",outcome=\"failed\"}",
            1.0,
        ),
        ("architrave_llm_fallbacks_total{gen_ai_request_model=\"fast\",fallback=\"small\"}", 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}");
    }
}

#[test]
fn an_exchange_without_an_answer_counts_by_its_reason() {
    let metrics = Metrics::new(1);
    let route = metrics.route(&RouteName::new("orders"));
    route.record(0, 0, Some(Reason::ClientClosed), Duration::ZERO, 0, 0);
    let series = "architrave_requests_total{route=\"orders\",class=\"4xx\"}";
    assert_eq!(scrape(&metrics).get(series), Some(&1.0));
}

#[test]
fn a_histogram_never_falls_from_bucket_to_bucket() {
    let samples = scrape(&busy());
    let mut bounds: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(series, count)| {
            let rest = series.strip_prefix("architrave_request_duration_seconds_bucket")?;
            let end = rest.strip_prefix("{route=\"orders\",le=\"")?.strip_suffix("\"}")?;
            Some((end.replace("+Inf", "inf").parse().unwrap(), *count))
        })
        .collect();
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(bounds.len(), 14);
    assert!(bounds.is_sorted_by(|a, b| a.1 <= b.1), "{bounds:?}");
}

#[test]
fn what_was_never_hit_shows_no_series() {
    let metrics = Metrics::new(2);
    let _handles: Vec<_> =
        (0..10_000).map(|n| metrics.route(&RouteName::new(&format!("route-{n}")))).collect();
    let _listener = metrics.listener(&ListenerName::new("web"));
    let samples = scrape(&metrics);
    assert!(!samples.keys().any(|series| series.contains("route-")), "{samples:?}");
    assert!(!samples.keys().any(|series| series.contains("listener")), "{samples:?}");
}

#[test]
fn one_object_has_one_set_of_counters() {
    let metrics = Metrics::new(1);
    let name = RouteName::new("orders");
    for _ in 0..2 {
        metrics.route(&name).record(0, 200, None, Duration::ZERO, 0, 0);
    }
    let series = "architrave_requests_total{route=\"orders\",class=\"2xx\"}";
    assert_eq!(scrape(&metrics).get(series), Some(&2.0));
}

#[test]
fn each_of_many_routes_counts_for_itself() {
    let metrics = Metrics::new(2);
    let routes: Vec<_> = (0..100)
        .map(|n| (format!("r{n}"), metrics.route(&RouteName::new(&format!("r{n}")))))
        .collect();
    for (n, (_, route)) in routes.iter().enumerate() {
        (0..n).for_each(|at| route.record(at % 2, 200, None, Duration::ZERO, 0, 0));
    }
    let samples = scrape(&metrics);
    for (n, (name, _)) in routes.iter().enumerate() {
        let series = format!("architrave_requests_total{{route=\"{name}\",class=\"2xx\"}}");
        assert_eq!(samples.get(&series).copied().unwrap_or(0.0), n as f64, "{name}");
    }
}

#[test]
fn objects_that_are_gone_lose_their_series_and_others_keep_theirs() {
    let metrics = busy();
    let kept: SocketAddr = "[::1]:9001".parse().unwrap();
    let gone: SocketAddr = "[::1]:9002".parse().unwrap();
    let upstream = UpstreamName::new("orders");
    let handle = metrics.endpoint(&upstream, gone);
    handle.record(0, 200, Duration::ZERO);
    metrics.retain_endpoints(&upstream, &HashSet::from([kept]));
    assert!(handle.is_forgotten() && !metrics.endpoint(&upstream, kept).is_forgotten());
    let samples = scrape(&metrics);
    assert!(samples.keys().any(|series| series.contains("[::1]:9001")));
    assert!(!samples.keys().any(|series| series.contains("[::1]:9002")));

    metrics.retain(&Snapshot::default());
    let samples = scrape(&metrics);
    for label in ["\"orders\"", "\"web\"", "[::1]", "\"mobile\"", "\"fast\""] {
        assert!(!samples.keys().any(|series| series.contains(label)), "{label}");
    }
    assert!(samples.contains_key("architrave_requests_total{route=\"(none)\",class=\"4xx\"}"));
}

#[test]
fn sources_are_asked_at_every_scrape() {
    let metrics = Metrics::new(1);
    metrics.add_source(Box::new(|sink| {
        sink.gauge(Metric::EndpointInFlight, &["orders", "127.0.0.1:1"], 3.0);
    }));
    let series = "architrave_endpoint_in_flight{upstream=\"orders\",endpoint=\"127.0.0.1:1\"}";
    for _scrape in 0..2 {
        assert_eq!(scrape(&metrics).get(series), Some(&3.0));
    }
}

#[test]
fn everything_listed_can_be_exposed() {
    let metrics = busy();
    metrics.add_source(Box::new(|sink| {
        for metric in [
            Metric::EndpointAvailable,
            Metric::EndpointInFlight,
            Metric::EndpointWeight,
            Metric::EndpointEjections,
        ] {
            sink.count(metric, &["orders", "[::1]:9001"], 1);
        }
        let lane = ["fast", "openai", "gpt-4o", "main"];
        sink.count(Metric::LlmLaneAvailable, &lane, 0);
        let [model, provider, upstream_model, credential] = lane;
        let lane = [model, provider, upstream_model, credential, "denied"];
        sink.gauge(Metric::LlmLaneRest, &lane, 2.5);
        for metric in [Metric::LlmBudgetLimit, Metric::LlmBudgetSpent, Metric::LlmBudgetReserved] {
            sink.count(metric, &["mobile", "tokens", "day"], 1);
        }
        for metric in [Metric::LlmTokenLimit, Metric::LlmTokenLimitUsed] {
            sink.count(metric, &["mobile", "minute"], 1);
        }
        sink.count(Metric::GuardrailFindings, &["routes/ai", "masked"], 1);
        sink.count(Metric::CertificateNotAfter, &["site.pem"], 1);
        sink.count(Metric::AccessLogLines, &["written"], 1);
        sink.count(Metric::LogLines, &["written"], 1);
        for metric in [Metric::StoreUp, Metric::UsageEvents, Metric::UsageOthers, Metric::UsageUp] {
            sink.count(metric, &[], 1);
        }
        sink.count(Metric::UsageDropped, &["queue_full"], 1);
        sink.count(Metric::UsageWrites, &["ok"], 1);
        sink.count(Metric::UsageRequests, &["kept"], 1);
        let workers = WorkerMetrics::new(1);
        workers.came(0, Duration::ZERO, Duration::ZERO);
        workers.sample(Moment::ZERO, sink);
    }));
    let samples = scrape(&metrics);
    for metric in Metric::ALL {
        let suffix = if metric.kind() == Kind::Histogram { "_count" } else { "" };
        let name = format!("{}{suffix}", metric.name());
        let is_shown = samples.keys().any(|series| series.split('{').next() == Some(&name));
        assert!(is_shown, "{name}");
    }
}

#[test]
fn the_reference_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let page = metric::reference();
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found != page {
        std::fs::write(&path, page).unwrap();
        panic!("docs/metrics.md was stale and has been rewritten; commit it");
    }
}
