//! Where the fixtures are, and how they are read.
//!
//! `full.json` and `full_reply.json` are lists: some wishes cannot be had together.

use std::path::PathBuf;

use architrave_llm::dialect::{Context, Dialect, Quirks};

use crate::golden::llm_golden;

/// The folder of a dialect's fixtures.
pub(crate) fn folder(dialect: Dialect) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/llm").join(dialect.name())
}

/// The text of a fixture.
pub(crate) fn text(dialect: Dialect, name: &str) -> String {
    let path = folder(dialect).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The JSON texts that a fixture lists.
pub(crate) fn list(dialect: Dialect, name: &str) -> Vec<String> {
    items(&text(dialect, name))
}

/// The JSON texts that a fixture of what is no chat lists.
pub(crate) fn beside(folder: &str, name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/llm").join(folder);
    items(&std::fs::read_to_string(path.join(name)).unwrap())
}

fn items(text: &str) -> Vec<String> {
    let list: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).unwrap();
    list.into_iter().map(|item| item.get().to_owned()).collect()
}

/// The bytes of the dialect's stream.
pub(crate) fn stream(dialect: Dialect) -> Vec<u8> {
    llm_golden::stream_bytes(dialect, &folder(dialect).join("stream.txt"))
}

/// An exchange of the tests.
pub(crate) fn context() -> Context {
    Context {
        id: "x1".to_owned(),
        model: "asked".to_owned(),
        created_s: 1_767_225_600,
        stream_usage: true,
    }
}

/// Providers without quirks, with all of them, and with all but those about sampling.
pub(crate) fn quirks() -> [Quirks; 3] {
    let all = Quirks {
        tokens_max_older: true,
        tokens_max_newer: true,
        lacks_sampling: true,
        lacks_sampling_by_both: true,
        takes_more_sampling: true,
        takes_reasoning: true,
        reasoning_by_effort: true,
        takes_claude_fields: true,
        lacks_media_in_results: true,
        lacks_call_ids: true,
        // Ids would be others on the other side; `call_ids.rs` has tests of it.
        call_ids_of_nine: false,
        lacks_developer_role: true,
        lacks_stream_options: true,
        lacks_completions: true,
    };
    let drawn = Quirks { lacks_sampling: false, lacks_sampling_by_both: false, ..all };
    [Quirks::default(), all, drawn]
}
