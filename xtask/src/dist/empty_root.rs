//! The test of the packages: each is unpacked into an empty root with nothing but the shared
//! libraries that the binary names, and must serve within a second of its start.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use architrave_core::Clock;
use rustix::process::{Pid, Signal, kill_process};

use super::Release;
use crate::bench::free_port;
use crate::{say, shell, tree};

/// From start to the first answer.
const SERVING_WITHIN: Duration = Duration::from_secs(1);
/// From SIGTERM to the end, nothing being in flight.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// The tarball's binary serves the tarball's own example.
pub(super) fn serves_from_tarball(release: &Release, tarball: &Path) -> Result<()> {
    let root = empty_root(release, "root-tarball")?;
    let mut tar = Command::new("tar");
    shell::run(tar.arg("--extract").arg("--file").arg(tarball).arg("--directory").arg(&root))?;
    let folder = PathBuf::from("/").join(release.name());
    serves(&root, &folder.join("architrave"), &folder.join("gateway.yaml"))
}

/// The package's binary serves the package's own configuration.
pub(super) fn serves_from_package(release: &Release, package: &Path) -> Result<()> {
    let root = empty_root(release, "root-deb")?;
    shell::run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(&root))?;
    serves(&root, Path::new("/usr/bin/architrave"), Path::new("/etc/architrave/gateway.yaml"))
}

/// A root with the libraries that the binary names and nothing else.
fn empty_root(release: &Release, name: &str) -> Result<PathBuf> {
    let root = release.out.join(name);
    let libraries = shell::read(Command::new("ldd").arg(&release.binary))?;
    for word in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
        let library = fs::canonicalize(word)?;
        super::copy(&library, &root.join(word.trim_start_matches('/')), 0o755)?;
    }
    Ok(root)
}

fn serves(root: &Path, binary: &Path, config: &Path) -> Result<()> {
    let shown = format!("{} in {}", binary.display(), root.display());
    let inside = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    shell::read(&mut in_root(root, binary, &[Path::new("validate"), config])?)
        .with_context(|| format!("{shown} refuses the configuration that comes with it"))?;

    // The example's ports may be taken on this machine; an origin of ours stands behind it.
    let (port, origin_port) = (free_port()?, free_port()?);
    let text = tree::read(&inside(config))?;
    let text = text
        .replace("0.0.0.0:8080", &format!("127.0.0.1:{port}"))
        .replace("127.0.0.1:9001", &format!("127.0.0.1:{origin_port}"))
        .replace("127.0.0.1:9080", "127.0.0.1:0");
    tree::write(&inside(config), &text)?;
    let mut origin = Command::new(std::env::current_exe()?);
    origin.args(["bench-origin", &format!("127.0.0.1:{origin_port}")]);
    let _origin = Ended(origin.spawn().context("starting the origin")?);
    let clock = Clock::system();
    until_connected(&clock, origin_port, ENDED_WITHIN).context("waiting for the origin")?;

    let start = clock.now();
    let mut command = in_root(root, binary, &[Path::new("run"), Path::new("--config"), config])?;
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut gateway = Ended(command.spawn().with_context(|| format!("starting {shown}"))?);
    let answer = match until_connected(&clock, port, SERVING_WITHIN).and_then(ask) {
        Ok(answer) => answer,
        Err(error) => bail!("{shown} does not serve: {error:#}\n{}", gateway.last_words()?),
    };
    let took = clock.now().since(start);
    ensure!(answer.starts_with("HTTP/1.1 200"), "{shown} answers:\n{answer}");
    ensure!(took <= SERVING_WITHIN, "{shown} took {took:?} to serve");
    ends_cleanly(&clock, &mut gateway.0).with_context(|| format!("ending {shown}"))?;
    say::line(format_args!("{shown} served after {} ms", took.as_millis()));
    Ok(())
}

fn ends_cleanly(clock: &Clock, gateway: &mut Child) -> Result<()> {
    let pid = i32::try_from(gateway.id()).ok().and_then(Pid::from_raw).context("a process id")?;
    kill_process(pid, Signal::TERM)?;
    let deadline = clock.now() + ENDED_WITHIN;
    loop {
        if let Some(status) = gateway.try_wait()? {
            ensure!(status.success(), "it ended with {status}");
            return Ok(());
        }
        ensure!(clock.now() < deadline, "it does not end after SIGTERM");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn in_root(root: &Path, binary: &Path, args: &[&Path]) -> Result<Command> {
    ensure!(rustix::process::geteuid().is_root(), "chroot into an empty root needs root");
    let mut command = Command::new("/usr/sbin/chroot");
    command.arg(root).arg(binary).args(args).env_clear();
    Ok(command)
}

fn until_connected(clock: &Clock, port: u16, patience: Duration) -> Result<TcpStream> {
    let deadline = clock.now() + patience;
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                ensure!(clock.now() < deadline, "no connection within {patience:?}: {error}");
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn ask(mut stream: TcpStream) -> Result<String> {
    stream.set_read_timeout(Some(ENDED_WITHIN))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: dist.example\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A child that is killed when it goes out of sight.
struct Ended(Child);

impl Ended {
    /// Kills it and returns what it wrote to standard error.
    fn last_words(&mut self) -> Result<String> {
        self.0.kill()?;
        let mut said = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        Ok(said)
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
