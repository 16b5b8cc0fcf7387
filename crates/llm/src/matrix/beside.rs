//! The page of `docs/surfaces.md`: what can be asked for beside chat, where, and what becomes of
//! the fields of requests that are translated.

use std::fmt::Write as _;

use super::cell;
use crate::field::{Listed, Say};
use crate::surface::{BodyForm, Surface};
use crate::{embedding, rerank};

/// The whole page.
#[must_use]
pub fn beside() -> String {
    let mut page = String::from(HEAD);
    for &surface in Surface::ALL {
        let paths: Vec<String> = surface.paths().iter().map(|path| format!("`{path}`")).collect();
        let body = match surface.body() {
            BodyForm::None => "",
            BodyForm::Json => "JSON",
            BodyForm::Multipart => "form",
            BodyForm::Opaque => "any",
        };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {body} |",
            surface.family().name(),
            surface.operation().name(),
            surface.method(),
            paths.join(", "),
        );
    }
    page.push_str(EMBEDDINGS);
    let wires = embedding::Wire::ALL;
    table(&mut page, &wires, embedding::Wire::name, |wire, field| wire.says(field));
    page.push_str(RANKINGS);
    table(&mut page, &rerank::Wire::ALL, rerank::Wire::name, |wire, field| wire.says(field));
    page
}

const HEAD: &str = "# Surfaces

What an llm service can be asked for, and in whose words.
This page is written by `cargo run -p architrave-llm --example llm_golden`; a test fails where it is stale.

Paths are those of the families' documentation.
`/v1` at the start may be left out; a family may be named before it (`/anthropic/v1/messages`); Azure's `/openai/deployments/{model}/…` is OpenAI's.
Claude at Vertex is asked in Anthropic's words, the model in the path and the revision in the body.
Whatever has a `GET`, has a `HEAD`, but for talks.
`/v1/models` and `/v1/files` are answered in the words of whose client asks: Anthropic's sends `anthropic-version`, Gemini's `x-goog-api-key`.

Chat is translated between all families; see [dialects](dialects.md).
Embeddings, rankings and legacy completions are translated as told below, everything else goes through to providers of the same family, the model renamed; that of a talk with Gemini is named by its first message.
A bare call at Bedrock (`invoke`) is what its body shows: vectors in the words of Titan's or Cohere's models, a ranking in Cohere's, or a chat in Anthropic's (`anthropic_version`). It goes as it came to a model of Bedrock's that has those words, and else is translated as what it is; any other body goes to Bedrock alone.
A legacy completion becomes a chat where the provider has nothing else: the prompt a message of the user, the answer its text; several prompts, `suffix`, `echo` and `best_of` are refused there.
Tokens are counted by the provider where it counts them, else estimated.

| family | operation | | path | body |
| --- | --- | --- | --- | --- |
";

const EMBEDDINGS: &str = "
## Embeddings

What becomes of a request's fields where the provider is asked in other words than the client uses.
Numbers of vectors come through as they were written; base64 is made of them, and they of base64, where the two sides differ.

";

const RANKINGS: &str = "
## Rankings

";

fn table<W: Copy, F: Listed>(
    page: &mut String,
    wires: &[W],
    name: impl Fn(W) -> &'static str,
    says: impl Fn(W, F) -> Say,
) {
    let names: Vec<&str> = wires.iter().map(|wire| name(*wire)).collect();
    let _ = writeln!(page, "| field | | {} |", names.join(" | "));
    let _ = writeln!(page, "| --- | --- |{}", " --- |".repeat(wires.len()));
    for &field in F::ALL {
        let cells: Vec<String> = wires.iter().map(|wire| cell(says(*wire, field))).collect();
        let _ = writeln!(page, "| `{}` | {} | {} |", field.name(), field.what(), cells.join(" | "));
    }
}
