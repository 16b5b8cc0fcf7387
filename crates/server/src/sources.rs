//! Where a configuration comes from: the gateway file, the objects of the database under it, and the
//! environment and the files that `${env:…}` and `${file:…}` in the file ask for.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use architrave_config::object::{Held, ObjectFault, Objects, Origin, objects_of};
use architrave_config::ports::{ReloadError, StageError};
use architrave_config::{
    ApiReader, ConfigError, Keys, ProviderKinds, Snapshot, Sources, WholeFault,
};
use architrave_llm::catalog::Catalog;

use crate::exposed::{self, Exposed, TextFile};
use crate::kinds::{CatalogKinds, DESCRIPTIONS};

/// A file that is substituted into a value is a secret or a name, never a document.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// Descriptions of APIs are documents: as long as whoever reads them takes.
const DESCRIPTION_BYTES_MAX: u64 = 16 << 20;

/// What stands for a file where there is a database and no file: where the database is managed.
const NO_FILE: &str = "version: 1\nadmin: { address: \"127.0.0.1:9080\" }\n";

/// The gateway file, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct GatewayText {
    /// Its path; `None` where there is none.
    pub path: Option<PathBuf>,
    /// What it says.
    pub text: Arc<str>,
}

impl GatewayText {
    /// Reads a file, or what stands for one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, ReloadError> {
        let Some(path) = path else { return Ok(Self { path: None, text: NO_FILE.into() }) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ReloadError::NotPossible(format!("{}: {error}", path.display())))?;
        Ok(Self { path: Some(path.to_owned()), text: text.into() })
    }

    /// What it is called in errors.
    fn name(&self) -> String {
        self.path.as_deref().unwrap_or(Path::new("built-in file")).to_string_lossy().into_owned()
    }

    /// Where the root key comes from.
    ///
    /// # Errors
    /// When it does not say so properly.
    pub(crate) fn keys(&self, catalog: &Arc<Catalog>) -> Result<Keys, ReloadError> {
        let sources = SystemSources::new(catalog);
        architrave_config::keys_of(&self.text, &self.name(), &sources).map_err(ReloadError::Invalid)
    }

    /// The objects that it holds, as written.
    pub(crate) fn objects(&self) -> Vec<Held> {
        let Some(path) = &self.path else { return Vec::new() };
        let objects = objects_of(&self.text, &self.name(), None);
        // It was read to a snapshot before.
        let objects = objects.unwrap_or_default().into_iter();
        objects.map(|object| Held { object, origin: Origin::File(path.clone()) }).collect()
    }
}

/// A configuration that was read whole.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What it says.
    pub snapshot: Snapshot,
    /// Files with its secrets that everybody can read.
    pub exposed: Vec<Exposed>,
}

/// Why a configuration was not read or put together.
#[derive(Clone, Debug)]
pub(crate) enum LoadError {
    /// It is faulty; never an empty list.
    Faults(Vec<WholeFault>),
    /// It cannot be carried out.
    NotPossible(String),
}

impl From<LoadError> for ReloadError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Faults(faults) => {
                Self::Invalid(faults.into_iter().map(|fault| fault.error).collect())
            }
            LoadError::NotPossible(why) => Self::NotPossible(why),
        }
    }
}

impl From<LoadError> for StageError {
    fn from(error: LoadError) -> Self {
        let faults = match error {
            LoadError::Faults(faults) => faults,
            LoadError::NotPossible(why) => return Self::NotPossible(why),
        };
        let of_objects: Vec<ObjectFault> =
            faults.iter().filter_map(|fault| fault.object.clone()).collect();
        if of_objects.is_empty() {
            let first = faults.first().map(|fault| fault.error.to_string());
            return Self::NotPossible(first.unwrap_or_default());
        }
        Self::Invalid(of_objects)
    }
}

impl From<ReloadError> for LoadError {
    fn from(error: ReloadError) -> Self {
        match error {
            ReloadError::Invalid(errors) => Self::Faults(outside_of_objects(errors)),
            ReloadError::NotPossible(why) => Self::NotPossible(why),
        }
    }
}

fn outside_of_objects(errors: Vec<ConfigError>) -> Vec<WholeFault> {
    errors.into_iter().map(|error| WholeFault { error, object: None }).collect()
}

/// Reads a gateway file, with all that it asks for, and the objects of a database under it, where
/// there is one; kinds of providers are those of `catalog`.
///
/// # Errors
/// Every fault.
pub(crate) fn load(
    file: &GatewayText,
    objects: Option<&Objects>,
    catalog: &Arc<Catalog>,
) -> Result<Loaded, LoadError> {
    let name = file.name();
    let sources = SystemSources::new(catalog);
    let loaded = match objects {
        None => architrave_config::load(&file.text, &name, &sources).map_err(outside_of_objects),
        Some(objects) => {
            let objects = objects.iter().map(|held| &held.object);
            architrave_config::load_whole(&file.text, &name, objects, &sources)
        }
    };
    let snapshot = loaded.map_err(LoadError::Faults)?;
    let path = file.path.clone().unwrap_or_default();
    let file = TextFile { path, text: Arc::clone(&file.text) };
    let exposed = exposed::find(&snapshot, &file, &sources.read.into_inner());
    Ok(Loaded { snapshot, exposed })
}

/// The environment and the disk of this process, and the catalogue.
pub(crate) struct SystemSources {
    /// The files that were asked for.
    read: RefCell<Vec<TextFile>>,
    kinds: CatalogKinds,
}

impl SystemSources {
    /// With the kinds of a catalogue.
    pub(crate) fn new(catalog: &Arc<Catalog>) -> Self {
        Self { read: RefCell::default(), kinds: CatalogKinds(Arc::clone(catalog)) }
    }
}

impl Sources for SystemSources {
    #[expect(clippy::disallowed_methods, reason = "server is the one that reads the environment")]
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let length = std::fs::metadata(path).map_err(|error| error.kind().to_string())?.len();
        if length > FILE_BYTES_MAX {
            return Err(format!("larger than {FILE_BYTES_MAX} bytes"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.kind().to_string())?;
        self.read
            .borrow_mut()
            .push(TextFile { path: PathBuf::from(path), text: text.as_str().into() });
        Ok(text)
    }

    fn description(&self, path: &str) -> Result<String, String> {
        let length = std::fs::metadata(path).map_err(|error| error.kind().to_string())?.len();
        if length > DESCRIPTION_BYTES_MAX {
            return Err(format!("larger than {DESCRIPTION_BYTES_MAX} bytes"));
        }
        std::fs::read_to_string(path).map_err(|error| error.kind().to_string())
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        &self.kinds
    }

    fn api_reader(&self) -> &dyn ApiReader {
        &*DESCRIPTIONS
    }
}
