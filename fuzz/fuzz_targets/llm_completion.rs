//! Hands any bytes to [`architrave_fuzz::llm_beside::llm_completion`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::llm_beside::llm_completion(bytes));
