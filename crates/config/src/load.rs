//! The front door: from text to [`Snapshot`], whole or not at all.

use crate::document::Document;
use crate::read::{Names, Reader, Written};
use crate::tree::{Content, Fault};
use crate::{ConfigError, Snapshot, Sources, tree};

/// Reads, substitutes and validates a whole configuration. `file` only names it in errors.
///
/// # Errors
/// Every fault that could be found, in the order of the text; never an empty list.
pub fn load(text: &str, file: &str, sources: &dyn Sources) -> Result<Snapshot, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults).map_err(|error| vec![error])?;
    tree::substitute(&mut tree, sources, &mut faults);
    if matches!(tree.root.content, Content::Nothing) {
        let message = "the file is empty: it begins with `version: 1`";
        faults.push(Fault { explains_all: true, ..Fault::new(tree.root.place, message) });
    }
    let names = Names::gather(&tree.root, &mut faults);
    let mut reader = Reader::new(&names, sources.provider_kinds());
    let snapshot = Document::read(&tree.root, &mut reader);
    faults.append(&mut reader.faults);
    match snapshot {
        Some(snapshot) if faults.is_empty() => Ok(snapshot),
        _ => Err(tree.report(faults, file)),
    }
}
