//! The command line: what starts, what does not, and what it says then.

use std::process::{Command, Output, Stdio};

use architrave_testkit::client::get;
use architrave_testkit::process::Ending;
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
fn why_it_does_not_start_is_said_plainly_and_not_logged() {
    let origin = Origin::named("a");
    let taken = Config::new().listener_at("web", &origin.addr().to_string(), "protocol: http");
    let (_, said) = run_file(&taken.to_string());
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("error: listener web: cannot listen on "), "{said}");
    assert!(lines[1].contains("`ss -ltnup`"), "what to do about it: {said}");
    let (_, said) = run_file("version: 1\nlistenrs: []\nrutes: []\n");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].contains("gateway.yaml:2:1: ") && lines[1].contains("gateway.yaml:3:1: "));
    assert!(lines[2].starts_with("error: ") && lines[2].ends_with(": 2 errors"), "{said}");
    let missing = Config::new().listener(
        "web",
        "protocol: https\ntls: { certificates: [{ cert_file: /nowhere/a.pem, key_file: /nowhere/a.key }] }",
    );
    let (code, said) = run_file(&missing.to_string());
    assert_eq!(code, Some(1));
    assert!(said.starts_with("error: ") && said.contains("/nowhere/a.pem"), "{said}");
    // A program that reads the log reads JSON to the end.
    let output = architrave(&["run", "--log", "json", "--config", "/nowhere/gateway.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).expect("a line of JSON");
    assert_eq!(line["level"], "ERROR");
}

#[test]
fn who_asks_for_help_is_shown_a_file_that_works() {
    let output = architrave(&["run", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("  architrave run --config gateway.yaml\n"), "{said}");
    assert!(said.contains("--demo") && said.contains("architrave validate"), "{said}");
    let file: String = (said.lines())
        .skip_while(|line| !line.starts_with("  version:"))
        .take_while(|line| !line.is_empty())
        .map(|line| format!("{}\n", &line[2..]))
        .collect();
    let dir = TempDir::new().expect("there is room for a directory");
    let path = dir.path().join("gateway.yaml");
    std::fs::write(&path, &file).expect("there is room for a file");
    let output = architrave(&["validate", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{file}");
}

#[test]
fn nonsense_on_the_command_line_is_explained() {
    for arguments in [
        &["run", "--wrkers", "2"][..],
        &["fly"],
        &[],
        &["run", "--workers", "0"],
        &["run", "--workers", "many"],
        &["run", "--drain-timeout", "30"],
        &["run", "--drain-timeout", "-1s"],
        &["run", "--log", "xml"],
        &["run", "--config"],
        &["run", "gateway.yaml", "--config", "gateway.yaml"],
        &["run", "a", "b"],
        &["validate"],
        &["validate", "a", "--config", "a"],
        &["validate", "a", "b"],
        &["fmt"],
        &["schema", "x"],
        &["version", "--verbose"],
    ] {
        let output = architrave(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("Usage:") || said.starts_with("error: "), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
    }
    let mut command = Command::new(tools::gateway());
    for (variable, value) in [
        ("ARCHITRAVE_WORKERS", "0"),
        ("ARCHITRAVE_DRAIN_TIMEOUT", "soon"),
        ("ARCHITRAVE_LOG_FORMAT", "xml"),
        ("ARCHITRAVE_LOG", "lowd"),
    ] {
        let command = command.args(["run", "--config", "f"]).env_clear().env(variable, value);
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{variable}: {said}");
        assert!(said.contains(value), "{variable}: {said}");
        *command = Command::new(tools::gateway());
    }
    let said = architrave(&["run", "--wrkers", "2"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("--workers"), "a suggestion");
}

#[test]
fn what_is_still_to_come_is_refused_by_name() {
    for arguments in [
        &["run", "--redis", "url"][..],
        &["run", "--role=control"],
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
fn what_is_still_to_come_is_refused_as_a_variable_too() {
    for variable in ["REDIS", "ROLE"] {
        let mut command = Command::new(tools::gateway());
        command.arg("run").env(format!("ARCHITRAVE_{variable}"), "x");
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{variable}: {said}");
        assert!(said.contains("not in this version"), "{variable}: {said}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_failure_of_every_command() {
    for command in ["validate", "fmt", "run --config"] {
        let mut arguments: Vec<_> = command.split(' ').collect();
        arguments.push("/nowhere/gateway.yaml");
        let output = architrave(&arguments);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("error: /nowhere/gateway.yaml: "), "{command}: {said}");
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
fn who_watches_over_children_is_not_for_people() {
    let output = architrave(&["child"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: a gateway starts this by itself"), "{said}");
}

#[test]
fn version_and_help_go_to_standard_output() {
    for arguments in [
        &["version"][..],
        &["--version"],
        &["--help"],
        &["help"],
        &["run", "--help"],
        &["reference"],
    ] {
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
    assert_eq!(architrave(&["fmt", "--check", &path]).status.code(), Some(0));
    for (text, why) in
        [("listeners:\n    -   {name: web}\n", "laid out anew"), ("version: [\n", "gateway.yaml:")]
    {
        std::fs::write(&file, text).expect("there is room for a file");
        let output = architrave(&["fmt", "--check", &path]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(why), "{said}");
        assert_eq!(std::fs::read_to_string(&file).expect("the file is there"), text);
    }
    assert_eq!(architrave(&["fmt", &path]).status.code(), Some(1), "what is no YAML");
}

#[test]
fn flags_can_be_variables() {
    let origin = Origin::named("a");
    let gateway = GatewayOptions::new().workers(3).start(Config::single(origin.addr()));
    assert_eq!(gateway.metrics().sum("architrave_workers", &[]), 3.0);
    drop(gateway);
    // Flags win over variables; what no flag says, a variable does.
    let options = GatewayOptions::new().env("ARCHITRAVE_WORKERS", "7");
    let gateway = options.env("ARCHITRAVE_LOG_FORMAT", "json").start(Config::single(origin.addr()));
    assert_eq!(gateway.metrics().sum("architrave_workers", &[]), 2.0);
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let lines = gateway.stderr().lines();
    let is_json = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(lines.len() > 1 && lines.iter().all(is_json), "{lines:?}");
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
