//! A product: services that are offered together, under the terms of its plans.

use architrave_core::name::{ProductName, TeamName};

use crate::read::{List, Name, Ref, Scope, Text, record};
use crate::snapshot::ServiceIndex;
use crate::{Sharing, Visibility};

/// The longest title of a product or plan, in characters.
pub(crate) const TITLE_CHARS_MAX: usize = 200;

/// The longest description, in characters.
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 10_000;

/// Services that are offered together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name.
    pub name: ProductName,
    /// What people read.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it bundles; none twice.
    pub services: Vec<ServiceIndex>,
    /// Whose it is, and who may see it. Of one of the database the team is known beside it.
    pub sharing: Sharing,
}

record! {
    /// Services that are offered together, under the terms of its plans.
    #[derive(Debug)]
    pub(crate) struct ProductWritten => Product by finish {
        /// Its name.
        "name": Name<ProductName> => name: ProductName,
        /// What people read.
        "title": Option<Text> = None => title: Option<String>,
        /// What it is for.
        "description": Option<Text> = None => description: Option<String>,
        /// The services that it bundles. Those of a product that has a plan are open to active
        /// subscriptions alone.
        "services": List<Ref<ServiceIndex>> = Vec::new() => services: Vec<ServiceIndex>,
        /// Who may see it, and so subscribe to its plans.
        "visibility": Visibility = Visibility::Private => visibility: Visibility,
        /// The teams that may see it beside its own, with `visibility: teams`.
        "shared_with": List<Name<TeamName>> = Vec::new() => shared_with: Vec<TeamName>,
        /// The team that it belongs to; in a file alone, the API says it beside the object.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
    }
}

impl ProductWritten {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Product> {
        check_texts(scope);
        if scope.count("services") == self.services.len() {
            let items = scope.node.get("services").map_or(&[][..], |list| list.items());
            for (at, item) in items.iter().enumerate() {
                if self.services[..at].contains(&self.services[at]) {
                    scope.reader.refuse(item.place, "the same service comes twice");
                }
            }
        }
        let Self { name, title, description, services, visibility, shared_with, team } = self;
        let sharing = Sharing { team, visibility, shared_with };
        sharing.check(scope);
        Some(Product { name, title, description, services, sharing })
    }
}

/// Holds `title` and `description` to their lengths.
pub(crate) fn check_texts(scope: &mut Scope<'_, '_, '_>) {
    for (key, max) in [("title", TITLE_CHARS_MAX), ("description", DESCRIPTION_CHARS_MAX)] {
        if scope.text(key).is_some_and(|text| text.chars().count() > max) {
            scope.refuse_at(key, format!("has at most {max} characters"));
        }
    }
}
