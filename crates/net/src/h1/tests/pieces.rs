//! However a message is cut on its way here, it is read as if it had come whole.

use proptest::prelude::*;

use super::bodies::{Read, read};
use super::*;
use crate::h1::BodyDecoder;

/// Heads and bodies made of what they are made of, with now and then a piece that is out of place.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let start = prop::sample::select(vec![
        "GET / HTTP/1.1\r\n",
        "\r\nPOST /a HTTP/1.1\r\n",
        "GET http://b/ HTTP/1.0\r\n",
        "POST / HTTP/1.1\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 204 \r\n",
        "HTTP/1.0 200\r\n",
        "GET / HTTP/2.0\r\n",
        "\r\n\r\n",
    ]);
    let line = prop::sample::select(vec![
        "Host: a\r\n",
        "Host: a\r\n",
        "Content-Length: 12\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\n",
        "X: y\r\n",
        "X:\r\n",
        "X_Y: z\r\n",
        "Connection: close, x\r\n",
        "Expect: 100-continue\r\n",
        "X : y\r\n",
        "X: y\n",
        " X: y\r\n",
        "X: \r\r\n",
        "X: y",
    ]);
    let piece = prop::sample::select(vec![
        "0\r\n",
        "0\r\n\r\n",
        "3\r\nabc\r\n",
        "1;a=b\r\nx\r\n",
        "A: b\r\n",
        "\r\n",
        "\n",
        "x",
        "ffff",
        "GET / HTTP/1.1\r\n",
    ]);
    let lines = prop::collection::vec(line, 0..5);
    let pieces = prop::collection::vec(piece, 0..6);
    (start, lines, pieces).prop_map(|(start, lines, pieces)| {
        format!("{start}{}\r\n{}", lines.concat(), pieces.concat()).into_bytes()
    })
}

/// Cuts `bytes` after these numbers of bytes, over and over.
fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, more) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = more;
    }
    pieces
}

type Outcome = (String, Result<Read, ParseError>);

/// Reads head and body of a message that comes in pieces; `Ok(None)` when the head is not whole.
fn read_pieces(
    bytes: &[u8],
    sizes: &[usize],
    is_request: bool,
) -> Result<Option<Outcome>, ParseError> {
    let pieces = cut(bytes, sizes);
    let (mut parser, limits) = (HeadParser::new(), HeadLimits::default());
    let (mut request, mut response) = (RequestHead::default(), ResponseHead::default());
    let mut end = 0;
    for (index, piece) in pieces.iter().enumerate() {
        end += piece.len();
        let input = &bytes[..end];
        let found = if is_request {
            let found = parser.request(input, &limits, &mut request)?;
            found.map(|found| (found.consumed, found.framing, format!("{request:?} {found:?}")))
        } else {
            let found = parser.response(input, &limits, &Method::Get, &mut response)?;
            found.map(|found| (found.consumed, found.framing, format!("{response:?} {found:?}")))
        };
        let Some((consumed, framing, seen)) = found else { continue };
        let mut rest = vec![&input[consumed..]];
        rest.extend_from_slice(&pieces[index + 1..]);
        return Ok(Some((seen, read(&mut BodyDecoder::new(framing), &rest))));
    }
    Ok(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn pieces_make_no_difference(
        bytes in messages(), sizes in prop::collection::vec(1_usize..40, 1..6), is_request in any::<bool>(),
    ) {
        let whole = read_pieces(&bytes, &[bytes.len().max(1)], is_request);
        let in_pieces = read_pieces(&bytes, &sizes, is_request);
        let in_bytes = read_pieces(&bytes, &[1], is_request);
        if whole.is_err() {
            // Which of several faults is named may differ; that it is refused, or waited for when
            // the head has no end, may not.
            let has_end = bytes.windows(4).any(|window| window == b"\r\n\r\n");
            for found in [&in_pieces, &in_bytes] {
                prop_assert!(found.is_err() || (!has_end && found == &Ok(None)), "{:?}", found);
            }
        } else {
            prop_assert_eq!(&whole, &in_pieces);
            prop_assert_eq!(&whole, &in_bytes);
        }
    }
}

#[test]
fn what_http_2_begins_with_is_judged_when_it_is_whole() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let (limits, mut head) = (HeadLimits::default(), RequestHead::default());
    let whole = "PRI * HTTP/2.0\r\n\r\n".len();
    for length in 1..preface.len() {
        let judged = HeadParser::new().request(&preface[..length], &limits, &mut head);
        match length {
            _ if length < whole => assert_eq!(judged, Ok(None), "after {length} bytes"),
            _ => assert_eq!(judged, Err(ParseError::VersionNotSupported), "after {length} bytes"),
        }
    }
    let mut parser = HeadParser::new();
    for length in 1..whole {
        assert_eq!(parser.request(&preface[..length], &limits, &mut head), Ok(None));
    }
    let judged = parser.request(&preface[..whole], &limits, &mut head);
    assert_eq!(judged, Err(ParseError::VersionNotSupported));
    let other = HeadParser::new().request(b"GET * HTTP/2.0\r\n", &limits, &mut head);
    assert_eq!(other, Err(ParseError::VersionNotSupported));
}
