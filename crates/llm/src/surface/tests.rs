//! Every row is found by its own path, and what clients put before it does no harm.

use proptest::prelude::*;

use super::{Asked, BodyForm, Family, Kept, Operation, Reach, Surface, methods, nearest, reach};
use crate::catalog::Catalog;
use crate::dialect::Address;
use crate::scan::Scanned;

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
            let path = path.replace("{part}", "some_part");
            let asked = Surface::of(surface.method(), &path, "").unwrap();
            assert_eq!(super::matching::search(surface.method(), &path, "").as_ref(), Some(&asked));
            let found = asked.surface;
            assert!(
                found == surface || found.twin(surface.family()) == Some(surface),
                "{surface:?} was found as {found:?}"
            );
            let (id, part) = (asked.id.as_deref(), asked.part.as_deref());
            assert_eq!(id, path.contains("some_id").then_some("some_id"), "{path}");
            assert_eq!(part, path.contains("some_part").then_some("some_part"), "{path}");
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
    for (path, stream) in [
        ("/v1/projects/p/locations/l/publishers/anthropic/models/c@1:rawPredict", None),
        ("/projects/p/locations/l/publishers/anthropic/models/c%401:streamRawPredict", Some(true)),
    ] {
        let asked = of("POST", path);
        assert_eq!((asked.surface, asked.address.stream), (Surface::AnthropicVertex, stream));
        assert_eq!(asked.address.model.as_deref(), Some("c@1"));
    }
    let count = "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict";
    assert_eq!(of("POST", count).surface, Surface::AnthropicVertexTokenCount);
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
    let google = "x-goog-api-client";
    assert_eq!(asks("GET", "/v1/files/f", google, "genai"), Surface::GeminiFileGet);
    assert_eq!(asks("GET", "/v1/batches/b", google, "genai"), Surface::GeminiBatchGet);
    assert_eq!(asks("GET", "/v1/batches/b", version, "1"), Surface::OpenaiBatchGet);
    assert_eq!(asks("GET", "/v1/files/f:download", google, ""), Surface::GeminiFileContent);
    assert_eq!(of("DELETE", "/v1/batches/b").surface, Surface::GeminiBatchDelete);
    assert_eq!(of("POST", "/upload/v1/files").surface, Surface::GeminiFileUpload);
    assert_eq!(of("POST", "/v1/batches/b:cancel").surface, Surface::GeminiBatchCancel);
    assert_eq!(asks("POST", "/v1/embeddings", version, "1"), Surface::OpenaiEmbedding);
    assert_eq!(asks("GET", "/v1beta/models", version, "1"), Surface::GeminiModelList);
    assert_eq!(of("GET", "/anthropic/v1/models").surface, Surface::AnthropicModelList);
}

#[test]
fn of_all_that_can_be_got_the_head_can_be_asked_for() {
    for &surface in Surface::ALL {
        let path = surface.paths()[0].replace(['{', '}'], "");
        let got = Surface::of("GET", &path, "");
        let is_talk = surface.operation() == Operation::Realtime;
        let head = Surface::of("HEAD", &path, "");
        assert_eq!(head, got.filter(|_| !is_talk), "{path}");
    }
}

#[test]
fn other_paths_are_nobodys() {
    for (method, path) in [
        ("PUT", "/v1/chat/completions"),
        ("GET", "/v1/chat/completions/a/b"),
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
        ("POST", "/v1/publishers/anthropic/models/c:rawPredict"),
        ("POST", "/v1/projects/p/q/locations/l/publishers/anthropic/models/c:rawPredict"),
        ("POST", "/v1/projects/p/locations/l/publishers/anthropic/models/:rawPredict"),
        ("HEAD", "/v1/realtime"),
        ("HEAD", "/v1/messages"),
    ] {
        assert_eq!(Surface::of(method, path, ""), None, "{method} {path}");
    }
}

#[test]
fn a_wrong_path_is_told_the_right_one() {
    assert_eq!(nearest("POST", "/v1/chat/completion"), Some(("POST", "/v1/chat/completions")));
    assert_eq!(nearest("GET", "/v1/moderations"), Some(("POST", "/v1/moderations")));
    assert_eq!(nearest("POST", "/v1/v1/messages"), Some(("POST", "/v1/messages")));
    assert_eq!(nearest("POST", "/api/v1/responses"), Some(("POST", "/v1/responses")));
    assert_eq!(nearest("POST", "/v1/embedding"), Some(("POST", "/v1/embeddings")));
    for path in ["/", "", "/v1", "/v1/assistants", "/v1/threads", "/api/tags", "/favicon.ico"] {
        assert_eq!(nearest("GET", path), None, "{path}");
    }
    let _ = nearest("", &"x/".repeat(10_000));
}

#[test]
fn a_known_path_has_its_methods() {
    assert_eq!(methods("/v1/chat/completions", ""), ["POST", "GET", "HEAD"]);
    assert_eq!(methods("/v1beta/cachedContents/a", ""), ["GET", "HEAD", "DELETE", "PATCH"]);
    assert_eq!(methods("/v1/realtime", ""), ["GET"], "there is no WebSocket without its answer");
    assert_eq!(methods("/anthropic/v1/messages", ""), ["POST"]);
    assert_eq!(methods("/v1/responses/resp_1", ""), ["GET", "HEAD", "DELETE"]);
    assert_eq!(methods("/v1/assistants", ""), [""; 0]);
    assert_eq!(methods("", ""), [""; 0]);
}

#[test]
fn what_has_a_body_says_what_is_found_in_it() {
    for &surface in Surface::ALL {
        let has_body = surface.body() != BodyForm::None;
        assert!(!has_body || ["POST", "PATCH"].contains(&surface.method()), "{surface:?}");
        // Vertex has another path for the same.
        if surface.operation() == Operation::Chat && surface != Surface::AnthropicVertex {
            assert_eq!(Surface::chat(surface.dialect()), surface);
            assert_eq!(Family::of(surface.dialect()), surface.family());
        }
    }
}

fn reached(provider: &str, method: &str, path: &'static str, model: &str) -> Option<Reach> {
    let provider = Catalog::embedded().provider(provider).unwrap();
    let asked = of(method, path);
    let address = Address { model: Some(model.into()), ..asked.address.clone() };
    reach(&provider.routes, &asked, &address)
}

#[track_caller]
fn check_reach(provider: &str, asked: (&str, &'static str), model: &str, there: (Surface, &str)) {
    let reached = reached(provider, asked.0, asked.1, model).expect("the provider has it");
    assert_eq!((reached.surface, reached.path.as_str()), there);
}

#[test]
fn what_a_provider_has_in_the_same_words_is_reached_as_it_is() {
    let check = |provider, method, asked, there| {
        let surface = of(method, asked).surface;
        check_reach(provider, (method, asked), "m/x", (surface, there));
    };
    check("openai", "POST", "/v1/embeddings", "/embeddings");
    check("openai", "POST", "/v1/audio/transcriptions", "/audio/transcriptions");
    check("openai", "POST", "/v1/completions", "/completions");
    check("openai", "GET", "/v1/responses/r%2F1?include[]=x&key=k", "/responses/r%2F1?include[]=x");
    check("openai", "GET", "/v1/realtime?model=asked", "/realtime?model=m%2Fx");
    check("openai", "GET", "/v1/files?limit=2&after=f", "/files?limit=2&after=f");
    check("openrouter", "POST", "/v1/embeddings", "/v1/embeddings");
    check("anthropic", "POST", "/v1/messages/count_tokens", "/v1/messages/count_tokens");
    check("anthropic", "GET", "/v1/messages/batches/b/results", "/v1/messages/batches/b/results");
    check("deepseek", "POST", "/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens");
    check("gemini", "POST", "/v1beta/models/g:countTokens", "/models/m%2Fx:countTokens");
    check("gemini", "POST", "/v1beta/models/g:embedContent", "/models/m%2Fx:embedContent");
    check(
        "gemini",
        "GET",
        "/v1beta/files/f:download?alt=media&key=k",
        "/files/f:download?alt=media",
    );
    check("cohere", "POST", "/v1/embed", "/v1/embed");
    check("cohere", "POST", "/v2/rerank", "/v2/rerank");
    check("together", "POST", "/v1/rerank", "/rerank");
    check("bedrock", "POST", "/model/asked/invoke", "/model/m%2Fx/invoke");
    check("bedrock", "POST", "/model/asked/count-tokens", "/model/m%2Fx/count-tokens");
    check("vertex", "POST", "/v1beta/models/g:predict", "/publishers/google/models/m%2Fx:predict");
    let azure = "/openai/deployments/m%2Fx/embeddings?api-version={api_version}";
    check("azure", "POST", "/v1/embeddings", azure);
    check("azure", "POST", "/v1/batches", "/openai/v1/batches");
    check("azure", "POST", "/v1/responses/compact", "/openai/v1/responses/compact");
    for (provider, path, has_model) in [
        ("azure", "/v1/audio/transcriptions", true),
        ("azure", "/openai/deployments/m/audio/transcriptions", true),
        ("azure", "/v1/files", false),
        ("openai", "/v1/audio/transcriptions", false),
    ] {
        assert_eq!(reached(provider, "POST", path, "m").unwrap().has_model, has_model, "{path}");
    }
    let upload =
        reached("gemini", "POST", "/upload/v1beta/files?uploadType=resumable", "").unwrap();
    assert!(upload.is_from_root);
    assert_eq!(upload.path, "/upload/v1beta/files?uploadType=resumable");
}

#[test]
fn what_a_provider_has_in_other_words_is_reached_by_those() {
    let check = |provider, method, asked, surface, there| {
        check_reach(provider, (method, asked), "tunedModels/m", (surface, there));
    };
    let embeddings = "/v1/embeddings";
    let gemini = "/tunedModels/m:batchEmbedContents";
    check("gemini", "POST", embeddings, Surface::GeminiEmbeddings, gemini);
    let predict = "/publishers/google/tunedModels/m:predict";
    check("vertex-global", "POST", "/v2/embed", Surface::GeminiPredict, predict);
    let invoke = "/model/tunedModels%2Fm/invoke";
    check("bedrock", "POST", embeddings, Surface::BedrockInvoke, invoke);
    check("cohere", "POST", embeddings, Surface::OpenaiEmbedding, "/compatibility/v1/embeddings");
    let completions = "/v1/completions";
    check("anthropic", "POST", completions, Surface::AnthropicMessages, "/v1/messages");
    check("openai", "POST", "/v2/rerank", Surface::CohereRerankV1, "/rerank");
    check("anthropic", "POST", "/v1/responses", Surface::AnthropicMessages, "/v1/messages");
    let count = "/v1/messages/count_tokens";
    let vertex = "/publishers/anthropic/models/count-tokens:rawPredict";
    check("vertex-anthropic", "POST", count, Surface::AnthropicVertexTokenCount, vertex);
    check("groq", "POST", count, Surface::OpenaiTokenCount, "/responses/input_tokens");
    let gemini = "/tunedModels/m:countTokens";
    check("gemini", "POST", count, Surface::GeminiTokenCount, gemini);
    check("deepseek", "POST", "/v1/messages", Surface::AnthropicMessages, "/anthropic/v1/messages");
}

#[test]
fn what_a_provider_has_not_is_not_reached() {
    for (provider, method, path) in [
        ("anthropic", "POST", "/v1/embeddings"),
        ("mistral", "POST", "/v1/messages/count_tokens"),
        ("cohere", "POST", "/v1/responses/input_tokens"),
        ("gemini", "POST", "/v1/images/generations"),
        ("gemini", "POST", "/v1beta/models/g:predict"),
        ("vertex", "GET", "/v1beta/files/f"),
        ("openai", "GET", "/v1/models"),
        ("gemini", "POST", "/v2/rerank"),
    ] {
        assert_eq!(reached(provider, method, path, "m"), None, "{provider} {path}");
    }
}

#[track_caller]
fn check_rename(asked: &'static str, body: &str, renamed: &str) {
    let surface = of("POST", asked).surface;
    let scanned = Scanned::whole(body.as_bytes(), surface.watch()).unwrap();
    let splice = surface.rename(body, &scanned, "other").unwrap();
    assert_eq!(String::from_utf8(splice.apply(body.as_bytes())).unwrap(), renamed);
}

#[test]
fn bodies_name_another_model_wherever_they_name_one() {
    check_rename("/v1/embeddings", r#"{"input":["a"]}"#, r#"{"model":"other","input":["a"]}"#);
    check_rename("/v2/chat", r#"{"model":"a","x":1}"#, r#"{"model":"other","x":1}"#);
    check_rename(
        "/v1beta/models/a:batchEmbedContents",
        r#"{"requests":[{"model":"models/a","content":{}},{"content":{"model":"a"}}, {"model" : "a"}]}"#,
        r#"{"requests":[{"model":"models/other","content":{}},{"content":{"model":"a"}}, {"model" : "models/other"}]}"#,
    );
    check_rename(
        "/v1beta/models/a:countTokens",
        r#"{"generateContentRequest":{"model":"models/a","contents":[]}}"#,
        r#"{"generateContentRequest":{"model":"models/other","contents":[]}}"#,
    );
    check_rename(
        "/v1/messages/batches",
        r#"{"requests":[{"custom_id":"1","params":{"model":"a"}},{"params":{"model":"b"}}]}"#,
        r#"{"requests":[{"custom_id":"1","params":{"model":"other"}},{"params":{"model":"other"}}]}"#,
    );
    check_rename("/model/a/invoke", r#"{"model":"a"}"#, r#"{"model":"a"}"#);
}

#[test]
fn models_deep_in_a_body_are_named() {
    let surface = Surface::AnthropicBatchCreate;
    let body = r#"{"requests":[{"params":{"model":"ab"}},{"params":null},{}]}"#;
    let named = surface.named_models(body).unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!((named[0].name.as_ref(), &body[named[0].span.clone()]), ("ab", r#""ab""#));
    let wrong = surface.named_models(r#"{"requests":[{"params":{"model":7}}]}"#).unwrap_err();
    let many = |count: usize| {
        let requests = (0..3 * count).map(|at| {
            let model = at % count;
            format!(r#"{{"params":{{"model":"m{model}"}}}}"#)
        });
        format!(r#"{{"requests":[{}]}}"#, requests.collect::<Vec<_>>().join(","))
    };
    assert_eq!(surface.model_names(&many(32)).unwrap().len(), 32);
    let error = surface.model_names(&many(33)).unwrap_err();
    assert_eq!(error.why, "names more models than a batch may");
    assert_eq!(wrong.path, "requests[0].params.model");
}

proptest! {
    #[test]
    fn any_path_is_survived(path in "(/|v1|beta|models|:|openai|deployments|%|é|\\.|[a-z]){0,12}", query in ".{0,20}") {
        for method in ["GET", "POST", "DELETE", ""] {
            let _ = Surface::of(method, &path, &query);
        }
        let _ = (nearest("GET", &path), methods(&path, &query));
    }
}
