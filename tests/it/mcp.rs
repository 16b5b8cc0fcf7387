//! The gateway in front of MCP servers, asked with raw sockets.

mod front;
mod merged;
mod oauth;
mod relay;
mod session;
mod speaking;
mod stdio;

pub(crate) use speaking::in_front;
