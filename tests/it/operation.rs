//! What operators do to a running gateway besides changing routes: another admin token, other
//! keys, a moved admin listener; and what the gateway forgets and says once.

use std::net::SocketAddr;
use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::nginx::free_address;
use architrave_testkit::{Config, Gateway, Origin, Reloaded, SOON, Stopwatch, eventually};
use rustix::process::Signal;

const ADMIN: &str = "admin: { address: \"127.0.0.1:0\" }";

fn with_admin(config: &Config, admin: &str) -> String {
    let yaml = config.to_string();
    assert!(yaml.contains(ADMIN), "{yaml}");
    yaml.replace(ADMIN, &format!("admin: {admin}"))
}

fn status(address: SocketAddr, token: &str) -> u16 {
    let field = format!("Authorization: Bearer {token}");
    get(address, &address.to_string(), "/api/v1/config", &[&field]).status
}

#[test]
fn another_admin_token_holds_where_the_listener_is() {
    let origin = Origin::named("a");
    let config = Config::single(origin.addr());
    let file = |token: &str| {
        with_admin(&config, &format!("{{ address: \"127.0.0.1:0\", token: \"{token}\" }}"))
    };
    let (first, second) = ("the-first-admin-token-01", "the-second-admin-token-2");
    let gateway = Gateway::start(file(first));
    let admin = gateway.admin();
    assert_eq!((status(admin, first), status(admin, second)), (200, 401));
    gateway.write_config(file(second));
    gateway.signal(Signal::HUP);
    eventually("the second holds", SOON, || (status(admin, second) == 200).then_some(()));
    assert_eq!(status(admin, first), 401);
    gateway.write_config(&config);
    // Whoever rotates logs may send this; it is no reason to end.
    gateway.signal(Signal::USR1);
    eventually("none is needed", SOON, || (status(admin, "") == 200).then_some(()));
    assert_eq!(get(admin, &admin.to_string(), "/readyz", &[]).status, 200);
}

#[test]
fn an_admin_address_that_is_taken_refuses_the_file_and_a_free_one_is_moved_to() {
    let origin = Origin::named("a");
    let config = Config::single(origin.addr());
    let gateway = Gateway::start(&config);
    let at = |address: SocketAddr| with_admin(&config, &format!("{{ address: \"{address}\" }}"));
    let Reloaded::Refused(why) = gateway.reload(at(origin.addr())) else {
        panic!("an address that is taken was taken");
    };
    assert!(why.contains(&origin.addr().to_string()), "{why}");
    assert_eq!(gateway.admin_json("/readyz")["status"], "ready");
    let free = free_address();
    gateway.write_config(at(free));
    gateway.signal(Signal::HUP);
    eventually("it has moved", SOON, || std::net::TcpStream::connect(free).ok());
    assert_eq!(get(free, &free.to_string(), "/readyz", &[]).status, 200);
    let old = gateway.admin();
    eventually("the old place is left", SOON, || std::net::TcpStream::connect(old).err());
}

/// Adds an endpoint, and takes it away again when it has been asked. What was counted of it goes
/// with the next look of the watch.
fn wait_for_a_look(gateway: &Gateway, endpoint: &Origin) {
    let address = endpoint.addr().to_string();
    let base = "/api/v1/upstreams/origin/endpoints";
    let change = |method: &str, path: &str, body: &str| {
        let answer = gateway.admin_ask(method, path, body);
        assert!(answer.status < 300, "{}", answer.text());
    };
    change("POST", base, &format!("{{\"address\": \"{address}\"}}"));
    let labels = [("endpoint", address.as_str())];
    eventually("it is asked and counted", SOON, || {
        let _any = get(gateway.web(), "h", "/", &[]);
        let count = gateway.metrics().sum("architrave_endpoint_requests_total", &labels);
        (count > 0.0).then_some(())
    });
    change("DELETE", &format!("{base}/{address}"), "");
    eventually("its series are gone", SOON, || (!shows(gateway, &address)).then_some(()));
}

/// Whether there is a series about an endpoint.
fn shows(gateway: &Gateway, address: &str) -> bool {
    let is_it = |endpoint: &String| endpoint == address;
    gateway.metrics().samples.iter().any(|one| one.labels.get("endpoint").is_some_and(is_it))
}

#[test]
fn a_change_that_a_signal_told_of_is_taken_once() {
    let (origin, other) = (Origin::named("a"), Origin::named("b"));
    let gateway = Gateway::start(Config::single(origin.addr()));
    let before = gateway.config_state().generation;
    assert_eq!(gateway.reload(Config::balanced(&[origin.addr()], "")), Reloaded::Taken);
    // The watch takes a file that looks the same twice. That a third look begins shows that two
    // have come to their end.
    for _ in 0..3 {
        wait_for_a_look(&gateway, &other);
    }
    assert_eq!(gateway.config_state().generation, before + 1);
    gateway.write_config(Config::single(origin.addr()).and("# another text"));
    eventually("the watch takes what no signal told of", SOON, || {
        (gateway.config_state().generation == before + 2).then_some(())
    });
}

#[test]
fn a_file_that_was_touched_and_says_the_same_is_not_taken_again() {
    let (origin, other) = (Origin::named("a"), Origin::named("b"));
    let config = Config::single(origin.addr());
    let gateway = Gateway::start(&config);
    let before = gateway.config_state().generation;
    gateway.write_config(&config);
    for _look in 0..3 {
        wait_for_a_look(&gateway, &other);
    }
    assert_eq!(gateway.config_state().generation, before);
    // Whoever asks for it gets it read anew, with all that it names.
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
}

#[test]
fn a_file_that_is_gone_is_said_and_all_goes_on_until_it_is_back() {
    let origin = Origin::named("a");
    let config = Config::single(origin.addr());
    let gateway = Gateway::start(&config);
    std::fs::remove_file(gateway.dir().join("gateway.yaml")).expect("it is there");
    let said = || {
        let ready = gateway.admin_json("/readyz");
        ready["last_reload_error"]["message"].as_str().map(str::to_owned)
    };
    let message = eventually("it is said", SOON, said);
    assert!(message.contains("gateway.yaml") && message.contains("gone"), "{message}");
    assert_eq!(gateway.metrics().sum("architrave_config_last_reload_success", &[]), 0.0);
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a");
    gateway.write_config(&config);
    eventually("it is back", SOON, || said().is_none().then_some(()));
    assert_eq!(gateway.metrics().sum("architrave_config_last_reload_success", &[]), 1.0);
}

#[test]
fn an_endpoint_that_is_not_well_says_why() {
    let (well, sick) = (Origin::named("a"), free_address());
    let check = "health: { active: { check: { tcp: {} }, interval: 100ms, timeout: 1s, fall: 1 } }";
    let gateway = Gateway::start(Config::balanced(&[well.addr(), sick], check));
    let why = eventually("it is found unwell", SOON, || {
        let endpoint = gateway.endpoint("origin", sick);
        let is_unwell = endpoint["health"] == "unhealthy";
        is_unwell.then(|| endpoint["check_error"].as_str().map(str::to_owned)).flatten()
    });
    assert!(why.contains("refused"), "{why}");
    assert!(gateway.endpoint("origin", well.addr())["check_error"].is_null());
}

#[test]
fn endpoints_that_went_leave_no_series_and_count_again_when_they_are_back() {
    let (kept, gone) = (Origin::named("kept"), Origin::named("gone"));
    let gateway = Gateway::start(Config::single(kept.addr()));
    for _round in 0..2 {
        wait_for_a_look(&gateway, &gone);
    }
    assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "kept");
}

#[test]
fn keys_that_end_with_the_process_are_warned_of_once_and_where_they_matter() {
    let origin = Origin::named("a");
    let plain = Config::single(origin.addr());
    let cookies = Config::balanced(&[origin.addr()], "persistence: { cookie: {} }");
    let gateway = Gateway::start(&plain);
    let warnings = || {
        let lines = gateway.stderr().lines();
        lines.iter().filter(|line| line.contains("no keys file")).count()
    };
    assert_eq!(gateway.reload(plain.access_log("{ none: {} }")), Reloaded::Taken);
    assert_eq!(warnings(), 0);
    assert_eq!(gateway.reload(&cookies), Reloaded::Taken);
    assert_eq!(gateway.reload(cookies.access_log("{ none: {} }")), Reloaded::Taken);
    eventually("it is said", SOON, || (warnings() == 1).then_some(()));
}

#[test]
fn keys_are_read_again_and_bad_ones_refuse_the_file() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let dir = tempfile::TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("keys");
    let write = |keys: &str| std::fs::write(&file, keys).expect("there is room for a file");
    let (first, second) = ("11".repeat(32), "22".repeat(32));
    write(&first);
    let config = Config::balanced(&[one.addr(), two.addr()], "persistence: { cookie: {} }")
        .and(&format!("keys: {{ file: \"{}\" }}", file.display()));
    let gateway = Gateway::start(&config);
    let answer = get(gateway.web(), "h", "/", &[]);
    let pinned = answer.text();
    let cookie = answer.head.all("set-cookie")[0].split(';').next().unwrap_or_default().to_owned();
    let stays = || {
        let field = format!("Cookie: {cookie}");
        let mut answers = (0..20).map(|_| get(gateway.web(), "h", "/", &[&field]));
        answers.all(|answer| answer.text() == pinned && answer.head.all("set-cookie").is_empty())
    };
    assert!(stays());
    write(&format!("{second}\n{first}\n"));
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
    assert!(stays(), "the old key still opens while rotating");
    write("not a key");
    let refused = gateway.reload(&config);
    assert!(matches!(&refused, Reloaded::Refused(why) if why.contains("keys")), "{refused:?}");
    assert!(stays());
    write(&second);
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
    assert!(!stays(), "a key that is gone opens nothing");
}

#[test]
fn a_worker_that_stood_still_is_told_of() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let longest = |worker: &str| {
        let page = gateway.metrics();
        page.sum("architrave_worker_longest_delay_seconds", &[("worker", worker)])
    };
    let count = || gateway.metrics().sum("architrave_worker_delay_seconds_count", &[]);
    eventually("delays are measured", SOON, || (count() > 2.0).then_some(()));
    let before = longest("0").max(longest("1"));
    let stop = Duration::from_secs_f64(before) + Duration::from_millis(500);
    gateway.signal(Signal::STOP);
    let since = Stopwatch::start();
    eventually("time has passed", SOON, || (since.elapsed() > stop).then_some(()));
    gateway.signal(Signal::CONT);
    for worker in ["0", "1"] {
        let told = longest(worker);
        // A sample is due every tenth of a second at the latest.
        assert!(told > before + 0.3, "{told} after {before}");
    }
    // With somebody connected, samples are taken far more often.
    let mut client = architrave_testkit::Client::connect(gateway.web());
    client.get("h", "/", &[]);
    let (from, since) = (count(), Stopwatch::start());
    eventually("a hundred samples", SOON, || (count() > from + 100.0).then_some(()));
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}
