//! Forward rules: the first that matches wins, by source and destination, address and port.

use std::net::SocketAddr;

use architrave_testkit::l4::TcpOrigin;
use architrave_testkit::{Client, Config, Gateway, SOON};

fn greeted(address: SocketAddr, local: [u8; 4]) -> Option<String> {
    let mut client = Client::connect_from(local, address);
    client.patience(SOON);
    client.read_line().ok()
}

fn with(one: &TcpOrigin, two: &TcpOrigin, address: &str, rules: &str) -> Gateway {
    let config = Config::new()
        .listener_at("l4", address, &format!("protocol: tcp\nforward:\n{rules}"))
        .upstream("one", &[one.addr()], "")
        .upstream("two", &[two.addr()], "");
    Gateway::start(config)
}

#[test]
fn the_source_decides() {
    let (one, two) = (TcpOrigin::echo("one"), TcpOrigin::echo("two"));
    let rules = "
  - { source: [127.0.0.8/31], upstream: two }
  - { source: [127.0.0.0/28], upstream: one }
";
    let gateway = with(&one, &two, "127.0.0.1:0", rules);
    let address = gateway.addr("l4");
    assert_eq!(greeted(address, [127, 0, 0, 1]).as_deref(), Some("one"));
    assert_eq!(greeted(address, [127, 0, 0, 9]).as_deref(), Some("two"), "the first that matches");
    assert_eq!(greeted(address, [127, 0, 0, 99]), None, "no rule, no connection");
}

#[test]
fn the_destination_decides() {
    let (one, two) = (TcpOrigin::echo("one"), TcpOrigin::echo("two"));
    let rules = "
  - { destination: [127.0.0.2/32], upstream: two }
  - { upstream: one }
";
    let gateway = with(&one, &two, "0.0.0.0:0", rules);
    let port = gateway.addr("l4").port();
    let at = |last: u8| SocketAddr::from(([127, 0, 0, last], port));
    assert_eq!(greeted(at(2), [127, 0, 0, 1]).as_deref(), Some("two"));
    assert_eq!(greeted(at(3), [127, 0, 0, 1]).as_deref(), Some("one"));
}

#[test]
fn a_range_of_ports_is_one_listener() {
    let (one, two) = (TcpOrigin::echo("one"), TcpOrigin::echo("two"));
    // Five ports in a row that are free now.
    let start = (20_000..30_000)
        .step_by(7)
        .find(|start| {
            let all: Vec<_> = (*start..start + 5)
                .map(|port| std::net::TcpListener::bind(("127.0.0.1", port)))
                .collect();
            all.iter().all(Result::is_ok)
        })
        .expect("five ports in a row are free");
    let rules = format!(
        "
  - {{ destination_ports: [\"{}-{}\"], upstream: two }}
  - {{ destination_ports: [\"{}\"], upstream: one }}
",
        start + 1,
        start + 2,
        start + 3,
    );
    let gateway = with(&one, &two, &format!("127.0.0.1:{start}-{}", start + 4), &rules);
    let at = |offset: u16| greeted(([127, 0, 0, 1], start + offset).into(), [127, 0, 0, 1]);
    assert_eq!(gateway.addrs("l4").len(), 5);
    assert_eq!(at(0), None);
    assert_eq!((at(1).as_deref(), at(2).as_deref()), (Some("two"), Some("two")));
    assert_eq!(at(3).as_deref(), Some("one"));
    assert_eq!(at(4), None);
}

#[test]
fn source_ports_decide() {
    let (one, two) = (TcpOrigin::echo("one"), TcpOrigin::echo("two"));
    let rules = "
  - { source_ports: [\"1-1023\"], upstream: two }
  - { source_ports: [\"1024-65535\"], upstream: one }
";
    let gateway = with(&one, &two, "127.0.0.1:0", rules);
    assert_eq!(greeted(gateway.addr("l4"), [127, 0, 0, 1]).as_deref(), Some("one"));
}
