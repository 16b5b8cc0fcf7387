//! The six dialects of chat, as a plain client asks and a plain origin answers.
//!
//! Written apart from the gateway's own on purpose, from what providers document; each says just so
//! much as a test needs to tell a right answer from a wrong one.

mod aws_events;

use serde_json::{Value, json};

use crate::client;
use crate::message::Response;

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Chat Completions.
    OpenaiChat,
    /// Responses.
    OpenaiResponses,
    /// Messages.
    Anthropic,
    /// generateContent.
    Gemini,
    /// Converse.
    Bedrock,
    /// Chat, version 2.
    Cohere,
}

use Dialect::{Anthropic, Bedrock, Cohere, Gemini, OpenaiChat, OpenaiResponses};

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 6] = [OpenaiChat, OpenaiResponses, Anthropic, Gemini, Bedrock, Cohere];

    /// Where a model is asked.
    #[must_use]
    pub fn path(self, model: &str, stream: bool) -> String {
        match self {
            OpenaiChat => "/v1/chat/completions".to_owned(),
            OpenaiResponses => "/v1/responses".to_owned(),
            Anthropic => "/v1/messages".to_owned(),
            Gemini if stream => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            Gemini => format!("/v1beta/models/{model}:generateContent"),
            Bedrock if stream => format!("/model/{model}/converse-stream"),
            Bedrock => format!("/model/{model}/converse"),
            Cohere => "/v2/chat".to_owned(),
        }
    }

    /// A question of one sentence.
    #[must_use]
    pub fn question(self, model: &str, text: &str, stream: bool) -> Value {
        let messages = json!([{ "role": "user", "content": text }]);
        match self {
            OpenaiChat | Cohere => {
                json!({ "model": model, "stream": stream, "messages": messages })
            }
            OpenaiResponses => json!({ "model": model, "stream": stream, "input": text }),
            Anthropic => json!({
                "model": model, "stream": stream, "max_tokens": 512, "messages": messages,
            }),
            Gemini => json!({ "contents": [{ "role": "user", "parts": [{ "text": text }] }] }),
            Bedrock => json!({ "messages": [{ "role": "user", "content": [{ "text": text }] }] }),
        }
    }

    /// The same with a limit on the tokens of the answer.
    #[must_use]
    pub fn limited(self, mut question: Value, tokens: u64) -> Value {
        match self {
            OpenaiChat => question["max_completion_tokens"] = tokens.into(),
            OpenaiResponses => question["max_output_tokens"] = tokens.into(),
            Anthropic | Cohere => question["max_tokens"] = tokens.into(),
            Gemini => question["generationConfig"] = json!({ "maxOutputTokens": tokens }),
            Bedrock => question["inferenceConfig"] = json!({ "maxTokens": tokens }),
        }
        question
    }

    /// The field by which the official client shows a key.
    #[must_use]
    pub fn key(self, key: &str) -> String {
        match self {
            OpenaiChat | OpenaiResponses | Bedrock | Cohere => {
                format!("Authorization: Bearer {key}")
            }
            Anthropic => format!("x-api-key: {key}"),
            Gemini => format!("x-goog-api-key: {key}"),
        }
    }

    /// The text of a whole answer.
    ///
    /// # Panics
    /// When it is none in this dialect.
    #[must_use]
    #[track_caller]
    pub fn text(self, answer: &Value) -> String {
        let place = match self {
            OpenaiChat => "/choices/0/message/content",
            OpenaiResponses => return self.response_text(answer),
            Anthropic => "/content/0/text",
            Gemini => "/candidates/0/content/parts/0/text",
            Bedrock => "/output/message/content/0/text",
            Cohere => "/message/content/0/text",
        };
        text_at(answer, place)
    }

    /// Behind items of reasoning stands the message.
    #[track_caller]
    fn response_text(self, answer: &Value) -> String {
        let items = answer["output"].as_array().unwrap_or_else(|| panic!("no output: {answer}"));
        let message = items.iter().find(|item| item["type"] == "message");
        text_at(message.unwrap_or(&Value::Null), "/content/0/text")
    }

    /// Tokens of prompt and answer that a whole answer tells.
    ///
    /// # Panics
    /// When it tells none.
    #[must_use]
    #[track_caller]
    pub fn usage(self, answer: &Value) -> (u64, u64) {
        let (input, output) = match self {
            OpenaiChat => ("/usage/prompt_tokens", "/usage/completion_tokens"),
            OpenaiResponses | Anthropic => ("/usage/input_tokens", "/usage/output_tokens"),
            Gemini => ("/usageMetadata/promptTokenCount", "/usageMetadata/candidatesTokenCount"),
            Bedrock => ("/usage/inputTokens", "/usage/outputTokens"),
            Cohere => ("/usage/tokens/input_tokens", "/usage/tokens/output_tokens"),
        };
        let count = |place| answer.pointer(place).and_then(Value::as_u64);
        let both = count(input).zip(count(output));
        both.unwrap_or_else(|| panic!("no usage in {self:?}: {answer}"))
    }

    /// The events of a streamed answer. Those of Bedrock have their name as their only key.
    ///
    /// # Panics
    /// When they are not framed as they must be.
    #[must_use]
    #[track_caller]
    pub fn events(self, body: &[u8]) -> Vec<Value> {
        if self == Bedrock {
            return aws_events::read(body);
        }
        let text = std::str::from_utf8(body).expect("events are text");
        assert!(text.is_empty() || text.ends_with("\n\n"), "cut off: {text}");
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let event = |data| serde_json::from_str(data).unwrap_or_else(|_| panic!("event {data}"));
        data.filter(|data| *data != "[DONE]").map(event).collect()
    }

    /// The text of a streamed answer.
    #[must_use]
    #[track_caller]
    pub fn streamed_text(self, body: &[u8]) -> String {
        let place = match self {
            OpenaiChat => "/choices/0/delta/content",
            OpenaiResponses => "/delta",
            Anthropic => "/delta/text",
            Gemini => "/candidates/0/content/parts/0/text",
            Bedrock => "/contentBlockDelta/delta/text",
            Cohere => "/delta/message/content/text",
        };
        let is_text = |event: &Value| match self {
            OpenaiResponses => event["type"] == "response.output_text.delta",
            Cohere => event["type"] == "content-delta",
            _ => true,
        };
        let events = self.events(body);
        let texts = events.iter().filter(|event| is_text(event));
        texts.filter_map(|event| event.pointer(place)?.as_str()).collect()
    }

    /// Whether a stream says that it has ended well.
    #[must_use]
    #[track_caller]
    pub fn is_ended(self, body: &[u8]) -> bool {
        let events = self.events(body);
        let has = |is: &dyn Fn(&Value) -> bool| events.iter().any(is);
        match self {
            OpenaiChat => String::from_utf8_lossy(body).trim_end().ends_with("data: [DONE]"),
            OpenaiResponses => has(&|event| event["type"] == "response.completed"),
            Anthropic => has(&|event| event["type"] == "message_stop"),
            Gemini => has(&|event| event["candidates"][0]["finishReason"].is_string()),
            Bedrock => has(&|event| event["messageStop"].is_object()),
            Cohere => has(&|event| event["type"] == "message-end"),
        }
    }

    /// What a failure says: of what kind it is, where the dialect has kinds, and the message.
    ///
    /// # Panics
    /// When it is no failure in this dialect.
    #[must_use]
    #[track_caller]
    pub fn failure(self, body: &Value) -> (String, String) {
        let (kind, message) = match self {
            OpenaiChat | OpenaiResponses => ("/error/type", "/error/message"),
            Anthropic => {
                assert_eq!(body["type"], "error", "{body}");
                ("/error/type", "/error/message")
            }
            Gemini => ("/error/status", "/error/message"),
            Bedrock | Cohere => ("/message", "/message"),
        };
        (text_at(body, kind), text_at(body, message))
    }

    /// The failure that a stream tells in its midst, where it does.
    #[must_use]
    #[track_caller]
    pub fn streamed_failure(self, body: &[u8]) -> Option<String> {
        let events = self.events(body);
        let message = |event: &Value| {
            let message = match self {
                OpenaiChat | Gemini => event.pointer("/error/message")?,
                OpenaiResponses if event["type"] == "error" => event.pointer("/message")?,
                OpenaiResponses => event.pointer("/response/error/message")?,
                Anthropic => {
                    assert!(event["error"].is_null() || event["type"] == "error", "{event}");
                    event.pointer("/error/message")?
                }
                Bedrock => {
                    let (name, payload) = event.as_object()?.iter().next()?;
                    payload.get("message").filter(|_| name.ends_with("Exception"))?
                }
                Cohere => match event["delta"]["error"].is_string() {
                    true => event.pointer("/delta/error")?,
                    false => event.pointer("/message")?,
                },
            };
            message.as_str().map(str::to_owned)
        };
        events.iter().find_map(message)
    }

    /// What a provider answers, whole, when it has used 7 tokens of prompt and 5 of answer.
    #[must_use]
    pub fn answer(self, text: &str) -> String {
        let answer = match self {
            OpenaiChat => json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "there",
                "choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": { "role": "assistant", "content": text, "refusal": null },
                }],
                "usage": { "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12 },
            }),
            OpenaiResponses => json!({
                "id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
                "model": "there",
                "output": [{
                    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{ "type": "output_text", "text": text, "annotations": [] }],
                }],
                "usage": { "input_tokens": 7, "output_tokens": 5, "total_tokens": 12 },
            }),
            Anthropic => json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": "there",
                "content": [{ "type": "text", "text": text }],
                "stop_reason": "end_turn", "stop_sequence": null,
                "usage": { "input_tokens": 7, "output_tokens": 5 },
            }),
            Gemini => json!({
                "candidates": [{
                    "index": 0, "finishReason": "STOP",
                    "content": { "role": "model", "parts": [{ "text": text }] },
                }],
                "usageMetadata": {
                    "promptTokenCount": 7, "candidatesTokenCount": 5, "totalTokenCount": 12,
                },
                "modelVersion": "there",
            }),
            Bedrock => json!({
                "output": { "message": { "role": "assistant", "content": [{ "text": text }] } },
                "stopReason": "end_turn", "metrics": { "latencyMs": 1 },
                "usage": { "inputTokens": 7, "outputTokens": 5, "totalTokens": 12 },
            }),
            Cohere => json!({
                "id": "1", "finish_reason": "COMPLETE",
                "message": { "role": "assistant", "content": [{ "type": "text", "text": text }] },
                "usage": { "tokens": { "input_tokens": 7, "output_tokens": 5 } },
            }),
        };
        answer.to_string()
    }
}

/// `POST` of a JSON body.
#[must_use]
#[track_caller]
pub fn post(target: &str, fields: &[&str], body: &Value) -> Vec<u8> {
    post_text(target, fields, &body.to_string())
}

/// The same of a body as it stands.
#[must_use]
#[track_caller]
pub fn post_text(target: &str, fields: &[&str], body: &str) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    let fields: Vec<&str> =
        fields.iter().copied().chain(["Content-Type: application/json", &length]).collect();
    let mut bytes = client::request("POST", "h", target, &fields);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// The body of an answer that is JSON.
///
/// # Panics
/// When it is not.
#[must_use]
#[track_caller]
pub fn json_of(response: &Response) -> Value {
    let body = serde_json::from_slice(&response.body);
    body.unwrap_or_else(|_| panic!("no JSON: {} {}", response.status, response.text()))
}

#[track_caller]
fn text_at(value: &Value, place: &str) -> String {
    let text = value.pointer(place).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no text at {place} of {value}")).to_owned()
}
