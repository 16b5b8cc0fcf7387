//! Paths that mean one thing to the gateway and another to an origin: there must be none.

use architrave_testkit::abuse::{RawH2, Verdict};
use architrave_testkit::client::get;
use architrave_testkit::{Config, Gateway, Origin};

/// Ways to write `/admin` behind `/public`, or around the rule that guards it.
const DISGUISES: &[&str] = &[
    "/admin",
    "/admin/",
    "/public/../admin",
    "/public/..//admin",
    "/public/./../admin",
    "/public/x/../../admin",
    "/public/%2e%2e/admin",
    "/public/%2E%2E/admin",
    "/public/.%2e/admin",
    "/public/%2e./admin",
    "/public/..%2fadmin",
    "/public/..%2Fadmin",
    "/public/%2e%2e%2fadmin",
    "/public/..%5cadmin",
    "/public/..%5Cadmin",
    "/public/..\\admin",
    "/public\\..\\admin",
    "/public/..;/admin",
    "/public/..;x=1/admin",
    "/public/;/../admin",
    "/public/%252e%252e/admin",
    "/public/..%252fadmin",
    "/public/%c0%ae%c0%ae/admin",
    "/public/..%c0%afadmin",
    "/public/..%00/admin",
    "/public%2f..%2fadmin",
    "/public%2f../admin",
    "/%61dmin",
    "/%41dmin/../admin",
    "//admin",
    "///admin",
    "/./admin",
    "/../admin",
    "/.././../admin",
    "/x/../admin",
    "/admin/.",
    "/admin/x/..",
    "/admin;x=1",
    "/admin%2f",
    "/public/../../../../admin/users",
];

#[test]
fn no_disguise_gets_past_the_guard() {
    check_disguises("");
}

#[test]
fn no_disguise_gets_past_the_guard_where_spellings_are_kept() {
    check_disguises("keep_spelling: true");
}

/// Sends every disguise, by HTTP/1.1 and HTTP/2, through routes that say `more`.
fn check_disguises(more: &str) {
    let (public, admin) = (Origin::named("public"), Origin::named("admin"));
    let config = Config::new()
        .web()
        .upstream("public", &[public.addr()], "")
        .upstream("admin", &[admin.addr()], "")
        .route(
            "public",
            &format!("match: [{{ path: {{ prefix: /public }} }}]\nservice: public\n{more}"),
        )
        .route(
            "admin",
            &format!(
                "match: [{{ path: {{ prefix: /admin }} }}]\nservice: admin\n\
                 policies: {{ key_auth: {{}} }}\n{more}"
            ),
        )
        .consumer("ada", "credentials: [{ api_key: correct-horse-battery }]");
    let gateway = Gateway::start(config);
    for path in DISGUISES {
        let status = get(gateway.web(), "a.example", path, &[]).status;
        assert!(matches!(status, 200 | 400 | 401 | 404), "{path}: {status}");
        let mut raw = RawH2::connect(gateway.web());
        raw.get(1, "a.example", path).expect("the request is taken");
        let verdict = raw.verdict(1);
        let is_held =
            matches!(verdict, Verdict::Answered(200 | 400 | 401 | 404) | Verdict::Refused);
        assert!(is_held, "{path}: {verdict:?}");
    }
    assert_eq!(admin.count(), 0, "{:?}", admin.requests());
    for request in public.requests() {
        let meant = as_a_careless_origin(&request.target);
        assert!(meant.starts_with("/public"), "{} means {meant} to some", request.target);
    }
}

#[test]
fn a_spelling_is_kept_where_it_means_the_same() {
    let origin = Origin::named("a");
    let config = Config::new()
        .web()
        .upstream("origin", &[origin.addr()], "")
        .route(
            "rewritten",
            "match: [{ path: { prefix: /old } }]\nservice: origin\nkeep_spelling: true\n\
             policies: { rewrite: { strip_prefix: /old } }",
        )
        .route("all", "service: origin\nkeep_spelling: true")
        .route("plain", "match: [{ path: { prefix: /plain } }]\nservice: origin");
    let gateway = Gateway::start(config);
    for (sent, expected) in [
        ("/a%2fb/%7euser?x=%41", "/a%2fb/%7euser?x=%41"),
        ("/a//b///c/", "/a//b///c/"),
        ("/store/https://x.example/y", "/store/https://x.example/y"),
        ("/%61bc;v=1", "/%61bc;v=1"),
        ("/a/./b//c", "/a/b/c"),
        ("/a/%2e%2e/b%2fc", "/b%2Fc"),
        ("//a%2fb", "/a%2Fb"),
        ("/a|b%2f", "/a%7Cb%2F"),
        ("/old/a//b%2fc", "/a/b%2Fc"),
        ("/plain//b%2fc", "/plain/b%2Fc"),
    ] {
        origin.forget();
        assert_eq!(get(gateway.web(), "h", sent, &[]).status, 200, "{sent}");
        assert_eq!(origin.only().target, expected, "{sent}");
        origin.forget();
        let mut raw = RawH2::connect(gateway.web());
        raw.get(1, "h", sent).expect("the request is taken");
        if raw.verdict(1) == Verdict::Answered(200) {
            assert_eq!(origin.only().target, expected, "{sent} by HTTP/2");
        }
    }
}

#[test]
fn routes_policies_and_the_origin_see_one_path() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let cases = [
        ("/a/./b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/a/%7Euser", "/a/~user"),
        ("/a/%7euser", "/a/~user"),
        ("/%61%62%63", "/abc"),
        ("/a/..", "/"),
        ("/a%20b?x=%41/../%2e", "/a%20b?x=%41/../%2e"),
        ("/a/%e2%82%ac", "/a/%E2%82%AC"),
        ("/...", "/..."),
        ("/a/.hidden", "/a/.hidden"),
        ("/a..b/c.", "/a..b/c."),
    ];
    for (sent, expected) in cases {
        origin.forget();
        assert_eq!(get(gateway.web(), "a.example", sent, &[]).status, 200, "{sent}");
        assert_eq!(origin.only().target, expected, "{sent}");
    }
}

#[test]
fn bytes_that_no_path_may_hold_are_refused() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    for path in [
        "/a%00b",
        "/a\\b",
        "/%",
        "/%4",
        "/%zz",
        "/a%",
        "/%u0041",
        "/..%2f..%2fetc/passwd",
        "/../../a",
    ] {
        let response = get(gateway.web(), "a.example", path, &[]);
        assert_eq!(response.status, 400, "{path}");
        assert_eq!(response.reason(), "bad_request");
    }
    assert_eq!(origin.count(), 0, "{:?}", origin.requests());
}

#[test]
fn an_encoded_slash_is_not_a_slash() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let config = Config::new()
        .web()
        .upstream("one", &[one.addr()], "")
        .upstream("two", &[two.addr()], "")
        .route("one", "match: [{ path: { exact: /projects/a/b } }]\nservice: one")
        .route("two", "match: [{ path: { prefix: /projects } }]\nservice: two");
    let gateway = Gateway::start(config);
    let response = get(gateway.web(), "h", "/projects/a%2Fb", &[]);
    assert_eq!((response.status, response.text().as_str()), (200, "two"));
    assert_eq!(two.only().target, "/projects/a%2Fb");
}

/// What the most careless origin makes of a target: everything decoded once, backslashes turned,
/// parameters dropped, then dots resolved.
fn as_a_careless_origin(target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = decode(path).replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
