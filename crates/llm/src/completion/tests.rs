//! Completions asked of those who have chat alone.

use super::{read_request, reply};
use crate::chat::{ChatRequest, Content, Role};
use crate::dialect::{Context, Dialect, Quirks};
use crate::field::Losses;
use crate::frame::Framing;
use crate::translate::{StreamTranslation, write_request};

fn context() -> Context {
    Context { id: "x1".into(), model: "asked".into(), created_s: 7, stream_usage: true }
}

fn read(body: &str) -> (ChatRequest<'_>, Losses) {
    read_request(None, body.as_bytes()).unwrap()
}

#[test]
fn a_prompt_becomes_a_message_of_the_user() {
    let body = r#"{"model":"m","prompt":"Once\nupon","max_tokens":5,"n":2,"stop":"END","logprobs":3,"temperature":0.70,"echo":false,"best_of":1,"suffix":null,"user":"u","seed":1,"stream":true,"stream_options":{"include_usage":true},"zeal":1}"#;
    let (request, losses) = read(body);
    assert_eq!(losses.unknown, ["zeal"]);
    let [message] = request.messages.as_slice() else { panic!("one message") };
    let Content::Text(text) = &message.parts[0].content else { panic!("text") };
    assert_eq!((message.role, text.text.as_ref()), (Role::User, "Once\nupon"));
    let to = (Dialect::OpenaiChat, &Quirks::default());
    let written = write_request(to, &request, &losses).unwrap();
    assert_eq!(
        String::from_utf8(written.body).unwrap(),
        concat!(
            r#"{"model":"m","messages":[{"role":"user","content":"Once\nupon"}],"#,
            r#""stream":true,"stream_options":{"include_usage":true},"#,
            r#""max_completion_tokens":5,"stop":["END"],"n":2,"logprobs":true,"top_logprobs":3,"#,
            r#""temperature":0.70,"seed":1,"user":"u"}"#
        )
    );
    let list = read(r#"{"prompt":["only"]}"#).0;
    assert_eq!(list.messages.len(), 1);
    assert_eq!(read_request(Some("path"), br#"{"prompt":""}"#).unwrap().0.model, "path");
}

#[track_caller]
fn check_refused(body: &str, param: &str) {
    let error = read_request(None, body.as_bytes()).unwrap_err();
    assert_eq!((error.status, error.param.as_deref()), (400, Some(param)), "{error}");
}

#[test]
fn what_no_chat_can_say_is_refused_by_name() {
    check_refused(r#"{"prompt":["a","b"]}"#, "prompt[1]");
    check_refused(r#"{"prompt":[1,2]}"#, "prompt[0]");
    check_refused(r#"{"prompt":[[1]]}"#, "prompt[0]");
    check_refused(r#"{"prompt":[]}"#, "prompt");
    check_refused(r#"{"model":"m"}"#, "prompt");
    check_refused(r#"{"prompt":"a","suffix":"b"}"#, "suffix");
    check_refused(r#"{"prompt":"a","echo":true}"#, "echo");
    check_refused(r#"{"prompt":"a","best_of":2}"#, "best_of");
    check_refused(r#"{"prompt":"a","max_tokens":"b"}"#, "max_tokens");
}

#[test]
fn an_answer_is_told_as_a_completion() {
    let body = br#"{"id":"chatcmpl-1","created":5,"model":"there","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"a time","reasoning_content":"hm"},"logprobs":{"content":[{"token":"a","logprob":-0.10,"bytes":null,"top_logprobs":[{"token":"a","logprob":-0.10},{"token":"b","logprob":-3},{"token":"b","logprob":-4}]},{"token":" t\u00efme","logprob":-1e-3,"top_logprobs":[]}]}},{"index":1,"finish_reason":"length","message":{"role":"assistant","content":null}}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    let reply = reply(Dialect::OpenaiChat, body, &context()).unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    let start = concat!(
        r#"{"id":"chatcmpl-1","object":"text_completion","created":5,"model":"there","choices":["#,
        r#"{"index":0,"text":"a time","logprobs":{"tokens":["a"," tïme"],"#,
        r#""token_logprobs":[-0.10,-1e-3],"top_logprobs":[{"a":-0.10,"b":-3},{}],"#,
        r#""text_offset":[0,1]},"finish_reason":"stop"},"#,
        r#"{"index":1,"text":"","logprobs":null,"finish_reason":"length"}],"#,
        r#""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#
    );
    assert!(text.starts_with(start), "{text}");
    assert_eq!(reply.usage.unwrap().total(), 5);
    let dropped: Vec<_> = reply.losses.reply_dropped.iter().collect();
    assert_eq!(dropped, [crate::field::ReplyField::Reasoning]);
}

fn streamed(from: Dialect, events: &str) -> String {
    let mut stream = StreamTranslation::to_completion((from, Framing::Sse), &context());
    let mut out = Vec::new();
    for byte in events.as_bytes() {
        stream.push(&[*byte], &mut out);
    }
    stream.end(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_stream_is_told_as_one_of_a_completion() {
    let events = concat!(
        "data: {\"id\":\"c\",\"created\":5,\"model\":\"there\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"hm\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"time\"}}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
        "data: [DONE]\n\n",
    );
    let text = streamed(Dialect::OpenaiChat, events);
    let chunks: Vec<&str> = text.split("\n\n").filter(|chunk| !chunk.is_empty()).collect();
    let head =
        r#"data: {"id":"c","object":"text_completion","created":5,"model":"there","choices":["#;
    assert!(chunks.iter().all(|chunk| chunk.starts_with(head) || *chunk == "data: [DONE]"));
    let texts = [
        "\"text\":\"a \"",
        "\"text\":\"time\"",
        "\"finish_reason\":\"stop\"",
        "\"total_tokens\":5",
        "[DONE]",
    ];
    assert_eq!(chunks.len(), texts.len(), "{text}");
    for (chunk, text) in chunks.iter().zip(texts) {
        assert!(chunk.contains(text), "{text} in {chunk}");
    }
    assert!(!text.contains("hm"));
}

#[test]
fn a_stream_that_breaks_off_says_so() {
    let text = streamed(
        Dialect::OpenaiChat,
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
    );
    assert!(text.contains("\"error\":{"), "{text}");
    assert!(!text.contains("[DONE]"));
}
