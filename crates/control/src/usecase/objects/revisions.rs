//! Revisions: what a service was like after each change of it, of the routes to it, of its upstream
//! and of the description of its API. A service points at one of them, which is what is in force. Its
//! life is no part of them: a rollback retires nobody.

use architrave_config::object::{
    Held, Object, ObjectChange, ObjectKind, Objects, Origin, hide_secrets,
};
use architrave_store::{NewRevision, Revision};
use serde_json::{Map, Value, json};

use super::described::text_of;
use super::life;
use crate::admin::objects::time;
use crate::error::ApiError;
use crate::usecase::Writing;

/// Revisions of a service that are kept of those that were in force, beside the one that is published.
const KEPT_MAX: i64 = 100;
/// Of those that are prepared and never were.
pub(super) const PREPARED_MAX: u32 = 20;
/// Services that the change of one upstream makes revisions of: one that more share is infrastructure.
/// What is changed itself, or by a route to it, has its revision however many there are.
const SHARED_MAX: usize = 100;

/// The objects as they are with changes.
pub(super) fn with(objects: &Objects, changes: &[ObjectChange]) -> Objects {
    let mut wanted = objects.clone();
    for change in changes {
        match change {
            ObjectChange::Put(object) => {
                let held = Held { object: object.clone(), origin: Origin::Database };
                wanted.put(std::sync::Arc::new(held));
            }
            ObjectChange::Remove { kind, name } => drop(wanted.remove(*kind, name)),
        }
    }
    wanted
}

/// Adds a revision of every service that the changes are about.
pub(super) async fn note(
    writing: &mut Writing<'_>,
    (before, wanted): (&Objects, &Objects),
    changes: &[ObjectChange],
    (actor, why): (&str, &str),
) -> Result<(), ApiError> {
    for name in affected(before, wanted, changes) {
        let Some(row) = writing.change.object(ObjectKind::Service.singular(), &name).await? else {
            continue;
        };
        let Some((content, description)) = content(wanted, &name) else { continue };
        let like = writing.points_at(&name);
        let revision = writing
            .change
            .add_revision(NewRevision {
                service_id: &row.id,
                content: &content,
                description: description.as_deref(),
                actor,
                note: why,
                kept_max: KEPT_MAX,
                like,
            })
            .await?;
        // What is in use is published as it is.
        if life::is_in_use(&row.body) {
            let published = writing.change.published_revision(&row.id).await?;
            if published.is_none_or(|published| published.number != revision.number) {
                writing.change.publish_revision(&row.id, revision.number).await?;
            }
        }
    }
    Ok(())
}

/// The services that changes are about, by name.
fn affected(before: &Objects, wanted: &Objects, changes: &[ObjectChange]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for change in changes {
        let (kind, name) = change.about();
        match kind {
            ObjectKind::Service => names.push(name.to_owned()),
            ObjectKind::Route => {
                for objects in [before, wanted] {
                    if let Some(held) = objects.get(kind, name) {
                        names.extend(services_of(&held.object.body).map(str::to_owned));
                    }
                }
            }
            ObjectKind::Upstream => {
                let behind = wanted.list(ObjectKind::Service).iter();
                let behind = behind.filter(|held| upstream_of(&held.object.body) == Some(name));
                names.extend(behind.take(SHARED_MAX).map(|held| held.object.name.clone()));
            }
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The services that a route leads to.
pub(super) fn services_of(route: &Value) -> impl Iterator<Item = &str> {
    let one = route.get("service").and_then(Value::as_str);
    let several = route.get("services").and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(|it| it.get("name")?.as_str());
    one.into_iter().chain(several)
}

/// The upstream that a service leads to.
pub(super) fn upstream_of(service: &Value) -> Option<&str> {
    service.pointer("/http/upstream")?.as_str()
}

/// What a service says, with what belongs to it, and the description of its API.
pub(super) fn content(objects: &Objects, name: &str) -> Option<(Value, Option<String>)> {
    let held = objects.get(ObjectKind::Service, name)?;
    let description = text_of(&held.object.body).map(str::to_owned);
    let mut service = shown(&held.object);
    if let Value::Object(members) = &mut service {
        members.retain(|key, _| !life::KEYS.contains(&key.as_str()));
    }
    let of_database = |held: &&std::sync::Arc<Held>| held.origin == Origin::Database;
    let routes = objects.list(ObjectKind::Route).iter().filter(of_database);
    let routes = routes.filter(|held| services_of(&held.object.body).any(|one| one == name));
    let routes: Vec<Value> = routes.map(|held| shown(&held.object)).collect();
    let upstream = upstream_of(&held.object.body)
        .and_then(|upstream| objects.get(ObjectKind::Upstream, upstream))
        .filter(of_database);
    let upstreams: Vec<Value> = upstream.into_iter().map(|held| shown(&held.object)).collect();
    let content = json!({ "service": service, "routes": routes, "upstreams": upstreams });
    Some((content, description))
}

/// An object with its name first and without secrets. Whose it is is no part of it.
fn shown(object: &Object) -> Value {
    let mut body = object.body.clone();
    if let Value::Object(members) = &mut body {
        members.remove("team");
    }
    hide_secrets(object.kind, &mut body);
    super::read::named(object.kind, &object.name, body)
}

/// A revision as it is listed, with the number of the one that the service points at.
pub(super) fn listed(revision: &Revision, (latest, current): (i64, i64)) -> Value {
    json!({
        "revision": revision.number,
        "digest": revision.digest,
        "description": revision.description,
        "actor": revision.actor,
        "note": revision.note,
        "created_at": time(revision.created_at),
        "published_at": revision.published_at.map(time),
        "current_at": revision.current_at.map(time),
        "based_on": revision.based_on,
        "is_latest": revision.number == latest,
        "is_current": revision.number == current,
    })
}

/// Where two revisions differ: the places, each with how it was and is.
pub(super) fn differences(old: &Value, new: &Value) -> Vec<Value> {
    const TOLD_MAX: usize = 500;
    let mut found = Vec::new();
    let (old, new) = (by_name(old), by_name(new));
    walk(Some(&old), Some(&new), &mut String::new(), &mut found);
    found.truncate(TOLD_MAX);
    found
}

/// Lists of objects as maps by name, so that one that came shifts no other.
fn by_name(content: &Value) -> Value {
    let Value::Object(members) = content else { return content.clone() };
    let mapped = members.iter().map(|(key, value)| {
        let value = match value {
            Value::Array(items) => {
                let named = items.iter().filter_map(|item| {
                    Some((item.get("name")?.as_str()?.to_owned(), item.clone()))
                });
                Value::Object(named.collect())
            }
            value => value.clone(),
        };
        (key.clone(), value)
    });
    Value::Object(mapped.collect::<Map<_, _>>())
}

fn walk(old: Option<&Value>, new: Option<&Value>, at: &mut String, found: &mut Vec<Value>) {
    if old == new {
        return;
    }
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (old, new) {
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        for key in after.keys().chain(gone) {
            let length = at.len();
            at.push('/');
            at.push_str(&key.replace('~', "~0").replace('/', "~1"));
            walk(before.get(key), after.get(key), at, found);
            at.truncate(length);
        }
        return;
    }
    found.push(json!({ "pointer": at, "before": old, "after": new }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_place_and_lists_by_name() {
        let old = json!({ "service": { "a": 1, "b/c": 2 }, "routes": [{ "name": "r", "x": [1] }] });
        let new = json!({ "service": { "a": 1, "d": 3 }, "routes": [{ "name": "q" }, { "name": "r", "x": [2] }] });
        let told: Vec<String> =
            differences(&old, &new).iter().map(|one| one["pointer"].to_string()).collect();
        assert_eq!(
            told,
            ["\"/service/d\"", "\"/service/b~1c\"", "\"/routes/q\"", "\"/routes/r/x\""]
        );
        assert!(differences(&old, &old).is_empty());
    }

    #[test]
    fn a_change_is_about_the_services_that_it_reaches() {
        let object = |kind, name: &str, body| Object { kind, name: name.to_owned(), body };
        let held = |object| Held { object, origin: Origin::Database };
        let before = Objects::new([
            held(object(ObjectKind::Upstream, "u", json!({}))),
            held(object(
                ObjectKind::Service,
                "a",
                json!({ "http": { "upstream": "u" }, "state": "draft" }),
            )),
            held(object(ObjectKind::Service, "b", json!({ "http": { "upstream": "v" } }))),
            held(object(ObjectKind::Route, "r", json!({ "service": "a" }))),
        ]);
        let about = |change| {
            let changes = [change];
            affected(&before, &with(&before, &changes), &changes)
        };
        let put = |kind, name: &str, body| ObjectChange::Put(object(kind, name, body));
        assert_eq!(about(put(ObjectKind::Upstream, "u", json!({ "x": 1 }))), ["a"]);
        assert_eq!(about(put(ObjectKind::Route, "r", json!({ "service": "b" }))), ["a", "b"]);
        assert_eq!(about(put(ObjectKind::Service, "c", json!({}))), ["c"]);
        assert!(about(put(ObjectKind::Listener, "l", json!({}))).is_empty());
        // However many are changed at once, each is one of them; of what shares an upstream, some.
        let many: Vec<ObjectChange> = (0..150)
            .map(|at| {
                put(
                    ObjectKind::Service,
                    &format!("s{at}"),
                    json!({ "http": { "upstream": "shared" } }),
                )
            })
            .collect();
        let wanted = with(&before, &many);
        assert_eq!(affected(&before, &wanted, &many).len(), 150);
        let shared = [put(ObjectKind::Upstream, "shared", json!({ "x": 1 }))];
        assert_eq!(affected(&wanted, &wanted, &shared).len(), SHARED_MAX);
        let (content, description) = content(&before, "a").unwrap();
        assert_eq!(description, None);
        assert_eq!(content["service"], json!({ "name": "a", "http": { "upstream": "u" } }));
        assert_eq!(
            (content["routes"][0]["name"].as_str(), content["upstreams"][0]["name"].as_str()),
            (Some("r"), Some("u"))
        );
    }
}
