//! What an API answers, as the result of a tool: a `CallToolResult` of MCP, in words that every
//! revision has.
//!
//! A refusal of the API is a result too, one that failed: the model reads it and may do better. No
//! schema of results is published, so no client turns away an answer for being other than the
//! description has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ToolFault;
use super::media::{Media, media};
use super::object::is_object;

/// The largest answer that becomes a result: beyond it no model reads, and a client must keep it.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How much is told of an answer that is a refusal.
const REFUSAL_BYTES_MAX: usize = 8 << 10;

/// Faults that are told of one call.
const FAULTS_TOLD_MAX: usize = 20;

/// What an API has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToolAnswer<'a> {
    /// The status.
    pub status: u16,
    /// The field `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body, or as much of it as was read.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
}

impl ToolAnswer<'_> {
    /// The result, as JSON. `tool` is what it is called.
    #[must_use]
    pub fn result(&self, tool: &str) -> String {
        match self.status {
            200..=299 => self.given(tool),
            300..=399 => {
                let status = self.status;
                failed(&format!("HTTP {status}: the API leads elsewhere, which is not followed"))
            }
            _ => self.refused(),
        }
    }

    fn given(&self, tool: &str) -> String {
        if !self.is_whole || self.body.len() > ANSWER_BYTES_MAX {
            let most = ANSWER_BYTES_MAX >> 20;
            return failed(&format!("the answer of the API is larger than {most} MiB"));
        }
        let one = |block: &Value| format!(r#"{{"content":[{block}]}}"#);
        match media(self.content_type, self.body) {
            Media::Empty => one(&text(&format!("HTTP {}: done, without a text", self.status))),
            // Its bytes as they came: a number of twenty digits is the same one for who reads it.
            Media::Json(whole) if is_object(whole) => {
                let block = text(whole);
                format!(r#"{{"content":[{block}],"structuredContent":{}}}"#, whole.trim())
            }
            Media::Json(whole) | Media::Text(whole) => one(&text(whole)),
            Media::Image(kind) => {
                let data = STANDARD.encode(self.body);
                one(&json!({ "type": "image", "data": data, "mimeType": kind }))
            }
            Media::Bytes(kind) => {
                let blob = STANDARD.encode(self.body);
                let uri = format!("urn:architrave:answer:{tool}");
                let resource = json!({ "uri": uri, "mimeType": kind, "blob": blob });
                one(&json!({ "type": "resource", "resource": resource }))
            }
        }
    }

    fn refused(&self) -> String {
        let mut told = format!("HTTP {}", self.status);
        let read = self.body.len().min(REFUSAL_BYTES_MAX);
        let cut = &self.body[..read];
        // What was cut off in the middle of a letter is still a text.
        let cut = match std::str::from_utf8(cut) {
            Err(error) if error.error_len().is_none() => &cut[..error.valid_up_to()],
            _ => cut,
        };
        if let Media::Json(whole) | Media::Text(whole) = media(self.content_type, cut) {
            told.push_str("\n\n");
            told.push_str(whole.trim());
            if cut.len() < self.body.len() || !self.is_whole {
                told.push_str("\n[cut off]");
            }
        }
        failed(&told)
    }
}

/// The result of a call whose arguments do not fit: the model reads how, and may call again.
#[must_use]
pub fn misfit(faults: &[ToolFault]) -> String {
    let told = faults.iter().take(FAULTS_TOLD_MAX).map(|fault| match fault.pointer.as_str() {
        "" => fault.message.clone(),
        _ => fault.to_string(),
    });
    let mut told: Vec<String> = told.collect();
    told.insert(0, "The arguments do not fit:".to_owned());
    if faults.len() > FAULTS_TOLD_MAX {
        told.push(format!("and {} more", faults.len() - FAULTS_TOLD_MAX));
    }
    failed(&told.join("\n"))
}

/// The result of a call that the API has not answered; `why` is told to who called.
#[must_use]
pub fn unanswered(why: &str) -> String {
    failed(&format!("the API gave no answer: {why}"))
}

fn failed(told: &str) -> String {
    format!(r#"{{"content":[{}],"isError":true}}"#, text(told))
}

fn text(told: &str) -> Value {
    json!({ "type": "text", "text": told })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, kind: &'a str, body: &'a [u8]) -> ToolAnswer<'a> {
        ToolAnswer { status, content_type: Some(kind), body, is_whole: true }
    }

    fn result(answer: &ToolAnswer<'_>) -> Value {
        serde_json::from_str(&answer.result("getItem")).unwrap()
    }

    #[test]
    fn an_object_is_given_as_it_was_written() {
        let body = b" {\"id\": 12345678901234567890123,\n\"x\":1.50}\n";
        let made = answer(200, "application/json", body).result("getItem");
        let wanted = "\"structuredContent\":{\"id\": 12345678901234567890123,\n\"x\":1.50}}";
        assert!(made.ends_with(wanted), "{made}");
        let made: Value = serde_json::from_str(&made).unwrap();
        assert_eq!(made["content"][0]["text"], std::str::from_utf8(body).unwrap());
        assert!(made.get("isError").is_none());
        for body in ["[1]", "{\"a\":1,\"a\":2}", "{", "1"] {
            let made = result(&answer(200, "application/json", body.as_bytes()));
            assert_eq!(made, json!({ "content": [{ "type": "text", "text": body }] }));
        }
    }

    #[test]
    fn other_answers_are_what_clients_know() {
        let made = result(&answer(200, "image/png", b"\x89PNG"));
        let wanted = json!({ "type": "image", "data": "iVBORw==", "mimeType": "image/png" });
        assert_eq!(made["content"][0], wanted);
        let made = result(&answer(200, "application/pdf", b"\xff\x00"));
        let resource = json!({ "uri": "urn:architrave:answer:getItem", "mimeType": "application/pdf", "blob": "/wA=" });
        assert_eq!(made["content"][0], json!({ "type": "resource", "resource": resource }));
        let made = result(&answer(204, "text/plain", b""));
        assert_eq!(made["content"][0]["text"], "HTTP 204: done, without a text");
        let made = result(&answer(200, "text/plain", b"a\"\x1b\nb"));
        assert_eq!(made["content"][0]["text"], "a\"\x1b\nb");
    }

    #[test]
    fn refusals_are_results_that_failed() {
        let made =
            result(&answer(404, "application/problem+json", b"{\"title\":\"no such order\"}"));
        assert_eq!(made["isError"], true);
        assert_eq!(made["content"][0]["text"], "HTTP 404\n\n{\"title\":\"no such order\"}");
        assert!(made.get("structuredContent").is_none());
        let long = "ü".repeat(10_000);
        let made = result(&answer(500, "text/plain", &[b"x", long.as_bytes()].concat()));
        let text = made["content"][0]["text"].as_str().unwrap();
        assert!(text.len() < REFUSAL_BYTES_MAX + 30 && text.ends_with("ü\n[cut off]"), "{text}");
        let made = result(&answer(502, "image/png", b"\x89"));
        assert_eq!(made["content"][0]["text"], "HTTP 502");
        let made = result(&answer(302, "text/plain", b"x"));
        assert!(made["isError"] == true && !made.to_string().contains("\"x\""));
    }

    #[test]
    fn what_is_too_large_is_told_and_not_cut() {
        let large = vec![b'x'; ANSWER_BYTES_MAX + 1];
        for answer in [
            answer(200, "text/plain", &large),
            ToolAnswer { is_whole: false, ..answer(200, "application/json", b"{\"a\":") },
        ] {
            let made = result(&answer);
            assert_eq!(made["isError"], true);
            assert!(made["content"][0]["text"].as_str().unwrap().contains("4 MiB"));
        }
    }

    #[test]
    fn a_model_reads_what_does_not_fit() {
        let fault = |pointer: &str| ToolFault { pointer: pointer.into(), message: "no".into() };
        let made: Value = serde_json::from_str(&misfit(&[fault("/a"), fault("")])).unwrap();
        assert_eq!(made["content"][0]["text"], "The arguments do not fit:\n/a: no\nno");
        let made = misfit(&vec![fault("/a"); 50]);
        assert!(made.contains("and 30 more") && made.contains("\"isError\":true"));
        assert!(unanswered("it took too long").contains("it took too long"));
    }
}
