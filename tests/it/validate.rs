//! `architrave validate`: all errors at once, each with its place and what would be right.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use architrave_testkit::authority::Authority;
use architrave_testkit::{Config, Gateway, Reloaded, SOON, eventually};
use tempfile::TempDir;

use crate::cli::architrave;

#[test]
fn every_error_is_said_at_once_with_its_place() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    let yaml = "\
version: 1
listeners:
  - { name: web, address: \"127.0.0.1:99999\", protocol: http }
  - { name: Web!, address: \"127.0.0.1:0\", protocol: htttp }
upstreams:
  - name: orders
    endpoints: [{ address: \"127.0.0.1:9001\", wieght: 2 }]
    health: { slow_start: 10 }
services:
  - { name: orders, http: { upstream: order } }
routes:
  - name: orders
    match: [{ path: { prefx: /x } }]
    service: orders
  - name: orders
    service: orders
    policies: { rate_limit: { rate: 10/w } }
";
    std::fs::write(&file, yaml).expect("there is room for a file");
    let output = architrave(&["validate", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let faults = [
        (3, "99999"),
        (4, "Web!"),
        (4, "htttp"),
        (7, "wieght"),
        (8, "10"),
        (10, "order"),
        (13, "prefx"),
        (15, "orders"),
        (17, "10/w"),
    ];
    for (line, word) in faults {
        let place = format!("gateway.yaml:{line}:");
        let found = said.lines().any(|text| text.contains(&place) && text.contains(word));
        assert!(found, "no error about {word} in line {line}:\n{said}");
    }
    for suggestion in ["weight", "prefix", "orders", "http"] {
        assert!(said.contains(&format!("did you mean `{suggestion}`")), "{suggestion}:\n{said}");
    }
    assert!(said.contains("upstreams[0].endpoints[0]"), "paths are said:\n{said}");
}

#[test]
fn a_valid_file_is_said_to_be() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    let mut yaml = Config::single(([127, 0, 0, 1], 9001).into()).to_string();
    writeln!(yaml, "keys: {{}}").expect("a string takes more");
    std::fs::write(&file, yaml).expect("there is room for a file");
    let output = architrave(&["validate", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_is_not_in_this_version_is_refused_and_not_ignored() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    for yaml in [
        "version: 1\nmcp_servers: [{ name: a, http: { url: \"https://a.example/mcp\", era: legacy } }]\n",
        "version: 1\nmcp_servers: [{ name: a, openapi: { file: orders.yaml, service: orders } }]\n",
        "version: 1\nupstreams: [{ name: u, balance: marginal_cost, endpoints: [{ address: \"127.0.0.1:1\" }] }]\n",
    ] {
        std::fs::write(&file, yaml).expect("there is room for a file");
        let output = architrave(&["validate", &file.display().to_string()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{yaml}");
        assert!(said.contains("not in this version"), "{yaml}: {said}");
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the file is ours");
}

/// A file of its own, with its mode.
fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("there is room for a file");
    set_mode(path, mode);
}

/// A directory that everybody may pass through.
fn open_dir() -> TempDir {
    let dir = TempDir::new().expect("there is room for a directory");
    set_mode(dir.path(), 0o755);
    dir
}

#[test]
fn secrets_that_everybody_can_read_are_warned_of() {
    let dir = open_dir();
    let at = |name: &str| dir.path().join(name);
    let site = Authority::new().issue(&["site.example"]);
    write(&at("site.pem"), &site.pem, 0o644);
    write(&at("site.key"), &site.key_pem, 0o644);
    write(&at("keys"), &"11".repeat(32), 0o644);
    write(&at("ada"), "the-key-of-ada-0123456789\n", 0o644);
    write(&at("host"), "site.example\n", 0o644);
    let folder = dir.path().display();
    let config = Config::single(([127, 0, 0, 1], 9001).into())
        .listener("secure", &format!("protocol: https\ntls: {{ certificates: [{{ cert_file: {folder}/site.pem, key_file: {folder}/site.key }}] }}"))
        .route("more", &format!("service: origin\nhosts: [\"${{file:{folder}/host}}\"]"))
        .consumer("ada", &format!("credentials: [{{ api_key: \"${{file:{folder}/ada}}\" }}]"))
        .and(&format!("keys: {{ file: {folder}/keys }}"));
    let file = at("gateway.yaml");
    let path = file.display().to_string();
    let warnings = || {
        let output = architrave(&["validate", &path]);
        assert_eq!(output.status.code(), Some(0), "a warning is no error");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        said.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    write(&file, &config.to_string(), 0o644);
    let said = warnings();
    for (name, what) in
        [("ada", "a secret"), ("keys", "the root key"), ("site.key", "a private key")]
    {
        let begin = format!("warning: {folder}/{name} holds {what} ");
        let found = said.iter().any(|line| line.starts_with(&begin) && line.contains("chmod o-r"));
        assert!(found, "{name}: {said:?}");
    }
    assert_eq!(said.len(), 3, "a name and a certificate are no secrets: {said:?}");
    // The file itself, when a secret is written out in it.
    let plain = config
        .clone()
        .consumer("bob", "credentials: [{ basic: { username: bob, password: s3cr3t } }]");
    write(&file, &plain.to_string(), 0o644);
    assert!(warnings().iter().any(|line| line.contains("gateway.yaml holds credentials")));
    set_mode(&file, 0o640);
    assert_eq!(warnings().len(), 3);
    for name in ["ada", "keys"] {
        set_mode(&at(name), 0o600);
    }
    assert_eq!(warnings().len(), 1);
    // What stands behind a closed door is open to nobody.
    set_mode(dir.path(), 0o750);
    assert_eq!(warnings(), [""; 0]);
}

#[test]
fn a_gateway_warns_of_them_once_when_it_takes_a_file() {
    let dir = open_dir();
    let key = |name: &str| {
        let path = dir.path().join(name);
        write(&path, &format!("the-key-of-{name}-0123456789"), 0o644);
        format!("credentials: [{{ api_key: \"${{file:{}}}\" }}]", path.display())
    };
    let config = Config::new().web().consumer("ada", &key("ada"));
    let gateway = Gateway::start(&config);
    let told = |name: &str| {
        let lines = gateway.stderr().lines();
        lines
            .iter()
            .filter(|line| line.contains("WARN") && line.contains(&format!("/{name} holds")))
            .count()
    };
    eventually("it is said at the start", SOON, || (told("ada") == 1).then_some(()));
    let config = config.consumer("bob", &key("bob"));
    assert_eq!(gateway.reload(&config), Reloaded::Taken);
    eventually("what is new is said", SOON, || (told("bob") == 1).then_some(()));
    assert_eq!(told("ada"), 1);
}

#[test]
fn what_would_keep_a_valid_file_from_starting_is_warned_of() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    let config = Config::new()
        .listener("secure", "protocol: https\ntls: { certificates: [{ cert_file: /nowhere/a.pem, key_file: /nowhere/a.key }] }")
        .and("keys: { file: /nowhere/keys }");
    write(&file, &config.to_string(), 0o600);
    let output = architrave(&["validate", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "another machine may have them");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for what in ["listener secure: cannot read /nowhere/a.pem", "keys file /nowhere/keys"] {
        let begin = format!("warning: it would not start here: {what}");
        assert!(said.lines().any(|line| line.starts_with(&begin)), "{what}: {said}");
    }
}

#[test]
fn what_is_hardly_meant_is_told_of_and_served_all_the_same() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    let config = Config::single(([127, 0, 0, 1], 9001).into())
        .route("asking", "hosts: [asking]\nservice: origin\npolicies: { key_auth: {} }")
        .consumer("ada", "budgets: [{ money: 1 USD, per: day }]")
        .and(
            "providers: [{ name: oa, kind: openai, credentials: [{ value: upstream-key }] }]\n\
             models: [{ name: fast, deployments: [{ provider: oa, model: gpt-4o-mni }] }]",
        );
    std::fs::write(&file, config.to_string()).expect("there is room for a file");
    let output = architrave(&["validate", &file.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let warnings = [
        "route asking asks for a credential by `key_auth` and no consumer has one",
        "nobody knows what oa/gpt-4o-mni costs",
        "did you mean `oa/gpt-4o-mini`?",
    ];
    for warning in warnings {
        assert!(said.contains(warning), "{warning}:\n{said}");
    }
    let gateway = Gateway::start(&config);
    for warning in warnings {
        gateway.stderr().wait_for(warning, 0, SOON, |line| line.contains(warning).then_some(()));
    }
    let key = "credentials: [{ api_key: ada-key-0123456789 }]";
    let mended = config.to_string().replace("budgets: [{ money: 1 USD, per: day }]", key);
    std::fs::write(&file, mended).expect("there is room for a file");
    let output = architrave(&["validate", &file.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("asks for") && !said.contains("nobody knows"), "{said}");

    std::fs::write(&file, "version: 1\n").expect("there is room for a file");
    let output = architrave(&["validate", &file.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no listener"), "{said}");
    std::fs::write(&file, "version: 1\nconsumers: [{ name: ada, api_key: x }]\n").expect("room");
    let output = architrave(&["validate", &file.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("did you mean `credentials: [{ api_key: … }]`?"), "{said}");
}
