//! Two schemas side by side: what one takes or promises that the other does not. No rules of its
//! own: parameters, bodies and answers make theirs of it.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::description::{Description, Found, reference_of};
use crate::schema::{Additional, Flat, Way, flat};

/// Deeper schemas are compared no further.
const DEPTH_MAX: usize = 40;
/// Pairs of schemas that are compared for one body: an end where schemas are made to have none.
const PAIRS_MAX: usize = 20_000;

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

/// Compares what an old and a new schema say; of a request, what is not taken any more, and of an
/// answer, what is not promised any more.
pub(super) fn compare<'d>(
    old: &'d Description,
    new: &'d Description,
    before: Found<'d>,
    after: Found<'d>,
    way: Way,
) -> Vec<SchemaChange> {
    let mut comparison = Comparison { old, new, way, seen: HashSet::new(), changes: Vec::new() };
    comparison.pair(before, after, String::new(), 0);
    comparison.changes
}

struct Comparison<'d> {
    old: &'d Description,
    new: &'d Description,
    way: Way,
    seen: HashSet<(String, String)>,
    changes: Vec<SchemaChange>,
}

impl<'d> Comparison<'d> {
    fn note(&mut self, aspect: Aspect, pointer: &str, message: String) {
        self.changes.push(SchemaChange { aspect, pointer: pointer.to_owned(), message });
    }

    /// `path` is where in the value, for messages: `items[].price`.
    fn pair(&mut self, before: Found<'d>, after: Found<'d>, path: String, depth: usize) {
        let key = (before.pointer.clone(), after.pointer.clone());
        if depth > DEPTH_MAX || self.seen.len() > PAIRS_MAX || !self.seen.insert(key) {
            return;
        }
        // What is referred to is told as its own, so that what many share is told once.
        let (at, path) = match reference_of(after.value) {
            None => (after.pointer.clone(), path),
            Some(reference) => {
                let target = self.new.resolved(after.clone());
                let at = target.map_or_else(|| after.pointer.clone(), |target| target.pointer);
                let name = reference.rsplit('/').next().unwrap_or(reference);
                (at, name.to_owned())
            }
        };
        let (before, after) = (flat(self.old, before), flat(self.new, after));
        self.types(&before, &after, &at, &path);
        self.values(&before, &after, &at, &path);
        if self.way == Way::Request {
            self.bounds(&before, &after, &at, &path);
        }
        self.alternatives(&before, &after, &at, &path, depth);
        self.properties(&before, &after, &at, &path, depth);
        if let (Some(before), Some(after)) = (before.items.clone(), after.items.clone()) {
            self.pair(before, after, format!("{path}[]"), depth + 1);
        }
        if let (Additional::Of(before), Additional::Of(after)) =
            (&before.additional, &after.additional)
        {
            self.pair(before.clone(), after.clone(), format!("{path}.*"), depth + 1);
        }
    }

    fn types(&mut self, before: &Flat<'_>, after: &Flat<'_>, at: &str, path: &str) {
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
                shown(path),
                worded(before.types.as_ref()),
                worded(after.types.as_ref())
            );
            self.note(Aspect::Type, at, message);
        }
    }

    fn values(&mut self, before: &Flat<'_>, after: &Flat<'_>, at: &str, path: &str) {
        let (wide, narrow) = match self.way {
            Way::Request => (&after.values, &before.values),
            Way::Response => (&before.values, &after.values),
        };
        let Some(wide) = wide else { return };
        let place = shown(path);
        let message = match (narrow, self.way) {
            (None, Way::Request) => format!("{place} takes only some values now"),
            (None, Way::Response) => format!("{place} may have any value now"),
            (Some(narrow), way) => {
                let missing: Vec<String> = narrow
                    .iter()
                    .filter(|value| !wide.contains(value))
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
        self.note(Aspect::Values, at, message);
    }

    fn bounds(&mut self, before: &Flat<'_>, after: &Flat<'_>, at: &str, path: &str) {
        const UPPER: [&str; 5] =
            ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
        const LOWER: [&str; 5] =
            ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
        let place = shown(path);
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
                    self.note(Aspect::Values, at, message);
                }
            }
        }
        for keyword in ["pattern", "format"] {
            let (known, wanted) = (before.text(keyword), after.text(keyword));
            if wanted.is_some() && wanted != known {
                let message = format!("{place}: `{keyword}` is another, or new");
                self.note(Aspect::Values, at, message);
            }
        }
        if after.is("uniqueItems") && !before.is("uniqueItems") {
            self.note(Aspect::Values, at, format!("{place}: nothing may come twice now"));
        }
        let is_known =
            |flat: &Flat<'_>, name: &str| flat.properties.iter().any(|(known, _)| *known == name);
        let is_closed = matches!(after.additional, Additional::None)
            && !matches!(before.additional, Additional::None);
        let is_same = before.properties.iter().all(|(name, _)| is_known(after, name));
        if is_closed && is_same {
            self.note(Aspect::Values, at, format!("{place} takes no properties beside the listed"));
        }
    }

    fn alternatives(
        &mut self,
        before: &Flat<'d>,
        after: &Flat<'d>,
        at: &str,
        path: &str,
        depth: usize,
    ) {
        for (olds, news) in [(&before.one_of, &after.one_of), (&before.any_of, &after.any_of)] {
            if olds.is_empty() || news.is_empty() {
                continue;
            }
            let (wide, narrow) = match self.way {
                Way::Request => (news, olds),
                Way::Response => (olds, news),
            };
            let missing = narrow.iter().filter(|one| partner(one, narrow, wide).is_none()).count();
            if missing > 0 {
                let message = match self.way {
                    Way::Request => format!("{} takes fewer alternatives", shown(path)),
                    Way::Response => format!("{} has more alternatives", shown(path)),
                };
                self.note(Aspect::Values, at, message);
            }
            for one in olds {
                if let Some(other) = partner(one, olds, news) {
                    self.pair(one.clone(), other.clone(), path.to_owned(), depth + 1);
                }
            }
        }
    }

    fn properties(
        &mut self,
        before: &Flat<'d>,
        after: &Flat<'d>,
        at: &str,
        path: &str,
        depth: usize,
    ) {
        for (name, property) in &before.properties {
            let place = within(path, name);
            let other = after.properties.iter().find(|(other, _)| other == name);
            let old = flat(self.old, property.clone());
            // What only goes the other way is not seen by this one.
            if !self.is_seen(&old) {
                continue;
            }
            let Some((_, other)) = other else {
                self.note(Aspect::Removed, at, format!("{} is gone", shown(&place)));
                continue;
            };
            self.pair(property.clone(), other.clone(), place.clone(), depth + 1);
            let (was, is) = (before.required.contains(name), after.required.contains(name));
            if self.way == Way::Response && was && !is {
                self.note(Aspect::Required, at, format!("{} may be left out", shown(&place)));
            }
        }
        if self.way == Way::Response {
            return;
        }
        for name in after.required.difference(&before.required) {
            let property = after.properties.iter().find(|(known, _)| known == name);
            let told = property.map(|(_, property)| flat(self.new, property.clone()));
            let is_asked = told.is_none_or(|told| self.is_seen(&told) && !told.has_default);
            if is_asked {
                let place = within(path, name);
                self.note(Aspect::Required, at, format!("{} is required", shown(&place)));
            }
        }
    }

    const fn is_seen(&self, property: &Flat<'_>) -> bool {
        match self.way {
            Way::Request => !property.is_read_only,
            Way::Response => !property.is_write_only,
        }
    }
}

/// The same alternative on the other side: by what it refers to or is called, else by its place.
fn partner<'a, 'd>(
    one: &Found<'d>,
    among: &[Found<'d>],
    others: &'a [Found<'d>],
) -> Option<&'a Found<'d>> {
    let name = |found: &Found<'d>| found.text("$ref").or_else(|| found.text("title"));
    match name(one) {
        Some(wanted) => others.iter().find(|other| name(other) == Some(wanted)),
        None => {
            let is_unnamed = |found: &&Found<'d>| name(found).is_none();
            let at = among.iter().filter(is_unnamed).position(|it| it.pointer == one.pointer)?;
            others.iter().filter(|other| name(other).is_none()).nth(at)
        }
    }
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
