//! The pages of the console and the portal, in a real browser.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use architrave_testkit::client::get;
use architrave_testkit::process::{self, Ending};
use architrave_testkit::{Config, Gateway, GatewayOptions, Origin, tools};
use tempfile::TempDir;

/// By which the first admin is made.
const CODE: &str = "K7QF-2M9D";

/// A browser that has not come to its end by then hangs.
const LIMIT: Duration = Duration::from_secs(300);

const DESCRIPTION: &str = include_str!("console/orders.yaml");

fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace");
    root.join("console")
}

fn start(data: &TempDir) -> Gateway {
    let options = GatewayOptions::new().data(data.path()).env("ARCHITRAVE_SETUP_CODE", CODE);
    options.start(Config::new().web().and("portal: { address: \"127.0.0.1:0\" }\n"))
}

/// Runs a script of `console/e2e` in a browser against a gateway that nobody has set up yet.
#[track_caller]
fn drive(script: &str) {
    let data = TempDir::new().expect("there is room for a directory");
    let gateway = start(&data);
    drive_at(&gateway, Some(gateway.portal()), script);
}

#[track_caller]
fn drive_at(gateway: &Gateway, portal: Option<SocketAddr>, script: &str) {
    let page = get(gateway.admin(), "127.0.0.1", "/console/", &[]);
    assert_eq!(page.status, 200, "build the pages, then the binary: cargo xtask console");
    let origin = Origin::named("hello");
    let url = |address: SocketAddr| format!("http://{address}");
    let mut command = Command::new(tools::program("node"));
    command.arg(folder().join("e2e").join(script));
    command.env("CHROMIUM", tools::program("chromium"));
    command.env("ADMIN", url(gateway.admin()));
    if let Some(portal) = portal {
        command.env("PORTAL", url(portal));
    }
    command.env("WEB", url(gateway.web())).env("ORIGIN", origin.addr().to_string());
    command.env("CODE", CODE).env("DESCRIPTION", DESCRIPTION);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = process::start(&mut command);
    let mut said = running.take_stderr();
    let ending = running.wait(LIMIT);
    let mut text = String::new();
    // Whatever the browser has left open ends with it, and so does the pipe.
    drop(running);
    said.read_to_string(&mut text).expect("what it said is text");
    assert_eq!(ending, Ending::Code(0), "{script}:\n{text}");
}

#[test]
fn a_stranger_comes_from_the_code_to_an_answered_call_by_the_pages_alone() {
    drive("first-call.mjs");
}

#[test]
fn every_page_is_whole_in_light_and_dark_wide_and_narrow_and_in_both_languages() {
    drive("pages.mjs");
}

#[test]
fn an_application_asks_is_approved_and_calls_until_its_key_is_revoked() {
    drive("round-trip.mjs");
}

#[test]
fn somebody_finds_a_service_at_the_portal_asks_for_a_plan_and_calls() {
    drive("portal.mjs");
}

#[test]
fn the_demo_comes_with_one_click_and_goes_with_one() {
    drive("demo.mjs");
}

#[test]
fn forms_change_what_was_changed_in_them_and_nothing_else() {
    drive("forms.mjs");
}

#[test]
fn the_portal_shows_what_is_public_to_everybody_and_relays_calls_of_it_alone() {
    drive("open-portal.mjs");
}

#[test]
fn who_is_invited_comes_in_and_a_form_saved_unchanged_changes_nothing() {
    drive("people.mjs");
}

#[test]
fn a_gateway_without_a_database_shows_what_it_does_to_who_is_on_the_machine() {
    let origin = Origin::named("hello");
    let gateway = Gateway::start(Config::single(origin.addr()));
    drive_at(&gateway, None, "file-alone.mjs");
}

#[test]
fn the_keyboard_is_enough_and_a_list_of_ten_thousand_is_quick() {
    drive("keyboard.mjs");
}
