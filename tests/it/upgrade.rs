//! The upgrade of the binary: the same sockets go to a new process, and no request is lost, also
//! when the new one does not come up.

mod known;

use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::process::{self, Ending};
use architrave_testkit::wait::Gate;
use architrave_testkit::websocket::{WebSocket, serve_echo};
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, LoadPlan, Origin, SOON, eventually, heavy, tools,
};
use rustix::process::Signal;

fn origin() -> Origin {
    Origin::start(|exchange| match exchange.target() {
        "/ws" => serve_echo(exchange),
        _ => exchange.reply(200, &[], "fine"),
    })
}

#[test]
fn upgrades_under_load_lose_nothing() {
    let _turn = heavy::turn();
    let origin = origin();
    let gateway = Gateway::start(Config::single(origin.addr()));
    let first = gateway.pid();
    let kept = LoadPlan::new(gateway.web()).connections(8).pause(Duration::from_millis(1)).start();
    // Connections of their own show what becomes of those that are still queued.
    let fresh = LoadPlan::new(gateway.web())
        .connections(4)
        .per_connection(1)
        .pause(Duration::from_millis(2))
        .start();
    kept.wait_for(200);
    let rounds = if tools::soak() { 50 } else { 3 };
    for round in 0..rounds {
        assert_eq!(gateway.upgrade(), Ending::Code(0), "round {round}");
        kept.wait_for(100);
        fresh.wait_for(50);
    }
    assert_ne!(gateway.pid(), first);
    kept.stop().assert_clean();
    fresh.stop().assert_clean();
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn what_is_in_flight_is_finished_by_the_old_process() {
    let gate = Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| match exchange.target() {
        "/held" => {
            wait.pass();
            exchange.reply(200, &[], "old");
        }
        _ => exchange.reply(200, &[], "new"),
    });
    let gateway = GatewayOptions::new().drain_timeout("20s").start(Config::single(origin.addr()));
    let old = gateway.pid();
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/held", &[])).unwrap();
    eventually("it is in flight", SOON, || (origin.count() == 1).then_some(()));
    gateway.signal(Signal::USR2);
    let new = eventually("there are two processes", SOON, || {
        let all = process::find(&gateway.config_file().display().to_string());
        all.into_iter().find(|pid| *pid != old)
    });
    eventually("the new one is ready", SOON, || {
        let lines = gateway.stderr().lines();
        (lines.iter().filter(|line| line.contains("\"ready\":true")).count() == 2).then_some(())
    });
    for _ in 0..20 {
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "new");
    }
    assert!(process::is_alive(old) && process::is_alive(new));
    gate.open();
    assert_eq!(client.read_response("GET").unwrap().text(), "old");
    assert_eq!(process::wait(old, Duration::from_secs(30)), Ending::Code(0));
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "new");
}

#[test]
fn an_open_websocket_lives_on_in_the_old_process() {
    let origin = origin();
    let gateway = GatewayOptions::new().drain_timeout("20s").start(Config::single(origin.addr()));
    let old = gateway.pid();
    let mut socket = WebSocket::connect(gateway.web(), "h", "/ws").expect("switched");
    gateway.signal(Signal::USR2);
    eventually("the new one is ready", SOON, || {
        let lines = gateway.stderr().lines();
        (lines.iter().filter(|line| line.contains("\"ready\":true")).count() == 2).then_some(())
    });
    for round in 0..10 {
        socket.echo(&format!("round {round}"));
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "fine");
    }
    drop(socket);
    assert_eq!(process::wait(old, Duration::from_secs(30)), Ending::Code(0));
}

#[test]
fn when_the_new_one_does_not_start_the_old_one_goes_on() {
    let _turn = heavy::turn();
    let origin = origin();
    let dir = tempfile::TempDir::new().expect("there is room for a directory");
    let binary = dir.path().join("architrave");
    std::fs::copy(tools::gateway(), &binary).expect("there is room for a copy");
    let options = GatewayOptions::new().binary(binary.clone());
    let gateway = options.start(Config::single(origin.addr()));
    let pid = gateway.pid();
    let load = LoadPlan::new(gateway.web()).connections(8).pause(Duration::from_millis(1)).start();
    load.wait_for(100);
    let failures = |count: f64| {
        // One that never gets ready is given a minute.
        eventually("the failure is counted", SOON * 6, || {
            let metrics = gateway.metrics();
            (metrics.sum("architrave_upgrades_total", &[("outcome", "failed")]) >= count)
                .then_some(())
        });
    };
    // A program that ends at once, one that is none, and none at all; in the long form also one
    // that never gets ready.
    let replace = |bytes: &[u8]| {
        let draft = dir.path().join("draft");
        std::fs::write(&draft, bytes).expect("there is room for a file");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&draft, mode).expect("a file can be made executable");
        std::fs::rename(&draft, &binary).expect("a file can be renamed");
    };
    replace(b"#!/bin/sh\nexit 3\n");
    gateway.signal(Signal::USR2);
    failures(1.0);
    load.wait_for(100);
    replace(b"not a program");
    gateway.signal(Signal::USR2);
    failures(2.0);
    load.wait_for(100);
    std::fs::remove_file(&binary).expect("a file can be removed");
    gateway.signal(Signal::USR2);
    failures(3.0);
    load.wait_for(100);
    let mut failed = 3.0;
    if tools::soak() {
        replace(b"#!/bin/sh\nexec sleep 1000\n");
        gateway.signal(Signal::USR2);
        failed += 1.0;
        failures(failed);
        load.wait_for(100);
    }
    load.stop().assert_clean();
    assert_eq!(gateway.pid(), pid);
    // A file that is bad by now is no reason to end either.
    std::fs::copy(tools::gateway(), &binary).expect("there is room for a copy");
    std::fs::write(gateway.config_file(), "nonsense: true\n").expect("there is room for a file");
    gateway.signal(Signal::USR2);
    failures(failed + 1.0);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "fine");
    assert!(process::is_alive(pid));
}
