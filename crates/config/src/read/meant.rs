//! Keys that are known elsewhere, or by another name: what people write who know another gateway,
//! or have forgotten one step of the way down. For "did you mean", where no slip of the finger
//! explains the word.

/// What is meant by some words in one kind of record.
struct Meant {
    /// The words.
    said: &'static [&'static str],
    /// Keys that the record has, by which it is known from others.
    among: &'static [&'static str],
    /// What would be right there.
    right: &'static str,
}

const fn meant(
    said: &'static [&'static str],
    among: &'static [&'static str],
    right: &'static str,
) -> Meant {
    Meant { said, among, right }
}

const TOP: &[&str] = &["listeners", "upstreams"];
const LISTENER: &[&str] = &["address", "proxy_protocol"];
const ROUTE: &[&str] = &["match", "service"];
const SERVICE: &[&str] = &["http", "llm"];
const UPSTREAM: &[&str] = &["endpoints", "balance"];
const ENDPOINT: &[&str] = &["address", "dns"];
const CONSUMER: &[&str] = &["credentials", "budgets"];
const CONSUMER_LIMITS: &[&str] = &["requests", "tokens", "parallel"];
const BUDGET: &[&str] = &["money", "per"];
const PROVIDER: &[&str] = &["kind", "base_url"];
const PROVIDER_CREDENTIAL: &[&str] = &["value", "aws"];
const MODEL: &[&str] = &["deployments", "fallbacks"];

/// All of them; the first that fits counts.
const ALL: &[Meant] = &[
    meant(&["servers", "ports"], TOP, "listeners"),
    meant(&["clusters", "pools", "backends", "origins"], TOP, "upstreams"),
    meant(&["users", "clients", "api_keys", "tokens"], TOP, "consumers"),
    meant(&["access_log", "log", "logging", "logs"], TOP, "telemetry: { access_log: … }"),
    meant(&["port", "host", "bind", "listen", "ip"], LISTENER, "address: \"0.0.0.0:8080\""),
    meant(
        &["certificates", "certificate", "cert", "cert_file", "key_file", "ssl"],
        LISTENER,
        "tls: { certificates: [{ cert_file: …, key_file: … }] }",
    ),
    meant(&["path", "prefix", "paths", "location"], ROUTE, "match: [{ path: { prefix: … } }]"),
    meant(&["method", "methods"], ROUTE, "match: [{ methods: … }]"),
    meant(&["query", "cookies"], ROUTE, "match: [{ …: … }]"),
    meant(&["upstream", "backend", "target", "to", "proxy_pass"], ROUTE, "service"),
    meant(&["upstream", "backend", "url"], SERVICE, "http: { upstream: … }"),
    meant(&["model", "models", "provider"], SERVICE, "llm: { models: … }"),
    meant(
        &["servers", "targets", "backends", "nodes", "members", "hosts", "addresses"],
        UPSTREAM,
        "endpoints: [{ address: … }]",
    ),
    meant(&["algorithm", "strategy", "policy", "lb_policy", "load_balancing"], UPSTREAM, "balance"),
    meant(
        &["health_check", "health_checks", "healthcheck", "check"],
        UPSTREAM,
        "health: { active: … }",
    ),
    meant(&["host", "port", "ip", "url", "server"], ENDPOINT, "address: \"127.0.0.1:9001\""),
    meant(
        &["api_key", "api_keys", "apikey", "key", "keys", "key_auth", "token"],
        CONSUMER,
        "credentials: [{ api_key: … }]",
    ),
    meant(
        &["basic", "basic_auth", "user", "username", "password"],
        CONSUMER,
        "credentials: [{ basic: { username: …, password: … } }]",
    ),
    meant(&["requests", "rpm", "rate", "rate_limit"], CONSUMER, "limits: { requests: … }"),
    meant(&["tokens", "tpm", "token_limit"], CONSUMER, "limits: { tokens: … }"),
    meant(&["money", "spend_limit", "max_budget"], CONSUMER, "budgets: [{ money: …, per: month }]"),
    meant(&["rpm", "rps", "requests_per_minute", "rate"], CONSUMER_LIMITS, "requests"),
    meant(&["tpm", "tokens_per_minute"], CONSUMER_LIMITS, "tokens"),
    meant(&["concurrency", "concurrent", "connections"], CONSUMER_LIMITS, "parallel"),
    meant(&["usd", "amount", "limit", "cost"], BUDGET, "money"),
    meant(&["period", "every", "window", "interval"], BUDGET, "per"),
    meant(
        &["api_key", "api_keys", "apikey", "key", "keys", "token", "secret", "value"],
        PROVIDER,
        "credentials: [{ value: … }]",
    ),
    meant(&["url", "uri", "address", "endpoint", "host", "api_base"], PROVIDER, "base_url"),
    meant(&["type", "dialect"], PROVIDER, "kind"),
    meant(&["api_key", "apikey", "key", "token", "secret"], PROVIDER_CREDENTIAL, "value"),
    meant(&["provider", "model"], MODEL, "deployments: [{ provider: …, model: … }]"),
    meant(&["targets", "providers", "backends"], MODEL, "deployments"),
];

/// The kinds of policy, which stand one step further down.
const POLICIES: [&str; 12] = [
    "ip_filter",
    "redirect",
    "cors",
    "key_auth",
    "basic_auth",
    "jwt",
    "rate_limit",
    "body_limit",
    "rewrite",
    "headers",
    "guardrail",
    "cache",
];

/// Words of closed lists, and what they are called elsewhere.
const WORDS: &[(&str, &[&str])] = &[
    ("least_request", &["least_conn", "leastconn", "least_connections", "least_connection"]),
    ("round_robin", &["rr", "wrr", "weighted", "weighted_round_robin", "roundrobin", "static_rr"]),
    ("ring_hash", &["ip_hash", "source", "hash", "consistent", "consistent_hash", "chash", "uri"]),
    ("p2c_least_request", &["p2c", "random_two", "power_of_two_choices"]),
    ("p2c_ewma", &["ewma", "peak_ewma", "least_time"]),
    ("priority", &["failover", "fallback", "ordered"]),
    ("fastest", &["latency", "latency_based", "lowest_latency"]),
    ("cheapest", &["cost", "cost_based", "lowest_cost"]),
    ("least_busy", &["least_conn", "least_request", "usage_based"]),
    ("https", &["ssl", "tls_terminate", "http2"]),
];

/// What is meant by a word that is in another gateway's list.
pub(super) fn meant_word(word: &str, known: &[&str]) -> Option<String> {
    let word = word.to_lowercase().replace('-', "_");
    let fits = |(right, said): &&(&str, &[&str])| known.contains(right) && said.contains(&&*word);
    WORDS.iter().find(fits).map(|(right, _)| (*right).to_owned())
}

/// What somebody means by a key that a record with the keys `known` does not have.
pub(super) fn meant_by(word: &str, known: &[&str]) -> Option<String> {
    let word = word.to_lowercase().replace('-', "_");
    let fits = |meant: &&Meant| {
        meant.said.contains(&&*word) && meant.among.iter().all(|key| known.contains(key))
    };
    if let Some(meant) = ALL.iter().find(fits) {
        return Some(meant.right.to_owned());
    }
    let is_policy = known.contains(&"policies") && POLICIES.contains(&&*word);
    is_policy.then(|| format!("policies: {{ {word}: … }}"))
}

#[cfg(test)]
mod tests {
    use crate::NoSources;

    /// What is suggested for the only fault of a file.
    fn suggested(file: &str) -> String {
        let errors = crate::load(&format!("version: 1\n{file}\n"), "f", &NoSources);
        let errors = errors.expect_err("there is a fault");
        let unknown = errors.iter().find(|error| error.message.contains("unknown key"));
        let unknown = unknown.unwrap_or_else(|| panic!("{errors:?}"));
        unknown.suggestion.clone().unwrap_or_default()
    }

    #[test]
    fn what_belongs_one_step_further_down_is_said_with_the_step() {
        let key = "credentials: [{ api_key: … }]";
        assert_eq!(suggested("consumers: [{ name: a, api_key: x }]"), key);
        assert_eq!(suggested("consumers: [{ name: a, apiKey: x }]"), key);
        let limit = suggested("consumers: [{ name: a, rate_limit: { rate: 1/s } }]");
        assert_eq!(limit, "limits: { requests: … }");
        let value = suggested("providers: [{ name: a, kind: mock, api_key: x }]");
        assert_eq!(value, "credentials: [{ value: … }]");
        let value =
            suggested("providers: [{ name: a, kind: mock, credentials: [{ api_key: x }] }]");
        assert_eq!(value, "value");
        assert_eq!(suggested("routes: [{ name: a, key_auth: {} }]"), "policies: { key_auth: … }");
        let path = suggested("routes: [{ name: a, path: /x }]");
        assert_eq!(path, "match: [{ path: { prefix: … } }]");
        assert_eq!(suggested("services: [{ name: a, upstream: b }]"), "http: { upstream: … }");
        let servers = suggested("upstreams: [{ name: a, servers: [\"127.0.0.1:1\"] }]");
        assert_eq!(servers, "endpoints: [{ address: … }]");
        let deployment = suggested("models: [{ name: a, provider: b }]");
        assert_eq!(deployment, "deployments: [{ provider: …, model: … }]");
    }

    #[test]
    fn a_slip_of_the_finger_comes_first_and_nonsense_is_no_hint() {
        assert_eq!(suggested("consumers: [{ name: a, credential: [] }]"), "credentials");
        assert_eq!(suggested("consumers: [{ name: a, colour: red }]"), "");
        assert_eq!(suggested("routes: [{ name: a, deployments: [] }]"), "");
    }

    #[test]
    fn words_of_other_gateways_are_translated() {
        let meant = |word: &str| {
            let file =
                format!("version: 1\nupstreams: [{{ name: a, balance: {word}, endpoints: [] }}]\n");
            let errors = crate::load(&file, "f", &NoSources).expect_err("it is no word of ours");
            errors[0].suggestion.clone().unwrap_or_default()
        };
        assert_eq!(meant("least_conn"), "least_request");
        assert_eq!(meant("ip-hash"), "ring_hash");
        assert_eq!(meant("p2c_last_request"), "p2c_least_request");
        assert_eq!(meant("nonsense"), "");
    }

    #[test]
    fn every_word_is_one_that_its_record_does_not_have() {
        for meant in super::ALL {
            for word in meant.said {
                assert!(!meant.among.contains(word), "{word}");
                assert_eq!(*word, word.to_lowercase().replace('-', "_"), "as it is looked for");
            }
        }
    }
}
