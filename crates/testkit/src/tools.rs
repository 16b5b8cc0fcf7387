//! Where the programs are that tests drive. A missing one is a failure that says what to install,
//! never a reason to skip.

use std::path::{Path, PathBuf};

/// The gateway's binary: `ARCHITRAVE_BIN`, else the newest of the builds that are there, so that
/// no test speaks of code that is gone.
///
/// # Panics
/// When none has been built.
#[must_use]
pub fn gateway() -> PathBuf {
    if let Some(path) = variable("ARCHITRAVE_BIN") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "ARCHITRAVE_BIN names no file: {}", path.display());
        return path;
    }
    let target = target_dir();
    let built = ["dist", "release", "debug"].map(|profile| target.join(profile).join("architrave"));
    let age = |path: &PathBuf| path.metadata().and_then(|facts| facts.modified()).ok();
    let found = built.into_iter().filter(|path| path.is_file()).max_by_key(age);
    found.expect("no gateway has been built: run `cargo build -p architrave-server`")
}

/// The Python of the tests' own virtual environment, with `websockets` and `grpcio`.
///
/// # Panics
/// When it has not been made.
#[must_use]
pub fn python() -> PathBuf {
    let named = variable("ARCHITRAVE_TEST_PYTHON").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("test-venv/bin/python"));
    assert!(path.is_file(), "{} is missing: run `make test` once", path.display());
    path
}

/// The Python of the official clients of AI services, with the SDKs of their providers.
///
/// # Panics
/// When it has not been made.
#[must_use]
pub fn sdk_python() -> PathBuf {
    let named = variable("ARCHITRAVE_SDK_PYTHON").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("sdk-venv/bin/python"));
    assert!(path.is_file(), "{} is missing: run `make test` once", path.display());
    path
}

/// The tester of APIs that are described by OpenAPI.
///
/// # Panics
/// When it has not been installed.
#[must_use]
pub fn schemathesis() -> PathBuf {
    let named = variable("ARCHITRAVE_SCHEMATHESIS").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("api-venv/bin/schemathesis"));
    assert!(path.is_file(), "{} is missing: run `make test` once", path.display());
    path
}

/// The folder with the official clients of AI services for Node.
///
/// # Panics
/// When they have not been installed.
#[must_use]
pub fn sdk_node() -> PathBuf {
    let named = variable("ARCHITRAVE_SDK_NODE").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("sdk-node"));
    assert!(path.is_dir(), "{} is missing: run `make test` once", path.display());
    path
}

/// The folder with the OpenID provider for Node.
///
/// # Panics
/// When it has not been installed.
#[must_use]
pub fn oidc_node() -> PathBuf {
    let named = variable("ARCHITRAVE_OIDC_NODE").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("oidc-node"));
    assert!(path.is_dir(), "{} is missing: run `make test` once", path.display());
    path
}

/// The folder with the official packages of MCP for Node, the conformance suite among them.
///
/// # Panics
/// When they have not been installed.
#[must_use]
pub fn mcp_node() -> PathBuf {
    let named = variable("ARCHITRAVE_MCP_NODE").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("mcp-node"));
    assert!(path.is_dir(), "{} is missing: run `make test` once", path.display());
    path
}

/// The Node that the conformance suite of MCP needs, which systems do not have yet.
///
/// # Panics
/// When it has not been installed, or is not there for this machine.
#[must_use]
pub fn newer_node() -> PathBuf {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let path = mcp_node().join(format!("node_modules/node-linux-{machine}/bin/node"));
    assert!(path.is_file(), "{} is missing: run `make test` once", path.display());
    path
}

/// The Python of the official package of MCP.
///
/// # Panics
/// When it has not been made.
#[must_use]
pub fn mcp_python() -> PathBuf {
    let named = variable("ARCHITRAVE_MCP_PYTHON").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("mcp-venv/bin/python"));
    assert!(path.is_file(), "{} is missing: run `make test` once", path.display());
    path
}

/// The folder with descriptions of APIs that others have published.
///
/// # Panics
/// When they have not been fetched.
#[must_use]
pub fn descriptions() -> PathBuf {
    let named = variable("ARCHITRAVE_DESCRIPTIONS").map(PathBuf::from);
    let path = named.unwrap_or_else(|| target_dir().join("descriptions/package/api"));
    assert!(path.is_dir(), "{} is missing: run `make test` once", path.display());
    path
}

/// A program on the path, or in the places of system programs.
///
/// # Panics
/// When it is not installed.
#[must_use]
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let path = variable("PATH").unwrap_or_default();
    let places = path.split(':').chain(["/usr/sbin", "/usr/bin", "/sbin", "/bin"]);
    let found = places.map(|place| Path::new(place).join(name)).find(|file| file.is_file());
    let package = match name {
        "h2load" => "nghttp2-client",
        "unshare" => "util-linux",
        "ip" => "iproute2",
        "postgres" => "postgresql",
        "node" => "nodejs",
        other => other,
    };
    found.unwrap_or_else(|| panic!("`{name}` is not installed: apt-get install {package}"))
}

/// The folder with the programs of PostgreSQL, the newest that is there: Debian has them in a folder
/// for each version, and not on the path.
///
/// # Panics
/// When it is not installed.
#[must_use]
#[track_caller]
pub fn postgres() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |folder: &PathBuf| -> u32 {
        let name = folder.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or_default()
    };
    let newest = versions.map(|entry| entry.path()).max_by_key(version);
    let newest = newest.map(|folder| folder.join("bin"));
    let folder = newest.or_else(|| program("postgres").parent().map(Path::to_owned));
    folder.expect("a program lies in a folder")
}

/// Whether the long forms of the tests are asked for (`ARCHITRAVE_SOAK=1`).
#[must_use]
pub fn soak() -> bool {
    variable("ARCHITRAVE_SOAK").is_some_and(|value| value == "1")
}

/// The build directory that the running test lies in.
fn target_dir() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let profile =
        test.parent().and_then(Path::parent).expect("tests lie in <target>/<profile>/deps");
    profile.parent().expect("tests lie in <target>/<profile>/deps").to_owned()
}

#[expect(clippy::disallowed_methods, reason = "tests are told where programs are by variables")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
