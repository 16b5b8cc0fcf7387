//! A value that fits a JSON schema.
//!
//! It keeps to types, `enum`, `const`, `required`, items, bounds, lengths, formats, patterns,
//! references within the schema and `allOf`, and takes the first of `anyOf` and `oneOf`. What says
//! what a value must not be (`not`, `if`, `dependentSchemas`) is not looked at, and whole numbers
//! beyond 2⁵³ are rounded.

mod number;
mod pattern;
mod text;
mod tree;
mod view;

use std::borrow::Cow;

use crate::json::Writer;

use tree::Tree;
use view::{Kind, View};

/// Deeper than this, only what must be there is; the value then ends as soon as it may.
const DEPTH_FULL: usize = 4;
/// Deeper than this, a schema that demands more of itself is not followed.
const DEPTH_MAX: usize = 32;
/// How many values are made at most: schemas that name each other could ask for any number.
const VALUES_MAX: usize = 4_096;
/// How many items a list has at most.
const ITEMS_MAX: usize = 256;

/// JSON that fits a schema; text in it is `word` where the schema does not say.
pub(super) fn of_schema(schema: &str, word: &str) -> String {
    let root = Tree::read(schema);
    let mut out = Vec::new();
    let mut sampler = Sampler { root: &root, word, values: 0 };
    sampler.value(&root, 0, 0, &mut Writer::new(&mut out));
    String::from_utf8(out).unwrap_or_default()
}

struct Sampler<'s> {
    root: &'s Tree,
    word: &'s str,
    values: usize,
}

impl<'s> Sampler<'s> {
    /// Writes a value; `nth` tells apart those that must differ.
    fn value(&mut self, schema: &'s Tree, depth: usize, nth: usize, w: &mut Writer<'_>) {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return w.null();
        }
        let view = View::of(schema, self.root, depth > DEPTH_FULL);
        if let Some(value) = view.listed(nth) {
            return value.write(w);
        }
        match view.kind(depth > DEPTH_FULL) {
            Kind::Null => w.null(),
            Kind::Truth => w.truth(nth.is_multiple_of(2)),
            Kind::Integer | Kind::Number => w.json(&number::of(&view, nth)),
            Kind::Text => w.text(&text::of(&view, self.word, nth)),
            Kind::List => self.list(&view, depth, w),
            Kind::Object => self.object(&view, depth, w),
        }
    }

    fn list(&mut self, view: &View<'s>, depth: usize, w: &mut Writer<'_>) {
        let least = view.bound("minItems", f64::max).map_or(0, |least| least as usize);
        let most = view.bound("maxItems", f64::min).map_or(ITEMS_MAX, |most| most as usize);
        let heads = view.list("prefixItems");
        let wished = if depth < DEPTH_FULL { heads.len().max(1) } else { 0 };
        let rest = view.find("items");
        let first = view.find("contains");
        let must_differ = matches!(view.find("uniqueItems"), Some(Tree::Truth(true)));
        w.array(|w| {
            for index in 0..wished.max(least).min(most).min(ITEMS_MAX) {
                let first = first.filter(|_| index == 0);
                let Some(schema) = heads.get(index).copied().or(first).or(rest) else {
                    w.text(self.word);
                    continue;
                };
                self.value(schema, depth + 1, if must_differ { index } else { 0 }, w);
            }
        });
    }

    fn object(&mut self, view: &View<'s>, depth: usize, w: &mut Writer<'_>) {
        let required = view.required();
        let properties = view.properties();
        // Which pattern a name has is not looked at: there is hardly ever more than one.
        let patterns = view.find("patternProperties").map_or(&[][..], Tree::fields);
        let of_pattern = patterns.first().map(|(_, schema)| schema);
        let rest = of_pattern.or(view.find("additionalProperties"));
        let least = view.bound("minProperties", f64::max).map_or(0, |least| least as usize);
        let known = |name: &str| properties.iter().any(|(known, _)| *known == name);
        let wished = properties.iter().map(|(name, _)| *name);
        let wished = wished.filter(|name| depth < DEPTH_FULL || required.contains(name));
        let mut names: Vec<Cow<'_, str>> = wished.map(Cow::Borrowed).collect();
        names.extend(required.iter().filter(|name| !known(name)).map(|name| Cow::Borrowed(*name)));
        let more = names.len()..least.min(ITEMS_MAX);
        names.extend(more.map(|place| Cow::Owned(format!("key{place}"))));
        w.object(|w| {
            for name in &names {
                w.name(name);
                let own = properties.iter().find(|(known, _)| known == name);
                match own.map(|(_, schema)| *schema).or(rest) {
                    Some(schema) => self.value(schema, depth + 1, 0, w),
                    None => w.text(self.word),
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
