//! `architrave fmt`: the same file in the canonical layout. Every level is indented by two spaces,
//! lists within maps too; one space is behind a key; lists and maps in brackets are in one line with
//! even spaces, and in block style where that would be longer than 100 characters. Lines end without
//! blanks, the file with one line break, and blank lines stand alone. The order stays, and so do
//! comments: one behind brackets that become a block goes above it.
//!
//! Not a printer of trees: that would lose comments. The result is read again and compared, and
//! what could not be kept is refused.

mod flow;
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
    let levelled = Layout::of(&lines).map_or_else(|| text.to_owned(), |layout| layout.write());
    let is_kept = |formatted: &str| {
        let after = tree::parse(formatted, file, &mut Vec::new());
        after.is_ok_and(|after| same(&before.root, &after.root))
            && comments(&lines) == comments(formatted)
    };
    // What brackets hold is laid out only where all of it says the same.
    if let Some(whole) = flow::write(&levelled).filter(|whole| is_kept(whole)) {
        return Ok(whole);
    }
    if is_kept(&levelled) && printed(text).eq(printed(&levelled)) {
        return Ok(levelled);
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

/// Every comment, in the order of the text. One that goes above its block goes before others that
/// were within, so they are sorted.
fn comments(text: &str) -> Vec<&str> {
    let mut found = layout::comments(text).unwrap_or_default();
    found.sort_unstable();
    found
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
