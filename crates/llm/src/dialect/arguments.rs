//! Arguments of a tool call where a dialect wants them as an object, and not as text.

use crate::json::{Writer, is_object};

/// Writes arguments as an object. A model that was cut off leaves half of one: it is kept as text,
/// so that the conversation can go on.
pub(super) fn write_object(arguments: &str, w: &mut Writer<'_>) {
    if is_object(arguments) {
        w.json(arguments);
    } else if arguments.trim_ascii().is_empty() {
        w.object(|_| {});
    } else {
        w.object(|w| w.text_field("input", Some(arguments)));
    }
}
