//! What the mock says, as a client in some dialect sees it.

use std::time::Duration;

use super::{Mock, MockReply, embed};
use crate::chat::{ChatError, ChatReply, Content, ErrorKind, Finish};
use crate::dialect::{Address, Context, Dialect, EventReader, EventWriter};
use crate::frame::{FrameReader, FrameWriter};
use crate::translate::Assembly;

fn context() -> Context {
    Context { id: "x".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

fn ask_in(dialect: Dialect, mock: &Mock, body: &str) -> Result<ChatReply<'static>, ChatError> {
    let address = Address { model: Some("echo".into()), stream: Some(true), framing: None };
    let (request, losses) = dialect.read_request(body, &address).unwrap();
    assert!(losses.is_empty(), "{losses:?}");
    mock.reply(&request, dialect, &context())
}

fn ask(body: &str) -> ChatReply<'static> {
    ask_in(Dialect::OpenaiChat, &Mock::default(), body).unwrap()
}

/// Text of an answer, calls as `name(arguments)`.
fn said(reply: &ChatReply<'_>) -> String {
    let parts = reply.choices[0].parts.iter().map(|part| match &part.content {
        Content::Text(text) => text.text.to_string(),
        Content::ToolCall(call) => format!("{}({})", call.name, call.arguments),
        Content::Reasoning(reasoning) => format!("<{}>", reasoning.text),
        other => format!("{other:?}"),
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn user(model: &str, text: &str, more: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}]{more}}}"#)
}

const TOOLS: &str = r#","tools":[
    {"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{
        "city":{"type":"string"},"unit":{"enum":["c","f"]},"days":{"type":"integer","minimum":3}},
        "required":["city"]}}},
    {"type":"function","function":{"name":"now"}}]"#;

#[test]
fn an_echo_repeats_the_users_last_words() {
    let reply = ask(r#"{"model":"echo","messages":[
        {"role":"system","content":"be brief"},
        {"role":"user","content":"one"},{"role":"assistant","content":"two"},
        {"role":"user","content":[{"type":"text","text":"three"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw=="}}]}]}"#);
    assert_eq!(said(&reply), "three\n[image image/png, 4 bytes]");
    assert_eq!(reply.choices[0].finish, Some(Finish::Stop));
    assert_eq!(reply.model.as_deref(), Some("echo"));
}

#[test]
fn words_are_those_of_the_settings() {
    let fixed = Mock { reply: MockReply::Fixed("always".into()), ..Mock::default() };
    let script = MockReply::Script(vec!["first".into(), "second".into()]);
    let script = Mock { reply: script, ..Mock::default() };
    let said_by = |mock: &Mock, body: &str| said(&ask_in(Dialect::OpenaiChat, mock, body).unwrap());
    assert_eq!(said_by(&fixed, &user("fixed", "hi", "")), "always");
    assert_eq!(said_by(&fixed, &user("tools", "hi", "")), "always");
    assert_eq!(said_by(&fixed, &user("echo", "hi", "")), "hi");
    assert_eq!(said_by(&Mock::default(), &user("tools", "hi", "")), "hi");
    assert!(said_by(&Mock::default(), &user("fixed", "hi", "")).contains("mock"));
    for (turns, expected) in [(0, "first"), (1, "second"), (2, "first")] {
        let turns =
            r#"{"role":"user","content":"x"},{"role":"assistant","content":"y"},"#.repeat(turns);
        let body =
            format!(r#"{{"model":"fixed","messages":[{turns}{{"role":"user","content":"z"}}]}}"#);
        assert_eq!(said_by(&script, &body), expected);
    }
}

#[test]
fn tools_are_called_with_arguments_that_fit() {
    let reply = ask(&user("tools", "Rome", TOOLS));
    assert_eq!(said(&reply), r#"weather({"city":"Rome","unit":"c","days":3})"#);
    assert_eq!(reply.choices[0].finish, Some(Finish::ToolCalls));
    for (model, text, more, expected) in [
        ("echo", "hi", "", "hi"),
        (
            "echo",
            "hi",
            r#","tool_choice":"required""#,
            r#"weather({"city":"hi","unit":"c","days":3})"#,
        ),
        (
            "tools",
            "hi",
            r#","tool_choice":{"type":"function","function":{"name":"now"}}"#,
            "now({})",
        ),
        ("tools", "hi", r#","tool_choice":"none""#, "hi"),
        (
            "tools",
            "in Parallel!",
            "",
            r#"weather({"city":"in Parallel!","unit":"c","days":3}) now({})"#,
        ),
        (
            "tools",
            "parallel",
            r#","parallel_tool_calls":false"#,
            r#"weather({"city":"parallel","unit":"c","days":3})"#,
        ),
    ] {
        assert_eq!(said(&ask(&user(model, text, &format!("{TOOLS}{more}")))), expected, "{more}");
    }
}

#[test]
fn results_of_tools_are_quoted() {
    let called = r#"{"role":"assistant","tool_calls":[
        {"id":"a","type":"function","function":{"name":"weather","arguments":"{}"}},
        {"id":"b","type":"function","function":{"name":"now","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"a","content":"sunny"}"#;
    let body = |more: &str| {
        format!(
            r#"{{"model":"tools","messages":[{{"role":"user","content":"x"}},{called}{more}]{TOOLS}}}"#
        )
    };
    let both = body(r#",{"role":"tool","tool_call_id":"b","content":"noon"}"#);
    assert_eq!(said(&ask(&both)), "weather answered: sunny\nnow answered: noon");
    // Providers refuse a conversation that goes on without a result, and a result of no call.
    for more in [
        "",
        r#",{"role":"tool","tool_call_id":"c","content":"?"}"#,
        r#",{"role":"assistant","content":"done"},{"role":"user","content":"?"}"#,
    ] {
        let error = ask_in(Dialect::OpenaiChat, &Mock::default(), &body(more)).unwrap_err();
        assert_eq!(error.status, 400, "{more}");
    }
}

#[test]
fn reasoning_comes_before_the_text_with_its_signature() {
    let body =
        r#"{"model":"reasoning","max_tokens":99,"messages":[{"role":"user","content":"hi"}]THINK}"#;
    let ask = |think: &str| {
        let body = body.replace("THINK", think);
        ask_in(Dialect::AnthropicMessages, &Mock::default(), &body).unwrap()
    };
    let reply = ask("");
    let Content::Reasoning(thought) = &reply.choices[0].parts[0].content else { panic!() };
    assert!(thought.signature.is_some() && !thought.text.is_empty());
    assert!(said(&reply).ends_with("> hi"));
    assert!(reply.usage.unwrap().reasoning > 0);
    let hidden = ask(r#","thinking":{"type":"adaptive","display":"omitted"}"#);
    assert_eq!(said(&hidden), "<> hi");
    assert_eq!(hidden.usage, reply.usage);
    let off = ask(r#","thinking":{"type":"disabled"}"#);
    assert_eq!(said(&off), "hi");
}

#[test]
fn limits_and_stop_texts_end_an_answer() {
    let body = |more: &str| user("echo", "one two three four", more);
    let cut = ask(&body(r#","max_tokens":2"#));
    assert_eq!((said(&cut).as_str(), cut.choices[0].finish), ("one two", Some(Finish::Length)));
    assert_eq!(cut.usage.unwrap().output, 2);
    let all = ask(&body(r#","max_tokens":4"#));
    assert_eq!(all.choices[0].finish, Some(Finish::Stop));
    let stopped = ask(&body(r#","stop":["four"," three"]"#));
    let choice = &stopped.choices[0];
    assert_eq!((said(&stopped).as_str(), choice.finish), ("one two", Some(Finish::StopText)));
    assert_eq!(choice.stop_text.as_deref(), Some(" three"));
    let call = ask(&user("tools", "x", &format!("{TOOLS},\"max_tokens\":1")));
    assert_eq!(call.choices[0].finish, Some(Finish::Length));
    assert_eq!(ask(&body(r#","n":3"#)).choices.len(), 3);
}

#[test]
fn a_schema_is_kept_to() {
    let format = r#","response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{
        "type":"object","properties":{"mood":{"enum":["good","bad"]},"sure":{"type":"number"}},
        "required":["mood","sure"],"additionalProperties":false}}}"#;
    assert_eq!(said(&ask(&user("echo", "hi", format))), r#"{"mood":"good","sure":1}"#);
    let any = r#","response_format":{"type":"json_object"}"#;
    assert_eq!(said(&ask(&user("echo", "hi", any))), r#"{"text":"hi"}"#);
    let mock = Mock { reply: MockReply::Fixed(r#"{"mood":"bad"}"#.into()), ..Mock::default() };
    let reply = ask_in(Dialect::OpenaiChat, &mock, &user("fixed", "hi", format)).unwrap();
    assert_eq!(said(&reply), r#"{"mood":"bad"}"#);
}

#[test]
fn log_probabilities_are_those_of_the_tokens() {
    let reply = ask(&user("echo", "one two", r#","logprobs":true,"top_logprobs":2"#));
    let tokens = reply.choices[0].logprobs.as_ref().unwrap();
    let texts: String = tokens.iter().map(|token| token.token.as_ref()).collect();
    assert_eq!((texts.as_str(), tokens.len(), tokens[0].top.len()), ("one two", 2, 2));
    assert!(tokens.iter().all(|token| token.logprob.as_str().starts_with('-')));
}

#[test]
fn what_is_marked_is_written_to_the_cache_and_read_in_the_next_turn() {
    let body = |turns: &str| {
        format!(
            r#"{{"model":"echo","max_tokens":9,"system":[{{"type":"text","text":"a long rule",
            "cache_control":{{"type":"ephemeral"}}}}],"messages":[{turns}{{"role":"user","content":"hi"}}]}}"#
        )
    };
    let turn = r#"{"role":"user","content":"x"},{"role":"assistant","content":"y"},"#;
    let used = |turns| {
        let reply = ask_in(Dialect::AnthropicMessages, &Mock::default(), &body(turns));
        reply.unwrap().usage.unwrap()
    };
    let (first, second) = (used(""), used(turn));
    assert!(first.cache_write > 0 && first.cache_read == 0);
    assert_eq!((second.cache_write, second.cache_read), (0, first.cache_write));
    assert!(second.input > first.input);
}

#[test]
fn what_providers_refuse_is_refused() {
    let refused = |dialect, body: &str| ask_in(dialect, &Mock::default(), body).unwrap_err();
    let unknown = refused(Dialect::OpenaiChat, &user("echo2", "hi", ""));
    assert_eq!((unknown.kind, unknown.status), (ErrorKind::NotFound, 404));
    for more in [r#","max_tokens":0"#, r#","n":0"#, r#","tool_choice":"required""#] {
        let error = refused(Dialect::OpenaiChat, &user("echo", "hi", more));
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{more}");
    }
    let error = refused(Dialect::OpenaiChat, r#"{"model":"echo","messages":[]}"#);
    assert_eq!(error.param.as_deref(), Some("messages"));
    let body = r#"{"model":"echo","max_tokens":9,"system":"x","messages":[]}"#;
    assert_eq!(refused(Dialect::AnthropicMessages, body).status, 400);
    assert_eq!(refused(Dialect::OpenaiChat, &user("embed", "hi", "")).status, 400);
}

#[test]
fn as_many_fail_as_are_to() {
    let mock = Mock { fail_percent: 10.0, fail_status: 429, ..Mock::default() };
    let failed: Vec<u64> = (0..1_000).filter(|n| mock.failure(*n).is_some()).collect();
    assert!((99..=101).contains(&failed.len()), "{}", failed.len());
    let failure = mock.failure(failed[0]).unwrap();
    assert_eq!((failure.error.status, failure.error.kind), (429, ErrorKind::RateLimited));
    assert!(failure.headers.contains(&("retry-after", "1")));
    let never = Mock::default();
    assert!((0..1_000).all(|number| never.failure(number).is_none()));
    let always = Mock { fail_percent: 100.0, ..Mock::default() };
    let failure = always.failure(7).unwrap();
    assert_eq!((failure.error.status, failure.error.kind), (529, ErrorKind::Overloaded));
}

#[test]
fn a_stream_says_what_the_whole_reply_says_in_every_dialect() {
    let mock =
        Mock { first_token: Duration::from_millis(300), tokens_per_second: 100, ..Mock::default() };
    let demand = format!("{TOOLS},\"tool_choice\":\"required\"");
    let asked = ["tools", "reasoning"].map(|model| user(model, "both in parallel", &demand));
    let plain = user("reasoning", "to Rome, please", "");
    let all = [&asked[0], &asked[1], &plain].map(|body| {
        let request = Dialect::OpenaiChat.read_request(body, &Address::default());
        request.unwrap().0
    });
    for (&dialect, request) in Dialect::ALL.iter().flat_map(|d| all.iter().map(move |r| (d, r))) {
        let reply = mock.reply(request, dialect, &context()).unwrap();
        let (mut out, mut took) = (Vec::new(), Duration::ZERO);
        let mut writer = EventWriter::new(dialect, &context());
        let mut frames = FrameWriter::new(dialect.framing());
        let mut assembly = Assembly::default();
        for step in mock.steps(&reply) {
            took += step.after;
            assembly.take(&step.event);
            writer.write(&step.event, &mut frames, &mut out);
        }
        assert_eq!(assembly.finish().unwrap(), reply, "{dialect:?}");
        assert_eq!(took, mock.whole_after(&reply));
        assert!(took > Duration::from_millis(300));
        let mut written = Assembly::default();
        let mut reader = EventReader::new(dialect, &context());
        FrameReader::new(dialect.framing()).push(&out, &mut |frame| {
            reader.read(&frame.unwrap(), &mut |event| written.take(&event)).unwrap();
        });
        reader.end(&mut |event| written.take(&event));
        assert_eq!(said(&written.finish().unwrap()), said(&reply), "{dialect:?}");
    }
}

#[test]
fn a_stream_comes_a_token_at_a_time() {
    let reply = ask(&user("echo", "The quick brown fox", ""));
    let mock = Mock { tokens_per_second: 50, ..Mock::default() };
    let waits: Vec<u128> = mock
        .steps(&reply)
        .filter(|step| matches!(step.event, crate::chat::ChatEvent::PartDelta { .. }))
        .map(|step| step.after.as_millis())
        .collect();
    assert_eq!(waits, [0, 20, 20, 20]);
    let at_once = Mock::default().steps(&reply).map(|step| step.after).max();
    assert_eq!(at_once, Some(Duration::ZERO));
}

#[test]
fn vectors_have_length_one_and_lie_near_where_texts_are_alike() {
    let near = |one: &str, other: &str| -> f32 {
        let pairs = embed(one, 512).into_iter().zip(embed(other, 512));
        pairs.map(|(one, other)| one * other).sum()
    };
    assert_eq!(embed("a", super::EMBED_DIMENSIONS).len(), 1_536);
    assert_eq!(embed("a", 64), embed("a", 64));
    assert!(embed("a", 0).is_empty());
    for text in ["", "cat", "the cat sat on the mat"] {
        assert!((near(text, text) - 1.0).abs() < 1e-4, "{text}");
    }
    assert_ne!(embed("cat mat", 64), embed("mat cat", 64));
    assert!(near("the cat sat on the mat", "a cat sat on a mat") > 0.3);
    assert!(near("the cat sat on the mat", "seven green bottles") < 0.2);
}

#[test]
fn tokens_are_words_and_pieces_of_them() {
    let split = |text| super::token::split(text).collect::<Vec<_>>();
    assert_eq!(split("The quick fox"), ["The", " quick", " fox"]);
    assert_eq!(split("internationalisation"), ["interna", "tionali", "sation"]);
    assert_eq!(split("東京は日本"), ["東京", "は日", "本"]);
    assert_eq!(split("a \n\n b").concat(), "a \n\n b");
    assert!(split("").is_empty());
}
