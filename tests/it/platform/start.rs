//! Starting on a database: with nothing at all, with a file over it, and again.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use architrave_testkit::client::get;
use architrave_testkit::process::Ending;
use architrave_testkit::{
    Config, Gateway, GatewayOptions, Origin, SOON, eventually, namespace, tools,
};
use tempfile::TempDir;

use super::objects::{WEB, admin_alone, applied, upstream_to};
use crate::cli::architrave;

fn code_of(gateway: &Gateway) -> Option<String> {
    let lines = gateway.stderr().lines();
    let line = lines.iter().find(|line| line.contains("set-up code"))?;
    line.split_whitespace().last().map(str::to_owned)
}

#[test]
fn with_nothing_it_makes_a_listener_says_a_code_and_serves() {
    if !namespace::is_inside(
        "platform::start::with_nothing_it_makes_a_listener_says_a_code_and_serves",
    ) {
        return;
    }
    let dir = TempDir::new().expect("there is room for a directory");
    let data = dir.path().join("data");
    let gateway = GatewayOptions::new().data(&data).start_on_database();
    assert_eq!(gateway.web().to_string(), "0.0.0.0:8080");
    assert_eq!(gateway.admin().to_string(), "127.0.0.1:9080");
    let web = "127.0.0.1:8080".parse().expect("an address");
    assert_eq!(get(web, "h", "/", &[]).status, 404);
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    assert_eq!(gateway.metrics().sum("architrave_store_up", &[]), 1.0);
    let code = eventually("the set-up code is said", SOON, || code_of(&gateway));
    assert_eq!(code.len(), 9, "{code}");
    let file = data.join("architrave.db");
    let mode = std::fs::metadata(&file).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = |name: &str| std::fs::read(data.join(name)).unwrap_or_default();
    for name in ["architrave.db", "architrave.db-wal"] {
        let holds = bytes(name).windows(code.len()).any(|window| window == code.as_bytes());
        assert!(!holds, "{name} holds the code itself");
    }
    // Another one is made beside the process that runs.
    let output = architrave(&["setup-code", "--data", &data.display().to_string()]);
    let other = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(other.len() == 9 && other != code, "{other}");
    assert_eq!(gateway.terminate(), Ending::Code(0));
    // The listener is an object: it is there again, and once it is gone it stays so.
    let exported = architrave(&["export", "--data", &data.display().to_string()]);
    let text = String::from_utf8_lossy(&exported.stdout).into_owned();
    assert!(text.contains("name: web") && text.contains("0.0.0.0:8080"), "{text}");
    applied(&data, "listeners: [{ name: other, address: \"127.0.0.1:8081\" }]", &["--prune"]);
    let gateway = GatewayOptions::new().data(&data).start_on_database();
    assert_eq!(gateway.addr("other").to_string(), "127.0.0.1:8081");
    assert!(gateway.stderr().lines().iter().all(|line| !line.contains("\"web\"")));
}

#[test]
fn a_code_that_is_given_is_not_said() {
    let dir = TempDir::new().expect("there is room for a directory");
    let options =
        GatewayOptions::new().data(dir.path()).env("ARCHITRAVE_SETUP_CODE", "as-agreed-1");
    let gateway = options.start(admin_alone());
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let said = gateway.stderr().lines().join("\n");
    assert!(!said.contains("set-up code") && !said.contains("as-agreed-1"), "{said}");
}

#[test]
fn a_file_lies_over_the_database_and_each_refers_to_the_other() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    applied(dir.path(), &upstream_to("of-database", origin.addr()), &[]);
    let file = format!(
        "{}{WEB}services: [{{ name: of-file, http: {{ upstream: of-database }} }}]
routes: [{{ name: all, service: of-file }}]
",
        admin_alone()
    );
    let gateway = GatewayOptions::new().data(dir.path()).start(&file);
    assert_eq!(get(gateway.web(), "h", "/", &[]).get("x-origin"), Some("a"));
    // The file is taken again as it changes, with the database still under it.
    gateway.write_config(format!("{file}policies: {{ body_limit: {{ request: 1KiB }} }}\n"));
    eventually("the file is taken", SOON, || (gateway.config_state().generation > 1).then_some(()));
    assert_eq!(get(gateway.web(), "h", "/", &[]).get("x-origin"), Some("a"));
    // And it is refused whole when the two do not fit.
    gateway.write_config(file.replace("of-database", "of-nobody"));
    let refusal = eventually("the file is refused", SOON, || gateway.config_state().refusal);
    assert!(refusal.1.contains("no upstream is named `of-nobody`"), "{refusal:?}");
    assert_eq!(get(gateway.web(), "h", "/", &[]).get("x-origin"), Some("a"));
}

/// Starts the binary where it is expected to end by itself.
fn refused(file: &str, data: &Path) -> String {
    let dir = TempDir::new().expect("there is room for a directory");
    let path = dir.path().join("gateway.yaml");
    std::fs::write(&path, file).expect("there is room for a file");
    let (path, data) = (path.display().to_string(), data.display().to_string());
    let output = architrave(&["run", "--config", &path, "--data", &data]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_name_in_both_does_not_start_and_says_the_line_of_the_file() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    applied(dir.path(), &upstream_to("app", origin.addr()), &[]);
    let file = format!(
        "version: 1
upstreams:
  - {{ name: other, endpoints: [{{ address: \"{0}\" }}] }}
  - {{ name: app, endpoints: [{{ address: \"{0}\" }}] }}
",
        origin.addr()
    );
    let said = refused(&file, dir.path());
    assert!(
        said.contains(":4:13: upstreams[1].name: the database has an upstream `app`"),
        "{said}"
    );
    // Nothing came of it: with another name it starts.
    let gateway =
        GatewayOptions::new().data(dir.path()).start(file.replace("name: app", "name: next"));
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn a_fault_in_the_database_names_the_object() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    let all = format!(
        "{}services: [{{ name: s, http: {{ upstream: app }} }}]\n",
        upstream_to("app", origin.addr())
    );
    applied(dir.path(), &all, &[]);
    let said = refused("version: 1\nservices: [{ name: s, llm: {} }]\n", dir.path());
    assert!(said.contains(":2:20: services[0].name: the database has a service `s`"), "{said}");
}

#[test]
fn another_root_key_is_told_before_anything_is_served() {
    let dir = TempDir::new().expect("there is room for a directory");
    applied(dir.path(), "consumers: [{ name: c, credentials: [{ api_key: k-1 }] }]", &[]);
    std::fs::remove_file(dir.path().join("root.key")).expect("it is there");
    let said = refused("version: 1\n", dir.path());
    assert!(said.contains("root key with which the database was written"), "{said}");
}

#[test]
fn a_database_that_cannot_be_reached_is_a_clear_end_without_the_password() {
    let dir = TempDir::new().expect("there is room for a directory");
    let mut command = std::process::Command::new(tools::gateway());
    command.args(["run", "--data"]).arg(dir.path());
    command.env("ARCHITRAVE_DATABASE", "postgres://someone:s3cret@127.0.0.1:1/none");
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("database") && !said.contains("s3cret"), "{said}");
    // Without a database all is as it was: no file is made for one.
    let origin = Origin::named("a");
    let gateway = Gateway::start(Config::single(origin.addr()));
    assert!(!gateway.metrics().has("architrave_store_up"));
    let files: Vec<_> = std::fs::read_dir(gateway.dir()).expect("it is there").flatten().collect();
    assert_eq!(files.len(), 1, "{files:?}");
}
