//! One route, several services: shares by weight, and copies to a mirror.

use architrave_testkit::client::{get, request};
use architrave_testkit::wait::Gate;
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};

#[test]
fn services_get_their_shares() {
    let (nine, one, none) = (Origin::named("nine"), Origin::named("one"), Origin::named("none"));
    let config = Config::new()
        .web()
        .upstream("nine", &[nine.addr()], "")
        .upstream("one", &[one.addr()], "")
        .upstream("none", &[none.addr()], "")
        .route(
            "split",
            "services: [{ name: nine, weight: 9 }, { name: one, weight: 1 }, { name: none, weight: 0 }]",
        );
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.web());
    for _ in 0..2_000 {
        assert_eq!(client.get("h", "/", &[]).status, 200);
    }
    // Five standard deviations of a fair draw are 67.
    assert!(one.count().abs_diff(200) < 67, "{} of 2000 went to the tenth", one.count());
    assert_eq!(nine.count() + one.count(), 2_000);
    assert_eq!(none.count(), 0);
}

#[test]
fn a_mirror_gets_a_copy_and_its_answer_is_thrown_away() {
    let (real, copy) = (Origin::named("real"), Origin::start(|e| e.reply(500, &[], "copy")));
    let gateway = Gateway::start(mirrored(&real, &copy, "percent: 100"));
    let mut client = Client::connect(gateway.web());
    let body = "x".repeat(1_000);
    let ask =
        format!("POST /p?q=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nContent-Length: 1000\r\n\r\n{body}");
    let response = client.ask(ask);
    assert_eq!((response.status, response.text().as_str()), (200, "real"));
    let seen = copy.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/p?q=1"));
    assert_eq!((seen.get("x-a"), seen.body.as_slice()), (Some("1"), body.as_bytes()));
    assert_eq!(real.only().body, body.as_bytes());
}

#[test]
fn a_copy_with_a_body_where_none_is_expected_has_a_connection_of_its_own() {
    let (real, copy) = (Origin::named("real"), Origin::named("copy"));
    let gateway = Gateway::start(mirrored(&real, &copy, "percent: 100"));
    let ask = "GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(Client::connect(gateway.web()).ask(ask).text(), "real");
    eventually("the copy arrived", SOON, || {
        copy.requests().first().is_some_and(|seen| seen.complete).then_some(())
    });
    for seen in [real.only(), copy.only()] {
        assert_eq!((seen.body.as_slice(), seen.get("connection")), (&b"body"[..], Some("close")));
    }
}

#[test]
fn a_mirror_that_hangs_holds_up_nobody() {
    let hang = Gate::new();
    let wait = hang.clone();
    let copy = Origin::start(move |exchange| {
        wait.pass();
        exchange.close();
    });
    let real = Origin::named("real");
    let gateway = Gateway::start(mirrored(&real, &copy, "percent: 100"));
    for _ in 0..50 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "real");
    }
    eventually("a copy arrived", SOON, || (copy.count() > 0).then_some(()));
    hang.open();
}

#[test]
fn a_mirror_that_is_gone_changes_nothing() {
    let real = Origin::named("real");
    let copy = Origin::named("copy");
    let config = mirrored(&real, &copy, "percent: 100");
    drop(copy);
    let gateway = Gateway::start(config);
    for _ in 0..50 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "real");
    }
}

#[test]
fn a_mirror_gets_the_share_it_is_given() {
    let (real, copy) = (Origin::named("real"), Origin::named("copy"));
    let gateway = Gateway::start(mirrored(&real, &copy, "percent: 20"));
    let mut client = Client::connect(gateway.web());
    for _ in 0..1_000 {
        client.ask(request("GET", "h", "/", &[]));
    }
    // Five standard deviations of a fair draw are 63.
    eventually("the mirror got its share", SOON, || {
        (copy.count().abs_diff(200) < 63).then_some(())
    });
    assert!(copy.count().abs_diff(200) < 63);
}

fn mirrored(real: &Origin, copy: &Origin, share: &str) -> Config {
    Config::new()
        .web()
        .upstream("real", &[real.addr()], "")
        .upstream("copy", &[copy.addr()], "")
        .route("all", &format!("service: real\nmirror: {{ service: copy, {share} }}"))
}
