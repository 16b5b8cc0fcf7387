//! What of a reply must be the same in every dialect.

use architrave_llm::chat::{ChatReply, Content, Finish};
use architrave_llm::dialect::Dialect;
use architrave_llm::field::{ReplyField, Say};

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
            finish: answer.finish,
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

    /// Holds to the same reply in another dialect, but for what that one's table says is told in
    /// another way there.
    pub(crate) fn agree(&self, other: &Self, to: Dialect, name: &str) {
        let is_said = |field| to.reply_says(field) == Say::Carried;
        // A dialect that must tell usage tells none as zero.
        let tokens = |facts: &Self| {
            let [input, cached, output, reasoning] = facts.tokens.unwrap_or_default();
            let is_told = is_said(ReplyField::UsageReasoning);
            [input, cached, output, if is_told { reasoning } else { 0 }]
        };
        assert_eq!(tokens(self), tokens(other), "{name}");
        assert_eq!(self.text, other.text, "{name}");
        assert_eq!(self.calls, other.calls, "{name}");
        assert_eq!(self.has_reasoning, other.has_reasoning, "{name}");
        let finish = self.finish.unwrap_or(Finish::Stop);
        if is_said(ReplyField::of_finish(finish)) {
            assert_eq!(finish, other.finish.unwrap_or(Finish::Stop), "{name}");
        }
    }

    pub(crate) fn usage_total(&self) -> Option<u64> {
        self.tokens.map(|tokens| tokens[0] + tokens[2])
    }
}
