//! What tells one state of a file from another without reading it.
//!
//! It keeps no watch by itself: whoever cares compares stamps when it suits them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The state of a file. The inode and the time of its last change are part of it, so that a file
/// put in place by a rename or behind a swapped link is noticed as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp(Option<[i64; 6]>);

impl FileStamp {
    /// The stamp of a file as it is now; a file that cannot be seen has one, too.
    pub(crate) fn of(file: &Path) -> Self {
        let stamp = |found: fs::Metadata| {
            [
                found.mtime(),
                found.mtime_nsec(),
                found.ctime(),
                found.ctime_nsec(),
                found.len().cast_signed(),
                found.ino().cast_signed(),
            ]
        };
        Self(fs::metadata(file).ok().map(stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_changes_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, other) = (folder.path().join("file"), folder.path().join("other"));
        let missing = FileStamp::of(&file);
        assert_eq!(missing, FileStamp::of(&file));
        fs::write(&file, "one").unwrap();
        let first = FileStamp::of(&file);
        assert_ne!(first, missing);
        assert_eq!(first, FileStamp::of(&file));
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &file).unwrap();
        assert_ne!(FileStamp::of(&file), first);
    }
}
