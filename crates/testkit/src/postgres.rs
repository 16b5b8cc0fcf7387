//! PostgreSQL: a cluster of one's own in a temporary folder, reached by its socket alone, and one
//! database for each test.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::tools;
use crate::wait::{SOON, eventually};

/// Who owns the cluster.
const OWNER: &str = "architrave";

/// Runs the server until nobody is left to write to standard input, then ends it at once and
/// removes what it left: also when the test's own process is killed. Nothing in it outlives the
/// test, so nothing is waited for to be on the disk.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=300 \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=64MB \
  -c autovacuum=off -c log_min_messages=warning >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -s QUIT "$server"
wait "$server"
rm -rf "$2"
"#;

/// A cluster that runs until it is dropped or the test's process ends.
#[derive(Debug)]
pub struct Postgres {
    keeper: Child,
    folder: PathBuf,
    databases: AtomicUsize,
}

impl Postgres {
    /// Starts one. Texts sort as people sort them, so that who wants another order must say so.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let programs = tools::postgres();
        let folder = TempDir::with_prefix("postgres-").expect("there is room for a directory");
        let folder = folder.keep();
        let user = other_user();
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).expect("root may give directories away");
        }
        let as_user = |command: &mut Command| {
            command.current_dir(&folder).env("LC_ALL", "C.UTF-8");
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
        };
        let mut made = Command::new(programs.join("initdb"));
        made.arg("-D").arg(folder.join("data")).args(["-U", OWNER, "-A", "trust", "--no-sync"]);
        made.args(["-E", "UTF8", "--locale-provider=icu", "--icu-locale=en-US"]);
        as_user(&mut made);
        succeed("initdb", &made.output().expect("initdb can be run"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "sh"]).arg(&programs).arg(&folder).process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        as_user(&mut keeper);
        let keeper = keeper.spawn().expect("a shell can be run");
        let cluster = Self { keeper, folder, databases: AtomicUsize::new(0) };
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args(["-q", "-h"]).arg(&cluster.folder);
        eventually("PostgreSQL takes connections", SOON, || {
            ready.status().expect("pg_isready can be run").success().then_some(())
        });
        cluster
    }

    /// The one of this test program, started when it is first asked for.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Makes an empty database, and gives its URL.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    #[track_caller]
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://{OWNER}@localhost/{name}?host={}", self.folder.display())
    }

    /// Runs a statement in a database, and gives what it says, one row a line.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new(tools::postgres().join("psql"));
        psql.args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-U", OWNER, "-h"]);
        psql.arg(&self.folder).args(["-d", database, "-c", statement]);
        let output = psql.output().expect("psql can be run");
        succeed("psql", &output);
        String::from_utf8(output.stdout).expect("PostgreSQL speaks UTF-8")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended = self.keeper.wait();
    }
}

#[track_caller]
fn succeed(what: &str, output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what} failed: {said}");
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package has made.
fn other_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).expect("there are users");
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some("postgres");
        let user = fields.nth(1)?.parse().ok()?;
        is_it.then_some((user, fields.next()?.parse().ok()?))
    });
    Some(found.expect("the Debian package postgresql makes a user postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_is_empty_and_nothing_is_left_of_a_cluster_that_is_dropped() {
        let cluster = Postgres::start();
        assert!(cluster.database().contains("/test_0?host=/"));
        assert!(cluster.database().contains("/test_1?"));
        cluster.sql("test_0", "CREATE TABLE a (b TEXT)");
        let tables = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(cluster.sql("test_0", tables), "1\n");
        assert_eq!(cluster.sql("test_1", tables), "0\n");
        let sorted = "SELECT * FROM (VALUES ('B'), ('a')) AS texts (text) ORDER BY text";
        assert_eq!(cluster.sql("test_1", sorted), "a\nB\n", "as people sort");
        let folder = cluster.folder.clone();
        drop(cluster);
        assert!(!folder.exists());
    }
}
