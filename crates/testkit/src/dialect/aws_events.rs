//! The binary event stream of Bedrock, read strictly: lengths and both checksums must be right.

use serde_json::{Value, json};

/// Length of a message, length of its headers, and the checksum of the two.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;

/// Every event as an object with its name as the only key.
#[track_caller]
pub(super) fn read(mut bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let length = number(&bytes[0..4]) as usize;
        let (message, rest) = bytes.split_at_checked(length).expect("a whole message");
        events.push(event(message));
        bytes = rest;
    }
    events
}

#[track_caller]
fn event(message: &[u8]) -> Value {
    let headers_end = PRELUDE_BYTES + number(&message[4..8]) as usize;
    let payload_end = message.len() - CHECKSUM_BYTES;
    assert_eq!(number(&message[8..PRELUDE_BYTES]), checksum(&message[..8]), "of the prelude");
    assert_eq!(number(&message[payload_end..]), checksum(&message[..payload_end]), "of a message");
    let headers = headers(&message[PRELUDE_BYTES..headers_end]);
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let name = header(":event-type").or_else(|| header(":exception-type")).expect("a name");
    let payload: Value =
        serde_json::from_slice(&message[headers_end..payload_end]).expect("a payload of JSON");
    json!({ name.as_str(): payload })
}

/// All of them are strings: type 7.
#[track_caller]
fn headers(mut bytes: &[u8]) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("headers are text");
    while let Some((&length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at(usize::from(length));
        assert_eq!(rest[0], 7, "a string");
        let length = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
        let (value, rest) = rest[3..].split_at(length);
        headers.push((text(name), text(value)));
        bytes = rest;
    }
    headers
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

/// CRC-32 as of zip.
fn checksum(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    let of_byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, of_byte)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(super::checksum(b"123456789"), 0xcbf4_3926);
    }
}
