//! The command line: what starts, what does not, and what it says then.

use std::process::{Command, Output, Stdio};

use architrave_testkit::client::get;
use architrave_testkit::{Config, Gateway, GatewayOptions, Origin, tools};
use tempfile::TempDir;

pub(crate) fn architrave(arguments: &[&str]) -> Output {
    let mut command = Command::new(tools::gateway());
    command.args(arguments).stdin(Stdio::null());
    command.output().expect("the gateway's binary can be run")
}

fn run_file(yaml: &str) -> (Option<i32>, String) {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    std::fs::write(&file, yaml).expect("there is room for a file");
    let output = architrave(&["run", "--config", &file.display().to_string()]);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_port_that_is_taken_is_a_clear_end() {
    let origin = Origin::named("a");
    let taken = origin.addr().to_string();
    let config = Config::new().listener_at("web", &taken, "protocol: http");
    let (code, said) = run_file(&config.to_string());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&taken), "{said}");
    // Another gateway of our own is no exception, though its sockets could be shared.
    let gateway = Gateway::start(Config::single(origin.addr()));
    let config = Config::new().listener_at("web", &gateway.web().to_string(), "protocol: http");
    assert_eq!(run_file(&config.to_string()).0, Some(1));
    assert_eq!(get(gateway.web(), "h", "/", &[]).status, 200);
}

#[test]
fn a_bad_file_is_a_clear_end() {
    let (code, said) = run_file("version: 1\nlistenrs: []\n");
    assert_eq!(code, Some(1));
    assert!(said.contains(":2:1:") && said.contains("listeners"), "{said}");
    let output = architrave(&["run", "--config", "/nowhere/gateway.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/gateway.yaml"));
}

#[test]
fn nonsense_on_the_command_line_is_explained() {
    for arguments in [&["run", "--wrkers", "2"][..], &["fly"], &[], &["run", "--workers", "0"]] {
        let output = architrave(arguments);
        assert!(output.status.code().is_some_and(|code| code != 0), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.is_empty(), "{arguments:?}");
    }
    let said = architrave(&["run", "--wrkers", "2"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("--workers"), "a suggestion");
}

#[test]
fn what_is_still_to_come_is_refused_by_name() {
    for arguments in [
        &["run", "--config", "gateway.yaml", "--data", "dir"][..],
        &["run", "--config", "gateway.yaml", "--database", "url"],
        &["run", "--redis", "url"],
        &["run", "--role=control"],
        &["export"],
        &["apply", "gateway.yaml", "--dry-run", "--prune"],
        &["diff", "gateway.yaml"],
        &["catalog", "update", "file"],
        &["replay", "log", "--policy", "name"],
    ] {
        let output = architrave(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("not in this version"), "{arguments:?}: {said}");
        assert!(said.contains(arguments[0]), "{arguments:?}: {said}");
    }
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let mut command = Command::new(tools::gateway());
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = command.arg("schema").stdout(writer).stderr(Stdio::piped()).output();
    let output = output.expect("the gateway's binary can be run");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn version_and_help_go_to_standard_output() {
    for arguments in [&["version"][..], &["--help"], &["run", "--help"]] {
        let output = architrave(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
    let version = architrave(&["version"]);
    assert!(String::from_utf8_lossy(&version.stdout).contains(char::is_numeric));
}

#[test]
fn the_schema_is_json() {
    let output = architrave(&["schema"]);
    assert_eq!(output.status.code(), Some(0));
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let root = schema["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    let root = root.map_or(&schema, |place| schema.pointer(place).expect("the reference resolves"));
    for key in ["listeners", "upstreams", "services", "routes", "consumers"] {
        assert!(root["properties"][key].is_object(), "{key} in {root}");
    }
}

#[test]
fn a_file_is_laid_out_anew_without_changing_its_meaning() {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    let path = file.display().to_string();
    std::fs::write(
        &file,
        "version:   1\nlisteners:\n    -   {name: web,   address: '127.0.0.1:0', protocol: http}\n",
    )
    .expect("there is room for a file");
    assert_eq!(architrave(&["fmt", &path]).status.code(), Some(0));
    let once = std::fs::read_to_string(&file).expect("the file is there");
    assert_eq!(architrave(&["validate", &path]).status.code(), Some(0), "{once}");
    assert_eq!(architrave(&["fmt", &path]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), once, "twice is once");
}

#[test]
fn flags_can_be_variables() {
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().workers(3).start(Config::single(origin.addr()));
    assert_eq!(gateway.metrics().sum("architrave_workers", &[]), 3.0);
    drop(gateway);
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("gateway.yaml");
    std::fs::write(&file, "version: 1\nlistenrs: []\n").expect("there is room for a file");
    let mut command = Command::new(tools::gateway());
    let output = command.arg("run").env("ARCHITRAVE_CONFIG", &file).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "the file named by the variable is read");
}

#[test]
fn values_come_from_the_environment_and_from_files() {
    let origin = Origin::named("a");
    let dir = TempDir::new().expect("there is room for a directory");
    let secret = dir.path().join("key");
    std::fs::write(&secret, "from-a-file-0123456789\n").expect("there is room for a file");
    let config = Config::new()
        .web()
        .upstream_of("origin", "{ address: \"${env:TEST_ORIGIN}\" }", "")
        .route("all", "service: origin\npolicies: { key_auth: {} }")
        .consumer(
            "ada",
            &format!("credentials: [{{ api_key: \"${{file:{}}}\" }}]", secret.display()),
        )
        .consumer("bob", "credentials: [{ api_key: \"${env:TEST_NONE:-the-default-0123456}\" }]")
        .consumer("eve", "credentials: [{ api_key: \"$${env:literal-0123456}\" }]");
    let gateway =
        GatewayOptions::new().env("TEST_ORIGIN", &origin.addr().to_string()).start(&config);
    for key in ["from-a-file-0123456789", "the-default-0123456", "${env:literal-0123456}"] {
        let field = format!("X-API-Key: {key}");
        assert_eq!(get(gateway.web(), "h", "/", &[&field]).status, 200, "{key}");
    }
    let (code, said) = run_file(&config.to_string());
    assert_eq!(code, Some(1));
    assert!(said.contains("TEST_ORIGIN"), "{said}");
}
