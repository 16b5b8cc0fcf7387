//! Layer 4 on a worker over loopback: who is asked, who is blamed, and when flows end.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::time::Duration;

use architrave_config::AccessLogTarget;
use architrave_core::task;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::fault;
use crate::testing::{self, eventually, on_a_worker};

/// One worker with one listener, `l4`, and one upstream, `origin`.
struct Stage(testing::Stage);

impl Deref for Stage {
    type Target = testing::Stage;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Stage {
    /// Serves on `ip` what is written of the listener and of the upstream.
    fn start(ip: Ipv4Addr, listener: &str, upstream: &str, endpoints: &[SocketAddr]) -> Self {
        let endpoints: Vec<_> =
            endpoints.iter().map(|address| format!("{{ address: \"{address}\" }}")).collect();
        let text = format!(
            "version: 1\nlisteners:\n  - {{ name: l4, address: \"{ip}:0\", {listener} }}\n\
             upstreams:\n  - {{ name: origin, endpoints: [{}], {upstream} }}\n",
            endpoints.join(", ")
        );
        Self(testing::Stage::start(ip, &text, &AccessLogTarget::None))
    }

    async fn client(&self) -> UdpSocket {
        let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        client.connect((Ipv4Addr::LOCALHOST, self.address.port())).await.unwrap();
        client
    }
}

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const TCP: &str = "protocol: tcp, forward: [{ upstream: origin }]";
const UDP: &str = "protocol: udp, forward: [{ upstream: origin }]";
const BY_TURNS: &str = "balance: round_robin";

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Greets everybody who connects, and resets whoever answers.
async fn greeter() -> SocketAddr {
    let listener = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            task::spawn_local(async move {
                let _gone = stream.write_all(b"hello").await;
                let _gone = stream.read(&mut [0; 1]).await;
            });
        }
    });
    address
}

#[test]
fn a_refusal_is_the_endpoints_fault_and_another_is_asked() {
    on_a_worker(async {
        let stage = Stage::start(LOCALHOST, TCP, BY_TURNS, &[nobody(), greeter().await]);
        for _ in 0..4 {
            let mut client = TcpStream::connect(stage.address).await.unwrap();
            let mut greeting = [0; 5];
            client.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"hello");
        }
        assert!(stage.endpoint(0).failures >= 1);
        assert_eq!(stage.endpoint(1).failures, 0);
        eventually(|| stage.open() == 0).await;
        assert_eq!((stage.endpoint(0).in_flight, stage.endpoint(1).in_flight), (0, 0));
    });
}

#[test]
fn without_retries_a_refusal_is_the_end() {
    on_a_worker(async {
        let upstream = "balance: first, retry: { attempts: 0 }";
        let stage = Stage::start(LOCALHOST, TCP, upstream, &[nobody(), greeter().await]);
        let mut client = TcpStream::connect(stage.address).await.unwrap();
        let read = client.read(&mut [0; 1]).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
        assert_eq!((stage.endpoint(0).failures, stage.endpoint(1).requests), (1, 0));
    });
}

#[test]
fn a_reset_instead_of_any_answer_is_a_failure_and_after_one_it_is_none() {
    on_a_worker(async {
        let resetting = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
        let address = resetting.local_addr().unwrap();
        task::spawn_local(async move {
            for greeting in [&b""[..], b"hello"] {
                let (mut stream, _) = resetting.accept().await.unwrap();
                stream.write_all(greeting).await.unwrap();
                stream.read_exact(&mut [0; 1]).await.unwrap();
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
        });
        let stage = Stage::start(LOCALHOST, TCP, "", &[address]);
        for failures in [1, 1] {
            let mut client = TcpStream::connect(stage.address).await.unwrap();
            client.write_all(b"x").await.unwrap();
            let _reset = client.read_to_end(&mut Vec::new()).await;
            eventually(|| stage.open() == 0).await;
            assert_eq!(stage.endpoint(0).failures, failures);
        }
        assert_eq!(stage.endpoint(0).failures_in_a_row, 0, "a greeting ends the row");
    });
}

#[test]
fn the_smaller_idle_limit_counts() {
    on_a_worker(async {
        let listener = format!("{TCP}, timeouts: {{ idle: 1h }}");
        let stage =
            Stage::start(LOCALHOST, &listener, "timeouts: { idle: 50ms }", &[greeter().await]);
        let mut client = TcpStream::connect(stage.address).await.unwrap();
        let mut said = Vec::new();
        let end = client.read_to_end(&mut said).await;
        assert_eq!(said, b"hello");
        assert!(end.is_err(), "a connection that is cut does not look complete");
    });
}

#[test]
fn a_name_without_a_rule_is_turned_away_by_alert() {
    on_a_worker(async {
        let listener = "protocol: tls, forward: [{ sni: [a.example], upstream: origin }]";
        let stage = Stage::start(LOCALHOST, listener, "", &[nobody()]);
        let mut client = TcpStream::connect(stage.address).await.unwrap();
        let hello = architrave_testkit::client::first_flight(
            "b.example",
            architrave_testkit::authority::Authority::new().client(&["h2"]),
        );
        client.write_all(&hello).await.unwrap();
        let mut alert = Vec::new();
        client.read_to_end(&mut alert).await.unwrap();
        assert_eq!(alert, [21, 3, 3, 0, 2, 2, 112], "fatal: unrecognized_name");
        assert_eq!(stage.endpoint(0).requests, 0);
    });
}

/// Echoes datagrams with the name in front.
async fn echo(name: &'static str) -> SocketAddr {
    let socket = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    task::spawn_local(async move {
        let mut space = vec![0; 65_536];
        loop {
            let (count, from) = socket.recv_from(&mut space).await.unwrap();
            let answer = [name.as_bytes(), &space[..count]].concat();
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    address
}

async fn ask(client: &UdpSocket, question: &[u8]) -> Vec<u8> {
    client.send(question).await.unwrap();
    let mut answer = vec![0; 65_536];
    let count = client.recv(&mut answer).await.unwrap();
    answer.truncate(count);
    answer
}

#[test]
fn a_flow_whose_endpoint_refuses_goes_on_with_another() {
    on_a_worker(async {
        let stage = Stage::start(LOCALHOST, UDP, "balance: first", &[nobody(), echo("b").await]);
        let client = stage.client().await;
        client.send(b"lost").await.unwrap();
        eventually(|| stage.endpoint(0).failures == 1).await;
        assert_eq!(ask(&client, b"1").await, b"b1");
        assert_eq!(ask(&client, b"2").await, b"b2");
        assert_eq!((stage.open(), stage.endpoint(1).requests), (1, 1), "it is one flow");
        assert_eq!(stage.endpoint(0).in_flight, 0);
    });
}

#[test]
fn a_flow_ends_in_silence_and_gives_everything_back() {
    on_a_worker(async {
        let listener = "protocol: udp, forward: [{ upstream: origin, flow_idle: 200ms }]";
        let stage = Stage::start(LOCALHOST, listener, "", &[echo("a").await]);
        let client = stage.client().await;
        assert_eq!(ask(&client, b"1").await, b"a1");
        assert_eq!((stage.open(), stage.endpoint(0).in_flight), (1, 1));
        eventually(|| stage.open() == 0).await;
        assert_eq!(stage.endpoint(0).in_flight, 0);
        assert_eq!(ask(&client, b"2").await, b"a2");
        assert_eq!(stage.endpoint(0).requests, 2);
    });
}

#[test]
fn a_flow_that_goes_wrong_gives_everything_back_and_another_begins() {
    on_a_worker(async {
        let stage = Stage::start(LOCALHOST, UDP, "", &[echo("").await]);
        let client = stage.client().await;
        for round in 1..=3 {
            assert_eq!(ask(&client, b"1").await, b"1");
            assert_eq!((stage.open(), stage.endpoint(0).in_flight), (1, 1));
            client.send(fault::FIELD.as_bytes()).await.unwrap();
            eventually(|| stage.open() == 0).await;
            let endpoint = stage.endpoint(0);
            assert_eq!((endpoint.in_flight, endpoint.requests), (0, round));
        }
    });
}

#[test]
fn flows_are_bounded() {
    on_a_worker(async {
        let listener = format!("{UDP}, limits: {{ connections: 2 }}");
        let stage = Stage::start(LOCALHOST, &listener, "", &[echo("a").await]);
        let (one, two, three) = (stage.client().await, stage.client().await, stage.client().await);
        assert_eq!(ask(&one, b"1").await, b"a1");
        assert_eq!(ask(&two, b"2").await, b"a2");
        three.send(b"3").await.unwrap();
        // One worker takes datagrams in their order: when this one is answered, that one is gone.
        assert_eq!(ask(&one, b"4").await, b"a4");
        assert!(three.try_recv(&mut [0; 1]).is_err());
        assert_eq!((stage.open(), stage.endpoint(0).requests), (2, 2));
    });
}

#[test]
fn a_socket_on_all_addresses_answers_from_the_one_that_was_asked() {
    on_a_worker(async {
        let stage = Stage::start(Ipv4Addr::UNSPECIFIED, UDP, "", &[echo("a").await]);
        for last in [1, 55] {
            let client = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
            client.connect((Ipv4Addr::new(127, 0, 0, last), stage.address.port())).await.unwrap();
            assert_eq!(ask(&client, b"?").await, b"a?", "a connected socket hears no other");
        }
    });
}

#[test]
fn draining_takes_what_is_queued_and_lets_answers_through() {
    on_a_worker(async {
        let silent = UdpSocket::bind((LOCALHOST, 0)).await.unwrap();
        let stage = Stage::start(LOCALHOST, UDP, "", &[silent.local_addr().unwrap()]);
        let client = stage.client().await;
        client.send(b"question").await.unwrap();
        stage.closing.send_replace(true);
        let mut question = [0; 8];
        let (_, flow) = silent.recv_from(&mut question).await.unwrap();
        assert_eq!(&question, b"question");
        client.send(b"too late").await.unwrap();
        silent.send_to(b"answer", flow).await.unwrap();
        let mut answer = [0; 6];
        client.recv(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        eventually(|| stage.open() == 0).await;
        assert!(silent.try_recv(&mut question).is_err(), "nothing is read any more");
    });
}

#[test]
fn busy_flows_lose_nothing_when_they_turn_to_batches() {
    on_a_worker(async {
        let stage = Stage::start(LOCALHOST, UDP, "", &[echo("").await]);
        let client = stage.client().await;
        for number in 0..500_u32 {
            let question = number.to_be_bytes().repeat(1 + number as usize % 90);
            assert_eq!(ask(&client, &question).await, question);
        }
        assert_eq!(stage.endpoint(0).requests, 1);
    });
}
