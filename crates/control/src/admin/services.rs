//! The life of a service: its custom methods.

pub(crate) mod deprecate;
pub(crate) mod step;
