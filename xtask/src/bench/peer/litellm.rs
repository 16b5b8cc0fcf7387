//! LiteLLM's proxy: one worker, no database, a master key that clients present.

use std::process::Command;

use anyhow::{Result, bail};

use super::{API_KEY, Setup, Work, python};
use crate::bench::llm_origin::{MODEL, PROVIDER_KEY, UPSTREAM_MODEL};
use crate::tree;

const NAME: &str = "litellm";

pub(super) fn install() -> Result<()> {
    python::install(NAME)
}

pub(super) fn version() -> Result<String> {
    Ok(format!("LiteLLM {}", python::version(NAME)?))
}

pub(super) fn command(setup: &Setup) -> Result<Command> {
    let Setup { folder, port, origin, work, workers } = setup;
    if !matches!(work, Work::Llm(_)) {
        bail!("LiteLLM is not measured at {work:?}");
    }
    let config = folder.join("config.yaml");
    tree::write(
        &config,
        &format!(
            "model_list: [{{ model_name: {MODEL}, litellm_params: {{ model: openai/{UPSTREAM_MODEL}, \
             api_base: \"http://127.0.0.1:{origin}/v1\", api_key: {PROVIDER_KEY} }} }}]\n\
             general_settings: {{ master_key: {API_KEY} }}\n\
             litellm_settings: {{ telemetry: false }}\n"
        ),
    )?;
    let mut command = python::program(NAME)?;
    command.arg("--config").arg(config).args(["--host", "127.0.0.1", "--telemetry", "False"]);
    command.args(["--port", &port.to_string(), "--num_workers", &workers.to_string()]);
    // No price list from the network, and no line for each request.
    command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("LITELLM_LOG", "ERROR");
    // The origin's streams say one word over and over: by itself it takes a hundred for a model astray.
    command.env("REPEATED_STREAMING_CHUNK_LIMIT", "1000");
    Ok(command)
}
