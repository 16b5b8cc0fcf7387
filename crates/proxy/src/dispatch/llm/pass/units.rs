//! What a request tells of what is charged beside tokens: characters, seconds, images.

use std::sync::Arc;

use architrave_llm::catalog::{ModelKind, Unit};
use architrave_llm::scan::Watched;
use architrave_llm::surface::{Asked, Operation};
use architrave_llm::used::{self, SoundLength, Used};

use super::request::Passing;
use crate::dispatch::llm::missed::Missed;
use crate::dispatch::llm::payload::Rest;
use crate::dispatch::llm::{outgoing, refusal};
use crate::models::LiveModel;
use crate::worker::Worker;

/// What a request tells before it is sent. Of sound that is still to come it tells how large it is.
///
/// # Errors
/// That too much waits.
pub(super) async fn asked(
    worker: &Worker,
    asked: &Asked<'_>,
    models: &[Arc<LiveModel>],
    passing: &Passing,
) -> Result<Used, Missed> {
    if let Some((bytes, _)) = passing.json() {
        let (surface, bytes) = (asked.surface, Arc::clone(bytes));
        // The body of a bare call is in the model's own words; of what, its kind alone tells.
        let is_image_call = asked.operation() == Operation::Invoke
            && models.iter().flat_map(|model| model.lanes()).any(|lane| {
                matches!(lane.known.kind, Some(ModelKind::Image | ModelKind::ImageEdit))
            });
        let used = outgoing::offloaded(worker, bytes.len(), move || {
            let body = std::str::from_utf8(&bytes).unwrap_or_default();
            Ok(match is_image_call {
                true => used::of_image_call(body),
                false => used::of_request(surface, body),
            })
        });
        return used.await.map_err(refusal::invalid);
    }
    let Some(form) = passing.form() else { return Ok(Used::default()) };
    let mut used = used::of_form(asked.surface, form.look.count(Watched::Choices));
    if let Some(mut length) = sound_length(asked, passing) {
        let (bytes, rest) = (Arc::clone(&form.bytes), bytes_of(form.rest));
        let seconds = outgoing::offloaded(worker, bytes.len(), move || {
            length.see(&bytes);
            Ok(length.seconds(rest))
        });
        used.add(Unit::SecondIn, seconds.await.map_err(refusal::invalid)?);
    }
    Ok(used)
}

/// What is to see the sound of a request go by, where there is some.
pub(super) fn sound_length(asked: &Asked<'_>, passing: &Passing) -> Option<SoundLength> {
    let has_sound =
        matches!(asked.operation(), Operation::Transcription | Operation::SpeechTranslation);
    (has_sound && passing.form().is_some()).then(SoundLength::of_form)
}

const fn bytes_of(rest: Rest) -> u64 {
    match rest {
        Rest::Length(count) => count,
        Rest::None | Rest::Unknown { .. } => 0,
    }
}
