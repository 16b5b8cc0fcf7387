//! The front door: from text to [`Snapshot`], whole or not at all; from a file alone, or from a file
//! with the objects of a database under it.

use crate::document::Document;
use crate::object::{Object, ObjectFault};
use crate::read::{Names, Reader, Written};
use crate::tree::{Content, Fault, Tree};
use crate::{ConfigError, Keys, Snapshot, Sources, tree};

/// Reads, substitutes and validates a whole configuration. `file` only names it in errors.
///
/// # Errors
/// Every fault that could be found, in the order of the text; never an empty list.
pub fn load(text: &str, file: &str, sources: &dyn Sources) -> Result<Snapshot, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults).map_err(|error| vec![error])?;
    tree::substitute(&mut tree, sources, &mut faults);
    read(&tree, sources, faults).map_err(|faults| tree.report(faults, file))
}

/// One fault of a configuration that may come from both a file and a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeFault {
    /// With its place in the file, or in the database.
    pub error: ConfigError,
    /// The same as a fault of an object, be it one of the file or of the database; `None` when it is
    /// outside of all objects.
    pub object: Option<ObjectFault>,
}

/// Reads, substitutes and validates a file with the objects of a database under it. An object that
/// both have is a fault. `file` only names the file in errors.
///
/// # Errors
/// Every fault that could be found, those of the file first; never an empty list.
pub fn load_whole<'o>(
    text: &'o str,
    file: &str,
    objects: impl IntoIterator<Item = &'o Object>,
    sources: &dyn Sources,
) -> Result<Snapshot, Vec<WholeFault>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults)
        .map_err(|error| vec![WholeFault { error, object: None }])?;
    tree::substitute(&mut tree, sources, &mut faults);
    let laid = tree::lay_under(&mut tree, objects, &mut faults);
    read(&tree, sources, faults).map_err(|faults| tree.report_whole(faults, file, &laid))
}

/// Where the root key of a file comes from, read by itself: without it, nobody can open the database
/// that holds the rest. `file` only names the file in errors.
///
/// # Errors
/// The file cannot be read, a substitution is missing, or `keys` is faulty.
pub fn keys_of(text: &str, file: &str, sources: &dyn Sources) -> Result<Keys, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults).map_err(|error| vec![error])?;
    tree::substitute(&mut tree, sources, &mut faults);
    let names = Names::default();
    let mut reader = Reader::new(&names, sources);
    let keys = tree.root.get("keys").map(|node| Keys::read(node, &mut reader));
    faults.append(&mut reader.faults);
    match keys {
        None if faults.is_empty() => Ok(Keys::default()),
        Some(Some(keys)) if faults.is_empty() => Ok(keys),
        _ => Err(tree.report(faults, file)),
    }
}

/// Reads a tree to a snapshot, or to all that is wrong, which `faults` begins.
fn read(
    tree: &Tree<'_>,
    sources: &dyn Sources,
    mut faults: Vec<Fault>,
) -> Result<Snapshot, Vec<Fault>> {
    if matches!(tree.root.content, Content::Nothing) {
        let message = "the file is empty: it begins with `version: 1`";
        faults.push(Fault { explains_all: true, ..Fault::new(tree.root.place, message) });
    }
    let names = Names::gather(&tree.root, &mut faults);
    let mut reader = Reader::new(&names, sources);
    reader.file_ends = tree.file_ends();
    let snapshot = Document::read(&tree.root, &mut reader);
    faults.append(&mut reader.faults);
    match snapshot {
        Some(snapshot) if faults.is_empty() => Ok(snapshot),
        _ => Err(faults),
    }
}
