//! Several gateways on one PostgreSQL: what one writes all serve, and none needs it to serve.

use std::path::Path;

use architrave_testkit::client::get;
use architrave_testkit::process::Ending;
use architrave_testkit::{Gateway, GatewayOptions, Origin, Postgres, SOON, eventually};
use tempfile::TempDir;

use super::objects::{admin_alone, applied, way_to};
use crate::cli::architrave;

fn start(data: &Path, url: &str) -> Gateway {
    GatewayOptions::new().data(data).database(url).start(admin_alone())
}

#[track_caller]
fn reaches(gateway: &Gateway, origin: &str) {
    eventually(&format!("requests go to {origin}"), SOON, || {
        let answer = get(gateway.web(), "h", "/", &[]);
        (answer.get("x-origin") == Some(origin)).then_some(())
    });
}

#[test]
fn what_is_written_once_is_served_by_every_gateway_and_outlives_them() {
    let dir = TempDir::new().expect("there is room for a directory");
    let url = Postgres::shared().database();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    let (a, b) = (Origin::named("a"), Origin::named("b"));
    applied(&one, &way_to(a.addr()), &["--database", &url]);
    assert!(!one.join("architrave.db").exists(), "all of it is in PostgreSQL");
    std::fs::create_dir(&other).expect("there is room for a directory");
    std::fs::copy(one.join("root.key"), other.join("root.key")).expect("the key was made");
    let first = start(&one, &url);
    let second = start(&other, &url);
    reaches(&first, "a");
    reaches(&second, "a");
    // Written beside both while they run, and taken by both.
    applied(&one, &way_to(b.addr()), &["--database", &url]);
    reaches(&first, "b");
    reaches(&second, "b");
    // The URL with its password is in no log.
    for gateway in [&first, &second] {
        let said = gateway.stderr().lines().join("\n");
        assert!(!said.contains("postgres://"), "{said}");
    }
    first.kill();
    drop(first);
    reaches(&start(&one, &url), "b");
    let exported =
        architrave(&["export", "--data", &one.display().to_string(), "--database", &url]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains(&b.addr().to_string()));
}

#[test]
fn another_root_key_is_told_by_the_second_gateway() {
    let dir = TempDir::new().expect("there is room for a directory");
    let url = Postgres::shared().database();
    let (one, other) = (dir.path().join("one"), dir.path().join("other"));
    let consumer = "consumers: [{ name: c, credentials: [{ api_key: k-1 }] }]";
    applied(&one, consumer, &["--database", &url]);
    let other = other.display().to_string();
    let output = architrave(&["run", "--data", &other, "--database", &url]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("root key with which the database was written"), "{said}");
}

#[test]
fn traffic_goes_on_when_postgresql_is_stopped() {
    let dir = TempDir::new().expect("there is room for a directory");
    let postgres = Postgres::start();
    let url = postgres.database();
    let origin = Origin::named("a");
    applied(dir.path(), &way_to(origin.addr()), &["--database", &url]);
    let gateway = start(dir.path(), &url);
    reaches(&gateway, "a");
    drop(postgres);
    eventually("the loss is noticed", SOON, || {
        (gateway.metrics().sum("architrave_store_up", &[]) == 0.0).then_some(())
    });
    reaches(&gateway, "a");
    assert_eq!(gateway.admin_get("/readyz").status, 200);
    assert_eq!(gateway.terminate(), Ending::Code(0));
}
