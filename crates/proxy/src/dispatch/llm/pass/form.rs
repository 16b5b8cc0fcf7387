//! A form of many parts: read up to where the gateway knows what it must, the rest of it looked at
//! as it goes by.

use std::ops::Range;
use std::sync::Arc;

use architrave_llm::batch;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::multipart::{Multipart, MultipartError, MultipartLimits};
use architrave_llm::scan::{Splice, Watched};
use architrave_llm::surface::Asked;
use architrave_net::{Framing, Reader};

use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::{Payload, Rest, RestLook};
use crate::dispatch::llm::read_body::{TURN_BYTES, Unread};
use crate::dispatch::llm::refusal;
use crate::serve::RequestFacts;

/// How much of a form is read in search of what it must say: whole files may stand before it.
pub(super) const FORM_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A form that is no larger is read whole, so that another deployment can be asked where one
/// refuses it.
const HELD_BYTES_MAX: u64 = 256 * 1024;

/// A form as far as it was read.
#[derive(Debug)]
pub(super) struct Form {
    /// What was read of it.
    pub bytes: Arc<Vec<u8>>,
    /// What was seen in that.
    pub look: Box<Multipart>,
    /// What is still with the client.
    pub rest: Rest,
    /// Other strings in the place of some of the file's.
    pub edits: Vec<(Range<usize>, Vec<u8>)>,
}

impl Form {
    /// Whether it brings the file of a batch; then all of it is here.
    pub(super) fn is_batch(&self) -> bool {
        is_batch(&self.look)
    }

    /// The form as it goes out; with another name of the model, where one is given.
    pub(super) fn payload(&self, model: Option<&str>) -> Payload {
        let mut splice = Splice::new();
        if let Some(model) = model {
            self.look.set_text(&mut splice, Watched::Model, model);
        }
        for (range, bytes) in &self.edits {
            splice.edit(range.clone(), bytes.clone());
        }
        Payload::spliced(&self.bytes, &splice).with_rest(self.rest)
    }

    /// Whether one of its parts is the model.
    pub(super) fn names_model(&self) -> bool {
        self.look.text(Watched::Model).is_some()
    }

    /// Where its files lie, where all of it is here.
    pub(super) fn files(&self) -> Vec<Range<usize>> {
        let files = self.look.contents().iter().filter(|content| content.is_file);
        files.map(|content| content.span.clone()).collect()
    }

    /// What goes on looking at it where a rest of it is still to come: what was not seen before must
    /// not be said behind it.
    pub(super) fn rest_look(&self) -> Option<RestLook> {
        (self.rest != Rest::None).then(|| RestLook::new((*self.look).clone()))
    }
}

fn is_batch(look: &Multipart) -> bool {
    look.text(Watched::Purpose).is_some_and(batch::is_purpose)
}

/// Reads a form up to where it says what the gateway must know; the rest stays with the client. A
/// small one is read whole, and so is the file of a batch, since every line of it is a request.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn read(
    reader: &mut Reader,
    facts: &RequestFacts,
    asked: &Asked<'_>,
    content_type: &[u8],
    bytes_max: u64,
) -> Result<Form, Missed> {
    let content_type = std::str::from_utf8(content_type).unwrap_or_default();
    let watch = asked.surface.watch();
    let look = Multipart::new(content_type, watch, MultipartLimits::default());
    let mut look = look.map_err(wrong)?;
    let needed = [Watched::Model, Watched::Purpose];
    let needed = needed.into_iter().filter_map(|it| Some((it, watch.member(it)?.name))).next();
    let is_held = matches!(facts.framing, Framing::Length(length) if length <= HELD_BYTES_MAX);
    let mut bytes = Vec::new();
    let mut in_turn = 0;
    loop {
        let is_found = needed.is_none_or(|(needed, _)| look.text(needed).is_some());
        // The parts behind that are not needed; whether a stream is wanted shows in the answer.
        if is_found && look.part_count() > 0 && !is_held && !is_batch(&look) {
            break;
        }
        if let Some((needed, name)) = needed
            && !is_found
            && bytes.len() >= FORM_BYTES_MAX
        {
            // Where the path names the model, a form need not; one that names it as late as that is
            // refused when it comes by.
            if needed == Watched::Model && asked.address.model.is_some() && look.part_count() > 0 {
                break;
            }
            return Err(refusal::invalid(too_late(name)));
        }
        let filled = reader.fill().await;
        if !filled.map_err(|error| refusal::unread(&Unread::Broken(error), bytes_max))? {
            break;
        }
        let count = reader.data().len();
        if (bytes.len() + count) as u64 > bytes_max {
            return Err(refusal::unread(&Unread::TooLarge, bytes_max));
        }
        look.push(reader.data()).map_err(wrong)?;
        bytes.extend_from_slice(reader.data());
        reader.consume(count);
        in_turn += count;
        if in_turn >= TURN_BYTES {
            in_turn = 0;
            tokio::task::yield_now().await;
        }
    }
    let rest = if reader.is_ended() { Rest::None } else { rest(facts, bytes.len(), bytes_max)? };
    if rest == Rest::None {
        look.finish().map_err(wrong)?;
    }
    Ok(Form { bytes: Arc::new(bytes), look: Box::new(look), rest, edits: Vec::new() })
}

/// What is left of a body of which `read` bytes are here.
///
/// # Errors
/// That it is too large.
pub(super) fn rest(facts: &RequestFacts, read: usize, bytes_max: u64) -> Result<Rest, Missed> {
    let read = read as u64;
    match facts.framing {
        Framing::Empty => Ok(Rest::None),
        Framing::Length(length) if length > bytes_max => {
            Err(refusal::unread(&Unread::TooLarge, bytes_max))
        }
        Framing::Length(length) => Ok(match length.saturating_sub(read) {
            0 => Rest::None,
            rest => Rest::Length(rest),
        }),
        Framing::Chunked | Framing::UntilClose => {
            Ok(Rest::Unknown { max: bytes_max.saturating_sub(read) })
        }
    }
}

/// That a form is wrong.
pub(super) fn wrong(error: MultipartError) -> Missed {
    refusal::invalid(error.into())
}

fn too_late(name: &str) -> ChatError {
    let message = format!("`{name}` must stand within the first {FORM_BYTES_MAX} bytes of a form");
    ChatError { param: Some(name.to_owned()), ..ChatError::new(ErrorKind::InvalidRequest, message) }
}
