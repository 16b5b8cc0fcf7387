//! Claims about what `architrave-net` reads from any bytes at all.

use architrave_net::h1::{
    BodyDecoder, BodyStep, CHUNK_END, HeadLimits, HeadParser, ParseError, Persist, RequestOptions,
    is_authority, write_chunk_head, write_last_chunk, write_request, write_response,
};
use architrave_net::hop::strip_hop_by_hop;
use architrave_net::path::canonicalize;
use architrave_net::{Fields, Framing, Method, RequestHead, ResponseHead};

/// An entry takes any bytes and panics when a claim does not hold.
pub type Entry = fn(&[u8]);

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("request_head", request_head),
    ("response_head", response_head),
    ("chunked_body", chunked_body),
    ("path", path),
];

/// The first byte says how the rest is cut in two, and a head must not care. One that is taken is
/// well formed, and what is forwarded of it reads the same.
pub fn request_head(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let limits = HeadLimits { head_bytes_max: 4_096, headers_max: 20, uri_bytes_max: 1_024 };
    let read = |pieces: &[&[u8]]| {
        let (mut parser, mut head) = (HeadParser::new(), RequestHead::default());
        let mut outcome = Ok(None);
        for piece in pieces {
            outcome = parser.request(piece, &limits, &mut head);
            if !matches!(outcome, Ok(None)) {
                break;
            }
        }
        outcome.map(|prelude| prelude.map(|prelude| (prelude, head)))
    };
    let whole = read(&[bytes]);
    let in_two = read(&[&bytes[..bytes.len().min(usize::from(*cut))], bytes]);
    let seen = |outcome: &Result<Option<_>, ParseError>| {
        outcome.as_ref().map(|read| read.as_ref().map(|read| format!("{read:?}"))).map_err(|_| ())
    };
    if whole.is_ok() {
        assert_eq!(seen(&whole), seen(&in_two));
    }
    let Ok(Some((prelude, mut head))) = whole else { return };
    assert!(prelude.consumed <= bytes.len() && bytes[..prelude.consumed].ends_with(b"\r\n\r\n"));
    assert!(head.target.starts_with('/') || head.target == "*");
    assert!(head.authority.is_empty() || is_authority(head.authority.as_bytes()));
    assert!(head.fields.iter().all(|field| !field.name.contains(&b'_')));
    assert!(prelude.framing != Framing::UntilClose);
    strip_hop_by_hop(&mut head.fields);
    if head.authority.is_empty() {
        head.authority.push('a');
    }
    let write = |head: &RequestHead| {
        let mut out = Vec::new();
        write_request(head, &head.target, prelude.framing, &RequestOptions::default(), &mut out);
        out
    };
    let out = write(&head);
    let mut again = RequestHead::default();
    let reread = HeadParser::new().request(&out, &HeadLimits::default(), &mut again);
    let reread = reread.expect("what we write we take").expect("and it is whole");
    assert_eq!((reread.consumed, reread.framing), (out.len(), prelude.framing));
    assert_eq!((&again.method, &again.target), (&head.method, &head.target));
    assert_eq!(write(&again), out);
}

/// As [`request_head`]; the first byte says which method was asked with, too.
pub fn response_head(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let limits = HeadLimits { head_bytes_max: 4_096, headers_max: 20, uri_bytes_max: 1_024 };
    let method = if cut % 2 == 0 { Method::Get } else { Method::Head };
    let (mut parser, mut head) = (HeadParser::new(), ResponseHead::default());
    let whole = HeadParser::new().response(bytes, &limits, &method, &mut head);
    let start = &bytes[..bytes.len().min(usize::from(*cut))];
    let mut second = ResponseHead::default();
    let mut in_two = parser.response(start, &limits, &method, &mut second);
    if in_two == Ok(None) {
        in_two = parser.response(bytes, &limits, &method, &mut second);
    }
    let Ok(whole) = whole else { return };
    assert_eq!(in_two, Ok(whole));
    let Some(prelude) = whole else { return };
    assert_eq!(format!("{head:?}"), format!("{second:?}"));
    assert!((100..=999).contains(&head.status) && prelude.consumed <= bytes.len());
    strip_hop_by_hop(&mut head.fields);
    let persist = match prelude.framing {
        Framing::UntilClose => Persist::Close,
        _ if head.status == 101 => Persist::Upgrade,
        _ => Persist::KeepAlive,
    };
    let mut out = Vec::new();
    write_response(&head, prelude.framing, persist, &mut out);
    let mut again = ResponseHead::default();
    let reread = HeadParser::new().response(&out, &HeadLimits::default(), &method, &mut again);
    let reread = reread.expect("what we write we take").expect("and it is whole");
    assert_eq!((reread.consumed, again.status), (out.len(), head.status));
    assert_eq!(reread.framing, prelude.framing);
}

/// The first byte says how large the pieces are in which the body comes. It is read as if it had
/// come whole, and written again it reads the same.
pub fn chunked_body(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let whole = body(bytes.chunks(bytes.len().max(1)));
    assert_eq!(whole, body(bytes.chunks(usize::from(*size % 16) + 1)));
    let Ok((data, trailers, rest)) = whole else { return };
    let Some(rest) = rest else { return };
    assert!(bytes.ends_with(&rest));
    let mut fields = Fields::new();
    for (name, value) in &trailers {
        fields.append_bytes(name, value);
    }
    let mut out = Vec::new();
    for chunk in data.chunks(100) {
        write_chunk_head(chunk.len(), &mut out);
        out.extend_from_slice(chunk);
        out.extend_from_slice(CHUNK_END);
    }
    write_last_chunk(Some(&fields), &mut out);
    assert_eq!(body([&out[..]].into_iter()), Ok((data, trailers, Some(Vec::new()))));
}

type Trailers = Vec<(Vec<u8>, Vec<u8>)>;

/// Data, trailers and, when the body has ended, what is left over.
type Body = (Vec<u8>, Trailers, Option<Vec<u8>>);

fn body<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Body, ParseError> {
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    let (mut data, mut rest) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut piece = piece;
        while !piece.is_empty() {
            let used = match decoder.decode(piece)? {
                BodyStep::Data { skip, len } => {
                    assert!(len > 0);
                    data.extend_from_slice(&piece[skip..skip + len]);
                    skip + len
                }
                BodyStep::More { skip } => {
                    assert_eq!(skip, piece.len());
                    skip
                }
                BodyStep::End { skip } => {
                    rest.extend_from_slice(&piece[skip..]);
                    piece.len()
                }
            };
            piece = &piece[used..];
        }
    }
    let trailers = decoder.take_trailers().unwrap_or_default();
    let trailers = trailers.iter().map(|f| (f.name.to_vec(), f.value.to_vec())).collect();
    Ok((data, trailers, decoder.is_ended().then_some(rest)))
}

/// A path that is taken has one spelling, which does not climb, however it is decoded.
pub fn path(bytes: &[u8]) {
    let Ok(path) = std::str::from_utf8(bytes) else { return };
    let mut once = String::new();
    if canonicalize(path, &mut once).is_err() {
        return;
    }
    let mut twice = String::new();
    assert_eq!(canonicalize(&once, &mut twice), Ok(()));
    assert_eq!(once, twice);
    assert!(once.starts_with('/') && once.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!once.contains("//") && !once.contains(['\\', '?', '#']));
    let decoded = once.replace("%2F", "/").replace("%2E", ".").replace("%3B", ";");
    for segment in decoded.split('/') {
        let name = segment.split(';').next().unwrap_or_default();
        assert!(name != "." && name != "..", "{once}");
    }
}
