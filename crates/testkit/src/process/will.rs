//! Who ends what a test process has started when that process is gone and did not: a shell that is
//! told of each group of processes, and reads on until nobody is left to tell it more.
//!
//! Not the system's signal to the children of a dead parent: that comes with the end of the thread
//! that started them, and whom they start themselves does not get it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::Pid;

const READ_ON: &str = r#"groups=
while read -r what group; do
  case $what in
    +) groups="$groups $group " ;;
    -) groups="${groups%% $group *}${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done"#;

/// Adds a group of processes that is not to outlive this process.
pub(super) fn add(group: Pid) {
    tell('+', group);
}

/// Strikes out a group that has ended.
pub(super) fn strike(group: Pid) {
    tell('-', group);
}

fn tell(what: char, group: Pid) {
    static SHELL: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let shell = SHELL.get_or_init(|| Mutex::new(start()));
    let mut shell = shell.lock().unwrap_or_else(PoisonError::into_inner);
    let written = writeln!(shell, "{what} {}", group.as_raw_nonzero());
    written.expect("the shell reads as long as this process lives");
}

/// Starts the shell in a group of its own, so that what ends this process from a terminal does not
/// end it.
#[expect(clippy::zombie_processes, reason = "it outlives this process")]
fn start() -> ChildStdin {
    let mut command = Command::new("sh");
    command.args(["-c", READ_ON]).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let shell = command.spawn().expect("a shell can be run");
    shell.stdin.expect("standard input is a pipe")
}
