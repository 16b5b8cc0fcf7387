//! Requests of Bedrock.
//!
//! Blocks of content, which replies have too, have files of their own.

mod blocks;
mod extra;
mod read;
mod tools;
mod write;
mod write_blocks;

pub(super) use blocks::read_blocks;
pub(in crate::dialect) use read::read;
pub(super) use read::read_word;
pub(in crate::dialect) use write::write;
pub(super) use write_blocks::{Reads, write_blocks};

#[cfg(test)]
mod tests {
    use crate::dialect::{Address, Dialect, Quirks};

    /// What Bedrock is sent for a request of OpenAI with a call and its result.
    fn sent(tools: &str) -> String {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}},
            {{"role":"assistant","content":null,"tool_calls":[{{"id":"c1","type":"function","function":{{"name":"tide","arguments":"{{\"port\":1}}"}}}}]}},
            {{"role":"tool","tool_call_id":"c1","content":"four"}}]{tools}}}"#
        );
        let (request, _) = Dialect::OpenaiChat.read_request(&body, &Address::default()).unwrap();
        let mut out = Vec::new();
        Dialect::BedrockConverse.write_request(&request, &Quirks::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn calls_are_told_as_text_where_no_tool_may_be_called() {
        let tool = r#","tools":[{"type":"function","function":{"name":"tide"}}]"#;
        for tools in [String::new(), format!("{tool},\"tool_choice\":\"none\"")] {
            let sent = sent(&tools);
            assert!(sent.contains(r#"{"text":"[tool call c1: tide {\"port\":1}]"}"#), "{sent}");
            assert!(sent.contains(r#"{"text":"[tool result c1]"},{"text":"four"}"#), "{sent}");
            assert!(!sent.contains("toolUse") && !sent.contains("toolConfig"), "{sent}");
        }
        assert!(sent(tool).contains("toolUse"));
    }
}
