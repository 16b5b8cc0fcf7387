//! Bounds on what an upstream takes at once: who waits, who is turned away, who is let in next.

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::wait::{Gate, throughout};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};

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

#[test]
fn so_many_are_in_flight_so_many_wait_and_the_rest_are_turned_away() {
    let gate = Gate::new();
    let origin = held(&gate);
    let upstream = "limits: { connections: 3, pending: 2 }\nretry: { attempts: 0 }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let mut inside = asking(&gateway, 3);
    eventually("three are in flight", SOON, || (origin.count() == 3).then_some(()));
    let mut all = asking(&gateway, 4);
    let mut refused = Vec::new();
    eventually("two of four are turned away", SOON, || {
        for client in &mut all {
            client.patience(Duration::from_millis(20));
        }
        all.retain_mut(|client| match client.read_response("GET") {
            Ok(response) => {
                refused.push(response);
                false
            }
            Err(_) => true,
        });
        (refused.len() == 2).then_some(())
    });
    for response in &refused {
        assert_eq!((response.status, response.reason().as_str()), (503, "queue_full"));
    }
    throughout("nobody else gets in", Duration::from_millis(200), || origin.count() == 3);
    gate.open();
    inside.append(&mut all);
    for client in &mut inside {
        client.patience(SOON);
        assert_eq!(client.read_response("GET").unwrap().text(), "held");
    }
    assert_eq!(origin.count(), 5);
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
