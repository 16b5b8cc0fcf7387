//! Listeners that move from one address of a port to all of them, and back, while they are used.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::nginx::free_address;
use architrave_testkit::process::Ending;
use architrave_testkit::{
    Client, Config, Gate, Gateway, LoadPlan, Origin, Reloaded, SOON, eventually, heavy,
};

fn at(origin: &Origin, listener: &str, address: SocketAddr) -> Config {
    Config::new()
        .listener_at(listener, &address.to_string(), "protocol: http")
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin")
}

/// The same port at all addresses of IPv4, of IPv6, and at another one of this machine.
fn beside(one: SocketAddr) -> [SocketAddr; 3] {
    let port = one.port();
    [([0, 0, 0, 0], port).into(), ([0_u16; 8], port).into(), ([127, 0, 0, 2], port).into()]
}

#[test]
fn a_listener_moves_to_all_addresses_and_back_and_nobody_notices() {
    let _turn = heavy::turn();
    let origin = Origin::named("a");
    let one = free_address();
    let [all, six, _] = beside(one);
    let gateway = Gateway::start(at(&origin, "web", one));
    let kept = LoadPlan::new(one).connections(6).pause(Duration::from_millis(1)).start();
    let fresh = LoadPlan::new(one).connections(4).per_connection(1).start();
    kept.wait_for(100);
    for round in 0..6 {
        assert_eq!(gateway.reload(at(&origin, "web", all)), Reloaded::Taken, "round {round}");
        kept.wait_for(30);
        fresh.wait_for(30);
        assert_eq!(
            get(SocketAddr::new([127, 0, 0, 9].into(), one.port()), "h", "/", &[]).status,
            200
        );
        // Both at once, the wide one under another name.
        let both = at(&origin, "wide", all).listener_at("six", &six.to_string(), "protocol: http");
        assert_eq!(gateway.reload(both), Reloaded::Taken, "round {round}");
        kept.wait_for(30);
        fresh.wait_for(30);
        assert_eq!(gateway.reload(at(&origin, "web", one)), Reloaded::Taken, "round {round}");
        kept.wait_for(30);
        fresh.wait_for(30);
        let elsewhere = SocketAddr::new([127, 0, 0, 9].into(), one.port());
        assert!(std::net::TcpStream::connect(elsewhere).is_err(), "it is not served any more");
    }
    kept.stop().assert_clean();
    fresh.stop().assert_clean();
}

#[test]
fn what_was_connected_to_an_address_that_is_no_longer_served_comes_to_its_end() {
    let gate = Gate::new();
    let wait = gate.clone();
    let origin = Origin::start(move |exchange| {
        if exchange.target() == "/held" {
            wait.pass();
        }
        exchange.reply(200, &[], "ok");
    });
    let one = free_address();
    let [all, _, _] = beside(one);
    let elsewhere = SocketAddr::new([127, 0, 0, 9].into(), one.port());
    let gateway = Gateway::start(at(&origin, "web", all));
    let (mut idle, mut busy) = (Client::connect(elsewhere), Client::connect(elsewhere));
    let mut stays = Client::connect(one);
    assert_eq!(stays.ask(request("GET", "h", "/", &[])).status, 200);
    assert_eq!(idle.ask(request("GET", "h", "/", &[])).status, 200);
    busy.send(request("GET", "h", "/held", &[])).unwrap();
    eventually("it is in flight", SOON, || (origin.count() == 3).then_some(()));
    assert_eq!(gateway.reload(at(&origin, "web", one)), Reloaded::Taken);
    assert!(idle.ends_within(SOON));
    gate.open();
    let response = busy.read_response("GET").unwrap();
    assert_eq!((response.status, response.head.get("connection")), (200, Some("close")));
    assert!(busy.ends_within(SOON));
    let response = stays.ask(request("GET", "h", "/", &[]));
    assert_eq!((response.status, response.head.get("connection")), (200, None));
    assert_eq!(get(one, "h", "/", &[]).status, 200);
}

#[test]
fn an_upgrade_after_a_move_loses_nothing_either() {
    let _turn = heavy::turn();
    let origin = Origin::named("a");
    let one = free_address();
    let [all, _, _] = beside(one);
    // Both ready lines are compared: the narrow sockets are in none.
    let gateway = Gateway::start(at(&origin, "web", all));
    assert_eq!(gateway.reload(at(&origin, "web", one)), Reloaded::Taken);
    assert_eq!(gateway.reload(at(&origin, "web", all)), Reloaded::Taken);
    let kept = LoadPlan::new(one).connections(6).pause(Duration::from_millis(1)).start();
    let fresh = LoadPlan::new(one).connections(4).per_connection(1).start();
    for round in 0..3 {
        kept.wait_for(50);
        fresh.wait_for(50);
        assert_eq!(gateway.upgrade(), Ending::Code(0), "round {round}");
    }
    kept.wait_for(50);
    // The successor knows the narrow sockets as its own.
    assert_eq!(gateway.reload(at(&origin, "web", one)), Reloaded::Taken);
    assert_eq!(gateway.reload(at(&origin, "web", all)), Reloaded::Taken);
    kept.wait_for(50);
    kept.stop().assert_clean();
    fresh.stop().assert_clean();
}

#[test]
fn an_address_beside_ours_that_is_anothers_is_still_refused() {
    let origin = Origin::named("a");
    let one = free_address();
    let [all, _, other] = beside(one);
    let theirs = TcpListener::bind(other).expect("nobody has it");
    let gateway = Gateway::start(at(&origin, "web", one));
    let refused = gateway.reload(at(&origin, "web", all));
    let Reloaded::Refused(why) = refused else { panic!("taken beside {theirs:?}") };
    assert!(why.contains("listener web: cannot listen on 0.0.0.0"), "{why}");
    assert_eq!(get(one, "h", "/", &[]).status, 200, "all goes on as it was");
    drop(theirs);
    assert_eq!(gateway.reload(at(&origin, "web", all)), Reloaded::Taken);
}

#[test]
fn datagrams_and_the_admin_listener_move_as_well() {
    let echo = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let echoed = echo.local_addr().expect("an address");
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok((length, peer)) = echo.recv_from(&mut bytes) {
            if &bytes[..length] == b"end" {
                return;
            }
            let _sent = echo.send_to(&bytes[..length], peer);
        }
    });
    let one = free_address();
    let admin = free_address();
    let [all, _, _] = beside(one);
    let file = |address: SocketAddr, admin: SocketAddr| {
        let udp = "protocol: udp\nforward: [{ upstream: origin }]";
        Config::new()
            .listener_at("dns", &address.to_string(), udp)
            .upstream("origin", &[echoed], "")
            .to_string()
            .replace("127.0.0.1:0", &format!("{admin}\", token: \"0123456789abcdef0123"))
    };
    let gateway = Gateway::start(file(one, admin));
    let ask = |to: SocketAddr| {
        let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
        client.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
        client.send_to(b"hello", to).expect("it is sent");
        let mut bytes = [0; 64];
        let (length, _) = client.recv_from(&mut bytes).expect("it is answered");
        assert_eq!(&bytes[..length], b"hello");
    };
    ask(one);
    let [admin_all, _, _] = beside(admin);
    for (address, admin_at) in [(all, admin_all), (one, admin), (all, admin_all)] {
        gateway.write_config(file(address, admin_at));
        gateway.signal(rustix::process::Signal::HUP);
        eventually("it is taken", SOON, || {
            let lines = gateway.stderr().lines();
            let last = lines.iter().rev().find(|line| line.contains("configuration "))?;
            assert!(!last.contains("refused"), "{last}");
            let wide = SocketAddr::new([127, 0, 0, 3].into(), admin.port());
            let is_wide = std::net::TcpStream::connect(wide).is_ok();
            (is_wide == admin_at.ip().is_unspecified()).then_some(())
        });
        ask(one);
        // Who connects to the admin listener in the very moment of its move may have to ask again.
        eventually("the admin listener answers", SOON, || {
            let mut client = Client::connect(admin);
            client.send(request("GET", &admin.to_string(), "/healthz", &[])).ok()?;
            (client.read_response("GET").ok()?.status == 200).then_some(())
        });
    }
    let _ended = UdpSocket::bind("127.0.0.1:0").expect("a port").send_to(b"end", echoed);
}
