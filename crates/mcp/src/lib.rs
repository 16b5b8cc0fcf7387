//! Floor 2: the Model Context Protocol: bytes in, bytes out; no sockets, no clock.
//!
//! # What is here
//!
//! - [`message`]: a message read once, strictly, and kept as its bytes; edits spliced into them.
//! - [`revision`] and [`method`]: what each revision has, and the two eras.
//! - [`arrival`]: of which era a request is, and whether header and body agree; [`header`] has how
//!   texts stand there, and [`probe`] how a server tells its era.
//! - [`refusal`]: every refusal of ours with its status and code.
//! - [`page`]: the pages of the docs that are written from all that.

pub mod arrival;
pub mod header;
pub mod message;
pub mod method;
pub mod page;
pub mod probe;
pub mod refusal;
pub mod revision;
