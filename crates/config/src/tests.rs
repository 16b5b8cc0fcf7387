//! Tests of the crate as a whole: golden files, substitution, hostile texts, layout and schema.

mod format;
mod golden;
mod hostile;
mod pages;
mod schema;
mod substitution;
mod whole;
mod world;
