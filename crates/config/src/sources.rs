//! What loading asks of the world outside of the text: the texts for `${env:…}` and `${file:…}`,
//! the kinds of provider there are, and who can read descriptions of APIs. A port that whoever loads provides, so that this crate
//! itself reads neither the environment nor the disk, and knows no catalogue.

use crate::provider::{NoKinds, ProviderKinds};
use crate::service::{ApiReader, NoApiReader};

/// What loading may ask for.
pub trait Sources {
    /// The value of an environment variable; `None` when it is not set (or is not text).
    fn env(&self, name: &str) -> Option<String>;

    /// The text of a file, by a path relative to the working directory. One trailing line break
    /// is taken away by the caller.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words, without the path.
    fn file(&self, path: &str) -> Result<String, String>;

    /// The catalogue of providers; by default an empty one.
    fn provider_kinds(&self) -> &dyn ProviderKinds {
        &NoKinds
    }

    /// The text of a description of an API, by a path relative to the working directory.
    ///
    /// # Errors
    /// Why it cannot be read, in a few words, without the path.
    fn description(&self, path: &str) -> Result<String, String> {
        self.file(path)
    }

    /// Who can read descriptions of APIs; by default nobody.
    fn api_reader(&self) -> &dyn ApiReader {
        &NoApiReader
    }
}

/// No environment, no files and no catalogue: every substitution without a default is an error,
/// and so is every kind of provider but `openai_compatible` and `mock`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn env(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> Result<String, String> {
        Err(String::from("no files are available here"))
    }
}
