//! What the files of gateways have in common whose consumers show keys: providers, the service,
//! and who may ask.

use architrave_testkit::{Config, Gateway, Origin, SOON, eventually};

/// What bob shows.
pub(super) const BOB: &str = "Authorization: Bearer bob-key-0123456789";

/// A provider of a kind, named by its number, with a credential of its own.
pub(super) fn provider(at: usize, kind: &str, base_path: &str, origin: &Origin) -> String {
    format!(
        "  - {{ name: p{at}, kind: {kind}, base_url: \"http://{}{base_path}\", \
         credentials: [{{ name: main, value: key-{at} }}] }}",
        origin.addr()
    )
}

/// Providers of one kind, `p0`, `p1`, and so on.
pub(super) fn providers(kind: &str, base_path: &str, origins: &[&Origin]) -> String {
    let origins = origins.iter().enumerate();
    let providers = origins.map(|(at, origin)| provider(at, kind, base_path, origin));
    format!("providers:\n{}", providers.collect::<Vec<_>>().join("\n"))
}

/// One provider of a kind, at which the model `fast` is called so.
pub(super) fn sole(kind: &str, base_path: &str, origin: &Origin, there: &str) -> Config {
    Config::new().web().and(&format!(
        "{}\nmodels: [{{ name: fast, deployments: [{{ provider: p0, model: {there} }}] }}]",
        providers(kind, base_path, &[origin])
    ))
}

/// The service `ai` at every path, for whoever has a key.
pub(super) fn keyed(models: Config) -> Config {
    models
        .service("ai", "llm: {}\npolicies: { key_auth: {} }")
        .route("ai", "service: ai\nkeep_prefix: true")
}

/// The consumer ada; `more` is YAML of hers.
pub(super) fn with_ada(config: Config, more: &str) -> Config {
    config.consumer("ada", &format!("credentials: [{{ api_key: ada-key-0123456789 }}]\n{more}"))
}

/// The consumer bob; `more` is YAML of his.
pub(super) fn with_bob(config: Config, more: &str) -> Config {
    config.consumer("bob", &format!("credentials: [{{ api_key: bob-key-0123456789 }}]\n{more}"))
}

/// A gateway to models whose one consumer has a budget.
pub(super) fn held_to(budget: &str, models: Config) -> Gateway {
    Gateway::start(with_ada(keyed(models), &format!("budgets: [{budget}]")))
}

/// What of ada's first budget is `spent`, `reserved` or `left`.
#[track_caller]
pub(super) fn of_budget(gateway: &Gateway, what: &str) -> u64 {
    let usage = gateway.admin_json("/api/v1/usage/ada");
    usage["budgets"][0][what].as_u64().expect("a number")
}

/// Waits until that much of ada's first budget is spent, and all of it settled.
#[track_caller]
pub(super) fn has_spent(gateway: &Gateway, much: u64) {
    eventually(&format!("{much} are spent"), SOON, || {
        let is_settled = of_budget(gateway, "reserved") == 0;
        (is_settled && of_budget(gateway, "spent") == much).then_some(())
    });
}
