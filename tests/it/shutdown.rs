//! The end: what is in flight is finished, nothing is lost, and the exit code is 0.

use std::time::Duration;

use architrave_testkit::client::request;
use architrave_testkit::h2_client::{H2Client, H2Request};
use architrave_testkit::process::{self, Ending};
use architrave_testkit::wait::Gate;
use architrave_testkit::websocket::{WebSocket, echo_origin};
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, LoadPlan, Origin, SOON, Stopwatch, eventually, heavy,
};
use rustix::process::Signal;
use serde_json::Value;

fn held(gate: &Gate) -> Origin {
    let wait = gate.clone();
    Origin::start(move |exchange| {
        if exchange.target() == "/held" {
            wait.pass();
        }
        exchange.reply(200, &[], "whole");
    })
}

#[test]
fn requests_in_flight_are_answered_and_then_it_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let gate = Gate::new();
        let origin = held(&gate);
        let gateway = Gateway::start(Config::single(origin.addr()));
        let mut client = Client::connect(gateway.web());
        client.send(request("GET", "h", "/held", &[])).unwrap();
        let h2 = H2Client::connect(gateway.web());
        let asking = std::thread::spawn(move || h2.ask(H2Request::get("http://h/held")));
        eventually("both are in flight", SOON, || (origin.count() == 2).then_some(()));
        gateway.signal(signal);
        eventually("it says that it drains", SOON, || {
            let ready = Client::try_connect(gateway.admin()).ok()?;
            let mut ready = ready;
            let host = gateway.admin().to_string();
            let answer = ready.try_ask(request("GET", &host, "/readyz", &[])).ok()?;
            (answer.status == 503).then_some(())
        });
        assert!(process::is_alive(gateway.pid()));
        gate.open();
        let response = client.read_response("GET").unwrap();
        assert_eq!(response.text(), "whole");
        assert!(response.head.says_close(), "{response:?}");
        assert_eq!(asking.join().unwrap().unwrap().text(), "whole");
        assert_eq!(gateway.wait(), Ending::Code(0), "{signal:?}");
    }
}

/// The last line of the log of a gateway that has ended.
fn last_line(gateway: &Gateway) -> Value {
    let lines = gateway.stdout().lines();
    let last = lines.last().expect("there is a line");
    serde_json::from_str(last).expect("every line is JSON")
}

#[test]
fn what_does_not_end_in_time_is_cut_off() {
    let gate = Gate::new();
    let origin = held(&gate);
    let config = Config::single(origin.addr()).access_log("{ stdout: {} }");
    let gateway = GatewayOptions::new().drain_timeout("1s").start(config);
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/held", &[])).unwrap();
    eventually("it is in flight", SOON, || (origin.count() == 1).then_some(()));
    let watch = Stopwatch::start();
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let took = watch.elapsed();
    assert!(took > Duration::from_millis(900) && took < Duration::from_secs(8), "{took:?}");
    assert!(client.ends_within(SOON));
    gate.open();
    let line = last_line(&gateway);
    assert_eq!(line["termination"], "gateway@wait", "{line}");
    assert_eq!((&line["path"], &line["reason"]), (&"/held".into(), &"shutting_down".into()));
    let said = gateway.stderr().lines();
    assert_eq!(said.iter().filter(|line| line.contains("exchanges=1")).count(), 2, "{said:?}");
}

#[test]
fn with_nothing_in_flight_it_ends_at_once() {
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().drain_timeout("60s").start(Config::single(origin.addr()));
    let mut idle: Vec<_> = (0..20).map(|_| Client::connect(gateway.web())).collect();
    for client in &mut idle {
        assert_eq!(client.get("h", "/", &[]).status, 200);
    }
    let watch = Stopwatch::start();
    assert_eq!(gateway.terminate(), Ending::Code(0));
    assert!(watch.elapsed() < Duration::from_secs(6), "{:?}", watch.elapsed());
}

#[test]
fn open_websockets_are_waited_for_and_then_closed() {
    let origin = echo_origin();
    let config = Config::single(origin.addr()).access_log("{ stdout: {} }");
    let gateway = GatewayOptions::new().drain_timeout("2s").start(config);
    let mut socket = WebSocket::connect(gateway.web(), "h", "/").expect("switched");
    gateway.signal(Signal::TERM);
    for _ in 0..5 {
        socket.echo("still served while it drains");
    }
    assert_eq!(gateway.wait(), Ending::Code(0));
    assert!(socket.client().ends_within(SOON));
    let line = last_line(&gateway);
    assert_eq!((&line["protocol"], &line["reason"]), (&"tunnel".into(), &"shutting_down".into()));
    assert_eq!(line["termination"], "gateway@tunnel", "{line}");
    assert!(line["request_bytes"].as_u64() > Some(100), "{line}");
}

#[test]
fn no_request_is_lost_at_the_end() {
    let _turn = heavy::turn();
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let load = LoadPlan::new(gateway.web()).connections(16).pause(Duration::from_millis(1)).start();
    load.wait_for(500);
    gateway.signal(Signal::TERM);
    assert_eq!(gateway.wait(), Ending::Code(0));
    let report = load.stop();
    // After the end nobody listens; a connection that comes at that very moment is reset by the
    // system before anybody has seen it, while it is made or right after. No more may be said of
    // requests that failed.
    let excused = |failure: &&String| match failure.strip_prefix("connect") {
        Some(why) => why.contains("reset") || why.contains("refused"),
        None => failure.starts_with("first"),
    };
    let lost: Vec<_> = report.failures.iter().filter(|failure| !excused(failure)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
