//! A schema laid flat: what all of its `allOf` say together, references followed.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::description::{Description, Edition, Found, reference_of};

/// Deeper `allOf` are a circle or a mistake.
const DEPTH_MAX: usize = 24;

/// What a schema says in one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flat<'d> {
    /// The types that it takes; `None` for any.
    pub(crate) types: Option<BTreeSet<&'d str>>,
    /// The values that it takes; `None` for any.
    pub(crate) values: Option<Vec<&'d Value>>,
    pub(crate) properties: Vec<(&'d str, Found<'d>)>,
    pub(crate) required: BTreeSet<&'d str>,
    pub(crate) items: Option<Found<'d>>,
    pub(crate) additional: Additional<'d>,
    pub(crate) one_of: Vec<Found<'d>>,
    pub(crate) any_of: Vec<Found<'d>>,
    pub(crate) is_read_only: bool,
    pub(crate) is_write_only: bool,
    pub(crate) has_default: bool,
    /// What was laid together: itself, what it refers to, and all of that.
    pub(crate) parts: Vec<Found<'d>>,
    /// Where each property is among the others.
    places: HashMap<&'d str, usize>,
}

/// What is said of properties that are not listed.
#[derive(Clone, Debug, Default)]
pub(crate) enum Additional<'d> {
    /// There may be some.
    #[default]
    Free,
    /// There may be none.
    None,
    /// They are to be so.
    Of(Found<'d>),
}

impl<'d> Flat<'d> {
    /// A property.
    pub(crate) fn property(&self, name: &str) -> Option<&Found<'d>> {
        self.properties.get(*self.places.get(name)?).map(|(_, property)| property)
    }

    /// How much it says, to be looked at.
    pub(crate) fn size(&self) -> usize {
        let values = self.values.as_ref().map_or(0, Vec::len);
        let alternatives = self.one_of.len() + self.any_of.len();
        self.parts.len() + self.properties.len() + self.required.len() + values + alternatives
    }

    /// A keyword with a number; the strictest, where several say one.
    pub(crate) fn bound(&self, keyword: &str) -> Option<f64> {
        let is_least = keyword.starts_with("min") || keyword == "exclusiveMinimum";
        let bounds = self.parts.iter().filter_map(|part| part.value.get(keyword)?.as_f64());
        bounds.reduce(if is_least { f64::max } else { f64::min })
    }

    /// A keyword with a text; the first.
    pub(crate) fn text(&self, keyword: &str) -> Option<&'d str> {
        self.parts.iter().find_map(|part| part.text(keyword))
    }

    /// A keyword of any sort; the first.
    pub(crate) fn keyword(&self, keyword: &str) -> Option<&'d Value> {
        self.parts.iter().find_map(|part| part.value.get(keyword))
    }

    /// A keyword that is `true` in one of the parts.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        self.parts.iter().any(|part| part.is(keyword))
    }
}

/// Lays a schema flat.
pub(crate) fn flat<'d>(description: &'d Description, schema: Found<'d>) -> Flat<'d> {
    let mut flat = Flat::default();
    add(description, schema, (0, &mut HashSet::new()), &mut flat);
    flat
}

/// What a property says of itself, without what is in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) is_read_only: bool,
    pub(crate) is_write_only: bool,
    pub(crate) has_default: bool,
}

/// What a schema, and all that is laid together for it, says of itself.
pub(crate) fn marks(description: &Description, schema: &Found<'_>) -> Marks {
    let mut marks = Marks::default();
    let mut seen: HashSet<String> = HashSet::new();
    let mut open = vec![(schema.clone(), 0)];
    while let Some((schema, depth)) = open.pop() {
        if depth > DEPTH_MAX || !seen.insert(schema.pointer.clone()) {
            continue;
        }
        let is_reference = reference_of(schema.value).is_some();
        if is_reference && let Some(target) = description.resolved(schema.clone()) {
            open.push((target, depth + 1));
        }
        if is_reference && is_all_by_reference(description, &schema) {
            continue;
        }
        open.extend(schema.items("allOf").map(|part| (part, depth + 1)));
        marks.is_read_only |= schema.is("readOnly");
        marks.is_write_only |= schema.is("writeOnly");
        marks.has_default |= schema.value.get("default").is_some();
    }
    marks
}

/// Whether nothing counts that stands beside a reference: it does since 3.1, and `nullable` is meant
/// in 3.0, too.
fn is_all_by_reference(description: &Description, schema: &Found<'_>) -> bool {
    description.edition() == Edition::V30 && !schema.is("nullable")
}

fn add<'d>(
    description: &'d Description,
    schema: Found<'d>,
    (depth, seen): (usize, &mut HashSet<String>),
    flat: &mut Flat<'d>,
) {
    if depth > DEPTH_MAX || seen.contains(&schema.pointer) {
        return;
    }
    let is_reference = reference_of(schema.value).is_some();
    if is_reference && let Some(target) = description.resolved(schema.clone()) {
        add(description, target, (depth + 1, &mut *seen), flat);
    }
    if is_reference && is_all_by_reference(description, &schema) {
        return;
    }
    for part in schema.items("allOf") {
        add(description, part, (depth + 1, &mut *seen), flat);
    }
    types(&schema, flat);
    if let Some(constant) = schema.value.get("const") {
        flat.values = Some(vec![constant]);
    } else if let Some(Value::Array(values)) = schema.value.get("enum") {
        flat.values.get_or_insert_with(|| values.iter().collect());
    }
    if let Some(properties) = schema.get("properties") {
        for (name, property) in properties.members() {
            match flat.places.get(name) {
                Some(place) => flat.properties[*place].1 = property,
                None => {
                    flat.places.insert(name, flat.properties.len());
                    flat.properties.push((name, property));
                }
            }
        }
    }
    let required = schema.items("required").filter_map(|name| name.value.as_str());
    flat.required.extend(required);
    if let Some(items) = schema.get("items") {
        flat.items = Some(items);
    }
    match schema.get("additionalProperties") {
        Some(found) if found.value == &Value::Bool(false) => flat.additional = Additional::None,
        Some(found) if found.value.is_object() => flat.additional = Additional::Of(found),
        _ => {}
    }
    flat.one_of.extend(schema.items("oneOf"));
    flat.any_of.extend(schema.items("anyOf"));
    flat.is_read_only |= schema.is("readOnly");
    flat.is_write_only |= schema.is("writeOnly");
    flat.has_default |= schema.value.get("default").is_some();
    seen.insert(schema.pointer.clone());
    flat.parts.push(schema);
}

fn types<'d>(schema: &Found<'d>, flat: &mut Flat<'d>) {
    let mut types: BTreeSet<&'d str> = match schema.value.get("type") {
        Some(Value::String(kind)) => [kind.as_str()].into(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => {
            if schema.is("nullable")
                && let Some(types) = &mut flat.types
            {
                types.insert("null");
            }
            return;
        }
    };
    if schema.is("nullable") {
        types.insert("null");
    }
    flat.types = Some(match flat.types.take() {
        None => types,
        Some(before) => {
            let both: BTreeSet<&str> = before.intersection(&types).copied().collect();
            if both.is_empty() { types } else { both }
        }
    });
}
