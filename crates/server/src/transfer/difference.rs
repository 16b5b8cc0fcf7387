//! What differs between two sets of objects, for people: which objects come, go or change, and where
//! within them. No secret is told.

use std::fmt;

use architrave_config::object::{
    Held, Object, ObjectKind, Objects, canonical, hide_secrets, secret_pointers,
};
use serde_json::{Value, json};

/// What becomes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Create,
    Update,
    Remove,
}

impl Fate {
    /// The sign before it.
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Remove => '-',
        }
    }
}

/// One object that differs.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// As it is wanted; as it is, where it is to go.
    pub(super) object: Object,
    pub(super) fate: Fate,
    /// Of one that changes, where, and how it was and is to be.
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    pointer: String,
    before: String,
    after: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, Object { kind, name, .. }) = (self.fate.sign(), &self.object);
        write!(formatter, "{sign} {kind} {name}")?;
        for Place { pointer, before, after } in &self.places {
            write!(formatter, "\n    {pointer}: {before} → {after}")?;
        }
        Ok(())
    }
}

/// What must become of the objects that are `held` so that they are those that are `wanted`, in the
/// order of kinds, then names.
pub(super) fn between(held: &Objects, wanted: &Objects) -> Vec<Difference> {
    let mut differences = Vec::new();
    for one in wanted.iter() {
        let object = &one.object;
        match held.get(object.kind, &object.name) {
            None => differences.push(difference(object, Fate::Create)),
            Some(other) => {
                // Of a file that does not say whose it is, it stays whose it was.
                let says_whose = object.body.get("team").is_some();
                let team = other.object.body.get("team").filter(|_| !says_whose);
                let object = match team.and_then(Value::as_str) {
                    Some(team) => &object.clone().of_team(Some(team)),
                    None => object,
                };
                let places = places(&other.object, object);
                if !places.is_empty() {
                    differences.push(Difference { places, ..difference(object, Fate::Update) });
                }
            }
        }
    }
    let is_gone = |object: &Object| {
        wanted.get(object.kind, &object.name).is_none() && !comes_along(held, wanted, object)
    };
    let gone = held.iter().map(|one| &one.object).filter(|object| is_gone(object));
    differences.extend(gone.map(|object| difference(object, Fate::Remove)));
    differences.sort_by(|one, other| {
        let key =
            |difference: &Difference| (difference.object.kind, difference.object.name.clone());
        key(one).cmp(&key(other))
    });
    differences
}

/// Whether it is the product that a service got when it was published alone: it stays as long as the
/// service does, and nobody needs to write it down.
fn comes_along(held: &Objects, wanted: &Objects, object: &Object) -> bool {
    let name = &object.name;
    let is_alone = object.kind == ObjectKind::Product
        && object.body.get("services") == Some(&json!([name]))
        && wanted.get(ObjectKind::Service, name).is_some();
    let of_it = |held: &&std::sync::Arc<Held>| {
        held.object.body.get("product").and_then(Value::as_str) == Some(name)
    };
    is_alone && !held.list(ObjectKind::Plan).iter().any(|held| of_it(&held))
}

fn difference(object: &Object, fate: Fate) -> Difference {
    Difference { object: object.clone(), fate, places: Vec::new() }
}

/// Where two objects differ.
fn places(before: &Object, after: &Object) -> Vec<Place> {
    let (mut one, mut other) = (canonical(before), canonical(after));
    let mut places = Vec::new();
    for pointer in secret_pointers(after.kind, &other) {
        let (before, after) = (one.pointer(&pointer), other.pointer(&pointer));
        // One that is hidden may be any.
        let is_same = before == after || before.is_some_and(Value::is_object);
        if !is_same && before.is_some() {
            let (before, after) = ("a secret".to_owned(), "another secret".to_owned());
            places.push(Place { pointer, before, after });
        }
    }
    // As long as it is, nobody wants to read it here.
    let (before_text, after_text) = (description(&one), description(&other));
    if let (Some(before), Some(after)) = (before_text, after_text)
        && before != after
    {
        let (before, after) = ("a description".to_owned(), "another description".to_owned());
        places.push(Place { pointer: DESCRIPTION.to_owned(), before, after });
    }
    hide_secrets(before.kind, &mut one);
    hide_secrets(after.kind, &mut other);
    compare(&one, &other, &mut String::new(), &mut places);
    places
}

/// Where a service has the description of its API.
const DESCRIPTION: &str = "/api/text";

fn description(body: &Value) -> Option<&str> {
    body.pointer(DESCRIPTION)?.as_str()
}

fn compare(one: &Value, other: &Value, pointer: &mut String, places: &mut Vec<Place>) {
    let length = pointer.len();
    match (one, other) {
        (Value::Object(before), Value::Object(after)) => {
            let added = after.keys().filter(|key| !before.contains_key(*key));
            for key in before.keys().chain(added) {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                pointer.push('/');
                pointer.push_str(&escaped);
                let nothing = &Value::Null;
                let (before, after) = (before.get(key), after.get(key));
                compare(before.unwrap_or(nothing), after.unwrap_or(nothing), pointer, places);
                pointer.truncate(length);
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (place, (before, after)) in before.iter().zip(after).enumerate() {
                pointer.push_str(&format!("/{place}"));
                compare(before, after, pointer, places);
                pointer.truncate(length);
            }
        }
        _ if one == other => {}
        _ => {
            let shown = |value: &Value| match value {
                Value::Null => "nothing".to_owned(),
                value => value.to_string(),
            };
            let pointer = pointer.clone();
            places.push(Place { pointer, before: shown(one), after: shown(other) });
        }
    }
}

#[cfg(test)]
mod tests {
    use architrave_config::object::Origin;

    use super::*;

    fn objects(all: &[(ObjectKind, &str, Value)]) -> Objects {
        Objects::new(all.iter().map(|(kind, name, body)| {
            let object = Object { kind: *kind, name: (*name).to_owned(), body: body.clone() };
            Held { object, origin: Origin::Database }
        }))
    }

    fn told(held: &[(ObjectKind, &str, Value)], wanted: &[(ObjectKind, &str, Value)]) -> String {
        let all = between(&objects(held), &objects(wanted));
        all.iter().map(|one| format!("{one}\n")).collect()
    }

    #[test]
    fn what_comes_goes_and_changes_is_told_with_its_place() {
        let app = |weight: Value| {
            let endpoints = json!([{ "address": "127.0.0.1:1", "weight": weight }]);
            (ObjectKind::Upstream, "app", json!({ "name": "app", "endpoints": endpoints }))
        };
        let service = (ObjectKind::Service, "s", json!({ "http": { "upstream": "app" } }));
        let old = (ObjectKind::Service, "old", json!({ "http": { "upstream": "app" } }));
        assert_eq!(told(&[app(json!(1))], &[app(json!(1))]), "");
        assert_eq!(told(&[app(json!("1"))], &[app(json!(1))]), "", "written in another way");
        assert_eq!(
            told(&[app(json!(1)), old], &[app(json!(2)), service]),
            "~ upstream app\n    /endpoints/0/weight: 1 → 2\n- service old\n+ service s\n"
        );
    }

    #[test]
    fn the_product_of_a_service_that_was_published_alone_stays_with_it() {
        let service = (ObjectKind::Service, "s", json!({ "http": { "upstream": "app" } }));
        let own = (ObjectKind::Product, "s", json!({ "services": ["s"] }));
        let plan = (ObjectKind::Plan, "gold", json!({ "product": "s" }));
        let all = [service.clone(), own.clone()];
        assert_eq!(told(&all, std::slice::from_ref(&service)), "");
        assert_eq!(told(&all, &[]), "- service s\n- product s\n");
        let offered = [service.clone(), own, plan];
        assert_eq!(told(&offered, &[service]), "- product s\n- plan gold\n");
    }

    #[test]
    fn secrets_differ_without_being_told() {
        let consumer = |key: &str| {
            let body = json!({ "credentials": [{ "api_key": key }] });
            (ObjectKind::Consumer, "c", body)
        };
        assert_eq!(
            told(&[consumer("k-one")], &[consumer("k-two")]),
            "~ consumer c\n    /credentials/0/api_key: a secret → another secret\n"
        );
        assert_eq!(told(&[consumer("k-one")], &[consumer("k-one")]), "");
    }
}
