//! From a place back to its position and its path: worked out only for what is reported, so that
//! reading itself carries no paths about.

use super::{Content, Fault, Laid, Node, Place, Position, Tree};
use crate::ConfigError;
use crate::load::WholeFault;
use crate::object::{ONLY_NAME, ObjectFault, ObjectKind, push_part};

impl Tree<'_> {
    /// The faults as errors of `file`, in the order of the text, each once.
    pub(crate) fn report(&self, faults: Vec<Fault>, file: &str) -> Vec<ConfigError> {
        let mut errors: Vec<ConfigError> = Vec::with_capacity(faults.len());
        for fault in in_order(faults) {
            let error = self.error(&fault, file);
            if errors.last() != Some(&error) {
                errors.push(error);
            }
        }
        errors
    }

    /// The same of a tree under which objects of a database were laid; each fault that is one of an
    /// object is told as such, too.
    pub(crate) fn report_whole(
        &self,
        faults: Vec<Fault>,
        file: &str,
        laid: &[Laid<'_>],
    ) -> Vec<WholeFault> {
        let mut all: Vec<WholeFault> = Vec::with_capacity(faults.len());
        for fault in in_order(faults) {
            let told = match self.laid(fault.shown_at, laid) {
                Some(laid) => self.fault_of_database(fault, laid),
                None => {
                    let error = self.error(&fault, file);
                    WholeFault { object: self.fault_of_file(fault), error }
                }
            };
            if all.last() != Some(&told) {
                all.push(told);
            }
        }
        all
    }

    fn error(&self, fault: &Fault, file: &str) -> ConfigError {
        let Position { line, column } = self.position(fault.shown_at);
        ConfigError {
            file: file.to_owned(),
            line,
            column,
            path: self.path(fault.place),
            message: fault.message.clone(),
            suggestion: fault.suggestion.clone(),
        }
    }

    /// The object of the database that a place is in.
    fn laid<'l, 't>(&self, place: Place, laid: &'l [Laid<'t>]) -> Option<&'l Laid<'t>> {
        let at = laid.partition_point(|one| one.place <= place).checked_sub(1)?;
        Some(&laid[at])
    }

    fn fault_of_database(&self, fault: Fault, laid: &Laid<'_>) -> WholeFault {
        let node = self.root.get(laid.kind.plural());
        let node = match laid.kind.is_only() {
            true => node,
            false => node.and_then(|list| list.items().get(laid.index)),
        };
        let mut path = laid.kind.plural().to_owned();
        let mut pointer = String::new();
        if let Some(node) = node {
            if !laid.kind.is_only() {
                path.push_str(&format!("[{:?}]", laid.name));
            }
            walk(node, fault.place, &mut |part| push_step(&mut path, part));
            walk_to_key(node, fault.place, &mut pointer);
        }
        let error = ConfigError {
            file: DATABASE.to_owned(),
            line: 0,
            column: 0,
            path,
            message: fault.message.clone(),
            suggestion: fault.suggestion.clone(),
        };
        let object = Some(object_fault(laid.kind, laid.name.to_owned(), pointer, fault));
        WholeFault { error, object }
    }

    /// A fault of a file, told as one of an object; none when it is outside of all objects.
    fn fault_of_file(&self, fault: Fault) -> Option<ObjectFault> {
        let entries = self.root.entries();
        let at = entries.partition_point(|entry| entry.key.place <= fault.place);
        let entry = &entries[at.checked_sub(1)?];
        let kind = ObjectKind::from_plural(entry.key())?;
        let mut pointer = String::new();
        if kind.is_only() {
            walk_to_key(&entry.value, fault.place, &mut pointer);
            return Some(object_fault(kind, ONLY_NAME.to_owned(), pointer, fault));
        }
        let items = entry.value.items();
        let at = items.partition_point(|item| item.place <= fault.place);
        let item = &items[at.checked_sub(1)?];
        walk_to_key(item, fault.place, &mut pointer);
        let name = item.get("name").and_then(Node::text).unwrap_or_default();
        Some(object_fault(kind, name.to_owned(), pointer, fault))
    }

    /// The line of a place, from 1.
    pub(crate) fn line(&self, place: Place) -> u32 {
        self.position(place).line
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
        walk(&self.root, place, &mut |part| push_step(&mut path, part));
        path
    }
}

/// What stands for the file in errors of objects of a database.
const DATABASE: &str = "database";

/// Faults in the order of the text, without those that only follow from another at their place.
fn in_order(mut faults: Vec<Fault>) -> impl Iterator<Item = Fault> {
    faults.sort_by_key(|fault| (fault.shown_at, !fault.explains_all));
    let mut explained = None;
    faults.into_iter().filter(move |fault| {
        if explained == Some(fault.shown_at) {
            return false;
        }
        explained = fault.explains_all.then_some(fault.shown_at);
        true
    })
}

fn object_fault(kind: ObjectKind, name: String, pointer: String, fault: Fault) -> ObjectFault {
    let Fault { message, suggestion, .. } = fault;
    ObjectFault { kind, name, pointer, message, suggestion }
}

/// One step from a value to one within it.
#[derive(Clone, Copy)]
enum Step<'n> {
    Item(usize),
    Key(&'n str),
}

/// Tells the steps down to the value at `place`. Places grow in the order of the text, so that the
/// last child that does not begin behind `place` holds it.
fn walk<'n>(root: &'n Node<'_>, place: Place, tell: &mut dyn FnMut(Step<'n>)) {
    let mut node = root;
    while place > node.place {
        node = match &node.content {
            Content::Nothing | Content::Text(_) => return,
            Content::List(items) => {
                let at = items.partition_point(|item| item.place <= place);
                let Some(at) = at.checked_sub(1) else { return };
                tell(Step::Item(at));
                &items[at]
            }
            Content::Map(entries) => {
                let at = entries.partition_point(|entry| entry.key.place <= place);
                let Some(at) = at.checked_sub(1) else { return };
                if place < entries[at].value.place {
                    return;
                }
                tell(Step::Key(entries[at].key()));
                &entries[at].value
            }
        };
    }
}

/// The JSON Pointer to what is at `place`; a key has the pointer of its value.
fn walk_to_key(root: &Node<'_>, place: Place, pointer: &mut String) {
    let mut last = root;
    walk(root, place, &mut |step| match step {
        Step::Item(at) => {
            push_part(pointer, &at.to_string());
            last = &last.items()[at];
        }
        Step::Key(key) => {
            push_part(pointer, key);
            last = last.get(key).unwrap_or(last);
        }
    });
    if let Some(entry) = last.entries().iter().find(|entry| entry.key.place == place) {
        push_part(pointer, entry.key());
    }
}

fn push_step(path: &mut String, step: Step<'_>) {
    match step {
        Step::Item(at) => path.push_str(&format!("[{at}]")),
        Step::Key(key) => push_key(path, key),
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
