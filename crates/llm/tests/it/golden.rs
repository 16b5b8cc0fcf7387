//! Golden files: the first full request, the first full reply and the stream of each dialect in
//! every other, and the matrix in the docs. `cargo run -p architrave-llm --example llm_golden`
//! writes them anew; what changed is then read in the diff.

#[path = "../../examples/llm_golden.rs"]
#[expect(dead_code, reason = "its main is the example's")]
pub(crate) mod llm_golden;

#[test]
fn golden_files_are_what_is_written() {
    for (path, text) in llm_golden::files() {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{} is stale: run the example llm_golden", path.display());
    }
}
