//! How a connection of HTTP/2 learns that it is to end.

use architrave_testkit::abuse::{RawH2, kind};
use architrave_testkit::nginx::free_address;
use architrave_testkit::{Client, Config, Gateway, Origin, Reloaded};

#[test]
fn a_listener_that_goes_says_so_to_its_connections() {
    let origin = Origin::named("a");
    let base = || {
        let config = Config::new().web().upstream("origin", &[origin.addr()], "");
        config.route("all", "service: origin")
    };
    let goes = free_address();
    let gateway = Gateway::start(base().listener_at("goes", &goes.to_string(), "protocol: http"));
    let mut raw = RawH2::connect(goes);
    raw.get(1, "h", "/").expect("a request is taken");
    raw.read_until(kind::DATA).expect("it is answered");
    assert_eq!(gateway.reload(base()), Reloaded::Taken);
    raw.read_until(kind::GOAWAY).expect("it is told long before it has been idle for a minute");
}

#[test]
fn a_preface_in_pieces_is_a_preface() {
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    let mut client = Client::connect(gateway.web());
    client.send("PRI * HTTP/2.0\r\n").expect("the first piece is taken");
    // Another connection's answer: the first piece has been looked at by then, or soon will be.
    assert_eq!(Client::connect(gateway.web()).get("h", "/", &[]).status, 200);
    client.send("\r\nSM\r\n\r\n").expect("the rest is taken");
    client.send([0, 0, 0, 4, 0, 0, 0, 0, 0]).expect("settings are taken");
    let frame = client.read_exactly(9).expect("settings come");
    assert_eq!(frame[3], kind::SETTINGS, "{frame:?}");
}
