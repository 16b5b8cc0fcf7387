//! Reload: a new file is taken whole or not at all, and nobody who is being served notices.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::nginx::free_address;
use architrave_testkit::websocket::{WebSocket, serve_echo};
use architrave_testkit::{
    Client, Config, Gateway, LoadPlan, Origin, Reloaded, SOON, eventually, heavy, process, tools,
};
use rustix::process::Signal;

/// An origin that says its name, and echoes WebSockets at `/ws`.
fn named(name: &'static str) -> Origin {
    Origin::start(move |exchange| match exchange.target() {
        "/ws" => serve_echo(exchange),
        _ => exchange.reply(200, &[], name),
    })
}

#[test]
fn two_hundred_reloads_under_load_lose_nothing() {
    let _turn = heavy::turn();
    let (one, two) = (named("one"), named("two"));
    let addrs = [one.addr(), two.addr()];
    let file = |round: usize| {
        // The untouched part stays, the rest changes with every round.
        let mut config = Config::new()
            .web()
            .upstream("origin", &addrs, "balance: round_robin")
            .route("all", "service: origin");
        for extra in 0..=round % 5 {
            let name = format!("extra-{round}-{extra}");
            config = config.upstream(&name, &addrs[..1], "");
            config = config.route(&name, &format!("hosts: [{name}.example]\nservice: {name}"));
        }
        config
    };
    let gateway = Gateway::start(file(0));
    let mut socket = WebSocket::connect(gateway.web(), "h", "/ws").expect("switched");
    let load = LoadPlan::new(gateway.web()).connections(8).pause(Duration::from_millis(1)).start();
    load.wait_for(200);
    let rounds = if tools::soak() { 5_000 } else { 200 };
    let (mut fds, mut rss) = (0, 0);
    for round in 1..=rounds {
        assert_eq!(gateway.reload(file(round)), Reloaded::Taken, "round {round}");
        if round % 20 == 0 {
            socket.echo(&format!("round {round}"));
        }
        if round == rounds / 4 {
            (fds, rss) = (gateway.open_fds(), gateway.rss());
        }
    }
    let report = load.stop();
    report.assert_clean();
    socket.echo("still the same");
    let (now_fds, now_rss) = (gateway.open_fds(), gateway.rss());
    assert!(now_fds <= fds + 16, "file descriptors grew from {fds} to {now_fds}");
    assert!(now_rss <= rss + (8 << 20), "memory grew from {rss} to {now_rss}");
    assert_eq!(
        one.requests().iter().filter(|request| request.target == "/ws").count()
            + two.requests().iter().filter(|request| request.target == "/ws").count(),
        1
    );
}

#[test]
fn reloads_lose_no_request_of_http_2() {
    let _turn = heavy::turn();
    let origin = named("one");
    let file = |round: usize| {
        Config::single(origin.addr()).route(
            &format!("round-{round}"),
            &format!("hosts: [round-{round}.example]\nservice: origin"),
        )
    };
    let gateway = Gateway::start(file(0));
    let url = format!("http://{}/", gateway.web());
    let mut command = Command::new(tools::program("h2load"));
    command.args(["-D", if tools::soak() { "60" } else { "4" }, "-c", "4", "-m", "8", &url]);
    let mut child = process::start(command.stdout(Stdio::piped()));
    let mut round = 0;
    while origin.count() == 0 || process::is_alive(child.pid()) {
        round += 1;
        assert_eq!(gateway.reload(file(round)), Reloaded::Taken);
    }
    let mut said = String::new();
    child.take_stdout().read_to_string(&mut said).expect("h2load ends");
    assert!(round > 10, "{round} reloads");
    assert!(said.contains(" 0 failed, 0 errored, 0 timeout"), "{said}");
    assert!(said.contains(" 0 3xx, 0 4xx, 0 5xx"), "{said}");
}

#[test]
fn what_is_in_flight_is_finished_by_the_file_it_began_with() {
    let gate = architrave_testkit::Gate::new();
    let wait = gate.clone();
    let old = Origin::start(move |exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nold");
        wait.pass();
        exchange.send("old");
    });
    let new = Origin::named("new");
    let gateway = Gateway::start(Config::single(old.addr()));
    let mut client = Client::connect(gateway.web());
    client.send(request("GET", "h", "/", &[])).unwrap();
    assert_eq!(client.read_head().unwrap().expect("a head").status(), 200);
    assert_eq!(gateway.reload(Config::single(new.addr())), Reloaded::Taken);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "new");
    gate.open();
    assert_eq!(client.read_exactly(6).unwrap(), b"oldold");
    assert_eq!(client.get("h", "/", &[]).text(), "new", "the next request takes the new file");
}

#[test]
fn a_bad_file_changes_nothing() {
    let origin = Origin::named("a");
    let good = Config::single(origin.addr());
    let gateway = Gateway::start(&good);
    let mut client = Client::connect(gateway.web());
    assert_eq!(client.get("h", "/", &[]).status, 200);
    let generation = gateway.config_state().generation;
    for bad in [
        "",
        "}{",
        "version: 2\n",
        "version: 1\nlisteners: [{ name: web, address: nonsense, protocol: http }]\n",
        "version: 1\nroutes: [{ name: r, service: nobody }]\n",
        "version: 1\nsurprise: true\n",
    ] {
        assert!(matches!(gateway.reload(bad), Reloaded::Refused(_)), "{bad:?}");
        assert_eq!(client.get("h", "/", &[]).text(), "a");
        assert_eq!(gateway.config_state().generation, generation);
    }
    let ready = gateway.admin_json("/readyz");
    assert!(
        ready["last_reload_error"]["message"].as_str().is_some_and(|why| why.contains("surprise"))
    );
}

#[test]
fn an_address_that_is_taken_refuses_the_whole_file() {
    let origin = Origin::named("a");
    let other = Origin::named("other");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let file = Config::single(other.addr()).listener_at(
        "more",
        &origin.addr().to_string(),
        "protocol: http",
    );
    assert!(matches!(gateway.reload(file), Reloaded::Refused(_)));
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a");
}

#[test]
fn a_file_that_changes_is_read_without_a_signal() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let gateway = Gateway::start(Config::single(one.addr()));
    let before = gateway.config_state();
    gateway.write_config(Config::single(two.addr()));
    assert_eq!(gateway.outcome_since(&before), Reloaded::Taken);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "two");
    let before = gateway.config_state();
    std::fs::write(gateway.config_file(), "nonsense: true\n").expect("there is room for a file");
    assert!(matches!(gateway.outcome_since(&before), Reloaded::Refused(_)));
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "two");
}

#[test]
fn many_signals_at_once_are_no_harm() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let gateway = Gateway::start(Config::single(one.addr()));
    for _ in 0..100 {
        gateway.signal(Signal::HUP);
    }
    assert_eq!(gateway.reload(Config::single(two.addr())), Reloaded::Taken);
    eventually("the newest file is live", SOON, || {
        (get(gateway.web(), "h", "/", &[]).text() == "two").then_some(())
    });
}

#[test]
fn listeners_come_and_go_and_those_that_stay_keep_their_connections() {
    let origin = Origin::named("a");
    let (stays, comes) = (free_address(), free_address());
    let base = || {
        Config::new()
            .listener_at("stays", &stays.to_string(), "protocol: http")
            .upstream("origin", &[origin.addr()], "")
            .route("all", "service: origin")
    };
    let gateway = Gateway::start(base());
    let mut client = Client::connect(stays);
    assert_eq!(client.get("h", "/", &[]).status, 200);
    let more = base().listener_at("comes", &comes.to_string(), "protocol: http");
    assert_eq!(gateway.reload(&more), Reloaded::Taken);
    let mut guest = Client::connect(comes);
    assert_eq!(guest.get("h", "/", &[]).text(), "a");
    assert_eq!(gateway.reload(base()), Reloaded::Taken);
    eventually("the other is closed", SOON, || Client::try_connect(comes).is_err().then_some(()));
    let last = guest.try_ask(request("GET", "h", "/", &[]));
    let let_go = last.as_ref().map_or(true, |response| response.head.says_close());
    assert!(let_go, "a connection of a listener that is gone lives on: {last:?}");
    assert_eq!(client.get("h", "/", &[]).status, 200, "the connection lived through all of it");
    assert_eq!(gateway.reload(&more), Reloaded::Taken);
    assert_eq!(get(comes, "h", "/", &[]).text(), "a");
}

#[test]
fn limits_and_timeouts_of_a_listener_change_while_it_listens() {
    let origin = Origin::named("a");
    let file = |limits: &str| {
        Config::new()
            .listener("web", &format!("protocol: http\n{limits}"))
            .upstream("origin", &[origin.addr()], "")
            .route("all", "service: origin")
    };
    let gateway = Gateway::start(file(""));
    let address = gateway.web();
    let long = format!("/{}", "a".repeat(200));
    assert_eq!(get(address, "h", &long, &[]).status, 200);
    assert_eq!(gateway.reload(file("limits: { uri: 100B }")), Reloaded::Taken);
    eventually("the new limit holds", SOON, || {
        (get(address, "h", &long, &[]).status == 414).then_some(())
    });
}

#[test]
fn health_and_pools_are_carried_over() {
    let origin = Origin::named("a");
    let (refused, _guard) = architrave_testkit::origin::refusing();
    let upstream = "health: { passive: { consecutive_failures: 1, eject_for: 60s } }";
    let file = |n: usize| {
        Config::balanced(&[origin.addr(), refused], upstream)
            .route(&format!("more-{n}"), &format!("hosts: [more-{n}.example]\nservice: origin"))
    };
    let gateway = Gateway::start(file(0));
    eventually("one is ejected", SOON, || {
        get(gateway.web(), "h", "/", &[]);
        (gateway.endpoint("origin", refused)["health"] == "ejected").then_some(())
    });
    let connections = origin.connections();
    for n in 1..5 {
        assert_eq!(gateway.reload(file(n)), Reloaded::Taken);
        assert_eq!(gateway.endpoint("origin", refused)["health"], "ejected");
        assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
    }
    assert!(origin.connections() <= connections + 1, "the pool was thrown away");
}
