//! Streams that other dialects cannot make: failures, calls that interleave, texts told whole only.

use super::{Reader, Writer};
use crate::chat::{
    ChatError, ChatEvent, ChatReply, Content, Delta, ErrorKind, Finish, Part, PartKind, Signature,
};
use crate::chat::{Maker, Text};
use crate::dialect::Context;
use crate::dialect::unknown::Unknown;
use crate::frame::{Frame, FrameWriter, Framing};
use crate::translate::Assembly;

fn read(events: &[&str]) -> Result<ChatReply<'static>, Option<ChatError>> {
    let mut reader = Reader::new(&Context::default());
    let mut assembly = Assembly::default();
    for data in events {
        let frame = Frame { name: "", is_exception: false, data };
        reader.read(&frame, &mut Unknown::default(), &mut |event| assembly.take(&event)).unwrap();
    }
    assembly.finish()
}

fn write(events: &[ChatEvent<'_>]) -> Vec<serde_json::Value> {
    let context = Context { id: "x".to_owned(), ..Context::default() };
    let mut writer = Writer::new(&context);
    let mut frames = FrameWriter::new(Framing::Sse);
    let mut out = Vec::new();
    events.iter().for_each(|event| writer.write(event, &mut frames, &mut out));
    let text = String::from_utf8(out).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn failures_are_errors_in_either_form() {
    for event in [
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}}"#,
        r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":null,"sequence_number":2}"#,
        r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
    ] {
        let error = read(&[event]).unwrap_err().unwrap();
        assert_eq!((error.kind, error.status), (ErrorKind::RateLimited, 429), "{event}");
        assert_eq!(error.message, "slow down");
    }
    let silent = read(&[r#"{"type":"response.failed","response":{"error":null}}"#]);
    assert_eq!(silent.unwrap_err().unwrap().kind, ErrorKind::Internal);
}

#[test]
fn what_is_told_whole_only_is_told() {
    let reply = read(&[
        r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"Hi"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"type":"function_call","call_id":"c","name":"n","arguments":"{}"}}"#,
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ]);
    let choice = reply.unwrap().choices.remove(0);
    assert_eq!(choice.parts[0], Part::text("Hi"));
    assert!(matches!(&choice.parts[1].content, Content::ToolCall(call) if call.arguments == "{}"));
    assert_eq!(choice.finish, Some(Finish::ToolCalls));
}

#[test]
fn calls_that_interleave_stay_apart() {
    let begin = |part, id: &'static str| ChatEvent::PartStart {
        choice: 0,
        part,
        kind: PartKind::ToolCall { id: id.into(), name: "n".into(), is_free_form: false },
    };
    let add = |part, delta| ChatEvent::PartDelta { choice: 0, part, delta };
    let arguments = |text: &'static str| Delta::Arguments(Text::Borrowed(text));
    let signature = Signature { maker: Maker::Google, value: "c2ln".into() };
    let events = write(&[
        begin(0, "a"),
        add(0, arguments("{")),
        begin(1, "b"),
        add(1, arguments("[1]")),
        add(0, arguments("}")),
        add(1, Delta::Signature(signature)),
        ChatEvent::PartEnd { choice: 0, part: 1 },
        ChatEvent::PartEnd { choice: 0, part: 0 },
        ChatEvent::Finish { choice: 0, finish: Finish::ToolCalls, stop_text: None },
        ChatEvent::End,
    ]);
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
    }
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    let output = last["response"]["output"].as_array().unwrap();
    assert_eq!(output.len(), 3);
    assert_eq!((&output[0]["call_id"], &output[0]["arguments"]), (&"a".into(), &"{}".into()));
    assert_eq!((&output[1]["call_id"], &output[1]["arguments"]), (&"b".into(), &"[1]".into()));
    assert_eq!(output[2]["encrypted_content"], "google:call:c2ln");
    let texts: Vec<String> = events.iter().map(ToString::to_string).collect();
    let again = read(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let signed = again.choices[0].parts.iter().filter_map(|part| match &part.content {
        Content::ToolCall(call) => Some((call.id.as_ref(), call.signature.is_some())),
        _ => None,
    });
    assert_eq!(signed.collect::<Vec<_>>(), [("a", false), ("b", true)]);
}

#[test]
fn a_failure_ends_with_a_response_that_failed() {
    let failure = || ChatEvent::Error(ChatError::new(ErrorKind::RateLimited, "slow down"));
    let start = ChatEvent::Start {
        id: None,
        model: None,
        created_s: None,
        service_class: None,
        fingerprint: None,
    };
    let events = write(&[start, failure()]);
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["response.created", "response.in_progress", "response.failed"]);
    assert_eq!(events[2]["response"]["error"]["code"], "rate_limit_exceeded");
    assert_eq!(events[2]["response"]["status"], "failed");
    // Of a response that nobody has told of there is nothing to say.
    let [event] = write(&[failure()]).try_into().unwrap();
    assert_eq!((&event["type"], &event["code"]), (&"error".into(), &"rate_limit_exceeded".into()));
}
