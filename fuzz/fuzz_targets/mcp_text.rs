//! Hands any bytes to [`architrave_fuzz::mcp::mcp_text`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::mcp::mcp_text(bytes));
