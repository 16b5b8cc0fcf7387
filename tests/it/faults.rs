//! Real origins that fail under load: stopped, sick, killed and started again. And a reader of
//! the log that stands still.

use std::time::Duration;

use architrave_testkit::nginx::Nginx;
use architrave_testkit::{
    Config, Gateway, GatewayOptions, Load, LoadPlan, Origin, SOON, Stopwatch, eventually, heavy,
    tools,
};

/// Probes every 200 ms, that fail twice before they count.
const PROBES: &str = "
    balance: round_robin
    retry: { attempts: 0 }
    timeouts: { first_byte: 1s }
    health:
      active: { check: { http: { path: /healthz } }, interval: 200ms, timeout: 300ms, rise: 2, fall: 2 }
      passive: { consecutive_failures: 0 }
    ";

/// Within this the probes have noticed: two intervals, two timeouts, and a busy machine.
const NOTICED: Duration = Duration::from_secs(4);

fn fleet() -> Vec<Nginx> {
    ["one", "two", "three"].map(Nginx::start).into()
}

fn load(gateway: &Gateway) -> Load {
    LoadPlan::new(gateway.web()).connections(8).pause(Duration::from_millis(2)).start()
}

/// How many requests an endpoint has had.
fn requests(gateway: &Gateway, nginx: &Nginx) -> u64 {
    gateway.endpoint("origin", nginx.addr())["requests"].as_u64().expect("a count")
}

/// Wants an endpoint to get nothing for a while, though others get a lot.
#[track_caller]
fn gets_nothing(gateway: &Gateway, load: &Load, nginx: &Nginx) {
    let before = requests(gateway, nginx);
    load.wait_for(300);
    assert_eq!(requests(gateway, nginx), before, "it still gets traffic");
}

/// Wants an endpoint to get its share again soon.
#[track_caller]
fn gets_its_share(gateway: &Gateway, load: &Load, nginx: &Nginx) {
    eventually("it gets its share", SOON, || {
        let before = requests(gateway, nginx);
        load.wait_for(300);
        (requests(gateway, nginx) - before >= 60).then_some(())
    });
}

#[test]
fn an_origin_that_is_stopped_gets_nothing_until_it_goes_on() {
    let _turn = heavy::turn();
    let origins = fleet();
    let addrs: Vec<_> = origins.iter().map(Nginx::addr).collect();
    let gateway = Gateway::start(Config::balanced(&addrs, PROBES));
    let load = load(&gateway);
    load.wait_for(100);
    for _ in 0..if tools::soak() { 20 } else { 2 } {
        gets_its_share(&gateway, &load, &origins[0]);
        origins[0].freeze();
        gateway.wait_health("origin", addrs[0], false, NOTICED);
        gets_nothing(&gateway, &load, &origins[0]);
        origins[0].thaw();
        gateway.wait_health("origin", addrs[0], true, NOTICED);
    }
    let report = load.stop();
    // Without retries, what was sent to it before that was noticed is lost, and nothing else.
    assert!(report.failures.iter().all(|failure| failure.contains("504")), "{:?}", report.failures);
}

#[test]
fn an_origin_that_says_it_is_sick_gets_nothing_though_it_answers() {
    let _turn = heavy::turn();
    let origins = fleet();
    let addrs: Vec<_> = origins.iter().map(Nginx::addr).collect();
    let gateway = Gateway::start(Config::balanced(&addrs, PROBES));
    let load = load(&gateway);
    load.wait_for(100);
    for _ in 0..if tools::soak() { 20 } else { 2 } {
        gets_its_share(&gateway, &load, &origins[1]);
        origins[1].be_sick(true);
        gateway.wait_health("origin", addrs[1], false, NOTICED);
        gets_nothing(&gateway, &load, &origins[1]);
        origins[1].be_sick(false);
        gateway.wait_health("origin", addrs[1], true, NOTICED);
    }
    load.stop().assert_clean();
}

#[test]
fn an_origin_that_is_killed_and_started_again_costs_no_request() {
    let _turn = heavy::turn();
    let mut origins = fleet();
    let addrs: Vec<_> = origins.iter().map(Nginx::addr).collect();
    let upstream = "
        health:
          active: { check: { http: { path: /healthz } }, interval: 200ms, timeout: 500ms, rise: 1, fall: 1 }
          passive: { eject_for: 1s }
        ";
    let gateway = Gateway::start(Config::balanced(&addrs, upstream));
    let load = load(&gateway);
    load.wait_for(100);
    for round in 0..if tools::soak() { 100 } else { 8 } {
        let victim = &mut origins[round % 3];
        victim.kill();
        load.wait_for(150);
        victim.launch();
        gateway.wait_health("origin", addrs[round % 3], true, SOON);
        load.wait_for(50);
    }
    let report = load.stop();
    let spent = gateway.metrics().sum("architrave_upstream_retry_budget_exhausted_total", &[]);
    assert_eq!(report.failed, 0, "the budget stopped {spent} retries: {:?}", report.failures);
    report.assert_clean();
}

#[test]
fn all_origins_gone_for_a_while_is_said_and_passes() {
    let _turn = heavy::turn();
    let mut origins = fleet();
    let addrs: Vec<_> = origins.iter().map(Nginx::addr).collect();
    let gateway = Gateway::start(Config::balanced(&addrs, PROBES));
    origins.iter_mut().for_each(Nginx::kill);
    for address in &addrs {
        gateway.wait_health("origin", *address, false, NOTICED);
    }
    let watch = Stopwatch::start();
    let response = architrave_testkit::client::get(gateway.web(), "h", "/", &[]);
    assert_eq!((response.status, response.reason().as_str()), (503, "no_healthy_endpoint"));
    assert!(watch.elapsed() < Duration::from_secs(1), "an answer at once");
    origins.iter_mut().for_each(Nginx::launch);
    for address in &addrs {
        gateway.wait_health("origin", *address, true, NOTICED);
    }
    assert_eq!(architrave_testkit::client::get(gateway.web(), "h", "/", &[]).status, 200);
}

#[test]
fn a_reader_of_the_log_that_stands_still_slows_nobody() {
    let _turn = heavy::turn();
    let origin = Nginx::start("one");
    let start = |stalled: bool| {
        let options = GatewayOptions::new();
        let options = if stalled { options.hold_stdout() } else { options };
        options.start(Config::single(origin.addr()).access_log("{ stdout: {} }"))
    };
    let measure = |gateway: &Gateway| {
        let plan = LoadPlan::new(gateway.web()).connections(8).ask(|n| {
            // Long lines fill the pipe and the queue soon.
            let (path, agent) = ("y".repeat(1_000), "x".repeat(400));
            format!("GET /{path}?{n} HTTP/1.1\r\nHost: h\r\nUser-Agent: {agent}\r\n\r\n")
                .into_bytes()
        });
        let report = plan.run_for(Duration::from_secs(if tools::soak() { 10 } else { 1 }));
        report.assert_clean();
        report.per_second()
    };
    let (reading, gateway) = (start(false), start(true));
    // In turns, and the best of each: the machine does other things too.
    let (mut flowing, mut stalled) = (0.0_f64, 0.0_f64);
    for _ in 0..5 {
        flowing = flowing.max(measure(&reading));
        stalled = stalled.max(measure(&gateway));
    }
    let share = if tools::soak() { 0.95 } else { 0.8 };
    assert!(stalled > flowing * share, "{stalled:.0} a second instead of {flowing:.0}");
    assert!(gateway.rss() < 128 << 20, "{} bytes", gateway.rss());
    gateway.stdout().resume();
    eventually("the log goes on where it can", SOON, || {
        (gateway.stdout().count() > 100).then_some(())
    });
}

#[test]
fn an_origin_that_resets_one_exchange_touches_no_other() {
    let origin = Origin::start(|exchange| match exchange.target() {
        "/crash" => exchange.reset(),
        target => {
            let target = target.to_owned();
            exchange.reply(200, &[], target);
        }
    });
    let upstream = "retry: { attempts: 0 }\nhealth: { passive: { consecutive_failures: 0 } }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let load = LoadPlan::new(gateway.web()).connections(4).start();
    for _ in 0..50 {
        let response = architrave_testkit::client::get(gateway.web(), "h", "/crash", &[]);
        assert_eq!(response.status, 502);
    }
    load.stop().assert_clean();
}
