//! What HTTP/2 may not say either, because the HTTP/1 codec would not have let it through.

use super::*;

const DECEPTIVE: [&str; 4] =
    ["content.length", "content_length", "transfer--encoding", "transfer_encoding"];

fn map(names: &[&'static str]) -> HeaderMap {
    names
        .iter()
        .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("5")))
        .collect()
}

fn names(fields: &Fields) -> Vec<&str> {
    fields.iter().map(|field| std::str::from_utf8(field.name).unwrap()).collect()
}

#[test]
fn names_that_imitate_framing_fields_are_dropped() {
    for direction in [Direction::Request, Direction::Response] {
        let mut fields = Fields::new();
        let from = map(&[&DECEPTIVE[..], &["x-a"]].concat());
        read_fields(&from, &HeadLimits::default(), direction, &mut fields).unwrap();
        assert_eq!(names(&fields), ["x-a"], "{direction:?}");
    }
}

#[test]
fn other_names_with_underscores_vouch_for_nothing_to_clients_alone() {
    let from = map(&["x_a"]);
    let (mut request, mut response) = (Fields::new(), Fields::new());
    read_fields(&from, &HeadLimits::default(), Direction::Request, &mut request).unwrap();
    read_fields(&from, &HeadLimits::default(), Direction::Response, &mut response).unwrap();
    assert_eq!((names(&request), names(&response)), (vec![], vec!["x_a"]));
}

#[test]
fn trailers_hold_what_they_may_in_http_1() {
    let bad = ["x-forwarded-for", "authorization", "content-length", "set-cookie", "te", "vary"];
    let good = ["grpc-status", "x-sum"];
    let from = map(&[&bad[..], &DECEPTIVE, &["x_a"], &good].concat());
    let read = read_trailers(&from).unwrap();
    assert_eq!(names(&read), good);
    assert_eq!(read_trailers(&map(&bad)).map(|fields| fields.len()), None);
    let mut fields = Fields::new();
    for name in bad.iter().chain(&good) {
        fields.append(name, b"5");
    }
    let written = write_trailers(&fields);
    assert_eq!(written.keys().map(HeaderName::as_str).collect::<Vec<_>>(), good);
}

#[test]
fn trailers_are_no_endless_list() {
    let from = (0..1_000)
        .map(|n| (HeaderName::try_from(format!("x-{n}")).unwrap(), HeaderValue::from_static("1")))
        .collect();
    assert_eq!(read_trailers(&from).unwrap().len(), TRAILER_LIMITS.headers_max);
    let long = HeaderValue::try_from("a".repeat(TRAILER_LIMITS.head_bytes_max)).unwrap();
    let from = [(HeaderName::from_static("x-a"), long)].into_iter().collect();
    assert!(read_trailers(&from).is_none());
}
