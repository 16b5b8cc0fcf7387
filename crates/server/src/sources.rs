//! Where a configuration comes from: the gateway file, and the environment and the files that
//! `${env:…}` and `${file:…}` in it ask for.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use architrave_config::ports::ReloadError;
use architrave_config::{ProviderKinds, Snapshot, Sources};
use architrave_llm::catalog::Catalog;

use crate::exposed::{self, Exposed, TextFile};
use crate::kinds::CatalogKinds;

/// A file that is substituted into a value is a secret or a name, never a document.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A configuration that was read whole.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What it says.
    pub snapshot: Snapshot,
    /// Files with its secrets that everybody can read.
    pub exposed: Vec<Exposed>,
}

/// Reads the gateway file, with all that it asks for; kinds of providers are those of `catalog`.
///
/// # Errors
/// When it cannot be read, or with every fault in it.
pub(crate) fn load(file: &Path, catalog: &Arc<Catalog>) -> Result<Loaded, ReloadError> {
    let name = file.to_string_lossy();
    let text = std::fs::read_to_string(file)
        .map_err(|error| ReloadError::NotPossible(format!("{name}: {error}")))?;
    let kinds = CatalogKinds(Arc::clone(catalog));
    let sources = SystemSources { read: RefCell::default(), kinds };
    let loaded = architrave_config::load(&text, &name, &sources);
    let snapshot = loaded.map_err(ReloadError::Invalid)?;
    let file = TextFile { path: file.to_owned(), text };
    let exposed = exposed::find(&snapshot, &file, &sources.read.into_inner());
    Ok(Loaded { snapshot, exposed })
}

/// The environment and the disk of this process, and the catalogue.
struct SystemSources {
    /// The files that were asked for.
    read: RefCell<Vec<TextFile>>,
    kinds: CatalogKinds,
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
        self.read.borrow_mut().push(TextFile { path: PathBuf::from(path), text: text.clone() });
        Ok(text)
    }

    fn provider_kinds(&self) -> &dyn ProviderKinds {
        &self.kinds
    }
}
