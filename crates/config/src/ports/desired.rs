//! What the control side may ask of the objects in force, and how it puts others in their place:
//! staged first, so that what can fail has not happened yet when it is written down.

use std::path::PathBuf;
use std::sync::Arc;

use super::Answer;
use crate::object::{ObjectChange, ObjectFault, ObjectKind, Objects};
use crate::{ApiDescription, ApiUse, Snapshot};

/// The objects that are wanted and in force.
pub trait DesiredPort: Send + Sync {
    /// Every object in force, those of the file too. Cheap.
    fn objects(&self) -> Arc<Objects>;

    /// Reads a description of an API as the configuration will, so that whoever stages it then
    /// finds it read, as long as what is given back is held. `None` where it cannot be read.
    fn read_ahead(
        &self,
        description: Arc<str>,
        wanted: ApiUse,
    ) -> Answer<'_, Option<Arc<dyn ApiDescription>>>;

    /// Validates the whole configuration as it would be with `changes`, and prepares what can fail.
    /// Nobody else can change it until the [`Staged`] is dropped or live. It is not in force yet.
    fn stage(&self, changes: Vec<ObjectChange>) -> Answer<'_, Result<Box<dyn Staged>, StageError>>;
}

/// A configuration that is ready to be put in force. Dropped, nothing has happened.
pub trait Staged: Send {
    /// The whole as it will be.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Puts it in force. Resolves when it is live on every worker.
    fn go_live(self: Box<Self>) -> Answer<'static, ()>;
}

/// Why a change was not staged. Everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// The whole would be faulty; never an empty list. Faults may be in other objects than those
    /// that were to change, such as a service whose upstream was to go.
    #[error("{}", summary(.0))]
    Invalid(Vec<ObjectFault>),
    /// The object is one of a file.
    #[error("the {kind} `{name}` is one of the file {}, where alone it can be changed", .file.display())]
    ReadOnly {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
        /// The file.
        file: PathBuf,
    },
    /// It is valid and cannot be carried out: an address is taken, a certificate cannot be read.
    #[error("{0}")]
    NotPossible(String),
}

fn summary(faults: &[ObjectFault]) -> String {
    match faults {
        [] => "the configuration would be faulty".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
