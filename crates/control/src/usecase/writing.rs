//! A change by a caller: what is done, the row of the audit log and the answer that is kept under
//! an idempotency key are one transaction.

use architrave_store::{Answered, AuditEntry, Change};
use serde_json::Value;

use super::platform;
use crate::api::Dependencies;
use crate::call::Call;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::json;
use crate::reply::Reply;

/// A change that has begun.
pub(crate) struct Writing<'a> {
    pub(crate) change: Change,
    call: &'a Call,
    validates_only: bool,
    points_at: Option<(String, i64)>,
}

/// What was done, as the audit log has it; before and after are without secrets.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) action: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) team: Option<String>,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

impl<'a> Writing<'a> {
    /// Waits for its turn: there is one change at a time.
    pub(crate) async fn begin(
        dependencies: &'a Dependencies,
        call: &'a Call,
    ) -> Result<Self, ApiError> {
        let validates_only = call.validates_only()?;
        let change = platform(dependencies)?.change().await?;
        Ok(Self { change, call, validates_only, points_at: None })
    }

    /// Says that a service is to be as it was in a revision, so that it points at that one.
    pub(crate) fn point_at(&mut self, service: &str, revision: i64) {
        self.points_at = Some((service.to_owned(), revision));
    }

    /// The revision that a service is to point at.
    pub(crate) fn points_at(&self, service: &str) -> Option<i64> {
        self.points_at.as_ref().filter(|(of, _)| of == service).map(|(_, revision)| *revision)
    }

    /// Whether nothing will last.
    pub(crate) fn validates_only(&self) -> bool {
        self.validates_only
    }

    /// Adds a row to the audit log, of one of many things that are done at once.
    pub(crate) async fn note(&mut self, done: Done) -> Result<(), ApiError> {
        if !self.validates_only {
            self.change.record(&entry(&self.call.caller, done)).await?;
        }
        Ok(())
    }

    /// Makes it last, and gives the answer on.
    pub(crate) async fn end(mut self, done: Done, reply: Reply) -> Result<Reply, ApiError> {
        if self.validates_only {
            // Dropped, nothing has happened.
            return Ok(reply);
        }
        keep(&mut self.change, self.call, &reply).await?;
        let entry = entry(&self.call.caller, done);
        self.change.commit(entry).await?;
        if let Some(claim) = &self.call.claim {
            claim.answered();
        }
        Ok(reply)
    }
}

/// Keeps the answer under the key that was claimed.
async fn keep(change: &mut Change, call: &Call, reply: &Reply) -> Result<(), ApiError> {
    let Some(claim) = &call.claim else { return Ok(()) };
    let headers = reply.headers().into_iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_owned())).collect();
    let body = match &reply.body {
        None => String::new(),
        Some(body) => {
            let text = json::text(body).map_err(|error| ApiError::internal(error.to_string()))?;
            String::from_utf8(text).map_err(|error| ApiError::internal(error.to_string()))?
        }
    };
    let answer = Answered { status: reply.status.as_u16(), headers, body };
    change.answer_idempotency(&claim.actor, &claim.key, &claim.digest, &answer).await?;
    Ok(())
}

/// The row of the audit log of something that `caller` has done.
pub(crate) fn entry(caller: &Caller, done: Done) -> AuditEntry {
    AuditEntry {
        at: 0,
        actor: caller.actor().to_owned(),
        actor_name: caller.actor_name().to_owned(),
        via: caller.via().to_owned(),
        action: done.action,
        kind: done.kind.to_owned(),
        name: done.name,
        team: done.team,
        before: done.before,
        after: done.after,
        address: Some(caller.origin.address.to_canonical().to_string()),
        request_id: caller.origin.request_id.to_string(),
    }
}
