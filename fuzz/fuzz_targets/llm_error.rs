//! Hands any bytes to [`architrave_fuzz::llm::llm_error`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::llm::llm_error(bytes));
