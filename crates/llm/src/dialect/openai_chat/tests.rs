//! What those who speak OpenAI's dialect have that the tests over all dialects do not see.

use crate::chat::{ChatReply, Content};
use crate::dialect::{Context, Dialect, EventReader};
use crate::frame::FrameReader;
use crate::translate::{Assembly, reply};

const CHAT: Dialect = Dialect::OpenaiChat;

fn context() -> Context {
    Context { id: "x".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

/// The reply that a stream of these chunks is.
fn streamed(chunks: &[&str]) -> ChatReply<'static> {
    let mut assembly = Assembly::default();
    let mut reader = EventReader::new(CHAT, &context());
    let mut frames = FrameReader::new(CHAT.framing());
    for chunk in chunks {
        frames.push(format!("data: {chunk}\n\n").as_bytes(), &mut |frame| {
            reader.read(&frame.unwrap(), &mut |event| assembly.take(&event)).unwrap();
        });
    }
    reader.end(&mut |event| assembly.take(&event));
    assembly.finish().unwrap()
}

/// Thoughts in brackets, texts, and links in angles.
fn told(reply: &ChatReply<'_>) -> String {
    let parts = reply.choices[0].parts.iter().map(|part| match &part.content {
        Content::Reasoning(thought) => format!("[{}]", thought.text),
        Content::Text(text) => {
            let links = text.citations.iter().map(|one| {
                let words = [&one.url, &one.title, &one.cited_text];
                let words = words.map(|word| word.as_deref().unwrap_or_default());
                format!("<{}>", words.join("|"))
            });
            text.text.clone().into_owned() + &links.collect::<String>()
        }
        other => format!("{other:?}"),
    });
    parts.collect()
}

#[test]
fn content_in_parts_is_thought_and_text_in_streams_too() {
    let whole = r#"{"choices":[{"index":0,"message":{"content":[
        {"type":"thinking","thinking":[{"type":"text","text":"let "},{"type":"text","text":"me"}],"closed":true},
        {"type":"text","text":"four"}]},"finish_reason":"stop"}]}"#;
    let (whole, losses) = CHAT.read_reply(whole, &context()).unwrap();
    assert!(losses.unknown.is_empty(), "{losses:?}");
    assert_eq!(told(&whole), "[let me]four");
    let stream = streamed(&[
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"let "}]}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"me"}]},{"type":"text","text":"fo"}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"ur"},"finish_reason":"stop"}]}"#,
    ]);
    assert_eq!(told(&stream), "[let me]four");
}

#[test]
fn what_an_answer_rests_on_is_told_as_its_citations() {
    let beside = r#""citations":["https://a.example","https://b.example"],
        "search_results":[{"title":"A","url":"https://a.example","snippet":"high","date":null},
                          {"title":"B","url":"https://b.example","source":"web"}]"#;
    let links = "<https://a.example|A|high><https://b.example|B|>";
    let body = format!(
        r#"{{"choices":[{{"index":0,"message":{{"content":"four [1]"}},"finish_reason":"stop"}}],{beside}}}"#
    );
    let (whole, losses) = CHAT.read_reply(&body, &context()).unwrap();
    assert!(losses.unknown.is_empty(), "{losses:?}");
    assert_eq!(told(&whole), format!("four [1]{links}"));
    let there = reply(CHAT, Dialect::BedrockConverse, body.as_bytes(), &context()).unwrap();
    assert!(String::from_utf8(there.body).unwrap().contains("https://b.example"));

    let beside = beside.replace('\n', " ");
    let chunk = |choice: &str| format!(r#"{{"choices":[{choice}],{beside}}}"#);
    let stream = streamed(&[
        &chunk(r#"{"index":0,"delta":{"content":"four "}}"#),
        &chunk(r#"{"index":0,"delta":{"content":"[1]"},"finish_reason":"stop"}"#),
    ]);
    assert_eq!(told(&stream), format!("four [1]{links}"));
    let only = r#"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"citations":["u"],"search_results":null}"#;
    assert_eq!(told(&CHAT.read_reply(only, &context()).unwrap().0), "x<u||>");
}

/// The calls of an answer, each with its name and its arguments.
fn calls(chunks: &[&str]) -> String {
    let reply = streamed(chunks);
    let calls = reply.choices[0].parts.iter().map(|part| match &part.content {
        Content::ToolCall(call) => format!("{} {}", call.name, call.arguments),
        other => format!("{other:?}"),
    });
    calls.collect::<Vec<_>>().join(", ")
}

#[test]
fn calls_that_share_an_index_are_several() {
    let call = |calls: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}}}}]}}"#)
    };
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let f = r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#;
    let g = r#"{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}}"#;
    let both = r#"f {"x":1}, g {"y":2}"#;
    assert_eq!(calls(&[&call(&format!("{f},{g}")), end]), both);
    assert_eq!(calls(&[&call(f), &call(g), end]), both);
    let nameless = |piece: &str| piece.replace(r#""id":"a","#, "").replace(r#""id":"b","#, "");
    assert_eq!(calls(&[&call(&nameless(f)), &call(&nameless(g)), end]), both);
    // The second in pieces, which have no id but its own or none.
    let start = r#"{"index":0,"id":"b","function":{"name":"g","arguments":""}}"#;
    let half = r#"{"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\""}}"#;
    let rest = r#"{"index":0,"function":{"arguments":":2}"}}"#;
    assert_eq!(calls(&[&call(f), &call(start), &call(half), &call(rest), end]), both);
    // Who repeats id and name with each piece has called once.
    let again = r#"{"index":0,"id":"a","function":{"name":"f","arguments":""}}"#;
    assert_eq!(calls(&[&call(f), &call(again), end]), r#"f {"x":1}"#);
}
