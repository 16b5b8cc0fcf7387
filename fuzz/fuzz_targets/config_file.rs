//! Hands any bytes to [`architrave_fuzz::config::config_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::config::config_file(bytes));
