//! Who calls by subscriptions, of a gateway file and for one.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use architrave_config::object::Callers;
use architrave_control::parse_rfc3339;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Application, Key, MADE_HERE, People, Subscription, Team, hex};

/// A key that is shorter than this would be half told by its end.
const KEY_CHARS_MIN: usize = 20;

impl People {
    /// Those of a file, as bodies.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(in super::super) fn of_file(callers: &Callers) -> anyhow::Result<Self> {
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
                let answers = body.get("answers").and_then(Value::as_object).cloned();
                let (since, reason) = (text("since"), text("reason"));
                Ok(((application, plan), Subscription { state, reason, answers, since }))
            };
            all.iter().map(of).collect::<anyhow::Result<BTreeMap<_, _>>>()
        });
        Ok(Self {
            teams: teams.transpose()?,
            applications: applications.transpose()?,
            subscriptions: subscriptions.transpose()?,
            ..Self::default()
        })
    }

    /// The same in the form of the file; and the names of applications with keys that are left out,
    /// as their digests would tell too much.
    pub(in super::super) fn written(&self, with_all_keys: bool) -> (Callers, Vec<String>) {
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
                let keys = application.keys.iter();
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
                if let Some(reason) = subscription.reason.as_ref().filter(|it| !it.is_empty()) {
                    body["reason"] = reason.clone().into();
                }
                if let Some(answers) = subscription.answers.as_ref().filter(|it| !it.is_empty()) {
                    body["answers"] = Value::Object(answers.clone());
                }
                body
            };
            all.iter().map(body).collect()
        });
        (Callers { teams, applications, subscriptions }, left_out)
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
            let known = Key { name: None, prefix: String::new(), last4, expires_at: None };
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
        let end = text("expires_at");
        let expires_at = end.map(|end| {
            parse_rfc3339(&end).with_context(|| format!("{name}: {end:?} is no time of RFC 3339"))
        });
        let expires_at = expires_at.transpose()?;
        let known = Key {
            name: text("name"),
            prefix: text("prefix").unwrap_or_default(),
            last4: text("last4").unwrap_or_default(),
            expires_at,
        };
        keys.insert(digest.to_ascii_lowercase(), known);
    }
    let description = text("description").unwrap_or_default();
    let (team, owner) = (text("team"), text("owner"));
    Ok((name, Application { description, team, owner, keys }))
}
