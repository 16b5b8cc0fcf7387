//! A set of routes as large gateways have them, and requests that hit all of them evenly.
//!
//! Of every ten routes two are wildcard hosts, one is a regex and seven are prefixes; ten sites
//! of a hundred routes make a thousand. Deterministic, so that two runs measure the same thing.
//! However many routes there are, there are as many requests, all different and equally long: what
//! differs between two sets is what the gateway does, not what the load generator does.

use std::fmt::Write;

use super::load::wrk_script;

/// Routes of one site.
const SITE_ROUTES: usize = 100;

/// Requests in a script.
const REQUESTS: usize = 10_000;

/// The `routes:` block of a gateway file, all leading to the service `origin`.
pub(crate) fn yaml(count: usize) -> String {
    let mut text = String::from("routes:\n");
    for index in 0..count {
        let site = index / SITE_ROUTES;
        let host = format!("hosts: [s{site:02}.example]");
        let rule = match index % 10 {
            0 | 1 => format!("hosts: [\"*.w{index:04}.example\"]"),
            2 => format!("{host}, match: [{{ path: {{ regex: \"/r{index:04}/[0-9]+\" }} }}]"),
            _ => format!("{host}, match: [{{ path: {{ prefix: /p{index:04} }} }}]"),
        };
        writeln!(text, "  - {{ name: r{index}, {rule}, service: origin }}")
            .expect("writing to a string cannot fail");
    }
    text
}

/// Host and path that hit route `index`, different for each `step`.
fn hit(index: usize, step: usize) -> (String, String) {
    let site = index / SITE_ROUTES;
    match index % 10 {
        0 | 1 => (format!("a.w{index:04}.example"), format!("/{step:04}")),
        2 => (format!("s{site:02}.example"), format!("/r{index:04}/{step:04}")),
        _ => (format!("s{site:02}.example"), format!("/p{index:04}/{step:04}")),
    }
}

/// A wrk script that hits every one of `count` routes in turn, in a scattered order; `count`
/// divides the number of requests.
pub(crate) fn script(count: usize) -> String {
    // A stride coprime to 10, 100, 1,000 and 10,000, so that neighbours do not follow each other.
    let stride = 7919;
    wrk_script((0..REQUESTS).map(|step| {
        let (host, path) = hit(step * stride % count, step);
        format!("GET {path} HTTP/1.1\nHost: {host}")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_hit_as_often() {
        let script = script(1000);
        for index in 0..1000 {
            let (host, path) = hit(index, 0);
            let path = path.trim_end_matches("0000");
            let is_hit = |line: &&str| {
                line.starts_with(&format!("  \"GET {path}"))
                    && line.contains(&format!("Host: {host}\\r"))
            };
            assert_eq!(script.lines().filter(is_hit).count(), REQUESTS / 1000, "{host}{path}");
        }
    }

    #[test]
    fn no_two_requests_are_the_same() {
        for count in [10, REQUESTS] {
            let script = script(count);
            let requests: std::collections::HashSet<&str> =
                script.lines().filter(|line| line.contains("GET")).collect();
            assert_eq!(requests.len(), REQUESTS);
        }
    }

    #[test]
    fn a_fifth_are_wildcards_and_a_tenth_are_regexes() {
        let yaml = yaml(1000);
        assert_eq!(yaml.matches("\"*.").count(), 200);
        assert_eq!(yaml.matches("regex:").count(), 100);
    }
}
