//! What the control side may ask of those who call by subscriptions: on what terms they may, who of
//! them a file names, and that what was written of them comes into force.

use std::sync::Arc;

use super::Answer;
use crate::Snapshot;

/// The applications that the running gateway knows, and what it offers them.
pub trait DirectoryPort: Send + Sync {
    /// The configuration in force, with its products and plans, and the applications of the file.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Takes what was written of applications since it was last looked. Resolves when every worker
    /// knows it; where the database does not answer, that is tried again without anybody asking.
    fn catch_up(&self) -> Answer<'_, ()>;
}
