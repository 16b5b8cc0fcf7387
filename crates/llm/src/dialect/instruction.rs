//! What a model is told in words where its dialect has no option for it.

use crate::chat::OutputFormat;

/// What stands at the end of the system text where JSON is wanted, of whatever form.
const JSON: &str =
    "Answer with one JSON object and nothing else: no words around it, no code fence.";

/// What is to be told of the format of the output.
pub(super) fn of_format(format: Option<&OutputFormat<'_>>) -> Option<&'static str> {
    match format {
        Some(OutputFormat::Json) => Some(JSON),
        Some(OutputFormat::Text | OutputFormat::Schema { .. }) | None => None,
    }
}
