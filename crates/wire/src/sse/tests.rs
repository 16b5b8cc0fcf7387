//! Events come out the same however the bytes are cut, and as they were written.

use proptest::prelude::*;

use super::{Event, EventReader, TooLarge, write_event};

/// Name, id, retry time and data of each event, or what is wrong with it.
fn read(pieces: &[&[u8]], bytes_max: usize) -> Vec<String> {
    let mut events = Vec::new();
    let mut reader = EventReader::new(bytes_max);
    let mut each = |event: Result<Event<'_>, TooLarge>| {
        events.push(match event {
            Ok(Event { name, id, retry_ms, data }) => {
                format!("{name}|{id:?}|{retry_ms:?}|{:?}", data.map(String::from_utf8_lossy))
            }
            Err(error) => error.to_string(),
        });
    };
    for piece in pieces {
        reader.push(piece, &mut each);
    }
    reader.end(&mut each);
    events
}

#[test]
fn ids_and_retry_times_are_told_with_their_event_alone() {
    let text =
        b"id: 7\nretry: 50\ndata:\n\ndata: a\ndata: b\n\nid: 8\n\nid: x\0\nretry: 1s\n: c\n\n";
    assert_eq!(
        read(&[text], 1024),
        [
            r#"|Some("7")|Some(50)|Some("")"#,
            r#"|None|None|Some("a\nb")"#,
            r#"|Some("8")|None|None"#
        ]
    );
}

#[test]
fn an_event_that_is_too_large_is_skipped_and_the_next_one_is_read() {
    let text = [b"data: ".as_slice(), &[b'x'; 90], b"\n\nevent: e\ndata: 2\n\n"].concat();
    assert_eq!(
        read(&[&text], 64),
        ["an event of the stream is too large", r#"e|None|None|Some("2")"#]
    );
}

#[test]
fn nothing_that_is_written_into_a_field_can_begin_another() {
    let mut out = Vec::new();
    let (name, id) = ("a\nid: 9", Some("1\r\ndata: forged"));
    write_event(&mut out, &Event { name, id, retry_ms: Some(5), data: Some(b"x\r\ny\n\nid: 3") });
    assert_eq!(
        read(&[&out], 1024),
        [r#"aid: 9|Some("1data: forged")|Some(5)|Some("x\ny\n\nid: 3")"#]
    );
}

proptest! {
    #[test]
    fn events_are_the_same_however_they_are_cut(
        text in "(data|id|event|retry|x)?(:| |[0-9]|\n|\r|\r\n|[a-z]|é){0,12}(data: [a-c]*\n{0,2}){0,3}",
        cut in 0_usize..40, other in 0_usize..40,
    ) {
        let bytes = text.as_bytes();
        let (cut, other) = (cut.min(bytes.len()), other.min(bytes.len()));
        let (first, second) = (cut.min(other), cut.max(other));
        let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
        prop_assert_eq!(read(&pieces, 1024), read(&[bytes], 1024));
    }

    #[test]
    fn what_is_written_is_read(data in "[a-z\n é:]{0,20}", id in "[!-~]{1,9}") {
        let mut out = Vec::new();
        let event =
            Event { name: "message", id: Some(&id), retry_ms: None, data: Some(data.as_bytes()) };
        write_event(&mut out, &event);
        prop_assert_eq!(
            read(&[&out], 1024),
            [format!("message|{:?}|None|{:?}", Some(&id), Some(&data))]
        );
    }
}
