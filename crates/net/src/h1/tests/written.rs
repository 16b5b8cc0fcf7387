//! What is written: exact bytes, and that reading them again gives what was meant.

use proptest::prelude::*;

use super::*;
use crate::fields::Fields;
use crate::h1::{Persist, RequestOptions, write_request, write_response, write_response_to_head};
use crate::message::{Framing, Version};

fn written(text: &str, framing: Framing, options: &RequestOptions<'_>) -> String {
    let (head, _) = whole_request(text);
    let mut out = Vec::new();
    write_request(&head, &head.target, framing, options, &mut out);
    String::from_utf8(out).expect("it was text")
}

#[test]
fn a_request_is_forwarded_without_what_was_for_us() {
    let text = "PUT http://b.test:81/x?y HTTP/1.1\r\nhost: a\r\nX-One:   1\r\nConnection: close\r\n\
                Content-Length: 5\r\nKeep-Alive: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nx-TWO: 2 \r\n\r\n";
    let head = "PUT /x?y HTTP/1.1\r\nHost: b.test:81\r\nX-One: 1\r\nx-TWO: 2\r\n";
    let plain = RequestOptions::default();
    for (framing, options, lines) in [
        (Framing::Length(5), plain, "Content-Length: 5\r\n"),
        (Framing::Chunked, plain, "Transfer-Encoding: chunked\r\n"),
        (Framing::Empty, plain, "Content-Length: 0\r\n"),
        (
            Framing::Length(u64::MAX),
            RequestOptions { close: true, ..plain },
            "Content-Length: 18446744073709551615\r\nConnection: close\r\n",
        ),
        (
            Framing::Empty,
            RequestOptions { te_trailers: true, ..plain },
            "Content-Length: 0\r\nTE: trailers\r\nConnection: TE\r\n",
        ),
        (
            Framing::Empty,
            RequestOptions { close: true, te_trailers: true, upgrade: None },
            "Content-Length: 0\r\nTE: trailers\r\nConnection: close, TE\r\n",
        ),
        (
            Framing::Empty,
            RequestOptions { upgrade: Some("websocket"), ..plain },
            "Content-Length: 0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        ),
    ] {
        assert_eq!(written(text, framing, &options), format!("{head}{lines}\r\n"));
    }
    let get = written("GET / HTTP/1.0\r\n\r\n", Framing::Empty, &plain);
    assert_eq!(get, "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

#[test]
fn responses_say_what_their_status_allows() {
    let write = |status: &str, framing: Framing, persist: Persist| {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: a\r\nUpgrade: websocket\r\n\r\n";
        let (mut head, _) = whole_response(text, &Method::Head);
        head.status = status[..3].parse().expect("a number");
        let mut out = Vec::new();
        write_response(&head, framing, persist, &mut out);
        String::from_utf8(out).expect("it was text")
    };
    use Framing::{Chunked, Empty, Length, UntilClose};
    for (status, framing, persist, expected) in [
        ("200 Fine", Length(3), Persist::KeepAlive, "200 OK\r\nETag: a\r\nContent-Length: 3\r\n"),
        ("200 OK", Empty, Persist::KeepAlive, "200 OK\r\nETag: a\r\nContent-Length: 0\r\n"),
        (
            "200 OK",
            Chunked,
            Persist::KeepAlive,
            "200 OK\r\nETag: a\r\nTransfer-Encoding: chunked\r\n",
        ),
        ("200 OK", UntilClose, Persist::Close, "200 OK\r\nETag: a\r\nConnection: close\r\n"),
        (
            "200 OK",
            Length(3),
            Persist::KeepAliveHttp10,
            "200 OK\r\nETag: a\r\nContent-Length: 3\r\nConnection: keep-alive\r\n",
        ),
        ("204 No Content", Empty, Persist::KeepAlive, "204 No Content\r\nETag: a\r\n"),
        (
            "304 Not Modified",
            Empty,
            Persist::KeepAlive,
            "304 Not Modified\r\nETag: a\r\nContent-Length: 7\r\n",
        ),
        ("150 Hm", Empty, Persist::KeepAlive, "150 \r\nETag: a\r\n"),
        ("299 Hm", Length(3), Persist::KeepAlive, "299 \r\nETag: a\r\nContent-Length: 3\r\n"),
        (
            "101 Switching Protocols",
            Empty,
            Persist::Upgrade,
            "101 Switching Protocols\r\nETag: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        ),
    ] {
        assert_eq!(write(status, framing, persist), format!("HTTP/1.1 {expected}\r\n"));
    }
}

#[test]
fn a_response_to_head_keeps_the_length_it_told() {
    for (lines, told) in [("Content-Length: 7\r\n", "Content-Length: 7\r\n"), ("", "")] {
        let (head, _) = whole_response(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), &Method::Head);
        let mut out = Vec::new();
        write_response_to_head(&head, Persist::KeepAlive, &mut out);
        assert_eq!(out, format!("HTTP/1.1 200 OK\r\n{told}\r\n").into_bytes());
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    let name = prop_oneof![
        "[A-Za-z0-9!#$%&'*+.^`|~-]{1,12}",
        Just("X-Forwarded-For".to_owned()),
        Just("Cookie".to_owned()),
    ];
    // No white space at the ends: it would not be part of the value.
    let value = prop::collection::vec(prop_oneof![0x21_u8..=0x7e, 0x80_u8..], 0..12);
    prop::collection::vec((name, value, any::<bool>()), 0..8).prop_map(|pairs| {
        let mut fields = Fields::new();
        for (name, mut value, has_space) in pairs {
            if has_space && value.len() > 2 {
                value[1] = b' ';
            }
            let known = crate::fields::Known::of(name.as_bytes());
            if !known.is_hop_by_hop() && known != crate::fields::Known::Host {
                fields.append_bytes(name.as_bytes(), &value);
            }
        }
        fields
    })
}

fn framings() -> impl Strategy<Value = Framing> {
    prop_oneof![
        Just(Framing::Empty),
        Just(Framing::Chunked),
        (1..=i64::MAX as u64).prop_map(Framing::Length),
    ]
}

fn listed(fields: &Fields) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

proptest! {
    #[test]
    fn a_written_request_reads_the_same(
        method in "(GET|HEAD|POST|PATCH|PURGE|M-SEARCH)", target in "/[!-\"$-~]{0,20}",
        authority in "[a-z0-9.-]{1,10}(:[0-9]{1,4})?", fields in fields(), framing in framings(),
        close in any::<bool>(),
    ) {
        let head = RequestHead {
            method: Method::from_token(&method), version: Version::Http11, authority, target, fields,
        };
        let mut out = Vec::new();
        write_request(&head, &head.target, framing, &RequestOptions { close, ..Default::default() }, &mut out);
        let (read, prelude) = request(&out).expect("it is ours").expect("it is whole");
        prop_assert_eq!(prelude.consumed, out.len());
        prop_assert_eq!(prelude.framing, framing);
        prop_assert_eq!(prelude.keep_alive, !close && !prelude.has_stray_body);
        prop_assert_eq!((&read.method, &read.target, &read.authority), (&head.method, &head.target, &head.authority));
        let mut kept = read.fields.clone();
        crate::hop::strip_hop_by_hop(&mut kept);
        kept.remove("content-length");
        prop_assert_eq!(listed(&kept), listed(&head.fields));
        // What was read can be written again, to the same bytes.
        let mut again = Vec::new();
        write_request(&read, &read.target, prelude.framing, &RequestOptions { close, ..Default::default() }, &mut again);
        prop_assert_eq!(again, out);
    }

    #[test]
    fn a_written_response_reads_the_same(
        status in prop_oneof![Just(200_u16), 200..=599_u16], fields in fields(), framing in framings(),
    ) {
        let head = ResponseHead { status, version: Version::Http11, fields };
        let mut out = Vec::new();
        write_response(&head, framing, Persist::KeepAlive, &mut out);
        let (read, prelude) = response(&out, &Method::Get).expect("it is ours").expect("it is whole");
        let bodiless = status == 204 || status == 304;
        prop_assert_eq!(prelude.framing, if bodiless { Framing::Empty } else { framing });
        prop_assert!(prelude.keep_alive && prelude.consumed == out.len() && read.status == status);
        let mut kept = read.fields.clone();
        crate::hop::strip_hop_by_hop(&mut kept);
        kept.remove("content-length");
        prop_assert_eq!(listed(&kept), listed(&head.fields));
    }
}
