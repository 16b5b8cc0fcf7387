//! Where a service stands in its life, and what follows from it for whoever calls.

use std::time::SystemTime;

use crate::read::{HeaderValue, Reader, Ref, Scope, Shape, Time, Written, record, words};
use crate::snapshot::ServiceIndex;
use crate::tree::Node;

/// Windows in which a deprecated service plays being retired; more are no plan.
const BROWNOUTS_MAX: usize = 100;

words! {
    /// The states of a service's life, in order.
    pub enum ServiceState {
        /// Being made; no route leads to it.
        Draft = "draft",
        /// Being looked at; no route leads to it.
        InReview = "in_review",
        /// In use. The default.
        Published = "published",
        /// Served as before; who calls is told that it will end.
        Deprecated = "deprecated",
        /// Ended: calls are answered 410 with where to go instead.
        Retired = "retired",
        /// Kept for the record; no route leads to it.
        Archived = "archived",
    }
}

words! {
    /// Who took a service out of service.
    pub(crate) enum SuspendedBy {
        /// The team that it belongs to. The default.
        Team = "team",
        /// A platform admin, and only one of those puts it back.
        Platform = "platform",
    }
}

impl ServiceState {
    /// Whether routes lead to a service in this state.
    #[must_use]
    pub const fn is_routed(self) -> bool {
        matches!(self, Self::Published | Self::Deprecated | Self::Retired)
    }
}

/// Where a service stands in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// The state that was written; dates act by themselves, see [`Lifecycle::standing`].
    pub state: ServiceState,
    /// Whether it is out of service for now, whatever its state.
    pub is_suspended: bool,
    /// Since when it is deprecated, or will be.
    pub deprecated_at: Option<SystemTime>,
    /// When it retires; never before `deprecated_at`.
    pub sunset_at: Option<SystemTime>,
    /// What takes its place.
    pub successor: Option<Successor>,
    /// Where people read of its deprecation and end.
    pub notice: Option<String>,
    /// When, while deprecated, it is answered as if it were retired; in order, none overlaps.
    pub brownouts: Vec<Brownout>,
}

/// What takes a service's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Successor {
    /// Another service of the gateway.
    Service(ServiceIndex),
    /// A URL, or a path of the same host.
    Link(String),
}

/// How a service is to be answered for at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As any other.
    Live,
    /// As any other, and told of its end.
    Deprecated,
    /// 410, to come back when the window is over.
    Brownout,
    /// 410.
    Retired,
    /// 503.
    Suspended,
}

impl Lifecycle {
    /// Of a service that is in use, of which no end is known.
    pub const PUBLISHED: Self = Self {
        state: ServiceState::Published,
        is_suspended: false,
        deprecated_at: None,
        sunset_at: None,
        successor: None,
        notice: None,
        brownouts: Vec::new(),
    };

    /// Where the service stands at `now`: the states of its life, and the dates in them.
    #[must_use]
    pub fn standing(&self, now: SystemTime) -> Standing {
        let is_past = |at: Option<SystemTime>| at.is_some_and(|at| at <= now);
        if self.is_suspended {
            Standing::Suspended
        } else if self.state == ServiceState::Retired || is_past(self.sunset_at) {
            Standing::Retired
        } else if self.brownouts.iter().any(|window| window.from <= now && now < window.until) {
            Standing::Brownout
        } else if self.state == ServiceState::Deprecated || is_past(self.deprecated_at) {
            Standing::Deprecated
        } else {
            Standing::Live
        }
    }
}

impl Lifecycle {
    /// Holds the keys of a life to each other. A key that is there and could not be read has been
    /// refused already.
    pub(super) fn check(&self, scope: &mut Scope<'_, '_, '_>) {
        let is_dated = scope.has("deprecated_at");
        if self.state == ServiceState::Deprecated && !is_dated {
            scope.refuse("a deprecated service says since when: `deprecated_at`");
        }
        if self.sunset_at.is_some() && self.state != ServiceState::Retired && !is_dated {
            scope.refuse_at("sunset_at", "who is to retire is deprecated before: `deprecated_at`");
        }
        if let (Some(deprecated), Some(sunset)) = (self.deprecated_at, self.sunset_at)
            && sunset < deprecated
        {
            scope.refuse_at("sunset_at", "must not be before `deprecated_at` (RFC 9745 §4)");
        }
        if !self.brownouts.is_empty() {
            self.check_brownouts(is_dated, scope);
        }
    }

    fn check_brownouts(&self, is_dated: bool, scope: &mut Scope<'_, '_, '_>) {
        if !is_dated {
            let message = "only a deprecated service has them: `deprecated_at`";
            scope.refuse_at("brownouts", message);
        }
        if self.brownouts.len() > BROWNOUTS_MAX {
            scope.refuse_at("brownouts", format!("there may be up to {BROWNOUTS_MAX}"));
        }
        let begins = self.deprecated_at.unwrap_or(SystemTime::UNIX_EPOCH);
        let ends = self.brownouts.iter().map(|window| window.until);
        let before = std::iter::once(begins).chain(ends);
        if self.brownouts.iter().zip(before).any(|(window, before)| window.from < before) {
            let message = "must follow one another, the first not before `deprecated_at`";
            scope.refuse_at("brownouts", message);
        }
    }
}

record! {
    /// A time in which a deprecated service is answered 410, so that whoever still calls it notices.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Brownout => Brownout by finish {
        /// When it begins.
        "from": Time => pub from: SystemTime,
        /// When it is over.
        "until": Time => pub until: SystemTime,
    }
}

impl Brownout {
    fn finish(self, scope: &mut Scope<'_, '_, '_>) -> Option<Self> {
        if self.until <= self.from {
            scope.refuse_at("until", "must be later than `from`");
        }
        Some(self)
    }
}

/// The name of a service, a URL or a path.
pub(super) struct SuccessorText;

impl Written for SuccessorText {
    type Value = Successor;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Successor> {
        let is_link = node.text().is_some_and(|text| text.starts_with('/') || text.contains("://"));
        if !is_link {
            return Ref::<ServiceIndex>::read(node, reader).map(Successor::Service);
        }
        LinkText::read(node, reader).map(Successor::Link)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "name of a service, URL or path", pattern: None }
    }
}

/// A URL of `http` or `https`, or a path, as it goes between the angle brackets of a `Link`.
pub(super) struct LinkText;

impl Written for LinkText {
    type Value = String;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<String> {
        let link = HeaderValue::read(node, reader)?;
        let is_absolute = link.starts_with("https://") || link.starts_with("http://");
        let is_path = link.starts_with('/') && !link.starts_with("//");
        let is_plain =
            link.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\".contains(&byte));
        if !is_plain || !(is_absolute || is_path) {
            reader.refuse(node.place, "expected a URL such as `https://example.com/v2`, or a path");
            return None;
        }
        Some(link)
    }

    fn shape() -> Shape {
        Shape::Text { kind: "URL or path", pattern: None }
    }
}
