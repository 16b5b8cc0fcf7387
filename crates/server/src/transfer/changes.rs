//! What becomes of what is there: as it is told to people, and as it is sent, in one request or, where a
//! gateway takes no body of that length, in several.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use anyhow::ensure;
use architrave_config::object::canonical;
use ring::digest::{Context as Digest, SHA256};
use serde_json::{Value, json};

use super::callers::{self, Other};
use super::difference::{Difference, Fate};
use super::options::ApplyOptions;
use super::remote::Seen;

/// Characters of a base: nobody chooses what it is of.
const BASE_CHARS: usize = 16;

/// What becomes of what is there.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    /// Teams that things belong to and that are not there.
    pub(super) teams: Vec<String>,
    pub(super) objects: Vec<Difference>,
    pub(super) others: Vec<Other>,
    /// The `ETag` of everybody who calls that is there, by what they are called in words.
    pub(super) tags: BTreeMap<String, String>,
    /// What the file says and is not made so.
    pub(super) left_alone: Vec<String>,
}

impl Changes {
    /// Leaves what the file does not have.
    pub(super) fn keep_what_is_there(&mut self) {
        self.objects.retain(|one| one.fate != Fate::Remove);
        self.others.retain(|one| one.fate() != Fate::Remove);
    }

    pub(super) fn count(&self) -> usize {
        self.teams.len() + self.objects.len() + self.others.len()
    }

    /// What tells how everything was that was looked at.
    pub(super) fn base(&self, seen: &Seen) -> String {
        let of_objects =
            seen.tags.iter().map(|((kind, name), tag)| format!("{kind} {name} {tag}\n"));
        let of_others = self.tags.iter().map(|(words, tag)| format!("{words} {tag}\n"));
        let mut lines: Vec<String> = of_objects.chain(of_others).collect();
        lines.sort_unstable();
        let mut digest = Digest::new(&SHA256);
        lines.iter().for_each(|line| digest.update(line.as_bytes()));
        let digest = digest.finish();
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        hex.chars().take(BASE_CHARS).collect()
    }

    /// What the operation that applies is told: one body, or several that follow each other, each of at
    /// most so many bytes. What is not of applications stays together in the first.
    ///
    /// # Errors
    /// That one of them cannot be made that short.
    pub(super) fn bodies(
        &self,
        seen: &Seen,
        options: &ApplyOptions,
        bytes_max: usize,
    ) -> anyhow::Result<Vec<String>> {
        Ok(self.parts(seen, options, bytes_max)?.iter().map(Value::to_string).collect())
    }

    /// What the operation is told so that it says what would come of it, and writes nothing: the
    /// bodies of [`Self::bodies`], of which each after the first has what is in the first as well,
    /// since it is to be judged with that.
    ///
    /// # Errors
    /// As of [`Self::bodies`].
    pub(super) fn trials(
        &self,
        seen: &Seen,
        options: &ApplyOptions,
        bytes_max: usize,
    ) -> anyhow::Result<Vec<String>> {
        let parts = self.parts(seen, options, bytes_max)?;
        let Some((first, others)) = parts.split_first() else { return Ok(Vec::new()) };
        let trials = others.iter().map(|part| with_first(first, part).to_string());
        Ok(std::iter::once(first.to_string()).chain(trials).collect())
    }

    fn parts(
        &self,
        seen: &Seen,
        options: &ApplyOptions,
        bytes_max: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let whole = self.body(seen, options);
        match whole.to_string().len() <= bytes_max {
            true => Ok(vec![whole]),
            false => split(whole, bytes_max),
        }
    }

    fn body(&self, seen: &Seen, options: &ApplyOptions) -> Value {
        let objects = self.objects.iter().map(|Difference { object, fate, .. }| {
            let (kind, name) = (object.kind, &object.name);
            let config = match fate {
                Fate::Remove => Value::Null,
                Fate::Create | Fate::Update => canonical(object),
            };
            let mut body = json!({
                "kind": kind.singular(),
                "name": name,
                "team": object.body.get("team").filter(|_| *fate != Fate::Remove),
                "config": config,
            });
            match seen.tags.get(&(kind, name.clone())) {
                Some(tag) => body["if_match"] = tag.clone().into(),
                None => body["if_none_match"] = "*".into(),
            }
            body
        });
        let [mut teams, applications, subscriptions] = callers::bodies(&self.others, &self.tags);
        teams.extend(self.teams.iter().map(|name| json!({ "name": name })));
        json!({
            "teams": teams,
            "objects": objects.collect::<Vec<_>>(),
            "applications": applications,
            "subscriptions": subscriptions,
            "override": options.is_override,
            "end_subscriptions": options.ends_subscriptions,
            "reason": options.reason,
            "source": options.file.to_string_lossy(),
        })
    }
}

/// Cuts a body between applications: what ends, teams and objects come first, then the others, each
/// with its keys and its subscriptions.
fn split(mut whole: Value, bytes_max: usize) -> anyhow::Result<Vec<Value>> {
    let mut list = |key: &str| match whole[key].take() {
        Value::Array(all) => all,
        _ => Vec::new(),
    };
    let (teams, objects) = (list("teams"), list("objects"));
    let (gone, applications): (Vec<Value>, Vec<Value>) =
        list("applications").into_iter().partition(|one| one["gone"] == Value::Bool(true));
    let (over, subscriptions): (Vec<Value>, Vec<Value>) =
        list("subscriptions").into_iter().partition(|one| one["state"] == "cancelled");
    let common = json!({ "reason": whole["reason"], "source": whole["source"] });
    let mut first = common.clone();
    first["teams"] = teams.into();
    first["objects"] = objects.into();
    first["applications"] = gone.into();
    first["subscriptions"] = over.into();
    for key in ["override", "end_subscriptions"] {
        first[key] = whole[key].clone();
    }
    let length = first.to_string().len();
    ensure!(
        length <= bytes_max,
        "teams and objects are {} bytes, and one request has at most {bytes_max}: apply them in \
         parts, from files with some of them each, or to the database itself",
        length
    );
    let mut units: Vec<Unit> = Vec::with_capacity(applications.len());
    let mut places: HashMap<String, usize> = HashMap::new();
    let name = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for one in applications {
        places.insert(name(&one["name"]), units.len());
        units.push(Unit { application: Some(one), subscriptions: Vec::new() });
    }
    for one in subscriptions {
        let place = *places.entry(name(&one["application"])).or_insert_with(|| {
            units.push(Unit { application: None, subscriptions: Vec::new() });
            units.len() - 1
        });
        units[place].subscriptions.push(one);
    }
    let mut parts = vec![first];
    let (mut part, mut bytes) = (Part::default(), 0_usize);
    let room = bytes_max.saturating_sub(common.to_string().len() + 256);
    for unit in units {
        let length = unit.bytes();
        ensure!(length <= room, "one application is {length} bytes, more than one request has");
        if bytes + length > room {
            parts.push(std::mem::take(&mut part).body(&common));
            bytes = 0;
        }
        bytes += length;
        part.add(unit);
    }
    if bytes > 0 {
        parts.push(part.body(&common));
    }
    Ok(parts)
}

/// A part of several together with the first of them.
fn with_first(first: &Value, part: &Value) -> Value {
    let mut both = first.clone();
    for key in ["applications", "subscriptions"] {
        if let (Value::Array(all), Value::Array(more)) = (&mut both[key], &part[key]) {
            all.extend(more.iter().cloned());
        }
    }
    both
}

/// An application with what goes along.
struct Unit {
    application: Option<Value>,
    subscriptions: Vec<Value>,
}

impl Unit {
    fn bytes(&self) -> usize {
        let all = self.application.iter().chain(&self.subscriptions);
        // With the comma after each.
        all.map(|one| one.to_string().len() + 1).sum()
    }
}

/// One body of several.
#[derive(Default)]
struct Part {
    applications: Vec<Value>,
    subscriptions: Vec<Value>,
}

impl Part {
    fn add(&mut self, unit: Unit) {
        self.applications.extend(unit.application);
        self.subscriptions.extend(unit.subscriptions);
    }

    fn body(self, common: &Value) -> Value {
        let mut body = common.clone();
        body["applications"] = self.applications.into();
        body["subscriptions"] = self.subscriptions.into();
        body
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for team in &self.teams {
            writeln!(formatter, "+ team {team}")?;
        }
        for one in &self.objects {
            writeln!(formatter, "{one}")?;
        }
        for one in &self.others {
            writeln!(formatter, "{one}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_between_applications_and_loses_nothing() {
        let name = |at: usize| format!("app-{at:03}");
        let applications: Vec<Value> = (0..100).map(|at| json!({ "name": name(at) })).collect();
        let mut all = applications.clone();
        all.push(json!({ "name": "old", "gone": true }));
        let plan = |at: usize, plan: &str, state: &str| json!({ "application": name(at), "plan": plan, "state": state });
        let mut subscriptions: Vec<Value> = (0..101).map(|at| plan(at, "gold", "active")).collect();
        subscriptions.push(plan(7, "slow", "pending"));
        subscriptions.push(plan(8, "old", "cancelled"));
        let whole = json!({
            "teams": [{ "name": "blue" }],
            "objects": [{ "kind": "plan", "name": "gold" }],
            "applications": all,
            "subscriptions": subscriptions,
            "override": true,
            "end_subscriptions": true,
            "reason": "r",
            "source": "s",
        });
        let parts = split(whole.clone(), 1_000).expect("they fit");
        assert!(parts.len() > 5 && parts.iter().all(|part| part.to_string().len() <= 1_000));
        let tried = with_first(&parts[0], &parts[2]);
        let count = |body: &Value, key: &str| body[key].as_array().map_or(0, Vec::len);
        assert_eq!((&tried["objects"], &tried["override"]), (&whole["objects"], &json!(true)));
        for key in ["applications", "subscriptions"] {
            assert_eq!(count(&tried, key), count(&parts[0], key) + count(&parts[2], key));
        }
        assert_eq!(parts[0]["applications"], json!([{ "name": "old", "gone": true }]));
        assert_eq!(parts[0]["subscriptions"][0]["plan"], "old");
        assert_eq!((&parts[0]["teams"], &parts[0]["override"]), (&whole["teams"], &json!(true)));
        let list = |part: &Value, key: &str| part[key].as_array().cloned().unwrap_or_default();
        let sent: Vec<Value> =
            parts[1..].iter().flat_map(|part| list(part, "applications")).collect();
        assert_eq!(sent, applications);
        let count: usize = parts.iter().map(|part| list(part, "subscriptions").len()).sum();
        assert_eq!(count, subscriptions.len());
        for part in &parts[1..] {
            assert_eq!(part["source"], "s");
            for one in list(part, "subscriptions") {
                let is_here = |application: &Value| application["name"] == one["application"];
                let is_elsewhere = one["application"] == "app-100";
                assert!(is_elsewhere || list(part, "applications").iter().any(is_here), "{one}");
            }
        }
        assert!(split(whole, 100).is_err(), "what does not fit is said");
    }
}
