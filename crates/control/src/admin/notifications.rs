//! What the caller is told of what others have done.

pub(crate) mod list;
pub(crate) mod read;
