//! What the use cases of services need of descriptions: read and compared off the threads that
//! answer others, since a large one takes a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use architrave_openapi::{
    Description, DescriptionFault, Difference, Finding, Severity, difference_until, lint,
};
use serde_json::{Value, json};

use crate::code::Code;
use crate::error::{ApiError, Fault};

/// Findings that are listed in one answer.
const FINDINGS_TOLD_MAX: usize = 500;
/// Operations that are listed of each sort.
const OPERATIONS_TOLD_MAX: usize = 500;

/// Reads a description.
///
/// # Errors
/// Everything for which it is not taken, below `pointer` of the body.
pub(super) async fn read(text: &str) -> Result<Arc<Description>, ApiError> {
    parsed(text).await?.map_err(|faults| {
        let message = match faults.len() {
            1 => "the description is not taken: it has a fault".to_owned(),
            count => format!("the description is not taken: it has {count} faults"),
        };
        let faults = faults.into_iter().map(|fault| {
            Fault::at(fault.pointer, format!("line {}: {}", fault.line, fault.message))
        });
        ApiError::new(Code::DescriptionInvalid, message).with_faults(faults.collect())
    })
}

/// Holds a description against every rule.
pub(super) async fn findings(text: &str) -> Result<Vec<Finding>, ApiError> {
    // One that is stored was read before; should that have become another rule, it has no findings.
    let Ok(description) = parsed(text).await? else { return Ok(Vec::new()) };
    beside(move || lint(&description)).await
}

/// What changes from one description to another.
pub(super) async fn compare(old: &str, new: &str, now: SystemTime) -> Result<Difference, ApiError> {
    let compared = compared(old, new, now).await?;
    Ok(Arc::try_unwrap(compared).unwrap_or_else(|shared| Difference::clone(&shared)))
}

/// The same; as long as somebody has it, it is not made again.
pub(super) async fn compared(
    old: &str,
    new: &str,
    now: SystemTime,
) -> Result<Arc<Difference>, ApiError> {
    if old == new {
        return Ok(Arc::default());
    }
    let digests = (architrave_store::digest_of(old), architrave_store::digest_of(new));
    let known = || COMPARED.lock().unwrap_or_else(PoisonError::into_inner);
    let found =
        known().iter().find(|(other, _)| *other == digests).and_then(|(_, it)| it.upgrade());
    if let Some(found) = found {
        return Ok(found);
    }
    let (Ok(old), Ok(new)) = (parsed(old).await?, parsed(new).await?) else {
        return Ok(Arc::default());
    };
    // Where nobody waits for it any more, it ends.
    let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
    let until = Arc::clone(&stop.0);
    let made = Arc::new(beside(move || difference_until((&old, &new), now, &until)).await?);
    let mut known = known();
    known.retain(|(_, kept)| kept.strong_count() > 0);
    known.push((digests, Arc::downgrade(&made)));
    Ok(made)
}

/// Sets what work beside looks at, when the call that it is for is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Differences that somebody has, by the digests of both descriptions.
static COMPARED: Mutex<Vec<(Digests, Weak<Difference>)>> = Mutex::new(Vec::new());

/// Of the old description and the new one.
type Digests = (String, String);

/// A description that was read, as long as somebody has it: one change looks at the same text several
/// times.
async fn parsed(text: &str) -> Result<Parsed, ApiError> {
    let digest = architrave_store::digest_of(text);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known().iter().find(|(other, _)| *other == digest).and_then(|(_, it)| it.upgrade());
    if let Some(found) = found {
        return Ok(Ok(found));
    }
    let text = text.to_owned();
    let read = beside(move || Description::read(&text).map(Arc::new)).await?;
    if let Ok(read) = &read {
        let mut known = known();
        known.retain(|(_, kept)| kept.strong_count() > 0);
        known.push((digest, Arc::downgrade(read)));
    }
    Ok(read)
}

type Parsed = Result<Arc<Description>, Vec<DescriptionFault>>;

static KNOWN: Mutex<Vec<(String, Weak<Description>)>> = Mutex::new(Vec::new());

/// Keeps a stored description at hand, for as long as what is given back is kept.
pub(super) async fn at_hand(text: Option<&str>) -> Result<Option<Arc<Description>>, ApiError> {
    match text {
        Some(text) => Ok(parsed(text).await?.ok()),
        None => Ok(None),
    }
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::internal(error.to_string()))
}

/// A description in a few words.
pub(super) fn summary(description: &Description, text: &str) -> Value {
    json!({
        "title": description.title(),
        "version": description.version(),
        "operations": description.operations().len(),
        "digest": architrave_store::digest_of(text),
    })
}

/// A difference as it is shown.
pub(super) fn shown(difference: &Difference) -> Value {
    let some =
        |all: &[String]| -> Vec<String> { all.iter().take(OPERATIONS_TOLD_MAX).cloned().collect() };
    let breaking = difference.breaking.iter().map(|change| {
        json!({
            "rule": change.rule.name,
            "pointer": change.pointer,
            "message": change.message,
            "operations": change.operations,
        })
    });
    json!({
        "added": some(&difference.added),
        "changed": some(&difference.changed),
        "removed": some(&difference.removed),
        "breaking": breaking.collect::<Vec<_>>(),
    })
}

/// Findings as they are shown.
pub(super) fn listed(findings: &[Finding]) -> Value {
    let count = |severity: Severity| {
        findings.iter().filter(|finding| finding.rule.severity == severity).count()
    };
    let told = findings.iter().take(FINDINGS_TOLD_MAX).map(|finding| {
        json!({
            "rule": finding.rule.name,
            "severity": finding.rule.severity.as_str(),
            "pointer": finding.pointer,
            "line": finding.line,
            "message": finding.message,
        })
    });
    json!({
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "hints": count(Severity::Hint),
        "findings": told.collect::<Vec<_>>(),
    })
}

/// The text of the description in the body of a service.
pub(super) fn text_of(body: &Value) -> Option<&str> {
    body.pointer("/api/text")?.as_str()
}
