//! Bodies: what the decoder takes for data, what for framing, and what it refuses.

use super::*;
use crate::fields::{Fields, Known};
use crate::h1::{BodyDecoder, BodyStep, ChunkLimits};
use crate::message::Framing;

/// What a body was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) data: Vec<u8>,
    pub(super) rest: Vec<u8>,
    pub(super) trailers: Vec<(String, String)>,
    pub(super) is_ended: bool,
}

/// Reads a body as a connection would: bytes that were not consumed are given again, with more.
pub(super) fn read(decoder: &mut BodyDecoder, pieces: &[&[u8]]) -> Result<Read, ParseError> {
    let (mut data, mut waiting) = (Vec::new(), Vec::new());
    'pieces: for piece in pieces {
        waiting.extend_from_slice(piece);
        loop {
            let is_ended_before = decoder.is_ended();
            match decoder.decode(&waiting)? {
                BodyStep::Data { skip, len } => {
                    assert!(len > 0 && !is_ended_before);
                    data.extend_from_slice(&waiting[skip..skip + len]);
                    waiting.drain(..skip + len);
                }
                BodyStep::End { skip } => {
                    assert!(decoder.is_ended());
                    waiting.drain(..skip);
                    continue 'pieces;
                }
                BodyStep::More { skip } => {
                    assert_eq!(skip, waiting.len(), "nothing is left behind");
                    waiting.clear();
                    continue 'pieces;
                }
            }
        }
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let trailers = decoder.take_trailers().unwrap_or_default();
    let trailers = trailers.iter().map(|f| (text(f.name), text(f.value))).collect();
    Ok(Read { data, rest: waiting, trailers, is_ended: decoder.is_ended() })
}

fn chunked(text: &str) -> Result<Read, ParseError> {
    let whole = read(&mut BodyDecoder::new(Framing::Chunked), &[text.as_bytes()]);
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    let in_bytes = read(&mut BodyDecoder::new(Framing::Chunked), &bytes);
    assert_eq!(whole, in_bytes, "byte by byte: {text:?}");
    whole
}

#[track_caller]
fn check(text: &str, data: &str, rest: &str) {
    let read = chunked(text).expect("it is accepted");
    assert!(read.is_ended, "{text:?}");
    assert_eq!((&read.data[..], &read.rest[..]), (data.as_bytes(), rest.as_bytes()), "{text:?}");
}

#[track_caller]
fn refused(text: &str, error: ParseError) {
    assert_eq!(chunked(text), Err(error), "{text:?}");
}

#[test]
fn chunks_are_put_together() {
    check("0\r\n\r\n", "", "");
    check("3\r\nabc\r\n0\r\n\r\nGET / ", "abc", "GET / ");
    check("3\r\nabc\r\n1\r\n\n\r\n0\r\n\r\n", "abc\n", "");
    check("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "");
    check("00000003\r\nabc\r\n0000000000000000\r\n\r\n", "abc", "");
    check("3;a=b;c=\"d e\"\r\nabc\r\n0;last\r\n\r\n", "abc", "");
    check("3; a = \u{e4}\t\r\nabc\r\n0\r\n\r\n", "abc", "");
    check("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", "");
    check("0\r\n\r\n0\r\n\r\n", "", "0\r\n\r\n");
}

#[test]
fn sizes_are_hexadecimal_digits_and_nothing_else() {
    for size in [
        "",
        "+3",
        "-3",
        " 3",
        "3 ",
        "3\t",
        "0x3",
        "x",
        "3h",
        "3_0",
        "3,3",
        "3.",
        "\"3\"",
        "00000000000000003",
        "ffffffffffffffff",
        "8000000000000000",
        "10000000000000003",
        "\x003",
        "3\0",
        "\u{b2}",
    ] {
        refused(&format!("{size}\r\nabc\r\n0\r\n\r\n"), ParseError::ChunkSize);
        refused(&format!("1\r\nz\r\n{size}\r\nabc\r\n0\r\n\r\n"), ParseError::ChunkSize);
    }
    refused(";a\r\n\r\n", ParseError::ChunkSize);
    refused("3 ;a\r\nabc\r\n0\r\n\r\n", ParseError::ChunkSize);
    // A size that is as large as can be is only ever waited for.
    let huge = chunked("7fffffffffffffff\r\nabc").expect("it is a size");
    assert_eq!((&huge.data[..], huge.is_ended), (&b"abc"[..], false));
}

#[test]
fn chunk_lines_end_in_crlf() {
    refused("3\nabc\r\n0\r\n\r\n", ParseError::ChunkSize);
    refused("3\rabc\r\n0\r\n\r\n", ParseError::LineEnd);
    refused("3\r\r\nabc\r\n0\r\n\r\n", ParseError::LineEnd);
    refused("3;a\nabc\r\n0\r\n\r\n", ParseError::ChunkExtension);
    refused("3;a\rb\r\nabc\r\n0\r\n\r\n", ParseError::LineEnd);
    refused("3;a\0\r\nabc\r\n0\r\n\r\n", ParseError::ChunkExtension);
    refused("3\r\nabc\n0\r\n\r\n", ParseError::ChunkEnd);
    refused("3\r\nabc\r0\r\n\r\n", ParseError::ChunkEnd);
    refused("3\r\nabc0\r\n\r\n", ParseError::ChunkEnd);
    refused("3\r\nabcd\r\n0\r\n\r\n", ParseError::ChunkEnd);
    refused("3\r\nab\r\n0\r\n\r\n", ParseError::ChunkEnd);
    refused("0\r\n\n", ParseError::LineEnd);
    refused("0\r\n\rX", ParseError::LineEnd);
    refused("0\n\r\n", ParseError::ChunkSize);
}

#[test]
fn a_body_without_its_end_has_not_ended() {
    for text in
        ["", "3", "3\r\n", "3\r\nab", "3\r\nabc\r\n", "0", "0\r\n", "0\r\n\r", "0\r\nA: b\r\n"]
    {
        let mut decoder = BodyDecoder::new(Framing::Chunked);
        assert!(!read(&mut decoder, &[text.as_bytes()]).expect("so far it is good").is_ended);
        assert_eq!(decoder.at_eof(), Err(ParseError::Truncated), "{text:?}");
    }
    let mut decoder = BodyDecoder::new(Framing::Length(3));
    assert!(!read(&mut decoder, &[b"ab"]).expect("so far it is good").is_ended);
    assert_eq!((decoder.at_eof(), decoder.data_bytes_ahead()), (Err(ParseError::Truncated), 1));
}

#[test]
fn other_framings() {
    for (framing, data, rest) in [
        (Framing::Empty, &b""[..], &b"abcde"[..]),
        (Framing::Length(3), b"abc", b"de"),
        (Framing::Length(5), b"abcde", b""),
    ] {
        let mut decoder = BodyDecoder::new(framing);
        let read = read(&mut decoder, &[b"ab", b"cde"]).expect("it is good");
        assert_eq!((&read.data[..], &read.rest[..], read.is_ended), (data, rest, true));
        assert_eq!(decoder.at_eof(), Ok(()));
    }
    let mut decoder = BodyDecoder::new(Framing::UntilClose);
    let read = read(&mut decoder, &[b"ab", b"cde"]).expect("it is good");
    assert_eq!((&read.data[..], read.is_ended), (&b"abcde"[..], false));
    assert_eq!((decoder.at_eof(), decoder.is_ended()), (Ok(()), true));
    assert!(BodyDecoder::new(Framing::Empty).is_ended());
}

#[test]
fn extensions_have_limits() {
    let line = |bytes: usize| format!("1;{}\r\na\r\n", "e".repeat(bytes - 1));
    let limits = ChunkLimits::default();
    let (line_max, all_max) =
        (limits.line_extension_bytes_max as usize, limits.extension_bytes_max as usize);
    check(&format!("{}0\r\n\r\n", line(line_max)), "a", "");
    refused(&format!("{}0\r\n\r\n", line(line_max + 1)), ParseError::ChunkExtensionTooLong);
    let full = line(line_max).repeat(all_max / line_max);
    check(&format!("{full}0\r\n\r\n"), &"a".repeat(all_max / line_max), "");
    refused(&format!("{full}0;\r\n\r\n"), ParseError::ChunkExtensionTooLong);
}

#[test]
fn trailers_are_kept_if_they_are_harmless() {
    let text = "1\r\na\r\n0\r\ngrpc-status: 0\r\nX-Sum:  1 \r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\
        Host: b\r\nAuthorization: x\r\nCookie: a\r\nSet-Cookie: a\r\nConnection: x\r\nX-Forwarded-For: 1\r\n\
        X-Forwarded-Anything: 1\r\nContent-Type: a\r\nCache-Control: a\r\nIf-Match: a\r\nX_Sum: 2\r\n\
        X-Request-Id: 1\r\ntraceparent: 1\r\nEmpty:\r\n\r\nrest";
    let read = chunked(text).expect("it is accepted");
    let kept: Vec<_> = read.trailers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(kept, [("grpc-status", "0"), ("X-Sum", "1"), ("Empty", "")]);
    assert_eq!(read.rest, b"rest");
    let only_bad = chunked("0\r\nHost: a\r\n\r\n").expect("it is accepted");
    assert!(only_bad.trailers.is_empty() && only_bad.is_ended);
}

#[test]
fn malformed_trailers_are_refused() {
    for (line, error) in [
        ("A : b\r\n", ParseError::FieldName),
        (": b\r\n", ParseError::FieldName),
        ("A\r\n", ParseError::FieldName),
        (" A: b\r\n", ParseError::FieldName),
        ("A: b\r\n c\r\n", ParseError::FieldName),
        ("A: b\n", ParseError::LineEnd),
        ("A: b\rc\r\n", ParseError::FieldValue),
        ("A: \0\r\n", ParseError::FieldValue),
        ("GET / HTTP/1.1\r\nHost: a\r\n", ParseError::FieldName),
    ] {
        refused(&format!("0\r\n{line}\r\n"), error);
    }
    let limits = ChunkLimits::default();
    let long = format!("0\r\nA: {}\r\n\r\n", "a".repeat(limits.trailer_bytes_max));
    refused(&long, ParseError::TrailersTooLong);
    refused(
        &format!("0\r\n{}\r\n", "A: b\r\n".repeat(limits.trailers_max + 1)),
        ParseError::TrailersTooLong,
    );
    let many = chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(limits.trailers_max)));
    assert_eq!(many.expect("it is accepted").trailers.len(), limits.trailers_max);
    let small = HeadLimits { head_bytes_max: 10, headers_max: 1, uri_bytes_max: 1 };
    let mut decoder = BodyDecoder::with_limits(Framing::Chunked, ChunkLimits::within(&small));
    assert_eq!(read(&mut decoder, &[b"0\r\nA: bcdefgh\r\n\r\n"]), Err(ParseError::TrailersTooLong));
}

#[test]
fn chunks_that_we_write_are_chunks() {
    let mut out = Vec::new();
    for len in [1, 9, 15, 16, 255, 256, 4096, 65_535] {
        crate::h1::write_chunk_head(len, &mut out);
        out.resize(out.len() + len, b'x');
        out.extend_from_slice(crate::h1::CHUNK_END);
    }
    let mut trailers = Fields::new();
    trailers.append("grpc-status", b"0");
    trailers.append_known(Known::Host, b"Host", b"a");
    crate::h1::write_last_chunk(Some(&trailers), &mut out);
    let read = read(&mut BodyDecoder::new(Framing::Chunked), &[&out]).expect("it is ours");
    assert_eq!(read.data.len(), 1 + 9 + 15 + 16 + 255 + 256 + 4096 + 65_535);
    assert_eq!(read.trailers, [("grpc-status".to_owned(), "0".to_owned())]);
    let mut head = Vec::new();
    crate::h1::write_chunk_head(0xabc, &mut head);
    assert_eq!(head, b"abc\r\n");
}
