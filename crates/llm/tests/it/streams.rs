//! Streams over all pairs, at any cut.

use architrave_llm::catalog::Unit;
use architrave_llm::chat::{ChatError, Content, ErrorKind, Usage};
use architrave_llm::dialect::{Context, Dialect, EventReader};
use architrave_llm::frame::{FrameReader, Framing};
use architrave_llm::pass::PassedStream;
use architrave_llm::surface::Kept;
use architrave_llm::translate::{Assembly, StreamTranslation};
use proptest::prelude::*;

use crate::fixtures::{self, context};

fn pieces<'b>(bytes: &'b [u8], cuts: &[usize]) -> Vec<&'b [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect()
}

fn translate(from: Dialect, to: Dialect, cuts: &[usize]) -> (String, StreamTranslation) {
    let bytes = fixtures::stream(from);
    let mut translation =
        StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
    let mut out = Vec::new();
    for piece in pieces(&bytes, cuts) {
        translation.push(piece, &mut out);
    }
    translation.end(&mut out);
    (String::from_utf8_lossy(&out).into_owned(), translation)
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_of_the_client() {
    for &from in Dialect::ALL {
        for &to in Dialect::ALL {
            let bytes = fixtures::stream(from);
            let mut translation =
                StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
            let mut out = Vec::new();
            translation.push(&bytes[..bytes.len() / 2], &mut out);
            translation.end(&mut out);
            assert_eq!(translation.error().unwrap().status, 502);
            assert!(String::from_utf8_lossy(&out).contains("broke off"), "{from:?} to {to:?}");
            assert!(translation.answer_bytes() > 0);
        }
    }
}

/// What a client of a dialect gets of a call that Google has signed, in a stream.
fn signed_call(to: Dialect) -> String {
    let stream = b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"id\":\"c\",\
        \"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"c2ln\"}]},\"finishReason\":\"STOP\"}]}\n\n";
    let gemini = Dialect::GeminiGenerateContent;
    let from = (gemini, gemini.framing());
    let mut translation = StreamTranslation::new(from, (to, to.framing()), &context());
    let mut out = Vec::new();
    translation.push(stream, &mut out);
    translation.end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn the_signature_of_a_call_is_told_only_as_clients_can_read_it() {
    let chat = signed_call(Dialect::OpenaiChat);
    let pieces: Vec<_> = chat.matches("\"tool_calls\":[{").collect();
    assert_eq!(chat.matches("\"function\":{").count(), pieces.len(), "{chat}");
    assert!(chat.contains("\"thought_signature\":\"c2ln\""));
    for to in [Dialect::BedrockConverse, Dialect::AnthropicMessages, Dialect::CohereChat] {
        let stream = signed_call(to);
        assert!(!stream.to_ascii_lowercase().contains("signature"), "{to:?}: {stream}");
    }
}

/// A reply with an image that lies at a link, and what a client of a dialect gets of it: whole, and
/// in a stream.
fn linked_image(from: Dialect, to: Dialect) -> [(String, String); 2] {
    let (body, event) = match from {
        Dialect::OpenaiChat => (
            r#"{"choices":[{"index":0,"message":{"images":[{"type":"image_url","image_url":{"url":"https://p.example/a.png"}}]},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"delta":{"images":[{"type":"image_url","index":0,"image_url":{"url":"https://p.example/a.png"}}]},"finish_reason":"stop"}]}"#,
        ),
        _ => {
            let body = r#"{"candidates":[{"content":{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://p.example/a.png"}}]},"finishReason":"STOP"}]}"#;
            (body, body)
        }
    };
    let whole = architrave_llm::translate::reply(from, to, body.as_bytes(), &context()).unwrap();
    let spoken = |dialect: Dialect| (dialect, Framing::Sse);
    let mut translation = StreamTranslation::new(spoken(from), spoken(to), &context());
    let mut out = Vec::new();
    translation.push(format!("data: {event}\n\ndata: [DONE]\n\n").as_bytes(), &mut out);
    translation.end(&mut out);
    assert_eq!(translation.error(), None);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let streamed = translation.losses().header().unwrap_or_default();
    [(text(&whole.body), whole.losses.header().unwrap_or_default()), (text(&out), streamed)]
}

#[test]
fn an_image_at_a_link_is_shown_or_told_as_lost_whole_and_streamed() {
    for from in [Dialect::OpenaiChat, Dialect::GeminiGenerateContent] {
        for &to in Dialect::ALL {
            for (told, lost) in linked_image(from, to) {
                let is_shown = told.contains("https://p.example/a.png");
                let is_told = lost.split(", ").any(|name| name == "image");
                assert!(is_shown != is_told, "{from:?} to {to:?}: {lost}: {told}");
                let shows = [Dialect::OpenaiChat, Dialect::GeminiGenerateContent].contains(&to);
                assert_eq!(is_shown, shows, "{from:?} to {to:?}: {told}");
            }
        }
    }
}

#[test]
fn half_a_surrogate_pair_in_a_reply_is_told() {
    let event =
        r#"{"choices":[{"index":0,"delta":{"content":"a \ud83d b"},"finish_reason":"stop"}]}"#;
    let spoken = |dialect: Dialect| (dialect, Framing::Sse);
    let (from, to) = (Dialect::OpenaiChat, Dialect::AnthropicMessages);
    let mut translation = StreamTranslation::new(spoken(from), spoken(to), &context());
    translation.push(format!("data: {event}\n\n").as_bytes(), &mut Vec::new());
    let lost = translation.losses().header();
    assert_eq!(lost.as_deref(), Some("choices[0].delta.content"));
}

/// Answers that the web was searched for, whole and streamed, and how often it was.
const SEARCHED: [(Dialect, &str, &str, u64); 7] = [
    (
        Dialect::OpenaiChat,
        r#"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"search_context_size":"low"}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"search_context_size":"low"}}"#,
        1,
    ),
    (
        Dialect::OpenaiChat,
        r#"{"citations":["https://a.example"],"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        r#"{"citations":["https://a.example"],"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        1,
    ),
    (
        Dialect::OpenaiResponses,
        r#"{"id":"r","status":"completed","output":[{"type":"web_search_call","id":"w1","status":"completed","action":{"type":"search","query":"a"}},{"type":"web_search_call","id":"w2","status":"completed","action":{"type":"open_page","url":"https://a.example"}},{"type":"web_search_call","id":"w3","status":"completed"}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}"#,
        r#"{"type":"response.completed","sequence_number":0,"response":BODY}"#,
        2,
    ),
    (
        Dialect::AnthropicMessages,
        r#"{"type":"message","id":"m","model":"m","role":"assistant","content":[{"type":"text","text":"x"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1,"server_tool_use":{"web_search_requests":3}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":1,"output_tokens":1,"server_tool_use":{"web_search_requests":3}}}"#,
        3,
    ),
    (
        Dialect::GeminiGenerateContent,
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["a","","b"]}}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}"#,
        "BODY",
        2,
    ),
    (
        Dialect::OpenaiChat,
        r#"{"choices":[{"index":0,"message":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
        1,
    ),
    (
        Dialect::OpenaiChat,
        r#"{"choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"num_search_queries":4}}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"num_search_queries":4}}"#,
        4,
    ),
];

#[test]
fn searches_of_the_web_are_counted_watched_and_translated_whole_and_streamed() {
    for (from, body, event, count) in SEARCHED {
        let searches = |usage: Option<Usage>| usage.unwrap().searches;
        let watched = architrave_llm::pass::used_of_reply(from, body.as_bytes()).tokens;
        assert_eq!(searches(watched), count, "{from:?} watched: {body}");
        let to = Dialect::AnthropicMessages;
        let told = architrave_llm::translate::reply(from, to, body.as_bytes(), &context()).unwrap();
        assert_eq!(searches(told.usage), count, "{from:?} translated: {body}");
        let said = String::from_utf8(told.body).unwrap();
        assert!(said.contains(&format!("\"web_search_requests\":{count}")), "{said}");
        let stream = format!("data: {}\n\n", event.replace("BODY", body));
        let mut passed = PassedStream::new(from, Framing::Sse);
        passed.seek_searches();
        passed.see(stream.as_bytes());
        assert_eq!(searches(passed.usage()), count, "{from:?} watched: {stream}");
        let spoken = |dialect| (dialect, Framing::Sse);
        let mut translation = StreamTranslation::new(spoken(from), spoken(to), &context());
        translation.push(stream.as_bytes(), &mut Vec::new());
        translation.end(&mut Vec::new());
        assert_eq!(searches(translation.usage()), count, "{from:?} translated: {stream}");
    }
}

/// Streams that nobody waits for to their end, or that never tell what was used, and how often the
/// web was searched until then.
const LEFT: [(Dialect, &[&str], u64); 6] = [
    (
        Dialect::OpenaiResponses,
        &[
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"web_search_call","id":"w1","status":"in_progress"}}"#,
            r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"web_search_call","id":"w1","status":"completed","action":{"type":"search","query":"a"}}}"#,
            r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"web_search_call","id":"w2","status":"completed","action":{"type":"open_page"}}}"#,
            r#"{"type":"response.output_item.done","output_index":2,"item":{"type":"web_search_call","id":"w3","status":"completed","action":{"type":"search","query":"b"}}}"#,
            r#"{"type":"response.output_text.delta","output_index":3,"content_index":0,"delta":"\"web_search_call\""}"#,
        ],
        2,
    ),
    (
        Dialect::AnthropicMessages,
        &[
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"web_search_tool_result","tool_use_id":"s1","content":[]}}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"web_search_tool_result","tool_use_id":"s2","content":{"type":"web_search_tool_result_error","error_code":"unavailable"}}}"#,
        ],
        1,
    ),
    (
        Dialect::GeminiGenerateContent,
        &[
            r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"groundingMetadata":{"webSearchQueries":["a","b"]}}]}"#,
            r#"{"candidates":[{"content":{"parts":[{"text":"y"}]},"groundingMetadata":{"webSearchQueries":["a","b"]}}]}"#,
        ],
        2,
    ),
    (
        Dialect::OpenaiChat,
        &[
            r#"{"choices":[{"index":0,"delta":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"y","annotations":[{"type":"url_citation","url_citation":{"url":"https://b.example"}}]}}]}"#,
        ],
        1,
    ),
    (
        Dialect::OpenaiChat,
        &[
            r#"{"citations":["https://a.example"],"search_results":[{"url":"https://a.example"}],"choices":[{"index":0,"delta":{"content":"x"}}]}"#,
        ],
        1,
    ),
    (
        Dialect::OpenaiChat,
        &[
            r#"{"citations":[],"choices":[{"index":0,"delta":{"content":"\"search_results\":[1], \"url_citation\""}}]}"#,
        ],
        0,
    ),
];

#[test]
fn searches_of_a_stream_that_is_left_or_never_counts_tokens_are_counted() {
    for (from, events, count) in LEFT {
        let stream: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        for cut in [0, stream.len() / 3, stream.len() / 2] {
            let (one, other) = stream.as_bytes().split_at(cut);
            let mut passed = PassedStream::new(from, Framing::Sse);
            passed.seek_searches();
            passed.see(one);
            passed.see(other);
            passed.end();
            assert_eq!(passed.usage(), None);
            assert_eq!(passed.into_used().count(Unit::Search), count, "{from:?} watched: {stream}");
            let spoken = |dialect| (dialect, Framing::Sse);
            let to = Dialect::AnthropicMessages;
            let mut translation = StreamTranslation::new(spoken(from), spoken(to), &context());
            translation.push(one, &mut Vec::new());
            translation.push(other, &mut Vec::new());
            let used = translation.used();
            assert_eq!(used.tokens, None, "{from:?} translated");
            assert_eq!(used.count(Unit::Search), count, "{from:?} translated: {stream}");
        }
    }
}

#[test]
fn searches_told_before_the_tokens_are_told_on_with_them() {
    let stream = concat!(
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]},",
        "\"groundingMetadata\":{\"webSearchQueries\":[\"a\",\"b\"]}}]}\n\n",
        "data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":",
        "{\"promptTokenCount\":1,\"candidatesTokenCount\":1,\"totalTokenCount\":2}}\n\n",
    );
    let (from, to) = (Dialect::GeminiGenerateContent, Dialect::AnthropicMessages);
    let mut translation =
        StreamTranslation::new((from, Framing::Sse), (to, Framing::Sse), &context());
    let mut out = Vec::new();
    translation.push(stream.as_bytes(), &mut out);
    translation.end(&mut out);
    assert_eq!(translation.usage().unwrap().searches, 2);
    let told = String::from_utf8(out).unwrap();
    assert!(told.contains("\"web_search_requests\":2"), "{told}");
}

#[test]
fn searches_of_a_whole_answer_without_counts_of_tokens_are_counted() {
    for (from, body, count) in [
        (
            Dialect::OpenaiChat,
            r#"{"choices":[{"index":0,"message":{"content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example"}}]}}]}"#,
            1,
        ),
        (
            Dialect::OpenaiChat,
            r#"{"choices":[{"index":0,"message":{"content":"x"}}],"search_results":[{"url":"https://a.example"}]}"#,
            1,
        ),
        (
            Dialect::GeminiGenerateContent,
            r#"{"candidates":[{"groundingMetadata":{"webSearchQueries":["a","b"]}}]}"#,
            2,
        ),
        (Dialect::OpenaiResponses, r#"{"output":[{"type":"web_search_call"}]}"#, 1),
        (
            Dialect::AnthropicMessages,
            r#"{"content":[{"type":"web_search_tool_result","content":[]}]}"#,
            1,
        ),
    ] {
        let used = architrave_llm::pass::used_of_reply(from, body.as_bytes());
        assert_eq!((used.tokens, used.count(Unit::Search)), (None, count), "{from:?}: {body}");
    }
}

#[test]
fn a_failure_told_into_a_numbered_stream_has_the_next_number() {
    let event = |number: u8| {
        format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"sequence_number\":{number},\"delta\":\"\\\"sequence_number\\\":99\"}}\n\n"
        )
    };
    let dialect = Dialect::OpenaiResponses;
    let mut passed = PassedStream::new(dialect, Framing::Sse);
    assert_eq!(passed.next_number(), 0);
    passed.see(event(3).as_bytes());
    passed.see((event(4) + &event(5)).as_bytes());
    assert_eq!(passed.next_number(), 6);
    let spoken = (dialect, Framing::Sse);
    let mut out = Vec::new();
    let error = ChatError::new(ErrorKind::Timeout, "it stalled");
    let translation = StreamTranslation::new(spoken, spoken, &Context::default());
    translation.numbered_from(passed.next_number()).fail(&error, &mut out);
    let told = String::from_utf8(out).unwrap();
    assert!(told.contains(r#""type":"error","sequence_number":6"#), "{told}");
}

#[test]
fn a_failure_told_into_a_stream_that_passed_begins_nothing_anew() {
    for &dialect in Dialect::ALL {
        let spoken = (dialect, dialect.framing());
        let mut out = Vec::new();
        let error = ChatError::new(ErrorKind::Timeout, "it stalled");
        StreamTranslation::new(spoken, spoken, &Context::default()).fail(&error, &mut out);
        let told = String::from_utf8_lossy(&out);
        assert!(told.contains("it stalled"), "{dialect:?}: {told}");
        for word in ["created\"", "message_start", "messageStart", "message-start", "assistant"] {
            assert!(!told.contains(word), "{dialect:?}: {told}");
        }
    }
}

/// A thought with words, and what only OpenAI can read.
const ENCRYPTED: [&str; 3] = [
    r#"{"type":"response.reasoning_summary_text.delta","item_id":"r","output_index":0,"summary_index":0,"delta":"hm"}"#,
    r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"c2ln"}}"#,
    r#"{"type":"response.completed","response":{"id":"x","model":"m","status":"completed","output":[]}}"#,
];

#[test]
fn a_block_of_bedrock_is_either_words_or_what_is_encrypted() {
    let (from, to) = (Dialect::OpenaiResponses, Dialect::BedrockConverse);
    let mut translation =
        StreamTranslation::new((from, from.framing()), (to, Framing::Sse), &context());
    let mut out = Vec::new();
    for event in ENCRYPTED {
        translation.push(format!("data: {event}\n\n").as_bytes(), &mut out);
    }
    translation.end(&mut out);
    let told = String::from_utf8_lossy(&out);
    let delta = |index: u8, said: &str| {
        format!(r#"{{"contentBlockIndex":{index},"delta":{{"reasoningContent":{{"{said}"#)
    };
    assert!(told.contains(&delta(0, "text")) && told.contains(&delta(1, "redacted")), "{told}");
    assert_eq!(told.matches("event: contentBlockStop").count(), 2, "{told}");
}

#[test]
fn usage_is_the_same_watched_and_translated() {
    for &from in Dialect::ALL {
        let bytes = fixtures::stream(from);
        let (_, translation) = translate(from, from, &[]);
        let mut passed = PassedStream::new(from, from.framing()).to_its_end();
        passed.seek_searches();
        passed.see(&bytes);
        passed.end();
        assert_eq!(passed.take_failure(), None);
        assert!(passed.usage().is_some());
        assert_eq!(passed.usage(), translation.usage());
    }
}

#[test]
fn what_each_answer_says_aloud_is_made_once() {
    let said = |choice: u8, audio: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":{choice},\"delta\":{{\"audio\":{audio}}}}}]}}\n\n"
        )
    };
    let (first, second) = (r#"{"id":"audio_1","transcript":""}"#, r#"{"id":"audio_2"}"#);
    let mut passed = PassedStream::new(Dialect::OpenaiChat, Framing::Sse);
    passed.seek_audio(2);
    passed.see(said(0, first).as_bytes());
    assert_eq!(passed.take_made(), [(Kept::Audio, "audio_1".to_owned())]);
    passed.see(said(0, r#"{"data":"AAAA"}"#).as_bytes());
    passed.see((said(0, first) + &said(1, second)).as_bytes());
    assert_eq!(passed.take_made(), [(Kept::Audio, "audio_2".to_owned())]);
    passed.see(said(1, second).as_bytes());
    assert_eq!(passed.take_made(), []);
}

#[test]
fn arguments_of_calls_that_come_among_each_other_stay_with_their_call() {
    let piece = |calls: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{calls}]}}}}]}}\n\n"
        )
    };
    let begin = |index: u8| {
        format!(r#"{{"index":{index},"id":"c{index}","function":{{"name":"f","arguments":""}}}}"#)
    };
    let more = |index: u8, text: &str| {
        format!(r#"{{"index":{index},"function":{{"arguments":"{text}"}}}}"#)
    };
    let (open, close) = (r#"{\"a\":"#, |index: u8| format!("{index}}}"));
    let bytes = [
        piece(&format!("{},{}", begin(0), begin(1))),
        piece(&more(1, open)),
        piece(&more(0, open)),
        piece(&format!("{},{}", more(1, &close(1)), more(0, &close(0)))),
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
            .into(),
    ]
    .concat();
    let from = Dialect::OpenaiChat;
    for &to in Dialect::ALL {
        let mut out = Vec::new();
        let mut translation =
            StreamTranslation::new((from, from.framing()), (to, to.framing()), &context());
        translation.push(bytes.as_bytes(), &mut out);
        translation.end(&mut out);
        assert_eq!((translation.bad_events(), translation.error()), (0, None), "{to:?}");
        let mut assembly = Assembly::default();
        let mut reader = EventReader::new(to, &context());
        FrameReader::new(to.framing()).push(&out, &mut |frame| {
            reader.read(&frame.unwrap(), &mut |event| assembly.take(&event)).unwrap();
        });
        reader.end(&mut |event| assembly.take(&event));
        let reply = assembly.finish().unwrap();
        let calls = reply.choices[0].parts.iter().filter_map(|part| match &part.content {
            Content::ToolCall(call) => Some(call.arguments.as_ref()),
            _ => None,
        });
        assert_eq!(calls.collect::<Vec<_>>(), [r#"{"a":0}"#, r#"{"a":1}"#], "{to:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_gives_the_same_bytes(cuts in prop::collection::vec(any::<usize>(), 0..40)) {
        for &from in Dialect::ALL {
            for &to in Dialect::ALL {
                let (whole, _) = translate(from, to, &[]);
                let (cut, _) = translate(from, to, &cuts);
                prop_assert_eq!(&whole, &cut);
            }
        }
    }

    #[test]
    fn any_cut_gives_the_same_usage(cuts in prop::collection::vec(any::<usize>(), 0..40)) {
        for &from in Dialect::ALL {
            let bytes = fixtures::stream(from);
            let mut whole = PassedStream::new(from, from.framing());
            whole.see(&bytes);
            let mut cut = PassedStream::new(from, from.framing());
            pieces(&bytes, &cuts).into_iter().for_each(|piece| cut.see(piece));
            cut.end();
            prop_assert_eq!(whole.usage(), cut.usage());
        }
    }
}

#[test]
fn what_a_stream_has_that_nobody_understands_is_told_once() {
    let chunk =
        r#"{"id":"c","mood":"high","choices":[{"index":0,"delta":{"content":"a","zeal":3}}]}"#;
    let last = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let stream =
        format!("{}data: {last}\n\ndata: [DONE]\n\n", format!("data: {chunk}\n\n").repeat(9));
    let (chat, claude) = (Dialect::OpenaiChat, Dialect::AnthropicMessages);
    let mut translation =
        StreamTranslation::new((chat, chat.framing()), (claude, claude.framing()), &context());
    let mut out = Vec::new();
    translation.push(stream.as_bytes(), &mut out);
    translation.end(&mut out);
    let told = translation.losses().header();
    assert_eq!(told.as_deref(), Some("mood, choices[0].delta.zeal"));
}

#[test]
fn a_stream_that_says_all_there_is_has_hardly_anything_that_nobody_understands() {
    for &dialect in Dialect::ALL {
        let (_, translation) = translate(dialect, Dialect::OpenaiChat, &[]);
        let unknown = translation.losses().unknown;
        // What a guardrail of Bedrock's did, and what Cohere's model was asked in the end.
        let expected: &[&str] = match dialect {
            Dialect::BedrockConverse => &["trace"],
            Dialect::CohereChat => &["prompt"],
            _ => &[],
        };
        assert_eq!(unknown, expected, "{dialect:?}");
    }
}
