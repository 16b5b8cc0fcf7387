//! `architrave validate`: all errors at once, each with its place and what would be right.

use std::fmt::Write as _;

use architrave_testkit::Config;
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
        "version: 1\nservices: [{ name: ai, llm: { models: [\"*\"] } }]\n",
        "version: 1\nmodels: [{ name: fast, deployments: [] }]\n",
        "version: 1\nportal: { address: \"127.0.0.1:9081\" }\n",
        "version: 1\nupstreams: [{ name: u, balance: marginal_cost, endpoints: [{ address: \"127.0.0.1:1\" }] }]\n",
    ] {
        std::fs::write(&file, yaml).expect("there is room for a file");
        let output = architrave(&["validate", &file.display().to_string()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{yaml}");
        assert!(said.contains("not in this version"), "{yaml}: {said}");
    }
}
