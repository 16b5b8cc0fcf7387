//! Keys that applications are to have, known by their digests. They come, are called otherwise and end
//! sooner; none is taken away, none that has ended comes back, and none ends later than it did.

use std::collections::HashMap;

use architrave_config::digest_of_hex;
use architrave_store::{Application, Credential, NewCredential, Page, StoreError};

use super::callers::{Callers, read_time};
use super::told::Told;
use super::wanted::WantedKey;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::usecase::credentials;

/// Keys of an application that are looked at at once.
const ROWS_AT_ONCE: u32 = 1_000;

/// A key as it was sent, read.
struct Key {
    secret_hash: [u8; 32],
    name: Option<String>,
    expires_at: Option<i64>,
}

impl Callers<'_, '_> {
    /// Makes the keys of an application so.
    pub(super) async fn keys(
        &mut self,
        application: &Application,
        wanted: &[WantedKey],
        told: &mut Told,
    ) -> Result<(), ApiError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let now = self.writing.change.at();
        let mut known = self.known(application).await?;
        let is_living = |key: &&Credential| {
            key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now)
        };
        let mut living =
            i64::try_from(known.values().filter(is_living).count()).unwrap_or(i64::MAX);
        for (at, sent) in wanted.iter().enumerate() {
            let pointer = format!("/keys/{at}");
            let key = sent.read().map_err(|refusal| refusal.below(&pointer))?;
            if let Some(there) = known.get_mut(&key.secret_hash) {
                if is_living(&&*there) {
                    self.change_key(application, there, &key, told).await?;
                }
                continue;
            }
            if key.expires_at.is_some_and(|end| end <= now) {
                continue;
            }
            // What the file was written from may be older than the end of the key.
            if self.writing.change.has_ended(&key.secret_hash).await? {
                continue;
            }
            credentials::check_room(living).map_err(|refusal| {
                let fault = Fault::at(pointer.clone(), refusal.message().to_owned());
                refusal.with_faults(vec![fault])
            })?;
            living += 1;
            let new = NewCredential {
                application: application.id.clone(),
                name: key.name.unwrap_or_else(|| "key".to_owned()),
                secret_hash: key.secret_hash,
                prefix: sent.prefix.clone(),
                last4: sent.last4.clone(),
                expires_at: key.expires_at,
            };
            let made = self.writing.change.insert_credential(new).await;
            let made = made.map_err(|error| match error {
                StoreError::Taken(_) => {
                    let message = "another application has this key already";
                    ApiError::new(Code::NameTaken, message)
                        .with_faults(vec![Fault::at(pointer, message)])
                }
                other => other.into(),
            })?;
            let done = credentials::done("create_credential", application, None, Some(&made));
            told.add(self.writing, (&application.name, "create"), done).await?;
            known.insert(made.secret_hash, made);
        }
        Ok(())
    }

    /// Every key that an application has or had, by its digest.
    async fn known(
        &mut self,
        application: &Application,
    ) -> Result<HashMap<[u8; 32], Credential>, ApiError> {
        let (mut known, mut page) = (HashMap::new(), Page::first(ROWS_AT_ONCE));
        loop {
            let (rows, next) = self.writing.change.credentials_of(&application.id, &page).await?;
            known.extend(rows.into_iter().map(|key| (key.secret_hash, key)));
            match next {
                Some(after) => page.after = Some(after),
                None => return Ok(known),
            }
        }
    }

    async fn change_key(
        &mut self,
        application: &Application,
        there: &mut Credential,
        key: &Key,
        told: &mut Told,
    ) -> Result<(), ApiError> {
        let before = there.clone();
        if let Some(name) = key.name.as_deref().filter(|name| *name != there.name) {
            self.writing.change.rename_credential(there, name).await?;
        }
        let is_sooner = |end: &i64| there.expires_at.is_none_or(|is| *end < is);
        if let Some(end) = key.expires_at.filter(is_sooner) {
            self.writing.change.end_credential(there, end).await?;
        }
        if *there == before {
            return Ok(());
        }
        let before = Some(credentials::body(&before));
        let done = credentials::done("update_credential", application, before, Some(there));
        told.add(self.writing, (&application.name, "update"), done).await
    }
}

impl WantedKey {
    fn read(&self) -> Result<Key, ApiError> {
        let Some(secret_hash) = digest_of_hex(&self.sha256) else {
            let message = "expected a SHA-256 digest of 64 hexadecimal digits";
            return Err(ApiError::value_fault("/sha256", message));
        };
        let name = self.name.clone();
        let name = name.map(|name| credentials::checked_name(Some(name))).transpose()?;
        let fits = |text: &str, max: usize| {
            text.chars().count() <= max && !text.chars().any(char::is_control)
        };
        if !fits(&self.prefix, 16) || !fits(&self.last4, 4) {
            let message = "what a key begins and ends with is short";
            return Err(ApiError::value_fault("/prefix", message));
        }
        let expires_at = self.expires_at.as_deref();
        let expires_at = expires_at.map(|text| read_time(text, "/expires_at")).transpose()?;
        Ok(Key { secret_hash, name, expires_at })
    }
}
