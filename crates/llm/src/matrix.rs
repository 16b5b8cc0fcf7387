//! The matrix of `docs/dialects.md`, made by driving a full request and a full reply of each dialect
//! through every pair.
//!
//! What a dialect can say is what its reader finds in its fixtures; what becomes of it is what the
//! other's table says. Tests hold the tables to the writers.

mod beside;

use std::fmt::Write as _;

use crate::dialect::{Address, Context, Dialect, Quirks};
use crate::field::{FieldSet, Listed, Say, reply_fields, request_fields};

pub use beside::beside;

/// Gives the fixtures of a dialect.
pub type Fixtures<'f> = dyn Fn(Dialect) -> Vec<String> + 'f;

/// The whole page.
#[must_use]
pub fn document(requests: &Fixtures<'_>, replies: &Fixtures<'_>) -> String {
    let mut page = String::from(HEAD);
    page.push_str("\n## Requests\n");
    for &from in Dialect::ALL {
        let mut used = FieldSet::default();
        for body in requests(from) {
            if let Ok((request, _)) = from.read_request(&body, &Address::default()) {
                used = used.with(request_fields(&request));
            }
        }
        table(&mut page, from, used, |to, field| to.says(field, &Quirks::default()));
    }
    page.push_str("\n## Replies\n");
    for &from in Dialect::ALL {
        let mut used = FieldSet::default();
        for body in replies(from) {
            if let Ok((reply, _)) = from.read_reply(&body, &Context::default()) {
                used = used.with(reply_fields(&reply));
            }
        }
        table(&mut page, from, used, Dialect::reply_says);
    }
    page
}

const HEAD: &str = "# Dialects

What each dialect of chat can say, and what becomes of it in each other.
This page is written by `cargo run -p architrave-llm --example llm_golden`; a test fails where it is stale.

Between the same dialect on both sides nothing is translated: the body goes on as it came, but for the model's name, what a policy asked for, and what the model is known to refuse.
Everything a dialect's reader does not know at all is told by its path in the warning header, too.

- **yes**: carried.
- **near**: said in another way; the note says how. What a note calls left out is told in the warning header by the requests that have it, as is a carried wish whose value has no like there: effort `max` at OpenAI, sound and images at once at Gemini.
- **no**: cannot be said there; dropped with a warning in `x-architrave-dropped`, the rest keeps its meaning.
- **refused**: cannot be said there, and the request would mean something else without; 400 naming the field.
";

fn table<F: Listed>(
    page: &mut String,
    from: Dialect,
    used: FieldSet<F>,
    says: impl Fn(Dialect, F) -> Say,
) {
    let to: Vec<Dialect> = Dialect::ALL.iter().copied().filter(|to| *to != from).collect();
    let names: Vec<&str> = to.iter().map(|to| to.name()).collect();
    let _ = writeln!(page, "\n### From `{}`\n\n| field | | {} |", from.name(), names.join(" | "));
    let _ = writeln!(page, "| --- | --- |{}", " --- |".repeat(to.len()));
    for field in used.iter() {
        let cells: Vec<String> = to.iter().map(|to| cell(says(*to, field))).collect();
        let _ = writeln!(page, "| `{}` | {} | {} |", field.name(), field.what(), cells.join(" | "));
    }
}

fn cell(say: Say) -> String {
    match say {
        Say::Carried => String::from("yes"),
        Say::Near(how) => format!("near: {how}"),
        Say::Dropped(why) => format!("no: {why}"),
        Say::Refused(why) => format!("refused: {why}"),
    }
}
