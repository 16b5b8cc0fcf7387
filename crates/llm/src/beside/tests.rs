//! What is no chat, from a client to a provider and back.

use super::{Destination, Prepared, PreparedBody, prepare};
use crate::catalog::Catalog;
use crate::chat::ChatError;
use crate::dialect::{Address, Context};
use crate::frame::Framing;
use crate::scan::Scanned;
use crate::surface::{Operation, Surface};

fn context() -> Context {
    Context { id: "x1".into(), model: "asked".into(), created_s: 7, stream_usage: false }
}

fn prepared(
    path: &str,
    body: &str,
    provider: &str,
    model: &str,
) -> Result<Option<Prepared>, ChatError> {
    let provider = Catalog::embedded().provider(provider).unwrap();
    let asked = Surface::of("POST", path, "").unwrap().of_body(body);
    let scanned = Scanned::whole(body.as_bytes(), asked.surface.watch()).unwrap();
    let address = Address {
        model: Some(model.to_owned().into()),
        stream: Some(asked.address.stream == Some(true)),
        framing: None,
    };
    let quirks = provider.quirks(model);
    let to = Destination { routes: &provider.routes, quirks: &quirks, address: &address };
    prepare(&asked, (body, &scanned), to)
}

/// What goes there.
fn sent(prepared: &Prepared, body: &str) -> Vec<String> {
    let bodies = match &prepared.body {
        PreparedBody::AsCame(splice) => vec![splice.apply(body.as_bytes())],
        PreparedBody::Written(bodies) => bodies.clone(),
    };
    bodies.into_iter().map(|body| String::from_utf8(body).unwrap()).collect()
}

#[track_caller]
fn check(path: &str, body: &str, to: (&str, &str), there: (&str, &[&str])) -> Prepared {
    let prepared = prepared(path, body, to.0, to.1).unwrap().expect("the provider has it");
    assert_eq!(prepared.reach.path, there.0);
    assert_eq!(sent(&prepared, body), there.1);
    prepared
}

fn answer(prepared: &Prepared, bodies: &[&str]) -> String {
    let answer = prepared.answer(bodies, &context()).unwrap();
    String::from_utf8(answer.body.expect("it is translated")).unwrap()
}

#[test]
fn what_a_provider_has_goes_through_as_it_came() {
    let body = r#"{"model":"a", "input":"b","zeal":1}"#;
    let there = r#"{"model":"m", "input":"b","zeal":1}"#;
    let passed = check("/v1/embeddings", body, ("openai", "m"), ("/embeddings", &[there]));
    assert!(passed.is_passed());
    let reply = r#"{"data":[],"usage":{"prompt_tokens":3,"total_tokens":3}}"#;
    let answer = passed.answer(&[reply], &context()).unwrap();
    assert_eq!((answer.body, answer.used.tokens.unwrap().input), (None, 3));
    check("/v1/moderations", body, ("openai", "m"), ("/moderations", &[there]));
    let rank = r#"{"model":"m","query":"a","documents":["b"],"top_k":1}"#;
    check("/v1/rerank", rank, ("together", "m"), ("/rerank", &[rank]));
    let titan = r#"{"inputText":"a"}"#;
    let path = "/model/amazon.titan-embed-text-v2%3A0/invoke";
    check("/model/a/invoke", titan, ("bedrock", "amazon.titan-embed-text-v2:0"), (path, &[titan]));
    let unknown = r#"{"taskType":"SINGLE_EMBEDDING"}"#;
    let path = "/model/amazon.nova/invoke";
    check("/model/a/invoke", unknown, ("bedrock", "amazon.nova"), (path, &[unknown]));
}

#[test]
fn vectors_are_asked_in_the_words_of_the_provider() {
    let body = r#"{"model":"a","input":["b","c"],"encoding_format":"base64"}"#;
    let there = r#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"b"}]}},{"model":"models/m","content":{"parts":[{"text":"c"}]}}]}"#;
    let path = "/models/m:batchEmbedContents";
    let gemini = check("/v1/embeddings", body, ("gemini", "m"), (path, &[there]));
    let reply = answer(&gemini, &[r#"{"embeddings":[{"values":[0.25]},{"values":[-1]}]}"#]);
    assert!(reply.contains(r#""embedding":"AACAPg==""#) && reply.contains(r#""AACAvw==""#));
    let titan = "amazon.titan-embed-text-v2:0";
    let path = "/model/amazon.titan-embed-text-v2%3A0/invoke";
    let there = [r#"{"inputText":"b"}"#, r#"{"inputText":"c"}"#];
    check("/v1/embeddings", body, ("bedrock", titan), (path, &there));
    // The same path there, other words.
    let titans = r#"{"inputText":"b","dimensions":256}"#;
    let there = r#"{"texts":["b"],"input_type":"search_document","output_dimension":256}"#;
    let model = "cohere.embed-v4:0";
    let path = "/model/cohere.embed-v4%3A0/invoke";
    let cohere = check("/model/a/invoke", titans, ("bedrock", model), (path, &[there]));
    let reply = answer(&cohere, &[r#"{"embeddings":[[1,2]],"response_type":"embeddings_floats"}"#]);
    assert_eq!(reply, r#"{"embedding":[1,2],"embeddingsByType":{"float":[1,2]}}"#);
}

#[test]
fn bare_calls_are_what_their_body_asks_for() {
    let operation = |path, body| Surface::of("POST", path, "").unwrap().of_body(body).operation();
    let titan = r#"{"inputText":"a"}"#;
    assert_eq!(operation("/model/a/invoke", titan), Operation::Embedding);
    let rank = r#"{"query":"a","documents":["b"]}"#;
    assert_eq!(operation("/model/a/invoke", rank), Operation::Rerank);
    assert_eq!(operation("/model/a/invoke", "{}"), Operation::Invoke);
    let chat = r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[]}"#;
    assert_eq!(operation("/model/a/invoke", chat), Operation::Chat);
    assert_eq!(operation("/v1/messages", titan), Operation::Chat);
    let claude = "eu.anthropic.claude-v1:0";
    let path = "/model/eu.anthropic.claude-v1%3A0/invoke";
    check("/model/a/invoke", chat, ("bedrock", claude), (path, &[chat]));
    let there = r#"{"model":"m","stream":true,"max_tokens":9,"messages":[]}"#;
    let path = "/model/a/invoke-with-response-stream";
    check(path, chat, ("anthropic", "m"), ("/v1/messages", &[there]));
    assert_eq!(operation("/v1/embeddings", titan), Operation::Embedding);
    let there = r#"{"model":"m","query":"a","documents":["b"]}"#;
    let path = "/v2/rerank";
    let cohere = check("/model/a/invoke", rank, ("cohere", "m"), (path, &[there]));
    let reply = answer(&cohere, &[r#"{"id":"1","results":[{"index":0,"relevance_score":0.50}]}"#]);
    assert_eq!(reply, r#"{"results":[{"index":0,"relevance_score":0.50}]}"#);
    let images = r#"{"instances":[{"prompt":"a"}]}"#;
    let path = "/v1beta/models/a:predict";
    assert!(prepared(path, images, "openai", "m").unwrap().is_none());
    assert!(prepared(path, images, "vertex", "m").unwrap().unwrap().is_passed());
}

#[test]
fn a_completion_is_made_of_chat_where_there_is_nothing_else() {
    let body = r#"{"model":"a","prompt":"b","max_tokens":5}"#;
    let there = r#"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"text","text":"b"}]}]}"#;
    let claude = check("/v1/completions", body, ("anthropic", "m"), ("/v1/messages", &[there]));
    let said = r#"{"id":"1","type":"message","role":"assistant","content":[{"type":"text","text":"c"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}"#;
    let reply = answer(&claude, &[said]);
    assert!(reply.contains(r#""object":"text_completion""#) && reply.contains(r#""text":"c""#));
    assert!(claude.stream_translation(Framing::Sse, &context()).is_some());
    assert!(claude.passed_stream(Framing::Sse).is_none());
    let newer = prepared("/v1/completions", body, "openai", "gpt-4o").unwrap().unwrap();
    assert_eq!(newer.reach.surface, Surface::OpenaiChat);
    let older = prepared("/v1/completions", body, "openai", "gpt-3.5-turbo-instruct").unwrap();
    assert_eq!(older.unwrap().reach.surface, Surface::OpenaiCompletion);
}

#[test]
fn what_cannot_be_said_is_refused_and_what_is_not_there_is_told() {
    let error = |path, body, provider| prepared(path, body, provider, "m").unwrap_err();
    let tokens = error("/v1/embeddings", r#"{"model":"a","input":[1]}"#, "gemini");
    assert_eq!(tokens.param.as_deref(), Some("input_tokens"));
    let suffix = error("/v1/completions", r#"{"prompt":"a","suffix":"b"}"#, "anthropic");
    assert_eq!(suffix.param.as_deref(), Some("suffix"));
    let unknown = error("/v1/embeddings", r#"{"model":"a","input":"b"}"#, "bedrock");
    assert_eq!(unknown.status, 400);
    let none = prepared("/v1/embeddings", r#"{"input":"b"}"#, "anthropic", "m").unwrap();
    assert!(none.is_none());
}
