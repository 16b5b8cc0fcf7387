//! From a place back to its position and its path: worked out only for what is reported, so that
//! reading itself carries no paths about.

use super::{Content, Fault, Node, Place, Position, Tree};
use crate::ConfigError;

impl Tree<'_> {
    /// The faults as errors of `file`, in the order of the text, each once.
    pub(crate) fn report(&self, mut faults: Vec<Fault>, file: &str) -> Vec<ConfigError> {
        faults.sort_by_key(|fault| (fault.shown_at, !fault.explains_all));
        let mut errors: Vec<ConfigError> = Vec::with_capacity(faults.len());
        let mut explained = None;
        for fault in faults {
            if explained == Some(fault.shown_at) {
                continue;
            }
            explained = fault.explains_all.then_some(fault.shown_at);
            let Position { line, column } = self.position(fault.shown_at);
            let error = ConfigError {
                file: file.to_owned(),
                line,
                column,
                path: self.path(fault.place),
                message: fault.message,
                suggestion: fault.suggestion,
            };
            if errors.last() != Some(&error) {
                errors.push(error);
            }
        }
        errors
    }

    fn position(&self, place: Place) -> Position {
        let start = Position { line: 1, column: 1 };
        usize::try_from(place.0)
            .ok()
            .and_then(|at| self.positions.get(at))
            .copied()
            .unwrap_or(start)
    }

    /// `routes[2].match[0].path`; empty for the document itself. A key has the path of its map.
    fn path(&self, place: Place) -> String {
        let mut path = String::new();
        let mut node = &self.root;
        while let Some(next) = step(node, place, &mut path) {
            node = next;
        }
        path
    }
}

/// One step down towards `place`. Places grow in the order of the text, so that the last child
/// that does not begin behind `place` holds it.
fn step<'n, 't>(node: &'n Node<'t>, place: Place, path: &mut String) -> Option<&'n Node<'t>> {
    if place <= node.place {
        return None;
    }
    match &node.content {
        Content::Nothing | Content::Text(_) => None,
        Content::List(items) => {
            let at = items.partition_point(|item| item.place <= place).checked_sub(1)?;
            path.push_str(&format!("[{at}]"));
            Some(&items[at])
        }
        Content::Map(entries) => {
            let at = entries.partition_point(|entry| entry.key.place <= place).checked_sub(1)?;
            let entry = &entries[at];
            if place < entry.value.place {
                return None;
            }
            push_key(path, entry.key());
            Some(&entry.value)
        }
    }
}

fn push_key(path: &mut String, key: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if key.is_empty() || !key.bytes().all(plain) {
        path.push_str(&format!("[{key:?}]"));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}
