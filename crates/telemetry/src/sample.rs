//! One scrape: samples are gathered by metric and printed as Prometheus text or OpenMetrics.
//!
//! Written here rather than by a library: the format is a page long, and both its dialects come
//! from one pass over the objects, with names only from the list in `core`.

use std::fmt::Write as _;

use architrave_core::metric::{Kind, Metric};

use crate::tally::{Bounds, HistogramTotal};

/// The dialect of a scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text, version 0.0.4.
    #[default]
    Prometheus,
    /// OpenMetrics text, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// The media type of the answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Where samples are put while a scrape is made.
#[derive(Debug)]
pub struct SampleSink {
    /// The lines of each metric, by [`Metric::index`]; samples of one metric must stand together.
    lines: Vec<String>,
}

impl SampleSink {
    pub(crate) fn new() -> Self {
        Self { lines: vec![String::new(); Metric::ALL.len()] }
    }

    /// One whole value. `labels` are the values of [`Metric::labels`], in that order.
    pub fn count(&mut self, metric: Metric, labels: &[&str], value: u64) {
        self.begin(metric, "", labels, None);
        let _infallible = writeln!(self.lines[metric.index()], " {value}");
    }

    /// One value that may be a fraction. `labels` are as for [`SampleSink::count`].
    pub fn gauge(&mut self, metric: Metric, labels: &[&str], value: f64) {
        self.begin(metric, "", labels, None);
        let _infallible = writeln!(self.lines[metric.index()], " {}", Number(value));
    }

    pub(crate) fn histogram(
        &mut self,
        metric: Metric,
        labels: &[&str],
        bounds: &Bounds,
        total: &HistogramTotal,
    ) {
        let place = metric.index();
        let mut running = 0_u64;
        let ends = bounds.iter().map(|nanos| Number(seconds(*nanos)));
        for (end, count) in ends.chain([Number(f64::INFINITY)]).zip(total.buckets) {
            running = running.wrapping_add(count);
            self.begin(metric, "_bucket", labels, Some(end));
            let _infallible = writeln!(self.lines[place], " {running}");
        }
        self.begin(metric, "_sum", labels, None);
        let _infallible = writeln!(self.lines[place], " {}", Number(seconds(total.sum_nanos)));
        self.begin(metric, "_count", labels, None);
        let _infallible = writeln!(self.lines[place], " {running}");
    }

    fn begin(&mut self, metric: Metric, suffix: &str, labels: &[&str], end: Option<Number>) {
        debug_assert_eq!(metric.labels().len(), labels.len(), "labels of {}", metric.name());
        let line = &mut self.lines[metric.index()];
        line.push_str(metric.name());
        line.push_str(suffix);
        let mut open = '{';
        for (name, value) in metric.labels().iter().zip(labels) {
            line.push(open);
            line.push_str(name);
            line.push_str("=\"");
            push_escaped(line, value, true);
            line.push('"');
            open = ',';
        }
        if let Some(end) = end {
            let _infallible = write!(line, "{open}le=\"{end}\"");
            open = ',';
        }
        if open == ',' {
            line.push('}');
        }
    }

    /// Prints every metric that has samples, in the order of the list.
    pub(crate) fn print(self, format: Format, out: &mut String) {
        for (metric, lines) in Metric::ALL.iter().zip(self.lines) {
            if lines.is_empty() {
                continue;
            }
            let family = match (format, metric.kind()) {
                (Format::OpenMetrics, Kind::Counter) => {
                    metric.name().strip_suffix("_total").unwrap_or(metric.name())
                }
                _ => metric.name(),
            };
            let _infallible = writeln!(out, "# TYPE {family} {}", metric.kind().as_str());
            if let (Format::OpenMetrics, Some(unit)) = (format, metric.unit()) {
                let _infallible = writeln!(out, "# UNIT {family} {unit}");
            }
            let _infallible = write!(out, "# HELP {family} ");
            push_escaped(out, metric.help(), format == Format::OpenMetrics);
            out.push('\n');
            out.push_str(&lines);
        }
        if format == Format::OpenMetrics {
            out.push_str("# EOF\n");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of years in nanoseconds may lose some")]
fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// A number as both dialects want it: `0.5`, `1.0`, `+Inf`.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_nan() {
            formatter.write_str("NaN")
        } else if self.0.is_infinite() {
            formatter.write_str(if self.0 > 0.0 { "+Inf" } else { "-Inf" })
        } else {
            write!(formatter, "{:?}", self.0)
        }
    }
}

fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(format: Format, fill: impl Fn(&mut SampleSink)) -> String {
        let mut sink = SampleSink::new();
        fill(&mut sink);
        let mut out = String::new();
        sink.print(format, &mut out);
        out
    }

    #[test]
    fn samples_of_one_metric_stand_together() {
        let text = print(Format::Prometheus, |sink| {
            sink.count(Metric::UpstreamRetries, &["a"], 1);
            sink.count(Metric::Panics, &[], 2);
            sink.count(Metric::UpstreamRetries, &["b"], 3);
        });
        assert_eq!(
            text,
            "# TYPE architrave_panics_total counter\n\
             # HELP architrave_panics_total Panics caught; each cost one exchange or connection \
             and is in the log.\n\
             architrave_panics_total 2\n\
             # TYPE architrave_upstream_retries_total counter\n\
             # HELP architrave_upstream_retries_total Attempts made because an earlier one \
             failed.\n\
             architrave_upstream_retries_total{upstream=\"a\"} 1\n\
             architrave_upstream_retries_total{upstream=\"b\"} 3\n"
        );
    }

    #[test]
    fn label_values_are_escaped() {
        let text = print(Format::Prometheus, |sink| {
            sink.gauge(Metric::CertificateNotAfter, &["a\"b\\c\nd"], 1.5);
        });
        assert!(text.ends_with("{certificate=\"a\\\"b\\\\c\\nd\"} 1.5\n"), "{text}");
    }

    #[test]
    fn open_metrics_names_the_family_without_total_and_ends() {
        let text = print(Format::OpenMetrics, |sink| {
            sink.count(Metric::RequestBytes, &["r"], 7);
        });
        assert!(text.starts_with("# TYPE architrave_request_bytes counter\n"), "{text}");
        assert!(text.contains("# UNIT architrave_request_bytes bytes\n"), "{text}");
        assert!(text.contains("\narchitrave_request_bytes_total{route=\"r\"} 7\n"), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
