//! What the UDP sockets promise: whom a reply comes from, batches, refusals; over the loopback.

use super::*;

const LOCALHOST: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn bound(ip: impl Into<IpAddr>) -> Udp {
    Udp::bound(std::net::UdpSocket::bind((ip.into(), 0)).unwrap()).unwrap()
}

/// Receives until `count` datagrams are there.
async fn receive(udp: &Udp, count: usize) -> Vec<(Vec<u8>, SocketAddr, Option<IpAddr>)> {
    let (mut batch, mut heard) = (Batch::new(), Vec::new());
    while heard.len() < count {
        udp.receivable().await.unwrap();
        match udp.receive(&mut batch) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => panic!("{error}"),
        }
        for datagrams in batch.iter() {
            let each = datagrams.iter();
            heard.extend(each.map(|one| (one.to_vec(), datagrams.from, datagrams.to)));
        }
    }
    heard
}

fn datagrams(bytes: &[u8], segment_bytes: usize) -> Datagrams<'_> {
    Datagrams::new(bytes, segment_bytes, SocketAddr::from((LOCALHOST, 1)))
}

#[tokio::test]
async fn a_reply_leaves_from_the_address_that_was_asked() {
    let service = bound(Ipv4Addr::UNSPECIFIED);
    let port = service.local_addr().port();
    // Any address of 127.0.0.0/8 is ours; the client hears only the one it asked.
    let asked = SocketAddr::from(([127, 0, 0, 77], port));
    let client = Udp::connected(asked).unwrap();
    client.send(&datagrams(b"question", 8)).unwrap();
    let [(question, from, to)] = &receive(&service, 1).await[..] else { panic!("one question") };
    assert_eq!((question.as_slice(), *to), (&b"question"[..], Some(asked.ip())));
    service.send_to(&datagrams(b"answer", 6), *from, *to).unwrap();
    assert_eq!(receive(&client, 1).await[0].0, b"answer");
}

#[tokio::test]
async fn runs_of_datagrams_arrive_as_single_ones_whoever_batches() {
    let contents: Vec<u8> = (0..2500_u16).map(|n| (n % 251) as u8).collect();
    let expected: Vec<&[u8]> = contents.chunks(1000).collect();
    for sender_batches in [false, true] {
        for receiver_batches in [false, true] {
            let service = bound(LOCALHOST);
            let sender = Udp::connected(service.local_addr()).unwrap();
            if sender_batches {
                sender.start_batching().unwrap();
            }
            sender.send(&datagrams(&contents, 1000)).unwrap();
            let heard = receive(&service, 3).await;
            let receiver = heard[0].1;
            let lengths: Vec<&[u8]> = heard.iter().map(|(one, ..)| one.as_slice()).collect();
            assert_eq!(lengths, expected);
            if receiver_batches {
                sender.start_batching().unwrap();
            }
            service.send_to(&datagrams(&contents, 1000), receiver, None).unwrap();
            let heard = receive(&sender, 3).await;
            let lengths: Vec<&[u8]> = heard.iter().map(|(one, ..)| one.as_slice()).collect();
            assert_eq!(lengths, expected);
        }
    }
}

/// An empty and the longest datagram, there and back, for each way to work.
async fn exchange_shortest_and_longest(service_at: IpAddr, client_to: IpAddr, longest: usize) {
    let longest = vec![9; longest];
    for batches in [false, true] {
        let service = bound(service_at);
        let port = service.local_addr().port();
        let client = Udp::connected((client_to, port).into()).unwrap();
        if batches {
            client.start_batching().unwrap();
        }
        for contents in [&b""[..], &longest] {
            client.send(&datagrams(contents, contents.len().max(1))).unwrap();
            let heard = receive(&service, 1).await;
            assert!(heard[0].0 == contents);
            service.send_to(&datagrams(contents, contents.len().max(1)), heard[0].1, None).unwrap();
            assert!(receive(&client, 1).await[0].0 == contents);
        }
    }
}

#[tokio::test]
async fn empty_and_longest_datagrams_pass() {
    exchange_shortest_and_longest(LOCALHOST.into(), LOCALHOST.into(), 65_507).await;
}

#[tokio::test]
async fn datagrams_that_need_fragments_pass_over_ipv6_as_well() {
    // With its header, the longest one is longer than the loopback's 64 KiB.
    let localhost = Ipv6Addr::LOCALHOST.into();
    let within = tokio::time::Duration::from_secs(20);
    let work = async {
        exchange_shortest_and_longest(localhost, localhost, 65_527).await;
        // A socket of IPv6 that is bound to everything carries IPv4, too.
        exchange_shortest_and_longest(Ipv6Addr::UNSPECIFIED.into(), LOCALHOST.into(), 65_507).await;
    };
    tokio::time::timeout(within, work).await.expect("none is dropped");
}

#[tokio::test]
async fn a_refusal_is_told_to_a_connected_socket() {
    let nobody = std::net::UdpSocket::bind((LOCALHOST, 0)).unwrap().local_addr().unwrap();
    for batches in [false, true] {
        let client = Udp::connected(nobody).unwrap();
        if batches {
            client.start_batching().unwrap();
        }
        client.send(&datagrams(b"anybody there?", 14)).unwrap();
        let mut batch = Batch::new();
        let error = loop {
            client.receivable().await.unwrap();
            match client.receive(&mut batch) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => break other.expect_err("nobody is there to answer"),
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
