//! Two schemas side by side: what one takes or promises that the other does not. No rules of its
//! own: parameters, bodies and answers make theirs of it.
//!
//! What two schemas say of each other is found once, however many operations lead to them: pairs are
//! the nodes of a graph, which each operation walks as far as it is named with what is found.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::{NAMED_MAX, Work};
use crate::description::{Description, Edition, Found, reference_of};
use crate::schema::{Additional, Flat, Marks, Way, flat, marks};

/// In what respect a schema changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aspect {
    /// Its type, `null` included.
    Type,
    /// Which values it has.
    Values,
    /// Whether a property is always there.
    Required,
    /// Whether a property is there at all.
    Removed,
}

/// One change, in the direction that breaks.
#[derive(Clone, Debug)]
pub(super) struct SchemaChange {
    pub(super) aspect: Aspect,
    pub(super) pointer: String,
    pub(super) message: String,
}

/// Who asks what two schemas say of each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker<'a> {
    /// The place of the operation among all.
    pub(super) operation: usize,
    /// What its messages begin with. What is said in the same words of many is said once.
    pub(super) voice: &'a str,
    /// Of a request, what is not taken any more counts, and of an answer, what is not promised.
    pub(super) way: Way,
}

/// All pairs of schemas that have been looked at.
pub(super) struct Comparison<'d> {
    old: &'d Description,
    new: &'d Description,
    nodes: Vec<Node<'d>>,
    known: HashMap<(String, String, Way), usize>,
    /// By node and voice: who was told of it.
    told: HashMap<(usize, usize), Told>,
    voices: HashMap<String, usize>,
    old_marks: HashMap<String, Marks>,
    new_marks: HashMap<String, Marks>,
}

/// A pair of schemas.
struct Node<'d> {
    before: Found<'d>,
    after: Found<'d>,
    /// Where in the value, for messages: `items[].price`.
    path: String,
    way: Way,
    is_compared: bool,
    changes: Vec<SchemaChange>,
    /// The pairs within.
    next: Vec<usize>,
}

impl Node<'_> {
    /// Whether it was looked at, and neither itself nor anything within has changed: most are so.
    fn is_known_to_be_nothing(&self) -> bool {
        self.is_compared && self.changes.is_empty() && self.next.is_empty()
    }
}

/// How many operations were told of a node, and which was the last one.
#[derive(Default)]
struct Told {
    count: usize,
    last: Option<usize>,
}

impl<'d> Comparison<'d> {
    pub(super) fn new(old: &'d Description, new: &'d Description) -> Self {
        Self {
            old,
            new,
            nodes: Vec::new(),
            known: HashMap::new(),
            told: HashMap::new(),
            voices: HashMap::new(),
            old_marks: HashMap::new(),
            new_marks: HashMap::new(),
        }
    }

    /// What changes from one schema to another and was not told to as many operations already as are
    /// named with a change.
    pub(super) fn changes(
        &mut self,
        (before, after): (Found<'d>, Found<'d>),
        asker: Asker<'_>,
        work: &mut Work<'_>,
    ) -> Vec<SchemaChange> {
        let count = self.voices.len();
        let voice = *self.voices.entry(asker.voice.to_owned()).or_insert(count);
        let mut open = vec![self.node(before, after, String::new(), asker.way)];
        let mut changes = Vec::new();
        // Whatever a node leads to was told to at least as many as the node itself, so that nobody
        // goes on from one that is told to enough: each is come to at most fifty times.
        while let Some(at) = open.pop() {
            let told = self.told.entry((at, voice)).or_default();
            let is_done = told.count >= NAMED_MAX || told.last == Some(asker.operation);
            if is_done || !work.spend(1) {
                continue;
            }
            told.count += 1;
            told.last = Some(asker.operation);
            if !self.nodes[at].is_compared {
                self.nodes[at].is_compared = true;
                self.compare(at, work);
            }
            let node = &self.nodes[at];
            changes.extend(node.changes.iter().cloned());
            let is_worth_it = |next: &&usize| !self.nodes[**next].is_known_to_be_nothing();
            open.extend(node.next.iter().rev().filter(is_worth_it));
        }
        changes
    }

    /// The pair of two schemas. What only refers to another is that other one, so that what many
    /// refer to is compared once.
    fn node(&mut self, before: Found<'d>, after: Found<'d>, path: String, way: Way) -> usize {
        let path = match reference_of(after.value) {
            None => path,
            Some(reference) => reference.rsplit('/').next().unwrap_or(reference).to_owned(),
        };
        let (before, after) = (meant(self.old, before), meant(self.new, after));
        let key = (before.pointer.clone(), after.pointer.clone(), way);
        let nodes = &mut self.nodes;
        *self.known.entry(key).or_insert_with(|| {
            let (changes, next) = (Vec::new(), Vec::new());
            nodes.push(Node { before, after, path, way, is_compared: false, changes, next });
            nodes.len() - 1
        })
    }

    fn compare(&mut self, at: usize, work: &mut Work<'_>) {
        let node = &self.nodes[at];
        let (path, way) = (node.path.clone(), node.way);
        let (before, after) = (node.before.clone(), node.after.clone());
        // What is referred to is told as its own, so that what many share is told once.
        let target = self.new.resolved(after.clone());
        let place = target.map_or_else(|| after.pointer.clone(), |target| target.pointer);
        let (before, after) = (flat(self.old, before), flat(self.new, after));
        if !work.spend(before.size() + after.size()) {
            return;
        }
        let mut sides = Sides { way, at: &place, path: &path, changes: Vec::new() };
        sides.types(&before, &after);
        sides.values(&before, &after);
        if way == Way::Request {
            sides.bounds(&before, &after);
        }
        let mut next = sides.alternatives(&before, &after);
        next.extend(self.properties(&before, &after, &mut sides));
        if let (Some(before), Some(after)) = (before.items.clone(), after.items.clone()) {
            next.push((before, after, format!("{path}[]")));
        }
        if let (Additional::Of(before), Additional::Of(after)) =
            (&before.additional, &after.additional)
        {
            next.push((before.clone(), after.clone(), format!("{path}.*")));
        }
        let changes = sides.changes;
        let next: Vec<usize> = next
            .into_iter()
            .map(|(before, after, path)| self.node(before, after, path, way))
            .collect();
        let node = &mut self.nodes[at];
        (node.changes, node.next) = (changes, next);
    }

    fn properties(
        &mut self,
        before: &Flat<'d>,
        after: &Flat<'d>,
        sides: &mut Sides<'_>,
    ) -> Vec<Within<'d>> {
        let way = sides.way;
        let mut within_them = Vec::new();
        for (name, property) in &before.properties {
            let place = within(sides.path, name);
            let told = marked(self.old, &mut self.old_marks, property);
            // What only goes the other way is not seen by this one.
            if !is_seen(way, told) {
                continue;
            }
            let Some(other) = after.property(name) else {
                sides.note(Aspect::Removed, format!("{} is gone", shown(&place)));
                continue;
            };
            let (was, is) = (before.required.contains(name), after.required.contains(name));
            if way == Way::Response && was && !is {
                sides.note(Aspect::Required, format!("{} may be left out", shown(&place)));
            }
            within_them.push((property.clone(), other.clone(), place));
        }
        if way == Way::Response {
            return within_them;
        }
        for name in after.required.difference(&before.required) {
            let told = after.property(name);
            let told = told.map(|found| marked(self.new, &mut self.new_marks, found));
            let is_asked = told.is_none_or(|told| is_seen(way, told) && !told.has_default);
            if is_asked {
                let place = within(sides.path, name);
                sides.note(Aspect::Required, format!("{} is required", shown(&place)));
            }
        }
        within_them
    }
}

/// A pair within another, and where it is.
type Within<'d> = (Found<'d>, Found<'d>, String);

/// What is meant by a schema that is nothing but a reference.
fn meant<'d>(description: &'d Description, found: Found<'d>) -> Found<'d> {
    if reference_of(found.value).is_none() {
        return found;
    }
    let is_alone = found.value.as_object().is_some_and(|members| members.len() == 1);
    let is_all = description.edition() == Edition::V30 && !found.is("nullable");
    match is_alone || is_all {
        true => description.resolved(found.clone()).unwrap_or(found),
        false => found,
    }
}

/// What a property says of itself, which is asked of the same one often.
fn marked<'d>(
    description: &'d Description,
    known: &mut HashMap<String, Marks>,
    property: &Found<'d>,
) -> Marks {
    let property = meant(description, property.clone());
    if let Some(known) = known.get(&property.pointer) {
        return *known;
    }
    let told = marks(description, &property);
    known.insert(property.pointer, told);
    told
}

const fn is_seen(way: Way, property: Marks) -> bool {
    match way {
        Way::Request => !property.is_read_only,
        Way::Response => !property.is_write_only,
    }
}

/// Two schemas laid flat, and what is found of them.
struct Sides<'p> {
    way: Way,
    at: &'p str,
    path: &'p str,
    changes: Vec<SchemaChange>,
}

impl Sides<'_> {
    fn note(&mut self, aspect: Aspect, message: String) {
        self.changes.push(SchemaChange { aspect, pointer: self.at.to_owned(), message });
    }

    fn types(&mut self, before: &Flat<'_>, after: &Flat<'_>) {
        let (wide, narrow) = match self.way {
            Way::Request => (&after.types, &before.types),
            Way::Response => (&before.types, &after.types),
        };
        // Whoever takes anything takes this, too.
        let Some(wide) = wide else { return };
        let fits = narrow.as_ref().is_some_and(|narrow| {
            narrow
                .iter()
                .all(|kind| wide.contains(kind) || *kind == "integer" && wide.contains("number"))
        });
        if !fits {
            let message = format!(
                "{} was {} and is {}",
                shown(self.path),
                worded(before.types.as_ref()),
                worded(after.types.as_ref())
            );
            self.note(Aspect::Type, message);
        }
    }

    fn values(&mut self, before: &Flat<'_>, after: &Flat<'_>) {
        let (wide, narrow) = match self.way {
            Way::Request => (&after.values, &before.values),
            Way::Response => (&before.values, &after.values),
        };
        let Some(wide) = wide else { return };
        let place = shown(self.path);
        let message = match (narrow, self.way) {
            (None, Way::Request) => format!("{place} takes only some values now"),
            (None, Way::Response) => format!("{place} may have any value now"),
            (Some(narrow), way) => {
                // A text of each, since there may be many.
                let known: HashSet<String> = wide.iter().map(ToString::to_string).collect();
                let missing: Vec<String> = narrow
                    .iter()
                    .filter(|value| !known.contains(&value.to_string()))
                    .take(10)
                    .map(|value| format!("`{}`", value_text(value)))
                    .collect();
                match (missing.is_empty(), way) {
                    (true, _) => return,
                    (false, Way::Request) => {
                        format!("{place} does not take {} any more", missing.join(", "))
                    }
                    (false, Way::Response) => format!("{place} may be {} now", missing.join(", ")),
                }
            }
        };
        self.note(Aspect::Values, message);
    }

    fn bounds(&mut self, before: &Flat<'_>, after: &Flat<'_>) {
        const UPPER: [&str; 5] =
            ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
        const LOWER: [&str; 5] =
            ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
        let place = shown(self.path);
        for (keywords, is_upper) in [(UPPER, true), (LOWER, false)] {
            for keyword in keywords {
                let Some(bound) = after.bound(keyword) else { continue };
                let known = before.bound(keyword);
                let is_nothing = !is_upper && keyword.ends_with(['s', 'h']) && bound <= 0.0;
                let is_narrower = known.is_none_or(|known| match is_upper {
                    true => bound < known,
                    false => bound > known,
                });
                if is_narrower && !is_nothing {
                    let was = known.map_or_else(|| "none".to_owned(), |known| known.to_string());
                    let message = format!("{place}: `{keyword}` is {bound}, and was {was}");
                    self.note(Aspect::Values, message);
                }
            }
        }
        for keyword in ["pattern", "format"] {
            let (known, wanted) = (before.text(keyword), after.text(keyword));
            if wanted.is_some() && wanted != known {
                let message = format!("{place}: `{keyword}` is another, or new");
                self.note(Aspect::Values, message);
            }
        }
        if after.is("uniqueItems") && !before.is("uniqueItems") {
            self.note(Aspect::Values, format!("{place}: nothing may come twice now"));
        }
        let is_closed = matches!(after.additional, Additional::None)
            && !matches!(before.additional, Additional::None);
        let is_same = before.properties.iter().all(|(name, _)| after.property(name).is_some());
        if is_closed && is_same {
            self.note(Aspect::Values, format!("{place} takes no properties beside the listed"));
        }
    }

    /// The alternatives of both sides that belong together.
    fn alternatives<'d>(&mut self, before: &Flat<'d>, after: &Flat<'d>) -> Vec<Within<'d>> {
        let mut pairs = Vec::new();
        for (olds, news) in [(&before.one_of, &after.one_of), (&before.any_of, &after.any_of)] {
            if olds.is_empty() || news.is_empty() {
                continue;
            }
            let (wide, narrow) = match self.way {
                Way::Request => (news, olds),
                Way::Response => (olds, news),
            };
            if partners(narrow, wide).iter().any(Option::is_none) {
                let message = match self.way {
                    Way::Request => format!("{} takes fewer alternatives", shown(self.path)),
                    Way::Response => format!("{} has more alternatives", shown(self.path)),
                };
                self.note(Aspect::Values, message);
            }
            for (one, other) in olds.iter().zip(partners(olds, news)) {
                if let Some(other) = other {
                    pairs.push((one.clone(), news[other].clone(), self.path.to_owned()));
                }
            }
        }
        pairs
    }
}

/// The same alternatives on the other side, by their places there: by what each refers to or is
/// called, else by the place among those that do neither.
fn partners(some: &[Found<'_>], others: &[Found<'_>]) -> Vec<Option<usize>> {
    fn name<'d>(found: &Found<'d>) -> Option<&'d str> {
        found.text("$ref").or_else(|| found.text("title"))
    }
    let mut named: HashMap<&str, usize> = HashMap::new();
    let mut unnamed: Vec<usize> = Vec::new();
    for (at, other) in others.iter().enumerate() {
        match name(other) {
            Some(name) => {
                named.entry(name).or_insert(at);
            }
            None => unnamed.push(at),
        }
    }
    let mut rest = unnamed.into_iter();
    let partner = |one: &Found<'_>| match name(one) {
        Some(name) => named.get(name).copied(),
        None => rest.next(),
    };
    some.iter().map(partner).collect()
}

fn within(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(path: &str) -> String {
    if path.is_empty() { "the value".to_owned() } else { format!("`{path}`") }
}

fn worded(types: Option<&BTreeSet<&str>>) -> String {
    match types {
        None => "of any type".to_owned(),
        Some(types) => {
            let types: Vec<&str> = types.iter().copied().collect();
            format!("`{}`", types.join(" or "))
        }
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}
