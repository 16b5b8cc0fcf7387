//! Values of JSON as nodes of a tree, so that one reader reads both: the objects of a database are
//! laid under the tree of a file, with places behind all of its own.

use std::borrow::Cow;

use serde_json::Value;

use super::{Content, Entry, Fault, Node, Place, Tree};
use crate::object::{Object, ObjectKind};

/// As deep as a file may be.
const DEPTH_MAX: usize = 64;

/// An object of a database within a tree.
#[derive(Debug)]
pub(crate) struct Laid<'t> {
    /// Its own place; all within it come behind, and the next object's behind those.
    pub(crate) place: Place,
    pub(crate) kind: ObjectKind,
    pub(crate) name: &'t str,
    /// Its place in the list of its kind.
    pub(crate) index: usize,
}

/// Lays objects under a file's. One that the file has as well is a fault in the file and left out,
/// so that no more is said about it.
pub(crate) fn lay_under<'t>(
    tree: &mut Tree<'t>,
    objects: impl IntoIterator<Item = &'t Object>,
    faults: &mut Vec<Fault>,
) -> Vec<Laid<'t>> {
    let mut next = u32::try_from(tree.positions.len()).unwrap_or(u32::MAX);
    let mut lists: [Vec<(&'t Object, Node<'t>)>; ObjectKind::ALL.len()] = Default::default();
    let mut laid = Vec::new();
    let mut names = NamesOfFile::new(&tree.root);
    for object in objects {
        if let Some(place) = names.find(object.kind, &object.name) {
            let Object { kind, name, .. } = object;
            let message = format!(
                "the database has {} {kind} `{name}` as well: a name is either in the file or there",
                article(*kind)
            );
            faults.push(Fault::new(place, message));
            continue;
        }
        let mut numbering = Numbering { next, faults };
        let node = numbering.object(object);
        next = numbering.next;
        let list = &mut lists[object.kind.index()];
        let index = names.count(object.kind) + list.len();
        laid.push(Laid { place: node.place, kind: object.kind, name: &object.name, index });
        list.push((object, node));
    }
    let Content::Map(entries) = &mut tree.root.content else { return Vec::new() };
    for (kind, list) in ObjectKind::ALL.into_iter().zip(lists) {
        if list.is_empty() {
            continue;
        }
        let mut nodes = list.into_iter().map(|(_, node)| node);
        match entries.iter_mut().find(|entry| entry.key() == kind.plural()) {
            Some(Entry { value: Node { content: Content::List(items), .. }, .. }) => {
                items.extend(nodes);
            }
            // It is no list, which is a fault of its own.
            Some(_) => {}
            None => {
                let place = Place(next);
                let key = plain(place, Content::Text(Cow::Borrowed(kind.plural())));
                let value = match kind.is_only() {
                    true => nodes.next_back().unwrap_or_else(Node::empty_map),
                    false => plain(place, Content::List(nodes.collect())),
                };
                entries.push(Entry { key, value });
            }
        }
    }
    laid
}

/// An object by itself, whatever is wrong with it.
pub(crate) fn object_node(object: &Object) -> Node<'_> {
    Numbering { next: 0, faults: &mut Vec::new() }.object(object)
}

fn plain(place: Place, content: Content<'_>) -> Node<'_> {
    Node { place, substituted: false, is_plain: false, content }
}

const fn article(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Upstream | ObjectKind::IdentityProvider | ObjectKind::McpServer => "an",
        ObjectKind::Policies => "the",
        _ => "a",
    }
}

/// The names that a file has, by kind.
struct NamesOfFile {
    kinds: [std::collections::HashMap<String, Place>; ObjectKind::ALL.len()],
    counts: [usize; ObjectKind::ALL.len()],
}

impl NamesOfFile {
    fn new(root: &Node<'_>) -> Self {
        let mut counts = [0; ObjectKind::ALL.len()];
        let kinds = ObjectKind::ALL.map(|kind| {
            let Some(entry) = root.entry(kind.plural()) else { return Default::default() };
            if kind.is_only() {
                return [(crate::object::ONLY_NAME.to_owned(), entry.key.place)].into();
            }
            let items = entry.value.items();
            counts[kind.index()] = items.len();
            let names = items.iter().filter_map(|item| item.get("name"));
            names.filter_map(|name| Some((name.text()?.to_owned(), name.place))).collect()
        });
        Self { kinds, counts }
    }

    fn find(&mut self, kind: ObjectKind, name: &str) -> Option<Place> {
        self.kinds[kind.index()].get(name).copied()
    }

    const fn count(&self, kind: ObjectKind) -> usize {
        self.counts[kind.index()]
    }
}

/// Gives places, in the order in which they are asked for.
struct Numbering<'f> {
    next: u32,
    faults: &'f mut Vec<Fault>,
}

impl Numbering<'_> {
    fn place(&mut self) -> Place {
        let place = Place(self.next);
        self.next = self.next.saturating_add(1);
        place
    }

    /// An object, with its name where the body leaves it out.
    fn object<'t>(&mut self, object: &'t Object) -> Node<'t> {
        let mut node = self.node(&object.body, 0);
        if object.kind.is_only() {
            return node;
        }
        let Content::Map(entries) = &mut node.content else { return node };
        match entries.iter().find(|entry| entry.key() == "name") {
            None => {
                let key = plain(self.place(), Content::Text(Cow::Borrowed("name")));
                let name = Content::Text(Cow::Borrowed(object.name.as_str()));
                entries.push(Entry { key, value: plain(self.place(), name) });
            }
            Some(entry) if entry.value.text() != Some(&object.name) => {
                let message = format!("the name of this {} is `{}`", object.kind, object.name);
                self.refuse(entry.value.place, message);
            }
            Some(_) => {}
        }
        node
    }

    fn node<'t>(&mut self, value: &'t Value, depth: usize) -> Node<'t> {
        let place = self.place();
        if depth > DEPTH_MAX {
            self.refuse(place, format!("nested more than {DEPTH_MAX} deep"));
            return plain(place, Content::Nothing);
        }
        // What stands without quotes in JSON is plain in a file, too.
        let bare =
            |text: String| Node { is_plain: true, ..plain(place, Content::Text(Cow::Owned(text))) };
        match value {
            Value::Null => plain(place, Content::Nothing),
            Value::Bool(value) => bare(value.to_string()),
            Value::Number(value) => bare(value.to_string()),
            Value::String(text) => {
                if text.contains("${env:") || text.contains("${file:") {
                    let message =
                        "substitution works in files alone: the value itself belongs here";
                    self.refuse(place, message);
                }
                plain(place, Content::Text(Cow::Borrowed(text)))
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| self.node(item, depth + 1)).collect();
                plain(place, Content::List(items))
            }
            Value::Object(members) => {
                let entries = members.iter().map(|(key, value)| {
                    let key = plain(self.place(), Content::Text(Cow::Borrowed(key.as_str())));
                    Entry { key, value: self.node(value, depth + 1) }
                });
                plain(place, Content::Map(entries.collect()))
            }
        }
    }

    fn refuse(&mut self, place: Place, message: impl Into<String>) {
        self.faults.push(Fault { explains_all: true, ..Fault::new(place, message) });
    }
}
