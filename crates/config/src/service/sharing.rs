//! Whose a service is, who may know of it, and which version of another it is. The gateway serves
//! all alike: these are for whoever manages and finds services.

use architrave_core::name::TeamName;

use crate::read::{Reader, Scope, Shape, Written, words};
use crate::snapshot::ServiceIndex;
use crate::tree::Node;

words! {
    /// Who may know of a service.
    pub enum Visibility {
        /// The team that it belongs to. The default.
        Private = "private",
        /// The teams of `shared_with`, too.
        Teams = "teams",
        /// Everyone who has signed in.
        SignedIn = "signed_in",
        /// Everyone.
        Public = "public",
    }
}

/// Whose a service is, and who may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// The team that it belongs to.
    pub team: Option<TeamName>,
    /// Who may know of it.
    pub visibility: Visibility,
    /// The teams that it is shared with, where its visibility is [`Visibility::Teams`].
    pub shared_with: Vec<TeamName>,
}

impl Sharing {
    /// Of a service of which nothing is said.
    pub const PRIVATE: Self =
        Self { team: None, visibility: Visibility::Private, shared_with: Vec::new() };

    pub(crate) fn check(&self, scope: &mut Scope<'_, '_, '_>) {
        let is_shared = self.visibility == Visibility::Teams;
        if is_shared && scope.count("shared_with") == 0 {
            scope.refuse_at("visibility", "which teams? `shared_with` names them");
        }
        if !is_shared && scope.count("shared_with") > 0 {
            scope.refuse_at("shared_with", "only where `visibility` is `teams`");
        }
    }
}

/// Which version a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceVersion {
    /// What it is called, such as `1.2`.
    pub label: String,
    /// The service that it is another version of; `None` for the one that the others name.
    pub of: Option<ServiceIndex>,
}

impl ServiceVersion {
    /// The number before the first full stop, which changes when callers have to.
    #[must_use]
    pub fn major(&self) -> &str {
        major(&self.label)
    }
}

/// The number before the first full stop of a label, without a `v` before it.
#[must_use]
pub fn major(label: &str) -> &str {
    let label = label.strip_prefix(['v', 'V']).unwrap_or(label);
    label.split('.').next().unwrap_or(label)
}

/// What a version is called.
pub(super) struct VersionLabel;

impl Written for VersionLabel {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let is_label = |text: &&str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        };
        let label = node.text().filter(is_label);
        if label.is_none() {
            reader.refuse_type(node, "a version such as \"1.2\": up to 32 of A-Z a-z 0-9 . - _");
        }
        label.map(str::to_owned)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "version", pattern: Some("^[A-Za-z0-9._-]{1,32}$") }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_major_version_is_before_the_first_stop() {
        for (label, major) in
            [("1.2", "1"), ("v2", "2"), ("2026-11-30", "2026-11-30"), ("V3.1", "3")]
        {
            assert_eq!(super::major(label), major);
        }
    }
}
