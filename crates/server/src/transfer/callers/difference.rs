//! What differs between those who are there and those who are wanted, for people.

use std::collections::BTreeMap;
use std::fmt;

use architrave_config::budgets_of;
use serde_json::Value;

use super::{
    Application, Key, People, Subscription, Team, application_in_words, is_living,
    subscription_in_words, team_in_words, time,
};
use crate::transfer::difference::Fate;

/// One team, application or subscription that differs.
#[derive(Clone, Debug)]
pub(in super::super) enum Other {
    Team { name: String, wanted: Team, fate: Fate, places: Vec<String> },
    Application { name: String, wanted: Application, fate: Fate, places: Vec<String> },
    Subscription { of: (String, String), wanted: Subscription, fate: Fate, places: Vec<String> },
}

impl Other {
    pub(in super::super) const fn fate(&self) -> Fate {
        match self {
            Self::Team { fate, .. }
            | Self::Application { fate, .. }
            | Self::Subscription { fate, .. } => *fate,
        }
    }

    /// What it is called in words.
    pub(in super::super) fn in_words(&self) -> String {
        match self {
            Self::Team { name, .. } => team_in_words(name),
            Self::Application { name, .. } => application_in_words(name),
            Self::Subscription { of: (application, plan), .. } => {
                subscription_in_words(application, plan)
            }
        }
    }

    fn places(&self) -> &[String] {
        match self {
            Self::Team { places, .. }
            | Self::Application { places, .. }
            | Self::Subscription { places, .. } => places,
        }
    }
}

impl fmt::Display for Other {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.fate().sign(), self.in_words())?;
        self.places().iter().try_for_each(|place| write!(formatter, "\n    {place}"))
    }
}

/// What must become of those who are `held` so that they are those that are `wanted`, at a time in
/// microseconds UTC. Of what nothing is said nothing becomes, and no key and no team is ever taken
/// away.
pub(in super::super) fn between(held: &People, wanted: &People, now: i64) -> Vec<Other> {
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
        let there = held.applications.as_ref().unwrap_or(&none);
        for (name, wanted) in wanted {
            let (fate, places) = match there.get(name) {
                None => (Fate::Create, Vec::new()),
                Some(one) => {
                    let mut places = places(one, wanted);
                    places.extend(places_of_keys((held, one), wanted, now));
                    (Fate::Update, places)
                }
            };
            if fate == Fate::Create || !places.is_empty() {
                let (name, wanted) = (name.clone(), wanted.clone());
                others.push(Other::Application { name, wanted, fate, places });
            }
        }
        for (name, held) in there.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            let (name, wanted, places) = (name.clone(), held.clone(), Vec::new());
            others.push(Other::Application { name, wanted, fate: Fate::Remove, places });
        }
    }
    if let Some(wanted) = &wanted.subscriptions {
        let none = BTreeMap::new();
        let held = held.subscriptions.as_ref().unwrap_or(&none);
        let living = wanted.iter().filter(|(_, wanted)| is_living(&wanted.state));
        for (of, wanted) in living {
            let (fate, places) = match held.get(of) {
                None => (Fate::Create, Vec::new()),
                Some(held) => (Fate::Update, places_of_subscription(held, wanted)),
            };
            if fate == Fate::Create || !places.is_empty() {
                let (of, wanted) = (of.clone(), wanted.clone());
                others.push(Other::Subscription { of, wanted, fate, places });
            }
        }
        let is_wanted =
            |of: &(String, String)| wanted.get(of).is_some_and(|wanted| is_living(&wanted.state));
        for (of, held) in held.iter().filter(|(of, _)| !is_wanted(of)) {
            let (of, wanted, places) = (of.clone(), held.clone(), Vec::new());
            others.push(Other::Subscription { of, wanted, fate: Fate::Remove, places });
        }
    }
    others
}

/// What a file says of keys and is not made so, in sentences: none that has ended is brought back, and
/// none ends later than it does.
pub(in super::super) fn left_alone(held: &People, wanted: &People, now: i64) -> Vec<String> {
    let (mut ended, mut sooner) = (0_usize, 0_usize);
    let no_applications = BTreeMap::new();
    let there = held.applications.as_ref().unwrap_or(&no_applications);
    for (name, application) in wanted.applications.iter().flatten() {
        for (digest, key) in &application.keys {
            let is = there.get(name).and_then(|there| there.keys.get(digest));
            if is.is_none() && held.ended.contains(digest) && !is_past(key, now) {
                ended += 1;
            }
            let end = is.and_then(|is| is.expires_at);
            if end.is_some_and(|end| key.expires_at.is_none_or(|later| later > end)) {
                sooner += 1;
            }
        }
    }
    let mut said = Vec::new();
    match ended {
        0 => {}
        1 => said.push("1 key of the file has ended there and is not brought back".to_owned()),
        count => {
            said.push(format!("{count} keys of the file have ended there and are not brought back"))
        }
    }
    match sooner {
        0 => {}
        1 => said.push("1 key ends sooner there than in the file, and so it stays".to_owned()),
        count => {
            said.push(format!("{count} keys end sooner there than in the file, and so it stays"))
        }
    }
    said
}

fn is_past(key: &Key, now: i64) -> bool {
    key.expires_at.is_some_and(|end| end <= now)
}

/// A change from one text to another; nothing is no text.
fn change(key: &str, before: Option<&str>, after: Option<&str>) -> String {
    let text = |text: Option<&str>| Value::from(text).to_string();
    format!("/{key}: {} → {}", text(before), text(after))
}

fn places_of_team(held: &Team, wanted: &Team) -> Vec<String> {
    let mut places = Vec::new();
    for (key, before, after) in [
        ("display_name", &held.display_name, &wanted.display_name),
        ("description", &held.description, &wanted.description),
    ] {
        if before != after {
            places.push(change(key, Some(before), Some(after)));
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
        places.push(change("description", Some(&held.description), Some(&wanted.description)));
    }
    // Of a file that does not say whose it is, it stays whose it was.
    let says_whose = wanted.team.is_some() || wanted.owner.is_some();
    for (key, before, after) in
        [("team", &held.team, &wanted.team), ("owner", &held.owner, &wanted.owner)]
    {
        let is_same = match (before, after) {
            (Some(before), Some(after)) => before.eq_ignore_ascii_case(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        if says_whose && !is_same {
            places.push(change(key, before.as_deref(), after.as_deref()));
        }
    }
    places
}

/// Where keys differ that are there, and which would come.
fn places_of_keys(
    (people, held): (&People, &Application),
    wanted: &Application,
    now: i64,
) -> Vec<String> {
    let mut places = Vec::new();
    for (digest, key) in &wanted.keys {
        let Some(is) = held.keys.get(digest) else {
            // What has ended, here or there, does not come.
            if !is_past(key, now) && !people.ended.contains(digest) {
                places.push(format!("/credentials: one more key, `{}`", key.called()));
            }
            continue;
        };
        let at = |place: &str| format!("credentials/{}/{place}", is.called());
        if key.name.is_some() && key.name != is.name {
            places.push(change(&at("name"), is.name.as_deref(), key.name.as_deref()));
        }
        let sooner = key.expires_at.filter(|end| is.expires_at.is_none_or(|is| *end < is));
        if let Some(end) = sooner {
            let before = is.expires_at.map(time);
            places.push(change(&at("expires_at"), before.as_deref(), Some(&time(end))));
        }
    }
    places
}

fn places_of_subscription(held: &Subscription, wanted: &Subscription) -> Vec<String> {
    let mut places = Vec::new();
    if held.state != wanted.state {
        places.push(format!("/state: {} → {}", held.state, wanted.state));
    }
    if let Some(answers) = &wanted.answers {
        let none = serde_json::Map::new();
        let before = held.answers.as_ref().unwrap_or(&none);
        if before != answers {
            let (before, after) = (Value::from(before.clone()), Value::from(answers.clone()));
            places.push(format!("/answers: {before} → {after}"));
        }
    }
    places
}
