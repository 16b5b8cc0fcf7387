//! Whose models are taken over: the source's names of providers and ours.

/// The source's name, and ours.
const NAMES: &[(&str, &str)] = &[
    ("ai21", "ai21"),
    ("aihubmix", "aihubmix"),
    ("aiml", "aimlapi"),
    ("amazon_nova", "amazon-nova"),
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("azure_ai", "azure-ai"),
    ("azure_text", "azure"),
    ("baseten", "baseten"),
    ("bedrock", "bedrock"),
    ("bedrock_converse", "bedrock"),
    ("bedrock_mantle", "bedrock-mantle"),
    ("cerebras", "cerebras"),
    ("cloudflare", "cloudflare"),
    ("codestral", "codestral"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("crusoe", "crusoe"),
    ("dashscope", "dashscope"),
    ("databricks", "databricks"),
    ("deepinfra", "deepinfra"),
    ("deepseek", "deepseek"),
    ("featherless_ai", "featherless"),
    ("fireworks_ai", "fireworks"),
    ("fireworks_ai-embedding-models", "fireworks"),
    ("friendliai", "friendli"),
    ("gemini", "gemini"),
    ("github_copilot", "github-copilot"),
    ("gmi", "gmi"),
    ("gradient_ai", "digitalocean"),
    ("groq", "groq"),
    ("heroku", "heroku"),
    ("hyperbolic", "hyperbolic"),
    ("inception", "inception"),
    ("lambda_ai", "lambda"),
    ("lemonade", "lemonade"),
    ("llamagate", "llamagate"),
    ("meta_llama", "meta-llama"),
    ("minimax", "minimax"),
    ("mistral", "mistral"),
    ("moonshot", "moonshot"),
    ("morph", "morph"),
    ("nebius", "nebius"),
    ("novita", "novita"),
    ("nscale", "nscale"),
    ("nvidia_nim", "nvidia-nim"),
    ("oci", "oci"),
    ("ollama", "ollama"),
    ("openai", "openai"),
    ("ovhcloud", "ovhcloud"),
    ("perplexity", "perplexity"),
    ("publicai", "publicai"),
    ("sambanova", "sambanova"),
    ("sarvam", "sarvam"),
    ("scaleway", "scaleway"),
    ("snowflake", "snowflake"),
    ("tencent", "tencent-tokenhub"),
    ("text-completion-codestral", "codestral"),
    ("text-completion-inception", "inception"),
    ("text-completion-openai", "openai"),
    ("together_ai", "together"),
    ("v0", "v0"),
    ("vercel_ai_gateway", "vercel"),
    ("volcengine", "volcengine"),
    ("wandb", "wandb"),
    ("xai", "xai"),
    ("xiaomi_mimo", "xiaomi"),
    ("zai", "zai"),
];

/// Our name for a provider of the source.
pub(super) fn ours(source: &str) -> Option<&'static str> {
    if source == "vertex_ai" || source.starts_with("vertex_ai-") {
        return Some("vertex");
    }
    NAMES.iter().find(|(name, _)| *name == source).map(|(_, ours)| *ours)
}

/// The model's name at the provider, and whether the key said the provider before it.
pub(super) fn name<'k>(source: &str, key: &'k str) -> (&'k str, bool) {
    let prefix = match source {
        "azure_text" => "azure",
        "bedrock_converse" => "bedrock",
        "cohere_chat" => "cohere",
        "fireworks_ai-embedding-models" => "fireworks_ai",
        "amazon_nova" => "amazon-nova",
        _ if source.starts_with("vertex_ai") => "vertex_ai",
        _ => source,
    };
    match key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
        Some(name) => (name, true),
        None => (key, false),
    }
}
