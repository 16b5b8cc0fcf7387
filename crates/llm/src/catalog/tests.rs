//! What is embedded holds its own rules; lookups, updates and the form of files.

use std::collections::BTreeSet;

use super::{
    Ability, Auth, Catalog, Changes, Counts, Model, ModelKind, Provider, RowError, Searching, Unit,
};
use crate::chat::{TokenClass, Usage};
use crate::cost::Femtos;
use crate::dialect::{Address, Dialect};

static CATALOG: Catalog = Catalog::embedded();

#[test]
fn who_searches_for_every_answer_is_known_by_name() {
    let searches = |provider: &str, name: &str| {
        let row = format!("{provider}/{name}");
        Model::read(&row, "chat - - -").unwrap().searches()
    };
    for name in ["gpt-4o-search-preview", "gpt-4o-mini-search-preview-2025-03-11"] {
        assert_eq!(searches("openai", name), Some(Searching::Untold), "{name}");
    }
    assert_eq!(searches("azure", "gpt-5-search-api"), Some(Searching::Untold));
    assert_eq!(searches("openrouter", "openai/gpt-5-search-api"), Some(Searching::Untold));
    assert_eq!(searches("perplexity", "sonar-pro"), Some(Searching::Told));
    for (provider, name) in [("openai", "gpt-5"), ("vercel", "sonar"), ("openai", "a-search-api")] {
        assert_eq!(searches(provider, name), None, "{name}");
    }
}

#[test]
fn every_row_is_sound_and_written_as_it_is_read() {
    let mut before = "";
    for (name, words) in CATALOG.providers.all() {
        let row = Provider::read(name, words).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(row.to_string(), format!("{name} {words}"));
        assert!(before < name, "{before} stands before {name}");
        before = name;
    }
    let mut before = "";
    for (key, words) in CATALOG.models.all() {
        let row = Model::read(key, words).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(row.to_string(), format!("{key} {words}"));
        assert!(before < key, "{before} stands before {key}");
        before = key;
    }
}

#[test]
fn there_are_enough_rows_and_they_are_small() {
    assert!(CATALOG.providers().count() >= 100);
    assert!(CATALOG.model_count() >= 3_000, "{}", CATALOG.model_count());
    let priced = CATALOG.models.all().filter_map(|(key, words)| Model::read(key, words).ok());
    assert!(priced.filter(Model::is_priced).count() >= 3_000);
    assert!(CATALOG.to_text().len() < 1 << 20);
}

#[test]
fn providers_are_complete() {
    for name in [
        "openai",
        "anthropic",
        "mistral",
        "gemini",
        "vertex",
        "azure",
        "bedrock",
        "cohere",
        "groq",
        "together",
        "fireworks",
        "deepseek",
        "xai",
        "openrouter",
        "perplexity",
        "ollama",
        "vllm",
        "sglang",
        "llama-cpp",
        "tgi",
        "nvidia-nim",
    ] {
        assert!(CATALOG.provider(name).is_some(), "{name}");
    }
    let dialects: BTreeSet<&str> = CATALOG
        .providers()
        .flat_map(|provider| provider.routes.into_iter().map(|route| route.dialect.name()))
        .collect();
    assert_eq!(dialects.len(), Dialect::ALL.len());
}

#[test]
fn every_model_has_a_provider_and_every_other_name_is_one() {
    for (key, _) in CATALOG.models.all() {
        let owner = key.split('/').next().unwrap();
        assert!(CATALOG.provider(owner).is_some(), "{key}");
    }
    for provider in CATALOG.providers() {
        let owner = CATALOG.provider(provider.owner_of_models());
        assert!(owner.is_some_and(|owner| owner.models.is_none()), "{}", provider.name);
        let is_open = provider.auth == Auth::None;
        assert_eq!(is_open, provider.is_local(), "{}", provider.name);
        let speaks_messages = provider.route(Dialect::AnthropicMessages).is_some();
        let has_version = provider.headers.iter().any(|(name, _)| name == "anthropic-version");
        let sets_version = !provider.edits.is_empty();
        assert_eq!(speaks_messages, has_version || sets_version, "{}", provider.name);
    }
}

/// The URL that a provider is asked at.
fn url(provider: &str, dialect: Dialect, model: &'static str, stream: bool) -> String {
    let provider = CATALOG.provider(provider).unwrap();
    let address = Address { model: Some(model.into()), stream: Some(stream), framing: None };
    format!("{}{}", provider.base_url, provider.route(dialect).unwrap().path(&address))
}

#[test]
fn urls_are_those_of_the_providers() {
    use Dialect as D;
    for (provider, dialect, model, stream, expected) in [
        ("openai", D::OpenaiChat, "gpt-4o", false, "https://api.openai.com/v1/chat/completions"),
        ("openai", D::OpenaiResponses, "gpt-4o", true, "https://api.openai.com/v1/responses"),
        ("anthropic", D::AnthropicMessages, "c", true, "https://api.anthropic.com/v1/messages"),
        (
            "gemini",
            D::GeminiGenerateContent,
            "gemini-3-pro",
            true,
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse",
        ),
        (
            "vertex",
            D::GeminiGenerateContent,
            "gemini-3-pro",
            false,
            "https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google/models/gemini-3-pro:generateContent",
        ),
        (
            "vertex-anthropic",
            D::AnthropicMessages,
            "claude-opus-4-5@20251101",
            true,
            "https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/anthropic/models/claude-opus-4-5@20251101:streamRawPredict",
        ),
        (
            "azure",
            D::OpenaiChat,
            "../my",
            false,
            "https://{resource}.openai.azure.com/openai/deployments/..%2Fmy/chat/completions?api-version={api_version}",
        ),
        (
            "bedrock",
            D::BedrockConverse,
            "us.anthropic.claude-3-5-haiku-20241022-v1:0",
            false,
            "https://bedrock-runtime.{region}.amazonaws.com/model/us.anthropic.claude-3-5-haiku-20241022-v1%3A0/converse",
        ),
        (
            "bedrock-openai",
            D::OpenaiChat,
            "openai.gpt-oss-120b",
            false,
            "https://bedrock-runtime.{region}.amazonaws.com/openai/v1/chat/completions",
        ),
        ("cohere", D::CohereChat, "command-a", false, "https://api.cohere.com/v2/chat"),
        (
            "deepseek",
            D::AnthropicMessages,
            "d",
            false,
            "https://api.deepseek.com/anthropic/v1/messages",
        ),
        ("groq", D::OpenaiChat, "l", false, "https://api.groq.com/openai/v1/chat/completions"),
        ("zai", D::OpenaiChat, "glm-5", false, "https://api.z.ai/api/paas/v4/chat/completions"),
        ("ollama", D::OpenaiChat, "llama2", false, "http://localhost:11434/v1/chat/completions"),
        ("openrouter", D::AnthropicMessages, "o", false, "https://openrouter.ai/api/v1/messages"),
    ] {
        assert_eq!(url(provider, dialect, model, stream), expected);
    }
}

#[test]
fn credentials_quirks_and_placeholders() {
    let provider = |name: &str| CATALOG.provider(name).unwrap();
    assert_eq!(provider("anthropic").auth, Auth::Header("x-api-key".into()));
    assert_eq!(provider("azure").auth, Auth::Header("api-key".into()));
    assert_eq!(provider("bedrock").auth, Auth::SigV4("bedrock".into()));
    assert_eq!(provider("vertex").auth, Auth::Google);
    assert_eq!(provider("gemini").auth, Auth::Header("x-goog-api-key".into()));
    assert_eq!(provider("azure").placeholders(), ["resource", "api_version"]);
    assert_eq!(provider("vertex").placeholders(), ["project", "location"]);

    let by_effort = |name: &str, model: &str| provider(name).quirks(model).reasoning_by_effort;
    assert!(by_effort("anthropic", "claude-opus-5"));
    assert!(!by_effort("anthropic", "claude-sonnet-4-5-20250929"));
    assert!(by_effort("bedrock", "us.anthropic.claude-opus-4-7"));
    assert!(!by_effort("bedrock", "amazon.nova-pro-v1:0"));
    let quirks = provider("bedrock").quirks("eu.anthropic.claude-3-haiku-20240307-v1:0");
    assert!(quirks.takes_claude_fields && !quirks.reasoning_by_effort);
    assert!(!provider("bedrock").quirks("meta.llama3-8b").takes_claude_fields);
    assert!(provider("gemini").quirks("gemini-2.5-pro").lacks_media_in_results);
    assert!(!provider("gemini").quirks("gemini-3-pro").lacks_media_in_results);
    for (name, model, draws, either) in [
        ("anthropic", "claude-3-7-sonnet-20250219", true, false),
        ("anthropic", "claude-opus-4-20250514", true, false),
        ("anthropic", "claude-opus-4-1-20250805", true, true),
        ("anthropic", "claude-haiku-4-5", true, true),
        ("anthropic", "claude-sonnet-4-6", true, true),
        ("anthropic", "claude-opus-4-7", false, false),
        ("anthropic", "claude-haiku-5-5", false, false),
        // What is not Claude by its name is not thought to be one of its newer models.
        ("anthropic", "panth/my-finetune", true, false),
        ("azure-anthropic", "our-deployment", true, false),
        ("azure-anthropic", "claude-opus-4-8", false, false),
        ("bedrock", "us.anthropic.claude-opus-4-20250514-v1:0", true, false),
        ("bedrock", "anthropic.claude-v2:1", true, false),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", true, true),
        ("bedrock-api-key", "us.anthropic.claude-sonnet-5", false, false),
        ("bedrock", "amazon.nova-pro-v1:0", true, false),
        ("vertex-anthropic", "claude-opus-4@20250514", true, false),
        ("vertex-anthropic", "claude-opus-4-5@20251101", true, true),
        ("vertex-anthropic", "claude-opus-5@default", false, false),
        ("openai", "gpt-4o", true, false),
        ("openai", "o3-mini", false, false),
        ("openai", "gpt-5-mini", false, false),
        ("openai", "gpt-5-chat-latest", true, false),
        // With no effort of reasoning it takes them.
        ("openai", "gpt-5.1", true, false),
    ] {
        let quirks = provider(name).quirks(model);
        assert_eq!(!quirks.lacks_sampling, draws, "{name}/{model}");
        assert_eq!(quirks.lacks_sampling_by_both, either, "{name}/{model}");
    }
    let newer = |name: &str, model: &str| provider(name).quirks(model).tokens_max_newer;
    assert!(newer("openai", "o4-mini") && newer("openai", "gpt-5.2") && newer("azure", "our-o3"));
    assert!(!newer("openai", "gpt-4o") && !newer("openai", "ft:gpt-3.5-turbo:us"));
    assert!(!newer("azure", "gpt-4o-eu") && !newer("openrouter", "openai/o3"));
    assert!(provider("vertex").quirks("gemini-3-pro").lacks_call_ids);
    assert!(!provider("gemini").quirks("gemini-3-pro").lacks_call_ids);
    assert!(provider("mistral").quirks("x").tokens_max_older);
    assert!(provider("mistral").quirks("x").call_ids_of_nine);
    assert!(!provider("openai").quirks("x").call_ids_of_nine);
    assert!(!provider("openai").quirks("x").tokens_max_older);
}

/// The URL of a chat with a provider whose addresses are filled.
fn filled(provider: &str, base_url: Option<&str>, values: &[(&str, &str)]) -> String {
    let provider = CATALOG.provider(provider).unwrap();
    let value = |name: &str| values.iter().find(|(other, _)| *other == name).map(|(_, is)| *is);
    match provider.filled(base_url, value) {
        Ok(provider) => {
            let address = Address { model: Some("m".into()), stream: Some(false), framing: None };
            format!("{}{}", provider.base_url, provider.routes[0].path(&address))
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn addresses_are_filled_with_what_the_operator_says() {
    let at = |location| [("project", "example.com:p-1"), ("location", location)];
    let azure = "/openai/deployments/m/chat/completions?api-version=";
    for (provider, values, expected) in [
        (
            "azure",
            &[("resource", "ours"), ("api_version", "2025-04-01-preview")][..],
            format!("https://ours.openai.azure.com{azure}2025-04-01-preview"),
        ),
        (
            "bedrock",
            &[("region", "eu-west-3")],
            "https://bedrock-runtime.eu-west-3.amazonaws.com/model/m/converse".into(),
        ),
        (
            "vertex",
            &at("europe-west4"),
            "https://europe-west4-aiplatform.googleapis.com/v1/projects/example.com:p-1/locations/europe-west4/publishers/google/models/m:generateContent".into(),
        ),
        (
            "vertex",
            &at("global"),
            "https://aiplatform.googleapis.com/v1/projects/example.com:p-1/locations/global/publishers/google/models/m:generateContent".into(),
        ),
        (
            "vertex-anthropic",
            &at("us"),
            "https://aiplatform.us.rep.googleapis.com/v1/projects/example.com:p-1/locations/us/publishers/anthropic/models/m:rawPredict".into(),
        ),
        ("openai", &[("region", "unasked")], "https://api.openai.com/v1/chat/completions".into()),
    ] {
        assert_eq!(filled(provider, None, values), expected);
    }
}

#[test]
fn another_base_url_is_taken_with_the_path_of_a_dialect_or_without() {
    for (provider, base_url, expected) in [
        ("vllm", "http://10.0.0.5:8000", "http://10.0.0.5:8000/v1/chat/completions"),
        ("vllm", "http://10.0.0.5:8000/v1", "http://10.0.0.5:8000/v1/chat/completions"),
        ("vllm", "http://10.0.0.5:8000/v1/", "http://10.0.0.5:8000/v1/chat/completions"),
        ("openai", "http://127.0.0.1:9/proxy/v1", "http://127.0.0.1:9/proxy/v1/chat/completions"),
        ("zai", "https://lab.example/paas/v4", "https://lab.example/paas/v4/chat/completions"),
        ("cohere", "https://lab.example/compatibility/v1", "https://lab.example/v2/chat"),
        ("bedrock", "http://127.0.0.1:9", "http://127.0.0.1:9/model/m/converse"),
    ] {
        assert_eq!(filled(provider, Some(base_url), &[]), expected);
    }
    let azure = filled("azure", Some("http://127.0.0.1:9"), &[("api_version", "v")]);
    assert_eq!(azure, "http://127.0.0.1:9/openai/deployments/m/chat/completions?api-version=v");
}

#[test]
fn values_that_would_change_an_address_are_refused() {
    for value in ["", "a/b", "a?b", "a#b", "a@b", "..", ".a", "a b", "a:1", "a%2f", "é", "{region}"]
    {
        let said = filled("azure", None, &[("resource", value)]);
        assert!(said.starts_with(&format!("`{value}` is no resource")), "{said}");
    }
    let said = filled("vertex", None, &[("project", "p")]);
    assert_eq!(said, "`location` is missing, which the address of the provider needs");
}

/// Patterns say which Claude models choose by themselves how long they reason; the list of models
/// says it, too.
#[test]
fn patterns_agree_with_what_is_known_of_the_models() {
    for name in ["anthropic", "bedrock", "vertex-anthropic"] {
        let provider = CATALOG.provider(name).unwrap();
        for model in CATALOG.models(name).filter(|model| model.name.contains("claude-")) {
            if model.kind == ModelKind::Chat && model.abilities.has(Ability::Reasoning) {
                let adaptive = model.abilities.has(Ability::Adaptive);
                let by_effort = provider.quirks(&model.name).reasoning_by_effort;
                // Who takes no budget of reasoning takes no temperature either, but for the first.
                let takes_both = by_effort && !model.name.contains("4-6");
                let lacks_sampling = provider.quirks(&model.name).lacks_sampling;
                assert_eq!(lacks_sampling, takes_both, "{name}/{}", model.name);
                // The list forgets it of a model here and there, but never at its maker.
                let agrees = by_effort == adaptive || (by_effort && name != "anthropic");
                assert!(agrees, "{name}/{}", model.name);
            }
        }
    }
}

#[test]
fn prices_are_those_of_the_source() {
    use TokenClass as C;
    // USD a million tokens, as the providers publish them.
    for (provider, model, prices) in PRICES {
        let model = CATALOG.model(provider, model).unwrap();
        for (class, million) in *prices {
            let own = model.prices.as_ref().unwrap().base.own(*class);
            assert_eq!(own, Some(Femtos::of_million(million).unwrap()), "{} {class:?}", model.name);
        }
    }
    let long = CATALOG.model("gemini", "gemini-2.5-pro").unwrap().prices.unwrap().long;
    assert_eq!(long.len(), 1);
    assert_eq!(long[0].0, 200_000);
    assert_eq!(long[0].1.own(C::Input), Some(Femtos(2_500_000_000)));
    assert_eq!(long[0].1.own(C::Output), Some(Femtos(15_000_000_000)));
    let ranges = CATALOG.model("dashscope", "qwen3-max").unwrap().prices.unwrap();
    assert_eq!(ranges.base.own(C::Input), Some(Femtos(1_200_000_000)));
    let froms: Vec<u64> = ranges.long.iter().map(|(from, _)| *from).collect();
    assert_eq!(froms, [32_000, 128_000]);
    let usage = Usage { input: 1_000, output: 500, ..Usage::default() };
    let cost = CATALOG.model("openai", "gpt-4o").unwrap().prices.unwrap().cost_nano_usd(&usage);
    assert_eq!(cost, 7_500_000);
}

type Row = (&'static str, &'static str, &'static [(TokenClass, &'static str)]);

const PRICES: &[Row] = {
    use TokenClass as C;
    &[
        ("openai", "gpt-4o", &[(C::Input, "2.50"), (C::CacheRead, "1.25"), (C::Output, "10")]),
        (
            "openai",
            "gpt-4o-mini",
            &[(C::Input, "0.15"), (C::CacheRead, "0.075"), (C::Output, "0.6")],
        ),
        ("openai", "gpt-5.2", &[(C::Input, "1.75"), (C::CacheRead, "0.175"), (C::Output, "14")]),
        ("openai", "text-embedding-3-small", &[(C::Input, "0.02")]),
        (
            "anthropic",
            "claude-sonnet-4-5",
            &[
                (C::Input, "3"),
                (C::CacheRead, "0.30"),
                (C::CacheWrite, "3.75"),
                (C::CacheWrite1h, "6"),
                (C::Output, "15"),
            ],
        ),
        ("anthropic", "claude-haiku-4-5", &[(C::Input, "1"), (C::Output, "5")]),
        (
            "gemini",
            "gemini-2.5-pro",
            &[(C::Input, "1.25"), (C::CacheRead, "0.125"), (C::Output, "10")],
        ),
        (
            "gemini",
            "gemini-2.5-flash",
            &[(C::Input, "0.3"), (C::InputAudio, "1"), (C::Output, "2.5")],
        ),
        ("bedrock", "amazon.nova-lite-v1:0", &[(C::Input, "0.06"), (C::Output, "0.24")]),
        ("mistral", "mistral-large-latest", &[(C::Input, "0.5"), (C::Output, "1.5")]),
        ("groq", "openai/gpt-oss-120b", &[(C::Input, "0.15"), (C::Output, "0.6")]),
        ("deepseek", "deepseek-chat", &[(C::Input, "0.28"), (C::Output, "0.42")]),
        ("cohere", "command-a-03-2025", &[(C::Input, "2.5"), (C::Output, "10")]),
    ]
};

#[test]
fn models_are_found_by_what_their_name_means() {
    for (provider, asked, found) in [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "gpt-4o-2031-01-31", "gpt-4o"),
        ("openai", "gpt-4o-latest", "gpt-4o"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::x1", "ft:gpt-4o-2024-08-06"),
        ("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini-openai", "gemini-2.5-pro", "gemini-2.5-pro"),
        ("fireworks", "deepseek-v3", "accounts/fireworks/models/deepseek-v3"),
        ("vertex-anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5@20251001"),
        ("bedrock", "jp.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "amazon.nova-lite-v1:0",
        ),
    ] {
        let model = CATALOG.model(provider, asked).map(|model| model.name);
        assert_eq!(model.as_deref(), Some(found), "{provider} {asked}");
    }
    for (provider, asked) in [
        ("openai", "gpt-"),
        ("openai", "gpt-4o-something"),
        ("nobody", "gpt-4o"),
        ("openai", ""),
        ("openai", "-20260101"),
    ] {
        assert_eq!(CATALOG.model(provider, asked), None, "{provider} {asked}");
    }
}

#[test]
fn the_newest_dated_version_is_meant_by_a_bare_name() {
    let file = "openai/new-2026-01-31 chat - - - input=1\n\
                openai/new-2026-05-01 chat - - - input=2\n\
                openai/new-mini chat - - - input=3\n";
    let catalog = CATALOG.merge(file).unwrap();
    for name in ["new", "new-latest", "new-2026-05-01"] {
        assert_eq!(catalog.model("openai", name).unwrap().name, "new-2026-05-01", "{name}");
    }
}

#[test]
fn a_file_takes_the_place_of_rows_and_adds_others() {
    let file = "# ours\n\nopenai/gpt-4o  chat 1 2 tools,images,!audio input=0 request=0.001 image_out=0.04 above=9 input=0.5\r\nlab-7 https://lab.example/v1 query:key openai_chat takes_reasoning=a*,!b header:x-team=red models=openai\n";
    let catalog = CATALOG.merge(file).unwrap();
    let model = catalog.model("lab-7", "gpt-4o").unwrap();
    assert_eq!((model.input_max, model.output_max), (Some(1), Some(2)));
    assert!(model.abilities.has(Ability::Images) && !model.lacks.has(Ability::Images));
    assert!(model.lacks.has(Ability::Audio) && !model.lacks.has(Ability::Video));
    assert_eq!(model.units, [(Unit::ImageOut, Femtos(40_000_000_000_000))]);
    let prices = model.prices.unwrap();
    assert_eq!(prices.cost_nano_usd(&Usage { input: 9, ..Usage::default() }), 1_000_000);
    assert_eq!(prices.cost_nano_usd(&Usage { input: 10, ..Usage::default() }), 1_005_000);
    assert_eq!(catalog.model_count(), CATALOG.model_count());
    assert_eq!(catalog.providers().count(), CATALOG.providers().count() + 1);
    // What is written can be read again, and says the same.
    let again = CATALOG.merge(&catalog.to_text()).unwrap();
    assert_eq!(again.to_text(), catalog.to_text());
    assert_eq!(CATALOG.merge("").unwrap().to_text(), CATALOG.to_text());
}

#[test]
fn changes_are_counted() {
    let before =
        CATALOG.merge("openai/ours chat - - -\nlab https://lab.example bearer openai_chat\n");
    let after = CATALOG.merge("openai/gpt-4o chat - - -\nopenai/theirs chat - - -\n").unwrap();
    let changes = after.changes_since(&before.unwrap());
    let providers = Counts { removed: 1, same: CATALOG.providers().count(), ..Counts::default() };
    let same = CATALOG.model_count() - 1;
    let models = Counts { new: 1, changed: 1, removed: 1, same };
    assert_eq!(changes, Changes { providers, models });
}

#[test]
fn a_provider_may_be_of_this_machine() {
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let row = format!("lab http://{host}:8000/v1 bearer openai_chat");
        assert!(CATALOG.merge(&row).is_ok(), "{row}");
    }
    for host in ["127.0.0.1", "127.0.0.2:80", "localhost.example:80", "10.0.0.1:80"] {
        let row = format!("lab http://{host}/v1 bearer openai_chat");
        assert!(CATALOG.merge(&row).is_err(), "{row}");
    }
}

#[test]
fn everything_wrong_in_a_file_is_told_with_its_line() {
    let file = "\
openai/a chat 1 2 tools input=0.1
openai/b talk 1 2 -
openai/c chat x 2 -
openai/d chat 1
openai/e chat 1 2 flying
openai/f chat 1 2 - input=-1
openai/g chat 1 2 - input=1 input=2
openai/h chat 1 2 - above=5 input=1 above=5 input=2
openai/i chat 1 2 - above=5 request=1
openai/a chat 1 2 -
Open/a chat 1 2 -
lab http://lab.example bearer openai_chat
lab2 https://lab.example/ bearer openai_chat
lab3 https://lab.example magic openai_chat
lab4 https://lab.example bearer
lab5 https://lab.example bearer openai_chat quirky
lab6 https://lab.example/{secret} bearer openai_chat
lab7 https://lab.example bearer openai_chat openai_chat=/v2
lab8 https://lab.example bearer openai_chat=v1
lab9 https://user@lab.example bearer openai_chat
UP https://lab.example bearer openai_chat";
    let errors = CATALOG.merge(file).unwrap_err();
    let lines: Vec<usize> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, (2..=21).collect::<Vec<_>>());
    assert_eq!(errors[8].what, RowError::Doubled("openai/a".into(), 1));
    assert_eq!(errors[0].to_string(), "line 2: `talk` is no kind of model");
    assert_eq!(errors[4].to_string(), "line 6: `input=-1`: a price cannot be below zero");
    assert_eq!(errors[13].to_string(), "line 15: a dialect is missing");
}

#[test]
fn a_search_finds_every_row() {
    for rows in [&CATALOG.providers, &CATALOG.models] {
        for (name, words) in rows.all() {
            assert_eq!(rows.get(name), Some(words), "{name}");
        }
    }
    assert_eq!(CATALOG.models.get("#"), None);
    assert_eq!(CATALOG.models.get("zzz"), None);
}
