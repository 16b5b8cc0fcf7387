//! What takes long with a description is done before anybody's turn to write: it is read, and held
//! against what is there and what is published. Within the turn all of it is found done, unless
//! somebody else was quicker; then it is done again there, and is right.

use std::sync::Arc;

use architrave_config::object::ObjectKind;
use architrave_config::{ApiDescription, ApiUse};
use architrave_openapi::{Description, Difference};
use serde_json::Value;

use super::described::{at_hand, compared, text_of};
use crate::api::Dependencies;
use crate::error::ApiError;
use crate::time::moment;

/// What was done ahead, for as long as this is held.
pub(super) struct Ahead {
    compiled: Vec<Arc<dyn ApiDescription>>,
    read: Vec<Arc<Description>>,
    differences: Vec<Arc<Difference>>,
}

impl Ahead {
    /// Looks ahead at a service that is to have a description; `is_mock` says whether it is answered
    /// from it.
    pub(super) async fn of(
        dependencies: &Dependencies,
        name: &str,
        (text, is_mock): (&str, bool),
    ) -> Result<Self, ApiError> {
        let mut ahead = Self { compiled: Vec::new(), read: Vec::new(), differences: Vec::new() };
        ahead.read.extend(at_hand(Some(text)).await?);
        let wanted = if is_mock { ApiUse::Answers } else { ApiUse::Operations };
        let compiled = dependencies.desired.read_ahead(text.into(), wanted).await;
        ahead.compiled.extend(compiled);
        let Some(platform) = &dependencies.platform else { return Ok(ahead) };
        let store = platform.store();
        let Some(before) = store.object(ObjectKind::Service.singular(), name).await? else {
            return Ok(ahead);
        };
        let mut others: Vec<String> =
            text_of(&before.body).map(str::to_owned).into_iter().collect();
        if let Some(digest) =
            store.published_revision(&before.id).await?.and_then(|revision| revision.description)
            && let Some(published) = store.description(&digest).await?
            && !others.contains(&published)
        {
            others.push(published);
        }
        let now = moment(store.now());
        for other in others.iter().filter(|other| *other != text) {
            ahead.read.extend(at_hand(Some(other)).await?);
            ahead.differences.push(compared(other, text, now).await?);
        }
        Ok(ahead)
    }

    /// The same of a whole body that may have one.
    pub(super) async fn of_body(
        dependencies: &Dependencies,
        (kind, name): (ObjectKind, &str),
        body: &Value,
    ) -> Result<Option<Self>, ApiError> {
        let Some(text) = text_of(body).filter(|_| kind == ObjectKind::Service) else {
            return Ok(None);
        };
        let is_mock = body.pointer("/http/mock").is_some();
        Self::of(dependencies, name, (text, is_mock)).await.map(Some)
    }
}
