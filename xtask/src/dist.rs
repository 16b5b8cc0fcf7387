//! `cargo xtask dist`: the binary as it ships, in a tarball and a Debian package, and a test that
//! both serve from an empty root.

mod deb;
mod empty_root;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::{console, packages, profile, say, shell, tree};

/// Builds, packs and tests.
pub(crate) fn run(args: &[String]) -> Result<()> {
    ensure!(args.is_empty(), "dist takes no arguments");
    packages::debian(&[
        ("/usr/bin/readelf", "binutils"),
        ("/usr/bin/ldd", "libc-bin"),
        ("/usr/bin/dpkg-deb", "dpkg"),
        ("/usr/bin/gzip", "gzip"),
        ("/usr/sbin/chroot", "coreutils"),
        ("/usr/bin/systemd-analyze", "systemd"),
    ])?;
    build()?;
    let out = tree::target()?.join("dist-out");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("clearing {}", out.display()))?;
    }
    fs::create_dir_all(&out)?;
    let release = Release::new(binary()?, out)?;
    let tarball = release.tarball()?;
    let package = deb::pack(&release)?;
    for file in [&tarball, &package] {
        let mib = fs::metadata(file)?.len() as f64 / f64::from(1 << 20);
        say::line(format_args!("{} ({mib:.1} MiB)", file.display()));
    }
    empty_root::serves_from_tarball(&release, &tarball)?;
    empty_root::serves_from_package(&release, &package)
}

/// The binary that ships.
pub(crate) fn binary() -> Result<PathBuf> {
    Ok(tree::target()?.join("dist/architrave"))
}

/// Builds it, and before it the pages that are in it.
pub(crate) fn build() -> Result<()> {
    shell::run(&mut build_command()?)
}

/// The command that builds it; the pages are built already when this returns.
///
/// # Errors
/// When the pages cannot be built.
pub(crate) fn build_command() -> Result<Command> {
    console::build()?;
    profile::build::shipped()
}

/// What is packed, and where the packages go.
struct Release {
    binary: PathBuf,
    version: String,
    out: PathBuf,
}

impl Release {
    fn new(binary: PathBuf, out: PathBuf) -> Result<Self> {
        let text = shell::read(Command::new(&binary).arg("version"))?;
        let version = text.split_whitespace().find(|word| word.contains('.'));
        let version = version.context("the binary does not say its version")?.to_owned();
        let named = env!("CARGO_PKG_VERSION");
        ensure!(version == named, "the binary says {version}, the workspace {named}");
        let header = shell::read(Command::new("readelf").arg("--sections").arg(&binary))?;
        if header.contains(".symtab") || header.contains(".debug_info") {
            bail!("{} is not stripped", binary.display());
        }
        Ok(Self { binary, version, out })
    }

    /// The name that the tarball and its folder share.
    fn name(&self) -> String {
        format!("architrave-{}-x86_64-linux-gnu", self.version)
    }

    /// The man page with its version filled in, compressed.
    fn man_page(&self, folder: &Path) -> Result<()> {
        let text = tree::read(&tree::root().join("packaging/architrave.1"))?;
        let page = folder.join("architrave.1");
        tree::write(&page, &text.replace("@VERSION@", &self.version))?;
        shell::run(Command::new("gzip").args(["--best", "--no-name"]).arg(page))
    }

    fn tarball(&self) -> Result<PathBuf> {
        let folder = self.out.join(self.name());
        fs::create_dir_all(&folder)?;
        copy(&self.binary, &folder.join("architrave"), 0o755)?;
        self.man_page(&folder)?;
        let root = tree::root();
        for file in ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"] {
            copy(&root.join(file), &folder.join(file), 0o644)?;
        }
        copy(
            &root.join("packaging/architrave.service"),
            &folder.join("architrave.service"),
            0o644,
        )?;
        copy(&root.join("packaging/gateway.yaml"), &folder.join("gateway.yaml"), 0o644)?;
        let tarball = self.out.join(format!("{}.tar.gz", self.name()));
        let mut tar = Command::new("tar");
        tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--gzip"]);
        tar.arg("--create").arg("--file").arg(&tarball).arg("--directory").arg(&self.out);
        shell::run(tar.arg(self.name()))?;
        Ok(tarball)
    }
}

/// Copies a file, makes the folders above it, and sets its mode.
fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("copying {}", from.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}
