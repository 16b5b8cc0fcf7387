//! Streams of every dialect seen through, event by event.

use architrave_llm::chat::{
    ChatEvent, Choice, Content, Delta, Finish, Part, PartKind, ReasoningPart, Signature, ToolCall,
};
use architrave_llm::chat::{ChatReply, Maker, TokenLogprob};
use architrave_llm::dialect::{Context, Dialect};
use architrave_llm::json::Number;
use architrave_llm::translate::{Assembly, EventFilter, StreamTranslation};
use proptest::prelude::*;

use super::*;

fn context() -> Context {
    Context { id: "x1".into(), model: "m".into(), created_s: 1, stream_usage: true }
}

/// Events seen through and put together again; the text of each delta, too.
fn see(config: &config::Guardrail, events: &[ChatEvent<'_>]) -> (ChatReply<'static>, Vec<String>) {
    let mut guard = guards(std::slice::from_ref(config)).reply_guard().unwrap();
    let (mut assembly, mut deltas) = (Assembly::default(), Vec::new());
    for event in events {
        guard.take(event, &mut |event| {
            if let ChatEvent::PartDelta {
                delta: Delta::Text(text) | Delta::Arguments(text), ..
            } = &event
            {
                deltas.push(text.clone().into_owned());
            }
            assembly.take(&event);
        });
    }
    (assembly.finish().unwrap(), deltas)
}

fn start() -> ChatEvent<'static> {
    let (id, model) = (None, Some("m".into()));
    ChatEvent::Start { id, model, created_s: Some(1), service_class: None, fingerprint: None }
}

fn delta(choice: u32, part: u32, delta: Delta<'_>) -> ChatEvent<'_> {
    ChatEvent::PartDelta { choice, part, delta }
}

fn text(choice: u32, part: u32, text: &str) -> ChatEvent<'_> {
    delta(choice, part, Delta::Text(text.into()))
}

fn finish(choice: u32) -> ChatEvent<'static> {
    ChatEvent::Finish { choice, finish: Finish::Stop, stop_text: None }
}

fn part_start(choice: u32, part: u32, kind: PartKind<'_>) -> ChatEvent<'_> {
    ChatEvent::PartStart { choice, part, kind }
}

#[test]
fn each_part_is_a_text_of_its_own_and_what_is_held_back_comes_before_its_end() {
    let call = |id: &'static str| PartKind::ToolCall {
        id: id.into(),
        name: "send".into(),
        is_free_form: false,
    };
    let signature = Signature { maker: Maker::Anthropic, value: "sig".into() };
    let events = [
        start(),
        part_start(0, 0, PartKind::Reasoning { id: None }),
        text(0, 0, "ask ann@exam"),
        text(0, 0, "ple.com"),
        delta(0, 0, Delta::Signature(signature.clone())),
        ChatEvent::PartEnd { choice: 0, part: 0 },
        part_start(0, 1, PartKind::Text),
        text(0, 1, "it is nightf"),
        // Another answer's text in between is no part of it.
        part_start(1, 0, PartKind::Text),
        text(1, 0, "all is well"),
        text(0, 1, "all"),
        ChatEvent::PartEnd { choice: 1, part: 0 },
        ChatEvent::PartEnd { choice: 0, part: 1 },
        part_start(0, 2, call("c")),
        delta(0, 2, Delta::Arguments("{\"to\":\"ann@ex".into())),
        delta(0, 2, Delta::Arguments("ample.com\",\"card\":41111111".into())),
        delta(0, 2, Delta::Arguments("11111111}".into())),
        ChatEvent::PartEnd { choice: 0, part: 2 },
        finish(0),
        finish(1),
        ChatEvent::End,
    ];
    let (reply, _) = see(&all(), &events);
    let [first, second] = &*reply.choices else { panic!("{reply:?}") };
    let Content::Reasoning(ReasoningPart { text, signature: kept, .. }) = &first.parts[0].content
    else {
        panic!("{first:?}")
    };
    assert_eq!((&**text, kept), ("ask [masked]", &Some(signature)));
    assert_eq!(first.parts[1], Part::text("it is [masked]"));
    let Content::ToolCall(ToolCall { arguments, .. }) = &first.parts[2].content else {
        panic!("{first:?}")
    };
    assert_eq!(arguments, r#"{"to":"[masked]","card":"[masked]"}"#);
    assert_eq!(second.parts[0], Part::text("all is well"));
}

#[test]
fn text_goes_on_at_once_where_nothing_may_be_found_in_it() {
    let events = [
        start(),
        part_start(0, 0, PartKind::Text),
        text(0, 0, "Hello"),
        text(0, 0, " there,"),
        text(0, 0, " all."),
        ChatEvent::PartEnd { choice: 0, part: 0 },
        finish(0),
        ChatEvent::End,
    ];
    let (_, deltas) = see(&config(&["nightfall"], &["sk-[a-z]{9}"], &[]), &events);
    assert_eq!(deltas, ["Hello", " there,", " all."]);
}

#[test]
fn log_probabilities_do_not_pass() {
    let token = TokenLogprob {
        token: "nightfall".into(),
        logprob: Number::new("-1").unwrap(),
        bytes: None,
        top: Vec::new(),
    };
    let events = [
        start(),
        part_start(0, 0, PartKind::Text),
        text(0, 0, "nightfall"),
        ChatEvent::Logprobs { choice: 0, tokens: vec![token] },
        ChatEvent::PartEnd { choice: 0, part: 0 },
        finish(0),
        ChatEvent::End,
    ];
    let (reply, _) = see(&all(), &events);
    assert_eq!(reply.choices[0].logprobs, None);
    assert_eq!(reply.choices[0].parts, [Part::text("[masked]")]);
}

/// A reply as the stream of a dialect.
fn stream_of(dialect: Dialect, reply: &ChatReply<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    dialect.write_reply(reply, &context(), &mut body);
    let kept = crate::cache::KeptReply::of_chat(dialect, &body, &context()).unwrap();
    let mut out = Vec::new();
    assert!(kept.write_stream(dialect.framing(), &context(), &mut out).is_some());
    out
}

fn reply(said: &str) -> ChatReply<'_> {
    let choice =
        Choice { parts: vec![Part::text(said)], finish: Some(Finish::Stop), ..Choice::default() };
    ChatReply { id: Some("r".into()), choices: vec![choice], ..ChatReply::default() }
}

fn through(dialect: Dialect, config: &config::Guardrail, pieces: &[&[u8]]) -> (String, bool) {
    let sides = (dialect, dialect.framing());
    let guard = guards(std::slice::from_ref(config)).reply_guard().unwrap();
    let mut stream = StreamTranslation::new(sides, sides, &context()).filtered(Box::new(guard));
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.end(&mut out);
    (String::from_utf8_lossy(&out).into_owned(), stream.error().is_some())
}

#[test]
fn streams_of_every_dialect_are_masked_or_cut_off() {
    for dialect in Dialect::ALL {
        let bytes = stream_of(*dialect, &reply("write to ann@example.com at once"));
        let (masked, is_failed) = through(*dialect, &all(), &[&bytes]);
        assert!(masked.contains("[masked]") && masked.contains("once"), "{masked}");
        assert!(!masked.contains("ann@") && !is_failed, "{masked}");
        let (refused, is_failed) = through(*dialect, &refusing(all()), &[&bytes]);
        assert!(!refused.contains("ann@") && !refused.contains("once"), "{refused}");
        assert!(refused.contains("guardrail") && is_failed, "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn bytes_cut_anywhere_come_out_the_same(
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        dialect in prop::sample::select(Dialect::ALL),
    ) {
        let said = "write to ann@example.com or 415-555-0123 at nightfall, 東京";
        let bytes = stream_of(dialect, &reply(said));
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<_> = at.windows(2).map(|two| &bytes[two[0]..two[1]]).collect();
        prop_assert_eq!(through(dialect, &all(), &pieces), through(dialect, &all(), &[&bytes]));
    }
}
