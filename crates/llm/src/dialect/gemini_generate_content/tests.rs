//! What Gemini has that the tests over all dialects do not see: arrays as streams, ends that come
//! twice, calls without ids and signatures on their way through clients.

use crate::chat::{ChatReply, ErrorKind, Finish};
use crate::dialect::{Address, Context, Dialect, EventReader, Quirks};
use crate::frame::{FrameReader, Framing};
use crate::translate::{Assembly, StreamTranslation, read_request, reply, write_request};

const GEMINI: Dialect = Dialect::GeminiGenerateContent;

fn context() -> Context {
    Context { id: "x".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

fn assembled(stream: &str, framing: Framing) -> ChatReply<'static> {
    let mut assembly = Assembly::default();
    let mut reader = EventReader::new(GEMINI, &context());
    FrameReader::new(framing).push(stream.as_bytes(), &mut |frame| {
        reader.read(&frame.unwrap(), &mut |event| assembly.take(&event)).unwrap();
    });
    reader.end(&mut |event| assembly.take(&event));
    assembly.finish().unwrap()
}

#[test]
fn a_stream_may_be_an_array_and_end_twice() {
    let stream = r#"[{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP"}]},
        {"candidates":[{"content":{"parts":[{"text":" there"}]},"finishReason":"MAX_TOKENS"}],
         "usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3}}]"#;
    let reply = assembled(stream, Framing::JsonArray);
    assert_eq!(reply.choices[0].parts, [crate::chat::Part::text("Hi there")]);
    assert_eq!(reply.choices[0].finish, Some(Finish::Length));
    assert_eq!(reply.usage.unwrap().total(), 5);
}

#[test]
fn a_prompt_that_is_blocked_is_an_answer_cut_by_a_filter() {
    let stream = "data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"}}\r\n\r\n";
    let reply = assembled(stream, Framing::Sse);
    assert_eq!(reply.choices[0].finish, Some(Finish::Filtered));
}

#[test]
fn what_failed_is_no_refusal_and_somebody_else_may_be_asked() {
    let of = |reason: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{}},"finishReason":"{reason}","finishMessage":"why"}}]}}"#
        )
    };
    assert!(crate::failure::is_empty(GEMINI, of("MALFORMED_FUNCTION_CALL").as_bytes()));
    assert!(!crate::failure::is_empty(GEMINI, of("SAFETY").as_bytes()));
}

#[test]
fn a_failure_in_mid_stream_is_told_in_the_array_of_the_client() {
    let from = (Dialect::OpenaiChat, Framing::Sse);
    let mut stream = StreamTranslation::new(from, (GEMINI, Framing::JsonArray), &context());
    let mut out = Vec::new();
    stream
        .push(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n", &mut out);
    stream.push(b"data: {\"error\":{\"message\":\"busy\",\"code\":503}}\n\n", &mut out);
    stream.end(&mut out);
    let array: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(array[0]["candidates"][0]["content"]["parts"][0]["text"], "Hi");
    assert_eq!(array[1]["error"]["message"], "busy");
}

#[test]
fn an_error_may_stand_in_an_array() {
    let body = r#"[{"error":{"code":404,"message":"no model","status":"NOT_FOUND"}}]"#;
    let error = GEMINI.read_error(404, body.as_bytes());
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "no model"));
}

/// A call of Gemini that has no id, told to a client, whose next request is told to Gemini.
fn second_turn(client: Dialect, keep: impl Fn(&serde_json::Value) -> String) -> String {
    let body = r#"{"candidates":[{"content":{"parts":[
        {"functionCall":{"name":"tide","args":{"port":"Brest"}},"thoughtSignature":"c2ln"}]},
        "finishReason":"STOP"}]}"#;
    let there = reply(GEMINI, client, body.as_bytes(), &context()).unwrap();
    let next = keep(&serde_json::from_slice(&there.body).unwrap());
    let (request, read) = read_request(client, &Address::default(), next.as_bytes()).unwrap();
    let back = write_request((GEMINI, &Quirks::default()), &request, &read).unwrap();
    String::from_utf8(back.body).unwrap()
}

#[test]
fn a_call_comes_back_with_its_signature_where_the_client_keeps_it() {
    let back = second_turn(Dialect::OpenaiChat, |reply| {
        let message = &reply["choices"][0]["message"];
        let id = &message["tool_calls"][0]["id"];
        format!(r#"{{"messages":[{message},{{"role":"tool","tool_call_id":{id},"content":"4"}}]}}"#)
    });
    let call = r#"{"functionCall":{"id":"call_x_0_0","name":"tide","args":{"port":"Brest"}},"thoughtSignature":"c2ln"}"#;
    let result =
        r#"{"functionResponse":{"id":"call_x_0_0","name":"tide","response":{"output":"4"}}}"#;
    assert!(back.contains(call) && back.contains(result), "{back}");
}

#[test]
fn a_call_whose_signature_was_lost_has_the_one_that_stands_in() {
    let back = second_turn(Dialect::AnthropicMessages, |reply| {
        // A client that leaves thoughts out.
        let call = &reply["content"][0];
        let id = &call["id"];
        format!(
            r#"{{"messages":[{{"role":"assistant","content":[{call}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":{id},"content":"4"}}]}}]}}"#
        )
    });
    let signature = r#""thoughtSignature":"skip_thought_signature_validator""#;
    assert!(back.contains(signature) && !back.contains("c2ln"), "{back}");
}

#[test]
fn older_models_have_media_beside_results() {
    let body = r#"{"messages":[
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"look","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
          {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]}]}]}"#;
    let from = Dialect::AnthropicMessages;
    let (request, read) = read_request(from, &Address::default(), body.as_bytes()).unwrap();
    let image = r#"[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]"#;
    for lacks_media_in_results in [false, true] {
        let quirks = Quirks { lacks_media_in_results, ..Quirks::default() };
        let written = write_request((GEMINI, &quirks), &request, &read).unwrap();
        let text = String::from_utf8(written.body).unwrap();
        assert!(text.contains(&image[1..image.len() - 1]), "{text}");
        assert_eq!(text.contains(&format!(r#""parts":{image}"#)), !lacks_media_in_results);
    }
}

#[test]
fn bytes_in_base64_for_urls_are_the_same_bytes_elsewhere() {
    let body = br#"{"contents":[{"role":"user","parts":[
        {"inline_data":{"mime_type":"image/png","data":"-_-_"}}]}]}"#;
    let (request, losses) = read_request(GEMINI, &Address::default(), body).unwrap();
    let chat = (Dialect::OpenaiChat, &Quirks::default());
    let written = write_request(chat, &request, &losses).unwrap();
    assert!(String::from_utf8(written.body).unwrap().contains("data:image/png;base64,+/+/"));
}

#[test]
fn a_thought_sent_back_in_pieces_is_one_again() {
    let body = br#"{"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[
        {"text":"let me ","thought":true},{"text":"see","thought":true},
        {"text":"","thought":true,"thoughtSignature":"YXJjaGl0cmF2ZTo6YW50aHJvcGljOnM="},
        {"text":"another","thought":true},{"text":"a"}]}]}"#;
    let (request, losses) = read_request(GEMINI, &Address::default(), body).unwrap();
    let anthropic = (Dialect::AnthropicMessages, &Quirks::default());
    let written = write_request(anthropic, &request, &losses).unwrap();
    let written: serde_json::Value = serde_json::from_slice(&written.body).unwrap();
    let blocks = written["messages"][1]["content"].as_array().unwrap();
    assert_eq!(
        (&blocks[0]["thinking"], &blocks[0]["signature"]),
        (&"let me see".into(), &"s".into())
    );
    assert_eq!(blocks.len(), 2, "{blocks:?}");
}

/// Two calls of one name, answered the other way round, as a client of Anthropic sends them back.
const ANSWERED: &str = r#"{"model":"m","messages":[
    {"role":"assistant","content":[
      {"type":"tool_use","id":"t1","name":"tide","input":{"port":"Brest"}},
      {"type":"redacted_thinking","data":"google:call:c2ln"},
      {"type":"tool_use","id":"t2","name":"tide","input":{"port":"Calais"}}]},
    {"role":"user","content":[
      {"type":"tool_result","tool_use_id":"t2","content":"low"},
      {"type":"text","text":"and?"},
      {"type":"tool_result","tool_use_id":"t1","content":"high"}]}]}"#;

fn sent_to_google(quirks: &Quirks) -> serde_json::Value {
    let from = Dialect::AnthropicMessages;
    let (request, read) = read_request(from, &Address::default(), ANSWERED.as_bytes()).unwrap();
    let written = write_request((GEMINI, quirks), &request, &read).unwrap();
    assert!(written.losses.header().is_none(), "{:?}", written.losses);
    serde_json::from_slice(&written.body).unwrap()
}

#[test]
fn results_of_calls_of_one_name_stand_in_the_order_of_the_calls_where_there_are_no_ids() {
    let answers = |body: &serde_json::Value| -> Vec<String> {
        let parts = body["contents"][1]["parts"].as_array().unwrap().iter();
        let answers = parts.map(|part| {
            let result = &part["functionResponse"];
            [&result["id"], &result["response"]["output"], &part["text"]]
                .map(|value| value.as_str().unwrap_or_default())
                .concat()
        });
        answers.collect()
    };
    assert_eq!(answers(&sent_to_google(&Quirks::default())), ["t2low", "and?", "t1high"]);
    let body = sent_to_google(&Quirks { lacks_call_ids: true, ..Quirks::default() });
    assert_eq!(answers(&body), ["high", "and?", "low"]);
    assert!(!body.to_string().contains(r#""id""#), "{body}");
}

#[test]
fn the_signature_of_a_call_comes_back_through_clients_that_have_none() {
    let body = r#"{"candidates":[{"content":{"parts":[
        {"functionCall":{"name":"tide","args":{"port":"Brest"}},"thoughtSignature":"c2ln"},
        {"functionCall":{"name":"tide","args":{"port":"Calais"}}}]},"finishReason":"STOP"}]}"#;
    let signatures = |reply: &ChatReply<'_>| -> Vec<Option<String>> {
        let parts = reply.choices[0].parts.iter().map(|part| match &part.content {
            crate::chat::Content::ToolCall(call) => {
                call.signature.as_ref().map(|signature| signature.value.clone().into_owned())
            }
            other => panic!("{other:?}"),
        });
        parts.collect()
    };
    let signed = [Some("c2ln".to_owned()), None];
    for to in [Dialect::AnthropicMessages, Dialect::BedrockConverse, Dialect::OpenaiResponses] {
        let whole = reply(GEMINI, to, body.as_bytes(), &context()).unwrap();
        assert!(whole.losses.reply_dropped.is_empty(), "{:?}", whole.losses);
        let text = String::from_utf8(whole.body).unwrap();
        assert_eq!(signatures(&to.read_reply(&text, &context()).unwrap().0), signed, "{text}");

        let sse = format!("data: {}\n\n", body.replace('\n', " "));
        let framings = ((GEMINI, Framing::Sse), (to, to.framing()));
        let mut stream = StreamTranslation::new(framings.0, framings.1, &context());
        let mut out = Vec::new();
        stream.push(sse.as_bytes(), &mut out);
        stream.end(&mut out);
        let mut assembly = Assembly::default();
        let mut reader = EventReader::new(to, &context());
        FrameReader::new(to.framing()).push(&out, &mut |frame| {
            reader.read(&frame.unwrap(), &mut |event| assembly.take(&event)).unwrap();
        });
        reader.end(&mut |event| assembly.take(&event));
        assert_eq!(signatures(&assembly.finish().unwrap()), signed, "{}", to.name());
    }
    let parts = &sent_to_google(&Quirks::default())["contents"][0]["parts"];
    assert_eq!(parts[0]["thoughtSignature"], "c2ln");
    assert_eq!(parts[1]["thoughtSignature"], serde_json::Value::Null);
}
