//! Who calls by subscriptions, of a database.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context;
use architrave_config::digest_of_hex;
use architrave_store::{Page, Store, SubscriptionFilter};

use super::{
    Application, Key, People, Subscription, Team, application_in_words, hex, is_living,
    subscription_in_words, team_in_words, time,
};
use crate::transfer::tag;

/// Rows that are read at once.
const PAGE_SIZE: u32 = 1_000;

impl People {
    /// Those of a database. Keys that have ended, and subscriptions that are over, are history.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(in super::super) async fn of_store(store: &Store) -> anyhow::Result<Self> {
        let mut tags = BTreeMap::new();
        let mut teams = BTreeMap::new();
        let mut page = Page::first(PAGE_SIZE);
        loop {
            let (rows, next) = store.teams(&page).await?;
            teams.extend(rows.into_iter().map(|row| {
                tags.insert(team_in_words(&row.name), tag(&row.id, row.revision));
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
                tags.insert(application_in_words(&row.name), tag(&row.id, row.revision));
                names.insert(row.id, row.name.clone());
                let (description, team) = (row.description, row.team);
                let keys = BTreeMap::new();
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
                    name: Some(row.name),
                    prefix: row.prefix,
                    last4: row.last4,
                    expires_at: row.expires_at,
                };
                if let Some(of) = of {
                    of.keys.insert(hex(&row.secret_hash), key);
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
                let called = subscription_in_words(&row.application_name, &row.plan);
                tags.insert(called, tag(&row.id, row.revision));
                let answers = Some(row.answers.as_object().cloned().unwrap_or_default());
                let (since, reason) = (Some(time(row.created_at)), Some(row.reason));
                let subscription = Subscription { state: row.state, reason, answers, since };
                subscriptions.insert((row.application_name, row.plan), subscription);
            }
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        let (applications, subscriptions) = (Some(applications), Some(subscriptions));
        let ended = BTreeSet::new();
        Ok(Self { teams: Some(teams), applications, subscriptions, tags, ended })
    }

    /// Notes which of some keys have ended in a database.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(in super::super) async fn note_ended(
        &mut self,
        store: &Store,
        digests: &[&str],
    ) -> anyhow::Result<()> {
        let digests = digests.iter().map(|text| digest_of_hex(text).context("a digest"));
        let digests = digests.collect::<anyhow::Result<Vec<[u8; 32]>>>()?;
        let now = store.now();
        for known in store.known_keys(&digests).await? {
            let has_ended = known.held.is_none_or(|(key, _)| {
                key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= now)
            });
            if has_ended {
                self.ended.insert(hex(&known.secret_hash));
            }
        }
        Ok(())
    }
}
