//! What Claude takes of what other models take, with Anthropic and at Bedrock.

use serde_json::{Value, json};

use crate::dialect::{Address, Dialect, Quirks};

const WITH_CLAUDE: [Dialect; 2] = [Dialect::AnthropicMessages, Dialect::BedrockConverse];

fn claude() -> Quirks {
    Quirks { takes_claude_fields: true, ..Quirks::default() }
}

/// A request of OpenAI Chat with these members besides, as Claude gets it; and what is told as lost.
fn written(to: Dialect, quirks: &Quirks, members: &Value) -> (Value, String) {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let body = body.to_string();
    let (request, _) = Dialect::OpenaiChat.read_request(&body, &Address::default()).unwrap();
    let mut out = Vec::new();
    let losses = to.write_request(&request, quirks, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), losses.header().unwrap_or_default())
}

/// Of a body, what is said of `thinking`, wherever the dialect has it.
fn thinking(body: &Value) -> &Value {
    match body.get("max_tokens") {
        Some(_) => &body["thinking"],
        None => &body["additionalModelRequestFields"]["thinking"],
    }
}

#[test]
fn reasoning_is_not_asked_for_with_another_way_to_draw_tokens() {
    for to in WITH_CLAUDE {
        let sampling =
            json!({ "reasoning_effort": "low", "temperature": 0.2, "top_p": 0.9, "top_k": 5 });
        for reasoning_by_effort in [false, true] {
            let quirks = Quirks { reasoning_by_effort, ..claude() };
            let (body, dropped) = written(to, &quirks, &sampling);
            let kind = if reasoning_by_effort { "adaptive" } else { "enabled" };
            assert_eq!(thinking(&body)["type"], kind, "{body}");
            let text = body.to_string();
            for word in ["temperature", "top_p", "topP", "top_k"] {
                assert!(!text.contains(word), "{word}: {body}");
            }
            for name in ["temperature", "top_p", "top_k"] {
                assert!(dropped.contains(name), "{name}: {dropped}");
            }
        }
        let own = json!({ "reasoning_effort": "low", "temperature": 1, "top_p": 0.96 });
        let (body, dropped) = written(to, &claude(), &own);
        assert!(body.to_string().contains("0.96") && dropped.is_empty(), "{body} {dropped}");
        let unthought = json!({ "temperature": 0.2, "reasoning_effort": "none" });
        let (body, dropped) = written(to, &claude(), &unthought);
        assert!(body.to_string().contains("0.2") && dropped.is_empty(), "{body} {dropped}");
    }
}

#[test]
fn reasoning_is_not_asked_for_before_a_call_that_must_be_made() {
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    for to in WITH_CLAUDE {
        let forced = json!({
            "reasoning_effort": "low", "temperature": 0.2, "tool_choice": "required", "tools": tools,
        });
        let (body, dropped) = written(to, &claude(), &forced);
        assert!(thinking(&body).is_null() && body.to_string().contains("0.2"), "{body}");
        assert!(dropped.contains("reasoning_effort") && !dropped.contains("temp"), "{dropped}");
        let by_effort = Quirks { reasoning_by_effort: true, ..claude() };
        let (body, dropped) = written(to, &by_effort, &forced);
        assert!(
            thinking(&body).is_null() && body.to_string().contains(r#""effort":"low""#),
            "{body}"
        );
        assert_eq!(dropped, "", "its effort is said");
        let free = json!({ "reasoning_effort": "low", "tool_choice": "auto", "tools": tools });
        assert!(thinking(&written(to, &claude(), &free).0).is_object());
    }
}

#[test]
fn reasoning_is_not_asked_for_over_a_call_whose_thoughts_were_left_out() {
    let history = json!({
        "reasoning_effort": "low",
        "tools": [{ "type": "function", "function": { "name": "f" } }],
        "messages": [
            { "role": "user", "content": "q" },
            { "role": "assistant", "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "f", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "c", "content": "r" },
        ],
    });
    let mut next = history.clone();
    next["messages"].as_array_mut().unwrap().extend([
        json!({ "role": "assistant", "content": "a" }),
        json!({ "role": "user", "content": "and?" }),
    ]);
    for to in WITH_CLAUDE {
        let (body, dropped) = written(to, &claude(), &history);
        assert!(thinking(&body).is_null(), "{body}");
        assert!(dropped.contains("reasoning_effort"), "{dropped}");
        let (body, _) = written(to, &claude(), &next);
        assert!(thinking(&body).is_object(), "another turn has begun: {body}");
        let adaptive = Quirks { reasoning_by_effort: true, ..claude() };
        assert_eq!(thinking(&written(to, &adaptive, &history).0)["type"], "adaptive");
    }
}

#[test]
fn a_number_of_tokens_to_reason_by_fits_under_the_limit() {
    let gemini = |budget: u64, limit: u64| {
        let body = json!({
            "contents": [{ "role": "user", "parts": [{ "text": "x" }] }],
            "generationConfig": {
                "maxOutputTokens": limit, "thinkingConfig": { "thinkingBudget": budget },
            },
        });
        let body = body.to_string();
        let from = Dialect::GeminiGenerateContent;
        let (request, _) = from.read_request(&body, &Address::default()).unwrap();
        WITH_CLAUDE.map(|to| {
            let mut out = Vec::new();
            let losses = to.write_request(&request, &claude(), &mut out).unwrap();
            let body: Value = serde_json::from_slice(&out).unwrap();
            let dropped = losses.header().unwrap_or_default();
            (thinking(&body)["budget_tokens"].as_u64(), dropped.contains("reasoning_tokens"))
        })
    };
    assert_eq!(gemini(2_048, 8_000), [(Some(2_048), false); 2]);
    assert_eq!(gemini(2_048, 2_000), [(Some(1_999), true); 2]);
    assert_eq!(gemini(512, 8_000), [(Some(1_024), true); 2]);
    assert_eq!(gemini(2_048, 600), [(None, true); 2]);
}

#[test]
fn turns_that_say_nothing_are_left_out() {
    let messages = json!({ "messages": [
        { "role": "user", "content": "a" },
        { "role": "assistant", "content": "" },
        { "role": "user", "content": [{ "type": "text", "text": " " }] },
        { "role": "user", "content": "b" },
        { "role": "assistant", "content": "c" },
        { "role": "user", "content": "" },
    ] });
    for to in WITH_CLAUDE {
        let (body, dropped) = written(to, &claude(), &messages);
        let turns = body["messages"].as_array().unwrap();
        let told: Vec<_> = turns
            .iter()
            .map(|turn| {
                let blocks = turn["content"].as_array().unwrap();
                let texts = blocks.iter().map(|block| block["text"].as_str().unwrap());
                (turn["role"].as_str().unwrap(), texts.collect::<Vec<_>>().join("|"))
            })
            .collect();
        let wanted = [("user", "a|b"), ("assistant", "c")].map(|(role, text)| (role, text.into()));
        assert_eq!((told.as_slice(), dropped.as_str()), (&wanted[..], ""), "{to:?}");
    }
}
