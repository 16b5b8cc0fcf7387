//! Services of models that anyone can use who reaches their listener, at the cost of whoever pays
//! the providers. They are told of and served all the same: who stands before them may be elsewhere.

use std::fmt;

use architrave_config::{
    Listener, ListenerProtocol, PolicySet, Route, ServiceIndex, ServiceKind, Snapshot,
};
use architrave_core::name::{ListenerName, ServiceName};

/// A service of models without a guard, and a listener that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unguarded {
    service: ServiceName,
    listener: ListenerName,
}

impl fmt::Display for Unguarded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, listener } = self;
        write!(
            formatter,
            "service {service} asks nobody for a key: whoever reaches listener {listener} spends the \
             credentials of providers; the policy `key_auth` asks for keys"
        )
    }
}

/// Those of a configuration, each service once; none where no provider has a credential.
pub(crate) fn find(snapshot: &Snapshot) -> Vec<Unguarded> {
    let mut found: Vec<Unguarded> = Vec::new();
    if snapshot.providers.iter().all(|provider| provider.credentials.is_empty()) {
        return found;
    }
    for route in &snapshot.routes {
        for listener in &route.listeners {
            let listener = &snapshot.listeners[listener.get()];
            for weighted in &route.services {
                let service = &snapshot.services[weighted.service.get()];
                let is_of_models =
                    matches!(service.kind, ServiceKind::Llm(_) | ServiceKind::Prompt(_));
                let is_told = found.iter().any(|one| one.service == service.name);
                let is_offered = is_offered(snapshot, weighted.service);
                let is_open = !is_offered
                    && !knows_its_clients(listener)
                    && !is_guarded(snapshot, listener, route, &service.policies);
                if is_of_models && !is_told && is_open {
                    let (service, listener) = (service.name.clone(), listener.name.clone());
                    found.push(Unguarded { service, listener });
                }
            }
        }
    }
    found
}

/// Whether only this machine can connect, or only who has a certificate.
pub(crate) fn knows_its_clients(listener: &Listener) -> bool {
    let has_certificate = match &listener.protocol {
        ListenerProtocol::Https(tls) => tls.client_ca_file.is_some(),
        _ => false,
    };
    has_certificate || listener.ip.is_loopback()
}

/// Whether only applications that have subscribed get through.
pub(crate) fn is_offered(snapshot: &Snapshot, service: ServiceIndex) -> bool {
    snapshot
        .plans
        .iter()
        .any(|plan| snapshot.products[plan.product.get()].services.contains(&service))
}

/// Whether something on the way says who may come.
pub(crate) fn is_guarded(
    snapshot: &Snapshot,
    listener: &Listener,
    route: &Route,
    own: &PolicySet,
) -> bool {
    let levels = [&*snapshot.policies, &*listener.policies, &*route.policies, own];
    levels.iter().any(|policies| {
        let has_list = policies.ip_filter.as_ref().is_some_and(|filter| !filter.allow.is_empty());
        let asks =
            policies.key_auth.is_some() || policies.basic_auth.is_some() || policies.jwt.is_some();
        asks || has_list
    })
}

#[cfg(test)]
mod tests {
    use architrave_config::NoSources;

    use super::*;

    /// What is told of a file with a service `ai` behind a listener at `address`.
    fn told(address: &str, provider: &str, listener: &str, route: &str, rest: &str) -> Vec<String> {
        let file = format!(
            "version: 1\n\
             listeners: [{{ name: web, address: \"{address}:8080\", protocol: http{listener} }}]\n\
             providers: [{{ name: p, kind: openai_compatible, base_url: \"http://127.0.0.1:1/v1\"{provider} }}]\n\
             models: [{{ name: m, deployments: [{{ provider: p, model: m }}] }}]\n\
             services: [{{ name: ai, llm: {{}} }}]\n\
             routes: [{{ name: ai, service: ai{route} }}]\n{rest}"
        );
        let snapshot = architrave_config::load(&file, "f", &NoSources).expect("it is valid");
        find(&snapshot).iter().map(ToString::to_string).collect()
    }

    const PAID: &str = ", credentials: [{ value: secret }]";

    #[test]
    fn an_open_service_is_told_of_where_somebody_pays() {
        let open = told("0.0.0.0", PAID, "", "", "");
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(open[0].starts_with("service ai asks nobody for a key"), "{open:?}");
        assert!(open[0].contains("listener web "), "{open:?}");
        assert!(told("0.0.0.0", "", "", "", "").is_empty(), "nobody pays");
        assert!(told("127.0.0.1", PAID, "", "", "").is_empty(), "only this machine comes");
    }

    #[test]
    fn a_guard_may_stand_anywhere_on_the_way() {
        for guard in [
            "{ key_auth: {} }",
            "{ basic_auth: {} }",
            "{ jwt: { issuer: a, audience: b, jwks: { keys: [] } } }",
            "{ ip_filter: { allow: [10.0.0.0/8] } }",
        ] {
            let policies = format!(", policies: {guard}");
            assert!(told("0.0.0.0", PAID, &policies, "", "").is_empty(), "listener {guard}");
            assert!(told("0.0.0.0", PAID, "", &policies, "").is_empty(), "route {guard}");
            assert!(told("0.0.0.0", PAID, "", "", &policies[2..]).is_empty(), "all {guard}");
        }
        let offered = "products: [{ name: x, services: [ai] }]\nplans: [{ name: y, product: x }]\n";
        assert!(told("0.0.0.0", PAID, "", "", offered).is_empty(), "only subscribers come");
        let denied = ", policies: { ip_filter: { deny: [10.0.0.0/8] } }";
        assert_eq!(told("0.0.0.0", PAID, "", denied, "").len(), 1, "everybody else comes");
    }
}
