//! What is valid and yet hardly meant: told at the start and by `validate`, and served all the same.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use architrave_config::{
    BudgetAmount, Consumer, ConsumerCredential, HostPattern, ListenerIndex, ModelPattern, ModelRef,
    PathMatch, PolicySet, ProviderIndex, ProviderKind, Route, ServiceKind, Snapshot, ValueMatch,
    Visibility,
};
use architrave_llm::catalog::Catalog;

use crate::unguarded::{is_guarded, is_offered, knows_its_clients};

/// Something that is hardly meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Nothing is listened on.
    NoListener,
    /// No request ever comes to a route.
    Shadowed {
        /// The route.
        route: String,
        /// The one before it that takes the same.
        by: String,
    },
    /// A list of conditions has nothing in it.
    EmptyList {
        /// The route that has it.
        route: String,
        /// Where it stands there.
        list: String,
    },
    /// Something asks for a credential that nobody has.
    NobodyHas {
        /// The object that asks, such as `route orders`.
        object: String,
        /// The policy by which it does.
        policy: &'static str,
        /// What of a consumer would answer it.
        credential: &'static str,
    },
    /// What a team keeps to itself is open to whoever reaches it.
    OpenToAll {
        /// The service.
        service: String,
        /// The team that it belongs to.
        team: String,
    },
    /// A budget of money does not hold a model whose price nobody knows.
    Unpriced {
        /// Whose budget it is.
        consumer: String,
        /// The model, as `provider/model`.
        model: String,
        /// A model of the catalogue that may be meant, in the same way.
        near: Option<String>,
    },
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoListener => formatter
                .write_str("there is no listener: nobody can connect, and nothing is served"),
            Self::Shadowed { route, by } => write!(
                formatter,
                "route {route} never takes a request: route {by} before it takes all that it would"
            ),
            Self::EmptyList { route, list } => write!(
                formatter,
                "route {route}: `{list}` is an empty list, which means any and not none; leave it out \
                 to say so"
            ),
            Self::NobodyHas { object, policy, credential } => write!(
                formatter,
                "{object} asks for a credential by `{policy}` and no consumer has one: all of its \
                 requests are refused with 401; a consumer has it by `credentials: [{credential}]`"
            ),
            Self::OpenToAll { service, team } => write!(
                formatter,
                "service {service} of team {team} is private and yet open to all: no plan offers it, \
                 and no policy asks who calls, such as `key_auth`"
            ),
            Self::Unpriced { consumer, model, near } => {
                write!(
                    formatter,
                    "nobody knows what {model} costs: it counts as free, and the budget of money of \
                     consumer {consumer} does not hold it"
                )?;
                match near {
                    Some(near) => write!(formatter, "; did you mean `{near}`?"),
                    None => formatter.write_str("; `architrave catalog update` takes its price"),
                }
            }
        }
    }
}

/// All that is hardly meant in a configuration, each once.
pub(crate) fn find(snapshot: &Snapshot, catalog: &Catalog) -> Vec<Advice> {
    let no_listener = snapshot.listeners.is_empty().then_some(Advice::NoListener);
    let mut found: Vec<Advice> = no_listener.into_iter().collect();
    found.extend(shadowed(snapshot));
    for route in &snapshot.routes {
        let route_name = || route.name.as_str().to_owned();
        let lists = route.empty_lists.iter().cloned();
        found.extend(lists.map(|list| Advice::EmptyList { route: route_name(), list }));
    }
    found.extend(asking_in_vain(snapshot));
    found.extend(open_to_all(snapshot));
    found.extend(unpriced(snapshot, catalog));
    found
}

/// Routes whose every host and match a route above them has as well, at every listener that they serve:
/// of equals the first is taken.
fn shadowed(snapshot: &Snapshot) -> Vec<Advice> {
    let mut first: HashMap<Condition<'_>, usize> = HashMap::new();
    let mut found = Vec::new();
    for (at, route) in snapshot.routes.iter().enumerate() {
        let mut by = None;
        let mut is_shadowed = true;
        for condition in conditions(route) {
            let known = *first.entry(condition).or_insert(at);
            is_shadowed &= known < at;
            by = by.or((known < at).then_some(known));
        }
        if let Some(by) = by.filter(|_| is_shadowed) {
            let name = |at: usize| snapshot.routes[at].name.as_str().to_owned();
            found.push(Advice::Shadowed { route: name(at), by: name(by) });
        }
    }
    found
}

/// What one match of a route asks for at one listener and host, in an order of its own.
#[derive(PartialEq, Eq, Hash)]
struct Condition<'s> {
    listener: ListenerIndex,
    host: Option<&'s HostPattern>,
    path: (u8, &'s str),
    methods: Vec<&'s str>,
    /// Headers, query and cookies.
    values: [Vec<(&'s str, (u8, &'s str))>; 3],
}

fn conditions(route: &Route) -> impl Iterator<Item = Condition<'_>> {
    let hosts: Vec<_> = match &*route.hosts {
        [] => vec![None],
        hosts => hosts.iter().map(Some).collect(),
    };
    let listeners = route.listeners.iter();
    listeners.flat_map(move |listener| {
        let hosts = hosts.clone();
        route.matches.iter().flat_map(move |wanted| {
            let condition = |host| Condition {
                listener: *listener,
                host,
                path: match &wanted.path {
                    PathMatch::Exact(path) => (0, &**path),
                    PathMatch::Prefix(path) => (1, &**path),
                    PathMatch::Regex(path) => (2, path.as_str()),
                },
                methods: sorted(wanted.methods.iter().map(String::as_str)),
                values: [&wanted.headers, &wanted.query, &wanted.cookies]
                    .map(|pairs| sorted(pairs.iter().map(|(name, it)| (&**name, value_of(it))))),
            };
            hosts.clone().into_iter().map(condition).collect::<Vec<_>>()
        })
    })
}

fn value_of(value: &ValueMatch) -> (u8, &str) {
    match value {
        ValueMatch::Exact(text) => (0, text),
        ValueMatch::Prefix(text) => (1, text),
        ValueMatch::Regex(text) => (2, text.as_str()),
        ValueMatch::Present(is_there) => (3, if *is_there { "true" } else { "false" }),
    }
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items
}

/// Services in use that a team keeps to itself, and that anybody can call. Those of models are told of
/// elsewhere.
fn open_to_all(snapshot: &Snapshot) -> Vec<Advice> {
    let mut told = BTreeSet::new();
    for route in &snapshot.routes {
        for weighted in &route.services {
            let service = &snapshot.services[weighted.service.get()];
            let Some(team) = &service.sharing.team else { continue };
            let is_of_http = matches!(service.kind, ServiceKind::Http { .. } | ServiceKind::Mock);
            let is_private = service.sharing.visibility == Visibility::Private;
            let is_in_use = service.lifecycle.state.is_routed();
            if !is_of_http || !is_private || !is_in_use || is_offered(snapshot, weighted.service) {
                continue;
            }
            let is_open = route.listeners.iter().any(|listener| {
                let listener = &snapshot.listeners[listener.get()];
                !knows_its_clients(listener)
                    && !is_guarded(snapshot, listener, route, &service.policies)
            });
            if is_open {
                told.insert((service.name.as_str().to_owned(), team.as_str().to_owned()));
            }
        }
    }
    told.into_iter().map(|(service, team)| Advice::OpenToAll { service, team }).collect()
}

/// Who asks for what no consumer has.
fn asking_in_vain(snapshot: &Snapshot) -> Vec<Advice> {
    let credentials = || snapshot.consumers.iter().flat_map(|consumer| &consumer.credentials);
    // With plans, applications have keys that are not all known here.
    let has_key = !snapshot.plans.is_empty()
        || credentials().any(|it| matches!(it, ConsumerCredential::ApiKey(_)));
    let has_password = credentials().any(|it| matches!(it, ConsumerCredential::Basic { .. }));
    let mut objects: Vec<(String, &PolicySet)> =
        vec![("`policies` of the file".to_owned(), &snapshot.policies)];
    objects.extend(
        (snapshot.listeners.iter()).map(|it| (format!("listener {}", it.name), &*it.policies)),
    );
    objects
        .extend((snapshot.routes.iter()).map(|it| (format!("route {}", it.name), &*it.policies)));
    objects.extend(
        (snapshot.services.iter()).map(|it| (format!("service {}", it.name), &*it.policies)),
    );
    let in_vain = |(object, policies): (String, &PolicySet)| {
        let (by_key, by_password) = (policies.key_auth.is_some(), policies.basic_auth.is_some());
        // Any of the ways that one object has will do.
        let is_passable = (by_key && has_key) || (by_password && has_password);
        let (policy, credential) = match (by_key, by_password) {
            _ if is_passable => return None,
            (true, _) => ("key_auth", "{ api_key: … }"),
            (false, true) => ("basic_auth", "{ basic: { username: …, password: … } }"),
            (false, false) => return None,
        };
        Some(Advice::NobodyHas { object, policy, credential })
    };
    objects.into_iter().filter_map(in_vain).collect()
}

/// The models without a price that consumers with a budget of money may ask for, each once.
fn unpriced(snapshot: &Snapshot, catalog: &Catalog) -> Vec<Advice> {
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for consumer in &snapshot.consumers {
        let has_money =
            |budget: &architrave_config::Budget| matches!(budget.amount, BudgetAmount::NanoUsd(_));
        if !consumer.budgets.iter().any(has_money) {
            continue;
        }
        for (provider, model) in reach(snapshot, consumer) {
            let Some(near) = price_of(snapshot, catalog, provider, &model) else { continue };
            let provider_name = &snapshot.providers[provider.get()].name;
            let name = format!("{provider_name}/{model}");
            if told.insert(name.clone()) {
                found.push(Advice::Unpriced {
                    consumer: consumer.name.as_str().to_owned(),
                    model: name,
                    near: near.map(|near| format!("{provider_name}/{near}")),
                });
            }
        }
    }
    found
}

/// Every deployment that a consumer's requests may come to, by what the file names.
fn reach(snapshot: &Snapshot, consumer: &Consumer) -> BTreeSet<(ProviderIndex, String)> {
    let may_ask = |name: &str| match &consumer.models {
        Some(patterns) => patterns.iter().any(|pattern| pattern.matches(name)),
        None => true,
    };
    let mut reached = BTreeSet::new();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut open: Vec<usize> = (0..snapshot.models.len())
        .filter(|at| may_ask(snapshot.models[*at].name.as_str()))
        .collect();
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        let model = &snapshot.models[at];
        let deployments = model.deployments.iter();
        reached.extend(deployments.map(|it| (it.provider, it.model.clone())));
        for fallback in &model.fallbacks {
            match fallback {
                ModelRef::Listed(index) => open.push(index.get()),
                ModelRef::Direct { provider, model } => {
                    reached.insert((*provider, model.clone()));
                }
            }
        }
    }
    for pattern in consumer.models.iter().flatten() {
        reached.extend(named(snapshot, pattern));
    }
    reached
}

/// The model that a pattern names as `provider/model`.
fn named(snapshot: &Snapshot, pattern: &ModelPattern) -> Option<(ProviderIndex, String)> {
    let ModelPattern::Exact(name) = pattern else { return None };
    if snapshot.models.iter().any(|model| model.name.as_str() == name) {
        return None;
    }
    let (provider, model) = name.split_once('/')?;
    let at = snapshot.providers.iter().position(|it| it.name.as_str() == provider)?;
    Some((ProviderIndex(u32::try_from(at).ok()?), model.to_owned()))
}

/// `None` where its price is known, or nothing is to be paid; else the nearest name that has one.
fn price_of(
    snapshot: &Snapshot,
    catalog: &Catalog,
    provider: ProviderIndex,
    model: &str,
) -> Option<Option<String>> {
    let provider = &snapshot.providers[provider.get()];
    let kind = match &provider.kind {
        ProviderKind::Mock(_) => return None,
        ProviderKind::Catalog(kind) => kind.as_str(),
        ProviderKind::OpenaiCompatible => provider.name.as_str(),
    };
    if catalog.model(kind, model).is_some_and(|row| row.is_priced()) {
        return None;
    }
    let priced = catalog.models(kind).filter(|row| row.is_priced());
    let names: Vec<String> = priced.map(|row| row.name).collect();
    Some(architrave_config::nearest(model, names.iter().map(String::as_str)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kinds::{CatalogKinds, CatalogOnly};

    fn told(file: &str) -> Vec<String> {
        let sources = CatalogOnly(CatalogKinds(Arc::default()));
        let snapshot = architrave_config::load(&format!("version: 1\n{file}"), "f", &sources);
        let snapshot = snapshot.expect("it is valid");
        find(&snapshot, &Catalog::embedded()).iter().map(ToString::to_string).collect()
    }

    const WEB: &str = "listeners: [{ name: web, address: \"127.0.0.1:1\", protocol: http }]\n\
        upstreams: [{ name: u, endpoints: [{ address: \"127.0.0.1:2\" }] }]\n\
        services: [{ name: s, http: { upstream: u } }]\n";

    #[test]
    fn a_file_that_listens_nowhere_is_told_of() {
        let told_of = told("upstreams: [{ name: u, endpoints: [{ address: \"127.0.0.1:2\" }] }]\n");
        assert_eq!(told_of, ["there is no listener: nobody can connect, and nothing is served"]);
        assert!(told(WEB).is_empty());
    }

    #[test]
    fn a_private_service_that_anybody_can_call_is_told_of() {
        let file = |team: &str, guard: &str, rest: &str| {
            told(&format!(
                "listeners: [{{ name: web, address: \"0.0.0.0:1\", protocol: http }}]\n\
                 upstreams: [{{ name: u, endpoints: [{{ address: \"127.0.0.1:2\" }}] }}]\n\
                 services: [{{ name: s, http: {{ upstream: u }}{team} }}]\n\
                 routes: [{{ name: r, service: s{guard} }}]\n\
                 consumers: [{{ name: c, credentials: [{{ api_key: a-long-key-of-somebody }}] }}]\n{rest}"
            ))
        };
        let open = file(", team: blue", "", "");
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(open[0].starts_with("service s of team blue is private and yet open"), "{open:?}");
        assert!(file("", "", "").is_empty(), "nobody's is for all");
        assert!(file(", team: blue, visibility: public", "", "").is_empty());
        assert!(file(", team: blue, state: draft", "", "").is_empty());
        assert!(file(", team: blue", ", policies: { key_auth: {} }", "").is_empty());
        let offered = "products: [{ name: x, services: [s] }]\nplans: [{ name: y, product: x }]\n";
        assert!(file(", team: blue", "", offered).is_empty());
    }

    #[test]
    fn a_route_that_no_request_comes_to_is_told_of() {
        let routes = |routes: &str| told(&format!("{WEB}routes:\n{routes}"));
        let same =
            "match: [{ path: { prefix: /a }, methods: [GET, POST], headers: { x: { exact: y } } }]";
        let turned = "match: [{ path: { prefix: /a/ }, methods: [POST, GET], headers: { X: { exact: y } } }]";
        let found = routes(&format!(
            "  - {{ name: a, service: s, {same} }}\n  - {{ name: b, service: s, {turned} }}\n"
        ));
        assert_eq!(
            found,
            ["route b never takes a request: route a before it takes all that it would"]
        );
        let both = "  - { name: a, hosts: [a.example], service: s }\n\
                    - { name: b, hosts: [b.example], service: s }\n"
            .replace("\n-", "\n  -");
        let found = routes(&format!(
            "{both}  - {{ name: c, hosts: [b.example, a.example], service: s }}\n"
        ));
        assert_eq!(found.len(), 1, "{found:?}");
        for other in [
            "hosts: [b.example, c.example], service: s",
            "service: s",
            "hosts: [b.example], service: s, match: [{ path: { prefix: /x } }]",
            "hosts: [b.example], service: s, match: [{ query: { q: { present: true } } }]",
        ] {
            let found = routes(&format!("{both}  - {{ name: c, {other} }}\n"));
            assert!(found.is_empty(), "{other}: {found:?}");
        }
    }

    #[test]
    fn an_empty_list_of_conditions_is_told_of() {
        let found = told(&format!(
            "{WEB}routes: [{{ name: a, service: s, match: [{{ path: {{ exact: /a }} }}, {{ methods: [] }}] }}]\n"
        ));
        let said = "route a: `match[1].methods` is an empty list, which means any and not none; leave \
                    it out to say so";
        assert_eq!(found, [said]);
        assert_eq!(
            told(&format!("{WEB}routes: [{{ name: a, service: s, hosts: [], match: [] }}]\n"))
                .len(),
            2
        );
    }

    #[test]
    fn who_asks_for_what_nobody_has_is_told_of() {
        let asking = |policies: &str, consumer: &str| {
            told(&format!(
                "{WEB}routes: [{{ name: r, service: s, policies: {{ {policies} }} }}]\n\
                 consumers: [{{ name: c, credentials: [{consumer}] }}]\n"
            ))
        };
        let (key, password) =
            ("{ api_key: abcdefghijklmnop }", "{ basic: { username: u, password: p } }");
        let keys = asking("key_auth: {}", "");
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert!(
            keys[0].starts_with("route r asks for a credential by `key_auth` and no"),
            "{keys:?}"
        );
        assert_eq!(asking("key_auth: {}", password).len(), 1);
        assert_eq!(asking("basic_auth: {}", key).len(), 1);
        assert!(asking("key_auth: {}", key).is_empty());
        assert!(asking("key_auth: {}, basic_auth: {}", password).is_empty(), "any way will do");
        let all = told(&format!("{WEB}policies: {{ key_auth: {{}} }}\n"));
        assert!(all[0].starts_with("`policies` of the file asks"), "{all:?}");
    }

    #[test]
    fn a_model_without_a_price_under_a_budget_of_money_is_told_of() {
        let with = |deployment: &str, consumer: &str| {
            told(&format!(
                "{WEB}providers:\n\
                 - {{ name: oa, kind: openai, credentials: [{{ value: x }}] }}\n\
                 - {{ name: lab, kind: openai_compatible, base_url: \"http://127.0.0.1:3/v1\" }}\n\
                 - {{ name: pretend, kind: mock }}\n\
                 models:\n\
                 - {{ name: fast, deployments: [{{ {deployment} }}] }}\n\
                 - {{ name: other, deployments: [{{ provider: pretend, model: echo }}], \
                      fallbacks: [fast] }}\n\
                 consumers: [{{ name: c, {consumer} }}]\n"
            ))
        };
        let money = "budgets: [{ money: 1 USD, per: day }]";
        let slip = "provider: oa, model: gpt-4o-mni";
        let found = with(slip, money);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("nobody knows what oa/gpt-4o-mni costs"), "{found:?}");
        assert!(found[0].ends_with("did you mean `oa/gpt-4o-mini`?"), "{found:?}");
        let own = with("provider: lab, model: own", money);
        assert!(own[0].ends_with("`architrave catalog update` takes its price"), "{own:?}");
        assert!(with("provider: oa, model: gpt-4o-mini", money).is_empty());
        assert!(with("provider: pretend, model: echo", money).is_empty(), "nothing is paid");
        assert!(with(slip, "budgets: [{ tokens: 9, per: day }]").is_empty(), "tokens are counted");
        let only = |models: &str| with(slip, &format!("{money}, models: [{models}]"));
        assert_eq!(only("other").len(), 1, "it falls back on it");
        assert!(only("pretend/*").is_empty());
        assert_eq!(only("oa/gpt-nobody, pretend/*").len(), 1);
    }
}
