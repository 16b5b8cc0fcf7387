//! The tables beside a plain reading of the rules: try every match of every route, take the best.

use std::cmp::Reverse;

use regex::Regex;

use super::*;

const HOSTS: [&str; 6] = ["a.b.c", "x.b.c", "b.c", "c", "z", ""];
const PATHS: [&str; 12] =
    ["/", "/a", "/a/", "/ab", "/a/b", "/a/b/", "/a/b/c", "/a/12", "/a/1", "/b/1", "/c", "/a//b"];

/// One match of one route.
#[derive(Clone, Debug)]
struct Line {
    host: Option<HostPattern>,
    wanted: RouteMatch,
}

impl Line {
    fn random(random: &mut fastrand::Rng) -> Self {
        let host = match random.u8(0..4) {
            0 => None,
            1 => Some(HostPattern::Exact(HOSTS[random.usize(0..5)].into())),
            _ => Some(HostPattern::Wildcard(["b.c", "c", "z"][random.usize(0..3)].into())),
        };
        let path = match random.u8(0..4) {
            0 => PathMatch::Exact(PATHS[random.usize(0..PATHS.len())].into()),
            1 => {
                let pattern = ["/a/[0-9]+", "/a.*", "/a/b|/a/1", ".*", "/[ab]/1", "/a/[0-9]"];
                let pattern = pattern[random.usize(0..pattern.len())];
                PathMatch::Regex(Regex::new(&format!("^(?:{pattern})$")).unwrap())
            }
            _ => PathMatch::Prefix(["", "/a", "/a/b", "/ab", "/b"][random.usize(0..5)].into()),
        };
        let methods = if random.u8(0..4) == 0 { vec!["POST".into()] } else { Vec::new() };
        let headers = match random.u8(0..4) {
            0 => vec![("x-t".to_owned(), ValueMatch::Present(true))],
            _ => Vec::new(),
        };
        Self { host, wanted: RouteMatch { path, methods, headers, ..prefix("") } }
    }

    /// How well it fits, the best greatest; `None` when it does not.
    fn fits(&self, head: &RequestHead, host: &str, path: &str) -> Option<impl Ord + use<>> {
        let host = match &self.host {
            None => (0, 0),
            Some(HostPattern::Exact(wanted)) => (host == wanted).then_some((2, 0))?,
            Some(HostPattern::Wildcard(suffix)) => {
                host.strip_suffix(suffix.as_str())?.ends_with('.').then_some((1, suffix.len()))?
            }
        };
        let path = match &self.wanted.path {
            PathMatch::Exact(wanted) => (path == wanted).then_some((2, 0, 0))?,
            PathMatch::Regex(regex) => {
                let pattern = regex.as_str();
                let literal = &pattern["^(?:".len()..pattern.len() - ")$".len()];
                let literal = if literal == "/a/b|/a/1" { "/a/" } else { literal };
                let beginning = literal.find(['[', '.']).unwrap_or(literal.len());
                regex.is_match(path).then_some((1, beginning, pattern.len()))?
            }
            PathMatch::Prefix(wanted) => {
                let rest = path.strip_prefix(wanted.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then_some((0, wanted.len(), 0))?
            }
        };
        let (methods, headers) = (&self.wanted.methods, &self.wanted.headers);
        let holds = (methods.is_empty() || head.method == Method::Post)
            && (headers.is_empty() || head.fields.get("x-t").is_some());
        holds.then_some((host, path, !methods.is_empty(), headers.len()))
    }
}

#[test]
fn the_tables_choose_what_a_plain_reading_of_the_rules_chooses() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut found_count = 0;
    for _ in 0..300 {
        let lines: Vec<Line> =
            (0..random.usize(1..25)).map(|_| Line::random(&mut random)).collect();
        let mut builder = HostTablesBuilder::default();
        for (position, line) in lines.iter().enumerate() {
            let hosts: Vec<_> = line.host.clone().into_iter().collect();
            builder.add(&hosts, std::slice::from_ref(&line.wanted), &position);
        }
        let tables = builder.build();
        for (host, path) in HOSTS.iter().flat_map(|host| PATHS.map(|path| (host, path))) {
            let mut head = RequestHead { target: path.into(), ..RequestHead::default() };
            head.method = if random.bool() { Method::Post } else { Method::Get };
            if random.bool() {
                head.fields.append("X-T", b"1");
            }
            let fits = |(position, line): (usize, &Line)| {
                Some((line.fits(&head, host, path)?, Reverse(position)))
            };
            let best = lines.iter().enumerate().filter_map(fits).max();
            let expected = best.map(|(_, Reverse(position))| position);
            let found = tables.find(&RequestFacts::new(&head, host, path)).copied();
            assert_eq!(found, expected, "{host}{path} {head:?} among {lines:#?}");
            found_count += usize::from(found.is_some());
        }
    }
    assert!(found_count > 5_000, "most requests find a route: {found_count}");
}
