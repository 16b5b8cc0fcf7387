//! Hands any bytes to [`architrave_fuzz::net::path`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::net::path(bytes));
