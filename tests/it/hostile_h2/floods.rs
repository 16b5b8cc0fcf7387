//! Floods: cheap for who sends them, and no dearer for who gets them.

use std::time::Duration;

use architrave_testkit::abuse::{
    END_HEADERS, END_STREAM, RawH2, Verdict, block, frame, get_fields, kind, prefixed,
};
use architrave_testkit::{Client, SOON, eventually, heavy};

use super::Siege;

/// The bytes of the `n`th frame of a flood.
type Make = fn(u32) -> Vec<u8>;

/// Writes frames in batches until the other side has had enough or there are no more.
fn pour(raw: &mut RawH2, count: u32, mut make: impl FnMut(u32) -> Vec<u8>) {
    raw.client().patience(Duration::from_millis(1));
    let _ = raw.client().socket().set_write_timeout(Some(Duration::from_secs(3)));
    for batch in 0..count.div_ceil(100) {
        let bytes: Vec<u8> = (batch * 100..(batch + 1) * 100).flat_map(&mut make).collect();
        if raw.client().send(bytes).is_err() {
            break;
        }
    }
    raw.client().patience(Duration::from_secs(5));
}

#[test]
fn rapid_resets_are_stopped() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    siege.origin.forget();
    let mut raw = RawH2::connect(siege.gateway.web());
    let get = block(&get_fields("h", "/"));
    pour(&mut raw, 100_000, |n| {
        let stream = 2 * n + 1;
        let mut bytes = frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &get);
        bytes.extend(frame(kind::RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        bytes
    });
    assert!(raw.client().ends_within(SOON), "a connection that does nothing but reset goes on");
    siege.stands("rapid reset");
    let reached = siege.origin.count();
    assert!(reached < 5_000, "{reached} of 100000 cancelled requests reached the origin");
}

#[test]
fn resets_that_the_gateway_is_made_to_send_are_stopped() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    siege.origin.forget();
    for (name, bad) in [
        ("a window update of nothing", (kind::WINDOW_UPDATE, 0_u32)),
        ("a window that overflows", (kind::WINDOW_UPDATE, 0x7fff_ffff)),
    ] {
        let mut raw = RawH2::connect(siege.gateway.web());
        let get = block(&get_fields("h", "/"));
        pour(&mut raw, 50_000, |n| {
            let stream = 2 * n + 1;
            let mut bytes = frame(kind::HEADERS, END_HEADERS, stream, &get);
            bytes.extend(frame(bad.0, 0, stream, &bad.1.to_be_bytes()));
            bytes
        });
        assert!(raw.client().ends_within(SOON), "{name}: goes on");
        siege.stands(name);
    }
    let reached = siege.origin.count();
    assert!(reached < 5_000, "{reached} cancelled requests reached the origin");
}

#[test]
fn endless_header_blocks_are_stopped() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    let mut raw = RawH2::connect(siege.gateway.web());
    let start = block(&get_fields("h", "/"));
    raw.send(kind::HEADERS, END_STREAM, 1, &start).unwrap();
    let part = block(&[("x-filler", &"y".repeat(1_000))]);
    pour(&mut raw, 200_000, |_| frame(kind::CONTINUATION, 0, 1, &part));
    assert!(raw.client().ends_within(SOON), "the block goes on for ever");
    siege.stands("CONTINUATION");

    let mut raw = RawH2::connect(siege.gateway.web());
    raw.send(kind::HEADERS, END_STREAM, 1, &start).unwrap();
    pour(&mut raw, 1_000_000, |_| frame(kind::CONTINUATION, 0, 1, &[]));
    assert!(raw.client().ends_within(SOON), "empty continuations go on for ever");
    siege.stands("empty CONTINUATION");
}

#[test]
fn header_bombs_are_defused() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    siege.origin.forget();
    // One field of 3,900 bytes goes into the table; 16,000 bytes of references unfold to 62 MiB.
    let mut bomb = Vec::new();
    for (name, value) in get_fields("h", "/") {
        bomb.extend(block(&[(name, value)]));
    }
    bomb.push(0x40);
    prefixed(&mut bomb, 6, 7, 0);
    bomb.extend_from_slice(b"x-bomb");
    prefixed(&mut bomb, 3_900, 7, 0);
    bomb.extend(std::iter::repeat_n(b'y', 3_900));
    bomb.extend(std::iter::repeat_n(0x80 | 62, 12_000));
    let mut bombs = vec![("a reference bomb", bomb)];
    let crumbs: Vec<(String, String)> =
        (0..1_500).map(|n| ("cookie".to_owned(), format!("c{n}=1"))).collect();
    let mut cookie_bomb = block(&get_fields("h", "/"));
    cookie_bomb
        .extend(block(&crumbs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>()));
    bombs.push(("a crumb bomb", cookie_bomb));
    let many: Vec<(String, String)> =
        (0..1_500).map(|n| (format!("x{n}"), "1".to_owned())).collect();
    let mut field_bomb = block(&get_fields("h", "/"));
    field_bomb
        .extend(block(&many.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>()));
    bombs.push(("many fields", field_bomb));
    for (name, bomb) in bombs {
        let mut raw = RawH2::connect(siege.gateway.web());
        for n in 0..50 {
            let stream = 2 * n + 1;
            let mut parts = bomb.chunks(16_000).peekable();
            let mut kind = kind::HEADERS;
            let mut sent = true;
            while let Some(part) = parts.next() {
                let mut flags = if kind == kind::HEADERS { END_STREAM } else { 0 };
                flags |= if parts.peek().is_none() { END_HEADERS } else { 0 };
                sent &= raw.send(kind, flags, stream, part).is_ok();
                kind = kind::CONTINUATION;
            }
            if !sent {
                break;
            }
        }
        let verdict = raw.verdict(1);
        let fine =
            matches!(verdict, Verdict::Refused | Verdict::Ended | Verdict::Answered(400 | 431));
        assert!(fine, "{name}: {verdict:?}");
        siege.stands(name);
    }
    let large = siege.origin.requests().into_iter().find(|request| request.head.fields.len() > 130);
    assert!(large.is_none(), "{large:?}");
}

#[test]
fn control_frames_without_end_are_bounded() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    let floods: [(&str, Make); 6] = [
        ("settings", |_| frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0])),
        ("pings", |n| frame(kind::PING, 0, 0, &u64::from(n).to_be_bytes())),
        ("empty settings", |_| frame(kind::SETTINGS, 0, 0, &[])),
        ("priorities", |n| frame(kind::PRIORITY, 0, 2 * (n % 1_000) + 1, &[0, 0, 0, 0, 16])),
        ("window updates", |_| frame(kind::WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes())),
        ("frames of no known kind", |n| frame(0xbb, 0, n % 7, b"what is this")),
    ];
    for (name, make) in floods {
        // Nothing is read meanwhile, so whatever is answered piles up somewhere.
        let mut raw = RawH2::connect(siege.gateway.web());
        pour(&mut raw, 300_000, make);
        siege.stands(name);
    }
}

#[test]
fn empty_data_without_end_is_bounded() {
    let _turn = heavy::turn();
    let siege = Siege::start();
    let mut raw = RawH2::connect(siege.gateway.web());
    let post = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")];
    raw.send(kind::HEADERS, END_HEADERS, 1, &block(&post)).unwrap();
    pour(&mut raw, 300_000, |_| frame(kind::DATA, 0, 1, &[]));
    siege.stands("empty data");
}

#[test]
fn streams_side_by_side_are_bounded() {
    let siege = Siege::start();
    siege.origin.forget();
    let mut raw = RawH2::connect(siege.gateway.web());
    let post =
        block(&[(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "h")]);
    // Requests that never end: each keeps its stream.
    for n in 0..2_000_u32 {
        if raw.send(kind::HEADERS, END_HEADERS, 2 * n + 1, &post).is_err() {
            break;
        }
    }
    // Whatever is answered is answered, be it by refusing streams or the connection.
    let _ = raw.client().is_silent_for(Duration::from_millis(500));
    siege.stands("many streams");
    let reached = siege.origin.count();
    assert!(reached <= 260, "{reached} streams are open at once");
}

#[test]
fn a_client_that_takes_no_data_is_let_go() {
    let origin = architrave_testkit::Origin::start(|exchange| {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        let piece = vec![b'x'; 64 << 10];
        while exchange.wire().send(&piece).is_ok() {}
        exchange.close();
    });
    let config = architrave_testkit::Config::new()
        .listener("web", "protocol: http\ntimeouts: { write_stall: 1s }")
        .upstream("origin", &[origin.addr()], "")
        .route("all", "service: origin");
    let gateway = architrave_testkit::Gateway::start(config);
    let before = gateway.rss();
    let mut raw = RawH2::connect(gateway.web());
    for n in 0..50 {
        raw.get(2 * n + 1, "h", "/").unwrap();
    }
    eventually("the origin has been asked", SOON, || (origin.count() > 10).then_some(()));
    assert!(gateway.rss().saturating_sub(before) < super::MEMORY);
    eventually("the origin is let go", SOON, || (origin.open_connections() == 0).then_some(()));
}

#[test]
fn broken_frames_end_their_own_connection_only() {
    let siege = Siege::start();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a frame that is too large", {
            let mut bytes = vec![0xff, 0xff, 0xff, kind::DATA, 0, 0, 0, 0, 1];
            bytes.extend(std::iter::repeat_n(0, 100_000));
            bytes
        }),
        (
            "a stream of an even number",
            frame(kind::HEADERS, END_HEADERS | END_STREAM, 2, &block(&get_fields("h", "/"))),
        ),
        ("data of stream 0", frame(kind::DATA, 0, 0, b"x")),
        ("data of an idle stream", frame(kind::DATA, 0, 9, b"x")),
        ("a short ping", frame(kind::PING, 0, 0, b"x")),
        ("settings of an odd length", frame(kind::SETTINGS, 0, 0, b"xxxxx")),
        ("settings of a stream", frame(kind::SETTINGS, 0, 1, &[])),
        ("a continuation of nothing", frame(kind::CONTINUATION, END_HEADERS, 1, b"x")),
        ("padding longer than the frame", frame(kind::DATA, 0x8, 1, &[200, 0])),
        (
            "a block that is no HPACK",
            frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 30]),
        ),
        (
            "an index beyond the table",
            frame(kind::HEADERS, END_HEADERS | END_STREAM, 1, &[0x80 | 100]),
        ),
        ("a push promise from a client", frame(5, END_HEADERS, 1, &[0, 0, 0, 2])),
    ];
    for (name, bytes) in cases {
        let mut raw = RawH2::connect(siege.gateway.web());
        let _ = raw.client().send(bytes);
        assert!(raw.client().ends_within(SOON), "{name}: the connection goes on");
        siege.stands(name);
    }
}

#[test]
fn a_preface_that_never_ends_is_given_up() {
    let siege = Siege::start();
    for part in ["P", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n"] {
        let mut client = Client::connect(siege.gateway.web());
        client.send(part).unwrap();
        assert!(client.ends_within(Duration::from_secs(10)), "{part:?}");
    }
}

#[test]
fn a_connection_that_says_nothing_more_is_closed() {
    let siege = Siege::start();
    let mut raw = RawH2::connect(siege.gateway.web());
    assert!(raw.client().ends_within(Duration::from_secs(30)), "idle for ever");
}
