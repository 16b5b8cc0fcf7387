//! Hands any bytes to [`architrave_fuzz::llm_text::llm_scan`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::llm_text::llm_scan(bytes));
