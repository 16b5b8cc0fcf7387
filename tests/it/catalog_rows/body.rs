//! One chat, said in each dialect: as clients ask it, as providers are asked, as they answer.

use serde_json::{Value, json};

use super::ANSWER;

/// What the chat says.
#[derive(Debug, PartialEq)]
pub(super) struct Facts {
    model: Option<String>,
    system: String,
    user: String,
    tokens_max: Option<u64>,
    temperature: Option<f64>,
}

impl Facts {
    pub(super) fn of_a_chat(model: Option<String>) -> Self {
        Self {
            model,
            system: "Be brief.".into(),
            user: "ping".into(),
            tokens_max: Some(64),
            temperature: Some(0.5),
        }
    }
}

/// The members of a request in each dialect, but the model.
pub(super) const KEYS: [(&str, &[&str]); 6] = [
    ("openai_chat", &["messages", "max_tokens", "temperature"]),
    ("openai_responses", &["instructions", "input", "max_output_tokens", "temperature"]),
    ("anthropic_messages", &["system", "messages", "max_tokens", "temperature"]),
    ("gemini_generate_content", &["systemInstruction", "contents", "generationConfig"]),
    ("bedrock_converse", &["system", "messages", "inferenceConfig"]),
    ("cohere_chat", &["messages", "max_tokens", "temperature"]),
];

/// Path and body of the chat as a client asks it.
pub(super) fn request(dialect: &str, model: &str, stream: bool) -> (String, String) {
    let user = json!([{"role": "user", "content": "ping"}]);
    let both =
        json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "ping"}]);
    let (path, mut body) = match dialect {
        "openai_chat" => (
            "/v1/chat/completions".to_owned(),
            json!({"model": model, "messages": both, "max_tokens": 64, "temperature": 0.5}),
        ),
        "openai_responses" => (
            "/v1/responses".to_owned(),
            json!({"model": model, "instructions": "Be brief.", "input": "ping", "max_output_tokens": 64, "temperature": 0.5}),
        ),
        "anthropic_messages" => (
            "/v1/messages".to_owned(),
            json!({"model": model, "system": "Be brief.", "messages": user, "max_tokens": 64, "temperature": 0.5}),
        ),
        "gemini_generate_content" => (
            format!("/v1beta/models/{model}:generateContent"),
            json!({
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": "ping"}]}],
                "generationConfig": {"maxOutputTokens": 64, "temperature": 0.5}
            }),
        ),
        "bedrock_converse" => (
            format!("/model/{model}/converse"),
            json!({
                "system": [{"text": "Be brief."}],
                "messages": [{"role": "user", "content": [{"text": "ping"}]}],
                "inferenceConfig": {"maxTokens": 64, "temperature": 0.5}
            }),
        ),
        "cohere_chat" => (
            "/v2/chat".to_owned(),
            json!({"model": model, "messages": both, "max_tokens": 64, "temperature": 0.5}),
        ),
        other => panic!("no dialect: {other}"),
    };
    if stream {
        body["stream"] = json!(true);
    }
    (path, body.to_string())
}

/// What a request says, read where its dialect has it.
pub(super) fn facts(dialect: &str, body: &Value) -> Facts {
    let (system, user, limits, tokens_max) = match dialect {
        "openai_chat" | "cohere_chat" => {
            assert_eq!(body["messages"][0]["role"], "system", "{body}");
            let system = &body["messages"][0]["content"];
            (system, &body["messages"][1], body, "max_tokens")
        }
        "openai_responses" => (&body["instructions"], &body["input"], body, "max_output_tokens"),
        "anthropic_messages" => (&body["system"], &body["messages"][0], body, "max_tokens"),
        "gemini_generate_content" => {
            let limits = &body["generationConfig"];
            (&body["systemInstruction"], &body["contents"][0], limits, "maxOutputTokens")
        }
        "bedrock_converse" => {
            (&body["system"], &body["messages"][0], &body["inferenceConfig"], "maxTokens")
        }
        other => panic!("no dialect: {other}"),
    };
    Facts {
        model: body["model"].as_str().map(str::to_owned),
        system: text(system),
        user: text(user),
        tokens_max: limits[tokens_max].as_u64(),
        temperature: limits["temperature"].as_f64(),
    }
}

/// The text of a message, of its parts, or of a part.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect(),
        Value::Object(_) => {
            let within = ["content", "parts", "text"].iter().find(|name| !value[**name].is_null());
            text(&value[*within.unwrap_or_else(|| panic!("no text: {value}"))])
        }
        other => panic!("no text: {other}"),
    }
}

/// Status and body of a provider's answer, by the path that it was asked at. Streams are refused:
/// only how they are asked for is of interest.
pub(super) fn answer(target: &str) -> (u16, String) {
    let path = target.split('?').next().unwrap_or_default();
    let is = |end: &str| path.ends_with(end);
    let body = if is("/token") {
        json!({"access_token": "ya29.token", "expires_in": 3599, "token_type": "Bearer"})
    } else if is("/chat/completions") {
        json!({
            "id": "c1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        })
    } else if is("/responses") {
        json!({
            "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m",
            "output": [{
                "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": ANSWER, "annotations": []}]
            }],
            "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        })
    } else if is("/messages") || is(":rawPredict") {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": ANSWER}], "stop_reason": "end_turn",
            "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1}
        })
    } else if is(":generateContent") {
        json!({
            "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": ANSWER}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        })
    } else if is("/converse") {
        json!({
            "output": {"message": {"role": "assistant", "content": [{"text": ANSWER}]}},
            "stopReason": "end_turn", "metrics": {"latencyMs": 1},
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        })
    } else if is("/v2/chat") {
        json!({
            "id": "c1", "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]},
            "usage": {"tokens": {"input_tokens": 1, "output_tokens": 1}}
        })
    } else {
        return (400, json!({"error": {"message": "not here"}}).to_string());
    };
    (200, body.to_string())
}
