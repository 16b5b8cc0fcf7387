//! `GET /metrics`: a scrape, in the dialect that the scraper likes best.

use architrave_telemetry::Format;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};

use crate::operation::Desk;

pub(crate) async fn run(State(dependencies): State<Desk>, headers: HeaderMap) -> Response {
    let format = preferred(&headers);
    let mut body = String::new();
    dependencies.metrics.encode_as(format, &mut body);
    ([(CONTENT_TYPE, format.content_type())], body).into_response()
}

/// The one listed first: every scraper lists what it likes best first, so weights are not read.
fn preferred(headers: &HeaderMap) -> Format {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(',')).map(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    });
    match types.find(|range| matches!(range.as_str(), "text/plain" | OPEN_METRICS)).as_deref() {
        Some(OPEN_METRICS) => Format::OpenMetrics,
        _ => Format::Prometheus,
    }
}

const OPEN_METRICS: &str = "application/openmetrics-text";
