//! What the fuzz targets call: one function for each, which panics when what it claims is not so.
//!
//! The tests of the crate that is fuzzed include the same functions and replay `corpus/` through
//! them, so a finding that was kept as a seed is a regression test.

pub mod config;
pub mod guardrail;
pub mod llm;
pub mod llm_beside;
pub mod llm_talk;
pub mod llm_text;
pub mod mcp;
pub mod net;
pub mod preamble;
