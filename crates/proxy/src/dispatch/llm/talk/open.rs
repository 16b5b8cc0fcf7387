//! The beginning of a talk of which the client says with whom in its first message: the gateway
//! shakes hands itself and reads it, and only then is a provider asked.

use architrave_config::LlmService;
use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::surface::Surface;
use architrave_llm::talk::{self, Setup, SetupReader};
use architrave_net::h1::Persist;
use architrave_net::{Framing, Known, Reader, ResponseHead, ResponseOptions, WireError, Writer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use super::cut::Cut;
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::refusal;
use crate::exchange::Exchange;
use crate::serve::{Ending, RequestFacts};

/// What the key of a handshake is answered with (RFC 6455 §1.3).
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether the gateway shakes hands itself.
pub(in crate::dispatch::llm) fn opens_here(surface: Surface) -> bool {
    matches!(surface, Surface::GeminiLive | Surface::GeminiLiveAlpha | Surface::GeminiLiveByToken)
}

/// Shakes hands with the client; what follows is no longer HTTP.
///
/// # Errors
/// That it asks for no WebSocket; then it is told so over HTTP.
pub(in crate::dispatch::llm) async fn open(
    exchange: &mut Exchange<'_>,
    writer: &mut Writer,
    facts: &RequestFacts,
) -> Result<(), Missed> {
    let asked = facts.upgrade.as_deref();
    if !asked.is_some_and(|asked| asked.eq_ignore_ascii_case("websocket")) {
        return Err(refusal::no_websocket());
    }
    let fields = &exchange.head.fields;
    let is_known = fields.get("sec-websocket-version") == Some(b"13");
    let Some(key) = fields.get("sec-websocket-key").filter(|_| is_known) else {
        let message = "the handshake must have `Sec-WebSocket-Key` and be of version 13";
        let error = ChatError::new(ErrorKind::InvalidRequest, message);
        return Err(Missed::client(error, Reason::BadRequest));
    };
    let mut salted = key.to_vec();
    salted.extend_from_slice(SALT);
    // The standard has it so; nothing rests on it.
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &salted);
    let mut head = ResponseHead { status: 101, ..ResponseHead::default() };
    head.fields.append_known(Known::Upgrade, b"Upgrade", b"websocket");
    head.fields.append("Sec-WebSocket-Accept", STANDARD.encode(hash).as_bytes());
    let options =
        ResponseOptions { framing: Framing::Empty, persist: Persist::Upgrade, is_to_head: false };
    writer.send_response(&head, options).map_err(refusal::client_gone)?;
    writer.flush().await.map_err(refusal::client_gone)?;
    writer.switch();
    exchange.status = 101;
    Ok(())
}

/// Reads the client's first message.
///
/// # Errors
/// What is wrong with it.
pub(in crate::dispatch::llm) async fn setup(
    exchange: &Exchange<'_>,
    reader: &mut Reader,
    service: &LlmService,
) -> Result<Setup, Missed> {
    let bytes_max = exchange.admission.body_bytes_max.unwrap_or(u64::MAX);
    let mut first = SetupReader::new(bytes_max.min(service.body_bytes_max));
    reader.switch();
    reader.limit_pace(exchange.connection.listener.body_pace());
    loop {
        if !reader.fill().await.map_err(unread)? {
            return Err(refusal::client_gone(WireError::Closed));
        }
        let read = first.read(reader.data()).map_err(|error| {
            let Cut { error, reason, .. } = Cut::of_frames(error);
            Missed::client(error, reason)
        })?;
        let Some((count, is_whole)) = read else {
            return Err(refusal::client_gone(WireError::Closed));
        };
        reader.consume(count);
        if is_whole {
            return first.setup().map_err(|why| refusal::invalid(ChatError::invalid("setup", why)));
        }
    }
}

fn unread(error: WireError) -> Missed {
    match error {
        WireError::Stalled | WireError::TooSlow => {
            let message = "the first message did not come in time";
            Missed::client(ChatError::new(ErrorKind::Timeout, message), Reason::ClientTimeout)
        }
        error => refusal::client_gone(error),
    }
}

/// The frame that ends a talk which has not begun.
pub(in crate::dispatch::llm) fn goodbye(error: &ChatError) -> Vec<u8> {
    let code = match error.kind {
        ErrorKind::InvalidRequest if error.status == 400 => talk::CLOSE_CONTENT,
        ErrorKind::TooLarge => talk::CLOSE_TOO_BIG,
        _ if (400..500).contains(&error.status) => talk::CLOSE_POLICY,
        _ => talk::CLOSE_FAILED,
    };
    talk::close_frame(code, &error.message, None)
}

/// Says goodbye.
pub(crate) async fn part(
    exchange: &mut Exchange<'_>,
    frames: &[u8],
    writer: &mut Writer,
) -> Ending {
    writer.limit_stall(exchange.connection.listener.config.timeouts.write_stall);
    exchange.response_bytes = frames.len() as u64;
    let is_said = writer.write_all(frames).await.is_ok() && writer.flush().await.is_ok();
    if !is_said || writer.finish(None).is_err() {
        writer.abort();
    }
    Ending::Close
}
