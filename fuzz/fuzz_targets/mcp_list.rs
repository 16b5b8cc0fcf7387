//! Hands any bytes to [`architrave_fuzz::mcp::mcp_list`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| architrave_fuzz::mcp::mcp_list(bytes));
