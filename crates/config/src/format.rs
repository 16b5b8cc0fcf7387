//! `architrave fmt`: the same file in the canonical layout. Only white space changes: every level
//! is indented by two spaces, lists within maps too; lines end without blanks, the file with one
//! line break, and blank lines stand alone. Comments stay where they are.
//!
//! Not a printer of trees: that would lose comments. The result is read again and compared, and
//! what could not be kept is refused.

mod layout;

use std::borrow::Cow;

use crate::ConfigError;
use crate::tree::{self, Content, Node};
use layout::Layout;

/// The text in the canonical layout. `file` only names it in errors.
///
/// # Errors
/// The text is not YAML that could be read whole, or its layout cannot be changed safely.
pub fn format(text: &str, file: &str) -> Result<String, ConfigError> {
    let mut faults = Vec::new();
    let before = tree::parse(text, file, &mut faults)?;
    if !faults.is_empty() {
        // What the tree leaves out, such as a key's second value, could not be compared below.
        return Err(before.report(faults, file).remove(0));
    }
    let lines = one_kind_of_break(text);
    let formatted = Layout::of(&lines).map_or_else(|| text.to_owned(), |layout| layout.write());
    let after = tree::parse(&formatted, file, &mut Vec::new())?;
    if same(&before.root, &after.root) && printed(text).eq(printed(&formatted)) {
        return Ok(formatted);
    }
    Err(ConfigError {
        file: file.to_owned(),
        line: 1,
        column: 1,
        path: String::new(),
        message: String::from("its layout cannot be changed without changing what it says"),
        suggestion: None,
    })
}

/// YAML ends a line at CR and LF, at LF, or at CR alone; the layout knows only LF, as it writes.
fn one_kind_of_break(text: &str) -> Cow<'_, str> {
    match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(text),
    }
}

/// Everything but white space, comments included.
fn printed(text: &str) -> impl Iterator<Item = char> {
    text.trim_start_matches('\u{feff}').chars().filter(|letter| !letter.is_whitespace())
}

/// Whether two values say the same, wherever they stand.
fn same(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.content, &other.content) {
        (Content::Nothing, Content::Nothing) => true,
        (Content::Text(one), Content::Text(other)) => one == other,
        (Content::List(one), Content::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Content::Map(one), Content::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.key() == other.key() && same(&one.value, &other.value))
        }
        _ => false,
    }
}
