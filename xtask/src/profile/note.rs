//! The text beside the profile: which rustc it was made with, and so can be read by.

use anyhow::{Context, Result};

use super::build::Compiler;

/// What is noted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Note {
    rustc: String,
    llvm: String,
    commit: String,
    loads: String,
}

impl Note {
    /// What is to be said of a profile that was made just now.
    pub(super) fn new(compiler: &Compiler, commit: &str, loads: &str) -> Self {
        Self {
            rustc: compiler.release.clone(),
            llvm: compiler.llvm.clone(),
            commit: commit.to_owned(),
            loads: loads.to_owned(),
        }
    }

    /// As it is written to the file.
    pub(super) fn text(&self) -> String {
        let Self { rustc, llvm, commit, loads } = self;
        format!(
            "The profile beside this file was made by `cargo xtask profile`; see docs/adr/0016-profile-guided-build.md.\n\n\
             rustc: {rustc}\nLLVM: {llvm}\ncommit: {commit}\nloads: {loads}\n"
        )
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Names the line that is missing.
    pub(super) fn read(text: &str) -> Result<Self> {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            line.map(str::to_owned).with_context(|| format!("the profile's note has no `{key}:`"))
        };
        let (rustc, llvm) = (value("rustc")?, value("LLVM")?);
        Ok(Self { rustc, llvm, commit: value("commit")?, loads: value("loads")? })
    }

    /// Why the profile is of no use to a compiler; `None` when it is.
    ///
    /// Another LLVM may not be able to read it. Another rustc, be it of the same LLVM, puts its own
    /// version into the name of every function, and would find none in it.
    pub(super) fn misfit(&self, compiler: &Compiler) -> Option<String> {
        let is_fit = self.rustc == compiler.release && self.llvm == compiler.llvm;
        (!is_fit).then(|| {
            format!(
                "it was made by rustc {} (LLVM {}), and this is rustc {} (LLVM {})",
                self.rustc, self.llvm, compiler.release, compiler.llvm
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiler(release: &str, llvm: &str) -> Compiler {
        Compiler { release: release.to_owned(), llvm: llvm.to_owned() }
    }

    #[test]
    fn a_note_reads_as_it_was_written() {
        let note = Note::new(&compiler("1.95.0 (x)", "22.1.2"), "abc1234", "http1 tcp");
        assert_eq!(Note::read(&note.text()).unwrap(), note);
        let error = Note::read("rustc: 1\nLLVM: 2\n").unwrap_err().to_string();
        assert!(error.contains("`commit:`"), "{error}");
    }

    #[test]
    fn a_profile_fits_the_compiler_that_made_it_and_no_other() {
        let made_by = compiler("1.95.0 (x)", "22.1.2");
        let note = Note::new(&made_by, "abc1234", "http1");
        assert_eq!(note.misfit(&made_by), None);
        for other in [compiler("1.96.0 (y)", "22.1.2"), compiler("1.95.0 (x)", "21.1.8")] {
            let why = note.misfit(&other).unwrap();
            assert!(why.contains(&other.release) && why.contains(&other.llvm), "{why}");
        }
    }
}
