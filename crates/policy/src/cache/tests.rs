//! What is the same request, what is kept of answers, and for how long.

use architrave_llm::chat::{ChatEvent, ChatReply, Choice, Finish, Part, PartKind, Usage};
use architrave_llm::dialect::EventReader;
use architrave_llm::frame::FrameReader;
use architrave_llm::surface::Surface;
use architrave_llm::translate::Assembly;
use architrave_net::Fields;

use super::*;
use crate::RateLimiters;
use crate::exercise::nobody;
use crate::registry::Ground;

const BODY: &str = r#"{"model":"fast","messages":[{"role":"user","content":"hi"}],"seed":1}"#;

fn config() -> config::Cache {
    let ttl = Duration::from_secs(60);
    config::Cache { ttl, shared: false, entries_max: 1_000, bytes_max: 1 << 20 }
}

fn cache_at(limiters: &RateLimiters, identity: &str, config: &config::Cache) -> Cache {
    let ground = Ground { limiters, directory: &nobody() };
    Build::build(config, &Site { identity: identity.to_owned(), ground })
}

fn cache() -> Cache {
    cache_at(&RateLimiters::default(), "routes/ai/cache", &config())
}

fn at(second: u64) -> Moment {
    Moment::from_nanos(second * 1_000_000_000)
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in list {
        fields.append(name, value.as_bytes());
    }
    fields
}

fn question<'a>(fields: &'a Fields, body: &'a str) -> Question<'a> {
    Question {
        consumer: Some("mobile"),
        surface: Surface::OpenaiChat,
        model: "fast",
        fields,
        served_by: 1,
        guards: 0,
        body,
    }
}

fn key(body: &str) -> Option<QuestionKey> {
    cache().key(&question(&Fields::new(), body))
}

fn context() -> Context {
    Context { id: "x1".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

fn wish() -> Wish {
    Wish::of(&Fields::new())
}

fn reply(said: &str, finish: Option<Finish>) -> ChatReply<'_> {
    let usage = Usage { input: 3, output: 5, ..Usage::default() };
    ChatReply {
        id: Some("r".into()),
        model: Some("m".into()),
        created_s: Some(1),
        choices: vec![Choice { parts: vec![Part::text(said)], finish, ..Choice::default() }],
        usage: Some(usage),
        ..ChatReply::default()
    }
}

fn body_of(dialect: Dialect, reply: &ChatReply<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    dialect.write_reply(reply, &context(), &mut body);
    body
}

fn kept(said: &str) -> KeptReply {
    let body = body_of(Dialect::OpenaiChat, &reply(said, Some(Finish::Stop)));
    KeptReply::of_chat(Dialect::OpenaiChat, &body, &context()).unwrap()
}

#[test]
fn the_same_question_written_otherwise_is_the_same() {
    let same = [
        r#" { "seed" : 1 , "messages" : [ { "role" : "user" , "content" : "hi" } ] , "model" : "fast" } "#,
        r#"{"stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}],"seed":1}"#,
        r#"{"user":"u","metadata":{"a":"b"},"prompt_cache_key":"k","safety_identifier":"s","messages":[{"role":"user","content":"hi"}],"seed":1}"#,
    ];
    for body in same {
        assert_eq!(key(body), key(BODY), "{body}");
    }
    assert!(key(BODY).is_some());
}

#[test]
fn whatever_changes_the_answer_makes_another_question() {
    let bodies = [
        BODY,
        r#"{"messages":[{"role":"user","content":"hi "}],"seed":1}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"seed":2}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"seed":1.0}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"seed":1,"temperature":0}"#,
        r#"{"messages":[{"content":"hi","role":"user"}],"seed":1}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"seed":1,"nobody_knows_this":1}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"tools":[],"seed":1}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"seed":1,"max_tokens":5}"#,
    ];
    let keys: Vec<_> = bodies.iter().map(|body| key(body).unwrap()).collect();
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "{}", bodies[place]);
    }
}

#[test]
fn who_asks_what_for_and_through_what_counts_unless_it_is_shared() {
    let (plain, beta) = (Fields::new(), fields(&[("anthropic-beta", "context-1m")]));
    let base = question(&plain, BODY);
    let others = [
        Question { consumer: Some("desk"), ..base },
        Question { consumer: None, ..base },
        Question { surface: Surface::OpenaiResponses, ..base },
        Question { model: "slow", ..base },
        Question { guards: 7, ..base },
        Question { served_by: 2, ..base },
        Question { fields: &beta, ..base },
    ];
    let cache = cache();
    for other in others {
        assert_ne!(cache.key(&other), cache.key(&base), "{other:?}");
    }
    let shared = config::Cache { shared: true, ..config() };
    let shared = cache_at(&RateLimiters::default(), "x", &shared);
    let desk = Question { consumer: Some("desk"), ..base };
    assert_eq!(shared.key(&desk), shared.key(&base));
    assert_ne!(shared.key(&base), cache.key(&Question { consumer: None, ..base }));
}

#[test]
fn what_is_one_of_its_kind_is_asked_anew() {
    for body in [
        r#"{"input":"x","background":true}"#,
        r#"{"input":"x","conversation":"conv_1"}"#,
        r#"{"input":"x","previous_response_id":"resp_1"}"#,
        "[1]",
        "no JSON",
    ] {
        assert_eq!(key(body), None, "{body}");
    }
    assert!(key(r#"{"input":"x","background":false,"conversation":null}"#).is_some());
    let fields = Fields::new();
    for surface in [Surface::OpenaiImageGeneration, Surface::OpenaiSpeech, Surface::BedrockInvoke] {
        let question = Question { surface, ..question(&fields, BODY) };
        assert_eq!(cache().key(&question), None, "{surface:?}");
    }
    let embedding = Question { surface: Surface::OpenaiEmbedding, ..question(&fields, BODY) };
    assert!(cache().key(&embedding).is_some());
}

#[test]
fn an_answer_is_given_again_until_its_time_is_over() {
    let (cache, key) = (cache(), key(BODY).unwrap());
    assert!(cache.lookup(&key, wish(), at(100)).is_none());
    cache.offer(key, wish(), kept("hello"), at(100));
    let hit = cache.lookup(&key, wish(), at(160)).unwrap();
    assert_eq!((*hit).clone(), kept("hello"));
    assert_eq!(hit.usage().unwrap().total(), 8);
    assert!(cache.lookup(&key, wish(), at(161)).is_none());
    cache.offer(key, wish(), kept("hello again"), at(161));
    assert_eq!(*cache.lookup(&key, wish(), at(162)).unwrap(), kept("hello again"));
}

#[test]
fn clients_say_whether_they_want_it() {
    let of = |value: &str| Wish::of(&fields(&[("cache-control", value)]));
    let (cache, key) = (cache(), key(BODY).unwrap());
    cache.offer(key, of("no-store"), kept("hello"), at(100));
    assert!(cache.lookup(&key, wish(), at(100)).is_none(), "it was not to be kept");
    cache.offer(key, of("no-cache"), kept("hello"), at(100));
    assert!(cache.lookup(&key, wish(), at(110)).is_some(), "it was asked anew, and kept");
    assert!(cache.lookup(&key, of("No-Cache"), at(110)).is_none());
    assert!(cache.lookup(&key, of("private, no-store"), at(110)).is_none());
    assert!(cache.lookup(&key, of("max-age=9"), at(110)).is_none());
    assert!(cache.lookup(&key, of("max-age=10, x=y"), at(110)).is_some());
    assert!(cache.lookup(&key, of("max-age=9999"), at(161)).is_none(), "the policy's time holds");
}

#[test]
fn only_answers_that_came_to_their_end_are_kept() {
    for dialect in Dialect::ALL {
        let kept = |finish| {
            KeptReply::of_chat(*dialect, &body_of(*dialect, &reply("hi", finish)), &context())
        };
        assert!(kept(Some(Finish::Stop)).is_some(), "{dialect:?}");
        for finish in [Finish::Length, Finish::Filtered] {
            assert!(kept(Some(finish)).is_none(), "{dialect:?} {finish:?}");
        }
    }
    let nothing = ChatReply::default();
    let body = body_of(Dialect::OpenaiChat, &nothing);
    assert!(KeptReply::of_chat(Dialect::OpenaiChat, &body, &context()).is_none());
    assert!(KeptReply::of_chat(Dialect::OpenaiChat, b"{\"error\":1}", &context()).is_none());
    assert!(KeptReply::of_chat(Dialect::OpenaiChat, b"\xff", &context()).is_none());
}

/// What a stream of the dialect tells.
fn told(dialect: Dialect, bytes: &[u8]) -> ChatReply<'static> {
    let mut frames = FrameReader::new(dialect.framing());
    let mut reader = EventReader::new(dialect, &context());
    let mut assembly = Assembly::default();
    let mut take = |event: ChatEvent<'_>| assembly.take(&event);
    frames.push(bytes, &mut |frame| reader.read(&frame.unwrap(), &mut take).unwrap());
    reader.end(&mut take);
    assembly.finish().unwrap()
}

#[test]
fn a_whole_answer_is_told_as_a_stream_and_a_stream_is_kept_as_a_whole() {
    for dialect in Dialect::ALL {
        let said = reply("hello there", Some(Finish::Stop));
        let body = body_of(*dialect, &said);
        let kept = KeptReply::of_chat(*dialect, &body, &context()).unwrap();
        assert_eq!(kept.body(), body, "as it came, byte for byte");
        assert_eq!(kept.usage().unwrap().total(), 8);
        let mut stream = Vec::new();
        assert!(kept.write_stream(dialect.framing(), &context(), &mut stream).is_some());
        let told = told(*dialect, &stream);
        assert_eq!(told.choices, said.choices, "{dialect:?}");
        assert_eq!(told.usage, kept.usage(), "{dialect:?}");

        let mut recorder = cache().recorder((*dialect, dialect.framing()), &context());
        for piece in stream.chunks(7) {
            recorder.push(piece);
        }
        let recorded = recorder.finish(None, &context()).unwrap();
        let text = std::str::from_utf8(recorded.body()).unwrap();
        let (again, _) = dialect.read_reply(text, &context()).unwrap();
        assert_eq!(again.choices, said.choices, "{dialect:?}");
        assert_eq!(again.usage, kept.usage(), "{dialect:?}");
    }
}

#[test]
fn a_stream_that_broke_off_or_was_cut_off_is_not_kept() {
    let dialect = Dialect::OpenaiChat;
    let stream = |finish| {
        let mut out = Vec::new();
        let (mut frames, framing) =
            (architrave_llm::frame::FrameWriter::new(dialect.framing()), dialect.framing());
        let mut writer = architrave_llm::dialect::EventWriter::new(dialect, &context());
        let said = reply("hello", Some(finish));
        architrave_llm::translate::replay(&said, &mut |event| {
            writer.write(&event, &mut frames, &mut out);
        });
        (out, framing)
    };
    let record = |bytes: &[u8]| {
        let mut recorder = cache().recorder((dialect, dialect.framing()), &context());
        recorder.push(bytes);
        recorder.finish(None, &context())
    };
    let (whole, _) = stream(Finish::Stop);
    assert!(record(&whole).is_some());
    assert!(record(&whole[..whole.len() / 2]).is_none());
    assert!(record(b"data: no JSON\n\n").is_none());
    let mut damaged = b"data: {]\n\n".to_vec();
    damaged.extend_from_slice(&whole);
    assert!(record(&damaged).is_none());
    assert!(record(&stream(Finish::Length).0).is_none());
}

#[test]
fn usage_that_the_client_was_not_told_is_kept_all_the_same() {
    let dialect = Dialect::OpenaiChat;
    let mut recorder = cache().recorder((dialect, dialect.framing()), &context());
    let events = [
        ChatEvent::PartStart { choice: 0, part: 0, kind: PartKind::Text },
        ChatEvent::PartDelta {
            choice: 0,
            part: 0,
            delta: architrave_llm::chat::Delta::Text("hi".into()),
        },
        ChatEvent::PartEnd { choice: 0, part: 0 },
        ChatEvent::Finish { choice: 0, finish: Finish::Stop, stop_text: None },
        ChatEvent::End,
    ];
    let mut frames = architrave_llm::frame::FrameWriter::new(dialect.framing());
    let quiet = Context { stream_usage: false, ..context() };
    let mut writer = architrave_llm::dialect::EventWriter::new(dialect, &quiet);
    let mut out = Vec::new();
    for event in &events {
        writer.write(event, &mut frames, &mut out);
    }
    recorder.push(&out);
    let usage = Usage { input: 3, output: 1, ..Usage::default() };
    let kept = recorder.finish(Some(usage), &context()).unwrap();
    assert_eq!(kept.usage(), Some(usage));
    assert!(std::str::from_utf8(kept.body()).unwrap().contains("usage"));
}

#[test]
fn the_table_is_bounded_in_number_and_bytes() {
    let limiters = RateLimiters::default();
    let few = config::Cache { entries_max: 100, bytes_max: 64 << 20, ..config() };
    let cache = cache_at(&limiters, "few", &few);
    for number in 0..1_000 {
        let body = format!(r#"{{"seed":{number}}}"#);
        let key = cache.key(&question(&Fields::new(), &body)).unwrap();
        cache.offer(key, wish(), kept("hello"), at(1));
    }
    let (entries, _) = cache.table.holds();
    assert!((50..=100).contains(&entries), "{entries}");

    let small = config::Cache { entries_max: 1_000_000, bytes_max: 256 << 10, ..config() };
    let cache = cache_at(&limiters, "small", &small);
    let long = "x".repeat(4_000);
    for number in 0..1_000 {
        let body = format!(r#"{{"seed":{number}}}"#);
        let key = cache.key(&question(&Fields::new(), &body)).unwrap();
        cache.offer(key, wish(), kept(&long), at(1));
    }
    let (entries, bytes) = cache.table.holds();
    assert!(bytes <= 256 << 10 && entries >= 20, "{entries} of {bytes} bytes");
}

#[test]
fn an_answer_that_would_take_the_room_of_all_others_is_not_kept() {
    let small = config::Cache { bytes_max: 64 << 10, ..config() };
    let cache = cache_at(&RateLimiters::default(), "x", &small);
    let key = key(BODY).unwrap();
    cache.offer(key, wish(), kept(&"x".repeat(60 << 10)), at(1));
    assert!(cache.lookup(&key, wish(), at(1)).is_none());
    let mut recorder = cache.recorder((Dialect::OpenaiChat, Framing::Sse), &context());
    for _ in 0..10_000 {
        recorder.push(&[b' '; 1_000]);
    }
    assert!(recorder.finish(None, &context()).is_none());
}

#[test]
fn answers_survive_a_reload_while_the_policy_has_the_same_bounds() {
    let limiters = RateLimiters::default();
    let (before, key) = (cache_at(&limiters, "routes/ai/cache", &config()), key(BODY).unwrap());
    before.offer(key, wish(), kept("hello"), at(1));
    let longer = config::Cache { ttl: Duration::from_secs(600), ..config() };
    let after = cache_at(&limiters, "routes/ai/cache", &longer);
    assert!(after.lookup(&key, wish(), at(500)).is_some());
    let elsewhere = cache_at(&limiters, "routes/b/cache", &config());
    assert!(elsewhere.lookup(&key, wish(), at(1)).is_none());
    let larger = config::Cache { bytes_max: 2 << 20, ..config() };
    assert!(cache_at(&limiters, "routes/ai/cache", &larger).lookup(&key, wish(), at(1)).is_none());
}

#[test]
fn what_is_no_chat_is_kept_where_it_is_complete() {
    for body in [
        r#"{"object":"list","data":[{"embedding":[0.1]}],"error":null}"#,
        r#"{"results":[{"index":0,"relevance_score":0.5}]}"#,
        r#"{"choices":[{"text":"a","finish_reason":"stop"}]}"#,
        r#"{"input_tokens":3}"#,
    ] {
        assert!(KeptReply::of_other(body.as_bytes(), None).is_some(), "{body}");
    }
    for body in [
        r#"{"error":{"message":"a"}}"#,
        r#"{"choices":[{"text":"a","finish_reason":"stop"},{"text":"a","finish_reason":"length"}]}"#,
        r#"{"choices":[{"text":"a","finish_reason":null}]}"#,
        r#"{"input_tokens":3"#,
        r#"{"input_tokens":3} and more"#,
        "hello",
    ] {
        assert!(KeptReply::of_other(body.as_bytes(), None).is_none(), "{body}");
    }
}

#[test]
fn an_answer_that_is_no_chat_is_kept_but_told_as_no_stream() {
    let kept = KeptReply::of_other(b"{}", None).unwrap();
    let mut out = Vec::new();
    assert!(kept.write_stream(Framing::Sse, &context(), &mut out).is_none() && out.is_empty());
    assert_eq!((kept.content_type(), kept.body()), ("application/json", &b"{}"[..]));
}
