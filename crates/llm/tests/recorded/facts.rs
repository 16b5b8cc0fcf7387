//! What of a reply must be the same in every dialect.

use architrave_llm::chat::{ChatReply, Content, Finish};

/// Facts of the first answer.
#[derive(Debug, PartialEq)]
pub(crate) struct Facts {
    text: String,
    calls: Vec<(String, serde_json::Value)>,
    finish: Option<Finish>,
    tokens: Option<[u64; 4]>,
    has_reasoning: bool,
}

impl Facts {
    pub(crate) fn of(reply: &ChatReply<'_>) -> Self {
        let answer = reply.choices.first().cloned().unwrap_or_default();
        let mut facts = Self {
            text: String::new(),
            calls: Vec::new(),
            finish: answer.finish.map(plain),
            tokens: reply.usage.map(|usage| {
                [usage.input_total(), usage.cache_read, usage.output_total(), usage.reasoning]
            }),
            has_reasoning: false,
        };
        for part in &answer.parts {
            match &part.content {
                Content::Text(text) => facts.text.push_str(&text.text),
                Content::Refusal(text) => facts.text.push_str(text),
                Content::ToolCall(call) => {
                    // Half a call is kept as text where arguments must be an object.
                    let arguments = match call.arguments.trim() {
                        "" => serde_json::json!({}),
                        text => serde_json::from_str(text)
                            .unwrap_or_else(|_| serde_json::json!({ "input": text })),
                    };
                    facts.calls.push((call.name.to_string(), arguments));
                }
                Content::Reasoning(reasoning) => facts.has_reasoning |= !reasoning.text.is_empty(),
                _ => {}
            }
        }
        facts
    }

    pub(crate) fn agree(&self, other: &Self, name: &str) {
        // A dialect that must tell usage tells none as zero.
        let tokens = |facts: &Self| facts.tokens.unwrap_or_default();
        assert_eq!(tokens(self), tokens(other), "{name}");
        assert_eq!(self.text, other.text, "{name}");
        assert_eq!(self.calls, other.calls, "{name}");
        assert_eq!(self.has_reasoning, other.has_reasoning, "{name}");
        let finish = |facts: &Self| facts.finish.unwrap_or(Finish::Stop);
        assert_eq!(finish(self), finish(other), "{name}");
    }

    pub(crate) fn usage_total(&self) -> Option<u64> {
        self.tokens.map(|tokens| tokens[0] + tokens[2])
    }
}

/// Ways to end that some dialects have one word for.
fn plain(finish: Finish) -> Finish {
    match finish {
        Finish::StopText | Finish::Paused | Finish::Failed | Finish::Refusal => Finish::Stop,
        Finish::ContextFull => Finish::Length,
        finish => finish,
    }
}
