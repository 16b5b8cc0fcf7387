//! The file of a batch of Gemini's on its way there: it is uploaded as any other, its media type
//! alone says what it is.
//!
//! All of it comes in one request, or it is not gone through and makes no batch: what has gone to
//! the provider cannot be called otherwise behind that.

use std::ops::Range;
use std::sync::Arc;

use architrave_llm::batch::{self, LineForm};
use architrave_llm::scan::Splice;
use architrave_llm::surface::{Asked, Kept, KeptId, Surface};
use architrave_net::{Fields, Framing, Reader};

use super::links;
use crate::dispatch::llm::kept::Found;
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
    /// In what.
    pub bytes: &'p Arc<Vec<u8>>,
    /// Other strings in the place of some.
    pub edits: &'p mut Vec<(Range<usize>, Vec<u8>)>,
}

/// A file that is here as a whole.
#[derive(Debug)]
pub(super) struct Lines {
    /// Its bytes, as they came.
    pub bytes: Arc<Vec<u8>>,
    /// Other strings in the place of some of them.
    pub edits: Vec<(Range<usize>, Vec<u8>)>,
    /// The upload that brings it, where it was begun by a request of its own.
    upload: Option<KeptId>,
}

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
    match &upload {
        Some(upload) if !is_at_hand(worker, exchange, upload) => return Ok(None),
        Some(_) if only_asks(facts, fields) => return Ok(None),
        // A part of it that goes by unseen makes the whole unseen.
        Some(upload) if !is_whole(fields) => {
            worker.gateway().kept.forget(upload);
            return Ok(None);
        }
        Some(_) => {}
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
    Ok(Some(Lines { bytes: Arc::new(bytes), edits: Vec::new(), upload }))
}

impl Lines {
    /// The file as it goes out.
    pub(super) fn payload(&self) -> Payload {
        let mut splice = Splice::new();
        for (range, bytes) in &self.edits {
            splice.edit(range.clone(), bytes.clone());
        }
        Payload::spliced(&self.bytes, &splice)
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
    let consumer = exchange.consumer().map(|consumer| consumer.name.as_str());
    matches!(worker.gateway().kept.find(upload, consumer), Found::At(_))
}

/// Whether a step of an upload brings all of the file.
fn is_whole(fields: &Fields) -> bool {
    let is_first = fields.get("x-goog-upload-offset").is_none_or(|offset| offset == b"0");
    is_first && commands(fields, "upload") && commands(fields, "finalize")
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
