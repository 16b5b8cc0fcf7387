//! The gateway in front of MCP servers, asked with raw sockets.

mod access;
mod front;
mod merged;
mod oauth;
mod plain;
mod relay;
mod replicas;
mod session;
mod speaking;
mod stdio;
mod streams;

pub(crate) use speaking::in_front;
