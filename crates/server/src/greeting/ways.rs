//! What can be asked through a listener by who has nothing but the file: the ways that its routes
//! open, each with the key that it asks for. Not the router: a route of which it is not plain that
//! it takes the request is passed over.

use std::sync::Arc;

use architrave_config::policy::key_auth::KeyAuth;
use architrave_config::{
    Consumer, ConsumerCredential, Listener, ListenerIndex, Mock, MockReply, Model, ModelPattern,
    PathMatch, PolicySet, ProviderKind, Route, Service, ServiceKind, Snapshot, UpstreamIndex,
};

/// Where the dialect of most clients is spoken.
const CHAT: &str = "/v1/chat/completions";

/// The key that a way asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// A consumer that has one.
    pub consumer: String,
    /// What stands before it in a header.
    pub header: String,
}

/// A way to servers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Web {
    /// A path that leads there.
    pub(super) path: String,
    /// The key that is asked for.
    pub(super) key: Option<Key>,
    /// Where it leads.
    pub(super) upstreams: Vec<UpstreamIndex>,
}

/// A way to models.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chat {
    /// Where chat is asked for.
    pub(super) path: String,
    /// The key that is asked for.
    pub(super) key: Option<Key>,
    /// Models that can be asked, in the order of the file; at least one.
    pub(super) models: Vec<String>,
    /// A model that says the same to everybody while it lacks what it takes to be a real one.
    pub(super) guide: Option<String>,
}

impl Web {
    /// Those of a listener.
    pub(super) fn all(snapshot: &Snapshot, listener: ListenerIndex) -> Vec<Self> {
        let ways = routes(snapshot, listener).filter_map(|route| {
            let (mut upstreams, mut key) = (Vec::new(), None);
            for service in services(snapshot, route) {
                let ServiceKind::Http { upstream } = service.kind else { return None };
                upstreams.push(upstream);
                let levels = levels(snapshot, listener, route, service);
                key = asked(snapshot, levels, KeyAuth::clone, |_| true)?;
            }
            let path = match &route.matches.first()?.path {
                PathMatch::Prefix(prefix) if prefix.is_empty() => "/".to_owned(),
                PathMatch::Prefix(path) | PathMatch::Exact(path) => path.clone(),
                PathMatch::Regex(_) => return None,
            };
            (!upstreams.is_empty()).then_some(Self { path, key, upstreams })
        });
        let mut ways: Vec<_> = ways.collect();
        // Nobody should have to look for a key first; the sort keeps the order of the file.
        ways.sort_by_key(|way| way.key.is_some());
        ways
    }
}

impl Chat {
    /// That of a listener, if it has one.
    pub(super) fn of(snapshot: &Snapshot, listener: ListenerIndex) -> Option<Self> {
        let mut ways: Vec<_> = routes(snapshot, listener)
            .filter_map(|route| Self::by(snapshot, listener, route))
            .collect();
        ways.sort_by_key(|way| way.key.is_some());
        ways.into_iter().next()
    }

    fn by(snapshot: &Snapshot, listener: ListenerIndex, route: &Route) -> Option<Self> {
        let mut services = services(snapshot, route);
        let (Some(service), None) = (services.next(), services.next()) else { return None };
        let ServiceKind::Llm(llm) = &service.kind else { return None };
        let PathMatch::Prefix(prefix) = &route.matches.first()?.path else { return None };
        let path = if route.keep_prefix { CHAT.to_owned() } else { format!("{prefix}{CHAT}") };
        let rest = path.strip_prefix(prefix.as_str())?;
        if !rest.starts_with('/') {
            return None;
        }
        let listed = |patterns: &[ModelPattern], models: &mut Vec<&Model>| {
            models.retain(|model| {
                patterns.iter().any(|pattern| pattern.matches(model.name.as_str()))
            });
        };
        let mut models: Vec<&Model> = snapshot.models.iter().map(|model| &**model).collect();
        listed(&llm.models, &mut models);
        let may = |consumer: &Consumer| {
            let mut models = models.clone();
            consumer.models.iter().for_each(|patterns| listed(patterns, &mut models));
            !models.is_empty()
        };
        let levels = levels(snapshot, listener, route, service);
        let key = asked(snapshot, levels, KeyAuth::for_models, may)?;
        if let Some(key) = &key {
            let is_it = |consumer: &&Arc<Consumer>| consumer.name.as_str() == key.consumer;
            let consumer = snapshot.consumers.iter().find(is_it)?;
            consumer.models.iter().for_each(|patterns| listed(patterns, &mut models));
        }
        models.first()?;
        let name = |model: &Model| model.name.as_str().to_owned();
        let guide = models.iter().skip(1).find(|model| is_guide(snapshot, model));
        let guide = guide.map(|model| name(model));
        Some(Self { path, key, guide, models: models.into_iter().map(name).collect() })
    }
}

/// The routes of a listener that take whatever has the right path.
fn routes(snapshot: &Snapshot, listener: ListenerIndex) -> impl Iterator<Item = &Route> {
    let routes = snapshot.routes.iter().map(|route| &**route);
    routes.filter(move |route| {
        let is_plain = route.matches.first().is_some_and(|first| {
            let has_fields = !first.headers.is_empty() || !first.cookies.is_empty();
            first.methods.is_empty() && first.query.is_empty() && !has_fields
        });
        route.listeners.contains(&listener) && route.hosts.is_empty() && is_plain
    })
}

/// What a route leads to, with a share.
fn services<'a>(snapshot: &'a Snapshot, route: &'a Route) -> impl Iterator<Item = &'a Service> {
    let weighted = route.services.iter().filter(|weighted| weighted.weight > 0);
    weighted.map(|weighted| &*snapshot.services[weighted.service.get()])
}

/// The policies on a way, the most specific first.
fn levels<'a>(
    snapshot: &'a Snapshot,
    listener: ListenerIndex,
    route: &'a Route,
    service: &'a Service,
) -> [&'a PolicySet; 4] {
    let listener: &Listener = &snapshot.listeners[listener.get()];
    [&route.policies, &service.policies, &listener.policies, &snapshot.policies]
}

/// The key that policies ask for, or `Some(None)` for none; `None` where they ask for something
/// else, or for a key that no consumer has who `may` come.
fn asked(
    snapshot: &Snapshot,
    levels: [&PolicySet; 4],
    places: impl Fn(&KeyAuth) -> KeyAuth,
    may: impl Fn(&Consumer) -> bool,
) -> Option<Option<Key>> {
    if levels.iter().any(|one| one.ip_filter.is_some() || one.redirect.is_some()) {
        return None;
    }
    let asks = |one: &&&PolicySet| one.key_auth.is_some() || one.basic_auth.is_some();
    let Some(decides) = levels.iter().find(asks) else { return Some(None) };
    let places = places(decides.key_auth.as_ref()?);
    let header = match places.headers.first()?.as_str() {
        "authorization" => "authorization: Bearer".to_owned(),
        name => format!("{name}:"),
    };
    let has_key = |consumer: &Consumer| {
        let is_key = |one: &ConsumerCredential| matches!(one, ConsumerCredential::ApiKey(_));
        consumer.credentials.iter().any(is_key)
    };
    let consumer = snapshot.consumers.iter().find(|one| has_key(one) && may(one))?;
    Some(Some(Key { consumer: consumer.name.as_str().to_owned(), header }))
}

/// Whether a mock with one thing to say stands behind a model: alone, or for when the real one is not
/// to be had.
fn is_guide(snapshot: &Snapshot, model: &Model) -> bool {
    model.deployments.iter().any(|deployment| {
        let kind = &snapshot.providers[deployment.provider.get()].kind;
        matches!(kind, ProviderKind::Mock(Mock { reply: MockReply::Fixed(_), .. }))
    })
}

#[cfg(test)]
mod tests {
    use architrave_config::NoSources;

    use super::*;

    const WHOLE: &str = "\
version: 1
listeners: [{ name: web, address: \"127.0.0.1:8080\", protocol: http }]
upstreams: [{ name: shop, endpoints: [{ address: \"127.0.0.1:9001\" }] }]
providers: [{ name: p, kind: mock }]
models: [{ name: a, deployments: [{ provider: p, model: m }] }, { name: b, deployments: [{ provider: p, model: m }] }]
services: [{ name: shop, http: { upstream: shop } }, { name: ai, llm: {} }]
";

    fn snapshot(rest: &str) -> Snapshot {
        architrave_config::load(&format!("{WHOLE}{rest}"), "f", &NoSources).expect("it is valid")
    }

    fn first(snapshot: &Snapshot) -> ListenerIndex {
        snapshot.routes[0].listeners[0]
    }

    /// The path and the consumer whose key is asked for, of the first way to servers.
    fn web(rest: &str) -> Option<(String, Option<String>)> {
        let snapshot = snapshot(rest);
        let way = Web::all(&snapshot, first(&snapshot)).into_iter().next()?;
        Some((way.path, way.key.map(|key| key.consumer)))
    }

    /// The same of the way to models, with the first model.
    fn chat(rest: &str) -> Option<(String, String, Option<String>)> {
        let snapshot = snapshot(rest);
        let way = Chat::of(&snapshot, first(&snapshot))?;
        Some((way.path, way.models[0].clone(), way.key.map(|key| key.consumer)))
    }

    #[test]
    fn servers_are_found_where_anybody_may_go() {
        let way = |path: &str| Some((path.to_owned(), None));
        assert_eq!(web("routes: [{ name: r, service: shop }]"), way("/"));
        let below = "match: [{ path: { prefix: /a } }], service: shop";
        assert_eq!(web(&format!("routes: [{{ name: r, {below} }}]")), way("/a"));
        for closed in [
            "hosts: [a.example], service: shop",
            "match: [{ methods: [POST] }], service: shop",
            "service: shop, policies: { ip_filter: { deny: [10.0.0.0/8] } }",
            "service: shop, policies: { key_auth: {} }",
            "service: ai",
        ] {
            assert_eq!(web(&format!("routes: [{{ name: r, {closed} }}]")), None, "{closed}");
        }
    }

    #[test]
    fn a_key_is_asked_for_where_a_policy_on_the_way_does() {
        let keys = "consumers: [{ name: c, credentials: [{ api_key: change-me-please-0123 }] }]\n";
        let kept = Some("c".to_owned());
        let open = "{ name: open, service: shop, match: [{ path: { exact: /o } }] }";
        let shut = "{ name: shut, service: shop, policies: { key_auth: {} } }";
        assert_eq!(web(&format!("{keys}routes: [{shut}]")), Some(("/".to_owned(), kept.clone())));
        let both = web(&format!("{keys}routes: [{shut}, {open}]"));
        assert_eq!(both, Some(("/o".to_owned(), None)), "nobody needs a key there");
        let all =
            format!("{keys}policies: {{ key_auth: {{}} }}\nroutes: [{{ name: r, service: ai }}]");
        let asked = chat(&all);
        assert_eq!(asked, Some((CHAT.to_owned(), "a".to_owned(), kept)));
    }

    #[test]
    fn a_model_that_tells_what_it_lacks_is_shown_also_once_it_lacks_nothing() {
        let guide = "version: 1
listeners: [{ name: web, address: \"127.0.0.1:8080\", protocol: http }]
providers:
  - { name: p, kind: mock }
  - { name: guide, kind: mock, mock: { reply: { fixed: two steps } } }
models:
  - { name: a, deployments: [{ provider: p, model: m }] }
  - name: real
    strategy: priority
    deployments: [REAL{ provider: guide, model: m, priority: 1 }]
services: [{ name: ai, llm: {} }]
routes: [{ name: r, service: ai }]
";
        for real in ["", "{ provider: p, model: m }, "] {
            let file = guide.replace("REAL", real);
            let snapshot = architrave_config::load(&file, "f", &NoSources).expect("it is valid");
            let way = Chat::of(&snapshot, first(&snapshot)).expect("there is a way");
            assert_eq!(way.guide.as_deref(), Some("real"), "{real}");
        }
    }

    #[test]
    fn models_are_those_that_the_service_and_the_consumer_have() {
        let of = |route: &str| chat(&format!("routes: [{{ name: r, service: ai{route} }}]"));
        let way = |path: &str| Some((path.to_owned(), "a".to_owned(), None));
        assert_eq!(of(""), way("/v1/chat/completions"));
        let below = ", match: [{ path: { prefix: /x } }]";
        assert_eq!(of(below), way("/x/v1/chat/completions"));
        assert_eq!(of(&format!("{below}, keep_prefix: true")), None, "no client says /x");
        let lab = "consumers: [{ name: c, models: [b], credentials: [{ api_key: change-me-please-0123 }] }]";
        let route = "routes: [{ name: r, service: ai, policies: { key_auth: {} } }]";
        let asked = chat(&format!("{lab}\n{route}"));
        assert_eq!(asked, Some((CHAT.to_owned(), "b".to_owned(), Some("c".to_owned()))));
        assert_eq!(chat(route), None, "nobody has a key");
    }
}
