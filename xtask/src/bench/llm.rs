//! Benches of models: what a chat costs through the gateway, whole and streamed, beside nginx
//! passing the same bytes on, and beside other gateways of models.
//!
//! The origin demands that a gateway renames the model and shows the provider's credential; nginx
//! does neither, and is the yardstick all the same: it is what moving the bytes costs.

mod first;
mod gap;
mod memory;
mod paced;
mod peers;
pub(crate) mod scripts;

use anyhow::{Result, bail};

use super::Options;
use super::cost::{Bound, CostBench, Unit};
use super::load::Load;
use super::peer::{Peer, Work};
use super::stand::Candidate;
use scripts::Script;

pub(crate) use gap::run_load as run_gap_load;

/// What the gateway is set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LlmWork {
    /// A key is checked, the model renamed, the credential shown.
    Chat,
    /// The same with limits, budgets and a price.
    Governed,
}

/// The demands of the origin of models; see [`super::stand::Stand::start`].
const ORIGIN: &[&str] = &["llm"];

/// The benches of this file.
pub(crate) const NAMES: &[&str] = &[
    "llm",
    "llm-burst",
    "llm-paced",
    "llm-prompt",
    "llm-latency",
    "llm-gap",
    "llm-memory",
    "llm-peers",
];

/// The bench of this name, when it is one of CPU per request.
pub(crate) fn of_cost(name: &str) -> Result<Option<CostBench>> {
    Ok(Some(match name {
        "llm" => chat()?,
        "llm-burst" => burst()?,
        "llm-prompt" => prompt()?,
        _ => return Ok(None),
    }))
}

/// Runs one of the others.
pub(crate) fn run(name: &str, options: &Options) -> Result<()> {
    match name {
        "llm-paced" => paced::run(options),
        "llm-latency" => super::latency::run_llm(options),
        "llm-gap" => gap::run(options),
        "llm-memory" => memory::run(options),
        "llm-peers" => peers::run(options),
        _ => bail!("no bench {name}"),
    }
}

/// A candidate alone on its core, under the load of a script.
pub(crate) fn candidate(
    peer: Peer,
    work: LlmWork,
    script: Script,
    connections: u32,
) -> Result<Candidate> {
    let script = Some(script.written()?);
    let load = Load::Wrk { connections, fields: Vec::new(), script };
    Ok(Candidate::alone(peer, Work::Llm(work), load))
}

/// A whole answer: in OpenAI's dialect, with everything on, and from Anthropic's dialect.
fn chat() -> Result<CostBench> {
    let bound = |of, limit| Bound { of, to: "nginx", limit };
    Ok(CostBench {
        name: "llm",
        title: "chat completion, not streamed, small body, 64 connections; nginx passes it on as it is",
        demands: ORIGIN,
        unit: Unit::Request,
        candidates: vec![
            candidate(Peer::Architrave, LlmWork::Chat, Script::Chat, 64)?,
            candidate(Peer::Architrave, LlmWork::Governed, Script::Chat, 64)?
                .named("architrave, limits and budgets"),
            candidate(Peer::Architrave, LlmWork::Chat, Script::Messages, 64)?
                .named("architrave, Anthropic in"),
            candidate(Peer::Nginx, LlmWork::Chat, Script::Plain, 64)?,
        ],
        unit_of: "nginx",
        bounds: vec![
            bound("architrave", 1.8),
            bound("architrave, limits and budgets", 2.4),
            bound("architrave, Anthropic in", 3.5),
        ],
    })
}

/// A stream whose chunks come at once.
fn burst() -> Result<CostBench> {
    Ok(CostBench {
        name: "llm-burst",
        title: "streamed chat completion of 200 chunks sent at once, 64 connections; nginx with buffering off",
        demands: ORIGIN,
        unit: Unit::Request,
        candidates: vec![
            candidate(Peer::Architrave, LlmWork::Chat, Script::Burst, 64)?,
            candidate(Peer::Architrave, LlmWork::Chat, Script::MessagesBurst, 64)?
                .named("architrave, Anthropic in"),
            candidate(Peer::Nginx, LlmWork::Chat, Script::PlainBurst, 64)?,
        ],
        unit_of: "nginx",
        bounds: vec![Bound { of: "architrave", to: "nginx", limit: 1.5 }],
    })
}

/// A prompt of 100 KiB beside a small one.
fn prompt() -> Result<CostBench> {
    Ok(CostBench {
        name: "llm-prompt",
        title: "chat completion with a prompt of 100 KiB beside a small one, 16 connections",
        demands: ORIGIN,
        unit: Unit::Request,
        candidates: vec![
            candidate(Peer::Architrave, LlmWork::Chat, Script::Chat, 16)?,
            candidate(Peer::Architrave, LlmWork::Chat, Script::LongPrompt, 16)?
                .named("architrave, 100 KiB"),
        ],
        unit_of: "architrave",
        bounds: vec![Bound { of: "architrave, 100 KiB", to: "architrave", limit: 3.0 }],
    })
}
