//! What a supervisor such as systemd sees of start, reload, upgrade and end, and what a person
//! sees who asks twice.

use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use architrave_testkit::client::{get, request};
use architrave_testkit::nginx::free_address;
use architrave_testkit::process::{self, Ending};
use architrave_testkit::wait::Gate;
use architrave_testkit::{
    Client, Config, Gateway, GatewayOptions, Origin, SOON, Stopwatch, eventually,
};
use rustix::net::sockopt;
use rustix::process::Signal;
use tempfile::TempDir;

/// The end of the notifications that a supervisor holds, and whose they are.
struct Supervisor {
    socket: UnixDatagram,
    dir: TempDir,
}

impl Supervisor {
    fn new() -> Self {
        let dir = TempDir::new().expect("there is room for a directory");
        let socket = UnixDatagram::bind(dir.path().join("notify")).expect("a socket can be bound");
        socket.set_read_timeout(Some(SOON)).expect("a timeout can be set");
        let _ = sockopt::set_socket_passcred(&socket, true);
        Self { socket, dir }
    }

    fn options(&self) -> GatewayOptions {
        let path = self.dir.path().join("notify");
        GatewayOptions::new().drain_timeout("20s").env("NOTIFY_SOCKET", &path.display().to_string())
    }

    /// The next message: who sent it, and its lines.
    #[track_caller]
    fn next(&self) -> (i32, Vec<String>) {
        use std::io::IoSliceMut;
        use std::mem::MaybeUninit;

        use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg(&self.socket, &mut parts, &mut control, RecvFlags::empty())
            .expect("the gateway says something");
        let sender = control.drain().find_map(|part| match part {
            RecvAncillaryMessage::ScmCredentials(who) => Some(who.pid.as_raw_nonzero().get()),
            _ => None,
        });
        let text = String::from_utf8_lossy(&bytes[..received.bytes]).into_owned();
        (sender.expect("the system says who"), text.lines().map(str::to_owned).collect())
    }
}

fn number(pid: rustix::process::Pid) -> i32 {
    pid.as_raw_nonzero().get()
}

#[test]
fn systemd_is_told_of_start_reload_and_end() {
    let origin = Origin::named("a");
    let supervisor = Supervisor::new();
    let gateway = supervisor.options().start(Config::single(origin.addr()));
    let pid = number(gateway.pid());
    let (sender, said) = supervisor.next();
    assert_eq!(sender, pid);
    assert!(said.contains(&"READY=1".to_owned()), "{said:?}");
    gateway.signal(Signal::HUP);
    assert!(supervisor.next().1.contains(&"RELOADING=1".to_owned()));
    assert_eq!(supervisor.next().1, ["READY=1"]);
    assert_eq!(gateway.terminate(), Ending::Code(0));
    assert_eq!(supervisor.next(), (pid, vec!["STOPPING=1".to_owned()]));
}

#[test]
fn an_upgrade_hands_the_name_of_the_main_process_on_and_stops_nothing() {
    let origin = Origin::named("a");
    let supervisor = Supervisor::new();
    let gateway = supervisor.options().start(Config::single(origin.addr()));
    let old = number(gateway.pid());
    let (_, said) = supervisor.next();
    assert!(said.contains(&format!("MAINPID={old}")), "{said:?}");
    assert_eq!(gateway.upgrade(), Ending::Code(0));
    let new = number(gateway.pid());
    let mut messages = vec![supervisor.next(), supervisor.next()];
    // Both have ended what they have to say at this point: the rest is the new one's end.
    assert_eq!(gateway.terminate(), Ending::Code(0));
    messages.push(supervisor.next());
    let of = |pid: i32| -> Vec<&str> {
        let from = messages.iter().filter(|(sender, _)| *sender == pid);
        from.flat_map(|(_, lines)| lines.iter().map(String::as_str)).collect()
    };
    let main = format!("MAINPID={new}");
    assert_eq!(of(old), [main.as_str()], "{messages:?}");
    assert_eq!(of(new), [main.as_str(), "READY=1", "STOPPING=1"], "{messages:?}");
}

#[test]
fn an_upgrade_keeps_the_admin_listener_at_its_fixed_address() {
    let origin = Origin::named("a");
    let address = free_address();
    let yaml = Config::single(origin.addr()).to_string().replace(
        "admin: { address: \"127.0.0.1:0\" }",
        &format!("admin: {{ address: \"{address}\" }}"),
    );
    let gateway = Gateway::start(yaml);
    assert_eq!(gateway.admin(), address);
    for _ in 0..2 {
        assert_eq!(gateway.upgrade(), Ending::Code(0));
        assert_eq!(get(address, &address.to_string(), "/readyz", &[]).status, 200);
        assert_eq!(get(gateway.web(), "h", "/", &[]).text(), "a");
    }
    assert_eq!(gateway.terminate(), Ending::Code(0));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn whoever_asks_twice_does_not_want_to_wait() {
    for (first, second) in [(Signal::INT, Signal::INT), (Signal::TERM, Signal::INT)] {
        let gate = Gate::new();
        let wait = gate.clone();
        let origin = Origin::start(move |exchange| {
            wait.pass();
            exchange.reply(200, &[], "late");
        });
        let options = GatewayOptions::new().drain_timeout("120s");
        let gateway = options.start(Config::single(origin.addr()));
        let mut client = Client::connect(gateway.web());
        client.send(request("GET", "h", "/", &[])).expect("it is taken");
        eventually("it is in flight", SOON, || (origin.count() == 1).then_some(()));
        gateway.signal(first);
        let said = |what: &str| {
            let line = |line: &String| line.contains(what);
            eventually(what, SOON, || gateway.stderr().lines().iter().any(line).then_some(()));
        };
        said("draining");
        gateway.signal(Signal::HUP);
        said("neither reload nor upgrade");
        assert!(process::is_alive(gateway.pid()));
        let watch = Stopwatch::start();
        gateway.signal(second);
        assert_eq!(gateway.wait(), Ending::Code(0));
        assert!(watch.elapsed() < Duration::from_secs(10), "{:?}", watch.elapsed());
        said("told again");
        gate.open();
    }
}
