//! Bounds on what an upstream takes at once: who waits, who is turned away, who is let in next.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::message::Response;
use architrave_testkit::wait::{Gate, throughout};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, Stopwatch, eventually};
use serde_json::Value;

fn held(gate: &Gate) -> Origin {
    let wait = gate.clone();
    Origin::start(move |exchange| {
        wait.pass();
        exchange.reply(200, &[], "held");
    })
}

fn asking(gateway: &Gateway, clients: usize) -> Vec<Client> {
    let ask = |_| {
        let mut client = Client::connect(gateway.web());
        client.send(request("GET", "h", "/", &[])).expect("the request is taken");
        client
    };
    (0..clients).map(ask).collect()
}

fn log_line(gateway: &Gateway, is_it: impl Fn(&Value) -> bool) -> Value {
    gateway.stdout().wait_for("a line", 0, SOON, |line| {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        is_it(&line).then_some(line)
    })
}

/// Waits until `count` of the clients have been answered while nobody was let in; the others wait.
fn turned_away(clients: &mut Vec<Client>, count: usize) -> Vec<Response> {
    let mut refused = Vec::new();
    eventually("so many are turned away", SOON, || {
        for client in &mut *clients {
            client.patience(Duration::from_millis(20));
        }
        clients.retain_mut(|client| match client.read_response("GET") {
            Ok(response) => {
                refused.push(response);
                false
            }
            Err(_) => true,
        });
        (refused.len() == count).then_some(())
    });
    for client in clients {
        client.patience(SOON);
    }
    refused
}

#[test]
fn so_many_are_in_flight_so_many_wait_and_the_rest_are_turned_away() {
    let gate = Gate::new();
    let origin = held(&gate);
    let upstream = "limits: { connections: 3, pending: 2 }\nretry: { attempts: 0 }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let mut inside = asking(&gateway, 3);
    eventually("three are in flight", SOON, || (origin.count() == 3).then_some(()));
    let mut all = asking(&gateway, 4);
    let refused = turned_away(&mut all, 2);
    for response in &refused {
        assert_eq!((response.status, response.reason().as_str()), (503, "queue_full"));
    }
    throughout("nobody else gets in", Duration::from_millis(200), || origin.count() == 3);
    gate.open();
    inside.append(&mut all);
    for client in &mut inside {
        assert_eq!(client.read_response("GET").unwrap().text(), "held");
    }
    assert_eq!(origin.count(), 5);
}

#[test]
fn who_waits_for_a_place_has_no_endpoint_yet() {
    let gate = Gate::new();
    let (one, two) = (held(&gate), Origin::named("two"));
    let upstream = "balance: first\nretry: { attempts: 0 }\ntimeouts: { connect: 30s }\n\
                    limits: { connections: 1, pending: 1 }";
    let config = Config::balanced(&[one.addr(), two.addr()], upstream);
    let gateway = Gateway::start(config.access_log("{ stdout: {} }"));
    let mut inside = asking(&gateway, 1);
    eventually("one is in flight", SOON, || (one.count() == 1).then_some(()));
    let mut waiting = asking(&gateway, 3);
    turned_away(&mut waiting, 2);
    let refused = log_line(&gateway, |line| line["status"] == 503);
    assert_eq!(refused["attempts"], 0, "{refused}");
    assert!(refused["endpoint"].is_null(), "{refused}");
    let in_flight = gateway.metrics().sum("architrave_endpoint_in_flight", &[]);
    assert_eq!(in_flight, 1.0, "who waits weighs on no endpoint");
    gateway.endpoint_action("origin", one.addr(), "drain", "");
    gate.open();
    assert_eq!(inside[0].read_response("GET").unwrap().text(), "held");
    assert_eq!(waiting[0].read_response("GET").unwrap().text(), "two");
    let served = log_line(&gateway, |line| line["endpoint"] == two.addr().to_string());
    assert_eq!(served["attempts"], 1, "{served}");
    assert_eq!(one.count(), 1, "nothing new goes to an endpoint that is drained");
}

#[test]
fn where_every_endpoint_is_full_requests_wait_for_the_first_that_has_room() {
    let (first, second) = (Gate::new(), Gate::new());
    let (one, two) = (held(&first), held(&second));
    let upstream = "retry: { attempts: 0 }\ntimeouts: { connect: 30s }\n\
                    limits: { requests_per_endpoint: 1, pending: 2 }";
    let gateway = Gateway::start(Config::balanced(&[one.addr(), two.addr()], upstream));
    let mut inside = asking(&gateway, 1);
    eventually("one is in flight", SOON, || (one.count() + two.count() == 1).then_some(()));
    inside.append(&mut asking(&gateway, 1));
    eventually("both are full", SOON, || ((one.count(), two.count()) == (1, 1)).then_some(()));
    let mut waiting = asking(&gateway, 4);
    for response in turned_away(&mut waiting, 2) {
        assert_eq!((response.status, response.reason().as_str()), (503, "queue_full"));
    }
    assert_eq!((one.count(), two.count()), (1, 1));
    second.open();
    for client in &mut waiting {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
    assert_eq!((one.count(), two.count()), (1, 3), "the one that is full gets nothing");
    first.open();
    for client in &mut inside {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
}

#[test]
fn waiting_for_room_at_an_endpoint_is_over_in_time() {
    let origin = Origin::stalled();
    let upstream = "retry: { attempts: 0 }\ntimeouts: { connect: 300ms }\n\
                    limits: { requests_per_endpoint: 1 }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let _inside = asking(&gateway, 1);
    eventually("one is in flight", SOON, || (origin.count() == 1).then_some(()));
    let watch = Stopwatch::start();
    let response = get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (503, "queue_full"));
    assert!(watch.elapsed() >= Duration::from_millis(300), "{:?}", watch.elapsed());
    assert_eq!(origin.count(), 1);
}

#[test]
fn an_endpoint_takes_so_many_and_the_others_take_over() {
    let gate = Gate::new();
    let (one, two) = (held(&gate), held(&gate));
    let upstream =
        "limits: { requests_per_endpoint: 2, pending: 0 }\nbalance: first\nretry: { attempts: 0 }";
    let gateway = Gateway::start(Config::balanced(&[one.addr(), two.addr()], upstream));
    let mut inside = asking(&gateway, 4);
    eventually("four are in flight", SOON, || ((one.count(), two.count()) == (2, 2)).then_some(()));
    gate.open();
    for client in &mut inside {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
}

#[test]
fn a_client_that_leaves_the_queue_leaves_its_place() {
    let gate = Gate::new();
    let origin = held(&gate);
    let upstream = "limits: { connections: 1, pending: 1 }\nretry: { attempts: 0 }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let _inside = asking(&gateway, 1);
    eventually("one is in flight", SOON, || (origin.count() == 1).then_some(()));
    for _ in 0..3 {
        let mut waiting = asking(&gateway, 1).remove(0);
        // The queue has one place: whoever comes while it is taken is turned away.
        eventually("the place is taken", SOON, || {
            (get(gateway.web(), "h", "/", &[]).status == 503).then_some(())
        });
        waiting.reset();
    }
    gate.open();
    eventually("the queue is empty again", SOON, || {
        (get(gateway.web(), "h", "/", &[]).status == 200).then_some(())
    });
    assert_eq!(origin.requests().iter().filter(|r| !r.complete).count(), 0);
}

#[test]
fn idle_connections_are_kept_within_bounds_over_all_workers() {
    let gate = Gate::new();
    let origin = held(&gate);
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], "limits: { connections: 64 }"));
    let mut clients = asking(&gateway, 64);
    eventually("all are in flight", SOON, || (origin.count() == 64).then_some(()));
    gate.open();
    for client in &mut clients {
        assert_eq!(client.read_response("GET").unwrap().status, 200);
    }
    let before = origin.connections();
    assert!(before <= 64, "{before}");
    for client in &mut clients {
        assert_eq!(client.get("h", "/", &[]).status, 200);
    }
    assert!(origin.connections() <= before + 1, "kept connections are used again");
}

#[test]
fn who_waits_is_let_in_when_an_endpoint_comes_back() {
    let gate = Gate::new();
    let (one, two) = (held(&gate), Origin::named("two"));
    let upstream = "retry: { attempts: 0 }\ntimeouts: { connect: 60s }\n\
                    limits: { requests_per_endpoint: 1, pending: 2 }";
    let gateway = Gateway::start(Config::balanced(&[one.addr(), two.addr()], upstream));
    gateway.endpoint_action("origin", two.addr(), "drain", "");
    let mut inside = asking(&gateway, 1);
    eventually("one is in flight", SOON, || (one.count() == 1).then_some(()));
    let mut waiting = asking(&gateway, 1).remove(0);
    assert!(waiting.is_silent_for(Duration::from_millis(300)));
    gateway.endpoint_action("origin", two.addr(), "ready", "");
    assert_eq!(waiting.read_response("GET").unwrap().text(), "two");
    gate.open();
    assert_eq!(inside[0].read_response("GET").unwrap().text(), "held");
}
