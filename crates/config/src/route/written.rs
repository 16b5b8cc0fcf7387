//! A route as it is written, and the rules between its keys: where it leads, and from where.

use std::time::Duration;

use architrave_core::name::{RouteName, TeamName};

use super::{HostPattern, Mirror, PathMatch, Route, RouteMatch, WeightedService};
use crate::PolicySet;
use crate::policy::refuse_those_of_models;
use crate::read::{
    HostPatternText, List, Name, NonEmpty, Ref, Scope, ServingListener, Span, empty, record,
};
use crate::snapshot::{ListenerIndex, ServiceIndex};
use crate::tree::{Content, Node};

record! {
    /// Which requests it takes, what happens to them, and which service they go to.
    #[derive(Debug)]
    pub(crate) struct RouteWritten => Route by finish {
        /// Its name.
        "name": Name<RouteName> => name: RouteName,
        /// The listeners it serves; by default every one of `http` and `https`.
        "listeners": Option<NonEmpty<ServingListener>> = None
            => listeners: Option<Vec<ListenerIndex>>,
        /// The hosts it serves, exact or `*.example.com`; by default any.
        "hosts": List<HostPatternText> = Vec::new() => hosts: Vec<HostPattern>,
        /// It takes what fits any of these; by default every path.
        "match": List<RouteMatch> = Vec::new() => matches: Vec<RouteMatch>,
        /// Policies of this route.
        "policies": PolicySet = empty::<PolicySet>() => policies: PolicySet,
        /// From when all of the request was sent to the response head, whatever is tried meanwhile;
        /// a body on its way has bounds of the listener's. After it, idle timeouts hold.
        "timeout": Option<Span> = None => timeout: Option<Duration>,
        /// The service it leads to.
        "service": Option<Ref<ServiceIndex>> = None => service: Option<ServiceIndex>,
        /// Or several, by weight.
        "services": List<WeightedService> = Vec::new() => services: Vec<WeightedService>,
        /// Where a copy of some requests goes.
        "mirror": Option<Mirror> = None => mirror: Option<Mirror>,
        /// Whether the service sees the whole path (for services that see the rest of a prefix).
        "keep_prefix": bool = false => keep_prefix: bool,
        /// Whether endpoints of `http` services see the path as it was spelled (`//`, `%2f`, `%7E`)
        /// and not in its canonical form, which routes and policies see all the same. A path with
        /// dot segments or with `//` at its front, or that a policy has changed, goes in its
        /// canonical form nevertheless.
        "keep_spelling": bool = false => keep_spelling: bool,
        /// The team that it belongs to; in a database, whose it is is said beside it.
        "team": Option<Name<TeamName>> = None => team: Option<TeamName>,
    }
}

impl RouteWritten {
    fn finish(mut self, scope: &mut Scope<'_, '_, '_>) -> Option<Route> {
        self.check_services(scope);
        self.check_mirror(scope);
        self.check_policies(scope);
        let listeners = self.listeners.unwrap_or_else(|| {
            let all = scope.reader.names.serving().to_vec();
            if all.is_empty() {
                scope.refuse("no listener of protocol `http` or `https` is there to serve it");
            }
            all
        });
        if self.matches.is_empty() {
            self.matches.push(every_path());
        }
        if let Some(service) = self.service {
            self.services = vec![WeightedService { service, weight: 1 }];
        }
        // It matters to the control side alone, which reads it from the object.
        drop(self.team);
        Some(Route {
            name: self.name,
            listeners,
            hosts: self.hosts,
            matches: self.matches,
            policies: self.policies.into(),
            timeout: self.timeout,
            services: self.services,
            mirror: self.mirror,
            keep_prefix: self.keep_prefix,
            empty_lists: empty_lists(scope.node),
            keep_spelling: self.keep_spelling,
        })
    }

    /// A policy of models needs one service with models, at least.
    fn check_policies(&self, scope: &mut Scope<'_, '_, '_>) {
        let mut led = self.service.into_iter().chain(self.services.iter().map(|one| one.service));
        let names = scope.reader.names;
        let is_whole = scope.count("services") == self.services.len()
            && scope.has("service") == self.service.is_some();
        if is_whole && led.all(|service| names.is_origin(service)) {
            refuse_those_of_models(scope);
        }
    }

    /// Copies are of plain requests: one of a model's would be paid for twice.
    fn check_mirror(&self, scope: &mut Scope<'_, '_, '_>) {
        let Some(mirror) = &self.mirror else { return };
        let mut led = self.service.into_iter().chain(self.services.iter().map(|one| one.service));
        let names = scope.reader.names;
        if !names.is_origin(mirror.service) || led.any(|service| !names.is_origin(service)) {
            scope.refuse_at("mirror", "copies go from and to services of kind `http` only");
        }
    }

    fn check_services(&self, scope: &mut Scope<'_, '_, '_>) {
        let several = scope.count("services");
        if scope.has("service") && scope.has("services") {
            return scope.refuse_at("services", "takes either `service` or `services`");
        }
        let redirects = scope.node.get("policies").is_some_and(|set| set.get("redirect").is_some());
        if !scope.has("service") && several == 0 && !redirects {
            return scope.refuse("needs `service` or `services`, or a policy `redirect`");
        }
        if several == 0 || several != self.services.len() {
            return;
        }
        if self.services.iter().all(|service| service.weight == 0) {
            scope.refuse_at("services", "at least one needs a weight over 0");
        }
        let items = scope.node.get("services").map_or(&[][..], |list| list.items());
        for (at, item) in items.iter().enumerate().skip(1) {
            let service = self.services[at].service;
            if self.services[..at].iter().any(|earlier| earlier.service == service) {
                scope.reader.refuse(item.place, "the same service comes twice");
            }
        }
    }
}

/// The lists of conditions that are written and empty. Where they come out of a template, somebody may
/// have meant that nothing fits.
fn empty_lists(route: &Node<'_>) -> Vec<String> {
    let is_empty = |node: Option<&Node<'_>>| {
        node.is_some_and(|node| matches!(&node.content, Content::List(items) if items.is_empty()))
    };
    let own = ["hosts", "match"].into_iter().filter(|key| is_empty(route.get(key)));
    let mut found: Vec<String> = own.map(str::to_owned).collect();
    let matches = route.get("match").map_or(&[][..], Node::items).iter().enumerate();
    let of_methods = matches.filter(|(_, one)| is_empty(one.get("methods")));
    found.extend(of_methods.map(|(at, _)| format!("match[{at}].methods")));
    found
}

fn every_path() -> RouteMatch {
    RouteMatch {
        path: PathMatch::Prefix(String::new()),
        methods: Vec::new(),
        headers: Vec::new(),
        query: Vec::new(),
        cookies: Vec::new(),
    }
}
