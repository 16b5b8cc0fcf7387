//! Answers: every operation says what it answers with.

use super::{Notes, rules};
use crate::operation;

rules! {
    NONE = "responses-missing", Error,
        "An operation says what it answers with: `responses`, with at least one.";
    NO_SUCCESS = "response-success-missing", Warning,
        "An operation says what it answers with when all is well: a status of 2xx or 3xx.";
    STATUS = "response-status-unknown", Error,
        "Answers are listed by status, such as `200` or `4XX`, or as `default`.";
    DESCRIPTION = "response-description-missing", Error,
        "An answer says in a `description` what it means.";
}

pub(super) fn check(notes: &mut Notes<'_>) {
    let description = notes.description;
    for operation in description.operations() {
        let Some(responses) = description.at(&operation::place(operation, "responses")) else {
            let message = format!("`{}` has no `responses`", operation.label());
            notes.note(&NONE, &operation.pointer, message);
            continue;
        };
        let (mut count, mut succeeds) = (0, false);
        for (status, response) in responses.members().filter(|(key, _)| !key.starts_with("x-")) {
            count += 1;
            if !is_status(status) {
                let message =
                    format!("`{status}` is no status: expected one such as `200`, or `4XX`");
                notes.note(&STATUS, &response.pointer, message);
            }
            succeeds |= status.starts_with(['1', '2', '3']) || status == "default";
            let Some(resolved) = description.resolved(response.clone()) else { continue };
            if resolved.text("description").is_none() {
                let message = "does not say what it means: `description`";
                notes.note(&DESCRIPTION, &resolved.pointer, message);
            }
        }
        if count == 0 {
            let message = format!("`{}` has no answer", operation.label());
            notes.note(&NONE, &responses.pointer, message);
        } else if !succeeds {
            let message = format!("`{}` has no answer of 2xx or 3xx", operation.label());
            notes.note(&NO_SUCCESS, &responses.pointer, message);
        }
    }
}

fn is_status(text: &str) -> bool {
    let bytes = text.as_bytes();
    text == "default"
        || (bytes.len() == 3
            && (b'1'..=b'5').contains(&bytes[0])
            && (text[1..].eq_ignore_ascii_case("xx") || bytes[1..].iter().all(u8::is_ascii_digit)))
}
