//! What a browser gets, whether or not the pages were built.

use super::*;

fn admin(public_url: Option<&str>) -> Admin {
    let mut admin = Admin::at(std::net::SocketAddr::from(([127, 0, 0, 1], 9080)));
    admin.public_url = public_url.map(str::to_owned);
    admin
}

fn get(path: &str, headers: &[(&str, &str)]) -> Request<Bytes> {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::new()).unwrap()
}

fn location(path: &str, headers: &[(&str, &str)]) -> Option<String> {
    let answer = answer(Surface::Admin, &admin(None), &get(path, headers))?;
    Some(answer.headers().get(header::LOCATION)?.to_str().unwrap().to_owned())
}

#[test]
fn a_browser_at_the_root_is_sent_to_the_console_and_a_program_is_not() {
    assert_eq!(location("/", &[("accept", "text/html,*/*;q=0.8")]).as_deref(), Some("console/"));
    assert_eq!(location("/console?a=b", &[]).as_deref(), Some("console/?a=b"));
    for accept in ["*/*", "application/json", "text/html;q=0"] {
        assert!(answer(Surface::Admin, &admin(None), &get("/", &[("accept", accept)])).is_none());
    }
}

#[test]
fn each_listener_has_its_own_pages_and_leaves_the_rest_to_the_api() {
    let is_ours = |surface, path| answer(surface, &admin(None), &get(path, &[])).is_some();
    assert!(is_ours(Surface::Admin, "/console/services/a"));
    assert!(is_ours(Surface::Portal, "/portal/"));
    for (surface, path) in [
        (Surface::Admin, "/portal/"),
        (Surface::Portal, "/console/"),
        (Surface::Admin, "/consoles"),
        (Surface::Admin, "/api/v1/services"),
    ] {
        assert!(!is_ours(surface, path), "{path}");
    }
    let mut post = get("/console/", &[]);
    *post.method_mut() = Method::POST;
    assert!(answer(Surface::Admin, &admin(None), &post).is_none());
}

#[test]
fn a_page_lets_nothing_in_from_elsewhere_and_is_asked_for_anew() {
    let page = answer(Surface::Admin, &admin(None), &get("/console/", &[])).unwrap();
    let header = |name: &str| page.headers()[name].to_str().unwrap();
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header("cache-control"), "no-cache");
    let missing = answer(Surface::Admin, &admin(None), &get("/console/assets/gone.js", &[]));
    assert_eq!(missing.unwrap().status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_prefix_is_believed_only_as_a_plain_path() {
    let of = |public, headers: &[(&str, &str)]| prefix(&admin(public), &get("/console/", headers));
    assert_eq!(of(None, &[]), "");
    assert_eq!(of(None, &[("x-forwarded-prefix", "/gw/a/")]), "/gw/a");
    for said in ["//evil.example", "/a\"><script>", "a", "/a/../b", "/", "https://evil.example"] {
        assert_eq!(of(None, &[("x-forwarded-prefix", said)]), "", "{said}");
    }
    let public = Some("https://gateway.example/ops");
    assert_eq!(of(public, &[("host", "gateway.example")]), "/ops");
    assert_eq!(of(public, &[("host", "127.0.0.1:9080")]), "");
}

#[test]
fn a_coding_is_chosen_by_what_is_accepted() {
    let file = File { path: "assets/a.js", plain: b"p", brotli: Some(b"b"), gzip: Some(b"g") };
    let form = |accept: &str| {
        let request = get("/", &[("accept-encoding", accept)]);
        let answer = asset(&file, request.headers());
        let coding = answer.headers().get("content-encoding");
        let coding = coding.map_or("", |coding| coding.to_str().unwrap()).to_owned();
        (coding, answer.into_body())
    };
    assert_eq!(form("gzip, deflate, br"), ("br".to_owned(), Bytes::from_static(b"b")));
    assert_eq!(form("gzip;q=0.5, br;q=0"), ("gzip".to_owned(), Bytes::from_static(b"g")));
    assert_eq!(form("identity"), (String::new(), Bytes::from_static(b"p")));
    assert_eq!(media_type(file.path), "text/javascript; charset=utf-8");
}
