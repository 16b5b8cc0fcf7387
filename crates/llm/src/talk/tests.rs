//! Talks as they come by: frames in any pieces, and what both sides say of answers.

use proptest::prelude::*;

use super::ear::{Ear, Heard, Said, Words};
use super::listener::Listener;
use super::write::{close_frame, frame, text_frame};
use super::{FrameError, Minted, Sender, SetupReader, may_begin_until};
use crate::catalog::Unit;

const LARGE: u64 = 1 << 20;
const MASK: [u8; 4] = [7, 0, 255, 42];

/// All messages that come of these bytes, given in pieces of that size.
fn heard(sender: Sender, bytes: &[u8], piece: usize) -> Vec<(Option<String>, u64)> {
    let mut listener = Listener::new(sender, LARGE);
    let mut messages = Vec::new();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            let passed = listener.hear(piece).expect("frames");
            messages.extend(passed.message.map(|(text, bytes)| (text.map(str::to_owned), bytes)));
            let count = passed.bytes;
            assert!(count > 0, "it goes on");
            piece = &piece[count..];
        }
    }
    assert!(listener.is_between());
    messages
}

#[test]
fn messages_are_heard_over_any_split_and_within_fragments() {
    let mut bytes = text_frame(br#"{"type":"one","n":1}"#, Some(MASK));
    bytes.extend(frame(0x01, br#"{"type":"#, Some(MASK)));
    bytes.extend(frame(0x89, b"ping", Some(MASK)));
    bytes.extend(frame(0x00, br#""two"#, Some(MASK)));
    bytes.extend(frame(0x80, br#""}"#, Some(MASK)));
    bytes.extend(frame(0x82, b"\x00\x01", Some(MASK)));
    bytes.extend(frame(0x81, b"", Some(MASK)));
    let whole = heard(Sender::Client, &bytes, bytes.len());
    let one = (Some(r#"{"type":"one","n":1}"#.to_owned()), 20);
    let two = (Some(r#"{"type":"two"}"#.to_owned()), 14);
    assert_eq!(whole, [one, two, (None, 2), (None, 0)]);
    for piece in 1..bytes.len() {
        assert_eq!(heard(Sender::Client, &bytes, piece), whole, "pieces of {piece}");
    }
}

#[test]
fn of_sound_only_the_beginning_is_held() {
    let sound = "A".repeat(300_000);
    let text = format!(r#"{{"type":"input_audio_buffer.append","audio":"{sound}","after":"x"}}"#);
    let bytes = text_frame(text.as_bytes(), Some(MASK));
    for piece in [1_000, 4_096, bytes.len()] {
        let messages = heard(Sender::Client, &bytes, piece);
        let (held, length) = &messages[0];
        assert_eq!(*length, text.len() as u64);
        let held = held.as_deref().expect("JSON");
        assert!(held.len() < 400 && held.ends_with(r#"A","after":"x"}"#), "{held}");
    }
}

#[test]
fn long_strings_are_cut_between_characters_and_escapes() {
    for (what, times) in [("\\u00e9", 90), ("é", 300), ("\\\\\\\"", 200), ("a\\n", 130)] {
        for shift in 0..6 {
            let text = format!(r#"{{"t":"{}{}","u":1}}"#, "x".repeat(shift), what.repeat(times));
            let bytes = text_frame(text.as_bytes(), None);
            let messages = heard(Sender::Server, &bytes, 7);
            let held = messages[0].0.as_deref().unwrap_or_else(|| panic!("{what} {shift}"));
            assert!(held.ends_with(r#"","u":1}"#) && held.len() < text.len(), "{held}");
        }
    }
}

#[test]
fn what_is_no_websocket_is_told() {
    let fails = |sender, bytes: &[u8]| Listener::new(sender, 100).hear(bytes).err();
    assert_eq!(fails(Sender::Client, &[0x81, 0x80, 0, 0, 0, 0]), None);
    let malformed = |error: Option<FrameError>| matches!(error, Some(FrameError::Malformed(_)));
    assert!(malformed(fails(Sender::Client, &text_frame(b"{}", None))), "no mask");
    assert!(malformed(fails(Sender::Server, &text_frame(b"{}", Some(MASK)))), "a mask");
    assert!(malformed(fails(Sender::Server, &[0xc1, 0])), "packed");
    assert!(malformed(fails(Sender::Server, &[0x80, 0])), "goes on with nothing");
    assert!(malformed(fails(Sender::Server, &[0x83, 0])), "a kind that there is not");
    assert!(malformed(fails(Sender::Server, &[0x88, 126, 0, 126])), "a long goodbye");
    assert!(malformed(fails(Sender::Server, &[0x09, 0])), "a ping in pieces");
    let large = FrameError::TooLarge { max: 100 };
    assert_eq!(fails(Sender::Server, &[0x81, 101]), Some(large));
    assert_eq!(fails(Sender::Server, &[0x81, 127, 255, 255, 255, 255, 0, 0, 0, 0]), Some(large));
    let mut listener = Listener::new(Sender::Server, 100);
    listener.hear(&frame(0x01, &[b'a'; 60], None)).expect("a piece");
    assert_eq!(listener.hear(&frame(0x80, &[b'a'; 60], None)).err(), Some(large));
}

#[test]
fn a_goodbye_is_heard_and_said() {
    let mut listener = Listener::new(Sender::Server, 100);
    let long = "é".repeat(100);
    let bytes = close_frame(1008, &long, None);
    assert_eq!(bytes[1], 2 + 122, "cut between characters");
    listener.hear(&bytes).expect("a frame");
    assert!(listener.is_closed());
}

/// What the answers under way need, each its prompt and its output.
fn needs(ear: &Ear) -> Vec<(u64, u64)> {
    ear.needs().iter().map(|need| (need.prompt_tokens, need.output_tokens_max)).collect()
}

fn tokens(heard: &Heard) -> [u64; 6] {
    let usage = heard.used.as_ref().and_then(|used| used.tokens).expect("tokens");
    let [input, cached, _, _, audio, _] = usage.by_class()[..6].try_into().expect("six");
    [input, cached, usage.cache_read_audio, audio, usage.output, usage.output_audio]
}

#[test]
fn an_answer_of_openais_is_told_with_what_it_used() {
    let mut ear = Ear::new(Words::Openai, None);
    let tell = |ear: &mut Ear, text: &str| ear.told(Some(text), text.len() as u64);
    tell(&mut ear, r#"{"type":"session.created","session":{"max_response_output_tokens":200}}"#);
    assert_eq!(needs(&ear), [(0, 200)]);
    let ask = r#"{"type":"response.create","response":{"max_output_tokens":50}}"#;
    assert_eq!(ear.said(Some(ask), 700), Said::Starts);
    assert_eq!(needs(&ear), [(200, 50)]);
    assert!(tell(&mut ear, r#"{"type":"response.created","response":{"usage":null}}"#).is_begun);
    assert_eq!(ear.said(Some(r#"{"type":"response.create"}"#), 0), Said::Starts);
    assert_eq!((needs(&ear), ear.answers()), (vec![(200, 50), (200, 200)], 2));
    ear.told(Some(r#"{"type":"response.output_audio.delta","delta":"A"}"#), 32_000);
    // The prompt of the one that is asked for, too.
    assert_eq!((ear.so_far().input, ear.so_far().output_audio), (400, 10));
    let done = r#"{"type":"response.done","response":{"status":"completed","usage":{"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,"cached_tokens":70,"cached_tokens_details":{"text_tokens":64,"audio_tokens":6}},"output_token_details":{"text_tokens":30,"audio_tokens":91}}}}"#;
    let heard = tell(&mut ear, done);
    assert_eq!(tokens(&heard), [55, 70, 6, 7, 30, 91]);
    assert_eq!(heard.used.and_then(|it| it.tokens).map(|it| it.total()), Some(253));
    assert_eq!((ear.answers(), ear.is_answering()), (1, false));
    // The second was refused.
    tell(&mut ear, r#"{"type":"error","error":{}}"#);
    assert_eq!((needs(&ear), ear.so_far().total()), (vec![(253, 200)], 0));
    let limited = r#"{"type":"session.updated","session":{"max_output_tokens":"inf"}}"#;
    tell(&mut ear, limited);
    assert_eq!(needs(&ear), [(253, 4_096)]);
}

/// OpenAI's ear, of a model that says 10,000 tokens at most, with a conversation of 6,000 behind it.
fn in_talk() -> Ear {
    let mut ear = Ear::new(Words::Openai, Some(10_000));
    ear.said(Some(r#"{"type":"response.create"}"#), 0);
    ear.told(Some(r#"{"type":"response.created"}"#), 0);
    ear.told(Some(&done(5_900, 100)), 0);
    ear
}

fn done(input: u64, output: u64) -> String {
    let usage = format!(r#"{{"input_tokens":{input},"output_tokens":{output}}}"#);
    format!(r#"{{"type":"response.done","response":{{"usage":{usage}}}}}"#)
}

#[test]
fn each_answer_needs_what_was_said_before_it_and_its_own_limit() {
    let mut ear = in_talk();
    assert_eq!(needs(&ear), [(6_000, 10_000)]);
    let create = |limit: &str| {
        format!(r#"{{"type":"response.create","response":{{"max_output_tokens":{limit}}}}}"#)
    };
    ear.said(Some(&create("16")), 0);
    ear.said(Some(r#"{"type":"conversation.item.create"}"#), 3_500);
    ear.said(Some(&create(r#""inf""#)), 0);
    ear.said(Some(&create("90000")), 0);
    assert_eq!(needs(&ear), [(6_000, 16), (7_000, 10_000), (7_000, 10_000)]);
    // Of what was said behind it an answer knows nothing, and the next one does.
    ear.told(Some(r#"{"type":"response.created"}"#), 0);
    ear.told(Some(&done(6_000, 10)), 0);
    ear.take_all_back();
    assert_eq!(needs(&ear), [(7_010, 10_000)]);
    // A limit that the session is to have counts before it is told that it does, if it is larger.
    let update = |limit: &str| {
        format!(r#"{{"type":"session.update","session":{{"max_output_tokens":{limit}}}}}"#)
    };
    let updated = |limit: &str| update(limit).replace("update", "updated");
    let limit = |ear: &Ear| needs(ear)[0].1;
    ear.said(Some(&update("16")), 0);
    assert_eq!(limit(&ear), 10_000);
    ear.told(Some(&updated("16")), 0);
    assert_eq!(limit(&ear), 16);
    ear.said(Some(&update("20")), 0);
    ear.said(Some(&update(r#""inf""#)), 0);
    ear.told(Some(&updated("20")), 0);
    assert_eq!(limit(&ear), 10_000);
    ear.told(Some(&updated(r#""inf""#)), 0);
    assert_eq!(limit(&ear), 10_000);
}

#[test]
fn what_stands_beside_the_conversation_does_not_make_it_shorter() {
    for (create, ended) in [
        (r#"{"conversation":"none"}"#, done(10, 1)),
        (r#"{"input":[]}"#, done(10, 1)),
        ("{}", done(10, 1).replace("\"usage\"", "\"conversation_id\":null,\"usage\"")),
    ] {
        let mut ear = in_talk();
        ear.said(Some(&format!(r#"{{"type":"response.create","response":{create}}}"#)), 35);
        ear.told(Some(r#"{"type":"response.created"}"#), 0);
        ear.told(Some(&ended), 0);
        assert_eq!(needs(&ear)[0].0, 6_010, "{create}");
        // One of the conversation tells how long that is.
        ear.said(Some(r#"{"type":"response.create"}"#), 0);
        ear.told(Some(r#"{"type":"response.created"}"#), 0);
        ear.told(Some(&done(200, 1)), 0);
        assert_eq!(needs(&ear)[0].0, 201, "{create}");
    }
}

#[test]
fn who_leaves_before_an_answer_begins_has_used_its_prompt() {
    let mut ear = in_talk();
    ear.said(Some(r#"{"type":"response.create"}"#), 350);
    assert_eq!(ear.so_far().input, 6_100);
    ear.take_back();
    assert_eq!(ear.so_far().total(), 0);
}

#[test]
fn geminis_tools_are_answered_one_by_one_and_lead_to_one_turn() {
    let mut ear = Ear::new(Words::Gemini, None);
    for _ in 0..40 {
        assert_eq!(ear.said(Some(r#"{"toolResponse":{}}"#), 9), Said::Starts);
    }
    assert_eq!(ear.answers(), 1);
    let speaks = r#"{"serverContent":{"modelTurn":{"parts":[{"text":"a"}]}}}"#;
    assert!(ear.told(Some(speaks), 9).is_begun);
    assert_eq!(ear.answers(), 1);
}

#[test]
fn what_is_written_down_is_the_other_models() {
    let mut ear = Ear::new(Words::Openai, None);
    let tell = |ear: &mut Ear, text: &str| ear.told(Some(text), text.len() as u64);
    let nobody = tell(&mut ear, r#"{"type":"input_audio_buffer.committed"}"#);
    assert_eq!(nobody, Heard::default());
    for session in [
        r#"{"audio":{"input":{"transcription":{"model":"hears"}},"output":{"format":{"type":"audio/pcmu"}}}}"#,
        r#"{"input_audio_transcription":{"model":"hears"},"output_audio_format":"g711_ulaw"}"#,
    ] {
        tell(&mut ear, &format!(r#"{{"type":"session.updated","session":{session}}}"#));
        assert!(ear.is_narrow, "{session}");
        assert!(tell(&mut ear, r#"{"type":"input_audio_buffer.committed"}"#).is_begun);
        let done = r#"{"type":"conversation.item.input_audio_transcription.completed","transcript":"a","usage":{"type":"tokens","total_tokens":26,"input_tokens":17,"input_token_details":{"text_tokens":0,"audio_tokens":17},"output_tokens":9}}"#;
        let heard = tell(&mut ear, done);
        assert_eq!(
            (tokens(&heard)[3..5].to_vec(), heard.model.as_deref()),
            (vec![17, 9], Some("hears"))
        );
    }
    let seconds = r#"{"type":"conversation.item.input_audio_transcription.completed","usage":{"type":"duration","seconds":2.3}}"#;
    let used = tell(&mut ear, seconds).used.expect("seconds");
    assert_eq!(used.count(Unit::SecondIn), 3);
}

#[test]
fn a_turn_of_geminis_is_told_at_its_end_or_behind_it() {
    let mut ear = Ear::new(Words::Gemini, None);
    let tell = |ear: &mut Ear, text: &str| ear.told(Some(text), text.len() as u64);
    let setup = r#"{"setup":{"model":"models/m","generationConfig":{"maxOutputTokens":99}}}"#;
    assert_eq!(ear.said(Some(setup), 70), Said::Adds);
    assert_eq!(ear.said(Some(setup), 70), Said::Again);
    assert_eq!(needs(&ear)[0].1, 99);
    let turn = r#"{"client_content":{"turns":[],"turn_complete":true}}"#;
    assert_eq!(ear.said(Some(turn), 0), Said::Starts);
    let speaks = r#"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"A"}}]}}}"#;
    assert!(tell(&mut ear, speaks).is_begun && !tell(&mut ear, speaks).is_begun);
    assert_eq!(ear.so_far().output_audio, 2);
    let over = r#"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":30,"responseTokenCount":12,"totalTokenCount":42,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":20}],"responseTokensDetails":[{"modality":"AUDIO","tokenCount":12}]}}"#;
    assert_eq!(tokens(&tell(&mut ear, over)), [10, 0, 0, 20, 0, 12]);
    assert!(!ear.is_answering());
    // What it used may come behind it.
    assert!(tell(&mut ear, speaks).is_begun);
    assert_eq!(tell(&mut ear, r#"{"serverContent":{"turnComplete":true}}"#).used, None);
    assert!(ear.so_far().total() > 0);
    let late = r#"{"usageMetadata":{"promptTokenCount":50,"responseTokenCount":1}}"#;
    assert_eq!(tokens(&tell(&mut ear, late)), [50, 0, 0, 0, 1, 0]);
    // Or never.
    assert!(tell(&mut ear, speaks).is_begun);
    tell(&mut ear, r#"{"serverContent":{"turnComplete":true}}"#);
    let next = tell(&mut ear, r#"{"toolCall":{"functionCalls":[]}}"#);
    assert!(next.is_begun && next.used.is_some(), "by the estimate");
}

#[test]
fn what_nobody_can_read_is_told_from_what_adds() {
    for words in [Words::Openai, Words::Gemini] {
        let mut ear = Ear::new(words, None);
        assert_eq!(ear.said(None, 9), Said::Unreadable);
        assert_eq!(ear.told(None, 9), Heard::default());
        assert_eq!(ear.said(Some(r#"{"what":1}"#), 9), Said::Adds);
    }
    let mut ear = Ear::new(Words::Openai, None);
    for _ in 0..16 {
        assert_eq!(ear.said(Some(r#"{"type":"response.create"}"#), 9), Said::Starts);
    }
    assert_eq!(ear.said(Some(r#"{"type":"response.create"}"#), 9), Said::TooManyAtOnce);
    let twice = r#"{"type":"x","type":"response.create"}"#;
    let messages = heard(Sender::Client, &text_frame(twice.as_bytes(), Some(MASK)), 64);
    assert_eq!(messages, [(None, twice.len() as u64)]);
}

#[test]
fn a_setup_is_told_on_with_another_model() {
    let read = |text: &str| {
        let mut reader = SetupReader::new(1_000);
        let bytes = frame(0x82, text.as_bytes(), Some(MASK));
        let (first, rest) = bytes.split_at(5);
        assert_eq!(reader.read(first), Ok(Some((5, false))));
        assert_eq!(reader.read(rest), Ok(Some((rest.len(), true))));
        reader.setup()
    };
    let setup = read(r#"{"setup": {"tools": [], "model": "models/fast", "x": 1}}"#).expect("setup");
    assert_eq!(setup.model, "fast");
    let there = setup.with_model("there-0");
    assert_eq!(
        String::from_utf8_lossy(&there),
        r#"{"setup": {"tools": [], "model": "models/there-0", "x": 1}}"#
    );
    for wrong in [
        "hello",
        "{}",
        "[]",
        r#"{"setup":{}}"#,
        r#"{"setup":{"model":3}}"#,
        r#"{"setup":{"model":"models/"}}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let mut reader = SetupReader::new(1_000);
    assert_eq!(reader.read(&close_frame(1000, "", Some(MASK))), Ok(None));
    assert!(SetupReader::new(10).read(&text_frame(&[b'a'; 11], Some(MASK))).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_stumble(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for sender in [Sender::Client, Sender::Server] {
            let mut listener = Listener::new(sender, 1_000);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                match listener.hear(rest) {
                    Ok(passed) => rest = &rest[passed.bytes..],
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn any_json_is_heard_as_it_is_cut(
        texts in prop::collection::vec("[a-z\"\\\\é ]{0,40}", 1..6),
        piece in 1usize..50,
    ) {
        let text = serde_json::to_string(&serde_json::json!({ "t": texts })).expect("JSON");
        let bytes = text_frame(text.as_bytes(), Some(MASK));
        let messages = heard(Sender::Client, &bytes, piece);
        prop_assert_eq!(messages, vec![(Some(text.clone()), text.len() as u64)]);
    }
}

#[test]
fn a_key_is_found_where_each_answer_has_it() {
    let newer =
        r#"{"value": "ek_a", "expires_at": 7, "session": {"client_secret": {"value": "no"}}}"#;
    let older = r#"{"id":"sess_1","expires_at":0,"client_secret":{"value":"ek_b","expires_at":9}}"#;
    for (answer, value, expires_at) in [(newer, "ek_a", 7), (older, "ek_b", 9)] {
        let minted = Minted::find(answer).expect("a key");
        assert_eq!((minted.value.as_str(), minted.expires_at), (value, Some(expires_at)));
        let other = minted.with_value(answer, "ek_\"ours").expect("it stands alone");
        assert_eq!(String::from_utf8_lossy(&other), answer.replace(value, "ek_\\\"ours"));
    }
    let twice = r#"{"value":"ek_a","session":{"list":[{"client_secret":{"value":"ek_a"}}]}}"#;
    let other = Minted::find(twice).and_then(|minted| minted.with_value(twice, "ek_o"));
    assert_eq!(other.as_deref(), Some(twice.replace("ek_a", "ek_o").as_bytes()));
    let in_text = r#"{"value":"ek_a","session":{"link":"https://there/?key=ek_a"}}"#;
    let other = Minted::find(in_text).and_then(|minted| minted.with_value(in_text, "ek_o"));
    assert_eq!(other, None, "some of it would be left");
    let two = r#"{"value":"ek_a","client_secret":{"value":"ek_b"}}"#;
    assert_eq!(Minted::find(two), None);
    let gemini = Minted::find(r#"{"name":"auth_tokens/a"}"#).expect("a key");
    assert_eq!((gemini.value.as_str(), gemini.expires_at), ("auth_tokens/a", None));
    let until = may_begin_until(r#"{"uses":1,"newSessionExpireTime":"1970-01-01T00:01:05.5Z"}"#);
    assert_eq!((until, may_begin_until("{}"), may_begin_until("")), (Some(65), None, None));
    for none in ["", "{}", r#"{"name":"a"}"#, r#"{"value":""}"#, r#"{"value":3}"#, r#"["ek"]"#] {
        assert_eq!(Minted::find(none), None);
    }
}
