//! What a request tells of what is charged beside tokens: characters, seconds, images.

use architrave_llm::catalog::Unit;
use architrave_llm::scan::Watched;
use architrave_llm::surface::{Asked, Operation};
use architrave_llm::used::{self, SoundLength, Used};

use super::request::Passing;
use crate::dispatch::llm::payload::Rest;

/// What a request tells before it is sent. Of sound that is still to come it tells how large it is.
pub(super) fn asked(asked: &Asked<'_>, passing: &Passing) -> Used {
    if let Some((bytes, _)) = passing.json() {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        return used::of_request(asked.surface, text);
    }
    let Some(form) = passing.form() else { return Used::default() };
    let mut used = used::of_form(asked.surface, form.look.count(Watched::Choices));
    if let Some(mut length) = sound_length(asked, passing) {
        length.see(&form.bytes);
        used.add(Unit::SecondIn, length.seconds(bytes_of(form.rest)));
    }
    used
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
