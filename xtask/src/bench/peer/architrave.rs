//! Architrave itself, as `make dist` builds it: what the packages hold.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Setup, Work};
use crate::bench::llm::LlmWork;
use crate::bench::llm_origin::{MODEL, PROVIDER_KEY, UPSTREAM_MODEL};
use crate::bench::{applications, route_set};
use crate::{dist, shell, tree};

/// The API key that the bench presents.
pub(crate) const API_KEY: &str = "bench-key-0123456789abcdef";

/// Where the binary is.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(match std::env::var_os("ARCHITRAVE_BIN") {
        Some(given) => PathBuf::from(given),
        None => dist::binary()?,
    })
}

pub(super) fn build() -> Result<()> {
    if std::env::var_os("ARCHITRAVE_BIN").is_some() {
        return Ok(());
    }
    dist::build()
}

pub(super) fn version() -> Result<String> {
    let text = shell::read(Command::new(program()?).arg("version"))?;
    let line = text.lines().next().context("architrave does not say its version")?;
    Ok(line.trim().to_owned())
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let config = setup.folder.join("gateway.yaml");
    tree::write(&config, &text(setup))?;
    if let Work::Stored(count) = setup.work {
        return on_database(setup, &config, count);
    }
    let mut command = Command::new(program()?);
    command.arg("run").arg("--config").arg(config);
    command.args(["--workers", &setup.workers.to_string()]);
    Ok(command)
}

/// The objects in a database of its own, with so many applications, under which lies a file without
/// any.
fn on_database(setup: &Setup, objects: &Path, count: usize) -> Result<Command> {
    let data = setup.folder.join("data");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let mut apply = Command::new(program()?);
    shell::run(apply.arg("apply").arg(objects).arg("--data").arg(&data))?;
    applications::fill(&data, count)?;
    let config = setup.folder.join("rest.yaml");
    tree::write(&config, &format!("version: 1\n{QUIET}"))?;
    let mut command = Command::new(program()?);
    command.arg("run").arg("--config").arg(config).arg("--data").arg(data);
    command.args(["--workers", &setup.workers.to_string()]);
    Ok(command)
}

/// What is no object: an admin listener, and no access log.
const QUIET: &str = "admin: { address: \"127.0.0.1:0\" }\n\
                     telemetry: { access_log: { to: { none: {} } } }\n";

/// One route, which takes all.
const ALL: &str = "routes: [{ name: all, service: origin }]\n";

/// The gateway file for chat with a model.
fn llm_text(setup: &Setup, work: LlmWork) -> String {
    let Setup { port, origin, .. } = setup;
    let governed = match work {
        LlmWork::Chat => "",
        LlmWork::Governed => {
            ", limits: { requests: 100000000/s, tokens: 1000000000000/m, parallel: 100000 }, \
             budgets: [{ money: 1000000 USD, per: month }, { tokens: 1000000000000, per: day }]"
        }
    };
    // What is asked for by a name of the catalogue has its price.
    let (kind, upstream_model) = ("openai_compatible", UPSTREAM_MODEL);
    format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:{port}\", protocol: http }}]\n\
         providers: [{{ name: origin, kind: {kind}, base_url: \"http://127.0.0.1:{origin}/v1\", \
         credentials: [{{ name: main, value: {PROVIDER_KEY} }}] }}]\n\
         models: [{{ name: {MODEL}, deployments: [{{ provider: origin, model: {upstream_model} }}] }}]\n\
         consumers: [{{ name: bench, credentials: [{{ api_key: {API_KEY} }}]{governed} }}]\n\
         services: [{{ name: ai, llm: {{}} }}]\n\
         routes: [{{ name: ai, service: ai, policies: {{ key_auth: {{}} }} }}]\n\
         admin: {{ address: \"127.0.0.1:0\" }}\n\
         telemetry: {{ access_log: {{ to: {{ none: {{}} }} }} }}\n"
    )
}

/// The gateway file for a piece of work.
pub(crate) fn text(setup: &Setup) -> String {
    let Setup { port, origin, .. } = setup;
    let rest = match setup.work {
        Work::Http | Work::Http2 | Work::BigBuffers => ALL.to_owned(),
        Work::Policies => format!(
            "routes:\n  - name: all\n    service: origin\n    policies:\n      \
             key_auth: {{ headers: [x-api-key] }}\n      \
             rate_limit: {{ rate: 1000000/s, key: {{ consumer: {{}} }} }}\n\
             consumers: [{{ name: bench, credentials: [{{ api_key: {API_KEY} }}] }}]\n"
        ),
        Work::Plans(count) => format!("{ALL}{}{}", applications::PLAN, applications::yaml(count)),
        Work::Stored(_) => format!("{ALL}{}", applications::PLAN),
        Work::Routes(count) => route_set::yaml(count),
        Work::Tcp | Work::BigPipes => String::new(),
        Work::Llm(work) => return llm_text(setup, work),
    };
    let (protocol, forward, service) = match setup.work {
        Work::Tcp | Work::BigPipes => ("tcp", ", forward: [{ upstream: origin }]", ""),
        _ => ("http", "", "services: [{ name: origin, http: { upstream: origin } }]\n"),
    };
    format!(
        "version: 1\nlisteners: [{{ name: web, address: \"127.0.0.1:{port}\", protocol: {protocol}{forward} }}]\n\
         upstreams: [{{ name: origin, endpoints: [{{ address: \"127.0.0.1:{origin}\" }}] }}]\n\
         {service}{rest}{}",
        if matches!(setup.work, Work::Stored(_)) { "" } else { QUIET }
    )
}
