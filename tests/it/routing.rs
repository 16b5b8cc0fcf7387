//! Which route takes a request, by host, path, method, header, query and cookie, and which of
//! several that would.

mod actions;
mod precedence;
mod split;

use architrave_testkit::client::request;
use architrave_testkit::{Client, Config, Gateway, Origin, Response};

/// A gateway with one origin behind each route; the answer's body is the name of the route.
struct Routed {
    gateway: Gateway,
    _origins: Vec<Origin>,
}

impl Routed {
    fn start(routes: &[(&str, &str)]) -> Self {
        let origins: Vec<_> = routes.iter().map(|(name, _)| Origin::named(name)).collect();
        let mut config = Config::new().web();
        for ((name, more), origin) in routes.iter().zip(&origins) {
            config = config.upstream(name, &[origin.addr()], "");
            config = config.route(name, &format!("service: {name}\n{more}"));
        }
        Self { gateway: Gateway::start(config), _origins: origins }
    }

    fn ask(&self, method: &str, host: &str, target: &str, fields: &[&str]) -> Response {
        Client::connect(self.gateway.web()).ask(request(method, host, target, fields))
    }

    /// Wants `host/target` to be taken by a route, or by none (`-`).
    #[track_caller]
    fn check(&self, url: &str, expected: &str) {
        self.check_with("GET", url, &[], expected);
    }

    #[track_caller]
    fn check_with(&self, method: &str, url: &str, fields: &[&str], expected: &str) {
        let (host, path) = url.split_once('/').expect("host and path");
        let response = self.ask(method, host, &format!("/{path}"), fields);
        let taken = match response.status {
            404 => {
                assert_eq!(response.reason(), "no_route");
                "-".to_owned()
            }
            200 => response.text(),
            other => panic!("{method} {url} {fields:?}: {other} {}", response.text()),
        };
        assert_eq!(taken, expected, "{method} {url} {fields:?}");
    }
}

#[test]
fn hosts_match_exactly_or_by_wildcard() {
    let routed = Routed::start(&[
        ("exact", "hosts: [api.example.com]"),
        ("wild", "hosts: [\"*.example.com\"]"),
        ("deep", "hosts: [\"*.deep.example.com\"]"),
        ("two", "hosts: [one.example.net, two.example.net]"),
    ]);
    routed.check("api.example.com/", "exact");
    routed.check("API.Example.COM/", "exact");
    routed.check("api.example.com:8080/", "exact");
    routed.check("www.example.com/", "wild");
    routed.check("a.b.example.com/", "wild");
    routed.check("x.deep.example.com/", "deep");
    routed.check("x.y.deep.example.com:1/", "deep");
    routed.check("deep.example.com/", "wild");
    routed.check("example.com/", "-");
    routed.check("notexample.com/", "-");
    routed.check("api.example.com.evil.test/", "-");
    routed.check("two.example.net/", "two");
    routed.check("three.example.net/", "-");
}

#[test]
fn an_absolute_target_names_the_host() {
    let routed =
        Routed::start(&[("good", "hosts: [good.example]"), ("evil", "hosts: [evil.example]")]);
    let response = routed.ask("GET", "evil.example", "http://good.example/", &[]);
    assert_eq!(response.text(), "good");
}

#[test]
fn prefixes_match_by_element() {
    let routed = Routed::start(&[
        ("a", "match: [{ path: { prefix: /a } }]"),
        ("slash", "match: [{ path: { prefix: /s/ } }]"),
    ]);
    for path in ["h/a", "h/a/", "h/a/b", "h/a?x=/b", "h/a/b/c?d"] {
        routed.check(path, "a");
    }
    for path in ["h/ab", "h/", "h/A", "h/b/a", "h/b?/a"] {
        routed.check(path, "-");
    }
    routed.check("h/s/x", "slash");
    routed.check("h/sx", "-");
}

#[test]
fn exact_paths_match_exactly() {
    let routed = Routed::start(&[("a", "match: [{ path: { exact: /a/b } }]")]);
    routed.check("h/a/b", "a");
    routed.check("h/a/b?x=1", "a");
    for path in ["h/a/b/", "h/a/bc", "h/a", "h/A/b", "h/"] {
        routed.check(path, "-");
    }
}

#[test]
fn regular_expressions_match_the_whole_path() {
    let routed = Routed::start(&[("a", r#"match: [{ path: { regex: "/v[0-9]+/users/[^/]+" } }]"#)]);
    routed.check("h/v1/users/ada", "a");
    routed.check("h/v12/users/ada?x=1", "a");
    for path in ["h/v1/users/", "h/v1/users/ada/x", "h/x/v1/users/ada", "h/v/users/ada"] {
        routed.check(path, "-");
    }
}

#[test]
fn the_path_is_matched_in_its_canonical_form() {
    let routed = Routed::start(&[
        ("secret", "match: [{ path: { prefix: /secret } }]"),
        ("open", "match: [{ path: { prefix: /open } }]"),
    ]);
    routed.check("h/open/../secret", "secret");
    routed.check("h/open/./x", "open");
    routed.check("h/%73ecret", "secret");
    routed.check("h/open/%2e%2e/secret/x", "secret");
    routed.check("h/x/..//secret/../open", "open");
}

#[test]
fn methods_restrict_a_match() {
    let routed = Routed::start(&[
        ("read", "match: [{ methods: [GET, HEAD] }]"),
        ("write", "match: [{ path: { prefix: /w }, methods: [POST] }]"),
    ]);
    routed.check_with("GET", "h/w", &[], "read");
    routed.check_with("POST", "h/w", &["Content-Length: 0"], "write");
    routed.check_with("POST", "h/x", &["Content-Length: 0"], "-");
    routed.check_with("DELETE", "h/w", &[], "-");
    routed.check_with("get", "h/w", &[], "-");
}

#[test]
fn headers_restrict_a_match() {
    let routed = Routed::start(&[
        ("exact", "match: [{ headers: { x-a: { exact: one } } }]"),
        ("prefix", "match: [{ headers: { X-B: { prefix: pre } } }]"),
        ("regex", "match: [{ headers: { x-c: { regex: \"[0-9]+\" } } }]"),
        ("present", "match: [{ headers: { x-d: { present: true } } }]"),
        ("both", "match: [{ headers: { x-e: { exact: \"1\" }, x-f: { exact: \"2\" } } }]"),
    ]);
    routed.check_with("GET", "h/", &["X-A: one"], "exact");
    routed.check_with("GET", "h/", &["X-A: One"], "-");
    routed.check_with("GET", "h/", &["X-A: one two"], "-");
    routed.check_with("GET", "h/", &["x-b: prefixed"], "prefix");
    routed.check_with("GET", "h/", &["x-b: a prefix"], "-");
    routed.check_with("GET", "h/", &["x-c: 42"], "regex");
    routed.check_with("GET", "h/", &["x-c: a42"], "-");
    routed.check_with("GET", "h/", &["x-d:"], "present");
    routed.check_with("GET", "h/", &["x-e: 1"], "-");
    routed.check_with("GET", "h/", &["x-f: 2", "x-e: 1"], "both");
    routed.check("h/", "-");
}

#[test]
fn a_header_must_be_absent_when_the_file_says_so() {
    let routed =
        Routed::start(&[("anonymous", "match: [{ headers: { x-user: { present: false } } }]")]);
    routed.check("h/", "anonymous");
    routed.check_with("GET", "h/", &["X-User: ada"], "-");
}

#[test]
fn query_parameters_restrict_a_match() {
    let routed = Routed::start(&[
        ("exact", "match: [{ query: { mode: { exact: fast } } }]"),
        ("present", "match: [{ query: { beta: { present: true } } }]"),
        ("encoded", "match: [{ query: { q: { exact: \"a b\" } } }]"),
    ]);
    routed.check("h/?mode=fast", "exact");
    routed.check("h/?x=1&mode=fast&y", "exact");
    routed.check("h/?mode=faster", "-");
    routed.check("h/?Mode=fast", "-");
    routed.check("h/?beta", "present");
    routed.check("h/?beta=", "present");
    routed.check("h/?alphabeta=1", "-");
    routed.check("h/?q=a%20b", "encoded");
    routed.check("h/?q=a+b", "encoded");
}

#[test]
fn cookies_restrict_a_match() {
    let routed = Routed::start(&[("b", "match: [{ cookies: { cohort: { exact: b } } }]")]);
    routed.check_with("GET", "h/", &["Cookie: cohort=b"], "b");
    routed.check_with("GET", "h/", &["Cookie: a=1; cohort=b; c=3"], "b");
    routed.check_with("GET", "h/", &["Cookie: a=1", "Cookie: cohort=b"], "b");
    routed.check_with("GET", "h/", &["Cookie: xcohort=b"], "-");
    routed.check_with("GET", "h/", &["Cookie: cohort=bb"], "-");
    routed.check_with("GET", "h/", &["Cookie: x=cohort=b"], "-");
    routed.check("h/", "-");
}

#[test]
fn several_matches_of_a_route_are_alternatives() {
    let routed = Routed::start(&[(
        "a",
        "match: [{ path: { exact: /x } }, { headers: { x-y: { present: true } } }]",
    )]);
    routed.check("h/x", "a");
    routed.check_with("GET", "h/z", &["X-Y: 1"], "a");
    routed.check("h/z", "-");
}

#[test]
fn routes_belong_to_the_listeners_they_name() {
    let (one, two, both) = (Origin::named("one"), Origin::named("two"), Origin::named("both"));
    let config = Config::new()
        .listener("first", "protocol: http")
        .listener("second", "protocol: http")
        .upstream("one", &[one.addr()], "")
        .upstream("two", &[two.addr()], "")
        .upstream("both", &[both.addr()], "")
        .route("one", "listeners: [first]\nservice: one\nmatch: [{ path: { prefix: /x } }]")
        .route("two", "listeners: [second]\nservice: two\nmatch: [{ path: { prefix: /x } }]")
        .route("both", "service: both");
    let gateway = Gateway::start(config);
    let ask = |listener: &str, path: &str| {
        Client::connect(gateway.addr(listener)).get("h", path, &[]).text()
    };
    assert_eq!((ask("first", "/x"), ask("second", "/x")), ("one".into(), "two".into()));
    assert_eq!((ask("first", "/y"), ask("second", "/y")), ("both".into(), "both".into()));
}

#[test]
fn ten_thousand_routes_are_told_apart() {
    let _turn = architrave_testkit::heavy::turn();
    let origin = Origin::start(|exchange| {
        let route = exchange.request().get("x-route").unwrap_or("?").to_owned();
        exchange.reply(200, &[], route);
    });
    let mut config = Config::new().web().upstream("origin", &[origin.addr()], "");
    for n in 0..10_000 {
        let (host, path) = match n % 10 {
            0 | 5 => (format!("\"*.h{n}.example\""), format!("prefix: /p{n}")),
            7 => (format!("h{}.example", n % 100), format!("regex: \"/r{n}/[a-z]+\"")),
            _ => (format!("h{}.example", n % 100), format!("prefix: /p{n}")),
        };
        config = config.route(
            &format!("route-{n}"),
            &format!(
                "hosts: [{host}]\nmatch: [{{ path: {{ {path} }} }}]\nservice: origin\n\
                 policies: {{ headers: {{ request: {{ set: {{ x-route: \"{n}\" }} }} }} }}"
            ),
        );
    }
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.web());
    for n in (0..10_000).step_by(37) {
        let (host, path) = match n % 10 {
            0 | 5 => (format!("a.h{n}.example"), format!("/p{n}/x")),
            7 => (format!("h{}.example", n % 100), format!("/r{n}/abc")),
            _ => (format!("h{}.example", n % 100), format!("/p{n}")),
        };
        assert_eq!(client.get(&host, &path, &[]).text(), n.to_string(), "{host}{path}");
    }
}
