//! A value that fits a schema: the same each time, as small as tells what it is, and never without
//! an end.

use serde_json::{Map, Value, json};

use crate::description::{Description, Found};
use crate::schema::{Additional, Flat, flat, marks};

/// Values in one sample; then lists and optional properties stay empty.
const VALUES_MAX: usize = 2000;
/// Values after which there is `null`, whatever is asked for.
const VALUES_HARD_MAX: usize = 4 * VALUES_MAX;
/// Deeper, what may be left out is.
const DEPTH_SOFT: usize = 8;
/// Deeper, there is `null`, whatever is asked for.
const DEPTH_MAX: usize = 24;
/// Letters and elements that a bound can ask for.
const LENGTH_MAX: usize = 1000;

/// A sample of the schema at a pointer of a description; `None` where there is none.
#[must_use]
pub fn sample(description: &Description, pointer: &str) -> Option<Value> {
    description.at(pointer).map(|schema| of(description, schema))
}

/// A sample of a schema.
pub(super) fn of(description: &Description, schema: Found<'_>) -> Value {
    Sampler { description, values: 0, way: Vec::new() }.value(schema, 0)
}

struct Sampler<'d> {
    description: &'d Description,
    values: usize,
    /// The schemas that this one is within, to see that one comes again.
    way: Vec<String>,
}

impl<'d> Sampler<'d> {
    fn value(&mut self, schema: Found<'d>, depth: usize) -> Value {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_HARD_MAX {
            return Value::Null;
        }
        let Some(target) = self.description.resolved(schema.clone()) else { return Value::Null };
        let length = self.way.len();
        self.way.push(target.pointer.clone());
        let told = flat(self.description, schema);
        let value = self.told(&told, depth);
        self.way.truncate(length);
        value
    }

    fn told(&mut self, told: &Flat<'d>, depth: usize) -> Value {
        if let Some(example) = told.keyword("example") {
            return example.clone();
        }
        if let Some(Value::Array(examples)) = told.keyword("examples")
            && let Some(example) = examples.first()
        {
            return example.clone();
        }
        if let Some(default) = told.keyword("default") {
            return default.clone();
        }
        if let Some(values) = &told.values {
            return values.first().map_or(Value::Null, |value| (*value).clone());
        }
        let takes = |kind: &str| told.types.as_ref().is_some_and(|types| types.contains(kind));
        let is_object = takes("object") || told.types.is_none() && !told.properties.is_empty();
        let chosen = self.alternative(told, depth);
        if is_object || chosen.as_ref().is_some_and(Value::is_object) {
            let mut value = self.object(told, depth);
            if let (Some(Value::Object(chosen)), Value::Object(members)) = (chosen, &mut value) {
                members.extend(chosen);
            }
            return value;
        }
        if let Some(chosen) = chosen {
            return chosen;
        }
        if takes("array") || told.types.is_none() && told.items.is_some() {
            return self.list(told, depth);
        }
        match () {
            () if takes("string") => text(told),
            () if takes("integer") => number(told, true),
            () if takes("number") => number(told, false),
            () if takes("boolean") => Value::Bool(true),
            () if told.types.is_none() && told.text("format").is_some() => text(told),
            () if takes("null") => Value::Null,
            () => json!({}),
        }
    }

    /// One of `oneOf` or `anyOf`: the first that does not lead back, and is not only `null`.
    fn alternative(&mut self, told: &Flat<'d>, depth: usize) -> Option<Value> {
        let all: Vec<Found<'d>> = told.one_of.iter().chain(&told.any_of).cloned().collect();
        let leads_on = |found: &Found<'d>| {
            let target = self.description.resolved(found.clone());
            target.is_some_and(|target| {
                !self.way.contains(&target.pointer) && target.text("type") != Some("null")
            })
        };
        let chosen = all.iter().find(|found| leads_on(found)).or_else(|| all.last())?.clone();
        Some(self.value(chosen, depth + 1))
    }

    fn object(&mut self, told: &Flat<'d>, depth: usize) -> Value {
        let mut members = Map::new();
        for (name, property) in &told.properties {
            let is_required = told.required.contains(name);
            let target = self.description.resolved(property.clone());
            let comes_again = target.is_some_and(|target| self.way.contains(&target.pointer));
            let is_spare = comes_again || depth >= DEPTH_SOFT || self.values >= VALUES_MAX;
            if is_spare && !is_required {
                continue;
            }
            if marks(self.description, property).is_write_only {
                continue;
            }
            members.insert((*name).to_owned(), self.value(property.clone(), depth + 1));
        }
        for name in &told.required {
            if !members.contains_key(*name) && told.property(name).is_none() {
                members.insert((*name).to_owned(), json!("string"));
            }
        }
        if members.is_empty()
            && depth < DEPTH_SOFT
            && self.values < VALUES_MAX
            && let Additional::Of(property) = &told.additional
        {
            members.insert("key".to_owned(), self.value(property.clone(), depth + 1));
        }
        Value::Object(members)
    }

    fn list(&mut self, told: &Flat<'d>, depth: usize) -> Value {
        let wanted = told.bound("minItems").map_or(1, |least| whole(least).max(1));
        let at_most = told.bound("maxItems").map_or(usize::MAX, whole);
        let Some(items) = &told.items else { return json!([]) };
        let target = self.description.resolved(items.clone());
        let comes_again = target.is_some_and(|target| self.way.contains(&target.pointer));
        let may_be_empty = told.bound("minItems").is_none_or(|least| least <= 0.0);
        if may_be_empty && (comes_again || depth >= DEPTH_SOFT || self.values >= VALUES_MAX) {
            return json!([]);
        }
        let count = wanted.min(at_most).min(LENGTH_MAX);
        let is_unique = told.is("uniqueItems");
        let mut list: Vec<Value> = Vec::new();
        for at in 0..count {
            if self.values >= VALUES_MAX {
                break;
            }
            let value = self.value(items.clone(), depth + 1);
            let unlike = if is_unique && list.contains(&value) { unlike(value, at) } else { value };
            list.push(unlike);
        }
        Value::Array(list)
    }
}

/// Another value of the same sort.
fn unlike(value: Value, at: usize) -> Value {
    match value {
        Value::String(text) => Value::String(format!("{text}{at}")),
        Value::Number(number) => match number.as_i64() {
            Some(number) => json!(number.saturating_add(i64::try_from(at).unwrap_or(0))),
            None => json!(number.as_f64().unwrap_or(0.0) + 1.0),
        },
        value => value,
    }
}

fn whole(bound: f64) -> usize {
    bound.clamp(0.0, LENGTH_MAX as f64) as usize
}

fn text(told: &Flat<'_>) -> Value {
    let text = match told.text("format") {
        Some("date-time") => "2026-01-01T12:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "12:00:00Z",
        Some("duration") => "PT1H",
        Some("uuid") => "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        Some("email" | "idn-email") => "user@example.com",
        Some("uri" | "url" | "iri") => "https://example.com/",
        Some("uri-reference" | "iri-reference") => "/path",
        Some("hostname" | "idn-hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("byte") => "U3RyaW5n",
        Some("json-pointer") => "/path",
        Some("regex") => "^a+$",
        _ => "string",
    };
    // What a pattern asks for is not made up; an `example` says it.
    let least = told.bound("minLength").map_or(0, whole);
    let most = told.bound("maxLength").map_or(usize::MAX, whole);
    let mut text: String = text.chars().take(most).collect();
    while text.chars().count() < least {
        text.push('x');
    }
    Value::String(text)
}

fn number(told: &Flat<'_>, is_whole: bool) -> Value {
    let step = told.bound("multipleOf").filter(|step| *step > 0.0);
    let unit = step.unwrap_or(if is_whole { 1.0 } else { 0.5 });
    let least = told.bound("minimum");
    let over = told.bound("exclusiveMinimum");
    let most = told.bound("maximum");
    let below = told.bound("exclusiveMaximum");
    // In 3.0, the keyword is true or false, and says it of the other one.
    let is_over = told.keyword("exclusiveMinimum") == Some(&Value::Bool(true));
    let is_below = told.keyword("exclusiveMaximum") == Some(&Value::Bool(true));
    let mut number = if is_whole { 1.0 } else { 1.5 };
    if let Some(step) = step {
        number = step;
    }
    let floor = match (least, over) {
        (Some(least), None) if is_over => Some(next(least, unit, true)),
        (Some(least), _) => Some(next(least, unit, false)),
        (None, Some(over)) => Some(next(over, unit, true)),
        (None, None) => None,
    };
    if let Some(floor) = floor.filter(|floor| number < *floor) {
        number = floor;
    }
    let ceiling = match (most, below) {
        (Some(most), None) if is_below => Some(most - unit),
        (Some(most), _) => Some(most),
        (None, Some(below)) => Some(below - unit),
        (None, None) => None,
    };
    if let Some(ceiling) = ceiling.filter(|ceiling| number > *ceiling) {
        // Between two bounds that are close, the middle fits where no step does.
        number = match floor {
            Some(floor) if floor <= ceiling => floor,
            Some(_) => least.or(over).map_or(ceiling, |low| f64::midpoint(low, ceiling + unit)),
            None => step.map_or(ceiling, |step| (ceiling / step).floor() * step),
        };
    }
    if is_whole {
        let whole = number as i64;
        return json!(whole);
    }
    json!(number)
}

/// The first multiple of `unit` from `bound` on, or behind it.
fn next(bound: f64, unit: f64, is_over: bool) -> f64 {
    let steps = (bound / unit).ceil();
    let next = steps * unit;
    if is_over && next <= bound { next + unit } else { next }
}
