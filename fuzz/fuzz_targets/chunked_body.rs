//! Hands any bytes to [`architrave_fuzz::net::chunked_body`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::net::chunked_body(bytes));
