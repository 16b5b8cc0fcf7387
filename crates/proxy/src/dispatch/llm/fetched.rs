//! What a provider is asked to fetch: links to the open web are anybody's, and what is open to the
//! operator's account there alone is denied but for what the operator allows.

use architrave_core::Reason;
use architrave_llm::chat::{ChatError, ErrorKind};
use architrave_llm::surface::OwnLink;

use super::missed::Missed;
use crate::models::LiveLane;

/// Holds links to what the provider of a lane may be given.
///
/// # Errors
/// Which of them it may not be given.
pub(super) fn hold(lane: &LiveLane, links: &[OwnLink]) -> Result<(), Missed> {
    match links.iter().find(|link| !is_allowed(lane, link)) {
        None => Ok(()),
        Some(denied) => Err(refused(denied, "")),
    }
}

/// The same of a line of a batch.
///
/// # Errors
/// Which of them it may not be given, and in which line.
pub(super) fn hold_lines(lane: &LiveLane, links: &[(OwnLink, usize)]) -> Result<(), Missed> {
    match links.iter().find(|(link, _)| !is_allowed(lane, link)) {
        None => Ok(()),
        Some((denied, line)) => Err(refused(denied, &format!("line {line} of the batch: "))),
    }
}

fn is_allowed(lane: &LiveLane, link: &OwnLink) -> bool {
    lane.provider.config.links.allow.iter().any(|prefix| link.is_below(prefix))
}

fn refused(denied: &OwnLink, at: &str) -> Missed {
    let field = &denied.field;
    let message = format!(
        "{at}`{field}` leads to what the provider would fetch by the operator's account, and \
         nothing there is allowed that begins so (`links.allow` of the provider)"
    );
    let mut error = ChatError::new(ErrorKind::Permission, message);
    error.param = Some(field.clone());
    Missed::refused(error, Reason::Forbidden)
}
