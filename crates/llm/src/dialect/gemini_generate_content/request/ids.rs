//! Ids of calls, which Gemini's clients need not say: results belong to calls by name and order.
//!
//! The ids made here depend on the conversation alone, so that it has the same in every request.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::chat::{Content, Message, Text};

/// Gives an id to each call that has none, and to each result the id of its call.
pub(super) fn settle(messages: &mut [Message<'_>]) {
    let mut made = 0;
    let mut make = || {
        made += 1;
        Text::Owned(format!("call_{made}"))
    };
    // Calls without a result so far, by their names; those in `answered` have been named by id.
    let mut open: HashMap<String, VecDeque<String>> = HashMap::new();
    let mut answered = HashSet::new();
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        match &mut part.content {
            Content::ToolCall(call) => {
                if call.id.is_empty() {
                    call.id = make();
                }
                let calls = open.entry(call.name.clone().into_owned()).or_default();
                calls.push_back(call.id.clone().into_owned());
            }
            Content::ToolResult(result) if result.call_id.is_empty() => {
                let name = result.name.as_deref().unwrap_or_default();
                let calls = open.get_mut(name);
                let mut next =
                    calls.into_iter().flat_map(|calls| std::iter::from_fn(|| calls.pop_front()));
                let id = next.find(|id| !answered.contains(id));
                result.call_id = id.map_or_else(&mut make, Text::Owned);
            }
            Content::ToolResult(result) => {
                answered.insert(result.call_id.clone().into_owned());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::{Address, Dialect};

    #[test]
    fn results_find_their_calls_by_name_and_order() {
        let body = r#"{"contents":[{"role":"model","parts":[
            {"functionCall":{"name":"a"}},{"functionCall":{"name":"b","id":"x"}},
            {"functionCall":{"name":"a"}},{"functionCall":{"name":"b"}}]},
          {"role":"user","parts":[
            {"functionResponse":{"name":"b","id":"x","response":{}}},
            {"functionResponse":{"name":"b","response":{}}},
            {"functionResponse":{"name":"a","response":{}}},
            {"functionResponse":{"name":"a","response":{}}},
            {"functionResponse":{"name":"c","response":{}}}]}]}"#;
        let dialect = Dialect::GeminiGenerateContent;
        let (request, _) = dialect.read_request(body, &Address::default()).unwrap();
        let mut ids = Vec::new();
        for part in request.messages.iter().flat_map(|message| &message.parts) {
            match &part.content {
                crate::chat::Content::ToolCall(call) => ids.push(call.id.to_string()),
                crate::chat::Content::ToolResult(result) => ids.push(result.call_id.to_string()),
                _ => {}
            }
        }
        let there =
            ["call_1", "x", "call_2", "call_3", "x", "call_3", "call_1", "call_2", "call_4"];
        assert_eq!(ids, there);
    }
}
