//! Answers as CSV (RFC 4180), for spreadsheets; nothing in it is a formula to them.

use serde_json::Value;

use super::{RequestBody, UsageBreakdown, UsageSeries, UsageTop};
use crate::usecase::csv::{line, text_of};

const SUMS: &str = "sums";

impl UsageSeries {
    /// One line for each point.
    pub(crate) fn to_csv(&self) -> String {
        let first = self.series.first().and_then(|series| series.group.as_object());
        let names: Vec<&str> =
            first.into_iter().flat_map(|group| group.keys().map(String::as_str)).collect();
        let mut out = String::new();
        let head = ["at"].into_iter().chain(names.iter().copied()).chain([self.metric.as_str()]);
        line(head, &mut out);
        for series in &self.series {
            let group: Vec<String> =
                names.iter().map(|name| text_of(&series.group[*name])).collect();
            for point in &series.points {
                let value = text_of(&point.value);
                let group = group.iter().map(String::as_str);
                line(
                    [point.at.as_str()].into_iter().chain(group).chain([value.as_str()]),
                    &mut out,
                );
            }
        }
        out
    }
}

impl UsageTop {
    /// One line for each name.
    pub(crate) fn to_csv(&self) -> String {
        let mut out = String::new();
        line([self.by.as_str(), self.metric.as_str()], &mut out);
        for one in &self.top {
            line([one.name.as_str(), text_of(&one.value).as_str()], &mut out);
        }
        out
    }
}

impl UsageBreakdown {
    /// One line for each row.
    pub(crate) fn to_csv(&self) -> String {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| serde_json::to_value(row).expect("our bodies are always JSON"))
            .collect();
        let sums: Vec<&str> = rows
            .first()
            .and_then(|row| row[SUMS].as_object())
            .into_iter()
            .flat_map(|sums| sums.keys().map(String::as_str))
            .collect();
        const QUANTILES: [&str; 5] = ["mean_us", "p50_us", "p90_us", "p95_us", "p99_us"];
        let spans = ["latency", "first_token"];
        let of_spans = spans.iter().flat_map(|span| QUANTILES.map(|one| format!("{span}_{one}")));
        let head: Vec<String> = self
            .by
            .iter()
            .copied()
            .chain(sums.iter().copied())
            .map(str::to_owned)
            .chain(of_spans)
            .collect();
        let mut out = String::new();
        line(head.iter().map(String::as_str), &mut out);
        for row in &rows {
            let group = self.by.iter().map(|name| text_of(&row["group"][*name]));
            let counts = sums.iter().map(|name| text_of(&row[SUMS][*name]));
            let spans =
                spans.iter().flat_map(|span| QUANTILES.map(|one| text_of(&row[*span][one])));
            let fields: Vec<String> = group.chain(counts).chain(spans).collect();
            line(fields.iter().map(String::as_str), &mut out);
        }
        out
    }
}

/// The columns of the request log.
const COLUMNS: [&str; 14] = [
    "id",
    "at",
    "request_id",
    "trace_id",
    "service",
    "route",
    "consumer",
    "team",
    "model",
    "method",
    "path",
    "status",
    "reason",
    "latency_us",
];

/// The head of the request log.
pub(super) fn requests_head(out: &mut String) {
    line(COLUMNS, out);
}

/// One exchange of the request log.
pub(super) fn request(row: &RequestBody, out: &mut String) {
    let value = serde_json::to_value(row).expect("our bodies are always JSON");
    let fields: Vec<String> = COLUMNS.iter().map(|name| text_of(&value[*name])).collect();
    line(fields.iter().map(String::as_str), out);
}
