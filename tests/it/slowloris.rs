//! Two thousand clients that never come to the point: all others are answered as before.

use std::time::Duration;

use architrave_testkit::nginx::Nginx;
use architrave_testkit::{Client, Config, Gateway, LoadPlan, SOON, eventually, heavy, tools};

/// How many there are.
const SLOW: usize = 2_000;

/// Resident memory that one of them may cost.
const BYTES_EACH: u64 = 48 << 10;

#[test]
fn two_thousand_slow_clients_disturb_nobody() {
    let _turn = heavy::turn();
    let origin = Nginx::start("one");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let measure = || {
        let report = LoadPlan::new(gateway.web())
            .connections(4)
            .pause(Duration::from_millis(2))
            .run_for(Duration::from_secs(2));
        report.assert_clean();
        (report.quantile(0.5), report.quantile(0.99))
    };
    let (median, _) = measure();
    let before = gateway.rss();
    for round in 0..if tools::soak() { 20 } else { 1 } {
        besiege(&gateway, round, median, &measure);
    }
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < SLOW as u64 * BYTES_EACH, "memory grew by {grown} bytes");
}

/// Has two thousand slow clients come, while `measure` says how others fare, and waits until they
/// have been closed.
fn besiege(
    gateway: &Gateway,
    round: usize,
    median: Duration,
    measure: &dyn Fn() -> (Duration, Duration),
) {
    let before = gateway.rss();
    let mut slow: Vec<_> = (0..SLOW)
        .map(|n| {
            let mut client = Client::connect(gateway.web());
            let part = match n % 4 {
                0 => "GET / HTTP/1.1\r\nHost: h\r\nX: ".to_owned(),
                1 => "G".to_owned(),
                2 => "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx".to_owned(),
                _ => String::new(),
            };
            client.send(part).expect("the gateway accepts");
            client
        })
        .collect();
    let open =
        || gateway.metrics().sum("architrave_listener_connections_open", &[("listener", "web")]);
    eventually("all are in", SOON, || (open() >= 1_999.0).then_some(()));
    // They go on, a byte at a time, while the others are measured.
    let dripping = std::thread::spawn(move || {
        for client in &mut slow {
            let _ = client.send("x");
            std::thread::sleep(Duration::from_millis(1));
        }
        slow
    });
    let (besieged, worst) = measure();
    assert!(
        besieged < median * 2 + Duration::from_millis(5),
        "the median went from {median:?} to {besieged:?} in round {round}"
    );
    assert!(worst < Duration::from_millis(500), "99 of 100 within {worst:?}");
    let grown = gateway.rss().saturating_sub(before);
    assert!(grown < SLOW as u64 * BYTES_EACH, "memory grew by {grown} bytes");
    let slow = dripping.join().expect("dripping goes well");
    // Their time runs out: the limit for a head is ten seconds.
    eventually("they are closed", Duration::from_secs(60), || (open() < 600.0).then_some(()));
    drop(slow);
}
