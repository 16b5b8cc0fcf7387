//! Providers on loopback that answer as theirs do, and what is told of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use architrave_config::{NoSources, ProviderLinks, ProviderTimeouts};
use architrave_core::name::{CredentialName, ProviderName};
use architrave_testkit::name_server::{NameServer, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const KEY: &str = "sk-proj-A1b2C3d4E5f6";

/// A provider that answers each request by what it was asked.
struct Origin {
    address: SocketAddr,
    asked: Receiver<String>,
}

impl Origin {
    async fn start(answer: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, asked) = sync_channel(64);
        architrave_core::task::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = Vec::new();
                while !is_whole(&request) {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                let request = String::from_utf8(request).unwrap();
                let (status, body) = answer(&request);
                let length = body.len();
                let said = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n\r\n{body}");
                let _gone = stream.write_all(said.as_bytes()).await;
                let _told = tell.send(request);
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn next(&self) -> String {
        self.asked.recv_timeout(architrave_testkit::SOON).expect("it was asked")
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    length.is_none_or(|length| length == Ok(body.len()))
}

fn tester(resolver: Resolver) -> ProviderTester {
    ProviderTester::new(Arc::new(resolver), Arc::default(), Clock::system())
}

fn provider(kind: &str, base_url: &str, secret: Option<CredentialSecret>) -> Provider {
    let credential =
        |secret| ProviderCredential { name: CredentialName::new("main"), weight: 1, secret };
    Provider {
        name: ProviderName::new("lab"),
        kind: ProviderKind::Catalog(kind.to_owned()),
        base_url: Some(base_url.to_owned()),
        upstream: None,
        credentials: secret.map(credential).into_iter().collect(),
        fill: vec![("region", "eu-west-1".to_owned()), ("api_version", "2024-10-21".to_owned())],
        allow_private: false,
        timeouts: ProviderTimeouts::default(),
        links: ProviderLinks::default(),
    }
}

fn key(key: &str) -> Option<CredentialSecret> {
    Some(CredentialSecret::Value(Secret::new(key)))
}

async fn run(provider: &Provider, model: Option<&str>) -> CredentialTest {
    let file = "version: 1\nlisteners: [{ name: a, address: \"127.0.0.1:0\", protocol: http }]\n";
    let snapshot = architrave_config::load(file, "test", &NoSources).unwrap();
    let tests = tester(Resolver::system());
    let mut tests = tests.test(&snapshot, provider, model, &Catalog::embedded()).await;
    assert_eq!(tests.len(), 1);
    tests.remove(0)
}

fn reason(test: &CredentialTest) -> Option<&str> {
    test.fault.as_ref().map(|fault| fault.reason)
}

/// What providers list, who is let in by `KEY` alone.
fn list(body: &'static str) -> impl Fn(&str) -> (u16, String) + Send + 'static {
    move |request| match request.contains(KEY) || request.contains("AWS4-HMAC-SHA256") {
        true => (200, body.to_owned()),
        false => (401, format!(r#"{{"error":{{"message":"no: {KEY}"}}}}"#)),
    }
}

#[tokio::test]
async fn models_are_listed_in_every_dialect_and_the_key_is_shown_as_the_provider_wants_it() {
    let aws = || {
        Some(CredentialSecret::Aws {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new(KEY),
            session_token: None,
            region: None,
        })
    };
    let openai = r#"{"data":[{"id":"small"}]}"#;
    for (kind, path, secret, body, asked, shown) in [
        ("openai", "/v1", key(KEY), openai, "/v1/models", "authorization: Bearer sk-proj"),
        ("azure", "", key(KEY), openai, "/openai/v1/models", "api-key: sk-proj"),
        (
            "anthropic",
            "",
            key(KEY),
            r#"{"data":[{"type":"model","id":"small"}],"has_more":false}"#,
            "/v1/models?limit=1000",
            "x-api-key: sk-proj",
        ),
        (
            "gemini",
            "/v1beta",
            key(KEY),
            r#"{"models":[{"name":"small"}]}"#,
            "/v1beta/models?pageSize=1000",
            "x-goog-api-key: sk-proj",
        ),
        (
            "cohere",
            "",
            key(KEY),
            r#"{"models":[{"name":"small"}]}"#,
            "/v1/models?page_size=1000",
            "authorization: Bearer sk-proj",
        ),
        (
            "bedrock",
            "",
            aws(),
            r#"{"modelSummaries":[{"modelId":"small"}]}"#,
            "/foundation-models",
            "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
        ),
    ] {
        let origin = Origin::start(list(body)).await;
        let test = run(&provider(kind, &origin.url(path), secret), None).await;
        assert_eq!(test.models, Some(vec!["small".to_owned()]), "{kind}: {test:?}");
        assert_eq!((test.model_count, reason(&test)), (Some(1), None), "{kind}");
        assert_eq!(test.is_authenticated, Some(true), "{kind}: {test:?}");
        assert_eq!((test.status, test.address), (Some(200), Some(origin.address)));
        assert_eq!(test.asked, Some(format!("GET {}", origin.url(asked))), "{kind}");
        let request = origin.next();
        assert!(request.starts_with(&format!("GET {asked} HTTP/1.1\r\n")), "{kind}: {request}");
        let head = request.to_ascii_lowercase();
        assert!(head.contains(&shown.to_ascii_lowercase()), "{kind}: {request}");
        // Once more without it, as a list may be shown to everybody.
        assert!(!origin.next().contains("sk-proj"), "{kind}");
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_without_any_piece_of_it() {
    for secret in [KEY, "sk-proj-another-one"] {
        let said = format!(r#"{{"error":{{"message":"Incorrect API key provided: {secret}."}}}}"#);
        let origin = Origin::start(move |_| (401, said.clone())).await;
        let test = run(&provider("openai", &origin.url("/v1"), key(secret)), None).await;
        assert_eq!(
            (reason(&test), test.is_authenticated),
            (Some("credential_refused"), Some(false))
        );
        assert!(test.is_reachable && test.models.is_none());
        let message = &test.fault.as_ref().unwrap().message;
        assert_eq!(message, "Incorrect API key provided: •.");
        assert!(!format!("{test:?}").contains("sk-proj"), "{test:?}");
    }
}

#[tokio::test]
async fn a_model_whose_name_repeats_the_key_is_not_named() {
    let body = r#"{"data":[{"id":"small"},{"id":"for-sk-proj-A1b2C3d4E5f6"}]}"#;
    let origin = Origin::start(list(body)).await;
    let test = run(&provider("openai", &origin.url("/v1"), key(KEY)), None).await;
    assert_eq!(test.models.as_deref(), Some(&["small".to_owned()][..]), "{test:?}");
    assert_eq!(test.model_count, Some(2));
    assert!(!format!("{test:?}").contains("A1b2C3"), "{test:?}");
}

#[tokio::test]
async fn a_list_that_is_shown_to_everybody_proves_no_key() {
    let origin = Origin::start(|_| (200, r#"{"data":[]}"#.to_owned())).await;
    let test = run(&provider("openai", &origin.url("/v1"), key("wrong")), None).await;
    assert_eq!((reason(&test), test.is_authenticated), (None, None));
    assert!(test.note.is_some_and(|note| note.contains("name a model")), "{test:?}");
    let bare = run(&provider("ollama", &origin.url("/v1"), None), None).await;
    assert_eq!((reason(&bare), bare.is_authenticated, bare.note), (None, None, None));
}

#[tokio::test]
async fn a_model_is_asked_for_one_token_in_every_dialect() {
    for (kind, path, body, asked, said) in [
        (
            "openai",
            "/v1",
            r#"{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"p"},"finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
            "/v1/chat/completions",
            r#""model":"small""#,
        ),
        (
            "anthropic",
            "",
            r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"p"}],"stop_reason":"max_tokens","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}"#,
            "/v1/messages",
            r#""max_tokens":1"#,
        ),
        (
            "gemini",
            "/v1beta",
            r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"p"}]},"finishReason":"MAX_TOKENS","index":0}]}"#,
            "/v1beta/models/small:generateContent",
            r#""maxOutputTokens":1"#,
        ),
        (
            "cohere",
            "",
            r#"{"id":"x","message":{"role":"assistant","content":[{"type":"text","text":"p"}]},"finish_reason":"MAX_TOKENS"}"#,
            "/v2/chat",
            r#""max_tokens":1"#,
        ),
        (
            "bedrock-api-key",
            "",
            r#"{"output":{"message":{"role":"assistant","content":[{"text":"p"}]}},"stopReason":"max_tokens","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#,
            "/model/small/converse",
            r#""maxTokens":1"#,
        ),
    ] {
        let origin = Origin::start(list(body)).await;
        let test = run(&provider(kind, &origin.url(path), key(KEY)), Some("small")).await;
        assert_eq!((reason(&test), test.is_authenticated), (None, Some(true)), "{kind}: {test:?}");
        assert_eq!(test.models, None);
        let request = origin.next();
        assert!(request.starts_with(&format!("POST {asked} HTTP/1.1\r\n")), "{kind}: {request}");
        assert!(request.contains(said), "{kind}: {request}");
        assert!(origin.asked.try_recv().is_err(), "one question is asked");
    }
}

#[tokio::test]
async fn a_model_that_there_is_not_says_nothing_of_the_key() {
    let said = r#"{"error":{"message":"The model `big` does not exist","code":"model_not_found"}}"#;
    let origin = Origin::start(|_| (404, said.to_owned())).await;
    let test = run(&provider("openai", &origin.url("/v1"), key(KEY)), Some("big")).await;
    assert_eq!((reason(&test), test.is_authenticated), (Some("not_found"), None));
    assert_eq!(test.fault.unwrap().message, "The model `big` does not exist");
    let cut = r#"{"error":{"message":"Could not finish the message because max_tokens or model output limit was reached.","type":"invalid_request_error"}}"#;
    let origin = Origin::start(|_| (400, cut.to_owned())).await;
    let test = run(&provider("openai", &origin.url("/v1"), key(KEY)), Some("o9")).await;
    assert_eq!((reason(&test), test.is_authenticated), (None, Some(true)), "{test:?}");
}

#[tokio::test]
async fn what_is_no_provider_is_told_as_what_it_is() {
    for (status, body, told) in [
        (200, "<html>hello</html>", "malformed_answer"),
        (302, "", "failed"),
        (404, "<html>nothing here</html>", "not_found"),
        (429, r#"{"error":{"message":"slow down"}}"#, "rate_limited"),
        (500, "", "failed"),
    ] {
        let origin = Origin::start(move |_| (status, body.to_owned())).await;
        let test = run(&provider("openai", &origin.url("/v1"), key(KEY)), None).await;
        assert_eq!((reason(&test), test.status), (Some(told), Some(status)), "{test:?}");
        assert!(test.is_reachable && test.is_authenticated.is_none(), "{test:?}");
        assert!(!test.fault.unwrap().message.contains('<'));
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let test = run(&provider("openai", &format!("http://{closed}/v1"), key(KEY)), None).await;
    assert_eq!((reason(&test), test.is_reachable), (Some("not_connected"), false));
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = mute.local_addr().unwrap();
    let hangs_up = architrave_core::task::spawn(async move { drop(mute.accept().await) });
    let test = run(&provider("openai", &format!("https://{address}/v1"), key(KEY)), None).await;
    assert_eq!((reason(&test), test.is_reachable), (Some("tls_failed"), true), "{test:?}");
    hangs_up.await.unwrap();
}

#[tokio::test]
async fn a_name_that_leads_within_is_asked_only_where_that_is_allowed() {
    let origin = Origin::start(list(r#"{"data":[{"id":"small"}]}"#)).await;
    let names = NameServer::start();
    names.set("lab.example", &[Record::A(60, [127, 0, 0, 1].into())]);
    let url = format!("http://lab.example:{}/v1", origin.address.port());
    let file = "version: 1\nlisteners: [{ name: a, address: \"127.0.0.1:0\", protocol: http }]\n";
    let snapshot = architrave_config::load(file, "test", &NoSources).unwrap();
    for (allow_private, expected) in [(false, Some("address_not_allowed")), (true, None)] {
        let provider = Provider { allow_private, ..provider("openai", &url, key(KEY)) };
        let tester = tester(Resolver::with_name_server(names.address()));
        let tests = tester.test(&snapshot, &provider, None, &Catalog::embedded()).await;
        assert_eq!(reason(&tests[0]), expected, "{tests:?}");
        assert_eq!(tests[0].is_reachable, allow_private);
    }
    let metadata = provider("openai", "http://169.254.169.254/v1", key(KEY));
    assert_eq!(reason(&run(&metadata, None).await), Some("address_not_allowed"));
}

#[tokio::test]
async fn an_upstream_is_asked_at_the_first_endpoint_that_answers_and_each_credential_by_itself() {
    let origin = Origin::start(list(r#"{"data":[{"id":"small"}]}"#)).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let file = format!(
        "version: 1\n\
         listeners: [{{ name: a, address: \"127.0.0.1:0\", protocol: http }}]\n\
         upstreams: [{{ name: lab, endpoints: [{{ address: \"{closed}\" }}, {{ address: \"{}\" }}] }}]\n\
         providers: [{{ name: lab, kind: openai_compatible, upstream: lab, credentials: [\
         {{ name: right, value: \"{KEY}\" }}, {{ name: wrong, value: \"wrong-one\" }}] }}]\n",
        origin.address
    );
    let snapshot = architrave_config::load(&file, "test", &NoSources).unwrap();
    let tester = tester(Resolver::system());
    let provider = &snapshot.providers[0];
    let tests = tester.test(&snapshot, provider, None, &Catalog::embedded()).await;
    let told: Vec<_> = tests
        .iter()
        .map(|test| (test.credential.as_deref(), reason(test), test.is_authenticated))
        .collect();
    assert_eq!(
        told,
        [
            (Some("right"), None, Some(true)),
            (Some("wrong"), Some("credential_refused"), Some(false)),
        ]
    );
    assert_eq!(tests[0].asked.as_deref(), Some("GET http://lab/v1/models"));
    assert_eq!(tests[0].address, Some(origin.address));
}

#[tokio::test]
async fn the_mock_answers_as_it_was_told_to() {
    let mock = |mock: Mock| Provider { kind: ProviderKind::Mock(mock), ..provider("", "", None) };
    let test = run(&mock(Mock::default()), None).await;
    assert_eq!(test.models.as_deref().map(<[_]>::len), Some(5));
    assert_eq!((reason(&test), test.is_reachable), (None, true));
    assert_eq!(reason(&run(&mock(Mock::default()), Some("echo")).await), None);
    assert_eq!(reason(&run(&mock(Mock::default()), Some("none")).await), Some("not_found"));
    let failing = Mock { fail_percent: 100, fail_status: 529, ..Mock::default() };
    let test = run(&mock(failing), Some("echo")).await;
    assert_eq!((reason(&test), test.status), (Some("overloaded"), Some(529)));
}
