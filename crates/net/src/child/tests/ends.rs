//! How children end: when they are not wanted, when they are idle or old, when they fail, and when
//! whoever watches over them, or wanted them, is killed.

use architrave_testkit::process::{self, is_alive};
use architrave_testkit::{SOON, eventually, tools};
use rustix::process::Signal;
use tokio::time::timeout;

use super::*;

fn gone(what: &str, pid: Pid) {
    eventually(what, SOON, || (!is_alive(pid)).then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_wanted_ends_with_all_that_it_has_started() {
    let launcher = launcher(shell("sleep 1000 & echo $!; exec cat"));
    let mut child = launcher.launch().await.unwrap();
    let worker = said_pid(&mut child).await;
    let leader = child.pid();
    assert!(is_alive(worker) && is_alive(leader));
    assert_eq!(launcher.running(), 1);
    drop(child);
    gone("the child ends", leader);
    gone("its worker ends", worker);
    eventually("its place is free", SOON, || (launcher.running() == 0).then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_child_leaves_behind_ends_too() {
    let mut child = launcher(shell("sleep 1000 & echo $!")).launch().await.unwrap();
    let worker = said_pid(&mut child).await;
    let end = timeout(SOON, child.ended()).await.expect("it ended");
    assert_eq!(end, ChildEnd { cause: Cause::Itself, ending: Ending::Code(0) });
    gone("its worker ends", worker);
    assert_eq!(timeout(SOON, child.hear()).await.expect("nobody holds the pipe"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_listen_to_signals_is_killed() {
    let stubborn = "trap '' TERM; echo up; while :; do sleep 1; done";
    let limits = ChildLimits { idle: Duration::from_millis(300), ..LIMITS };
    let launcher = Launcher::new(supervisor(), shell(stubborn), limits);
    let mut child = launcher.launch().await.unwrap();
    assert_eq!(line(&mut child).await, "up");
    let end = timeout(SOON, child.ended()).await.expect("it ended");
    assert_eq!(end, ChildEnd { cause: Cause::Idle, ending: Ending::Signal(9) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_by_itself_when_its_input_closes_gets_no_signal() {
    let limits = ChildLimits {
        lifetime: Duration::from_millis(300),
        close_grace: Duration::from_secs(60),
        ..LIMITS
    };
    let polite = shell("cat; exit 7");
    let launcher = Launcher::new(supervisor(), polite, limits);
    let mut child = launcher.launch().await.unwrap();
    let end = timeout(SOON, child.ended()).await.expect("it ended");
    assert_eq!(end, ChildEnd { cause: Cause::Age, ending: Ending::Code(7) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_fails_at_once_is_left_alone_for_a_while() {
    let launcher = launcher(program("/nowhere/server", &[]));
    let mut rested = None;
    for _ in 0..20 {
        match launcher.launch().await {
            Err(ChildError::NotStarted { command, why }) => {
                assert_eq!(command, "/nowhere/server");
                assert!(why.contains("No such file"), "{why}");
            }
            Err(ChildError::Resting(left)) => rested = Some(left),
            other => panic!("{other:?}"),
        }
    }
    assert!(rested.is_some_and(|left| left <= Duration::from_secs(30)), "{rested:?}");
    assert_eq!(launcher.running(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_than_may_be() {
    let limits = ChildLimits { processes_max: 2, ..LIMITS };
    let launcher = Launcher::new(supervisor(), program("cat", &[]), limits);
    let first = launcher.launch().await.unwrap();
    let _second = launcher.launch().await.unwrap();
    assert!(matches!(launcher.launch().await, Err(ChildError::TooMany(2))));
    drop(first);
    eventually("one may start again", SOON, || (launcher.running() == 1).then_some(()));
    launcher.launch().await.unwrap();
}

/// How many children a process has.
fn children(pid: Pid) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
    let lists = tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("children")));
    lists.map(|list| list.unwrap_or_default().split_whitespace().count()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_come_and_go_leave_nothing() {
    let rounds: usize = if tools::soak() { 10_000 } else { 300 };
    let launcher = launcher(program("cat", &[]));
    let first = launcher.launch().await.unwrap();
    let supervisor = parent(first.pid());
    let figures = || (process::open_fds(supervisor), process::rss(supervisor));
    let (mut fds, mut rss) = figures();
    for round in (0..rounds).step_by(20) {
        let batch: Vec<_> = (0..20)
            .map(|_| {
                let launcher = launcher.clone();
                architrave_core::task::spawn(async move {
                    let mut child = launcher.launch().await.unwrap();
                    child.teller().say("{}".into()).await.unwrap();
                    assert_eq!(line(&mut child).await, "{}");
                })
            })
            .collect();
        for one in batch {
            one.await.unwrap();
        }
        eventually("all have ended", SOON, || (launcher.running() == 1).then_some(()));
        if round == 100 {
            (fds, rss) = figures();
        }
    }
    eventually("the supervisor has no other child", SOON, || {
        let is_flat = process::open_fds(supervisor) <= fds;
        (is_flat && children(supervisor) == 1).then_some(())
    });
    let grown = process::rss(supervisor).saturating_sub(rss);
    assert!(grown < 4 << 20, "the supervisor has grown by {grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_that_is_killed_takes_its_children_along_and_another_comes() {
    let launcher = launcher(shell("echo up; exec cat"));
    let mut child = launcher.launch().await.unwrap();
    assert_eq!(line(&mut child).await, "up");
    let first = parent(child.pid());
    process::signal(first, Signal::TERM);
    process::signal(first, Signal::INT);
    child.teller().say("still there".into()).await.unwrap();
    assert_eq!(line(&mut child).await, "still there", "what is for others says nothing to it");
    process::signal(first, Signal::KILL);
    let end = timeout(SOON, child.ended()).await.expect("it ended");
    assert_eq!(end, ChildEnd { cause: Cause::Unwatched, ending: Ending::Unseen });
    gone("the child", child.pid());
    let mut child = launcher.launch().await.unwrap();
    assert_eq!(line(&mut child).await, "up");
    assert_ne!(parent(child.pid()), first);
}

/// Run by the test below in a process of its own, which is killed: it has a child that is polite,
/// one that listens to no signal and has a worker, and one whose worker has left its group.
#[test]
fn gateway_process() {
    let Some(folder) = process::told().filter(|told| told.starts_with('/')) else { return };
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let supervisor = supervisor();
        let mut children = Vec::new();
        let mut pids = Vec::new();
        for script in [
            "echo $$; echo $$; exec cat",
            "trap '' TERM HUP; echo $$; sleep 1000 & echo $!; while :; do sleep 1; done",
            "echo $$; setsid sh -c 'echo $$; trap \"\" TERM; while :; do sleep 1; done'",
        ] {
            let launcher = Launcher::new(supervisor.clone(), shell(script), LIMITS);
            let mut child = launcher.launch().await.unwrap();
            pids.push(said_pid(&mut child).await);
            pids.push(said_pid(&mut child).await);
            pids.push(parent(child.pid()));
            children.push(child);
        }
        let pids: Vec<_> = pids.iter().map(|pid| pid.as_raw_nonzero().to_string()).collect();
        std::fs::write(format!("{folder}/writing"), pids.join(" ")).unwrap();
        std::fs::rename(format!("{folder}/writing"), format!("{folder}/pids")).unwrap();
        std::future::pending::<()>().await;
    });
}

#[test]
fn nobody_outlives_a_process_that_is_killed() {
    let folder = tempfile::TempDir::new().unwrap();
    let told = folder.path().display().to_string();
    let gateway = process::start(&mut command_again("ends::gateway_process", &told));
    let pids = eventually("all children run", SOON, || {
        std::fs::read_to_string(folder.path().join("pids")).ok()
    });
    let pids: Vec<_> = pids.split(' ').map(|pid| process::pid(pid.parse().unwrap())).collect();
    assert_eq!(pids.len(), 9);
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    process::kill(gateway.pid());
    for pid in pids {
        gone("a child, a worker, or the supervisor", pid);
    }
}
