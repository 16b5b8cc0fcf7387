//! A form that is to be seen through: read to its end, as its texts may stand behind its files, and
//! each of them shown to the guardrails.

use std::ops::Range;
use std::sync::Arc;

use architrave_llm::chat::ChatError;
use architrave_llm::multipart::{Multipart, MultipartLimits};
use architrave_llm::scan::{Splice, Watch};
use architrave_net::Reader;
use architrave_policy::guardrail::Guards;

use super::form::{FORM_BYTES_MAX, Form, wrong};
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Rest;
use crate::dispatch::llm::{outgoing, read_body, refusal, seen};
use crate::worker::Worker;

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
    let mut in_turn = 0;
    while reader.fill().await.map_err(broken)? {
        let count = reader.data().len();
        if (bytes.len() + count) as u64 > bytes_max {
            return Err(refusal::unread(&read_body::Unread::TooLarge, bytes_max));
        }
        form.look.push(reader.data()).map_err(wrong)?;
        bytes.extend_from_slice(reader.data());
        reader.consume(count);
        in_turn += count;
        if in_turn >= read_body::TURN_BYTES {
            in_turn = 0;
            tokio::task::yield_now().await;
        }
    }
    form.look.finish().map_err(wrong)?;
    form.rest = Rest::None;
    Ok(())
}

/// Shows the texts of a form that is all here to the guardrails, and puts what they let out in their
/// place.
///
/// # Errors
/// That one of them refuses it, that what is to be a text is none, or that too much waits.
pub(super) async fn see(
    worker: &Worker,
    form: &mut Form,
    guards: &Guards,
    (content_type, watch): (&[u8], &'static Watch),
) -> Result<(), Missed> {
    let contents = form.look.contents().iter();
    let texts = contents.filter(|content| Guards::is_text_part(&content.name));
    let texts: Vec<Text> =
        texts.map(|content| (content.name.clone(), content.span.clone())).collect();
    let content_type = std::str::from_utf8(content_type).unwrap_or_default().to_owned();
    let (bytes, guards) = (Arc::clone(&form.bytes), guards.clone());
    let seen = outgoing::offloaded(worker, bytes.len(), move || {
        Ok(masked(&bytes, &texts, &guards, (&content_type, watch)))
    });
    if let Some((masked, look)) = seen.await.map_err(refusal::invalid)?? {
        (form.bytes, *form.look) = (Arc::new(masked), look);
    }
    Ok(())
}

/// A part that is a text: its name, and where it lies.
type Text = (String, Range<usize>);

/// The form with its texts masked, and what is seen in it then; nothing where it goes on as it is.
fn masked(
    bytes: &[u8],
    texts: &[Text],
    guards: &Guards,
    (content_type, watch): (&str, &'static Watch),
) -> Result<Option<(Vec<u8>, Multipart)>, Missed> {
    let mut edits = Splice::new();
    for (name, span) in texts {
        let text = std::str::from_utf8(bytes.get(span.clone()).unwrap_or_default());
        let text = text.map_err(|_bytes| no_text(name))?;
        if let Some(masked) = guards.see_text_request(text).map_err(seen::refused)? {
            edits.edit(span.clone(), masked);
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let masked = edits.apply(bytes);
    let mut again =
        Multipart::new(content_type, watch, MultipartLimits::default()).map_err(wrong)?;
    again.push(&masked).and_then(|()| again.finish()).map_err(wrong)?;
    Ok(Some((masked, again)))
}

fn no_text(part: &str) -> Missed {
    let message = "is not UTF-8, and a guardrail looks at what is said";
    refusal::invalid(ChatError::invalid(part, message))
}
