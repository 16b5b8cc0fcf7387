//! TCP: bytes both ways, ends of either side, limits and balance.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use architrave_testkit::l4::{TcpOrigin, pattern};
use architrave_testkit::process::Ending;
use architrave_testkit::wait::settled;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, Reloaded, SOON, Stopwatch, eventually, heavy,
};
use rustix::process::Signal;

use super::relaying;

#[test]
fn bytes_pass_both_ways_at_once() {
    let origin = TcpOrigin::echo("a");
    let gateway = relaying("tcp", &[origin.addr()], "");
    let mut client = Client::connect(gateway.addr("l4"));
    assert_eq!(client.read_line().as_deref(), Ok("a"));
    for length in [1, 100, 70_000] {
        let bytes = vec![b'x'; length];
        client.send(&bytes).unwrap();
        assert_eq!(client.read_exactly(length).unwrap(), bytes);
    }
}

#[test]
fn large_amounts_arrive_unchanged() {
    let _turn = heavy::turn();
    const LENGTH: usize = 128 << 20;
    let origin = TcpOrigin::start(|wire| {
        let socket = wire.socket();
        let (up, down) = (socket.try_clone().unwrap(), socket.try_clone().unwrap());
        let reading = std::thread::spawn(move || pattern::read(&up).unwrap());
        pattern::write(&down, LENGTH).unwrap();
        down.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reading.join().unwrap(), LENGTH);
    });
    let gateway = relaying("tcp", &[origin.addr()], "");
    let socket = TcpStream::connect(gateway.addr("l4")).unwrap();
    let up = socket.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        pattern::write(&up, LENGTH).unwrap();
        up.shutdown(Shutdown::Write).unwrap();
    });
    assert_eq!(pattern::read(&socket).unwrap(), LENGTH);
    writing.join().unwrap();
    eventually("the origin has read all", SOON, || (origin.open() == 0).then_some(()));
}

#[test]
fn either_side_may_finish_first() {
    let origin = TcpOrigin::start(|wire| {
        let all = wire.read_to_end().unwrap();
        wire.send(format!("{} bytes", all.len())).unwrap();
    });
    let gateway = relaying("tcp", &[origin.addr()], "");
    let mut client = Client::connect(gateway.addr("l4"));
    client.send(vec![b'x'; 100_000]).unwrap();
    client.finish();
    assert_eq!(client.read_to_end().as_deref(), Ok(&b"100000 bytes"[..]));

    let received: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&received);
    let origin = TcpOrigin::start(move |wire| {
        wire.send("bye").unwrap();
        wire.finish();
        let all = wire.read_to_end().unwrap();
        count.store(all.len(), Ordering::Release);
    });
    let gateway = relaying("tcp", &[origin.addr()], "");
    let mut client = Client::connect(gateway.addr("l4"));
    assert_eq!(client.read_to_end().as_deref(), Ok(&b"bye"[..]));
    client.send(vec![b'x'; 100_000]).unwrap();
    client.finish();
    eventually("the origin has all of it", SOON, || {
        (received.load(Ordering::Acquire) == 100_000).then_some(())
    });
}

#[test]
fn a_reset_of_one_side_ends_the_other() {
    let origin = TcpOrigin::start(|wire| {
        let ask = wire.read_exactly(1);
        match ask.as_deref() {
            Ok(b"r") => wire.reset(),
            _ => drop(wire.read_to_end()),
        }
    });
    let gateway = relaying("tcp", &[origin.addr()], "");
    let mut client = Client::connect(gateway.addr("l4"));
    client.send("r").unwrap();
    assert!(client.ends_within(SOON));
    let mut client = Client::connect(gateway.addr("l4"));
    client.send("x").unwrap();
    eventually("the origin has a connection", SOON, || (origin.open() == 1).then_some(()));
    client.reset();
    eventually("the origin is told", SOON, || (origin.open() == 0).then_some(()));
}

#[test]
fn a_slow_side_slows_the_other_and_costs_no_memory() {
    let sent: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&sent);
    let origin = TcpOrigin::start(move |wire| {
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..2_048 {
            if wire.send(&piece).is_err() {
                return;
            }
            count.fetch_add(piece.len(), Ordering::AcqRel);
        }
    });
    let gateway = relaying("tcp", &[origin.addr()], "");
    let before = gateway.rss();
    let client = Client::connect(gateway.addr("l4"));
    let sent = || sent.load(Ordering::Acquire);
    eventually("the origin sends", SOON, || (sent() > 0).then_some(()));
    let still = settled("the origin stands still", Duration::from_millis(300), sent);
    assert!(still < 64 << 20, "{still} bytes were taken");
    assert!(gateway.rss().saturating_sub(before) < 8 << 20);
    drop(client);
}

#[test]
fn connections_take_turns() {
    let (one, two) = (TcpOrigin::echo("one"), TcpOrigin::echo("two"));
    let gateway = relaying("tcp", &[one.addr(), two.addr()], "balance: round_robin");
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    let greet = || Client::connect(gateway.addr("l4")).read_line().unwrap();
    for _ in 0..20 {
        *tally.entry(greet()).or_default() += 1;
    }
    assert_eq!((tally["one"], tally["two"]), (10, 10));
    let gateway = relaying("tcp", &[one.addr(), two.addr()], "persistence: { source_address: {} }");
    let from =
        |last: u8| Client::connect_from([127, 0, 0, last], gateway.addr("l4")).read_line().unwrap();
    let places: Vec<_> = (1..20).map(|last| (from(last), from(last), from(last))).collect();
    assert!(places.iter().all(|(a, b, c)| a == b && b == c), "{places:?}");
}

#[test]
fn an_endpoint_that_refuses_is_passed_over() {
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let good = TcpOrigin::echo("good");
    let gateway = relaying("tcp", &[refused, good.addr()], "balance: round_robin");
    for _ in 0..20 {
        let mut client = Client::connect(gateway.addr("l4"));
        assert_eq!(client.read_line().as_deref(), Ok("good"));
    }
    let gateway = relaying("tcp", &[refused], "");
    assert!(Client::connect(gateway.addr("l4")).ends_within(SOON), "nobody is there");
}

#[test]
fn health_counts_here_too() {
    let (sick, well) = (TcpOrigin::echo("sick"), TcpOrigin::echo("well"));
    let address = sick.addr();
    let upstream = "balance: round_robin\n\
        health: { active: { check: { tcp: {} }, interval: 100ms, timeout: 500ms, rise: 1, fall: 1 } }";
    let gateway = relaying("tcp", &[address, well.addr()], upstream);
    gateway.wait_health("origin", address, true, SOON);
    drop(sick);
    gateway.wait_health("origin", address, false, SOON);
    for _ in 0..10 {
        let mut client = Client::connect(gateway.addr("l4"));
        assert_eq!(client.read_line().as_deref(), Ok("well"));
    }
}

#[test]
fn silence_both_ways_ends_a_connection() {
    let origin = TcpOrigin::echo("a");
    let config = Config::new()
        .listener("l4", "protocol: tcp\nforward: [{ upstream: origin }]\ntimeouts: { idle: 1s }")
        .upstream("origin", &[origin.addr()], "timeouts: { idle: 1s }");
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.addr("l4"));
    assert_eq!(client.read_line().as_deref(), Ok("a"));
    for _ in 0..8 {
        assert!(client.is_silent_for(Duration::from_millis(300)));
        client.send("x").unwrap();
        assert_eq!(client.read_exactly(1).unwrap(), b"x");
    }
    let watch = Stopwatch::start();
    assert!(client.ends_within(SOON));
    let took = watch.elapsed();
    assert!(took > Duration::from_millis(700) && took < Duration::from_secs(6), "{took:?}");
    eventually("the origin is let go", SOON, || (origin.open() == 0).then_some(()));
}

#[test]
fn limits_bound_connections() {
    let origin = TcpOrigin::echo("a");
    let upstream = "limits: { connections: 2, pending: 0 }";
    let gateway = relaying("tcp", &[origin.addr()], upstream);
    let mut inside: Vec<_> = (0..2).map(|_| Client::connect(gateway.addr("l4"))).collect();
    for client in &mut inside {
        assert_eq!(client.read_line().as_deref(), Ok("a"));
    }
    assert!(Client::connect(gateway.addr("l4")).ends_within(SOON));
    drop(inside.pop());
    eventually("there is room again", SOON, || {
        Client::connect(gateway.addr("l4")).read_line().ok()
    });
}

#[test]
fn connections_outlive_reloads_and_are_waited_for_at_the_end() {
    let origin = TcpOrigin::echo("a");
    let other = TcpOrigin::echo("b");
    let file = |origin: &TcpOrigin| {
        Config::new().listener("l4", "protocol: tcp\nforward: [{ upstream: origin }]").upstream(
            "origin",
            &[origin.addr()],
            "",
        )
    };
    let gateway = GatewayOptions::new().drain_timeout("3s").start(file(&origin));
    let mut client = Client::connect(gateway.addr("l4"));
    assert_eq!(client.read_line().as_deref(), Ok("a"));
    assert_eq!(gateway.reload(file(&other)), Reloaded::Taken);
    let mut newcomer = Client::connect(gateway.addr("l4"));
    assert_eq!(newcomer.read_line().as_deref(), Ok("b"));
    drop(newcomer);
    gateway.signal(Signal::TERM);
    for _ in 0..5 {
        client.send("x").unwrap();
        assert_eq!(client.read_exactly(1).unwrap(), b"x");
    }
    client.finish();
    assert_eq!(client.read_to_end(), Ok(Vec::new()));
    assert_eq!(gateway.wait(), Ending::Code(0));
}

#[test]
fn a_connection_that_is_cut_at_the_end_is_logged() {
    let origin = TcpOrigin::echo("a");
    let config = Config::new()
        .listener("l4", "protocol: tcp\nforward: [{ upstream: origin }]")
        .upstream("origin", &[origin.addr()], "")
        .access_log("{ stdout: {} }");
    let gateway = GatewayOptions::new().drain_timeout("1s").start(config);
    let mut client = Client::connect(gateway.addr("l4"));
    assert_eq!(client.read_line().as_deref(), Ok("a"));
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let lines = gateway.stdout().lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in ["\"shutting_down\"", "\"gateway@tunnel\"", "\"response_bytes\":3"] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
}

#[test]
fn a_connection_is_logged_when_it_ends() {
    let origin = TcpOrigin::echo("name");
    let config = Config::new()
        .listener("l4", "protocol: tcp\nforward: [{ upstream: origin }]")
        .upstream("origin", &[origin.addr()], "")
        .access_log("{ stdout: {} }");
    let gateway = Gateway::start(config);
    let mut client = Client::connect(gateway.addr("l4"));
    client.send("hello").unwrap();
    client.finish();
    assert_eq!(client.read_to_end().as_deref(), Ok(&b"name\r\nhello"[..]));
    let line: serde_json::Value = eventually("a line", SOON, || {
        gateway.stdout().lines().first().map(|line| serde_json::from_str(line).expect("JSON"))
    });
    assert_eq!((&line["protocol"], &line["listener"]), (&"tcp".into(), &"l4".into()), "{line}");
    assert_eq!(
        (&line["request_bytes"], &line["response_bytes"]),
        (&5.into(), &11.into()),
        "{line}"
    );
    assert_eq!(line["endpoint"], origin.addr().to_string());
    assert_eq!(line["termination"], "complete", "{line}");
    let received = gateway.metrics().sum("architrave_relay_received_bytes_total", &[]);
    assert_eq!(received, 5.0);
}

#[test]
fn many_connections_come_and_go() {
    let origin = TcpOrigin::echo("a");
    let gateway = relaying("tcp", &[origin.addr()], "");
    let before = gateway.open_fds();
    for _ in 0..10 {
        let mut clients: Vec<_> = (0..50).map(|_| Client::connect(gateway.addr("l4"))).collect();
        for client in &mut clients {
            assert_eq!(client.read_line().as_deref(), Ok("a"));
        }
    }
    eventually("all are closed", SOON, || (gateway.open_fds() <= before + 4).then_some(()));
    let mut left = TcpStream::connect(gateway.addr("l4")).unwrap();
    let mut greeting = [0; 3];
    left.read_exact(&mut greeting).unwrap();
}
