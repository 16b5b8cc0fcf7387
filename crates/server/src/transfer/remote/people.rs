//! Who calls by subscriptions, of a gateway that is asked.

use std::collections::{BTreeMap, HashMap};

use architrave_control::parse_rfc3339;
use serde_json::{Value, json};

use super::{Remote, encoded};
use crate::transfer::callers::{
    Application, Key, People, Subscription, Team, application_in_words, subscription_in_words,
    team_in_words,
};
use crate::transfer::tag;

/// Digests of keys that are asked for at once.
const DIGESTS_AT_ONCE: usize = 5_000;

impl Remote {
    /// Who calls by subscriptions. The digests of their keys it shows to nobody; of those that are asked
    /// for it says which it knows.
    ///
    /// # Errors
    /// As of [`Self::objects`].
    pub(in super::super) async fn people(&self, digests: &[&str]) -> anyhow::Result<People> {
        let mut tags = BTreeMap::new();
        let tagged = |shown: &Value| {
            let (id, revision) = (shown["id"].as_str()?, shown["revision"].as_i64()?);
            Some(tag(id, revision))
        };
        let text = |shown: &Value, key: &str| shown[key].as_str().map(str::to_owned);
        let is_row = |shown: &Value| shown["origin"] == "database";
        let teams = self.list("teams", "teams").await?;
        for shown in &teams {
            let name = text(shown, "name").unwrap_or_default();
            tags.extend(tagged(shown).map(|tag| (team_in_words(&name), tag)));
        }
        let teams = teams.iter().filter_map(|shown| {
            let said = |key: &str| text(shown, key).unwrap_or_default();
            let (display_name, description) = (said("display_name"), said("description"));
            let budgets = shown["budgets"].clone();
            Some((text(shown, "name")?, Team { display_name, description, budgets }))
        });
        let teams = Some(teams.collect());
        let mut emails: HashMap<String, Option<String>> = HashMap::new();
        let mut applications = BTreeMap::new();
        for shown in self.list("applications", "applications").await? {
            let Some(name) = text(&shown, "name").filter(|_| is_row(&shown)) else { continue };
            let owner = match text(&shown, "owner") {
                None => None,
                Some(id) => match emails.get(&id) {
                    Some(known) => known.clone(),
                    None => {
                        let user = self.ask(&format!("/api/v1/users/{}", encoded(&id))).await?;
                        emails.insert(id, text(&user, "email"));
                        text(&user, "email")
                    }
                },
            };
            let description = text(&shown, "description").unwrap_or_default();
            let (team, keys) = (text(&shown, "team"), BTreeMap::new());
            tags.extend(tagged(&shown).map(|tag| (application_in_words(&name), tag)));
            applications.insert(name, Application { description, team, owner, keys });
        }
        let mut subscriptions = BTreeMap::new();
        for state in ["pending", "active", "suspended"] {
            let path = format!("subscriptions?state={state}");
            for shown in self.list(&path, "subscriptions").await? {
                let names = (text(&shown, "application"), text(&shown, "plan"));
                let (Some(application), Some(plan)) = names else { continue };
                let answers = Some(shown["answers"].as_object().cloned().unwrap_or_default());
                let (since, reason) = (text(&shown, "created_at"), text(&shown, "reason"));
                let state = state.to_owned();
                let subscription = Subscription { state, reason, answers, since };
                if is_row(&shown) {
                    let called = subscription_in_words(&application, &plan);
                    tags.extend(tagged(&shown).map(|tag| (called, tag)));
                    subscriptions.insert((application, plan), subscription);
                }
            }
        }
        let mut people = People {
            teams,
            applications: Some(applications),
            subscriptions: Some(subscriptions),
            tags,
            ..People::default()
        };
        self.find_keys(&mut people, digests).await?;
        Ok(people)
    }

    /// Notes which of some keys it knows.
    async fn find_keys(&self, people: &mut People, digests: &[&str]) -> anyhow::Result<()> {
        let path = "/api/v1/credentials:find";
        for some in digests.chunks(DIGESTS_AT_ONCE) {
            let body = json!({ "sha256": some }).to_string();
            let found = self.post(path, &body).await?;
            let found = found
                .map_err(|refusal| anyhow::anyhow!("POST {path}: {}: {refusal}", refusal.status))?;
            for shown in found["credentials"].as_array().into_iter().flatten() {
                let text = |key: &str| shown[key].as_str().map(str::to_owned);
                let Some(digest) = text("sha256") else { continue };
                if shown["has_ended"] == Value::Bool(true) {
                    people.ended.insert(digest);
                    continue;
                }
                let key = Key {
                    name: text("name"),
                    prefix: text("prefix").unwrap_or_default(),
                    last4: text("last4").unwrap_or_default(),
                    expires_at: text("expires_at").as_deref().and_then(parse_rfc3339),
                };
                let application = text("application").unwrap_or_default();
                let all = people.applications.as_mut();
                if let Some(application) = all.and_then(|all| all.get_mut(&application)) {
                    application.keys.insert(digest, key);
                }
            }
        }
        Ok(())
    }
}
