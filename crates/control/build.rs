//! Lists the pages that `cargo xtask console` has built, for `src/console.rs` to take into the
//! binary. It builds none itself: where there are none, the binary says how to get them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = folder(env::var_os("CARGO_MANIFEST_DIR"))?;
    let dist = here.join("../../console/dist");
    println!("cargo::rerun-if-changed=build.rs");
    // Where sources come without it there is nothing to watch, and nothing to take.
    if dist.exists() {
        println!("cargo::rerun-if-changed={}", dist.display());
    }
    let built = dist.join("pages");
    let is_wanted = env::var_os("CARGO_FEATURE_CONSOLE").is_some();
    let mut files = BTreeSet::new();
    if is_wanted && built.exists() {
        collect(&built, &mut files)?;
    }
    let out = folder(env::var_os("OUT_DIR"))?;
    let text = list(&built, &files, &out.join("console_pages"))?;
    fs::write(out.join("console_files.rs"), text)
}

fn folder(variable: Option<OsString>) -> io::Result<PathBuf> {
    variable.map(PathBuf::from).ok_or_else(|| io::Error::other("cargo has not set a folder"))
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.insert(fs::canonicalize(path)?);
        }
    }
    Ok(())
}

/// An expression: every file that is not the pressed form of another, with those of it. They are
/// taken in from `copies`, so that pages may be built anew while this is compiled.
fn list(built: &Path, files: &BTreeSet<PathBuf>, copies: &Path) -> io::Result<String> {
    if copies.exists() {
        fs::remove_dir_all(copies)?;
    }
    let built = match files.is_empty() {
        true => built.to_owned(),
        false => fs::canonicalize(built)?,
    };
    let mut copied = BTreeSet::new();
    for file in files {
        let copy = copies.join(file.strip_prefix(&built).map_err(io::Error::other)?);
        fs::create_dir_all(copy.parent().unwrap_or(copies))?;
        fs::copy(file, &copy)?;
        copied.insert(copy);
    }
    let files = copied;
    let mut text = String::from("&[\n");
    for file in &files {
        let pressed = |extension: &str| {
            let mut name = file.as_os_str().to_owned();
            name.push(extension);
            let path = PathBuf::from(name);
            let is_there = files.contains(&path);
            if is_there { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() }
        };
        let is_pressed = file.extension().is_some_and(|it| it == "br" || it == "gz");
        if is_pressed {
            continue;
        }
        let path = file.strip_prefix(copies).map_err(io::Error::other)?;
        let (brotli, gzip) = (pressed(".br"), pressed(".gz"));
        let _infallible = writeln!(
            text,
            "File {{ path: {path:?}, plain: include_bytes!({file:?}), brotli: {brotli}, gzip: {gzip} }},"
        );
    }
    text.push_str("]\n");
    Ok(text)
}
