//! Whatever bytes come as what is no chat, nothing here stops working.

use architrave_llm::beside::{Destination, prepare};
use architrave_llm::catalog::Catalog;
use architrave_llm::completion;
use architrave_llm::dialect::{Address, Dialect, Quirks};
use architrave_llm::frame::Framing;
use architrave_llm::pass::PassedStream;
use architrave_llm::scan::Scanned;
use architrave_llm::surface::{BodyForm, Surface};
use architrave_llm::translate::StreamTranslation;
use architrave_llm::used::{of_reply, of_request};
use proptest::prelude::*;

use crate::fixtures::context;

/// Pieces of the bodies that are read here.
const WORDS: &str = concat!(
    r#"(\{|\}|\[|\]|,|:|"model":|"input":|"prompt":|"requests":|"params":|"content":|"parts":|"#,
    r#""usage":|"size":|"data":|"texts":|"query":|"documents":|"inputText":|"id":|"name":|"#,
    r#""file":|"seconds":|"n":|"a"|"1x2"|"9x99999999999999999999"|7|1e9|null|true| ){0,24}"#
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn as_a_body(text in WORDS, bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let noise = String::from_utf8_lossy(&bytes).into_owned();
        for body in [&text, &format!("{{{text}}}"), &noise] {
            for surface in Surface::ALL {
                let _ = surface.named_models(body);
                let _ = surface.kept_in_reply(body);
                let _ = surface.results_links(body);
                let _ = surface.named_in_request(body);
                let _ = of_reply(*surface, body);
                let _ = of_request(*surface, body);
            }
            let _ = completion::read_request(None, body.as_bytes());
            let _ = completion::reply(Dialect::OpenaiChat, body.as_bytes(), &context());
        }
    }

    #[test]
    fn as_a_request_and_its_answer(text in WORDS, answer in WORDS) {
        let body = format!("{{{text}}}");
        let address = Address { model: Some("m".into()), ..Address::default() };
        for provider in ["openai", "anthropic", "gemini", "vertex", "bedrock", "cohere"] {
            let provider = Catalog::embedded().provider(provider).unwrap();
            for surface in Surface::ALL.iter().filter(|one| one.body() == BodyForm::Json) {
                let path = surface.paths()[0].replace("{model}", "m");
                let asked = Surface::of(surface.method(), &path, "").unwrap().of_body(&body);
                let Ok(scanned) = Scanned::whole(body.as_bytes(), surface.watch()) else { continue };
                let quirks = Quirks::default();
                let to =
                    Destination { routes: &provider.routes, quirks: &quirks, address: &address };
                if let Ok(Some(prepared)) = prepare(&asked, (&body, &scanned), to) {
                    let _ = prepared.answer(&[&answer], &context());
                    let _ = prepared.answer::<&str>(&[], &context());
                }
            }
        }
    }

    #[test]
    fn as_a_stream(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in WORDS) {
        for stream in [bytes.as_slice(), format!("data: {{{text}}}\n\n").as_bytes()] {
            let mut out = Vec::new();
            let from = (Dialect::OpenaiChat, Framing::Sse);
            let mut translation = StreamTranslation::to_completion(from, &context());
            translation.push(stream, &mut out);
            translation.end(&mut out);
            prop_assert!(!out.is_empty(), "the client is told how it ended");
            let mut passed = PassedStream::beside(Surface::OpenaiImageGeneration, Framing::Sse);
            passed.see(stream);
            passed.end();
        }
    }
}
