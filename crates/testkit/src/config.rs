//! A gateway file in the making: the parts every test needs are written here, the rest is the
//! test's own YAML.

use std::fmt;
use std::net::SocketAddr;

/// A gateway file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    listeners: Vec<String>,
    upstreams: Vec<String>,
    services: Vec<String>,
    routes: Vec<String>,
    consumers: Vec<String>,
    rest: Vec<String>,
    access_log: Option<String>,
}

impl Config {
    /// An empty file: an admin listener and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The commonest file: the http listener `web`, one upstream and service `origin` and one
    /// route `all` to it.
    #[must_use]
    pub fn single(endpoint: SocketAddr) -> Self {
        Self::balanced(&[endpoint], "")
    }

    /// The same with several endpoints and more YAML in the upstream.
    #[must_use]
    pub fn balanced(endpoints: &[SocketAddr], upstream: &str) -> Self {
        Self::new().web().upstream("origin", endpoints, upstream).route("all", "service: origin")
    }

    /// An AI gateway: the listener `web`, and all of it one llm service with every model. `parts` is
    /// the YAML of providers, models and the like.
    #[must_use]
    pub fn ai(parts: &str) -> Self {
        Self::new()
            .web()
            .service("ai", "llm: { models: [\"*\"] }")
            .route("ai", "service: ai\nkeep_prefix: true")
            .and(parts)
    }

    /// Adds the http listener `web`.
    #[must_use]
    pub fn web(self) -> Self {
        self.listener("web", "protocol: http")
    }

    /// Adds a listener at a port of the system's choice.
    #[must_use]
    pub fn listener(self, name: &str, more: &str) -> Self {
        self.listener_at(name, "127.0.0.1:0", more)
    }

    /// Adds a listener at an address.
    #[must_use]
    pub fn listener_at(mut self, name: &str, address: &str, more: &str) -> Self {
        self.listeners.push(item(name, &format!("address: \"{address}\""), more));
        self
    }

    /// Adds an upstream and a service of the same name that leads to it.
    #[must_use]
    pub fn upstream(self, name: &str, endpoints: &[SocketAddr], more: &str) -> Self {
        let list: Vec<_> =
            endpoints.iter().map(|address| format!("{{ address: \"{address}\" }}")).collect();
        self.upstream_of(name, &list.join(", "), more)
    }

    /// The same with the endpoints written as the items of a YAML list.
    #[must_use]
    pub fn upstream_of(mut self, name: &str, endpoints: &str, more: &str) -> Self {
        self.upstreams.push(item(name, &format!("endpoints: [{endpoints}]"), more));
        self.service(name, &format!("http: {{ upstream: {name} }}"))
    }

    /// Adds a service.
    #[must_use]
    pub fn service(mut self, name: &str, more: &str) -> Self {
        self.services.push(item(name, "", more));
        self
    }

    /// Adds a route.
    #[must_use]
    pub fn route(mut self, name: &str, more: &str) -> Self {
        self.routes.push(item(name, "", more));
        self
    }

    /// Adds a consumer.
    #[must_use]
    pub fn consumer(mut self, name: &str, more: &str) -> Self {
        self.consumers.push(item(name, "", more));
        self
    }

    /// Says where the access log goes; nowhere by default.
    #[must_use]
    pub fn access_log(mut self, to: &str) -> Self {
        self.access_log = Some(to.to_owned());
        self
    }

    /// Adds YAML at the top level.
    #[must_use]
    pub fn and(mut self, yaml: &str) -> Self {
        self.rest.push(dedent(yaml));
        self
    }
}

impl fmt::Display for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("version: 1\nadmin: { address: \"127.0.0.1:0\" }\n")?;
        let log = self.access_log.as_deref().unwrap_or("{ none: {} }");
        writeln!(formatter, "telemetry: {{ access_log: {{ to: {log} }} }}")?;
        let lists = [
            ("listeners", &self.listeners),
            ("upstreams", &self.upstreams),
            ("services", &self.services),
            ("routes", &self.routes),
            ("consumers", &self.consumers),
        ];
        for (kind, items) in lists {
            if !items.is_empty() {
                writeln!(formatter, "{kind}:\n{}", items.join("\n"))?;
            }
        }
        for yaml in &self.rest {
            writeln!(formatter, "{yaml}")?;
        }
        Ok(())
    }
}

fn item(name: &str, first: &str, more: &str) -> String {
    let mut lines = vec![format!("  - name: {name}")];
    let more = dedent(more);
    let rest = std::iter::once(first).chain(more.lines()).filter(|line| !line.trim().is_empty());
    lines.extend(rest.map(|line| format!("    {line}")));
    lines.join("\n")
}

/// Takes away the indentation that all lines but the first share.
fn dedent(text: &str) -> String {
    let text = text.trim_matches('\n').trim_end();
    let depth = |line: &&str| line.len() - line.trim_start().len();
    let shared = text.lines().filter(|line| !line.trim().is_empty()).map(|line| depth(&line));
    let shared = shared.min().unwrap_or(0);
    text.lines().map(|line| line.get(shared..).unwrap_or("")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_nest_under_their_lists() {
        let config = Config::single(([127, 0, 0, 1], 9001).into()).route(
            "other",
            "
            hosts: [a.example]
            policies:
              redirect: { status: 308 }
            ",
        );
        let expected = r#"version: 1
admin: { address: "127.0.0.1:0" }
telemetry: { access_log: { to: { none: {} } } }
listeners:
  - name: web
    address: "127.0.0.1:0"
    protocol: http
upstreams:
  - name: origin
    endpoints: [{ address: "127.0.0.1:9001" }]
services:
  - name: origin
    http: { upstream: origin }
routes:
  - name: all
    service: origin
  - name: other
    hosts: [a.example]
    policies:
      redirect: { status: 308 }
"#;
        assert_eq!(config.to_string(), expected);
    }
}
