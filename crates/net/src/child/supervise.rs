//! The supervisor: starts children, tells of their ends, and lets none of them live on when whoever
//! wanted them is gone.
//!
//! It is a process of its own with nothing else to do, so that it can wait for any child and take
//! in orphans. Each child leads a group of processes; what a child leaves behind in its group ends
//! with it, what has left the group ends with the supervisor.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group,
    set_child_subreaper, test_kill_process_group, wait,
};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Ending;
use super::order::{News, Order};
use super::packet::{Packet, Packets};

/// How long all of them may take to end by themselves when nobody wants them any more, then by a
/// signal, and then until the system has done away with them.
const LAST_GRACES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(2)];

/// How long what a child leaves behind may take to end.
const LEFT_GRACE: Duration = Duration::from_secs(1);

/// Watches over children until whoever holds the other end of standard input is gone; then ends
/// them all. It is the whole work of a process, on a runtime of one thread.
///
/// # Errors
/// When standard input is nothing of ours, or the system refuses.
pub async fn supervise() -> io::Result<()> {
    let line = Packets::new(io::stdin().as_fd().try_clone_to_owned()?)?;
    // Where it cannot be, orphans are the system's, and only their group is known.
    let _orphans = set_child_subreaper(Some(getpid()));
    let mut ended = signal(SignalKind::child())?;
    let deaf = deafness()?;
    let mut watch = Watch { line, groups: HashMap::new() };
    let result = watch.until_unwanted(&mut ended).await;
    watch.end_all(&mut ended).await;
    drop(deaf);
    match result {
        // They went away in the middle of a word.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Signals that end a process are for whoever started this one, and say nothing here: what is in
/// flight there still needs its children, and when it ends, so does all of this.
fn deafness() -> io::Result<[Signals; 4]> {
    let kinds = [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    let [a, b, c, d] = kinds.map(signal);
    Ok([a?, b?, c?, d?])
}

/// What is watched over.
struct Watch {
    line: Packets,
    /// By the id of their leader.
    groups: HashMap<Pid, Group>,
}

/// A child and what it has started.
struct Group {
    id: u64,
    is_led: bool,
    /// What it is told next, and when.
    next: Option<(Instant, Signal)>,
    signal_grace: Duration,
}

impl Watch {
    async fn until_unwanted(&mut self, ended: &mut Signals) -> io::Result<()> {
        loop {
            let next = self.groups.values().filter_map(|group| Some(group.next?.0)).min();
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                packet = self.line.receive() => match packet? {
                    Some(packet) => self.obey(packet).await?,
                    None => return Ok(()),
                },
                _ = ended.recv() => self.take_note().await?,
                () = due => self.insist(),
            }
        }
    }

    async fn obey(&mut self, packet: Packet) -> io::Result<()> {
        match Order::decode(&packet.bytes) {
            Some(Order::Start { id, command, folder, arguments, environment }) => {
                let mut program = Command::new(&command);
                program.args(arguments).envs(environment);
                if !folder.is_empty() {
                    program.current_dir(folder);
                }
                let news = match start(program, packet.descriptors) {
                    Ok(leader) => {
                        let group =
                            Group { id, is_led: true, next: None, signal_grace: LEFT_GRACE };
                        self.groups.insert(leader, group);
                        News::Started { id, pid: leader.as_raw_nonzero().get() }
                    }
                    Err(error) => News::Failed { id, why: error.to_string() },
                };
                self.tell(&news).await
            }
            Some(Order::End { id, close_grace, signal_grace }) => {
                if let Some(group) = self.groups.values_mut().find(|group| group.id == id)
                    && group.next.is_none()
                {
                    group.next = Some((Instant::now() + close_grace, Signal::TERM));
                    group.signal_grace = signal_grace;
                }
                Ok(())
            }
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Reaps whoever has ended.
    async fn take_note(&mut self) -> io::Result<()> {
        for (pid, status) in reaped() {
            let Some(group) = self.groups.get_mut(&pid) else { continue };
            group.is_led = false;
            let news = News::Ended { id: group.id, ending: ending(status) };
            if !is_empty(pid) {
                let _gone = kill_process_group(pid, Signal::TERM);
                group.next = Some((Instant::now() + group.signal_grace, Signal::KILL));
            }
            self.tell(&news).await?;
        }
        self.forget_empty();
        Ok(())
    }

    /// Sends the signals that are due.
    fn insist(&mut self) {
        let now = Instant::now();
        for (leader, group) in &mut self.groups {
            let Some((_, signal)) = group.next.filter(|(at, _)| *at <= now) else { continue };
            let _gone = kill_process_group(*leader, signal);
            group.next =
                (signal == Signal::TERM).then_some((now + group.signal_grace, Signal::KILL));
        }
        self.forget_empty();
    }

    fn forget_empty(&mut self) {
        self.groups.retain(|leader, group| group.is_led || !is_empty(*leader));
    }

    async fn tell(&self, news: &News) -> io::Result<()> {
        self.line.send(&news.encode(), &[]).await
    }

    /// Nobody wants any of them. Their standard input is closed with the one who held it.
    async fn end_all(&mut self, ended: &mut Signals) {
        let [by_itself, by_signal, at_last] = LAST_GRACES;
        for (signal, grace) in
            [(None, by_itself), (Some(Signal::TERM), by_signal), (Some(Signal::KILL), at_last)]
        {
            if let Some(signal) = signal {
                for leader in self.groups.keys() {
                    let _gone = kill_process_group(*leader, signal);
                }
                // Those who have left their group, and whose parents are gone.
                for stray in strays() {
                    let _gone = kill_process(stray, signal);
                }
            }
            if self.are_gone_within(grace, signal == Some(Signal::KILL), ended).await {
                return;
            }
        }
    }

    async fn are_gone_within(
        &mut self,
        grace: Duration,
        is_last: bool,
        ended: &mut Signals,
    ) -> bool {
        let until = Instant::now() + grace;
        loop {
            for (pid, _) in reaped() {
                if let Some(group) = self.groups.get_mut(&pid) {
                    group.is_led = false;
                }
            }
            self.forget_empty();
            let strays = strays();
            if self.groups.is_empty() && strays.is_empty() {
                return true;
            }
            if is_last {
                // The children of one that was killed are orphans from then on.
                for stray in strays {
                    let _gone = kill_process(stray, Signal::KILL);
                }
            }
            if timeout_at(until, ended.recv()).await.is_err() {
                return false;
            }
        }
    }
}

fn start(mut program: Command, descriptors: Vec<OwnedFd>) -> io::Result<Pid> {
    let Ok([stdin, stdout, stderr]) = <[OwnedFd; 3]>::try_from(descriptors) else {
        return Err(io::Error::other("no pipes came along"));
    };
    program.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
    let child = program.process_group(0).spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("no process id"))
}

/// Everyone who has ended, children and orphans.
fn reaped() -> impl Iterator<Item = (Pid, WaitStatus)> {
    std::iter::from_fn(|| wait(WaitOptions::NOHANG).ok().flatten())
}

/// Whether nobody is in a group. Whoever had ended was reaped before.
fn is_empty(leader: Pid) -> bool {
    test_kill_process_group(leader) == Err(Errno::SRCH)
}

fn ending(status: WaitStatus) -> Ending {
    let code = status.exit_status().map(Ending::Code);
    code.or_else(|| status.terminating_signal().map(Ending::Signal)).unwrap_or(Ending::Unseen)
}

/// All children of this process, among them the orphans that it has taken in.
fn strays() -> Vec<Pid> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = threads.filter_map(|it| std::fs::read_to_string(it.path().join("children")).ok());
    let children: Vec<String> = lists.collect();
    let ids = children.iter().flat_map(|list| list.split_whitespace());
    ids.filter_map(|id| id.parse().ok().and_then(Pid::from_raw)).collect()
}
