//! Handovers between two ends in one process, and to a real child.
//!
//! The child is this very test, run again with its end of the pair as standard input.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;

use super::*;

const PLENTY: Duration = Duration::from_secs(20);

fn two_ends() -> (HandoverSocket, HandoverSocket) {
    let (ours, theirs) = pair().unwrap();
    (ours, HandoverSocket(theirs))
}

/// An old process that lets go as often as it is told to, and knows what it was asked for.
#[derive(Default)]
struct Old(Vec<Result<(), String>>);

impl Predecessor for Old {
    fn let_go(&mut self) -> Result<(), String> {
        self.0.remove(0)
    }

    fn known(&mut self, stage: u8) -> Vec<u8> {
        vec![stage; usize::from(stage) * 3 * PIECE_BYTES_MAX / 2]
    }
}

/// For where nothing is asked for.
fn nothing() -> Old {
    Old::default()
}

#[test]
fn hundreds_of_sockets_arrive_in_order_with_their_labels() {
    let count = 3 * SOCKETS_PER_MESSAGE + 1;
    let listeners: Vec<_> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
    let labels: Vec<_> = (0..count).map(|n| format!("{n}/{}", "x".repeat(n))).collect();
    let (old, new) = two_ends();
    let receiver = thread::spawn(move || new.receive(PLENTY).unwrap());
    let sockets: Vec<_> =
        labels.iter().zip(&listeners).map(|(l, socket)| (l.as_str(), socket.as_fd())).collect();
    old.send(&sockets).unwrap();
    let received = receiver.join().unwrap();
    let (arrived, fds): (Vec<_>, Vec<_>) = received.into_iter().unzip();
    assert_eq!(arrived, labels);
    let ports: Vec<_> =
        fds.into_iter().map(|fd| TcpListener::from(fd).local_addr().unwrap()).collect();
    assert_eq!(ports, addresses);
}

#[test]
fn no_sockets_are_a_handover_too() {
    let (old, new) = two_ends();
    old.send(&[]).unwrap();
    assert!(new.receive(PLENTY).unwrap().is_empty());
}

#[test]
fn the_outcome_is_told() {
    let (old, new) = two_ends();
    new.say_ready().unwrap();
    old.wait_ready(PLENTY, &mut nothing()).unwrap();
    new.say_failed("cannot read the file").unwrap();
    let outcome = old.wait_ready(PLENTY, &mut nothing());
    assert!(matches!(outcome, Err(HandoverError::Failed(why)) if why == "cannot read the file"));
    new.say_failed(&"ä".repeat(4000)).unwrap();
    let outcome = old.wait_ready(PLENTY, &mut nothing());
    assert!(matches!(outcome, Err(HandoverError::Failed(why)) if why == "ä".repeat(2048)));
}

#[test]
fn what_only_one_can_have_is_let_go_or_kept() {
    let (old, new) = two_ends();
    let asking = thread::spawn(move || {
        let refused = new.ask(PLENTY);
        assert!(matches!(refused, Err(HandoverError::Failed(why)) if why == "not yet"));
        new.ask(PLENTY).unwrap();
        new.say_ready().unwrap();
        let mut left = String::new();
        while let Some(Told::Left(text)) = new.hear().unwrap() {
            left.push_str(&text);
        }
        left
    });
    let outcomes = vec![Err(String::from("not yet")), Ok(())];
    old.wait_ready(PLENTY, &mut Old(outcomes)).unwrap();
    let lines: Vec<String> = (0..5_000).map(|number| format!("line {number}")).collect();
    old.say_left(lines.iter().map(String::as_str)).unwrap();
    old.say_left([]).unwrap();
    drop(old);
    let left = asking.join().unwrap();
    assert_eq!(left.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn silence_ends_and_nonsense_are_told_apart() {
    let (old, new) = two_ends();
    let short = Duration::from_millis(20);
    assert!(
        matches!(old.wait_ready(short, &mut nothing()), Err(HandoverError::Timeout(told)) if told == short)
    );
    assert!(matches!(old.receive(Duration::ZERO), Err(HandoverError::Timeout(_))));
    for nonsense in [&b"x"[..], b"\x01\x09", b"\x01\x03x", b"\x01\x01\x05ab", b"\x01\x08"] {
        rustix::net::send(&new.0, nonsense, SendFlags::empty()).unwrap();
        assert!(
            matches!(old.wait_ready(PLENTY, &mut nothing()), Err(HandoverError::Protocol)),
            "{nonsense:?}"
        );
    }
    new.say_ready().unwrap();
    assert!(matches!(old.receive(PLENTY), Err(HandoverError::Protocol)));
    // A label without its socket.
    rustix::net::send(&new.0, b"\x01\x01\x01a", SendFlags::empty()).unwrap();
    assert!(matches!(old.receive(PLENTY), Err(HandoverError::Protocol)));
    drop(new);
    assert!(matches!(old.wait_ready(PLENTY, &mut nothing()), Err(HandoverError::Gone)));
    assert!(matches!(old.say_ready(), Err(HandoverError::Gone)));
}

#[test]
fn what_is_known_is_told_when_it_is_asked_for_and_afterwards() {
    let (old, new) = two_ends();
    let asking = thread::spawn(move || {
        for stage in [0, 1, 2] {
            assert_eq!(new.ask_known(stage, PLENTY).unwrap(), nothing().known(stage));
        }
        new.say_ready().unwrap();
        let told: Vec<_> = std::iter::from_fn(|| new.hear().unwrap()).collect();
        assert_eq!(told, [Told::Known(vec![7; 100_000]), Told::Known(vec![]), line("the end\n")]);
    });
    old.wait_ready(PLENTY, &mut nothing()).unwrap();
    old.say_known(&vec![7; 100_000]).unwrap();
    old.say_known(&[]).unwrap();
    old.say_left(["the end"]).unwrap();
    drop(old);
    asking.join().unwrap();
}

fn line(text: &str) -> Told {
    Told::Left(text.to_owned())
}

#[test]
fn more_than_the_bound_is_not_taken() {
    let (old, new) = two_ends();
    let telling = thread::spawn(move || old.say_known(&vec![0; KNOWN_BYTES_MAX + 1]));
    assert!(matches!(new.hear(), Err(HandoverError::TooMuch)));
    drop(new);
    assert!(matches!(telling.join().unwrap(), Ok(()) | Err(HandoverError::Gone)));
}

#[test]
fn what_another_release_says_is_passed_over() {
    let (old, new) = two_ends();
    for unknown in [&b"\x01\xfe"[..], b"\x01\xfemore", b"\x02\x03", b"\xff\x01\x05ab"] {
        rustix::net::send(&new.0, unknown, SendFlags::empty()).unwrap();
    }
    new.say_ready().unwrap();
    old.wait_ready(PLENTY, &mut nothing()).unwrap();
}

#[test]
fn a_process_that_does_not_read_is_given_up_on() {
    let (old, new) = two_ends();
    let limit = Duration::from_millis(20);
    let outcome =
        (0..100_000).map(|_| old.write_within(limit, &Message::Ready, &[])).find(Result::is_err);
    assert!(matches!(outcome, Some(Err(HandoverError::Timeout(told))) if told == limit));
    new.wait_ready(PLENTY, &mut nothing()).unwrap();
    old.say_ready().unwrap();
}

#[test]
fn a_label_has_a_limit() {
    let (old, new) = two_ends();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let longest = "x".repeat(LABEL_BYTES_MAX);
    let too_long = "x".repeat(LABEL_BYTES_MAX + 1);
    let sent = old.send(&[(&too_long, listener.as_fd())]);
    assert!(matches!(sent, Err(HandoverError::Label(label)) if label == too_long));
    old.send(&[(&longest, listener.as_fd())]).unwrap();
    assert_eq!(new.receive(PLENTY).unwrap()[0].0, longest);
}

/// What the child does: takes the listener, says so, serves one connection.
fn serve_once(old: &HandoverSocket) {
    let sockets = old.receive(PLENTY).unwrap();
    let [(label, listener)]: [_; 1] = sockets.try_into().unwrap();
    let listener = TcpListener::from(listener);
    old.say_ready().unwrap();
    let (mut connection, _) = listener.accept().unwrap();
    let mut question = String::new();
    connection.read_to_string(&mut question).unwrap();
    write!(connection, "{question} {label}").unwrap();
}

fn ask(address: SocketAddr) -> TcpStream {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(b"hello").unwrap();
    connection.shutdown(Shutdown::Write).unwrap();
    connection
}

#[test]
fn a_child_process_serves_what_was_queued_before_it_began() {
    if let Some(old) = HandoverSocket::from_stdin().unwrap() {
        return serve_once(&old);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut connection = ask(listener.local_addr().unwrap());
    let (ours, theirs) = pair().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "handover::tests::a_child_process_serves_what_was_queued_before_it_began",
        ])
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    ours.send(&[("web", listener.as_fd())]).unwrap();
    drop(listener);
    ours.wait_ready(PLENTY, &mut nothing()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "hello web");
    assert!(child.wait().unwrap().success());
    assert!(matches!(ours.wait_ready(PLENTY, &mut nothing()), Err(HandoverError::Gone)));
}

#[test]
fn a_child_that_dies_without_a_word_is_noticed() {
    let (ours, theirs) = pair().unwrap();
    let mut child = Command::new("false").stdin(Stdio::from(theirs)).spawn().unwrap();
    assert!(matches!(ours.wait_ready(PLENTY, &mut nothing()), Err(HandoverError::Gone)));
    assert!(!child.wait().unwrap().success());
}
