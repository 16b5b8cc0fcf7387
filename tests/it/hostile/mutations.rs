//! Lawful requests and responses, damaged at random: whatever gets through has one meaning, and a
//! request is answered exactly once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::{Client, Config, Gateway, Origin, SOON, WireError, eventually, tools};

use super::SMUGGLED;
use super::odd::CORPUS;

/// What is put in, beside bytes at random.
const PIECES: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    " ",
    "\t",
    "\0",
    ":",
    ",",
    ";",
    "+",
    "-",
    "0x",
    "\u{b}",
    "%",
    "/../",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "chunked",
    "Transfer-Encoding: identity\r\n",
    "Host: evil\r\n",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: websocket\r\nConnection: upgrade\r\n",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "HTTP/1.1",
    "HTTP/1.0",
    "ffffffffffffffff",
];

/// A small generator, so that a seed tells the whole run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("31 bits fit") % sides.max(1)
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.roll(bytes.len());
        match self.roll(7) {
            0 => bytes[at] = u8::try_from(self.roll(256)).expect("a byte"),
            1 => drop(bytes.remove(at)),
            2 | 3 => drop(bytes.splice(at..at, PIECES[self.roll(PIECES.len())].bytes())),
            4 => {
                // A line again, somewhere else.
                let lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let line = lines[self.roll(lines.len())].clone();
                drop(bytes.splice(at..at, line));
            }
            5 => {
                let end = (at + self.roll(20)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
}

#[test]
fn damaged_requests_are_answered_once_or_not_at_all() {
    let answered: Arc<AtomicUsize> = Arc::default();
    let count = Arc::clone(&answered);
    let origin = Origin::start(move |exchange| {
        exchange.read_body();
        let number = count.fetch_add(1, Ordering::AcqRel);
        exchange.reply(200, &[("X-Number", &format!("<{number}>"))], "");
    });
    let upstream = "retry: { attempts: 0 }\nhealth: { passive: { consecutive_failures: 0 } }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let rounds = if tools::soak() { 300_000 } else { 20_000 };
    let mut dice = Dice(0x5eed_0000_0000_0001);
    for round in 0..rounds {
        let mut bytes = CORPUS[dice.roll(CORPUS.len())].1.as_bytes().to_vec();
        for _ in 0..=dice.roll(3) {
            dice.damage(&mut bytes);
        }
        bytes.extend_from_slice(SMUGGLED.as_bytes());
        check(&gateway, &origin, round, &bytes);
    }
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
}

#[track_caller]
fn check(gateway: &Gateway, origin: &Origin, round: usize, bytes: &[u8]) {
    let shown = || format!("round {round}: {:?}", String::from_utf8_lossy(bytes));
    origin.forget();
    let mut client = Client::connect(gateway.web());
    let _ = client.send(bytes);
    client.finish();
    client.patience(SOON);
    // The end comes by itself, since nothing more is sent.
    while client.read_some().is_ok_and(|part| !part.is_empty()) {}
    let text = client.kept();
    let text = text.lock().expect("nobody panics");
    let answers = text.windows(10).filter(|window| *window == b"X-Number: ").count();
    drop(text);
    // What is cut off in its body is at the origin too, but not whole, and not answered.
    eventually(&shown(), Duration::from_secs(5), || {
        let whole = origin.requests().iter().filter(|request| request.complete).count();
        (whole == answers).then_some(())
    });
    assert_eq!(origin.take_violations(), [""; 0], "{}", shown());
    let once = origin.requests().iter().filter(|request| request.target == "/smuggled").count();
    assert!(once <= 1, "{}", shown());
}

/// Responses as origins send them.
const ANSWERS: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n",
    "HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end",
    "HTTP/1.1 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
];

#[test]
fn damaged_responses_are_well_formed_when_they_arrive() {
    let next: Arc<Mutex<Vec<u8>>> = Arc::default();
    let sent = Arc::clone(&next);
    let origin = Origin::start(move |exchange| {
        let bytes = sent.lock().expect("nobody panics").clone();
        exchange.send(bytes);
        exchange.close();
    });
    let upstream = "retry: { attempts: 0 }\nhealth: { passive: { consecutive_failures: 0 } }";
    let gateway = Gateway::start(Config::balanced(&[origin.addr()], upstream));
    let mut dice = Dice(0x5eed_0000_0000_0002);
    let mut refused = 0;
    for round in 0..if tools::soak() { 300_000 } else { 10_000 } {
        let mut bytes = ANSWERS[dice.roll(ANSWERS.len())].as_bytes().to_vec();
        for _ in 0..=dice.roll(3) {
            dice.damage(&mut bytes);
        }
        next.lock().expect("nobody panics").clone_from(&bytes);
        let mut client = Client::connect(gateway.web());
        let answer = client.try_ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let shown = || format!("round {round}: {:?}: {answer:?}", String::from_utf8_lossy(&bytes));
        match &answer {
            Ok(response) if response.status == 502 => refused += 1,
            Ok(_) => assert_eq!(client.read_to_end(), Ok(Vec::new()), "{}", shown()),
            Err(WireError::Truncated(_) | WireError::Reset) => {}
            Err(_) => panic!("{}", shown()),
        }
        origin.forget();
    }
    assert!(refused > 0);
}
