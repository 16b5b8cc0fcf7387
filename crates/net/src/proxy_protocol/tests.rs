//! The PROXY header by example and by property.
//!
//! What the examples say is taken from the protocol's own text.

use proptest::prelude::*;

use super::*;

fn done(bytes: &[u8]) -> ProxyHeader {
    match parse(bytes) {
        Ok(Progress::Done(header)) => header,
        other => panic!("{other:?} for {:?}", String::from_utf8_lossy(bytes)),
    }
}

fn addresses(source: &str, destination: &str) -> Option<Addresses> {
    Some(Addresses { source: source.parse().unwrap(), destination: destination.parse().unwrap() })
}

#[track_caller]
fn check_line(line: &str, expect: Result<Option<Addresses>, ProxyHeaderError>) {
    let bytes = format!("{line}GET / HTTP/1.1\r\n");
    match expect {
        Ok(expect) => {
            assert_eq!(
                done(bytes.as_bytes()),
                ProxyHeader { consumed: line.len(), addresses: expect }
            );
        }
        Err(error) => assert_eq!(parse(bytes.as_bytes()), Err(error), "{line:?}"),
    }
}

#[test]
fn lines_of_version_1_are_read() {
    check_line(
        "PROXY TCP4 255.255.255.255 192.0.2.1 65535 0\r\n",
        Ok(addresses("255.255.255.255:65535", "192.0.2.1:0")),
    );
    check_line(
        "PROXY TCP6 2001:DB8::1 ::1 56324 443\r\n",
        Ok(addresses("[2001:db8::1]:56324", "[::1]:443")),
    );
    check_line("PROXY UNKNOWN\r\n", Ok(None));
    check_line("PROXY UNKNOWN ffff::1 whatever \x07 65535\r\n", Ok(None));
}

#[test]
fn the_longest_line_fits_and_a_longer_one_does_not() {
    let long = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    let line = format!("PROXY UNKNOWN {long} {long} 65535 65535\r\n");
    assert_eq!(line.len(), 107);
    check_line(&line, Ok(None));
    check_line(&line.replace(" 65535\r", " 655350\r"), Err(ProxyHeaderError::TooLong));
}

#[test]
fn bad_lines_of_version_1_are_refused() {
    use ProxyHeaderError::{Absent, Line, TooLong};
    for (line, error) in [
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", Line),
        ("PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", Line),
        ("PROXY TCP4 192.0.2.1 192.0.2.256 1 2\r\n", Line),
        ("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", Line),
        ("PROXY TCP4 ::1 ::2 1 2\r\n", Line),
        ("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", Line),
        ("PROXY TCP6 fe80::1%1 ::2 1 2\r\n", Line),
        ("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", Line),
        ("PROXY UNKNOWNS\r\n", Line),
        ("PROXY \r\n", Line),
        ("PROXY\r\n", Absent),
        ("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Absent),
        ("GET / HTTP/1.1\r\n", Absent),
    ] {
        check_line(line, Err(error));
    }
    let endless = format!("PROXY UNKNOWN {}", "x".repeat(93));
    check_line(&endless, Err(TooLong));
}

/// A header of version 2 with this first byte, family and rest.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    bytes.extend(rest);
    bytes
}

const BLOCK4: [u8; 12] = [192, 0, 2, 1, 192, 0, 2, 2, 0xdb, 0x04, 0x01, 0xbb];

#[test]
fn headers_of_version_2_are_read() {
    let both = addresses("192.0.2.1:56068", "192.0.2.2:443");
    assert_eq!(done(&v2(0x21, 0x11, &BLOCK4)), ProxyHeader { consumed: 28, addresses: both });
    assert_eq!(done(&v2(0x21, 0x12, &BLOCK4)).addresses, both);

    let mut block6 = [0; 36];
    block6[15] = 1;
    block6[31] = 2;
    block6[33] = 7;
    block6[35] = 8;
    for family in [0x21, 0x22] {
        assert_eq!(done(&v2(0x21, family, &block6)).addresses, addresses("[::1]:7", "[::2]:8"));
    }
    assert_eq!(done(&v2(0x21, 0x31, &[0; 216])).addresses, None);
    assert_eq!(done(&v2(0x21, 0x00, &[])).addresses, None);
    assert_eq!(done(&v2(0x21, 0x00, &[9; 5])), ProxyHeader { consumed: 21, addresses: None });
    // The family of a LOCAL header is not looked at.
    for family in [0x00, 0x11, 0xff] {
        assert_eq!(done(&v2(0x20, family, &[9; 4])), ProxyHeader { consumed: 20, addresses: None });
    }
}

#[test]
fn bad_headers_of_version_2_are_refused() {
    use ProxyHeaderError::{Absent, Length, TooLong, Unknown};
    let with = |extension: &[u8]| v2(0x21, 0x11, &[&BLOCK4, extension].concat());
    for (bytes, error) in [
        (v2(0x11, 0x11, &BLOCK4), Unknown),
        (v2(0x22, 0x11, &BLOCK4), Unknown),
        (v2(0x21, 0x13, &BLOCK4), Unknown),
        (v2(0x21, 0x41, &BLOCK4), Unknown),
        (v2(0x21, 0x01, &BLOCK4), Unknown),
        (v2(0x21, 0x11, &BLOCK4[..11]), Length),
        (v2(0x21, 0x21, &BLOCK4), Length),
        (v2(0x21, 0x11, &[0; 16_369]), TooLong),
        (v2(0x20, 0x00, &[0; 16_369]), TooLong),
        (with(&[1]), Length),
        (with(&[1, 0]), Length),
        (with(&[1, 0, 1]), Length),
        (with(&[3, 0, 3, 1, 2, 3]), Length),
        (b"\r\n\r\n\0\r\nQUIT\r".to_vec(), Absent),
    ] {
        assert_eq!(parse(&bytes), Err(error), "{bytes:02x?}");
    }
    assert!(matches!(parse(&v2(0x20, 0x00, &[0; 16_368])), Ok(Progress::Done(_))));
}

#[test]
fn extensions_are_skipped_and_the_checksum_is_checked() {
    let alpn = [1, 0, 2, b'h', b'2'];
    let no_op = [4, 0, 0];
    let mut bytes = v2(0x21, 0x11, &[&BLOCK4[..], &alpn, &[3, 0, 4, 0, 0, 0, 0], &no_op].concat());
    let place = 28 + alpn.len() + 3;
    assert_eq!(parse(&bytes), Err(ProxyHeaderError::Checksum));
    let sum = crc32c::checksum(&[&bytes]);
    bytes[place..place + 4].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(done(&bytes).consumed, bytes.len());
    bytes[16] ^= 1;
    assert_eq!(parse(&bytes), Err(ProxyHeaderError::Checksum));
}

#[test]
fn mapped_addresses_are_written_as_what_they_are() {
    let mut out = Vec::new();
    let mapped = "[::ffff:192.0.2.1]:1".parse().unwrap();
    write_v1(mapped, "192.0.2.2:2".parse().unwrap(), &mut out);
    assert_eq!(out, b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n");
    out.clear();
    write_v1("192.0.2.1:1".parse().unwrap(), "[2001:db8::1]:2".parse().unwrap(), &mut out);
    assert_eq!(out, b"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n");
    assert_eq!(done(&out).addresses, addresses("192.0.2.1:1", "[2001:db8::1]:2"));
}

#[test]
fn connections_of_our_own_carry_no_addresses() {
    for version in [SendProxyProtocol::V1, SendProxyProtocol::V2] {
        let mut out = Vec::new();
        write_own(version, &mut out);
        assert_eq!(done(&out), ProxyHeader { consumed: out.len(), addresses: None });
    }
    let mut out = Vec::new();
    write_own(SendProxyProtocol::Off, &mut out);
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_every_beginning_of_it_wants_more(
        source: SocketAddr,
        destination: SocketAddr,
        behind: Vec<u8>,
        second: bool,
    ) {
        let version = if second { SendProxyProtocol::V2 } else { SendProxyProtocol::V1 };
        let mut bytes = Vec::new();
        write(version, source, destination, &mut bytes);
        let header_bytes = bytes.len();
        for end in 0..header_bytes {
            prop_assert_eq!(parse(&bytes[..end]), Ok(Progress::More));
        }
        bytes.extend(behind);
        let header = done(&bytes);
        prop_assert_eq!(header.consumed, header_bytes);
        // Flow labels and scopes are no part of the protocol.
        prop_assert_eq!(header.addresses, Some(Addresses::new(source, destination)));
    }

    #[test]
    fn no_bytes_confuse_the_reader(mut bytes: Vec<u8>, start in 0..3_usize) {
        let starts: [&[u8]; 3] = [b"", v1::SIGNATURE, v2::SIGNATURE];
        bytes.splice(0..0, starts[start].iter().copied());
        if let Ok(Progress::Done(header)) = parse(&bytes) {
            prop_assert!(header.consumed <= bytes.len());
            // What follows the header has no say in it.
            prop_assert_eq!(parse(&bytes[..header.consumed]), Ok(Progress::Done(header)));
        }
    }
}
