//! A form that is to be seen through: read to its end, as its texts may stand behind its files, and
//! each of them shown to the guardrails.

use std::sync::Arc;

use architrave_llm::chat::ChatError;
use architrave_llm::multipart::{Multipart, MultipartLimits};
use architrave_llm::scan::{Splice, Watch};
use architrave_net::Reader;
use architrave_policy::guardrail::Guards;

use super::form::{FORM_BYTES_MAX, Form, wrong};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Rest;
use crate::dispatch::llm::{read_body, refusal, seen};

/// Reads a form to its end.
///
/// # Errors
/// That it is wrong, or larger than what is read of a form that is to be seen through.
pub(super) async fn read_on(
    form: &mut Form,
    reader: &mut Reader,
    bytes_max: u64,
) -> Result<(), Missed> {
    if form.rest == Rest::None {
        return Ok(());
    }
    let bytes_max = bytes_max.min(FORM_BYTES_MAX as u64);
    let broken = |error| refusal::unread(&read_body::Unread::Broken(error), bytes_max);
    let bytes = Arc::make_mut(&mut form.bytes);
    while reader.fill().await.map_err(broken)? {
        let count = reader.data().len();
        if (bytes.len() + count) as u64 > bytes_max {
            return Err(refusal::unread(&read_body::Unread::TooLarge, bytes_max));
        }
        form.look.push(reader.data()).map_err(wrong)?;
        bytes.extend_from_slice(reader.data());
        reader.consume(count);
    }
    form.look.finish().map_err(wrong)?;
    form.rest = Rest::None;
    Ok(())
}

/// Shows the texts of a form that is all here to the guardrails, and puts what they let out in their
/// place.
///
/// # Errors
/// That one of them refuses it, or that what is to be a text is none.
pub(super) fn see(
    form: &mut Form,
    guards: &Guards,
    (content_type, watch): (&[u8], &'static Watch),
) -> Result<(), Missed> {
    let mut edits = Splice::new();
    let contents = form.look.contents().iter();
    for content in contents.filter(|content| Guards::is_text_part(&content.name)) {
        let text = form.bytes.get(content.span.clone()).unwrap_or_default();
        let text = std::str::from_utf8(text).map_err(|_bytes| no_text(&content.name))?;
        if let Some(masked) = guards.see_text_request(text).map_err(seen::refused)? {
            edits.edit(content.span.clone(), masked);
        }
    }
    if edits.is_empty() {
        return Ok(());
    }
    let masked = edits.apply(&form.bytes);
    let content_type = std::str::from_utf8(content_type).unwrap_or_default();
    let mut again =
        Multipart::new(content_type, watch, MultipartLimits::default()).map_err(wrong)?;
    again.push(&masked).and_then(|()| again.finish()).map_err(wrong)?;
    (form.bytes, *form.look) = (Arc::new(masked), again);
    Ok(())
}

fn no_text(part: &str) -> Missed {
    let message = "is not UTF-8, and a guardrail looks at what is said";
    refusal::invalid(ChatError::invalid(part, message))
}
