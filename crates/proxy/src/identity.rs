//! What an exchange is called: `X-Request-Id`, and the ids of a W3C trace context.

use architrave_net::{Fields, Known};

/// The longest request id of a client's own that is kept, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Bytes of a `traceparent` of version 00.
const TRACEPARENT_BYTES: usize = 55;

/// What an exchange is called.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    request_id: RequestId,
    /// Toward the endpoint, whole; the trace id is bytes 3 to 35. ASCII only.
    traceparent: Option<[u8; TRACEPARENT_BYTES]>,
}

#[derive(Clone, Debug, Default)]
enum RequestId {
    #[default]
    None,
    /// Made here: 32 hex digits.
    Ours([u8; 32]),
    /// The client's own.
    Theirs(Box<str>),
}

impl Identity {
    /// Continues what the client began, or begins anew.
    #[must_use]
    pub fn of(fields: &Fields, random: &mut fastrand::Rng) -> Self {
        let request_id = match fields.get_known(Known::XRequestId).map(std::str::from_utf8) {
            Some(Ok(id)) if is_sound_id(id) => RequestId::Theirs(id.into()),
            _ => {
                let mut id = [0; 32];
                write_hex(&random.u128(..).to_be_bytes(), &mut id);
                RequestId::Ours(id)
            }
        };
        let mut traceparent = *b"00-................................-................-01";
        match fields.get_known(Known::Traceparent).and_then(parse_traceparent) {
            Some((trace_id, flags)) => {
                traceparent[3..35].copy_from_slice(trace_id.as_bytes());
                traceparent[53..].copy_from_slice(flags.as_bytes());
            }
            None => write_hex(&random.u128(1..).to_be_bytes(), &mut traceparent[3..35]),
        }
        write_hex(&random.u64(1..).to_be_bytes(), &mut traceparent[36..52]);
        Self { request_id, traceparent: Some(traceparent) }
    }

    /// The client's own id when it sent a sound one, else ours; empty before the head is read.
    #[must_use]
    pub fn request_id(&self) -> &str {
        ascii(self.request_id_bytes())
    }

    /// [`Identity::request_id`] as it is written in a field.
    #[must_use]
    pub fn request_id_bytes(&self) -> &[u8] {
        match &self.request_id {
            RequestId::None => b"",
            RequestId::Ours(id) => id,
            RequestId::Theirs(id) => id.as_bytes(),
        }
    }

    /// `traceparent` toward the endpoint; empty before the head is read.
    #[must_use]
    pub fn traceparent(&self) -> &[u8] {
        self.traceparent.as_ref().map_or(&[], |bytes| bytes)
    }

    /// The trace id, 32 hex digits; empty before the head is read.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        ascii(self.traceparent().get(3..35).unwrap_or_default())
    }

    /// 32 hex digits that are those of this exchange alone, though a client makes many in one trace:
    /// the end of the trace id and the span id. Empty before the head is read.
    #[must_use]
    pub fn exchange_id(&self) -> String {
        let part = |place| ascii(self.traceparent().get(place).unwrap_or_default());
        [part(19..35), part(36..52)].concat()
    }
}

fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or("")
}

fn is_sound_id(id: &str) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Reads `00-<32 hex>-<16 hex>-<2 hex>` (W3C Trace Context §3.2): the trace id and the flags.
fn parse_traceparent(value: &[u8]) -> Option<(&str, &str)> {
    let value = std::str::from_utf8(value).ok()?;
    let mut parts = value.split('-');
    let (version, trace_id, parent_id, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let is_sound = is_hex(version, 2)
        && version != "ff"
        && (version != "00" || parts.next().is_none())
        && is_hex(trace_id, 32)
        && !is_zero(trace_id)
        && is_hex(parent_id, 16)
        && !is_zero(parent_id)
        && is_hex(flags, 2);
    is_sound.then_some((trace_id, flags))
}

/// Two digits for each byte of `bytes`, into the start of `out`, which has room for them.
fn write_hex(bytes: &[u8], out: &mut [u8]) {
    for (byte, digits) in bytes.iter().zip(out.chunks_exact_mut(2)) {
        digits.copy_from_slice(&HEX[usize::from(*byte)]);
    }
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (mut table, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        table[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn a_sound_trace_is_continued_under_a_new_parent() {
        let mut fields = Fields::new();
        fields.append("traceparent", PARENT);
        fields.append("x-request-id", b"abc");
        let identity = Identity::of(&fields, &mut fastrand::Rng::with_seed(1));
        assert_eq!(identity.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(identity.traceparent().ends_with(b"-00"));
        assert_ne!(&identity.traceparent()[36..52], b"00f067aa0ba902b7");
        assert_eq!(identity.request_id(), "abc");
    }

    #[test]
    fn two_exchanges_of_one_trace_have_two_ids() {
        let mut fields = Fields::new();
        fields.append("traceparent", PARENT);
        let mut random = fastrand::Rng::with_seed(1);
        let ids = [(); 2].map(|()| Identity::of(&fields, &mut random).exchange_id());
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            assert!(id.len() == 32 && id.starts_with("a3ce929d0e0e4736"), "{id}");
        }
        assert_eq!(Identity::default().exchange_id(), "");
    }

    #[test]
    fn an_unsound_one_is_replaced() {
        for bad in [
            &b"00-00000000000000000000000000000000-00f067aa0ba902b7-01"[..],
            b"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            b"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            b"junk",
        ] {
            assert_eq!(parse_traceparent(bad), None);
        }
        let mut fields = Fields::new();
        fields.append("x-request-id", "a b".as_bytes());
        let identity = Identity::of(&fields, &mut fastrand::Rng::with_seed(1));
        assert_eq!((identity.request_id().len(), identity.traceparent().len()), (32, 55));
        let digits = identity.request_id().bytes().chain(identity.trace_id().bytes());
        assert!(digits.map(char::from).all(|digit| digit.is_ascii_hexdigit()));
    }
}
