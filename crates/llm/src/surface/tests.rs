//! Every row is found by its own path, and what clients put before it does no harm.

use proptest::prelude::*;

use super::{Asked, BodyForm, Family, Kept, Operation, Surface, nearest};

fn of(method: &str, path: &'static str) -> Asked<'static> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    Surface::of(method, path, query).unwrap_or_else(|| panic!("{method} {path} is unknown"))
}

fn model(method: &str, path: &'static str) -> (Surface, String) {
    let asked = of(method, path);
    (asked.surface, asked.address.model.unwrap_or_default().into_owned())
}

#[test]
fn every_row_is_found_by_its_path() {
    for &surface in Surface::ALL {
        for path in surface.paths() {
            let path = path.replace("{model}", "some-model").replace("{id}", "some_id");
            let asked = Surface::of(surface.method(), &path, "").unwrap();
            let found = asked.surface;
            assert!(
                found == surface || found.twin(surface.family()) == Some(surface),
                "{surface:?} was found as {found:?}"
            );
            assert_eq!(asked.id.is_some(), path.contains("some_id"), "{path}");
            assert_eq!(asked.address.model.is_some(), path.contains("some-model"), "{path}");
        }
    }
}

#[test]
fn the_version_may_be_missing_where_base_urls_have_it() {
    for path in ["/chat/completions", "/v1/chat/completions", "/openai/v1/chat/completions/"] {
        assert_eq!(of("POST", path).surface, Surface::OpenaiChat, "{path}");
    }
    for path in ["/messages", "/v1/messages", "/anthropic/v1/messages"] {
        assert_eq!(of("POST", path).surface, Surface::AnthropicMessages, "{path}");
    }
    for path in ["/v1beta", "/v1", "/v1alpha", "", "/genai/v1beta"] {
        let path = format!("{path}/models/gemini-x:countTokens");
        let asked = Surface::of("POST", &path, "").unwrap();
        assert_eq!(asked.surface, Surface::GeminiTokenCount, "{path}");
        assert_eq!(asked.address.model.as_deref(), Some("gemini-x"));
    }
    let asked = of("POST", "/v1beta/openai/chat/completions");
    assert_eq!(asked.surface, Surface::OpenaiChat);
    assert_eq!(of("POST", "/rerank").surface, Surface::CohereRerankV1);
    assert_eq!(of("POST", "/v2/rerank").surface, Surface::CohereRerank);
    assert_eq!(of("POST", "/cohere/v2/embed").surface, Surface::CohereEmbed);
}

#[test]
fn models_stand_in_paths_as_they_are_called() {
    let azure = "/openai/deployments/my%20gpt/embeddings?api-version=2024-10-21";
    assert_eq!(model("POST", azure), (Surface::OpenaiEmbedding, "my gpt".to_owned()));
    let azure = "/openai/deployments/gpt/chat/completions";
    assert_eq!(model("POST", azure), (Surface::OpenaiChat, "gpt".to_owned()));
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/g:streamGenerateContent";
    assert_eq!(model("POST", vertex), (Surface::GeminiContent, "g".to_owned()));
    let tuned = "/v1beta/tunedModels/mine:embedContent";
    assert_eq!(model("POST", tuned), (Surface::GeminiEmbedding, "tunedModels/mine".to_owned()));
    let arn = "/model/arn%3Aaws%3Abedrock%3A%3Ax%2Fy/invoke";
    assert_eq!(model("POST", arn), (Surface::BedrockInvoke, "arn:aws:bedrock::x/y".to_owned()));
    let slashes = "/v1/models/meta-llama/Llama-3";
    assert_eq!(model("GET", slashes), (Surface::OpenaiModelGet, "meta-llama/Llama-3".to_owned()));
    let colons = "/v1/models/ft:gpt:org::1";
    assert_eq!(model("GET", colons), (Surface::OpenaiModelGet, "ft:gpt:org::1".to_owned()));
    let talk = "/v1/realtime?model=gpt-realtime";
    assert_eq!(model("GET", talk), (Surface::OpenaiRealtime, "gpt-realtime".to_owned()));
    let talk = "/openai/realtime?api-version=1&deployment=talk";
    assert_eq!(model("GET", talk), (Surface::OpenaiRealtime, "talk".to_owned()));
}

#[test]
fn paths_say_whether_a_stream_is_wanted() {
    let stream = |method, path| of(method, path).address.stream;
    assert_eq!(stream("POST", "/v1beta/models/g:streamGenerateContent?alt=sse"), Some(true));
    assert_eq!(stream("POST", "/v1beta/models/g:generateContent"), Some(false));
    assert_eq!(stream("POST", "/model/m/converse-stream"), Some(true));
    assert_eq!(stream("POST", "/model/m/invoke-with-response-stream"), Some(true));
    assert_eq!(stream("GET", "/v1/responses/resp_1?stream=true&starting_after=3"), Some(true));
    assert_eq!(stream("POST", "/v1/chat/completions"), None);
}

#[test]
fn what_lives_at_a_provider_is_named() {
    let kept = |method, path| of(method, path).kept().map(|(kind, id)| (kind, id.to_owned()));
    let reply = Some((Kept::Reply, "resp_1".to_owned()));
    assert_eq!(kept("GET", "/v1/responses/resp_1"), reply);
    assert_eq!(kept("DELETE", "/responses/resp_1"), reply);
    assert_eq!(kept("POST", "/v1/responses/resp_1/cancel"), reply);
    assert_eq!(kept("GET", "/v1/responses/resp_1/input_items?after=x"), reply);
    assert_eq!(kept("POST", "/v1/responses/compact"), None);
    assert_eq!(kept("GET", "/v1/files/f/content"), Some((Kept::File, "f".to_owned())));
    assert_eq!(kept("POST", "/v1beta/batches/b:cancel"), Some((Kept::Batch, "b".to_owned())));
    assert_eq!(kept("POST", "/v1/messages/batches"), None);
}

#[test]
fn headers_tell_whose_client_asks_where_the_path_does_not() {
    let asks = |method, path, name: &'static str, value: &'static str| {
        of(method, path).of_client(|header| (header == name).then_some(value)).surface
    };
    let version = "anthropic-version";
    assert_eq!(asks("GET", "/v1/models", "x", ""), Surface::OpenaiModelList);
    assert_eq!(asks("GET", "/v1/models", version, "1"), Surface::AnthropicModelList);
    assert_eq!(asks("GET", "/v1/models/m", version, "1"), Surface::AnthropicModelGet);
    assert_eq!(asks("POST", "/v1/files", version, "1"), Surface::AnthropicFileUpload);
    assert_eq!(asks("GET", "/v1/models", "x-goog-api-key", "k"), Surface::GeminiModelList);
    assert_eq!(asks("GET", "/models", "x-fern-sdk-name", "cohere"), Surface::CohereModelList);
    assert_eq!(asks("POST", "/v1/embeddings", version, "1"), Surface::OpenaiEmbedding);
    assert_eq!(asks("GET", "/v1beta/models", version, "1"), Surface::GeminiModelList);
    assert_eq!(of("GET", "/anthropic/v1/models").surface, Surface::AnthropicModelList);
}

#[test]
fn other_paths_are_nobodys() {
    for (method, path) in [
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/chat"),
        ("POST", "/v1/v1/messages"),
        ("POST", "/"),
        ("POST", ""),
        ("POST", "v1/messages"),
        ("GET", "/v1/responses/a/b"),
        ("GET", "/v1/responses/%2E%2E"),
        ("GET", "/v1/models/a//b"),
        ("GET", "/v1/models/%zz"),
        ("POST", "/openai/deployments/x"),
        ("POST", "/openai/deployments//embeddings"),
        ("POST", "/v1beta/models/:embedContent"),
        ("POST", "/anthropic/v1/chat/completions"),
    ] {
        assert_eq!(Surface::of(method, path, ""), None, "{method} {path}");
    }
}

#[test]
fn a_wrong_path_is_told_the_right_one() {
    assert_eq!(nearest("POST", "/v1/chat/completion"), ("POST", "/v1/chat/completions"));
    assert_eq!(nearest("GET", "/v1/chat/completions"), ("POST", "/v1/chat/completions"));
    assert_eq!(nearest("POST", "/v1/v1/messages"), ("POST", "/v1/messages"));
    assert_eq!(nearest("POST", "/embeddings/v1"), ("POST", "/v1/embeddings"));
    let _ = nearest("", &"x/".repeat(10_000));
}

#[test]
fn what_has_a_body_says_what_is_found_in_it() {
    for &surface in Surface::ALL {
        let has_body = surface.body() != BodyForm::None;
        assert!(!has_body || surface.method() == "POST", "{surface:?}");
        if surface.operation() == Operation::Chat {
            assert_eq!(Surface::chat(surface.dialect()), surface);
            assert_eq!(Family::of(surface.dialect()), surface.family());
        }
    }
}

proptest! {
    #[test]
    fn any_path_is_survived(path in "(/|v1|beta|models|:|openai|deployments|%|é|\\.|[a-z]){0,12}", query in ".{0,20}") {
        for method in ["GET", "POST", "DELETE", ""] {
            let _ = Surface::of(method, &path, &query);
        }
        let _ = nearest("GET", &path);
    }
}
