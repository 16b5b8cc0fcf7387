//! What an exchange is called: `X-Request-Id`, and the ids of a W3C trace context.

use architrave_net::{Fields, Known};

/// The longest request id of a client's own that is kept, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// What an exchange is called.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The client's own id when it sent a sound one, else ours.
    pub request_id: String,
    /// `traceparent` toward the endpoint, whole; the trace id is bytes 3 to 35.
    pub traceparent: String,
}

impl Identity {
    /// Continues what the client began, or begins anew.
    #[must_use]
    pub fn of(fields: &Fields, random: &mut fastrand::Rng) -> Self {
        let request_id = match fields.get_known(Known::XRequestId).map(std::str::from_utf8) {
            Some(Ok(id)) if is_sound_id(id) => id.to_owned(),
            _ => {
                let mut id = String::with_capacity(32);
                push_hex(random.u128(..), 32, &mut id);
                id
            }
        };
        let mut traceparent = String::with_capacity(55);
        let continued = fields.get_known(Known::Traceparent).and_then(parse_traceparent);
        traceparent.push_str("00-");
        match continued {
            Some((trace_id, _flags)) => traceparent.push_str(trace_id),
            None => push_hex(random.u128(1..), 32, &mut traceparent),
        }
        traceparent.push('-');
        push_hex(u128::from(random.u64(1..)), 16, &mut traceparent);
        traceparent.push('-');
        traceparent.push_str(continued.map_or("01", |(_trace_id, flags)| flags));
        Self { request_id, traceparent }
    }

    /// The trace id, 32 hex digits.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        self.traceparent.get(3..35).unwrap_or("")
    }
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

fn push_hex(number: u128, digits: u32, out: &mut String) {
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) as usize & 0xf;
        out.push(char::from(b"0123456789abcdef"[digit]));
    }
}

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
        assert!(identity.traceparent.ends_with("-00"));
        assert!(!identity.traceparent.contains("00f067aa0ba902b7"));
        assert_eq!(identity.request_id, "abc");
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
        assert_eq!((identity.request_id.len(), identity.traceparent.len()), (32, 55));
    }
}
