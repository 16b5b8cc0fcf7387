//! Tests of the crate as a whole: golden files, substitution, and hostile texts.

mod golden;
