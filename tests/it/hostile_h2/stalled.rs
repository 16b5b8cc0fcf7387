//! Clients that ask for much and take nothing, with windows so wide that only the socket stops it.

use architrave_testkit::abuse::{RawH2, block, frame, get_fields, kind};
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, eventually};

/// SETTINGS_INITIAL_WINDOW_SIZE, as wide as it can be.
const WIDE: [u8; 6] = [0, 4, 0x7f, 0xff, 0xff, 0xff];

#[test]
fn a_client_whose_socket_stands_still_is_let_go() {
    let body = "x".repeat(60_000);
    let origin = Origin::start(move |exchange| exchange.reply(200, &[], &body));
    let config = Config::new()
        .listener("web", "protocol: http\ntimeouts: { write_stall: 1s }")
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    let gateway = Gateway::start(config);
    let mut raw = RawH2::over(Client::connect_narrow(gateway.web()));
    raw.send(kind::SETTINGS, 0, 0, &WIDE).expect("settings are taken");
    let more = (0x7fff_ffff_u32 - 65_535).to_be_bytes();
    raw.send(kind::WINDOW_UPDATE, 0, 0, &more).expect("a window is taken");
    let fields = block(&get_fields("h", "/"));
    for n in 0..100 {
        let _ = raw.client().send(frame(kind::HEADERS, 0x5, 2 * n + 1, &fields));
    }
    eventually("the origin has been asked", SOON, || (origin.count() > 10).then_some(()));
    // Nothing is read, so only a write can tell that the other side has given up.
    eventually("the client is let go", SOON, || {
        raw.send(kind::PING, 0, 0, b"anything").is_err().then_some(())
    });
}
