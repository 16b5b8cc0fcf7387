//! The official clients of AI services, and the origin that plays their providers: the scripts of
//! `tests/sdk`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python::{self, PythonOrigin};
use crate::tools;

/// What the clients show the gateway; the origin complains when it sees it.
pub const CLIENT_KEY: &str = "client-key-0123456789abcdef";

/// What a provider of a dialect at the origin wants to be shown.
#[must_use]
pub fn provider_key(dialect: &str) -> String {
    format!("provider-key-{dialect}")
}

/// Starts the origin: a provider of each dialect, at a path of the dialect's name.
///
/// # Panics
/// When it does not listen.
#[must_use]
#[track_caller]
pub fn origin() -> PythonOrigin {
    PythonOrigin::spawn("origin.py", command("origin.py", &[]))
}

/// Goes through the cases with one client.
///
/// # Panics
/// When a case fails, with what it said of all that did.
#[track_caller]
pub fn drive(client: &str, origin: SocketAddr, gateway: &str, trusted: Option<&Path>) {
    let origin = origin.to_string();
    let arguments = [client, "--origin", &origin, "--gateway", gateway, "--key", CLIENT_KEY];
    let mut command = command("run.py", &arguments);
    command.env("SDK_NODE", tools::sdk_node());
    command.envs(trusted.map(|file| ("AWS_CA_BUNDLE", file)));
    let output = command.output().expect("Python can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{client}:\n{said}\n{errors}");
}

/// Has a client talk over a WebSocket to a gateway that has a model `fast`, and lets whoever shows
/// `key` have one answer.
///
/// # Panics
/// When it fails, with what it said.
#[track_caller]
pub fn talk(client: &str, gateway: &str, key: &str, trusted: Option<&Path>) {
    let mut command = command("talk.py", &[client, gateway, key]);
    command.envs(trusted.map(|file| ("SSL_CERT_FILE", file)));
    let output = command.output().expect("Python can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim() == "ok", "{client}:\n{said}\n{errors}");
}

/// What the keeper wants to be shown.
pub const KEEPER_KEY: &str = "provider-key-of-the-keeper";

/// Starts an account of a provider that keeps files, batches, chats and caches, and does not know
/// for whom: OpenAI's at `/openai/v1`, Gemini's at `/gemini/v1beta`.
///
/// # Panics
/// When it does not listen.
#[must_use]
#[track_caller]
pub fn keeper() -> PythonOrigin {
    PythonOrigin::spawn("keeper.py", command("keeper.py", &[]))
}

/// Has two consumers of a gateway make things that such an account keeps, each finding its own with
/// an official client and nothing of the other's.
///
/// # Panics
/// When it fails, with what it said.
#[track_caller]
pub fn own_things(client: &str, gateway: &str, [one, other]: [&str; 2]) {
    let mut command = command("own.py", &[client, gateway, one, other]);
    let output = command.output().expect("Python can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim() == "ok", "{client}:\n{said}\n{errors}");
}

/// A script, kept to loopback and to reading where it lies.
fn command(script: &str, arguments: &[&str]) -> Command {
    let mut command = python::piped(&tools::sdk_python(), &scripts().join(script), arguments);
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_PROXY", "*");
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

fn scripts() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent);
    crates.expect("the crate lies in <workspace>/crates").join("tests/sdk")
}
