//! A set of routes as large gateways have them, and the requests that hit each of them once.
//!
//! Of every ten routes two are wildcard hosts, one is a regex and seven are prefixes; ten sites
//! of a hundred routes make a thousand. Deterministic, so that two runs measure the same thing.

use std::fmt::Write;

/// Routes of one site.
const SITE_ROUTES: usize = 100;

/// The `routes:` block of a gateway file, all leading to the service `origin`.
pub(crate) fn yaml(count: usize) -> String {
    let mut text = String::from("routes:\n");
    for index in 0..count {
        let site = index / SITE_ROUTES;
        let rule = match index % 10 {
            0 | 1 => format!("hosts: [\"*.w{index}.example\"]"),
            2 => format!(
                "hosts: [s{site}.example], match: [{{ path: {{ regex: \"/r{index}/[0-9]+\" }} }}]"
            ),
            _ => format!("hosts: [s{site}.example], match: [{{ path: {{ prefix: /p{index} }} }}]"),
        };
        writeln!(text, "  - {{ name: r{index}, {rule}, service: origin }}")
            .expect("writing to a string cannot fail");
    }
    text
}

/// Host and path that hit route `index`.
fn hit(index: usize) -> (String, String) {
    let site = index / SITE_ROUTES;
    match index % 10 {
        0 | 1 => (format!("a.w{index}.example"), "/".to_owned()),
        2 => (format!("s{site}.example"), format!("/r{index}/42")),
        _ => (format!("s{site}.example"), format!("/p{index}/x")),
    }
}

/// A wrk script that hits every route in turn, in a scattered order.
pub(crate) fn script(count: usize) -> String {
    // A stride coprime to 10, 100, 1,000 and 10,000, so that neighbours do not follow each other.
    let stride = 7919;
    let mut text = String::from("local requests = {\n");
    for step in 0..count {
        let (host, path) = hit(step * stride % count);
        writeln!(text, "  \"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n\",")
            .expect("writing to a string cannot fail");
    }
    text.push_str("}\nlocal at, count = 0, #requests\nfunction request()\n");
    text.push_str("  at = at % count + 1\n  return requests[at]\nend\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_hit_once() {
        let script = script(1000);
        for index in 0..1000 {
            let (host, path) = hit(index);
            let line = format!("GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\n");
            assert_eq!(script.matches(&line).count(), 1, "{line}");
        }
    }

    #[test]
    fn a_fifth_are_wildcards_and_a_tenth_are_regexes() {
        let yaml = yaml(1000);
        assert_eq!(yaml.matches("\"*.").count(), 200);
        assert_eq!(yaml.matches("regex:").count(), 100);
    }
}
