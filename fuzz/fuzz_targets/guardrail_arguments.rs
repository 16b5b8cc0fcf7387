//! Hands any bytes to [`architrave_fuzz::guardrail::guardrail_arguments`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::guardrail::guardrail_arguments(bytes));
