//! Who calls by subscriptions, and the teams that it all belongs to, as a command sees them: of a
//! database, of a gateway that is asked, of a file; and what differs between two of them.
//!
//! Keys are known by their digests alone. One that the gateway has made is 160 random bits, of which
//! a digest tells nobody anything; one that somebody has thought of can be guessed from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use anyhow::{Context, bail};
use architrave_config::budgets_of;
use architrave_config::object::Callers;
use architrave_store::{Page, Store, SubscriptionFilter};
use architrave_telemetry::stamp::rfc3339;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};
use std::time::{Duration, UNIX_EPOCH};

use super::difference::Fate;

/// What keys begin with that the gateway has made.
const MADE_HERE: &str = "arc_key_";

/// Rows that are read at once.
const PAGE_SIZE: u32 = 1_000;

/// A key that is shorter than this would be half told by its end.
const KEY_CHARS_MIN: usize = 20;

/// Who calls by subscriptions; a part of which nothing is said is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    pub(super) teams: Option<BTreeMap<String, Team>>,
    pub(super) applications: Option<BTreeMap<String, Application>>,
    /// By application and plan.
    pub(super) subscriptions: Option<BTreeMap<(String, String), Subscription>>,
}

/// A team, but for who is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Team {
    pub(super) display_name: String,
    pub(super) description: String,
    /// A list, in the words of the file.
    pub(super) budgets: Value,
}

/// An application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Application {
    pub(super) description: String,
    pub(super) team: Option<String>,
    /// An e-mail address.
    pub(super) owner: Option<String>,
    /// By digest; `None` where they are not shown.
    pub(super) keys: Option<BTreeMap<String, Key>>,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    name: String,
    prefix: String,
    last4: String,
    /// RFC 3339.
    expires_at: Option<String>,
}

/// A subscription that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) state: String,
    pub(super) answers: Map<String, Value>,
    /// When it began, in RFC 3339.
    pub(super) since: Option<String>,
}

/// One team, application or subscription that differs.
#[derive(Clone, Debug)]
pub(super) enum Other {
    Team { name: String, wanted: Team, fate: Fate, places: Vec<String> },
    Application { name: String, wanted: Application, fate: Fate, places: Vec<String> },
    Subscription { of: (String, String), wanted: Subscription, fate: Fate, before: Option<String> },
}

impl Other {
    pub(super) const fn fate(&self) -> Fate {
        match self {
            Self::Team { fate, .. }
            | Self::Application { fate, .. }
            | Self::Subscription { fate, .. } => *fate,
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Team { name, fate, places, .. }
            | Self::Application { name, fate, places, .. } => {
                let kind = if matches!(self, Self::Team { .. }) { "team" } else { "application" };
                write!(formatter, "{} {kind} {name}", fate.sign())?;
                for place in places {
                    write!(formatter, "\n    {place}")?;
                }
                Ok(())
            }
            Self::Subscription { of: (application, plan), wanted, fate, before } => {
                write!(formatter, "{} subscription {application} to {plan}", fate.sign())?;
                match before {
                    Some(before) => write!(formatter, "\n    /state: {before} → {}", wanted.state),
                    None => Ok(()),
                }
            }
        }
    }
}

impl People {
    /// Those of a database. Keys that have ended, and subscriptions that are over, are history.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) async fn of_store(store: &Store) -> anyhow::Result<Self> {
        let mut teams = BTreeMap::new();
        let mut page = Page::first(PAGE_SIZE);
        loop {
            let (rows, next) = store.teams(&page).await?;
            teams.extend(rows.into_iter().map(|row| {
                let (display_name, description) = (row.display_name, row.description);
                (row.name, Team { display_name, description, budgets: row.budgets })
            }));
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        let mut names: HashMap<String, String> = HashMap::new();
        let mut owners: HashMap<String, Option<String>> = HashMap::new();
        let mut applications = BTreeMap::new();
        let mut page = Page::first(PAGE_SIZE);
        loop {
            let (rows, next) = store.applications(&page).await?;
            for row in rows {
                let owner = match &row.owner {
                    None => None,
                    Some(id) => match owners.get(id) {
                        Some(known) => known.clone(),
                        None => {
                            let email = store.user(id).await?.map(|user| user.email);
                            owners.insert(id.clone(), email.clone());
                            email
                        }
                    },
                };
                names.insert(row.id, row.name.clone());
                let (description, team) = (row.description, row.team);
                let keys = Some(BTreeMap::new());
                applications.insert(row.name, Application { description, team, owner, keys });
            }
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        let now = store.now();
        let mut page = Page::first(PAGE_SIZE);
        loop {
            let (rows, next) = store.credentials(&page).await?;
            for row in rows.into_iter().filter(|row| row.expires_at.is_none_or(|end| end > now)) {
                let of = names.get(&row.application).and_then(|name| applications.get_mut(name));
                let key = Key {
                    name: row.name,
                    prefix: row.prefix,
                    last4: row.last4,
                    expires_at: row.expires_at.map(time),
                };
                if let Some(keys) = of.and_then(|of| of.keys.as_mut()) {
                    keys.insert(hex(&row.secret_hash), key);
                }
            }
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        let mut subscriptions = BTreeMap::new();
        let mut page = Page::first(PAGE_SIZE);
        loop {
            let (rows, next) = store.subscriptions(&SubscriptionFilter::default(), &page).await?;
            for row in rows.into_iter().filter(|row| is_living(&row.state)) {
                let answers = row.answers.as_object().cloned().unwrap_or_default();
                let since = Some(time(row.created_at));
                let subscription = Subscription { state: row.state, answers, since };
                subscriptions.insert((row.application_name, row.plan), subscription);
            }
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        let (applications, subscriptions) = (Some(applications), Some(subscriptions));
        Ok(Self { teams: Some(teams), applications, subscriptions })
    }

    /// Those of a file, as bodies.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn of_file(callers: &Callers) -> anyhow::Result<Self> {
        let teams = callers.teams.as_ref().map(|all| {
            let of = |body| team_of(body).context("teams");
            all.iter().map(of).collect::<anyhow::Result<BTreeMap<_, _>>>()
        });
        let applications = callers.applications.as_ref().map(|all| {
            let of = |body| of_body(body).context("applications");
            all.iter().map(of).collect::<anyhow::Result<BTreeMap<_, _>>>()
        });
        let subscriptions = callers.subscriptions.as_ref().map(|all| {
            let of = |body: &Value| {
                let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
                let (Some(application), Some(plan)) = (text("application"), text("plan")) else {
                    bail!("subscriptions: each has an `application` and a `plan`");
                };
                let state = text("state").unwrap_or_else(|| "active".to_owned());
                let answers = body.get("answers").and_then(Value::as_object);
                let answers = answers.cloned().unwrap_or_default();
                let since = text("since");
                Ok(((application, plan), Subscription { state, answers, since }))
            };
            all.iter().map(of).collect::<anyhow::Result<BTreeMap<_, _>>>()
        });
        Ok(Self {
            teams: teams.transpose()?,
            applications: applications.transpose()?,
            subscriptions: subscriptions.transpose()?,
        })
    }

    /// The same in the form of the file; and the names of applications with keys that are left out,
    /// as their digests would tell too much.
    pub(super) fn written(&self, with_all_keys: bool) -> (Callers, Vec<String>) {
        let teams = self.teams.as_ref().map(|all| {
            let body = |(name, team): (&String, &Team)| {
                let mut body = json!({ "name": name });
                if team.display_name != *name {
                    body["display_name"] = team.display_name.clone().into();
                }
                if !team.description.is_empty() {
                    body["description"] = team.description.clone().into();
                }
                if team.budgets.as_array().is_some_and(|budgets| !budgets.is_empty()) {
                    body["budgets"] = team.budgets.clone();
                }
                body
            };
            all.iter().map(body).collect()
        });
        let mut left_out = Vec::new();
        let applications = self.applications.as_ref().map(|all| {
            let body = |(name, application): (&String, &Application)| {
                let mut body = json!({ "name": name });
                let mut put = |key: &str, value: Value| body[key] = value;
                if !application.description.is_empty() {
                    put("description", application.description.clone().into());
                }
                if let Some(team) = &application.team {
                    put("team", team.clone().into());
                }
                if let Some(owner) = &application.owner {
                    put("owner", owner.clone().into());
                }
                let keys = application.keys.iter().flatten();
                let (told, hidden): (Vec<_>, Vec<_>) =
                    keys.partition(|(_, key)| with_all_keys || key.prefix == MADE_HERE);
                if !hidden.is_empty() {
                    left_out.push(name.clone());
                }
                if !told.is_empty() {
                    let told = told
                        .into_iter()
                        .map(|(digest, key)| json!({ "api_key_hash": key.body(digest) }));
                    put("credentials", told.collect());
                }
                body
            };
            all.iter().map(body).collect()
        });
        let subscriptions = self.subscriptions.as_ref().map(|all| {
            let body = |((application, plan), subscription): (&(String, String), &Subscription)| {
                let mut body = json!({ "application": application, "plan": plan });
                if subscription.state != "active" {
                    body["state"] = subscription.state.clone().into();
                }
                if let Some(since) = &subscription.since {
                    body["since"] = since.clone().into();
                }
                if !subscription.answers.is_empty() {
                    body["answers"] = Value::Object(subscription.answers.clone());
                }
                body
            };
            all.iter().map(body).collect()
        });
        (Callers { teams, applications, subscriptions }, left_out)
    }

    /// The teams that applications belong to.
    pub(super) fn teams(&self) -> BTreeSet<&str> {
        let applications = self.applications.iter().flat_map(BTreeMap::values);
        applications.filter_map(|application| application.team.as_deref()).collect()
    }
}

impl Key {
    fn body(&self, digest: &str) -> Value {
        let mut body = json!({
            "sha256": digest,
            "name": self.name,
            "prefix": self.prefix,
            "last4": self.last4,
        });
        if let Some(end) = &self.expires_at {
            body["expires_at"] = end.clone().into();
        }
        body
    }
}

fn team_of(body: &Value) -> anyhow::Result<(String, Team)> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").context("each has a `name`")?;
    let team = Team {
        display_name: text("display_name").unwrap_or_else(|| name.clone()),
        description: text("description").unwrap_or_default(),
        budgets: body.get("budgets").cloned().unwrap_or_else(|| json!([])),
    };
    Ok((name, team))
}

fn of_body(body: &Value) -> anyhow::Result<(String, Application)> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").context("each has a `name`")?;
    let mut keys = BTreeMap::new();
    for credential in body.get("credentials").and_then(Value::as_array).into_iter().flatten() {
        if let Some(key) = credential.get("api_key").and_then(Value::as_str) {
            let chars = key.chars().count();
            let end = key.chars().skip(chars.saturating_sub(4));
            let last4 = if chars < KEY_CHARS_MIN { String::new() } else { end.collect() };
            let (name, prefix) = ("key".to_owned(), String::new());
            let known = Key { name, prefix, last4, expires_at: None };
            keys.insert(hex(digest(&SHA256, key.as_bytes()).as_ref()), known);
            continue;
        }
        let hash = credential.get("api_key_hash");
        let text = |key: &str| {
            let text = hash.and_then(|hash| hash.get(key)).and_then(Value::as_str);
            text.map(str::to_owned)
        };
        let Some(digest) = text("sha256") else {
            bail!("{name}: a credential is an `api_key` or an `api_key_hash` with `sha256`");
        };
        let known = Key {
            name: text("name").unwrap_or_else(|| "key".to_owned()),
            prefix: text("prefix").unwrap_or_default(),
            last4: text("last4").unwrap_or_default(),
            expires_at: text("expires_at"),
        };
        keys.insert(digest.to_ascii_lowercase(), known);
    }
    let description = text("description").unwrap_or_default();
    let (team, owner) = (text("team"), text("owner"));
    Ok((name, Application { description, team, owner, keys: Some(keys) }))
}

/// What must become of those who are `held` so that they are those that are `wanted`. Of what
/// nothing is said nothing becomes, and no key and no team is ever taken away.
pub(super) fn between(held: &People, wanted: &People) -> Vec<Other> {
    let mut others = Vec::new();
    let no_teams = BTreeMap::new();
    let held_teams = held.teams.as_ref().unwrap_or(&no_teams);
    for (name, wanted) in wanted.teams.iter().flatten() {
        let (fate, places) = match held_teams.get(name) {
            None => (Fate::Create, Vec::new()),
            Some(held) => (Fate::Update, places_of_team(held, wanted)),
        };
        if fate == Fate::Create || !places.is_empty() {
            let (name, wanted) = (name.clone(), wanted.clone());
            others.push(Other::Team { name, wanted, fate, places });
        }
    }
    if let Some(wanted) = &wanted.applications {
        let none = BTreeMap::new();
        let held = held.applications.as_ref().unwrap_or(&none);
        for (name, wanted) in wanted {
            let (fate, places) = match held.get(name) {
                None => (Fate::Create, Vec::new()),
                Some(held) => (Fate::Update, places(held, wanted)),
            };
            if fate == Fate::Create || !places.is_empty() {
                let (name, wanted) = (name.clone(), wanted.clone());
                others.push(Other::Application { name, wanted, fate, places });
            }
        }
        for (name, held) in held.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            let (name, wanted) = (name.clone(), held.clone());
            others.push(Other::Application {
                name,
                wanted,
                fate: Fate::Remove,
                places: Vec::new(),
            });
        }
    }
    if let Some(wanted) = &wanted.subscriptions {
        let none = BTreeMap::new();
        let held = held.subscriptions.as_ref().unwrap_or(&none);
        let living = wanted.iter().filter(|(_, wanted)| is_living(&wanted.state));
        for (of, wanted) in living.clone() {
            let (fate, before) = match held.get(of) {
                None => (Fate::Create, None),
                Some(held) if held.state == wanted.state => continue,
                Some(held) => (Fate::Update, Some(held.state.clone())),
            };
            let (of, wanted) = (of.clone(), wanted.clone());
            others.push(Other::Subscription { of, wanted, fate, before });
        }
        let is_wanted =
            |of: &(String, String)| wanted.get(of).is_some_and(|wanted| is_living(&wanted.state));
        for (of, held) in held.iter().filter(|(of, _)| !is_wanted(of)) {
            let (of, wanted) = (of.clone(), held.clone());
            others.push(Other::Subscription { of, wanted, fate: Fate::Remove, before: None });
        }
    }
    others
}

fn places_of_team(held: &Team, wanted: &Team) -> Vec<String> {
    let mut places = Vec::new();
    for (key, before, after) in [
        ("display_name", &held.display_name, &wanted.display_name),
        ("description", &held.description, &wanted.description),
    ] {
        if before != after {
            let text = |text: &str| Value::from(text).to_string();
            places.push(format!("/{key}: {} → {}", text(before), text(after)));
        }
    }
    // One amount can be written in several ways.
    let is_same = match (budgets_of(&held.budgets), budgets_of(&wanted.budgets)) {
        (Ok(held), Ok(wanted)) => held == wanted,
        _ => held.budgets == wanted.budgets,
    };
    if !is_same {
        places.push(format!("/budgets: {} → {}", held.budgets, wanted.budgets));
    }
    places
}

fn places(held: &Application, wanted: &Application) -> Vec<String> {
    let mut places = Vec::new();
    if held.description != wanted.description {
        let text = |text: &str| Value::from(text).to_string();
        let (before, after) = (text(&held.description), text(&wanted.description));
        places.push(format!("/description: {before} → {after}"));
    }
    // Of a file that does not say whose it is, it stays whose it was.
    let says_whose = wanted.team.is_some() || wanted.owner.is_some();
    for (key, before, after) in
        [("team", &held.team, &wanted.team), ("owner", &held.owner, &wanted.owner)]
    {
        if says_whose && before != after {
            let text = |text: &Option<String>| Value::from(text.clone()).to_string();
            places.push(format!("/{key}: {} → {}", text(before), text(after)));
        }
    }
    if let (Some(held), Some(wanted)) = (&held.keys, &wanted.keys) {
        let new = wanted.iter().filter(|(digest, _)| !held.contains_key(*digest));
        places.extend(new.map(|(_, key)| format!("/credentials: one more key, `{}`", key.name)));
    }
    places
}

/// What the operation that applies is told of them: teams, applications, subscriptions.
pub(super) fn bodies(others: &[Other]) -> [Vec<Value>; 3] {
    let (mut teams, mut applications, mut subscriptions) = (Vec::new(), Vec::new(), Vec::new());
    for other in others {
        match other {
            Other::Team { name, wanted, .. } => teams.push(json!({
                "name": name,
                "display_name": wanted.display_name,
                "description": wanted.description,
                "budgets": wanted.budgets,
            })),
            Other::Application { name, fate: Fate::Remove, .. } => {
                applications.push(json!({ "name": name, "gone": true }));
            }
            Other::Application { name, wanted, .. } => {
                let keys = wanted.keys.iter().flatten().map(|(digest, key)| key.body(digest));
                applications.push(json!({
                    "name": name,
                    "description": wanted.description,
                    "team": wanted.team,
                    "owner": wanted.owner,
                    "keys": keys.collect::<Vec<_>>(),
                }));
            }
            Other::Subscription { of: (application, plan), wanted, fate, .. } => {
                let state = if *fate == Fate::Remove { "cancelled" } else { &wanted.state };
                subscriptions.push(json!({
                    "application": application,
                    "plan": plan,
                    "state": state,
                    "answers": wanted.answers,
                    "since": wanted.since,
                }));
            }
        }
    }
    [teams, applications, subscriptions]
}

fn is_living(state: &str) -> bool {
    matches!(state, "pending" | "active" | "suspended")
}

fn time(micros: i64) -> String {
    rfc3339(UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(file: Value) -> People {
        let list = |key: &str| file.get(key).and_then(Value::as_array).cloned();
        let callers = Callers {
            teams: list("teams"),
            applications: list("applications"),
            subscriptions: list("subscriptions"),
        };
        People::of_file(&callers).expect("it is well-formed")
    }

    fn told(held: &Value, wanted: &Value) -> String {
        let others = between(&people(held.clone()), &people(wanted.clone()));
        others.iter().map(|other| format!("{other}\n")).collect()
    }

    #[test]
    fn what_comes_goes_and_changes_is_told_and_keys_only_come() {
        let held = json!({
            "applications": [
                { "name": "tills", "credentials": [{ "api_key": "k-one" }, { "api_key": "k-two" }] },
                { "name": "old" },
            ],
            "subscriptions": [
                { "application": "tills", "plan": "gold" },
                { "application": "old", "plan": "gold" },
            ],
        });
        let wanted = json!({
            "applications": [
                { "name": "tills", "description": "at the door", "credentials": [{ "api_key": "k-three" }] },
                { "name": "new" },
            ],
            "subscriptions": [
                { "application": "tills", "plan": "gold", "state": "suspended" },
                { "application": "old", "plan": "gold", "state": "cancelled" },
                { "application": "new", "plan": "gold" },
            ],
        });
        assert_eq!(told(&held, &held), "");
        assert_eq!(
            told(&held, &wanted),
            "+ application new\n\
             ~ application tills\n    /description: \"\" → \"at the door\"\n    \
             /credentials: one more key, `key`\n\
             - application old\n\
             + subscription new to gold\n\
             ~ subscription tills to gold\n    /state: active → suspended\n\
             - subscription old to gold\n"
        );
        // A file that says nothing of them takes nothing away.
        assert_eq!(told(&held, &json!({})), "");
    }

    #[test]
    fn teams_come_and_change_and_never_go() {
        let held = json!({ "teams": [
            { "name": "blue", "budgets": [{ "money": "5 USD", "per": "day" }] },
            { "name": "red" },
        ] });
        let wanted = json!({ "teams": [
            { "name": "blue", "display_name": "Blue", "budgets": [{ "money": "5.00 USD", "per": "day" }] },
            { "name": "green", "budgets": [{ "tokens": 5, "per": "day" }] },
        ] });
        assert_eq!(told(&held, &held), "");
        assert_eq!(
            told(&held, &wanted),
            "~ team blue\n    /display_name: \"blue\" → \"Blue\"\n+ team green\n"
        );
        let less = told(&held, &json!({ "teams": [{ "name": "blue" }] }));
        assert!(less.starts_with("~ team blue\n    /budgets: [{"), "{less}");
        assert!(less.ends_with("}] → []\n"), "{less}");
        let (written, _) = people(wanted.clone()).written(false);
        assert_eq!(json!({ "teams": written.teams }), wanted);
    }

    #[test]
    fn only_keys_of_which_a_digest_tells_nothing_are_written() {
        let digest = "ab".repeat(32);
        let file = json!({ "applications": [{
            "name": "tills",
            "credentials": [
                { "api_key": "guess-me" },
                { "api_key_hash": { "sha256": digest, "name": "main", "prefix": MADE_HERE, "last4": "wxyz" } },
            ],
        }] });
        let (written, left_out) = people(file.clone()).written(false);
        assert_eq!(left_out, ["tills"]);
        let written = written.applications.expect("something is said");
        assert_eq!(written[0]["credentials"].as_array().map(Vec::len), Some(1));
        assert_eq!(written[0]["credentials"][0]["api_key_hash"]["sha256"], digest);
        let (all, left_out) = people(file).written(true);
        assert!(left_out.is_empty());
        let all = all.applications.expect("something is said");
        assert_eq!(all[0]["credentials"].as_array().map(Vec::len), Some(2));
        assert!(!all[0].to_string().contains("guess-me"));
    }
}
