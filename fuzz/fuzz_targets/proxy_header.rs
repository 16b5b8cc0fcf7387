//! Hands any bytes to [`architrave_fuzz::preamble::proxy_header`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::preamble::proxy_header(bytes));
