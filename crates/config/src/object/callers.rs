//! Teams, applications and subscriptions of a gateway file, as bodies of JSON. They are no objects: in
//! a database they are rows of their own, and one changes without the rest.

use std::sync::LazyLock;

use serde_json::Value;

use super::read::json;
use crate::application::{ApplicationWritten, SubscriptionWritten};
use crate::read::{Shape, Written};
use crate::team::TeamWritten;
use crate::tree;
use crate::{ConfigError, Sources};

/// The keys of a file that has them.
pub(super) const TEAMS: &str = "teams";
pub(super) const APPLICATIONS: &str = "applications";
pub(super) const SUBSCRIPTIONS: &str = "subscriptions";

/// Who calls by subscriptions, and whom it all belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Callers {
    /// Teams, in the form of the file; `None` where nothing is said of them.
    pub teams: Option<Vec<Value>>,
    /// Applications, in the form of the file; `None` where nothing is said of them.
    pub applications: Option<Vec<Value>>,
    /// Subscriptions, in the form of the file; `None` where nothing is said of them.
    pub subscriptions: Option<Vec<Value>>,
}

/// How a team is written.
pub(super) fn team_shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(TeamWritten::shape);
    &SHAPE
}

/// How an application is written.
pub(super) fn application_shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(ApplicationWritten::shape);
    &SHAPE
}

/// How a subscription is written.
pub(super) fn subscription_shape() -> &'static Shape {
    static SHAPE: LazyLock<Shape> = LazyLock::new(SubscriptionWritten::shape);
    &SHAPE
}

/// Those of a gateway file, with what it asks of `sources` put in. They are not judged:
/// [`load`](crate::load()) does that. `file` only names it in errors.
///
/// # Errors
/// It cannot be read, or a substitution is missing.
pub fn callers_of(
    text: &str,
    file: &str,
    sources: &dyn Sources,
) -> Result<Callers, Vec<ConfigError>> {
    let mut faults = Vec::new();
    let mut tree = tree::parse(text, file, &mut faults).map_err(|error| vec![error])?;
    tree::substitute(&mut tree, sources, &mut faults);
    if !faults.is_empty() {
        return Err(tree.report(faults, file));
    }
    let list = |key: &str, shape: &Shape| {
        let node = tree.root.get(key)?;
        Some(node.items().iter().map(|item| json(item, shape)).collect())
    };
    Ok(Callers {
        teams: list(TEAMS, team_shape()),
        applications: list(APPLICATIONS, application_shape()),
        subscriptions: list(SUBSCRIPTIONS, subscription_shape()),
    })
}
