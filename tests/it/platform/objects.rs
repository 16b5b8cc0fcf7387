//! Objects of a database: they outlive the process however it ends, and traffic never needs the
//! database.

use std::net::SocketAddr;
use std::path::Path;

use architrave_testkit::client::get;
use architrave_testkit::process::Ending;
use architrave_testkit::{Gateway, GatewayOptions, Origin, SOON, eventually};
use tempfile::TempDir;

use crate::cli::architrave;

/// A file with no object in it.
pub(super) fn admin_alone() -> String {
    String::from("version: 1\nadmin: { address: \"127.0.0.1:0\" }\n")
}

/// A listener for traffic, as a file has it.
pub(super) const WEB: &str = "listeners: [{ name: web, address: \"127.0.0.1:0\" }]\n";

/// An upstream with one endpoint, as a file has it.
pub(super) fn upstream_to(name: &str, address: SocketAddr) -> String {
    format!("upstreams: [{{ name: {name}, endpoints: [{{ address: \"{address}\" }}] }}]\n")
}

/// A listener, an upstream, a service and a route to one endpoint.
pub(super) fn way_to(address: SocketAddr) -> String {
    format!(
        "{WEB}{}services: [{{ name: app, http: {{ upstream: app }} }}]
routes: [{{ name: all, service: app }}]
",
        upstream_to("app", address)
    )
}

/// Puts objects into the database of a folder that no process has; what was said.
#[track_caller]
pub(super) fn applied(data: &Path, objects: &str, more: &[&str]) -> String {
    let dir = TempDir::new().expect("there is room for a directory");
    let file = dir.path().join("objects.yaml");
    std::fs::write(&file, format!("version: 1\n{objects}")).expect("there is room for a file");
    let (file, data) = (file.display().to_string(), data.display().to_string());
    let mut arguments = vec!["apply", &file, "--data", &data];
    arguments.extend(more);
    let output = architrave(&arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn reaches(gateway: &Gateway, origin: &str) -> bool {
    get(gateway.web(), "h", "/", &[]).get("x-origin") == Some(origin)
}

#[test]
fn objects_outlive_a_restart_and_a_kill() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    applied(dir.path(), &way_to(origin.addr()), &[]);
    let start = || GatewayOptions::new().data(dir.path()).start(admin_alone());
    let gateway = start();
    assert!(reaches(&gateway, "a"));
    assert_eq!(gateway.terminate(), Ending::Code(0));
    let gateway = start();
    assert!(reaches(&gateway, "a"));
    gateway.kill();
    drop(gateway);
    assert!(reaches(&start(), "a"));
}

#[test]
fn traffic_goes_on_when_the_file_of_the_database_is_gone() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    applied(dir.path(), &way_to(origin.addr()), &[]);
    let gateway = GatewayOptions::new().data(dir.path()).start(admin_alone());
    assert_eq!(gateway.metrics().sum("architrave_store_up", &[]), 1.0);
    for name in ["architrave.db", "architrave.db-wal", "architrave.db-shm"] {
        std::fs::remove_file(dir.path().join(name)).expect("it is there");
    }
    eventually("the loss is noticed", SOON, || {
        (gateway.metrics().sum("architrave_store_up", &[]) == 0.0).then_some(())
    });
    assert!(reaches(&gateway, "a"));
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    let said = gateway.stderr().lines().join("\n");
    assert!(said.contains("traffic goes on as it was"), "{said}");
    // A file over it is still taken.
    gateway.write_config(format!(
        "{}policies: {{ body_limit: {{ request: 1KiB }} }}\n",
        admin_alone()
    ));
    eventually("the file is taken", SOON, || (gateway.config_state().generation > 1).then_some(()));
    assert!(reaches(&gateway, "a"));
    assert_eq!(gateway.terminate(), Ending::Code(0));
}

#[test]
fn an_upgrade_goes_on_with_the_objects_and_the_folder() {
    let dir = TempDir::new().expect("there is room for a directory");
    let origin = Origin::named("a");
    applied(dir.path(), &way_to(origin.addr()), &[]);
    let gateway = GatewayOptions::new().data(dir.path()).start(admin_alone());
    let codes = || gateway.stderr().lines().join("\n").matches("set-up code").count();
    eventually("the set-up code is said", SOON, || (codes() == 1).then_some(()));
    assert_eq!(gateway.upgrade(), Ending::Code(0));
    assert!(reaches(&gateway, "a"));
    assert_eq!(codes(), 1, "and not again");
    // The new one has the folder.
    let data = dir.path().display().to_string();
    let file = gateway.config_file().display().to_string();
    let second = architrave(&["apply", &file, "--data", &data]);
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let pid = gateway.pid().as_raw_nonzero();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {pid} has it")), "{said}");
}
