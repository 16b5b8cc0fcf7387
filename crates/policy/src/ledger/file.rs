//! Leases in a small file: lines that are only ever added, each with its checksum.
//!
//! The last line about a count holds. A line that was cut off by a crash had not been synced, so
//! nobody had used its lease, and it is left out. When much of the file is out of date it is
//! written anew beside the old one and takes its place by renaming, which a crash finds done or not
//! done. After a failed sync nobody knows what is on the disk, so the next write is such a one, too.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ring::digest::{SHA256, digest};

use super::Unit;
use super::lease::{Lease, LeaseKey, LeaseStore};
use super::period::{Period, second_of};

/// The first line; another version is not touched.
const HEAD: &str = "architrave ledger 1";

/// Lines beyond four for each count that are borne before the file is written anew: some 64 KiB.
const SPARE_LINES: usize = 1_024;

/// A file of leases. There must be one process at it at a time.
#[derive(Debug)]
pub struct LeaseFile {
    path: PathBuf,
    file: File,
    /// The leases that hold.
    live: BTreeMap<LeaseKey, Lease>,
    /// Lines in the file.
    lines: usize,
    /// Whether the last write failed.
    is_doubtful: bool,
}

/// What a file of leases remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The leases, for [`Ledger::kept`](super::Ledger::kept).
    pub leases: Vec<Lease>,
    /// How many lines in the midst of the file could not be read: what they said is lost, unless a
    /// later line says it again. Something is wrong with the disk.
    pub damaged: usize,
}

impl LeaseFile {
    /// Opens the file, or makes it, and reads what it remembers of periods that are not over.
    ///
    /// # Errors
    /// That it cannot be read or written, or is something else.
    pub fn open(path: &Path, wall: SystemTime) -> io::Result<(Self, Recovered)> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (mut live, damaged) = read(&text)?;
        let now = second_of(wall);
        live.retain(|key, lease| key.per.span(lease.start_s).end_s > now);
        let recovered = Recovered { leases: live.values().cloned().collect(), damaged };
        let (file, lines) = write_anew(path, &live)?;
        Ok((Self { path: path.to_owned(), file, live, lines, is_doubtful: false }, recovered))
    }

    fn append(&mut self, leases: &[Lease]) -> io::Result<()> {
        let text: String = leases.iter().map(line_of).collect();
        self.file.write_all(text.as_bytes())?;
        self.lines += leases.len();
        self.file.sync_data()
    }

    fn rewrite(&mut self) -> io::Result<()> {
        (self.file, self.lines) = write_anew(&self.path, &self.live)?;
        Ok(())
    }
}

impl LeaseStore for LeaseFile {
    fn write(&mut self, leases: &[Lease]) -> io::Result<()> {
        for lease in leases {
            self.live.insert(lease.key.clone(), lease.clone());
        }
        let is_long = self.lines + leases.len() > 4 * self.live.len() + SPARE_LINES;
        let written =
            if self.is_doubtful || is_long { self.rewrite() } else { self.append(leases) };
        self.is_doubtful = written.is_err();
        written
    }
}

/// Writes a file of these leases and puts it in the place of the one at `path`.
fn write_anew(path: &Path, live: &BTreeMap<LeaseKey, Lease>) -> io::Result<(File, usize)> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let mut text = format!("{HEAD}\n");
    text.extend(live.values().map(line_of));
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The name is in the directory, which is synced on its own.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok((file, live.len()))
}

/// The leases that hold, and how many lines were damaged.
fn read(text: &[u8]) -> io::Result<(BTreeMap<LeaseKey, Lease>, usize)> {
    let (mut live, mut damaged) = (BTreeMap::new(), 0);
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    // Nobody used a lease of a file whose first line was not finished.
    let Some(head) = lines.next().and_then(|line| line.strip_suffix(b"\n")) else {
        return Ok((live, damaged));
    };
    if head != HEAD.as_bytes() {
        let message = "it is no ledger of this version";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    // What is behind the last line's end was cut off.
    for line in lines.filter_map(|line| line.strip_suffix(b"\n")) {
        match lease_of(line) {
            Some(lease) => drop(live.insert(lease.key.clone(), lease)),
            None => damaged += 1,
        }
    }
    Ok((live, damaged))
}

/// `checksum unit period start up-to consumer`
fn line_of(lease: &Lease) -> String {
    let Lease { key: LeaseKey { consumer, unit, per }, start_s, up_to } = lease;
    let (unit, per) = (unit.as_str(), per.as_str());
    let says = format!("{unit} {per} {start_s} {up_to} {consumer}");
    format!("{} {says}\n", checksum(says.as_bytes()))
}

fn lease_of(line: &[u8]) -> Option<Lease> {
    let (checked, says) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if checked != checksum(says.as_bytes()) {
        return None;
    }
    let mut words = says.splitn(5, ' ');
    let (unit, per) = (words.next()?, words.next()?);
    let (start_s, up_to) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let consumer = words.next()?.into();
    let unit = Unit::ALL.into_iter().find(|one| one.as_str() == unit)?;
    let per = Period::ALL.into_iter().find(|one| one.as_str() == per)?;
    Some(Lease { key: LeaseKey { consumer, unit, per }, start_s, up_to })
}

/// Eight digits: lines are cut and disks flip bits, but nobody forges them.
fn checksum(says: &[u8]) -> String {
    digest(&SHA256, says).as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
