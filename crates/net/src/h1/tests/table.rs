//! The table of requests on the edge (`fixtures/http/requests.txt`), with a second reader that
//! judges the bytes that would be forwarded.

use http_desync_guardian::RequestSafetyTier;
use http_desync_guardian::request_analyzer::HttpRequestData;

use super::bodies::read;
use super::*;
use crate::h1::{
    BodyDecoder, CHUNK_END, RequestOptions, write_chunk_head, write_last_chunk, write_request,
};
use crate::message::Framing;
use crate::{hop, path};

const TABLE: &str = include_str!("../../../../../fixtures/http/requests.txt");

pub(super) struct Case {
    name: &'static str,
    expected: &'static str,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn cases() -> Vec<Case> {
    let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
    let blocks = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty());
    blocks.map(case).collect()
}

fn case(block: &[&'static str]) -> Case {
    let [name, expected, lines @ ..] = block else { panic!("not a case: {block:?}") };
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).expect("a name");
    let expected = expected.strip_prefix("expect: ").expect("what is expected");
    Case { name, expected, bytes: unescape(&lines.concat()) }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (byte, len) = match escape.as_bytes()[0] {
            b'r' => (b'\r', 1),
            b'n' => (b'\n', 1),
            b't' => (b'\t', 1),
            b'\\' => (b'\\', 1),
            b'x' => (u8::from_str_radix(&escape[1..3], 16).expect("two digits"), 3),
            other => panic!("unknown escape {other}"),
        };
        bytes.push(byte);
        rest = &escape[len..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// What the gateway would write to the endpoint, and whether it is alone on its connection.
fn forward(bytes: &[u8]) -> Result<(Vec<u8>, bool), ParseError> {
    let (mut head, prelude) = request(bytes)?.ok_or(ParseError::Truncated)?;
    let body = &bytes[prelude.consumed..];
    let body = read(&mut BodyDecoder::new(prelude.framing), &[body])?;
    if !body.is_ended {
        return Err(ParseError::Truncated);
    }
    assert!(body.rest.is_empty(), "left over: {:?}", body.rest);
    hop::strip_hop_by_hop(&mut head.fields);
    if head.authority.is_empty() {
        head.authority.push_str("endpoint.test");
    }
    let mut target = String::new();
    if head.target == "*" {
        target.push('*');
    } else {
        path::canonicalize(head.path(), &mut target).expect("paths of this table are good");
        if let Some(query) = head.query() {
            target.push('?');
            target.push_str(query);
        }
    }
    let mut out = Vec::new();
    let options = RequestOptions { close: prelude.has_stray_body, ..Default::default() };
    write_request(&head, &target, prelude.framing, &options, &mut out);
    if prelude.framing == Framing::Chunked {
        if !body.data.is_empty() {
            write_chunk_head(body.data.len(), &mut out);
            out.extend_from_slice(&body.data);
            out.extend_from_slice(CHUNK_END);
        }
        write_last_chunk(None, &mut out);
    } else {
        out.extend_from_slice(&body.data);
    }
    Ok((out, prelude.has_stray_body))
}

#[test]
fn the_table_is_obeyed() {
    let cases = cases();
    assert!(cases.len() > 140, "only {} cases", cases.len());
    for Case { name, expected, bytes } in cases {
        let outcome = match forward(&bytes) {
            Err(error) => format!("refused {}", error.reason().status()),
            Ok((_, true)) => "lone".to_owned(),
            Ok((_, false)) => "forwarded".to_owned(),
        };
        assert_eq!(outcome, expected, "{name}");
    }
}

#[test]
fn a_second_reader_finds_nothing_ambiguous_in_what_is_forwarded() {
    for Case { name, bytes, .. } in cases() {
        let Ok((out, is_lone)) = forward(&bytes) else { continue };
        let head_bytes = out.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
        let verdict = HttpRequestData::analyze_raw_request(&out[..head_bytes]);
        // A body where none is expected cannot be but ambiguous: that is why it goes alone.
        let worst =
            if is_lone { RequestSafetyTier::Ambiguous } else { RequestSafetyTier::Acceptable };
        assert!(
            verdict.tier <= worst,
            "{name}: {:?} {:?}",
            verdict.reason,
            String::from_utf8_lossy(&out)
        );
        if is_lone {
            assert!(out[..head_bytes].ends_with(b"Connection: close\r\n\r\n"), "{name}");
        }
        // What we write, we read as we meant it.
        let (again, _) = forward(&out).expect("our own request");
        assert_eq!(again, out, "{name}");
    }
}
