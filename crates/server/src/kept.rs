//! Where things live that providers keep, over restarts and upgrades: lines in a file of the data
//! folder, written behind the requests.
//!
//! A line is added for each thing that is made; when many of them are out of date the file is
//! written anew. A crash of the machine costs what was made in its last moments, and then the
//! provider is asked as for anything that was made elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use architrave_core::shutdown::{Shutdown, ShutdownSignal};
use architrave_core::{Moment, task};
use architrave_proxy::{Gateway, KeptFeed};
use tokio::task::JoinHandle;

/// The first line; another version is not touched.
const HEAD: &str = "architrave kept 1\n";

/// Lines beyond twice as many as are remembered that are borne before the file is written anew.
const SPARE_LINES: usize = 16_384;

/// For how long the file is left alone when it could not be written.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often it is said that nothing can be written.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// The file, whoever has it.
pub(crate) struct KeptFile {
    gateway: Arc<Gateway>,
    path: PathBuf,
    keeping: tokio::sync::Mutex<Keeping>,
}

/// Who has the file.
#[derive(Default)]
enum Keeping {
    /// Nobody, yet or any more.
    #[default]
    Nobody,
    /// This process.
    Here(Shutdown, JoinHandle<Keeper>),
    /// A new process.
    Elsewhere(KeptFeed),
}

impl KeptFile {
    /// The file of a gateway that remembers nothing yet.
    #[must_use]
    pub(crate) fn new(gateway: Arc<Gateway>, path: PathBuf) -> Self {
        Self { gateway, path, keeping: tokio::sync::Mutex::default() }
    }

    /// Remembers what the file says, and keeps it from here on.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is something else.
    pub(crate) async fn begin(&self) -> anyhow::Result<()> {
        let mut keeping = self.keeping.lock().await;
        let Some(feed) = self.gateway.kept.feed() else { return Ok(()) };
        let opened = tokio::task::block_in_place(|| self.open(feed));
        *keeping = keep(opened.with_context(|| self.path.display().to_string())?);
        Ok(())
    }

    fn open(&self, feed: KeptFeed) -> io::Result<Keeper> {
        let text = match std::fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => String::from_utf8_lossy(&read?).into_owned(),
        };
        // What was begun and not finished was another's to write.
        let lines = match text.strip_prefix(HEAD) {
            Some(lines) => lines,
            None if HEAD.starts_with(&text) => "",
            None => return Err(io::Error::new(ErrorKind::InvalidData, "it is of another version")),
        };
        let damaged = lines.lines().filter(|line| !self.gateway.kept.recover(line)).count();
        // The last line may have been cut off by a crash.
        if damaged > usize::from(!lines.ends_with('\n')) {
            let file = self.path.display();
            tracing::error!(%file, damaged, "damaged lines: of some things nobody knows any more where they live");
        }
        let mut keeper = self.keeper(feed);
        keeper.write_anew()?;
        Ok(keeper)
    }

    fn keeper(&self, feed: KeptFeed) -> Keeper {
        Keeper::new(Arc::clone(&self.gateway), &self.path, feed)
    }

    /// Lets a new process have the file.
    pub(crate) async fn let_go(&self) {
        let mut keeping = self.keeping.lock().await;
        match std::mem::take(&mut *keeping) {
            Keeping::Here(stop, running) => {
                *keeping = Keeping::Elsewhere(ended(stop, running).await.close());
            }
            other => *keeping = other,
        }
    }

    /// Has the file again: the new process came to nothing. Where it cannot be written now, that is
    /// tried again.
    pub(crate) async fn take_back(&self) {
        let mut keeping = self.keeping.lock().await;
        let feed = match std::mem::take(&mut *keeping) {
            Keeping::Elsewhere(feed) => feed,
            other => {
                *keeping = other;
                return;
            }
        };
        let mut keeper = self.keeper(feed);
        tokio::task::block_in_place(|| keeper.write(0));
        *keeping = keep(keeper);
    }

    /// Writes what is left to be written; or says it, where a new process has the file. To be called
    /// after the last exchange.
    pub(crate) async fn close(&self) -> Vec<String> {
        match std::mem::take(&mut *self.keeping.lock().await) {
            Keeping::Nobody => {}
            Keeping::Here(stop, running) => drop(ended(stop, running).await.close()),
            Keeping::Elsewhere(mut feed) => {
                let mut lines = Vec::new();
                feed.read_now(&mut lines);
                if self.gateway.kept.has_overflown() {
                    // Of what it knows already, it learns nothing.
                    lines.clear();
                    self.gateway.kept.write_lines(&mut lines);
                }
                return String::from_utf8_lossy(&lines).lines().map(str::to_owned).collect();
            }
        }
        Vec::new()
    }
}

/// Keeps the file on the control runtime until it is stopped.
fn keep(keeper: Keeper) -> Keeping {
    let stop = Shutdown::default();
    let running = task::spawn(keeper.run(stop.signal()));
    Keeping::Here(stop, running)
}

async fn ended(stop: Shutdown, running: JoinHandle<Keeper>) -> Keeper {
    stop.end();
    running.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Writes what is remembered.
struct Keeper {
    gateway: Arc<Gateway>,
    path: PathBuf,
    /// `None` where the file lacks something that is remembered.
    file: Option<File>,
    feed: KeptFeed,
    /// Lines in the file, and how many there were when it was written anew.
    lines: usize,
    lines_anew: usize,
    /// What is to be written next.
    text: Vec<u8>,
    failed_at: Option<Moment>,
    told_at: Option<Moment>,
}

impl Keeper {
    /// One that has written nothing yet.
    fn new(gateway: Arc<Gateway>, path: &Path, feed: KeptFeed) -> Self {
        let (path, text) = (path.to_owned(), Vec::new());
        let (file, failed_at, told_at) = (None, None, None);
        Self { gateway, path, file, feed, lines: 0, lines_anew: 0, text, failed_at, told_at }
    }

    async fn run(mut self, mut signal: ShutdownSignal) -> Self {
        loop {
            let count = tokio::select! {
                () = signal.ended() => return self,
                count = self.feed.read(&mut self.text) => count,
                () = tokio::time::sleep(AGAIN_AFTER), if self.file.is_none() => 0,
            };
            let work = tokio::task::spawn_blocking(move || {
                self.write(count);
                self
            });
            // Writing neither panics nor is it called off.
            self = work.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        }
    }

    /// Writes what has come since, to the disk.
    fn close(mut self) -> KeptFeed {
        let write = move || {
            let count = self.feed.read_now(&mut self.text);
            self.failed_at = None;
            self.write(count);
            if let Some(Err(error)) = self.file.as_ref().map(File::sync_data) {
                self.tell(&error);
            }
            self.feed
        };
        tokio::task::block_in_place(write)
    }

    /// Writes what was read. Where the file lacks something, all is written anew; but when that has
    /// just failed, not at once.
    fn write(&mut self, count: usize) {
        let is_long = self.lines + count > 2 * self.lines_anew + SPARE_LINES;
        if self.gateway.kept.has_overflown() || is_long {
            self.file = None;
        }
        let written = if let Some(file) = &mut self.file {
            file.write_all(&self.text).map(|()| self.lines += count)
        } else if self.has_just_failed() {
            Ok(())
        } else {
            self.write_anew()
        };
        self.text.clear();
        if let Err(error) = written {
            self.file = None;
            self.failed_at = Some(self.gateway.clock.now());
            self.tell(&error);
        }
    }

    fn has_just_failed(&self) -> bool {
        let now = self.gateway.clock.now();
        self.failed_at.is_some_and(|at| now.since(at) < AGAIN_AFTER)
    }

    /// Writes a file of all that is remembered and puts it in the place of the one that there is.
    fn write_anew(&mut self) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let mut text = HEAD.as_bytes().to_vec();
        let lines = self.gateway.kept.write_lines(&mut text);
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        self.file = Some(file);
        (self.lines, self.lines_anew) = (lines, lines);
        Ok(())
    }

    /// Says now and then that nothing can be written.
    fn tell(&mut self, error: &io::Error) {
        let now = self.gateway.clock.now();
        if self.told_at.is_none_or(|at| now.since(at) >= SAID_EVERY) {
            self.told_at = Some(now);
            let file = self.path.display();
            tracing::error!(%file, %error, "where things live at providers cannot be written down");
        }
    }
}
