//! Events come out the same however the bytes are cut.

use proptest::prelude::*;

use super::{FrameReader, FrameWriter, Framing, last_edge};

/// Name and data of each event, or what is wrong with it.
fn read(framing: Framing, pieces: &[&[u8]]) -> Vec<String> {
    let mut events = Vec::new();
    let mut reader = FrameReader::new(framing);
    let mut each = |frame: Result<super::Frame<'_>, super::FrameError>| {
        events.push(match frame {
            Ok(frame) => format!("{}|{}|{}", frame.name, frame.is_exception, frame.data),
            Err(error) => error.to_string(),
        });
    };
    for piece in pieces {
        reader.push(piece, &mut each);
    }
    reader.end(&mut each);
    events
}

fn sse(text: &str) -> Vec<String> {
    read(Framing::Sse, &[text.as_bytes()])
}

#[test]
fn events_end_with_any_blank_line() {
    for end in ["\n", "\r\n", "\r"] {
        let text = "\u{FEFF}event: a\ndata: 1\ndata:2\n: comment\nid: 7\n\ndata\n\nevent: b\n\n"
            .replace('\n', end);
        assert_eq!(sse(&text), ["a|false|1\n2", "|false|"], "{end:?}");
    }
}

#[test]
fn the_last_event_may_miss_its_blank_line() {
    assert_eq!(sse("data: 1\n\ndata: [DONE]"), ["|false|1", "|false|[DONE]"]);
}

#[test]
fn an_event_that_is_too_large_is_skipped() {
    let large = vec![b'x'; super::FRAME_BYTES_MAX / 2 + 1];
    let events = read(Framing::Sse, &[b"data: ", &large, &large, b"\n\ndata: 2\n\n"]);
    assert_eq!(events, ["an event of the stream is too large", "|false|2"]);
}

#[test]
fn what_is_no_text_is_skipped() {
    let events = read(Framing::Sse, &[b"data: \xff\n\ndata: 2\n\n"]);
    assert_eq!(events, ["an event of the stream is not UTF-8", "|false|2"]);
}

fn written(framing: Framing) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = FrameWriter::new(framing);
    writer.event(&mut out, "first", |w| w.object(|w| w.text_field("a", Some("}\"[\\"))));
    writer.exception(&mut out, "throttlingException", |w| w.object(|_| {}));
    writer.event(&mut out, "last", |w| w.object(|w| w.key("b").json("[1, {}]")));
    writer.end(&mut out);
    out
}

#[test]
fn the_last_edge_is_behind_the_last_whole_event() {
    for framing in [Framing::Sse, Framing::AwsEvents, Framing::JsonArray] {
        let all = written(framing);
        let whole = |bytes: &[u8]| read(framing, &[bytes]).len();
        for to in 0..=all.len() {
            let edge = last_edge(framing, &all[..to]);
            let head = &all[..edge];
            let mut reader = FrameReader::new(framing);
            let mut count = 0;
            reader.push(head, &mut |_| count += 1);
            let mut before = 0;
            FrameReader::new(framing).push(&all[..to], &mut |_| before += 1);
            assert_eq!(count, before, "{framing:?}: no event is held back at {to}");
            assert_eq!(whole(head), count, "{framing:?}: and nothing but events goes on at {to}");
        }
    }
    assert_eq!(last_edge(Framing::Sse, b"data: 1\r\n\r\ndata: 2\n\ndata"), 20);
    assert_eq!(last_edge(Framing::AwsEvents, &[0; 20]), 20, "what is lost is not held back");
}

#[test]
fn what_is_written_is_read() {
    let aws = written(Framing::AwsEvents);
    let events = [
        "first|false|{\"a\":\"}\\\"[\\\\\"}",
        "throttlingException|true|{}",
        "last|false|{\"b\":[1, {}]}",
    ];
    assert_eq!(read(Framing::AwsEvents, &[&aws]), events);
    let array = written(Framing::JsonArray);
    assert!(crate::json::is_value(std::str::from_utf8(&array).unwrap()));
    assert_eq!(read(Framing::JsonArray, &[&array]).len(), 3);
}

#[test]
fn a_damaged_message_is_skipped_and_a_damaged_length_ends_the_stream() {
    let mut aws = written(Framing::AwsEvents);
    let last = aws.len();
    aws[last - 6] ^= 1;
    let events = read(Framing::AwsEvents, &[&aws, &written(Framing::AwsEvents)]);
    assert_eq!(events.len(), 6);
    assert_eq!(events[2], "an event of the stream is damaged");
    aws[5] ^= 1;
    assert_eq!(read(Framing::AwsEvents, &[&aws, &aws]), ["the stream has lost its framing"]);
}

#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(super::crc32::crc32(b"123456789"), 0xCBF4_3926);
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(cuts in prop::collection::vec(0usize..200, 0..10), kind in 0..3) {
        let text = "data: one\r\n\r\nevent: x\rdata: two\n: c\ndata: three\n\n\r\ndata: {}\r\r";
        let (framing, bytes) = match kind {
            0 => (Framing::Sse, text.as_bytes().to_vec()),
            1 => (Framing::AwsEvents, written(Framing::AwsEvents)),
            _ => (Framing::JsonArray, written(Framing::JsonArray)),
        };
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(read(framing, &pieces), read(framing, &[&bytes]));
    }
}
