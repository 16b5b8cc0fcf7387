//! What is tried again, where, and how often; and what never is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::{
    Client, Config, Gate, Gateway, GatewayOptions, Origin, SOON, Stopwatch, eventually,
};

/// Ejection would hide what retries do.
const NO_EJECTION: &str = "health: { passive: { consecutive_failures: 0 } }\nbalance: round_robin";

fn pair(bad: &Origin, good: &Origin, more: &str) -> Gateway {
    let upstream = format!("{NO_EJECTION}\n{more}");
    Gateway::start(Config::balanced(&[bad.addr(), good.addr()], &upstream))
}

fn send(gateway: &Gateway, method: &str, body: &str) -> u16 {
    let length = body.len();
    let ask = format!("{method} / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}");
    Client::connect(gateway.web()).ask(ask).status
}

#[test]
fn an_endpoint_that_refuses_hides_behind_another_for_every_method() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let good = Origin::named("good");
    let gateway = Gateway::start(Config::balanced(&[refused, good.addr()], NO_EJECTION));
    for _ in 0..10 {
        // Nothing was sent, so nothing can happen twice.
        for method in ["GET", "POST", "PATCH", "BREW"] {
            assert_eq!(send(&gateway, method, "body"), 200, "{method}");
        }
    }
    assert!(good.requests().iter().all(|request| request.body == b"body"));
}

#[test]
fn a_reset_before_the_answer_is_retried_where_twice_is_as_good_as_once() {
    let bad = Origin::start(|exchange| exchange.reset_after_reading());
    let good = Origin::named("good");
    let gateway = pair(&bad, &good, "");
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        let statuses: Vec<_> = (0..4).map(|_| send(&gateway, method, "")).collect();
        assert_eq!(statuses, [200; 4], "{method}");
    }
    for method in ["POST", "PATCH", "BREW"] {
        let mut statuses: Vec<_> = (0..4).map(|_| send(&gateway, method, "x")).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 502, 502], "{method}");
    }
}

#[test]
fn nothing_is_retried_after_a_byte_of_the_answer() {
    let bad = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        exchange.close();
    });
    let gateway = Gateway::start(Config::balanced(&[bad.addr()], NO_EJECTION));
    let answer = Client::connect(gateway.web()).try_ask(request("GET", "h", "/", &[]));
    assert!(answer.is_err() || answer.is_ok_and(|response| response.status == 502));
    assert_eq!(bad.count(), 1);
}

#[test]
fn statuses_of_the_list_are_retried_and_others_are_not() {
    for (status, retried) in [
        (502, true),
        (503, true),
        (504, true),
        (500, false),
        (501, false),
        (429, false),
        (404, false),
    ] {
        let bad = Origin::start(move |exchange| exchange.reply(status, &[], "bad"));
        let good = Origin::named("good");
        let gateway = pair(&bad, &good, "");
        let mut statuses: Vec<_> = (0..4).map(|_| send(&gateway, "GET", "")).collect();
        statuses.sort_unstable();
        let expected = if retried { [200; 4] } else { [200, 200, status, status] };
        assert_eq!(statuses, expected, "{status}");
        // A request that may not be sent twice is answered as the origin answered it.
        let posts: Vec<_> = (0..4).map(|_| send(&gateway, "POST", "x")).collect();
        assert_eq!(posts.iter().filter(|got| **got == status).count(), 2, "{status}: {posts:?}");
    }
}

#[test]
fn attempts_are_counted_and_the_last_answer_is_the_answer() {
    let bad = Origin::start(|exchange| exchange.reply(503, &[("X-Attempt", "1")], "sorry"));
    for (more, attempts) in [("", 3), ("retry: { attempts: 0 }", 1), ("retry: { attempts: 1 }", 2)]
    {
        bad.forget();
        let upstream = format!("{NO_EJECTION}\n{more}");
        let gateway = Gateway::start(Config::balanced(&[bad.addr()], &upstream));
        let response = get(gateway.web(), "h", "/", &[]);
        assert_eq!((response.status, response.text().as_str()), (503, "sorry"));
        assert_eq!(bad.count(), attempts, "{more:?}");
        let retries = gateway.metrics().sum("architrave_upstream_retries_total", &[]);
        assert_eq!(retries as usize, attempts - 1);
    }
}

#[test]
fn a_retry_goes_to_another_endpoint() {
    let origins: Vec<_> = (0..3).map(|_| Origin::start(|e| e.reply(503, &[], ""))).collect();
    let addrs: Vec<_> = origins.iter().map(Origin::addr).collect();
    let upstream = "health: { passive: { consecutive_failures: 0 } }\nbalance: p2c_least_request";
    let gateway = Gateway::start(Config::balanced(&addrs, upstream));
    for round in 1..=10 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 503);
        let counts: Vec<_> = origins.iter().map(Origin::count).collect();
        assert_eq!(counts, [round; 3], "each was tried once a request");
    }
}

#[test]
fn a_body_is_sent_again_in_full() {
    let bad = Origin::start(|exchange| exchange.reset_after_reading());
    let good = Origin::named("good");
    let gateway = pair(&bad, &good, "retry: { methods: [POST] }");
    let body = "0123456789".repeat(3_000);
    for _ in 0..6 {
        assert_eq!(send(&gateway, "POST", &body), 200);
    }
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5\r\nhello\r\n5\r\nworld\r\n0\r\nX-End: 1\r\n\r\n";
    for _ in 0..6 {
        assert_eq!(Client::connect(gateway.web()).ask(chunked).status, 200);
    }
    for request in good.requests() {
        assert!(request.body == body.as_bytes() || request.body == b"helloworld");
    }
    assert_eq!(good.count(), 12);
    assert!(bad.count() >= 6, "{}", bad.count());
}

#[test]
fn a_body_that_is_not_kept_is_not_sent_twice() {
    let bad = Origin::start(|exchange| exchange.reset_after_reading());
    let good = Origin::named("good");
    let gateway = pair(&bad, &good, "retry: { methods: [PUT], body_max: 1KiB }");
    let body = "x".repeat(64 << 10);
    let mut statuses: Vec<_> = (0..4).map(|_| send(&gateway, "PUT", &body)).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 502, 502]);
    assert!(good.requests().iter().all(|request| request.body.len() == body.len()));
}

#[test]
fn a_try_has_its_own_time() {
    let stuck = Origin::stalled();
    let good = Origin::named("good");
    let gateway = pair(&stuck, &good, "retry: { per_try_timeout: 300ms }");
    let watch = Stopwatch::start();
    for _ in 0..4 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "good");
    }
    assert!(stuck.count() >= 2, "{}", stuck.count());
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
}

#[test]
fn a_kept_connection_that_dies_costs_no_request() {
    // The second request of every connection finds it closed.
    let seen: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&seen);
    let origin = Origin::start(move |exchange| {
        let connection = exchange.request().connection;
        let last = count.swap(connection + 1, Ordering::AcqRel);
        match last == connection + 1 {
            true => exchange.close(),
            false => exchange.reply(200, &[], "fine"),
        }
    });
    let config = Config::balanced(&[origin.addr()], NO_EJECTION);
    let gateway = GatewayOptions::new().workers(1).start(config);
    for _ in 0..20 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "fine");
    }
}

#[test]
fn retries_do_not_multiply_trouble() {
    let _turn = architrave_testkit::heavy::turn();
    let bad = Origin::start(|exchange| {
        std::thread::sleep(Duration::from_millis(200));
        exchange.reply(503, &[], "");
    });
    let upstream = format!("{NO_EJECTION}\nretry: {{ attempts: 2, budget_percent: 20 }}");
    let gateway = Gateway::start(Config::balanced(&[bad.addr()], &upstream));
    let mut clients: Vec<_> = (0..60).map(|_| Client::connect(gateway.web())).collect();
    for client in &mut clients {
        client.send(request("GET", "h", "/", &[])).unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.read_response("GET").unwrap().status, 503);
    }
    assert!(bad.count() < 60 + 40, "{} attempts for 60 requests", bad.count());
    let spent = gateway.metrics().sum("architrave_upstream_retry_budget_exhausted_total", &[]);
    assert!(spent > 0.0);
}

#[test]
fn a_hedge_overtakes_a_slow_attempt_and_spares_what_is_not_idempotent() {
    let stuck = Origin::stalled();
    let good = Origin::named("good");
    let gateway = pair(
        &stuck,
        &good,
        "hedge: { after: 100ms }\nretry: { attempts: 0 }\ntimeouts: { first_byte: 1s }",
    );
    let watch = Stopwatch::start();
    for _ in 0..4 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "good");
    }
    assert!(watch.elapsed() < Duration::from_millis(1_500), "{:?}", watch.elapsed());
    assert!(gateway.metrics().sum("architrave_upstream_hedges_total", &[]) >= 1.0);
    let mut statuses: Vec<_> = (0..4).map(|_| send(&gateway, "POST", "x")).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 504, 504]);
}

/// A pair of which only `first` is asked at first, with a log.
fn hedged(first: &Origin, second: &Origin) -> Gateway {
    let upstream = "health: { passive: { consecutive_failures: 0 } }\nbalance: first\n\
                    hedge: { after: 100ms }\nretry: { attempts: 0 }";
    let config = Config::balanced(&[first.addr(), second.addr()], upstream);
    Gateway::start(config.access_log("{ stdout: {} }"))
}

#[track_caller]
fn check_hedge(gateway: &Gateway, endpoint: &Origin) {
    let line = gateway
        .stdout()
        .wait_for("a line", 0, SOON, |line| serde_json::from_str::<serde_json::Value>(line).ok());
    assert_eq!(line["attempts"], 2, "{line}");
    assert_eq!(line["endpoint"], endpoint.addr().to_string(), "{line}");
    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("architrave_upstream_attempts_total", &[]), 2.0);
    assert_eq!(metrics.sum("architrave_upstream_hedges_total", &[]), 1.0);
    eventually("nothing is in flight", SOON, || {
        let flights = gateway.metrics().sum("architrave_endpoint_in_flight", &[]);
        (flights == 0.0).then_some(())
    });
}

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: ";

#[test]
fn a_hedge_that_wins_brings_its_own_interim_responses() {
    let stuck = Origin::start(|exchange| {
        exchange.send(format!("{HINTS}</stuck.css>\r\n\r\n"));
        exchange.stall();
    });
    let good = Origin::start(|exchange| {
        exchange.send(format!("{HINTS}</good.css>\r\n\r\n"));
        exchange.reply(200, &[], "good");
    });
    let gateway = hedged(&stuck, &good);
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!(response.text(), "good");
    let hints: Vec<_> = response.interim.iter().map(|head| head.get("link")).collect();
    assert_eq!(hints, [Some("</good.css>")]);
    check_hedge(&gateway, &good);
}

#[test]
fn a_hedge_that_loses_was_an_attempt_all_the_same() {
    let stuck = Arc::new(Origin::stalled());
    let other = Arc::clone(&stuck);
    let slow = Origin::start(move |exchange| {
        eventually("the hedge has begun", SOON, || (other.count() == 1).then_some(()));
        exchange.send(format!("{HINTS}</slow.css>\r\n\r\n"));
        exchange.reply(200, &[], "slow");
    });
    let gateway = hedged(&slow, &stuck);
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.text().as_str(), response.interim.len()), ("slow", 1));
    check_hedge(&gateway, &slow);
}

#[test]
fn a_hedge_that_fails_does_not_beat_a_good_answer_still_on_its_way() {
    let gate = Gate::new();
    let wait = gate.clone();
    let slow = Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "slow");
    });
    let poor = Origin::start(|exchange| exchange.reply(503, &[], "poor"));
    let gateway = hedged(&slow, &poor);
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/", &[])).unwrap();
    eventually("the hedge has failed", SOON, || {
        let failed = gateway.metrics().sum("architrave_endpoint_requests_total", &[]);
        (failed == 1.0).then_some(())
    });
    gate.open();
    assert_eq!(client.read_response("GET").unwrap().text(), "slow");
    check_hedge(&gateway, &slow);
}

#[test]
fn where_hedge_and_hedged_both_fail_the_last_answer_is_passed_on() {
    let poor = Arc::new(Origin::start(|exchange| exchange.reply(503, &[], "early")));
    let other = Arc::clone(&poor);
    let slow = Origin::start(move |exchange| {
        eventually("the hedge has begun", SOON, || (other.count() == 1).then_some(()));
        exchange.reply(503, &[], "late");
    });
    let gateway = hedged(&slow, &poor);
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 503);
}

#[test]
fn a_client_that_leaves_ends_both_attempts() {
    let (one, two) = (Origin::stalled(), Origin::stalled());
    let gateway = hedged(&one, &two);
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/", &[])).unwrap();
    eventually("both are asked", SOON, || (one.count() + two.count() == 2).then_some(()));
    client.reset();
    let open = || one.open_connections() + two.open_connections();
    eventually("both are let go", SOON, || (open() == 0).then_some(()));
}

#[test]
fn an_endpoint_that_answers_too_late_is_a_504() {
    let stuck = Origin::stalled();
    let upstream =
        format!("{NO_EJECTION}\nretry: {{ attempts: 0 }}\ntimeouts: {{ first_byte: 300ms }}");
    let gateway = Gateway::start(Config::balanced(&[stuck.addr()], &upstream));
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (504, "response_timeout"));
}

#[test]
fn a_response_that_stops_moving_is_cut_off() {
    let origin = Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        exchange.stall();
    });
    let upstream = format!("{NO_EJECTION}\ntimeouts: {{ idle: 300ms }}");
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], &upstream));
    let watch = Stopwatch::start();
    let answer = Client::connect(gateway.web()).try_ask(request("GET", "h", "/", &[]));
    assert!(answer.is_err(), "{answer:?}");
    assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
}

#[test]
fn the_only_endpoint_is_given_a_moment_before_it_is_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let bad = Origin::start(move |exchange| {
        counts.fetch_add(1, Ordering::Relaxed);
        exchange.reply(503, &[], "bad");
    });
    let watch = |gateway: &Gateway| {
        let watch = Stopwatch::start();
        assert_eq!(send(gateway, "GET", ""), 503);
        watch.elapsed()
    };
    let alone = |retry: &str| {
        let upstream = format!("{NO_EJECTION}\nretry: {{ attempts: 2, {retry} }}");
        Gateway::start(Config::balanced(&[bad.addr()], &upstream))
    };
    let took = watch(&alone("backoff: 400ms"));
    assert!(took >= Duration::from_millis(200 + 400), "{took:?}");
    assert_eq!(asked.swap(0, Ordering::Relaxed), 3);
    watch(&alone("backoff: 0ms"));
    assert_eq!(asked.swap(0, Ordering::Relaxed), 3);
    // Another endpoint need not be waited for.
    let good = Origin::named("good");
    let gateway = pair(&bad, &good, "retry: { backoff: 10s }");
    let others = Stopwatch::start();
    let statuses: Vec<_> = (0..4).map(|_| send(&gateway, "GET", "")).collect();
    assert_eq!(statuses, [200; 4]);
    assert!(others.elapsed() < Duration::from_secs(5), "{:?}", others.elapsed());
}

#[test]
fn a_client_that_leaves_ends_the_pause() {
    let bad = Origin::start(|exchange| exchange.reply(503, &[], "bad"));
    let upstream = format!("{NO_EJECTION}\nretry: {{ attempts: 5, backoff: 30s }}");
    let config = Config::balanced(&[bad.addr()], &upstream).access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/", &[])).unwrap();
    eventually("the first attempt", SOON, || (bad.count() == 1).then_some(()));
    let watch = Stopwatch::start();
    drop(client);
    let line = gateway
        .stdout()
        .wait_for("a line", 0, SOON, |line| serde_json::from_str::<serde_json::Value>(line).ok());
    assert_eq!(line["reason"], "client_closed", "{line}");
    assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
    assert_eq!(bad.count(), 1);
}

#[test]
fn a_pause_does_not_go_beyond_the_time_of_the_route() {
    let bad = Origin::start(|exchange| exchange.reply(503, &[], "bad"));
    let upstream = format!("{NO_EJECTION}\nretry: {{ attempts: 5, backoff: 20s }}");
    let config = Config::new()
        .web()
        .upstream("origin", &[bad.addr()], &upstream)
        .route("all", "service: origin\ntimeout: 2s");
    let gateway = Gateway::start(config);
    let watch = Stopwatch::start();
    assert_eq!(send(&gateway, "GET", ""), 503);
    assert!(watch.elapsed() < Duration::from_secs(2), "{:?}", watch.elapsed());
    assert_eq!(bad.count(), 1, "there was no time for another");
}
