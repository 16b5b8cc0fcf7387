//! Counts asked and told in the words of every family that has them.

use serde_json::{Value, json};

use super::{read_request, reply, write, write_request};
use crate::dialect::{Address, Quirks};
use crate::surface::Surface;

const SURFACES: [Surface; 4] = [
    Surface::AnthropicTokenCount,
    Surface::OpenaiTokenCount,
    Surface::GeminiTokenCount,
    Surface::BedrockTokenCount,
];

#[test]
fn a_number_is_told_in_the_words_of_each_family() {
    let told = |surface| write(surface, 7).map(|body| String::from_utf8(body).unwrap());
    for (surface, body) in [
        (Surface::AnthropicTokenCount, r#"{"input_tokens":7}"#),
        (Surface::OpenaiTokenCount, r#"{"object":"response.input_tokens","input_tokens":7}"#),
        (Surface::GeminiTokenCount, r#"{"totalTokens":7}"#),
        (Surface::BedrockTokenCount, r#"{"inputTokens":7}"#),
    ] {
        assert_eq!(told(surface).as_deref(), Some(body));
    }
    assert_eq!(told(Surface::OpenaiChat), None);
    for from in SURFACES {
        for to in SURFACES {
            let there = write(from, 7).unwrap();
            assert_eq!(reply((from, to), &there).unwrap(), write(to, 7).unwrap());
            assert!(reply((from, to), b"{\"tokens\":7}").is_err());
        }
    }
}

/// The same request as each family asks to have it counted.
fn asked(surface: Surface) -> Value {
    match surface {
        Surface::AnthropicTokenCount => json!({
            "model": "m", "system": "be kind",
            "messages": [{ "role": "user", "content": "hello" }],
            "tools": [{ "name": "look", "input_schema": { "type": "object" } }],
        }),
        Surface::OpenaiTokenCount => json!({
            "model": "m", "instructions": "be kind",
            "input": [{ "role": "user", "content": "hello" }],
            "tools": [{ "type": "function", "name": "look", "parameters": { "type": "object" } }],
        }),
        Surface::GeminiTokenCount => json!({ "generateContentRequest": {
            "model": "models/m", "systemInstruction": { "parts": [{ "text": "be kind" }] },
            "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }],
            "tools": [{ "functionDeclarations": [
                { "name": "look", "parameters": { "type": "object" } },
            ] }],
        } }),
        _ => json!({ "input": { "converse": {
            "system": [{ "text": "be kind" }],
            "messages": [{ "role": "user", "content": [{ "text": "hello" }] }],
            "toolConfig": { "tools": [
                { "toolSpec": { "name": "look", "inputSchema": { "json": { "type": "object" } } } },
            ] },
        } } }),
    }
}

#[test]
fn what_is_to_be_counted_is_said_in_the_words_of_each_family() {
    let address = Address { model: Some("m".into()), ..Address::default() };
    for from in SURFACES {
        let body = asked(from).to_string();
        let (request, read) = read_request(from, &address, &body).unwrap();
        for to in SURFACES {
            let written = write_request((to, false), &Quirks::default(), &request, &read).unwrap();
            let text = String::from_utf8(written.body).unwrap();
            for part in ["be kind", "hello", "look"] {
                assert!(text.contains(part), "{from:?} to {to:?}: {text}");
            }
            assert!(!text.contains("max"), "{from:?} to {to:?}: {text}");
            // It is read again as it was meant.
            let (again, _) = read_request(to, &address, &text).unwrap();
            assert_eq!(again.messages.len(), request.messages.len(), "{text}");
            assert_eq!(again.tooling.tools.len(), 1, "{text}");
        }
    }
}

#[test]
fn vertex_has_no_request_around_what_is_counted() {
    let body = asked(Surface::AnthropicTokenCount).to_string();
    let (request, read) =
        read_request(Surface::AnthropicTokenCount, &Address::default(), &body).unwrap();
    let to = (Surface::GeminiTokenCount, true);
    let written = write_request(to, &Quirks::default(), &request, &read).unwrap();
    let written: Value = serde_json::from_slice(&written.body).unwrap();
    assert_eq!(written["contents"][0]["parts"][0]["text"], "hello");
}

#[test]
fn what_no_other_family_can_say_is_refused() {
    let body = json!({ "input": { "invokeModel": { "body": "e30=" } } }).to_string();
    let address = Address { model: Some("m".into()), ..Address::default() };
    assert!(read_request(Surface::BedrockTokenCount, &address, &body).is_err());
    // Gemini's shorter form has the contents alone.
    let body = json!({ "contents": [{ "parts": [{ "text": "hello" }] }] }).to_string();
    assert!(read_request(Surface::GeminiTokenCount, &address, &body).is_ok());
}
