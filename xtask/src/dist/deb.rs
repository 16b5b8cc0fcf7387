//! The Debian package, made by dpkg-deb from a folder that looks like the installed system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Release, copy};
use crate::{say, shell, tree};

/// Makes the package and returns its path.
pub(super) fn pack(release: &Release) -> Result<PathBuf> {
    let root = tree::root().join("packaging");
    let folder = release.out.join("deb");
    copy(&release.binary, &folder.join("usr/bin/architrave"), 0o755)?;
    copy(&root.join("gateway.yaml"), &folder.join("etc/architrave/gateway.yaml"), 0o640)?;
    let unit = folder.join("usr/lib/systemd/system/architrave.service");
    copy(&root.join("architrave.service"), &unit, 0o644)?;
    let man = folder.join("usr/share/man/man1");
    release.man_page(&man)?;
    let doc = folder.join("usr/share/doc/architrave");
    copy(&tree::root().join("CHANGELOG.md"), &doc.join("changelog"), 0o644)?;
    shell::run(Command::new("gzip").args(["--best", "--no-name"]).arg(doc.join("changelog")))?;
    copy(&tree::root().join("LICENSE"), &doc.join("copyright"), 0o644)?;

    let control = tree::read(&root.join("debian/control"))?
        .replace("@VERSION@", &release.version)
        .replace("@KIB@", &(fs::metadata(&release.binary)?.len() / 1024 + 64).to_string())
        .replace("@DEPENDS@", &depends(&release.binary)?);
    tree::write(&folder.join("DEBIAN/control"), &control)?;
    copy(&root.join("debian/conffiles"), &folder.join("DEBIAN/conffiles"), 0o644)?;
    for script in ["postinst", "prerm", "postrm"] {
        let source = root.join("debian").join(script);
        shell::run(Command::new("sh").arg("-n").arg(&source))?;
        copy(&source, &folder.join("DEBIAN").join(script), 0o755)?;
    }
    verify_unit(&folder)?;

    let package = release.out.join(format!("architrave_{}_amd64.deb", release.version));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(["--root-owner-group", "--build"]).arg(&folder).arg(&package);
    shell::read(&mut dpkg)?;
    Ok(package)
}

/// The packages of the shared libraries that the binary needs, the C library with the lowest
/// version that has all its symbols.
fn depends(binary: &Path) -> Result<String> {
    let dynamic = shell::read(Command::new("readelf").arg("--dynamic").arg(binary))?;
    let mut depends = vec![format!("libc6 (>= {})", glibc(binary)?)];
    for line in dynamic.lines().filter(|line| line.contains("(NEEDED)")) {
        let library = line.split(['[', ']']).nth(1).context("a library without a name")?;
        match library {
            "libgcc_s.so.1" => depends.push("libgcc-s1".to_owned()),
            _ => ensure!(
                ["libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"].contains(&library),
                "the binary needs {library}, and the package does not say which package has it"
            ),
        }
    }
    Ok(depends.join(", "))
}

/// The newest version of the C library's symbols that the binary uses.
fn glibc(binary: &Path) -> Result<String> {
    let versions = shell::read(Command::new("readelf").arg("--version-info").arg(binary))?;
    let newest = versions
        .split("GLIBC_2.")
        .skip(1)
        .filter_map(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse::<u32>().ok()
        })
        .max();
    Ok(format!("2.{}", newest.context("the binary uses no C library")?))
}

/// How exposed systemd may find the service, of 100: what it calls "OK" ends at 20.
const EXPOSURE_MAX: u32 = 20;

/// Has systemd read the unit, whose programs are those of the package, and judge how hardened it is.
fn verify_unit(folder: &Path) -> Result<()> {
    let mut analyze = Command::new("systemd-analyze");
    analyze.arg("verify").arg("--man=no").arg("--recursive-errors=no");
    let unit = folder.join("usr/lib/systemd/system/architrave.service");
    let text = tree::read(&unit)?;
    let here = folder.join("usr/bin/architrave");
    let checked = folder.with_file_name("architrave.service");
    tree::write(&checked, &text.replace("/usr/bin/architrave", &here.to_string_lossy()))?;
    let said = shell::read(analyze.arg(&checked))?;
    let complaints: Vec<&str> =
        said.lines().filter(|line| line.contains("architrave.service")).collect();
    ensure!(complaints.is_empty(), "systemd complains:\n{}", complaints.join("\n"));
    fs::remove_file(&checked)?;
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--no-pager", "--offline=yes"]);
    analyze.arg(format!("--threshold={EXPOSURE_MAX}")).arg(&unit);
    let judged = shell::read(&mut analyze).context("the unit is less hardened than it was")?;
    if let Some(verdict) = judged.lines().find(|line| line.contains("Overall exposure level")) {
        say::line(verdict.trim_start_matches(['→', ' ']));
    }
    Ok(())
}
