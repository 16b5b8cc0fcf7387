//! Floor 2: the Model Context Protocol: bytes in, bytes out; no sockets, no clock.
//!
//! # What is here
//!
//! - [`message`]: a message read once, strictly, and kept as its bytes; edits spliced into them.
//! - [`revision`] and [`method`]: what each revision has, and the two eras.
//! - [`arrival`]: of which era a request is, and whether header and body agree; [`header`] has how
//!   texts stand there, and [`probe`] how a server tells its era.
//! - [`refusal`]: every refusal of ours with its status and code.
//! - [`name`], [`uri`], [`tag`] and [`marks`]: names, URIs, ids and places of several servers as
//!   those of one, and back.
//! - [`list`]: lists of several servers as one, entry by entry; [`content`] finds the URIs in what
//!   servers say, [`mirrored`] the arguments that headers say again.
//! - [`definition`]: what a tool says of itself as one hash, of JSON in one spelling ([`canonical`]).
//! - [`session`]: sessions, and calls that wait for their client, in texts that clients keep for us
//!   sealed ([`seal`]).
//! - [`between`]: what the eras say, each in the other's words.
//! - [`stream`]: a server's events, and a client's stream of those of several servers.
//! - [`place`]: where messages of the oldest transport go.
//! - [`page`]: the pages of the docs that are written from all that.

pub mod argument;
pub mod arrival;
pub mod between;
pub mod canonical;
pub mod content;
pub mod definition;
pub mod header;
pub mod list;
pub mod marks;
pub mod message;
pub mod method;
pub mod mirrored;
pub mod name;
pub mod page;
pub mod place;
pub mod probe;
pub mod refusal;
pub mod revision;
pub mod seal;
pub mod session;
pub mod stream;
pub mod tag;
pub mod uri;
