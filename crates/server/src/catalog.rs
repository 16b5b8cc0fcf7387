//! The catalogue of providers and models as this machine has it: the built-in one, and over it the
//! rows that `architrave catalog update` has written.
#![expect(clippy::print_stderr, reason = "telling the person at the terminal is what it does")]

mod list;
mod page;
mod table;

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use architrave_config::ports::ReloadError;
use architrave_llm::catalog::{Catalog, CatalogError, Changes, Counts, PriceMap};

use crate::text;

pub(crate) use list::{Form, ListOptions, list};

/// The data folder when nobody names one.
pub(crate) const DATA: &str = "architrave-data";

/// The file's name in the data folder.
pub(crate) const FILE_NAME: &str = "catalog.txt";

/// No list of models is as large; what is larger is another file, named by mistake.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Where the rows are that go over the built-in ones.
#[derive(Clone, Debug)]
pub(crate) struct CatalogPlace {
    path: PathBuf,
    /// Whether somebody named it, so that it must be there.
    is_named: bool,
}

impl CatalogPlace {
    /// The named file, or the one in the data folder, which may be missing.
    pub(crate) fn new(named: Option<PathBuf>, data: Option<&Path>) -> Self {
        let is_named = named.is_some();
        let in_folder = || data.unwrap_or(Path::new(DATA)).join(FILE_NAME);
        Self { path: named.unwrap_or_else(in_folder), is_named }
    }

    /// The file.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The catalogue that is in use, and the file that it is read from again with every reload.
#[derive(Debug)]
pub(crate) struct CatalogFile {
    place: CatalogPlace,
    held: Mutex<Arc<Catalog>>,
}

impl CatalogFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it cannot be read, or with everything that is wrong in it.
    pub(crate) fn open(place: CatalogPlace) -> Result<Self, ReloadError> {
        let file = Self { place, held: Mutex::default() };
        file.read()?;
        Ok(file)
    }

    /// The catalogue as it was last read.
    pub(crate) fn held(&self) -> Arc<Catalog> {
        Arc::clone(&self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads it again; the very same catalogue where it says the same.
    ///
    /// # Errors
    /// As [`Self::open`]; the one that is held stays.
    pub(crate) fn read(&self) -> Result<Arc<Catalog>, ReloadError> {
        let CatalogPlace { path, is_named } = &self.place;
        let fresh = load(path, *is_named);
        let refusal = |fault: Fault| ReloadError::NotPossible(fault.lines(path).join("\n"));
        let fresh = fresh.map_err(refusal)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if **held != fresh {
            *held = Arc::new(fresh);
        }
        Ok(Arc::clone(&held))
    }
}

/// How the catalogue is to be updated.
#[derive(Clone, Debug)]
pub(crate) struct UpdateOptions {
    /// Files of rows and price lists; of two rows with one name that of the later file counts.
    pub files: Vec<PathBuf>,
    /// Where the rows go.
    pub output: PathBuf,
    /// Whether nothing is written.
    pub is_dry_run: bool,
}

/// Why a file is no catalogue.
#[derive(Debug)]
enum Fault {
    /// It cannot be read.
    Unreadable(std::io::Error),
    /// It is not right.
    Rows(Vec<CatalogError>),
}

impl Fault {
    /// It in words, one fault a line.
    fn lines(&self, file: &Path) -> Vec<String> {
        let file = file.display();
        match self {
            Self::Unreadable(error) => vec![format!("{file}: {error}")],
            Self::Rows(errors) => errors.iter().map(|error| format!("{file}: {error}")).collect(),
        }
    }
}

/// The catalogue with the rows of `file`, or the built-in one where there is no such file, and need
/// not be.
///
/// # Errors
/// When the file cannot be read, or with everything that is wrong in it.
fn load(file: &Path, is_needed: bool) -> Result<Catalog, Fault> {
    match read(file) {
        Ok(text) => with(&Catalog::embedded(), &text),
        Err(error) if error.kind() == ErrorKind::NotFound && !is_needed => Ok(Catalog::embedded()),
        Err(error) => Err(Fault::Unreadable(error)),
    }
}

/// Exits 0 and says in numbers what has changed, or 1 with everything that is wrong.
pub(crate) fn update(options: &UpdateOptions) -> ExitCode {
    let mut catalog = Catalog::embedded();
    let mut said = String::new();
    for file in &options.files {
        let taken = read(file).map_err(Fault::Unreadable);
        match taken.and_then(|text| over(&catalog, file, &text, &mut said)) {
            Ok(merged) => catalog = merged,
            Err(fault) => {
                tell(&fault, file);
                return ExitCode::FAILURE;
            }
        }
    }
    let earlier = load(&options.output, false).unwrap_or_else(|fault| {
        tell(&fault, &options.output);
        eprintln!("warning: what has changed is told against the built-in catalogue");
        Catalog::embedded()
    });
    say(&catalog.changes_since(&earlier), &mut said);
    if options.is_dry_run {
        let _ = writeln!(said, "dry run: {} is as it was", options.output.display());
        return text::print(&said);
    }
    match write(&options.output, &catalog) {
        Ok(()) => {
            let _ = writeln!(said, "written to {}{}", options.output.display(), taken_by(options));
            text::print(&said)
        }
        Err(error) => {
            eprintln!("error: {}: {error}", options.output.display());
            ExitCode::FAILURE
        }
    }
}

/// Which gateways take it from there.
fn taken_by(options: &UpdateOptions) -> String {
    let is_in_folder = options.output.file_name().is_some_and(|name| name == FILE_NAME);
    let folder = options.output.parent().filter(|_| is_in_folder);
    match folder {
        Some(folder) if folder == Path::new(DATA) => ", for `architrave run`".to_owned(),
        Some(folder) if folder.as_os_str().is_empty() => String::new(),
        Some(folder) => format!(", for `architrave run --data {}`", folder.display()),
        None => format!(", for `architrave run --catalog {}`", options.output.display()),
    }
}

/// The catalogue with what a file says, rows or a price list.
fn over(catalog: &Catalog, file: &Path, text: &str, said: &mut String) -> Result<Catalog, Fault> {
    if !PriceMap::is_one(text) {
        return with(catalog, text);
    }
    let list = PriceMap::read(text, |name| catalog.provider(name).is_some());
    let list = list.map_err(Fault::Rows)?;
    let _ = writeln!(
        said,
        "{}: {} models; passed over, of other providers or kinds: {}",
        file.display(),
        list.taken,
        list.skipped
    );
    with(catalog, &list.rows)
}

fn with(catalog: &Catalog, rows: &str) -> Result<Catalog, Fault> {
    catalog.merge(rows).map_err(Fault::Rows)
}

fn read(file: &Path) -> std::io::Result<String> {
    if std::fs::metadata(file)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("larger than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read_to_string(file)
}

/// Writes the whole file or nothing: a gateway may read it at this moment.
fn write(file: &Path, catalog: &Catalog) -> std::io::Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let name = file.file_name().ok_or(ErrorKind::InvalidInput)?.to_string_lossy();
    let fresh = folder.join(format!(".{name}.{}", std::process::id()));
    let head = concat!(
        "# Providers and models, written by `architrave catalog update` of version ",
        env!("CARGO_PKG_VERSION"),
        ".\n"
    );
    let written = std::fs::File::create(&fresh).and_then(|mut out| {
        out.write_all(head.as_bytes())?;
        out.write_all(catalog.to_text().as_bytes())?;
        out.sync_all()
    });
    written.and_then(|()| std::fs::rename(&fresh, file)).inspect_err(|_| {
        // It may not be there at all; the first error is the one to tell.
        let _removed = std::fs::remove_file(&fresh);
    })
}

fn say(changes: &Changes, said: &mut String) {
    for (what, counts) in [("providers", changes.providers), ("models", changes.models)] {
        let Counts { new, changed, removed, same } = counts;
        let _ = writeln!(
            said,
            "{what}: {new} new, {changed} changed, {removed} removed, {same} as before"
        );
    }
}

/// Tells what is wrong with a file, one a line.
fn tell(fault: &Fault, file: &Path) {
    let lines = fault.lines(file);
    match fault {
        Fault::Unreadable(_) => lines.iter().for_each(|line| eprintln!("error: {line}")),
        Fault::Rows(errors) => {
            lines.iter().for_each(|line| eprintln!("{line}"));
            let plural = if errors.len() == 1 { "" } else { "s" };
            eprintln!("error: {} is not valid: {} error{plural}", file.display(), errors.len());
        }
    }
}
