//! Hands any bytes to [`architrave_fuzz::net::response_head`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::net::response_head(bytes));
