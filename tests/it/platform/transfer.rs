//! Moving objects between a database and a file: export, apply and diff.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use architrave_testkit::tools;
use tempfile::TempDir;

use super::objects::applied;

const OBJECTS: &str =
    "upstreams: [{ name: app, endpoints: [{ address: \"127.0.0.1:9001\", weight: 2 }] }]
services: [{ name: app, http: { upstream: app } }]
routes: [{ name: all, service: app, timeout: 30s }]
listeners: [{ name: web, address: \"127.0.0.1:8080\" }]
consumers: [{ name: mobile, credentials: [{ api_key: \"k-very-secret\" }] }]
policies: { body_limit: { request: 1KiB } }
";

fn run(data: &Path, arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(tools::gateway());
    command.args(arguments).arg("--data").arg(data).envs(env.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn what_is_exported_is_what_was_applied_and_secrets_are_variables() {
    let dir = TempDir::new().expect("there is room for a directory");
    let (data, file) = (dir.path().join("data"), dir.path().join("export.yaml"));
    applied(&data, OBJECTS, &[]);
    let (code, text, said) = run(&data, &["export"], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(text.contains("${env:CONSUMER_MOBILE_API_KEY}"), "{text}");
    assert!(!text.contains("k-very-secret"), "{text}");
    assert!(said.contains("CONSUMER_MOBILE_API_KEY  consumer mobile"), "{said}");
    std::fs::write(&file, &text).expect("there is room for a file");
    let path = file.display().to_string();
    let set = [("CONSUMER_MOBILE_API_KEY", "k-very-secret")];
    assert_eq!(run(&data, &["diff", &path], &set), (Some(0), String::new(), String::new()));
    // A variable that is not set is an error, not an empty secret.
    let (code, _, said) = run(&data, &["diff", &path], &[]);
    assert!(code == Some(1) && said.contains("CONSUMER_MOBILE_API_KEY"), "{said}");
    // Another secret differs, and is not told.
    let (code, told, _) = run(&data, &["diff", &path], &[("CONSUMER_MOBILE_API_KEY", "other")]);
    assert_eq!(code, Some(2));
    assert!(told.contains("a secret → another secret") && !told.contains("k-very"), "{told}");
    // The same again is no change; into another database it gives the same.
    assert!(run(&data, &["apply", &path], &set).2.ends_with("0 changes\n"));
    let other = dir.path().join("other");
    let (code, _, said) = run(&other, &["apply", &path], &set);
    assert!(code == Some(0) && said.ends_with("6 changes\n"), "{said}");
    assert_eq!(run(&other, &["export"], &[]).1, text);
}

#[test]
fn secrets_are_written_out_only_to_a_file_of_the_owner() {
    let dir = TempDir::new().expect("there is room for a directory");
    let data = dir.path().join("data");
    applied(&data, OBJECTS, &[]);
    let (code, text, said) = run(&data, &["export", "--with-secrets"], &[]);
    assert!(code == Some(1) && text.is_empty() && said.contains("--output"), "{said}");
    let file = dir.path().join("all.yaml");
    std::fs::write(&file, "").expect("there is room for a file");
    let mode = |file: &Path| std::fs::metadata(file).expect("it is there").permissions().mode();
    let path = file.display().to_string();
    let (code, ..) = run(&data, &["export", "--with-secrets", "--output", &path], &[]);
    assert_eq!(code, Some(0));
    assert!(std::fs::read_to_string(&file).expect("it is there").contains("k-very-secret"));
    assert_eq!(mode(&file) & 0o777, 0o600);
    assert_eq!(run(&data, &["diff", &path], &[]).0, Some(0));
}

#[test]
fn an_apply_is_all_or_nothing_and_prunes_only_when_told() {
    let dir = TempDir::new().expect("there is room for a directory");
    let data = dir.path().join("data");
    applied(&data, OBJECTS, &[]);
    let before = run(&data, &["export"], &[]).1;
    let file = dir.path().join("next.yaml");
    let path = file.display().to_string();
    let write = |objects: &str| {
        std::fs::write(&file, format!("version: 1\n{objects}")).expect("there is room for a file");
    };
    // The first is right, the second is not: neither is taken.
    write(
        "upstreams: [{ name: next, endpoints: [{ address: \"127.0.0.1:9009\" }] }]
services: [{ name: next, http: { upstream: nxt } }]
",
    );
    let (code, _, said) = run(&data, &["apply", &path], &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("services[\"next\"].http.upstream: no upstream is named `nxt`"),
        "{said}"
    );
    assert_eq!(run(&data, &["export"], &[]).1, before);
    // Nor is what others still need taken away.
    write(
        "routes: [{ name: all, service: app }]\nservices: [{ name: app, http: { upstream: app } }]\n",
    );
    let (code, _, said) = run(&data, &["apply", &path, "--prune"], &[]);
    assert!(code == Some(1) && said.contains("no upstream is named `app`"), "{said}");
    // What would be done is told, and not done.
    write(
        "upstreams: [{ name: app, endpoints: [{ address: \"127.0.0.1:9001\", weight: 3 }] }]
listeners: [{ name: web, address: \"127.0.0.1:8080\" }]
",
    );
    let (code, _, said) = run(&data, &["apply", &path, "--dry-run", "--prune"], &[]);
    assert_eq!(code, Some(0), "{said}");
    for line in [
        "~ upstream app\n    /endpoints/0/weight: 2 → 3\n",
        "- service app\n",
        "- route all\n",
        "- consumer mobile\n",
        "- policies default\n",
        "5 changes; nothing was written\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(run(&data, &["export"], &[]).1, before);
    assert!(run(&data, &["apply", &path], &[]).2.ends_with("1 change\n"));
    assert!(run(&data, &["export"], &[]).1.contains("consumers:"));
    assert!(run(&data, &["apply", &path, "--prune"], &[]).2.ends_with("4 changes\n"));
    assert!(!run(&data, &["export"], &[]).1.contains("consumers:"));
}

#[test]
fn what_is_applied_must_fit_the_file_that_lies_over_it() {
    let dir = TempDir::new().expect("there is room for a directory");
    let data = dir.path().join("data");
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).expect("there is room for a file");
        file.display().to_string()
    };
    let routes = write("routes.yaml", "version: 1\nroutes: [{ name: all, service: app }]\n");
    let (code, _, said) = run(&data, &["apply", &routes], &[]);
    assert!(code == Some(1) && said.contains("no service is named `app`"), "{said}");
    let over =
        write("gateway.yaml", &format!("version: 1\n{OBJECTS}").replace("name: all", "name: own"));
    let (code, _, said) = run(&data, &["apply", &routes, "--config", &over], &[]);
    assert_eq!(code, Some(0), "{said}");
    let taken = write("taken.yaml", "version: 1\nroutes: [{ name: own, service: app }]\n");
    let (code, _, said) = run(&data, &["apply", &taken, "--config", &over], &[]);
    assert!(code == Some(1) && said.contains("a route `own` as well"), "{said}");
}

#[test]
fn what_is_no_object_is_named_and_left_where_it_is() {
    let dir = TempDir::new().expect("there is room for a directory");
    let said = applied(dir.path(), "admin: { address: \"127.0.0.1:1\" }\ntelemetry: {}\n", &[]);
    assert!(said.contains("note: admin, telemetry: "), "{said}");
    let nowhere = dir.path().join("nowhere");
    let (code, _, said) = run(&nowhere, &["export"], &[]);
    assert!(code == Some(1) && said.contains("there is no database"), "{said}");
    assert!(!nowhere.exists(), "asking makes nothing");
}
