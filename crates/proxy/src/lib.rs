//! Floor 4: the data plane: the request path, put together from net, balance and policy.
//!
//! Read it in this order: `accept` → `serve` → `admit` (with `route`) → `dispatch` → `attempt` →
//! `respond` → `record`. It never sees the admin API and never waits for a database.

mod accept;
mod across;
mod admit;
pub mod assembly;
mod attempt;
mod backoff;
mod bodies;
mod body;
mod bridge;
mod connection;
mod dispatch;
mod entry;
mod exchange;
mod failure;
#[cfg(test)]
mod fault;
pub mod forwarded;
pub mod gateway;
mod identity;
pub mod keyring;
mod layer4;
mod mcp;
mod models;
pub mod offload;
mod operation;
pub mod persistence;
pub mod provider_test;
mod queue;
mod record;
mod redaction;
mod relayed;
mod respond;
pub mod route;
mod serve;
#[cfg(test)]
mod testing;
pub mod tried;
pub mod upkeep;
pub mod worker;

pub use assembly::{Assembly, AssemblyError, LiveListener, LiveUpstream, Parts};
pub use bridge::{FarError, FarServers};
pub use dispatch::llm::kept::{KeptFeed, KeptIds};
pub use dispatch::llm::talk::keys::TalkKeys;
pub use dispatch::llm::unpriced::UnpricedModels;
pub use gateway::Gateway;
pub use keyring::{Keyring, ROOT_KEY_BYTES};
pub use mcp::{LiveMcpService, McpSeals};
pub use worker::{Command, Guest, Seat, Socket};
