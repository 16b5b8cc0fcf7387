//! Where `${env:…}` and `${file:…}` of the gateway file come from: the real environment and disk.

use architrave_config::Sources;

/// A file that is substituted into a value is a secret or a name, never a document.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The environment and the disk of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemSources;

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
        std::fs::read_to_string(path).map_err(|error| error.kind().to_string())
    }
}
