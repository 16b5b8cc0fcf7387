//! What the documentation of providers says, written by hand: where a chat is asked, how the
//! credential is shown, what stands in the body beside the chat.
//!
//! Placeholders are filled as in `row.rs`; `KEY` is the key.

/// Row, URL of a chat of an OpenAI client, headers.
#[rustfmt::skip]
const CHATS: [(&str, &str, &str); 46] = [
    // https://platform.openai.com/docs/api-reference/chat/create
    ("openai", "https://api.openai.com/v1/chat/completions", BEARER),
    // https://docs.anthropic.com/en/api/messages
    ("anthropic", "https://api.anthropic.com/v1/messages", "anthropic-version: 2023-06-01 | x-api-key: KEY"),
    // https://docs.mistral.ai/api/#tag/chat
    ("mistral", "https://api.mistral.ai/v1/chat/completions", BEARER),
    ("codestral", "https://codestral.mistral.ai/v1/chat/completions", BEARER),
    // https://ai.google.dev/api/generate-content
    ("gemini", "https://generativelanguage.googleapis.com/v1beta/models/the-model:generateContent", "x-goog-api-key: KEY"),
    // https://ai.google.dev/gemini-api/docs/openai
    ("gemini-openai", "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", BEARER),
    // https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
    ("vertex", "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/publishers/google/models/the-model:generateContent", BEARER),
    ("vertex-global", "https://aiplatform.googleapis.com/v1/projects/p-1/locations/global/publishers/google/models/the-model:generateContent", BEARER),
    // https://docs.anthropic.com/en/api/claude-on-vertex-ai
    ("vertex-anthropic", "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/publishers/anthropic/models/the-model:rawPredict", BEARER),
    // https://cloud.google.com/vertex-ai/generative-ai/docs/migrate/openai/overview
    ("vertex-openai", "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/endpoints/openapi/chat/completions", BEARER),
    // https://learn.microsoft.com/azure/ai-services/openai/reference#chat-completions
    ("azure", "https://ours.openai.azure.com/openai/deployments/the-model/chat/completions?api-version=2024-10-21", "api-key: KEY"),
    // https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
    ("azure-ai", "https://ours.services.ai.azure.com/openai/v1/chat/completions", "api-key: KEY"),
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
    ("bedrock", "https://bedrock-runtime.eu-west-3.amazonaws.com/model/vendor.model-v1%3A0/converse", "authorization: SigV4 for eu-west-3/bedrock, SignedHeaders=content-type;host;x-amz-date | x-amz-date: NOW"),
    // https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html
    ("bedrock-api-key", "https://bedrock-runtime.eu-west-3.amazonaws.com/model/vendor.model-v1%3A0/converse", BEARER),
    // https://docs.cohere.com/docs/compatibility-api
    ("cohere", "https://api.cohere.com/compatibility/v1/chat/completions", BEARER),
    // https://console.groq.com/docs/api-reference#chat-create
    ("groq", "https://api.groq.com/openai/v1/chat/completions", BEARER),
    // https://docs.together.ai/reference/chat-completions-1
    ("together", "https://api.together.xyz/v1/chat/completions", BEARER),
    // https://docs.fireworks.ai/api-reference/post-chatcompletions
    ("fireworks", "https://api.fireworks.ai/inference/v1/chat/completions", BEARER),
    // https://api-docs.deepseek.com/api/create-chat-completion
    ("deepseek", "https://api.deepseek.com/chat/completions", BEARER),
    // https://docs.x.ai/docs/api-reference#chat-completions
    ("xai", "https://api.x.ai/v1/chat/completions", BEARER),
    // https://openrouter.ai/docs/api-reference/chat-completion
    ("openrouter", "https://openrouter.ai/api/v1/chat/completions", BEARER),
    // https://docs.perplexity.ai/api-reference/chat-completions-post
    ("perplexity", "https://api.perplexity.ai/chat/completions", BEARER),
    // https://docs.ollama.com/api/openai-compatibility
    ("ollama", "http://localhost:11434/v1/chat/completions", ""),
    // https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
    ("vllm", "http://localhost:8000/v1/chat/completions", ""),
    // https://docs.sglang.ai/basic_usage/openai_api_completions.html
    ("sglang", "http://localhost:30000/v1/chat/completions", ""),
    // https://github.com/ggml-org/llama.cpp/tree/master/tools/server
    ("llama-cpp", "http://localhost:8080/v1/chat/completions", ""),
    // https://huggingface.co/docs/text-generation-inference/messages_api
    ("tgi", "http://localhost:8080/v1/chat/completions", ""),
    // https://docs.api.nvidia.com/nim/reference/llm-apis
    ("nvidia-nim", "https://integrate.api.nvidia.com/v1/chat/completions", BEARER),
    // https://docs.nvidia.com/nim/large-language-models/latest/api-reference.html
    ("nvidia-nim-local", "http://localhost:8000/v1/chat/completions", ""),
    // https://docs.snowflake.com/en/user-guide/snowflake-cortex/open_ai_sdk
    ("snowflake", "https://acct.snowflakecomputing.com/api/v2/cortex/v1/chat/completions", BEARER),
    // https://docs.crusoecloud.com/managed-inference/overview
    ("crusoe", "https://managed-inference-api-proxy.crusoecloud.com/v1/chat/completions", BEARER),
    // https://kilo.ai/docs/gateway
    ("kilo", "https://api.kilo.ai/api/gateway/chat/completions", BEARER),
    // https://lemonade-server.ai/docs/server
    ("lemonade", "http://localhost:13305/api/v1/chat/completions", ""),
    // As clients of theirs in public repositories are set up.
    ("oci", "https://inference.generativeai.eu-west-3.oci.oraclecloud.com/openai/v1/chat/completions", BEARER),
    ("novita", "https://api.novita.ai/openai/chat/completions", BEARER),
    ("nebius", "https://api.tokenfactory.nebius.com/v1/chat/completions", BEARER),
    ("minimax", "https://api.minimax.io/v1/chat/completions", BEARER),
    ("longcat", "https://api.longcat.chat/openai/v1/chat/completions", BEARER),
    ("meta-llama", "https://api.llama.com/compat/v1/chat/completions", BEARER),
    ("baseten", "https://inference.baseten.co/v1/chat/completions", BEARER),
    ("friendli", "https://api.friendli.ai/serverless/v1/chat/completions", BEARER),
    ("sarvam", "https://api.sarvam.ai/v1/chat/completions", BEARER),
    ("tencent-tokenhub", "https://tokenhub.tencentmaas.com/v1/chat/completions", BEARER),
    ("sakana", "https://api.sakana.ai/v1/chat/completions", BEARER),
    ("reka", "https://api.reka.ai/v1/chat/completions", BEARER),
    // https://docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference
    ("databricks", "https://acct/serving-endpoints/chat/completions", BEARER),
];

/// Row, dialect of its own beside the one above, URL of a chat in it, headers.
#[rustfmt::skip]
const OWN: [(&str, &str, &str, &str); 6] = [
    // https://docs.cohere.com/reference/chat
    ("cohere", "cohere_chat", "https://api.cohere.com/v2/chat", BEARER),
    // https://platform.openai.com/docs/api-reference/responses/create
    ("openai", "openai_responses", "https://api.openai.com/v1/responses", BEARER),
    // https://openrouter.ai/docs/api/api-reference/anthropic-messages
    ("openrouter", "anthropic_messages", "https://openrouter.ai/api/v1/messages", BEARER_VERSIONED),
    // https://api-docs.deepseek.com/guides/anthropic_api
    ("deepseek", "anthropic_messages", "https://api.deepseek.com/anthropic/v1/messages", BEARER_VERSIONED),
    // As clients of theirs in public repositories are set up.
    ("minimax", "anthropic_messages", "https://api.minimax.io/anthropic/v1/messages", BEARER_VERSIONED),
    ("novita", "anthropic_messages", "https://api.novita.ai/anthropic/v1/messages", BEARER_VERSIONED),
];

const BEARER_VERSIONED: &str = "anthropic-version: 2023-06-01 | authorization: Bearer KEY";
const BEARER: &str = "authorization: Bearer KEY";

/// Row, URL of a stream of an OpenAI client, what the body says of it.
#[rustfmt::skip]
pub(super) const STREAMS: &[(&str, &str, &[&str])] = &[
    ("openai", "https://api.openai.com/v1/chat/completions", &["true", r#"{"include_usage":true}"#]),
    ("azure", "https://ours.openai.azure.com/openai/deployments/the-model/chat/completions?api-version=2024-10-21", &["true", r#"{"include_usage":true}"#]),
    ("vllm", "http://localhost:8000/v1/chat/completions", &["true", r#"{"include_usage":true}"#]),
    ("mistral", "https://api.mistral.ai/v1/chat/completions", &["true"]),
    ("cohere", "https://api.cohere.com/compatibility/v1/chat/completions", &["true"]),
    ("databricks", "https://acct/serving-endpoints/chat/completions", &["true"]),
    ("anthropic", "https://api.anthropic.com/v1/messages", &["true"]),
    ("gemini", "https://generativelanguage.googleapis.com/v1beta/models/the-model:streamGenerateContent?alt=sse", &[]),
    ("vertex", "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/publishers/google/models/the-model:streamGenerateContent?alt=sse", &[]),
    ("vertex-anthropic", "https://europe-west4-aiplatform.googleapis.com/v1/projects/p-1/locations/europe-west4/publishers/anthropic/models/the-model:streamRawPredict", &["true"]),
    ("bedrock", "https://bedrock-runtime.eu-west-3.amazonaws.com/model/vendor.model-v1%3A0/converse-stream", &[]),
];

/// URL and headers of a row where a client of a dialect asks.
pub(super) fn of(name: &str, dialect: &str) -> Option<(&'static str, &'static str)> {
    all().find(|(row, by, ..)| *row == name && *by == dialect).map(|(.., url, own)| (url, own))
}

/// All rows that are documented here, each with the dialect of the client, URL and headers.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)>
{
    let chats = CHATS.iter().map(|(row, url, headers)| (*row, "openai_chat", *url, *headers));
    chats.chain(OWN.iter().copied())
}

/// Whether the body names the model: not where the path does so in its place.
pub(super) fn names_model(name: &str, dialect: &str) -> bool {
    !matches!(dialect, "gemini_generate_content" | "bedrock_converse") && name != "vertex-anthropic"
}

/// Members of the body that are the provider's own.
pub(super) fn members(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "vertex-anthropic" => &[("anthropic_version", "vertex-2023-10-16")],
        _ => &[],
    }
}
