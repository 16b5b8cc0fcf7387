//! Hands any bytes to [`architrave_fuzz::mcp::mcp_message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::mcp::mcp_message(bytes));
