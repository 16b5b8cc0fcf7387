//! The Prometheus text format, parsed strictly enough to catch a malformed page.

use std::collections::BTreeMap;

/// One line of a metrics page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name.
    pub name: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

/// A metrics page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Its samples, in order.
    pub samples: Vec<Sample>,
    /// The types it declares.
    pub types: BTreeMap<String, String>,
    /// The help texts it declares.
    pub helps: BTreeMap<String, String>,
}

impl Metrics {
    /// Parses a page.
    ///
    /// # Panics
    /// When a line is malformed.
    #[must_use]
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some((name, kind)) = strip_word(line, "# TYPE ") {
                page.types.insert(name, kind);
            } else if let Some((name, help)) = strip_word(line, "# HELP ") {
                page.helps.insert(name, help);
            } else if !line.starts_with('#') {
                let sample = parse_sample(line);
                page.samples
                    .push(sample.unwrap_or_else(|| panic!("malformed metrics line {line:?}")));
            }
        }
        page
    }

    /// The sum of all samples of a name whose labels include these; 0 when there is none.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let named = self.samples.iter().filter(|sample| sample.name == name);
        let chosen = named.filter(|sample| {
            labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|v| v == value))
        });
        chosen.map(|sample| sample.value).sum()
    }

    /// Whether there is a sample of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.samples.iter().any(|sample| sample.name == name)
    }
}

fn strip_word(line: &str, prefix: &str) -> Option<(String, String)> {
    let (name, rest) = line.strip_prefix(prefix)?.split_once(' ')?;
    Some((name.to_owned(), rest.to_owned()))
}

fn parse_sample(line: &str) -> Option<Sample> {
    let name_end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(name_end);
    let mut labels = BTreeMap::new();
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(inner) => parse_labels(inner, &mut labels)?,
    };
    let value = rest.trim().split(' ').next()?;
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

/// Reads labels up to the closing brace and gives what follows.
fn parse_labels<'a>(mut text: &'a str, labels: &mut BTreeMap<String, String>) -> Option<&'a str> {
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return Some(rest);
        }
        let (key, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next()? {
                (place, '"') => break place,
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.insert(key.to_owned(), value);
        text = rest[end + 1..].trim_start_matches(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_summed_by_labels() {
        let page = Metrics::parse(
            "# HELP a_total what it is\n# TYPE a_total counter\na_total{route=\"x\",class=\"2xx\"} 3\n\
             a_total{route=\"y\",class=\"2xx\"} 4\nb 1.5\nc{quote=\"a\\\"b,}\"} 2\n",
        );
        assert_eq!(page.sum("a_total", &[("class", "2xx")]), 7.0);
        assert_eq!(page.sum("a_total", &[("route", "x")]), 3.0);
        assert_eq!(page.sum("b", &[]), 1.5);
        assert_eq!(page.samples[3].labels["quote"], "a\"b,}");
        assert_eq!(page.types["a_total"], "counter");
    }

    #[test]
    fn a_malformed_line_is_no_sample() {
        assert_eq!(parse_sample("a_total{route=\"x} 3"), None);
        assert_eq!(parse_sample("a_total three"), None);
    }
}
