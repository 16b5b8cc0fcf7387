//! Which operation a request asks for: a tree of the elements of all paths, made once.
//!
//! A text is stronger than a text with holes, and that is stronger than a hole, element by element
//! from the left; so `/orders/mine` is never taken for `/orders/{id}`.

use std::collections::HashMap;

use crate::template::Element;
use crate::{Description, Operation};

/// Longer paths have no operation; a tree is never deeper.
const ELEMENTS_MAX: usize = 64;

/// Finds operations by method and path.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    root: Node,
    /// Below which paths they are, the longest first.
    bases: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    mixed: Vec<(Element, Node)>,
    any: Option<Box<Node>>,
    /// Methods, and the place of each operation in the list.
    methods: Vec<(String, usize)>,
}

impl Matcher {
    /// A matcher for the operations of a description.
    #[must_use]
    pub fn new(description: &Description) -> Self {
        let mut bases = description.base_paths();
        if !bases.iter().any(String::is_empty) {
            bases.push(String::new());
        }
        bases.sort_by_key(|base| std::cmp::Reverse(base.len()));
        let mut matcher = Self { root: Node::default(), bases };
        for (index, operation) in description.operations().iter().enumerate() {
            matcher.add(operation, index);
        }
        matcher
    }

    fn add(&mut self, operation: &Operation, index: usize) {
        if operation.template.elements.len() > ELEMENTS_MAX {
            return;
        }
        let mut node = &mut self.root;
        for element in &operation.template.elements {
            node = match element {
                Element::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Element::Any(_) => node.any.get_or_insert_default(),
                Element::Mixed { texts, .. } => {
                    let same = |(other, _): &(Element, Node)| matches!(other, Element::Mixed { texts: others, .. } if others == texts);
                    let at = node.mixed.iter().position(same).unwrap_or_else(|| {
                        node.mixed.push((element.clone(), Node::default()));
                        node.mixed.len() - 1
                    });
                    &mut node.mixed[at].1
                }
            };
        }
        if !node.methods.iter().any(|(method, _)| *method == operation.method) {
            node.methods.push((operation.method.clone(), index));
        }
    }

    /// The place, in the description's list, of the operation that a request asks for. `HEAD` is
    /// taken for `GET` where it has no operation of its own.
    #[must_use]
    pub fn find(&self, method: &str, path: &str) -> Option<usize> {
        self.find_below(method, path).map(|(index, _)| index)
    }

    /// The same, with the path as it is below that of the server.
    #[must_use]
    pub fn find_below<'p>(&self, method: &str, path: &'p str) -> Option<(usize, &'p str)> {
        let below = self.bases.iter().filter_map(|base| below(base, path));
        below.into_iter().find_map(|rest| {
            let mut found = None;
            self.root.walk(rest, &mut |node| {
                found = node.index(method);
                found.is_some()
            });
            found.map(|index| (index, rest))
        })
    }

    /// The methods that a path has.
    #[must_use]
    pub fn methods(&self, path: &str) -> Vec<&str> {
        let mut methods: Vec<&str> = Vec::new();
        for rest in self.bases.iter().filter_map(|base| below(base, path)) {
            let mut nodes: Vec<&Node> = Vec::new();
            self.root.walk(rest, &mut |node| {
                nodes.push(node);
                false
            });
            for (method, _) in nodes.iter().flat_map(|node| &node.methods) {
                if !methods.contains(&method.as_str()) {
                    methods.push(method);
                }
            }
        }
        methods
    }
}

impl Node {
    fn index(&self, method: &str) -> Option<usize> {
        let of = |wanted: &str| {
            let mut methods = self.methods.iter();
            methods.find(|(method, _)| method == wanted).map(|(_, index)| *index)
        };
        of(method).or_else(|| (method == "HEAD").then(|| of("GET")).flatten())
    }

    /// Visits the nodes that match a path, the strongest first, until one is what was looked for.
    fn walk<'n>(&'n self, rest: &str, visit: &mut dyn FnMut(&'n Self) -> bool) -> bool {
        let Some(rest) = rest.strip_prefix('/') else {
            return rest.is_empty() && !self.methods.is_empty() && visit(self);
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (part, rest) = rest.split_at(end);
        if let Some(next) = self.literals.get(part)
            && next.walk(rest, visit)
        {
            return true;
        }
        for (element, next) in &self.mixed {
            if element.takes(part) && next.walk(rest, visit) {
                return true;
            }
        }
        !part.is_empty() && self.any.as_ref().is_some_and(|next| next.walk(rest, visit))
    }
}

/// A path below another, element by element.
fn below<'p>(base: &str, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}
