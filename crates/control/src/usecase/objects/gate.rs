//! The gate before callers: what breaks those of the description that is published is not
//! published over it, unless whoever does so says why.

use architrave_config::major;
use architrave_config::object::{ObjectKind, Objects};
use architrave_openapi::BreakingChange;
use architrave_store::ObjectRow;
use serde_json::{Value, json};

use super::described::{compare, text_of};
use super::life::is_in_use;
use crate::code::Code;
use crate::error::{ApiError, Fault};
use crate::usecase::Writing;

/// Changes that are told in a refusal, and kept in the audit log.
const TOLD_MAX: usize = 100;

/// That what breaks is published all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Override {
    /// Whether it is.
    pub(crate) is_given: bool,
    /// Why.
    pub(crate) reason: Option<String>,
}

impl Override {
    /// Refuses one without a reason.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let has_reason = self.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if self.is_given && !has_reason {
            let message = "whoever publishes what breaks callers says why: `reason`";
            return Err(ApiError::value_fault("/reason", message));
        }
        Ok(())
    }
}

/// A service as it is to be.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// As it is.
    pub(super) before: Option<&'a ObjectRow>,
    pub(super) name: &'a str,
    pub(super) team: Option<&'a str>,
    pub(super) body: &'a Value,
}

/// What services would break of what callers have, of one change of many.
#[derive(Default)]
pub(super) struct Broken(Vec<Breaks>);

/// What one service would break.
struct Breaks {
    service: String,
    /// Whether the body that was sent is the service itself, so that places need no name with them.
    is_own: bool,
    may_override: bool,
    changes: Vec<BreakingChange>,
}

impl Broken {
    /// Looks at one service that is to be in use, and keeps what it breaks.
    pub(super) async fn add(
        &mut self,
        writing: &mut Writing<'_>,
        objects: &Objects,
        wanted: Wanted<'_>,
        (is_own, may_override): (bool, bool),
    ) -> Result<(), ApiError> {
        let changes = breaking(writing, objects, wanted).await?;
        if !changes.is_empty() {
            let service = wanted.name.to_owned();
            self.0.push(Breaks { service, is_own, may_override, changes });
        }
        Ok(())
    }

    /// Lets the change go on where nothing breaks; what breaks, where that is overridden, for the
    /// audit log. Every service is named, as far as there is room.
    pub(super) fn judge(&self, given: &Override) -> Result<Option<Value>, ApiError> {
        given.check()?;
        if self.0.is_empty() {
            return Ok(None);
        }
        if given.is_given {
            let refused = self.0.iter().filter(|one| !one.may_override);
            let refused: Vec<Fault> = refused.map(Breaks::not_permitted).take(TOLD_MAX).collect();
            if !refused.is_empty() {
                let refusal =
                    ApiError::not_permitted("override what breaks callers of these services");
                return Err(refusal.with_faults(refused));
            }
            let told: Vec<String> = self.told().map(|(one, change)| one.in_words(change)).collect();
            return Ok(Some(json!({ "reason": given.reason, "breaking": told })));
        }
        let count: usize = self.0.iter().map(|one| one.changes.len()).sum();
        let changes = match count {
            1 => "a change breaks".to_owned(),
            count => format!("{count} changes break"),
        };
        let of = match self.0.len() {
            1 => String::new(),
            services => format!(" in {services} services"),
        };
        let message = format!(
            "{changes} callers of what is published{of}; publish another major version, or send \
             `\"override\": true` with a `reason`"
        );
        let faults: Vec<Fault> = self.told().map(|(one, change)| one.fault(change)).collect();
        Err(ApiError::new(Code::BreakingChanges, message).with_faults(faults))
    }

    /// As many as are told: of each service some, so that none is left out for another's many.
    fn told(&self) -> impl Iterator<Item = (&Breaks, &BreakingChange)> {
        let of_each = (TOLD_MAX / self.0.len().max(1)).max(1);
        let all = self
            .0
            .iter()
            .flat_map(move |one| one.changes.iter().take(of_each).map(move |change| (one, change)));
        all.take(TOLD_MAX)
    }
}

impl Breaks {
    fn object(&self) -> Option<String> {
        (!self.is_own).then(|| format!("services/{}", self.service))
    }

    fn in_words(&self, change: &BreakingChange) -> String {
        match self.object() {
            Some(object) => format!("{object}: {}", in_words(change)),
            None => in_words(change),
        }
    }

    fn fault(&self, change: &BreakingChange) -> Fault {
        Fault::at(change.pointer.clone(), in_words(change)).of_object(self.object())
    }

    fn not_permitted(&self) -> Fault {
        Fault::at("", "breaks callers").of_object(self.object())
    }
}

/// What a service that is to be in use would break of what callers have.
pub(super) async fn breaking(
    writing: &mut Writing<'_>,
    objects: &Objects,
    wanted: Wanted<'_>,
) -> Result<Vec<BreakingChange>, ApiError> {
    let text = text_of(wanted.body).filter(|_| is_in_use(wanted.body));
    let Some(text) = text else { return Ok(Vec::new()) };
    let Some(published) = published(writing, objects, &wanted).await? else {
        return Ok(Vec::new());
    };
    let now = super::put::now(writing);
    Ok(compare(&published, text, now).await?.breaking)
}

pub(super) fn in_words(change: &BreakingChange) -> String {
    let operations = change.operations.join(", ");
    format!("{}: {} ({operations})", change.rule.name, change.message)
}

/// The description that callers have: the one of this service that was last published, also where
/// it was taken away since; of a new version, that of the latest one of the same team in use with
/// the same major number.
async fn published(
    writing: &mut Writing<'_>,
    objects: &Objects,
    wanted: &Wanted<'_>,
) -> Result<Option<String>, ApiError> {
    let Wanted { name, team, body, .. } = *wanted;
    if let Some(before) = wanted.before
        && writing.change.published_revision(&before.id).await?.is_some()
    {
        let described = writing.change.described_revision(&before.id).await?;
        let Some(digest) = described.and_then(|revision| revision.description) else {
            return Ok(None);
        };
        return Ok(writing.change.description(&digest).await?);
    }
    // In use, and nobody has noted what it was like when it was published.
    let unnoted = wanted.before.filter(|before| is_in_use(&before.body));
    if let Some(text) = unnoted.and_then(|before| text_of(&before.body)) {
        return Ok(Some(text.to_owned()));
    }
    let Some(label) = label(body) else { return Ok(None) };
    let root = body.get("version_of").and_then(Value::as_str).unwrap_or(name);
    let siblings = objects.list(ObjectKind::Service).iter().filter(|held| {
        let object = &held.object;
        let is_of_same = object.name == root
            || object.body.get("version_of").and_then(Value::as_str) == Some(root);
        let is_of_major =
            self::label(&object.body).is_some_and(|other| major(&other) == major(&label));
        // What a refusal tells is of descriptions that the team knows.
        let is_own = object.body.get("team").and_then(Value::as_str) == team;
        object.name != name && is_own && is_of_same && is_of_major && is_in_use(&object.body)
    });
    let latest = siblings.max_by_key(|held| order(&self::label(&held.object.body)));
    Ok(latest.and_then(|held| text_of(&held.object.body)).map(str::to_owned))
}

fn label(body: &Value) -> Option<String> {
    match body.get("version")? {
        Value::String(label) => Some(label.clone()),
        Value::Number(label) => Some(label.to_string()),
        _ => None,
    }
}

/// What labels are sorted by: their numbers, one after another.
fn order(label: &Option<String>) -> Vec<u64> {
    let parts = label.as_deref().unwrap_or_default().split(|letter: char| !letter.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn labels_are_in_the_order_of_their_numbers() {
        let of = |label: &str| order(&Some(label.to_owned()));
        assert!(of("1.10") > of("1.9") && of("v2") > of("1.10") && of("2.0.1") > of("2"));
    }
}
