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

#[test]
fn long_prefixes_are_found_at_segments_and_the_longest_first() {
    let long = |count: usize| format!("/{}", "a".repeat(count - 1));
    let mut builder = HostTablesBuilder::default();
    builder.add(&[], &[prefix(&long(61))], &"61");
    builder.add(&[], &[prefix(&long(62))], &"62");
    builder.add(&[], &[prefix(&long(63))], &"63");
    builder.add(&[], &[prefix(&long(64))], &"64");
    builder.add(&[], &[prefix(&format!("{}/b", long(64)))], &"66");
    builder.add(&[], &[prefix(&long(500))], &"500");
    let tables = builder.build();
    let none = |_: &mut RequestHead| {};
    for (path, expected) in [
        (long(60), None),
        (long(61), Some("61")),
        (long(62) + "/", Some("62")),
        (long(62) + "/x/y", Some("62")),
        (long(63), Some("63")),
        (long(63) + "/x", Some("63")),
        (long(64) + "/bb", Some("64")),
        (long(64) + "/b", Some("66")),
        (long(64) + "/b/c", Some("66")),
        (long(65), None),
        (long(65) + "/b", None),
        (long(500) + "/", Some("500")),
        (long(501), None),
        (format!("{}/{}", long(61), "é".repeat(300)), Some("61")),
        ("/é".repeat(300), None),
    ] {
        check(&tables, &format!("h{path}"), none, expected);
    }
}

#[test]
fn a_long_path_is_not_hashed_over_and_over() {
    let mut builder = HostTablesBuilder::default();
    let matches = ["", "/a", &format!("/{}", "a".repeat(80)), &"/".repeat(70), &"/".repeat(900)];
    builder.add(&[], &matches.map(prefix), &"any");
    let tables = builder.build();
    for path in ["/".repeat(8_192), "/a".repeat(4_096), "a".repeat(8_192)] {
        let looks: Vec<_> = tables.sites[0].beginnings(&path).map(str::len).collect();
        assert!(looks.len() <= 5 && looks.is_sorted_by(|a, b| a > b), "{looks:?}");
    }
}
