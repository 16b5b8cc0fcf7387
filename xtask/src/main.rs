//! The kitchen of the workspace: `cargo xtask <dish>`.
fn main() {}
