//! The programs that are measured, and the work that each is set up for.
//!
//! Same features on all sides: keep-alive to the origin, X-Forwarded-For added, no access log.

pub(crate) mod architrave;
mod envoy;
mod haproxy;
mod litellm;
mod nginx;
mod portkey;
mod python;
mod smg;

pub(crate) use architrave::API_KEY;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::llm::LlmWork;
use crate::tree;

/// A program that can stand in front of the origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Ours.
    Architrave,
    /// nginx from Debian.
    Nginx,
    /// HAProxy from Debian.
    Haproxy,
    /// Envoy 1.40 from its Python wheel.
    Envoy,
    /// LiteLLM's proxy from PyPI.
    Litellm,
    /// Portkey's gateway from npm.
    Portkey,
    /// SMG from PyPI.
    Smg,
}

/// What a program is set up to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// One HTTP/1.1 listener, one route, one upstream.
    Http,
    /// The same with an API key checked and a rate limit counted (ours only).
    Policies,
    /// So many applications with a key, a plan and its limit, from a file (ours only).
    Plans(usize),
    /// The same from a database, with what is used kept (ours only).
    Stored(usize),
    /// HTTP/2 without TLS in, HTTP/1.1 out.
    Http2,
    /// As `Http`, with buffers made large for large replies (nginx only).
    BigBuffers,
    /// Bytes passed on without looking at them.
    Tcp,
    /// As `Tcp`, through pipes of 1 MiB, as ours are (HAProxy only).
    BigPipes,
    /// So many routes (ours only).
    Routes(usize),
    /// Chat with a model; nginx passes it on as it is.
    Llm(LlmWork),
}

/// Everything a program's configuration depends on.
pub(crate) struct Setup {
    /// A folder of its own for configuration and scratch files.
    pub(crate) folder: PathBuf,
    /// The port to listen on, on 127.0.0.1.
    pub(crate) port: u16,
    /// The origin's port on 127.0.0.1.
    pub(crate) origin: u16,
    /// What to do.
    pub(crate) work: Work,
    /// Worker threads or processes.
    pub(crate) workers: u32,
}

impl Peer {
    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Architrave => "architrave",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Envoy => "envoy",
            Self::Litellm => "litellm",
            Self::Portkey => "portkey",
            Self::Smg => "smg",
        }
    }

    /// Makes sure that the program is there; installs a peer that is missing.
    ///
    /// # Errors
    /// When it is not there and cannot be installed or built.
    pub(crate) fn install(self) -> Result<()> {
        match self {
            Self::Architrave => architrave::build(),
            Self::Nginx => nginx::install(),
            Self::Haproxy => haproxy::install(),
            Self::Envoy => envoy::install(),
            Self::Litellm => litellm::install(),
            Self::Portkey => portkey::install(),
            Self::Smg => smg::install(),
        }
    }

    /// The version it gives itself.
    pub(crate) fn version(self) -> Result<String> {
        match self {
            Self::Architrave => architrave::version(),
            Self::Nginx => nginx::version(),
            Self::Haproxy => haproxy::version(),
            Self::Envoy => envoy::version(),
            Self::Litellm => litellm::version(),
            Self::Portkey => portkey::version(),
            Self::Smg => smg::version(),
        }
    }

    /// Writes the configuration and returns the command that starts it.
    ///
    /// # Errors
    /// When the configuration cannot be written or the work is not one that it is measured at.
    pub(crate) fn command(self, setup: &Setup) -> Result<Command> {
        match self {
            Self::Architrave => architrave::command(setup),
            Self::Nginx => nginx::command(setup),
            Self::Haproxy => haproxy::command(setup),
            Self::Envoy => envoy::command(setup),
            Self::Litellm => litellm::command(setup),
            Self::Portkey => portkey::command(setup),
            Self::Smg => smg::command(setup),
        }
    }
    /// The fields that a client of it sends along with a chat; the origin is at the port `origin`.
    pub(crate) fn chat_fields(self, origin: u16) -> Vec<(&'static str, String)> {
        match self {
            Self::Portkey => portkey::fields(origin),
            Self::Smg => smg::fields(),
            _ => vec![("authorization", format!("Bearer {API_KEY}"))],
        }
    }
}

/// Where the versions of the gateways of models are written down.
fn pinned() -> PathBuf {
    tree::root().join("bench/peers")
}
