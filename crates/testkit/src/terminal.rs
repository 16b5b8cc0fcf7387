//! A terminal, for programs that look whether they write to one.

use std::fs::File;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Opens one: the end that a test reads, and the one that a program writes to.
///
/// # Panics
/// When the system has no more of them.
#[must_use]
pub fn open() -> (File, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).expect("there are terminals left");
    grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a new terminal is ours");
    let path = ptsname(&ours, Vec::new()).expect("a terminal has a name");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(path, flags, Mode::empty()).expect("its other end can be opened");
    (File::from(ours), File::from(theirs))
}
