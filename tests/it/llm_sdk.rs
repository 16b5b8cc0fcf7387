//! Official clients of AI services against the gateway, with an origin behind it that plays a
//! provider of every dialect and holds all it is sent to the types of the official SDKs.
//!
//! The cases are in `tests/sdk`: text, tools, schemas, media, reasoning, errors, streams that are
//! broken off from either side; each client with each provider, streamed and not.

use std::net::SocketAddr;

use architrave_testkit::authority::Authority;
use architrave_testkit::sdk::{self, CLIENT_KEY, provider_key};
use architrave_testkit::{Config, Gateway, GatewayOptions};
use tempfile::TempDir;

/// The dialects of the origin: the name of the provider, its kind, and its base below the path of
/// the dialect.
const PROVIDERS: [(&str, &str, &str, &str); 7] = [
    ("openai-chat", "openai_compatible", "openai_chat", "/v1"),
    ("openai-responses", "openai", "openai_responses", "/v1"),
    ("anthropic", "anthropic", "anthropic_messages", ""),
    ("gemini", "gemini", "gemini_generate_content", "/v1beta"),
    ("bedrock", "bedrock-api-key", "bedrock_converse", ""),
    ("cohere", "cohere", "cohere_chat", ""),
    ("cohere-alone", "cohere-alone", "cohere_chat", ""),
];

/// Cohere without OpenAI's dialect, which it speaks as well: so that there is a provider whose only
/// dialect is its own.
const CATALOG: &str = "cohere-alone https://cohere.example bearer cohere_chat\n";

/// A provider that wants to be signed to.
const SIGNED: &str = "credentials: [{ name: main, aws: { access_key_id: AKIDPROVIDERKEY00000, \
    secret_access_key: provider-key-of-aws-to-sign-with, region: eu-west-1 } }]";

/// A model that OpenAI has by Responses alone, so that nothing else is spoken with it.
const RESPONSES: &str =
    "strategy: weighted, deployments: [{ provider: openai-responses, model: gpt-5.1-codex }]";

/// A consumer that may not use what the others are asked for.
const NARROW: &str =
    "credentials: [{ api_key: client-key-narrow-0123456789 }]\nmodels: [\"cohere/*\"]";

/// A gateway file with every provider, and with one consumer that may use all of their models.
fn config(origin: SocketAddr) -> Config {
    let providers = PROVIDERS.map(|(name, kind, dialect, base)| {
        let key = provider_key(dialect);
        format!(
            "  - name: {name}\n    kind: {kind}\n    base_url: http://{origin}/{dialect}{base}\n    \
             credentials: [{{ name: main, value: {key} }}]\n"
        )
    });
    let signed = format!(
        "  - {{ name: bedrock-signed, kind: bedrock, \
         base_url: \"http://{origin}/bedrock_converse\", {SIGNED} }}\n"
    );
    Config::new()
        .web()
        .service("ai", "llm: { models: [\"*\"] }")
        .route("ai", "service: ai\npolicies: { key_auth: {} }")
        .consumer("narrow", NARROW)
        .consumer("sdk", &format!("credentials: [{{ api_key: {CLIENT_KEY} }}]\nmodels: [\"*\"]"))
        .and(&format!("providers:\n{}{signed}", providers.concat()))
        .and(&format!("models:\n  - {{ name: responses-house, {RESPONSES} }}"))
}

/// Starts the gateway with the catalogue of these tests, which lies in the directory.
#[track_caller]
fn start(config: Config) -> (TempDir, Gateway) {
    let home = TempDir::new().expect("there is room");
    let file = home.path().join("catalog.txt");
    std::fs::write(&file, CATALOG).expect("there is room");
    let options = GatewayOptions::new().env("ARCHITRAVE_CATALOG", &file.display().to_string());
    (home, options.start(config))
}

#[track_caller]
fn drive(client: &str) {
    let origin = sdk::origin();
    let (_home, gateway) = start(config(origin.addr()));
    sdk::drive(client, origin.addr(), &format!("http://{}", gateway.web()), None);
}

#[test]
fn openai_chats_with_every_provider() {
    drive("openai");
}

#[test]
fn openai_for_azure_chats_with_every_provider() {
    drive("openai_azure");
}

#[test]
fn openai_gets_responses_of_every_provider() {
    drive("openai_responses");
}

#[test]
fn anthropic_talks_to_every_provider() {
    drive("anthropic");
}

#[test]
fn anthropic_for_vertex_talks_to_every_provider() {
    drive("anthropic_vertex");
}

#[test]
fn google_genai_talks_to_every_provider() {
    drive("google_genai");
}

#[test]
fn cohere_talks_to_every_provider() {
    drive("cohere");
}

#[test]
fn mistralai_talks_to_every_provider() {
    drive("mistralai");
}

#[test]
fn litellm_talks_to_every_provider() {
    drive("litellm");
}

/// It sends its token over TLS alone.
#[test]
fn boto3_talks_to_every_provider() {
    let (authority, dir) = (Authority::new(), TempDir::new().expect("there is room"));
    let (cert, key) = authority.issue(&["localhost"]).write(dir.path(), "site");
    let entry = format!("{{ cert_file: \"{}\", key_file: \"{}\" }}", cert.display(), key.display());
    let origin = sdk::origin();
    let tls = format!("protocol: https\ntls: {{ certificates: [{entry}] }}");
    let (_home, gateway) = start(config(origin.addr()).listener("tls", &tls));
    let address = format!("https://localhost:{}", gateway.addr("tls").port());
    sdk::drive("boto3", origin.addr(), &address, Some(&authority.write(dir.path())));
}

#[test]
fn openai_for_node_chats_with_every_provider() {
    drive("node_openai");
}

#[test]
fn openai_for_node_gets_responses_of_every_provider() {
    drive("node_openai_responses");
}

#[test]
fn anthropic_for_node_talks_to_every_provider() {
    drive("node_anthropic");
}

#[test]
fn ai_for_node_talks_to_every_provider_as_to_openai() {
    drive("node_ai_openai");
}

#[test]
fn ai_for_node_chats_with_every_provider_as_with_openai() {
    drive("node_ai_openai_chat");
}

#[test]
fn ai_for_node_talks_to_every_provider_as_to_anthropic() {
    drive("node_ai_anthropic");
}

/// Two consumers with things of their own at one account of a provider.
#[track_caller]
fn keep_apart(client: &str, kind: &str, base_path: &str) {
    let keeper = sdk::keeper();
    let provider = format!(
        "providers:\n  - name: keeper\n    kind: {kind}\n    \
         base_url: http://{}{base_path}\n    \
         credentials: [{{ name: main, value: {} }}]\n",
        keeper.addr(),
        sdk::KEEPER_KEY
    );
    let keys = ["ada-key-0123456789", "bob-key-0123456789"];
    let gateway = Gateway::start(
        Config::new()
            .web()
            .service("ai", "llm: {}")
            .route("ai", "service: ai\nkeep_prefix: true\npolicies: { key_auth: {} }")
            .consumer("ada", &format!("credentials: [{{ api_key: {} }}]", keys[0]))
            .consumer("bob", &format!("credentials: [{{ api_key: {} }}]", keys[1]))
            .and(&provider)
            .and("models: [{ name: fast, deployments: [{ provider: keeper, model: there }] }]"),
    );
    sdk::own_things(client, &format!("http://{}", gateway.web()), keys);
}

#[test]
fn openai_finds_what_is_its_consumers_and_nothing_else() {
    keep_apart("openai", "openai", "/openai/v1");
}

#[test]
fn google_genai_finds_what_is_its_consumers_and_nothing_else() {
    keep_apart("google_genai", "gemini", "/gemini/v1beta");
}
