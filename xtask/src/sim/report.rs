//! Figures as a table: for the terminal, or as Markdown for `docs/balancing.md`.

use std::fmt::Write as _;
use std::time::Duration;

use super::figures::Figures;
use super::scenario::Scenario;

const HEADINGS: [&str; 8] =
    ["algorithm", "mean", "p50", "p99", "lost", "max/mean", "variation", "odd one"];

/// One scenario with the figures of every algorithm.
pub(super) fn table(
    scenario: &Scenario,
    rows: &[(&'static str, Figures)],
    markdown: bool,
) -> String {
    let cells: Vec<_> = rows.iter().map(|(name, figures)| row(name, figures)).collect();
    layout((scenario.name, scenario.about), &HEADINGS, &cells, markdown)
}

/// A table of a scenario, of which name and story are given; the first column is of words.
pub(super) fn layout(
    (name, about): (&str, &str),
    headings: &[&str],
    rows: &[Vec<String>],
    markdown: bool,
) -> String {
    let mut text = String::new();
    let title = if markdown { "### " } else { "== " };
    let _ = writeln!(text, "{title}{name}\n\n{about}\n");
    let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
    let lines = std::iter::once(&headings).chain(rows);
    for (number, line) in lines.enumerate() {
        if markdown {
            let _ = writeln!(text, "| {} |", line.join(" | "));
            if number == 0 {
                let _ = writeln!(text, "| --- |{}", " ---: |".repeat(headings.len() - 1));
            }
        } else {
            let _ = write!(text, "{:<18}", line[0]);
            for cell in &line[1..] {
                let _ = write!(text, "{cell:>16}");
            }
            text.push('\n');
        }
    }
    text
}

fn row(algorithm: &str, figures: &Figures) -> Vec<String> {
    let summary = figures.summary();
    let name = if algorithm == "first" { "first (limit 8)" } else { algorithm };
    vec![
        name.to_owned(),
        milliseconds(summary.mean),
        milliseconds(summary.p50),
        milliseconds(summary.p99),
        format!("{:.2} %", summary.lost_percent),
        format!("{:.2}", summary.max_over_mean),
        format!("{:.2}", summary.variation),
        summary.odd_share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}")),
    ]
}

fn milliseconds(span: Duration) -> String {
    format!("{:.1} ms", span.as_secs_f64() * 1e3)
}
