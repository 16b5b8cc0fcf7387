//! Claims about what `architrave-llm` reads beside chat from any bytes at all: vectors, rankings,
//! completions, and what every other surface tells of models and of what is charged.

use architrave_llm::batch::{BatchFile, LineForm};
use architrave_llm::completion;
use architrave_llm::dialect::{Context, Dialect, Quirks};
use architrave_llm::embedding::{self, Wish};
use architrave_llm::field::Losses;
use architrave_llm::json::{Cursor, is_object};
use architrave_llm::model_list::{ListedModel, write_list};
use architrave_llm::rerank;
use architrave_llm::scan::Scanned;
use architrave_llm::surface::{Family, Surface};
use architrave_llm::used;

use crate::llm::Entry;

/// Every target with its entry; seeds are in `corpus/<name>`.
pub const ENTRIES: &[(&str, Entry)] = &[
    ("llm_surface", llm_surface),
    ("llm_embedding", llm_embedding),
    ("llm_rerank", llm_rerank),
    ("llm_completion", llm_completion),
];

fn context() -> Context {
    Context { id: "x".to_owned(), model: "m".to_owned(), created_s: 1, stream_usage: true }
}

/// Whether what a line says is the name of a model, which in Gemini's words has a collection.
fn is_named(said: &str, form: LineForm, name: &str) -> bool {
    said == name || form == LineForm::Gemini && said.strip_prefix("models/") == Some(name)
}

/// The first byte says the surface. Whatever a body names has been seen by the scan; a line of a
/// batch says its model where it is told to. A body whose model is renamed is sound and names the new one
/// wherever it named one; a page of a list is one, whatever the query asks for.
pub fn llm_surface(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let surface = Surface::ALL[usize::from(*first) % Surface::ALL.len()];
    let Ok(text) = str::from_utf8(body) else { return };
    let _ = (used::of_reply(surface, text), used::of_request(surface, text));
    let _ = surface.kept_in_reply(text);
    let _ = surface.results_links(text);
    for form in [LineForm::Openai, LineForm::Gemini] {
        let mut batch = BatchFile::default();
        let _ = batch.read(form, body, 0..body.len());
        for model in batch.models {
            let mut names = model.spans.iter().map(|span| Cursor::new(&text[span.clone()]).text());
            assert!(names.all(|name| name.is_ok_and(|name| is_named(&name, form, &model.name))));
        }
    }
    let models = ["a", "b"].map(|id| ListedModel {
        id,
        owner: "o",
        created_s: 0,
        kind: None,
        input_max: None,
        output_max: None,
    });
    for family in Family::ALL {
        if let Ok(list) = write_list(family, &models, text) {
            assert!(is_object(&String::from_utf8(list).expect("a list is text")));
        }
    }
    let Ok(scanned) = Scanned::whole(body, surface.watch()) else { return };
    let named = surface.named_in_request(text).unwrap_or_default();
    let names_none = named.kept.is_empty() && named.links.is_empty();
    assert!(scanned.may_name_kept || names_none, "{text}");
    let Ok(splice) = surface.rename(text, &scanned, "new") else { return };
    let renamed = String::from_utf8(splice.apply(body)).expect("a renamed body is text");
    assert!(Scanned::whole(renamed.as_bytes(), surface.watch()).is_ok(), "{renamed}");
    let named = surface.named_models(&renamed).expect("it is as it was but for the names");
    assert!(named.iter().all(|model| model.name == "new"), "{renamed}");
}

/// The first byte says the wire. A request that is taken can be written on every wire that does not
/// refuse it, and is read there; a reply that is read can be told on every wire.
pub fn llm_embedding(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let wire = |place: usize| embedding::Wire::ALL[place % embedding::Wire::ALL.len()];
    let from = wire(usize::from(*first));
    if str::from_utf8(body).is_ok_and(is_object)
        && let Ok((request, losses)) = embedding::read_request(from, Some("m"), body)
    {
        for to in embedding::Wire::ALL {
            let Ok(written) = embedding::write_requests(to, &request, &losses) else { continue };
            for body in written.bodies {
                embedding::read_request(to, Some("m"), &body).unwrap_or_else(|error| {
                    panic!("{to:?} does not read {}: {error}", String::from_utf8_lossy(&body))
                });
            }
        }
    }
    let _ = embedding::usage_of_reply(from, body);
    for (place, to) in embedding::Wire::ALL.into_iter().enumerate() {
        let request = br#"{"input":["a"],"texts":["a"],"inputText":"a","model":"m","content":{"parts":[{"text":"a"}]}}"#;
        let Ok((request, _)) = embedding::read_request(to, Some("m"), request) else { continue };
        let wish = Wish { inputs: 1 + place % 2, ..Wish::of(to, &request) };
        if let Ok(told) = embedding::reply(from, &[body], &wish, &context()) {
            let told = String::from_utf8(told.body).expect("what is written is text");
            assert!(is_object(&told), "{to:?}: {told}");
            let again = embedding::reply(to, &[told.as_bytes()], &wish, &context());
            assert!(again.is_ok(), "{to:?} does not read what it wrote: {told}");
        }
    }
}

/// As [`llm_embedding`], of rankings; one reader reads them all.
pub fn llm_rerank(bytes: &[u8]) {
    let read = str::from_utf8(bytes).is_ok_and(is_object);
    if read && let Ok((request, losses)) = rerank::read_request(Some("m"), bytes) {
        for to in rerank::Wire::ALL {
            let Ok(written) = rerank::write_request(to, &request, &losses) else { continue };
            rerank::read_request(Some("m"), &written.body).unwrap_or_else(|error| {
                panic!("{to:?} does not read {}: {error}", String::from_utf8_lossy(&written.body))
            });
        }
    }
    let _ = rerank::used_of_reply(bytes);
    for wire in rerank::Wire::ALL {
        let wish = rerank::Wish { wire, documents: Vec::new() };
        if let Ok(told) = rerank::reply(bytes, &wish, &context()) {
            let text = String::from_utf8(told.body).expect("what is written is text");
            assert!(is_object(&text), "{wire:?}: {text}");
            assert!(rerank::reply(text.as_bytes(), &wish, &context()).is_ok(), "{wire:?}: {text}");
        }
    }
}

/// The first byte says the dialect of the reply. A request for a completion is one for chat, and
/// every reply can be told as a completion.
pub fn llm_completion(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else { return };
    let from = Dialect::ALL[usize::from(*first) % Dialect::ALL.len()];
    if str::from_utf8(body).is_ok_and(is_object)
        && let Ok((request, _)) = completion::read_request(Some("m"), body)
    {
        for &to in Dialect::ALL {
            let mut out = Vec::new();
            let written: Result<Losses, _> =
                to.write_request(&request, &Quirks::default(), &mut out);
            assert!(written.is_err() || str::from_utf8(&out).is_ok_and(is_object));
        }
    }
    if let Ok(told) = completion::reply(from, body, &context()) {
        assert!(str::from_utf8(&told.body).is_ok_and(is_object));
    }
}
