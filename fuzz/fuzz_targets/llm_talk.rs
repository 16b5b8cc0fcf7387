//! Hands any bytes to [`architrave_fuzz::llm_talk::llm_talk`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::llm_talk::llm_talk(bytes));
