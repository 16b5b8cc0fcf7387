//! Reads the body of a request whole, scanned as it arrives: what is no sound JSON is refused at
//! the byte where that shows, not when all has come.

use std::pin::pin;

use architrave_llm::scan::{Scan, ScanError, ScanLimits, Scanned, Watch};
use architrave_net::{Framing, Reader, ResponseHead, WireError, Writer};

use crate::serve::RequestFacts;

/// Bytes after which a body that keeps coming lets the other exchanges of the worker have a turn:
/// scanned within a millisecond.
pub(super) const TURN_BYTES: usize = 64 * 1024;

/// What is reserved for a body before a byte of it has come, whatever its length is said to be.
const RESERVED_BYTES_MAX: usize = 256 * 1024;

/// Why a body was not read.
#[derive(Debug)]
pub(in crate::dispatch) enum Unread {
    /// It is larger than allowed.
    TooLarge,
    /// It is no sound JSON object.
    Unsound(ScanError),
    /// Its sender broke off or stalled.
    Broken(WireError),
}

/// A body that was read.
#[derive(Debug)]
pub(super) struct Body {
    /// All of it.
    pub bytes: Vec<u8>,
    /// What the scan found.
    pub scanned: Scanned,
}

/// Reads a JSON body of at most `bytes_max` bytes.
pub(super) async fn read_json(
    reader: &mut Reader,
    facts: &RequestFacts,
    bytes_max: u64,
    watch: &'static Watch,
) -> Result<Body, Unread> {
    let mut scan = Scan::new(watch, ScanLimits::default());
    let bytes = pin!(read(reader, facts, bytes_max, |piece| scan.push(piece))).await?;
    let scanned = scan.finish().map_err(Unread::Unsound)?;
    Ok(Body { bytes, scanned })
}

/// Reads a body of at most `bytes_max` bytes, showing each piece to `see`.
pub(in crate::dispatch) async fn read(
    reader: &mut Reader,
    facts: &RequestFacts,
    bytes_max: u64,
    mut see: impl FnMut(&[u8]) -> Result<(), ScanError>,
) -> Result<Vec<u8>, Unread> {
    let declared = match facts.framing {
        Framing::Length(length) if length > bytes_max => return Err(Unread::TooLarge),
        Framing::Length(length) => length,
        _ => 0,
    };
    let declared = usize::try_from(declared).unwrap_or_default();
    let mut bytes = Vec::with_capacity(declared.min(RESERVED_BYTES_MAX));
    let mut in_turn = 0;
    loop {
        // Whoever has sent that much is believed the rest. Growing by doubling would copy many
        // megabytes at one go, and hold up all other exchanges of the worker.
        if bytes.len() == bytes.capacity() && declared > bytes.len() {
            bytes.reserve_exact(declared - bytes.len());
        }
        let before = bytes.len();
        let count = reader.take(&mut bytes, TURN_BYTES).await.map_err(Unread::Broken)?;
        if count == 0 {
            return Ok(bytes);
        }
        if bytes.len() as u64 > bytes_max {
            return Err(Unread::TooLarge);
        }
        see(&bytes[before..]).map_err(Unread::Unsound)?;
        in_turn += count;
        if in_turn >= TURN_BYTES {
            in_turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Gives a client that waits for it leave to send its body: nothing is asked of a provider before
/// the body is there.
pub(in crate::dispatch) async fn give_leave(
    facts: &RequestFacts,
    writer: &mut Writer,
) -> Result<(), WireError> {
    if !facts.expects_continue {
        return Ok(());
    }
    writer.send_interim(&ResponseHead { status: 100, ..ResponseHead::default() })?;
    writer.flush().await
}
