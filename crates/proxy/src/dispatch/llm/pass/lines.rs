//! The file of a batch of Gemini's on its way there: it is uploaded as any other, its media type
//! alone says what it is.
//!
//! It comes in one request or in several. Of several each brings some whole lines, which are gone
//! through and go on in whole blocks, as the provider takes them; the rest waits for the next.

use std::ops::Range;
use std::sync::Arc;

use architrave_core::Reason;
use architrave_llm::batch::{self, LineForm};
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::scan::Splice;
use architrave_llm::surface::{Asked, Kept, KeptId, Surface};
use architrave_net::{Fields, Framing, Reader};

use super::links;
use crate::dispatch::llm::answer::LlmAnswer;
use crate::dispatch::llm::kept::Found;
use crate::dispatch::llm::kept::pieces::{Held, NoRoom};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Payload;
use crate::dispatch::llm::{read_body, refusal};
use crate::exchange::Exchange;
use crate::serve::RequestFacts;
use crate::worker::Worker;

/// The requests of a batch, a line each.
pub(super) struct Requests<'p> {
    /// In whose words.
    pub form: LineForm,
    /// Where the lines lie.
    pub files: Vec<Range<usize>>,
    /// How many lines of the file came before.
    pub before: usize,
    /// In what.
    pub bytes: &'p Arc<Vec<u8>>,
    /// Other strings in the place of some.
    pub edits: &'p mut Vec<(Range<usize>, Vec<u8>)>,
}

/// A file that is here as a whole, or a piece of one.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Its bytes, as they came, behind the beginning of a line that came before.
    pub bytes: Arc<Vec<u8>>,
    /// Other strings in the place of some of them.
    pub edits: Vec<(Range<usize>, Vec<u8>)>,
    /// The upload that brings it, where it was begun by a request of its own.
    upload: Option<KeptId>,
    /// Where it stands in the file, where it is not all of it.
    piece: Option<Piece>,
}

/// A piece of a file.
#[derive(Debug)]
struct Piece {
    /// How far the file had come.
    from: Arc<Held>,
    /// How much of the bytes is whole lines.
    whole: usize,
    /// Whether no other piece follows.
    is_last: bool,
    /// How far it has come with this, and what goes on; once its lines were gone through.
    then: Option<(Arc<Held>, Arc<Vec<u8>>)>,
}

/// The longest line of which a part is held: nobody takes a larger request.
const LINE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// A step that is not the last brings a multiple of this, as Google wants it.
const BLOCK: usize = 256 * 1024;
/// How far an upload has come.
const OFFSET_FIELD: &str = "x-goog-upload-offset";

/// Whether a request begins the upload of such a file.
pub(super) fn are_begun(surface: Surface, fields: &Fields) -> bool {
    surface == Surface::GeminiFileUpload
        && commands(fields, "start")
        && fields.get("x-goog-upload-header-content-type").is_some_and(batch::is_lines)
}

/// Reads such a file, where the request brings one.
///
/// # Errors
/// That it is too large, or did not come.
pub(super) async fn read(
    worker: &Worker,
    exchange: &Exchange<'_>,
    reader: &mut Reader,
    (facts, asked): (&RequestFacts, &Asked<'_>),
    bytes_max: u64,
) -> Result<Option<Lines>, Missed> {
    if asked.surface != Surface::GeminiFileUpload {
        return Ok(None);
    }
    let fields = &exchange.head.fields;
    let upload = links::named(asked.surface, asked.query).map(as_lines);
    let mut from = None;
    match &upload {
        Some(upload) if !is_at_hand(worker, exchange, upload) => return Ok(None),
        Some(_) if only_asks(facts, fields) => return Ok(None),
        Some((_, id)) if commands(fields, "upload") || commands(fields, "finalize") => {
            let known = worker.gateway().kept.pieces.find(id);
            let is_last = commands(fields, "finalize");
            // All of it at once needs nobody to remember how far it has come.
            if known.is_some() || !is_last || offset(fields) != Some(0) {
                from = Some((step(worker, exchange, (id, known), is_last)?, is_last));
            }
        }
        // A part of it that goes by unseen makes the whole unseen.
        Some(upload) => {
            worker.gateway().kept.forget(upload);
            return Ok(None);
        }
        None => {
            let is_raw = fields.get("x-goog-upload-protocol").is_some_and(|it| it == b"raw");
            let media_type = fields.get("content-type").unwrap_or_default();
            if !is_raw || !batch::is_lines(media_type) {
                return Ok(None);
            }
        }
    }
    let bytes = read_body::read(reader, facts, bytes_max, |_piece| Ok(())).await;
    let bytes = bytes.map_err(|unread| refusal::unread(&unread, bytes_max))?;
    let Some((from, is_last)) = from else {
        let edits = Vec::new();
        return Ok(Some(Lines { bytes: Arc::new(bytes), edits, upload, piece: None }));
    };
    Ok(Some(Lines::piece(from, is_last, bytes, upload)?))
}

/// How far the file has come that a step goes on with.
///
/// # Errors
/// That it does not go on where the last one ended, or that too much is under way.
fn step(
    worker: &Worker,
    exchange: &Exchange<'_>,
    (id, known): (&str, Option<Arc<Held>>),
    is_last: bool,
) -> Result<Arc<Held>, Missed> {
    let from = known.unwrap_or_default();
    if offset(&exchange.head.fields) != Some(from.taken) {
        let message = format!(
            "the upload goes on at byte {}, as `X-Goog-Upload-Command: query` tells; where that is \
             0 and some of it was sent before, begin it anew",
            from.taken
        );
        return Err(refusal::invalid(ChatError::invalid(OFFSET_FIELD, message)));
    }
    // Nothing is held behind the last one.
    if is_last {
        return Ok(from);
    }
    let consumer = exchange.caller_name();
    let room = worker.gateway().kept.pieces.room((id, consumer), worker.now());
    room.map_err(|none| {
        let whose = match none {
            NoRoom::Consumer => "of yours ",
            NoRoom::All => "",
        };
        let message = format!(
            "too many files of batches {whose}come in several requests at the moment; finish one, or \
             upload this one by a single request with `X-Goog-Upload-Command: upload, finalize`"
        );
        Missed::refused(ChatError::new(ErrorKind::Overloaded, message), Reason::Overloaded)
    })?;
    Ok(from)
}

impl Lines {
    /// What a step brings behind what is held of the steps before.
    ///
    /// # Errors
    /// That a line of it is too long.
    fn piece(
        from: Arc<Held>,
        is_last: bool,
        brought: Vec<u8>,
        upload: Option<KeptId>,
    ) -> Result<Self, Missed> {
        let bytes = match from.cut.is_empty() {
            true => brought,
            false => [&*from.cut, &brought].concat(),
        };
        let whole = match is_last {
            true => bytes.len(),
            false => memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1),
        };
        if bytes.len() - whole > LINE_BYTES_MAX {
            let line = from.lines + 1 + memchr::memchr_iter(b'\n', &bytes).count();
            let message =
                format!("line {line} of the batch: it has more than {LINE_BYTES_MAX} bytes");
            return Err(refusal::invalid(ChatError::new(ErrorKind::TooLarge, message)));
        }
        let piece = Some(Piece { from, whole, is_last, then: None });
        Ok(Self { bytes: Arc::new(bytes), edits: Vec::new(), upload, piece })
    }

    /// Where the lines lie that are here to their ends.
    pub(super) fn whole(&self) -> Range<usize> {
        0..self.piece.as_ref().map_or(self.bytes.len(), |piece| piece.whole)
    }

    /// How many lines of the file came before.
    pub(super) fn before(&self) -> usize {
        self.piece.as_ref().map_or(0, |piece| piece.from.lines)
    }

    /// Puts a piece together as it goes on, now that its lines were gone through.
    pub(super) fn put_together(&mut self) {
        let Self { bytes, edits, piece: Some(piece), .. } = self else { return };
        let Piece { from, whole, is_last, then } = piece;
        let mut splice = Splice::new();
        for (range, bytes) in std::mem::take(edits) {
            splice.edit(range, bytes);
        }
        let written = splice.apply(&bytes[..*whole]);
        let mut out = [&*from.unsent, &written].concat();
        let goes = if *is_last { out.len() } else { out.len() / BLOCK * BLOCK };
        let unsent = out.split_off(goes);
        let brought = bytes.len() - from.cut.len();
        let held = Held {
            taken: from.taken + brought as u64,
            sent: from.sent + goes as u64,
            lines: from.lines + memchr::memchr_iter(b'\n', &bytes[..*whole]).count(),
            unsent,
            cut: bytes[*whole..].to_vec(),
        };
        *then = Some((Arc::new(held), Arc::new(out)));
    }

    /// The file, or what of it goes on now.
    pub(super) fn payload(&self) -> Payload {
        let mut splice = Splice::new();
        if let Some((_, out)) = self.piece.as_ref().and_then(|piece| piece.then.as_ref()) {
            return Payload::spliced(out, &splice);
        }
        for (range, bytes) in &self.edits {
            splice.edit(range.clone(), bytes.clone());
        }
        Payload::spliced(&self.bytes, &splice)
    }

    /// Where in the file, as the provider has it, what goes on begins; nothing where it is all of it.
    pub(super) fn offset(&self) -> Option<u64> {
        self.piece.as_ref().map(|piece| piece.from.sent)
    }

    /// Whether nothing goes on with this step: it is not the last, and no block is full.
    pub(super) fn is_held(&self) -> bool {
        let piece = self.piece.as_ref().filter(|piece| !piece.is_last);
        let then = piece.and_then(|piece| piece.then.as_ref());
        then.is_some_and(|(_, out)| out.is_empty())
    }

    /// Notes that the provider has what went on, or that nothing had to; how far it is then.
    pub(super) fn note_taken(&self, worker: &Worker, exchange: &Exchange<'_>) -> u64 {
        let (Some((_, id)), Some(piece)) = (&self.upload, &self.piece) else { return 0 };
        let Some((held, _)) = &piece.then else { return 0 };
        let pieces = &worker.gateway().kept.pieces;
        if piece.is_last {
            pieces.forget(id);
        } else {
            let consumer = exchange.caller_name();
            let (before, after) = (piece.from.taken, Arc::clone(held));
            pieces.note(id, (before, after), (consumer, worker.now()));
        }
        held.taken
    }

    /// Whether nothing of its upload went by unseen until now.
    pub(super) fn are_all_seen(&self, worker: &Worker, exchange: &Exchange<'_>) -> bool {
        self.upload.as_ref().is_none_or(|upload| is_at_hand(worker, exchange, upload))
    }
}

/// The name under which it is remembered that an upload is one of lines.
pub(super) fn as_lines((_, id): KeptId) -> KeptId {
    (Kept::Lines, id)
}

fn is_at_hand(worker: &Worker, exchange: &Exchange<'_>, upload: &KeptId) -> bool {
    let consumer = exchange.caller_name();
    matches!(worker.gateway().kept.find(upload, consumer), Found::At(_))
}

/// Where in its file a step begins; nothing where that is no number.
fn offset(fields: &Fields) -> Option<u64> {
    let Some(said) = fields.get(OFFSET_FIELD) else { return Some(0) };
    std::str::from_utf8(said).ok()?.trim().parse().ok()
}

/// How much of a file has come, where a step asks that of one that comes in pieces: the provider has
/// other bytes of it.
pub(super) fn asked_how_far(
    worker: &Worker,
    exchange: &Exchange<'_>,
    (facts, asked): (&RequestFacts, &Asked<'_>),
) -> Option<u64> {
    let (_, id) = links::named(asked.surface, asked.query)?;
    only_asks(facts, &exchange.head.fields).then_some(())?;
    worker.gateway().kept.pieces.find(&id).map(|held| held.taken)
}

/// The answer to a step from which nothing goes on.
pub(super) fn so_far<'a>(taken: u64) -> LlmAnswer<'a> {
    let mut answer = LlmAnswer::whole(200, "application/json", Vec::new());
    let fields = &mut answer.head.fields;
    fields.append("X-Goog-Upload-Status", b"active");
    let size = itoa::Buffer::new().format(taken).to_owned();
    fields.append("X-Goog-Upload-Size-Received", size.as_bytes());
    answer
}

/// Whether a step of an upload asks how far it has come, and brings nothing.
fn only_asks(facts: &RequestFacts, fields: &Fields) -> bool {
    let said = fields.get("x-goog-upload-command").unwrap_or_default();
    matches!(facts.framing, Framing::Empty | Framing::Length(0))
        && said.trim_ascii().eq_ignore_ascii_case(b"query")
}

/// Whether a step of an upload commands that.
fn commands(fields: &Fields, command: &str) -> bool {
    let said = fields.get("x-goog-upload-command").unwrap_or_default();
    let mut said = said.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    said.any(|one| one.eq_ignore_ascii_case(command.as_bytes()))
}
