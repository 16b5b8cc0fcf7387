//! Which route a host, a path and conditions lead to: the order of precedence, case by case.

use architrave_config::{HostPattern, PathMatch, RouteMatch, ValueMatch};
use architrave_net::{Method, RequestHead};

use super::*;

mod oracle;

fn prefix(path: &str) -> RouteMatch {
    RouteMatch {
        path: PathMatch::Prefix(path.into()),
        methods: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        cookies: Vec::new(),
    }
}

fn check(
    tables: &HostTables<&'static str>,
    target: &str,
    setup: impl Fn(&mut RequestHead),
    expected: Option<&str>,
) {
    let (host, target) = target.split_at(target.find('/').expect("a path"));
    let mut head = RequestHead { target: target.into(), ..RequestHead::default() };
    setup(&mut head);
    let facts = RequestFacts::new(&head, host, head.path());
    assert_eq!(tables.find(&facts).copied(), expected, "{host}{target}");
}

#[test]
fn a_narrower_host_wins_and_falls_back_to_wider_ones() {
    let mut builder = HostTablesBuilder::default();
    let exact = [HostPattern::Exact("a.example.com".into())];
    let near = [HostPattern::Wildcard("example.com".into())];
    let far = [HostPattern::Wildcard("com".into())];
    builder.add(&[], &[prefix("")], &"any");
    builder.add(&far, &[prefix("")], &"far");
    builder.add(&near, &[prefix("/near")], &"near");
    builder.add(&exact, &[prefix("/exact")], &"exact");
    let tables = builder.build();
    let none = |_: &mut RequestHead| {};
    check(&tables, "a.example.com/exact/x", none, Some("exact"));
    check(&tables, "a.example.com/near", none, Some("near"));
    check(&tables, "a.example.com/", none, Some("far"));
    check(&tables, "x.y.example.com/near", none, Some("near"));
    check(&tables, "example.com/near", none, Some("far"));
    check(&tables, "localhost/", none, Some("any"));
    check(&tables, "/", none, Some("any"));
}

#[test]
fn more_conditions_win_then_the_order_of_the_file() {
    let mut builder = HostTablesBuilder::default();
    builder.add(&[], &[prefix("/a")], &"plain");
    builder.add(&[], &[prefix("/a")], &"second");
    let header = ("x-t".to_owned(), ValueMatch::Exact("1".into()));
    builder.add(&[], &[RouteMatch { headers: vec![header.clone()], ..prefix("/a") }], &"header");
    builder.add(&[], &[RouteMatch { methods: vec!["POST".into()], ..prefix("/a") }], &"method");
    let query = ("q".to_owned(), ValueMatch::Present(true));
    builder.add(
        &[],
        &[RouteMatch { headers: vec![header], query: vec![query], ..prefix("/a") }],
        &"both",
    );
    builder.add(
        &[],
        &[RouteMatch {
            cookies: vec![("c".into(), ValueMatch::Prefix("b".into()))],
            ..prefix("/a")
        }],
        &"cookie",
    );
    let tables = builder.build();
    let with_header = |head: &mut RequestHead| head.fields.append("X-T", b"1");
    check(&tables, "h/a", |_| {}, Some("plain"));
    check(&tables, "h/a", with_header, Some("header"));
    check(&tables, "h/a?q=", with_header, Some("both"));
    check(&tables, "h/a", |head| head.fields.append("cookie", b"c=bc"), Some("cookie"));
    check(
        &tables,
        "h/a?q",
        |head| {
            with_header(head);
            head.method = Method::Post;
        },
        Some("method"),
    );
    check(&tables, "h/b", with_header, None);
}
