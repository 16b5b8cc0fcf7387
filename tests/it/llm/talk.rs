//! Talk over WebSockets by who has a budget: each answer is reserved before it begins and settled by
//! what the provider says it used.

use std::net::SocketAddr;

use architrave_testkit::authority::Authority;
use architrave_testkit::websocket::{WebSocket, serve_talk};
use architrave_testkit::{Config, Gateway, GatewayOptions, Origin, SOON, eventually, sdk};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::house::{BOB, has_spent, held_to, keyed, of_budget, sole, with_ada, with_bob};
use super::{KEY, config, parsed, post, reply};

const REALTIME: &str = "/v1/realtime?model=fast";
const LIVE: &str = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent";

/// What an answer used: 253 tokens.
fn usage() -> Value {
    json!({
        "total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
        "input_token_details": {
            "text_tokens": 119, "audio_tokens": 13, "cached_tokens": 70,
            "cached_tokens_details": { "text_tokens": 64, "audio_tokens": 6 },
        },
        "output_token_details": { "text_tokens": 30, "audio_tokens": 91 },
    })
}

fn event(kind: &str) -> String {
    json!({ "type": kind }).to_string()
}

/// A provider that answers when it is asked; by itself, when somebody speaks; and with no end, when
/// it is to go on.
fn realtime() -> Origin {
    Origin::start(|exchange| serve_talk(exchange, answers))
}

/// What it says to a message.
fn answers(message: &str) -> Option<Vec<String>> {
    let begun = event("response.created");
    let sound = json!({ "type": "response.output_audio.delta", "delta": "A".repeat(64_000) });
    let done = json!({ "type": "response.done", "response": { "usage": usage() } });
    let asked: Value = serde_json::from_str(message).unwrap_or_default();
    Some(match asked["type"].as_str() {
        Some("response.create") if asked["response"]["metadata"]["is"] == "held" => vec![begun],
        Some("response.create") if asked["response"]["metadata"]["is"] == "unheard" => vec![],
        Some("response.create" | "speak") => vec![begun, sound.to_string(), done.to_string()],
        Some("go_on") => vec![begun, sound.to_string()],
        Some("vanish") => return None,
        _ => vec![event("heard")],
    })
}

/// Waits until a scrape says that ada has used so much.
fn counts(gateway: &Gateway, name: &str, much: f64) {
    eventually(&format!("{name} is {much}"), SOON, || {
        (gateway.metrics().sum(name, &[("consumer", "ada")]) == much).then_some(())
    });
}

fn talk(gateway: &Gateway) -> WebSocket {
    WebSocket::connect_as(gateway.web(), REALTIME, &[KEY]).expect("switched")
}

/// Reads messages up to one of that type.
#[track_caller]
fn until(socket: &mut WebSocket, kind: &str) -> Value {
    loop {
        let text = socket.receive().unwrap_or_else(|error| panic!("no {kind}: {error:?}"));
        let message: Value = serde_json::from_str(&text).expect("JSON");
        if message["type"] == kind {
            return message;
        }
        assert_ne!(message["type"], "error", "{message}");
    }
}

fn answer(socket: &mut WebSocket) {
    socket.send(&event("response.create")).expect("sent");
    let done = until(socket, "response.done");
    assert_eq!(done["response"]["usage"], usage(), "it goes through as it came");
}

#[test]
fn a_talk_is_paid_for_answer_by_answer() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 50000, per: day }", config(&[&origin]));
    let of_speech = format!("{REALTIME}&intent=transcription");
    drop(WebSocket::connect_as(gateway.web(), &of_speech, &[KEY]).expect("switched"));
    assert_eq!(origin.last().target, "/v1/realtime?model=there-0&intent=transcription");
    has_spent(&gateway, 0);
    let mut socket = talk(&gateway);
    let got = &origin.requests()[1];
    assert_eq!(
        (got.target.as_str(), got.get("sec-websocket-extensions")),
        ("/v1/realtime?model=there-0", None)
    );
    assert_eq!(of_budget(&gateway, "reserved"), 4_096, "for an answer that may begin");
    answer(&mut socket);
    eventually("it is paid for", SOON, || (of_budget(&gateway, "spent") == 253).then_some(()));
    // The next one begins with all that was said.
    assert_eq!(of_budget(&gateway, "reserved"), 253 + 4_096);
    answer(&mut socket);
    socket.send_frame(0x88, &1000u16.to_be_bytes()).expect("sent");
    assert_eq!(socket.receive_close().expect("a goodbye").0, 1000);
    has_spent(&gateway, 506);
    counts(&gateway, "architrave_llm_consumer_tokens_total", 506.0);
}

/// Something of 40,000 tokens is said, and an answer to it asked for.
fn ask_at_length(socket: &mut WebSocket, how: &str) {
    let content = json!([{ "type": "input_text", "text": "word ".repeat(28_000) }]);
    let item = json!({ "type": "conversation.item.create", "item": { "content": content } });
    socket.send(&item.to_string()).expect("sent");
    until(socket, "heard");
    let ask = json!({ "type": "response.create", "response": { "metadata": { "is": how } } });
    socket.send(&ask.to_string()).expect("sent");
}

#[test]
fn all_talks_together_pass_a_budget_by_one_prompt_at_most() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 100000, per: day }", config(&[&origin]));
    let mut sockets: Vec<_> = (0..4).map(|_| talk(&gateway)).collect();
    for (place, socket) in sockets.iter_mut().enumerate() {
        ask_at_length(socket, "held");
        let said = socket.receive().expect("an event");
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let expected = if place < 3 { "response.created" } else { "error" };
        assert_eq!(said["type"], expected, "{place}: {said}");
    }
    let reserved = of_budget(&gateway, "reserved");
    assert!((120_000..140_000).contains(&reserved), "{reserved}");
    assert_eq!(sockets[3].receive_close().expect("a goodbye").0, 1008);
    drop(sockets);
    eventually("three prompts are paid for", SOON, || {
        let spent = of_budget(&gateway, "spent");
        (of_budget(&gateway, "reserved") == 0 && (120_000..125_000).contains(&spent)).then_some(())
    });
}

#[test]
fn who_leaves_before_an_answer_begins_pays_for_its_prompt() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 100000, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    ask_at_length(&mut socket, "unheard");
    socket.send(&event("session.update")).expect("sent");
    until(&mut socket, "heard");
    drop(socket);
    eventually("it is paid for", SOON, || {
        let spent = of_budget(&gateway, "spent");
        (of_budget(&gateway, "reserved") == 0 && (40_000..41_000).contains(&spent)).then_some(())
    });
}

#[test]
fn speech_is_written_down_by_models_that_the_consumer_may_ask_for() {
    let origin = minting();
    for more in ["models: [fast]", "models: [fast]\nbudgets: [{ tokens: 50000, per: day }]"] {
        let gateway = Gateway::start(with_ada(keyed(config(&[&origin])), more));
        let mut socket = talk(&gateway);
        for (model, said) in [("nobodys", "error"), ("there-0", "heard")] {
            let transcription = json!({ "transcription": { "model": model } });
            let session = json!({ "type": "realtime", "audio": { "input": transcription } });
            let update = json!({ "type": "session.update", "session": session });
            socket.send(&update.to_string()).expect("sent");
            let got: Value =
                serde_json::from_str(&socket.receive().expect("an event")).expect("JSON");
            assert_eq!(got["type"], said, "{model}: {got}");
            let mut asked = update["session"].clone();
            asked["model"] = json!("fast");
            let secrets = "/v1/realtime/client_secrets";
            let answer = post(gateway.web(), secrets, &[KEY], &json!({ "session": asked }));
            let status = if said == "error" { 404 } else { 200 };
            assert_eq!(answer.status, status, "{model}: {}", answer.text());
        }
    }
}

#[test]
fn a_talk_in_which_nobody_speaks_is_kept_while_the_client_is_there() {
    let origin = realtime();
    let models = Config::new().web().and(&format!(
        "providers:\n  - {{ name: p0, kind: openai_compatible, base_url: \"http://{}/v1\", \
         credentials: [{{ value: key-0 }}], timeouts: {{ stall: 400ms }} }}\n\
         models: [{{ name: fast, deployments: [{{ provider: p0, model: there-0 }}] }}]",
        origin.addr()
    ));
    let gateway = Gateway::start(with_ada(keyed(models), ""));
    let mut socket = talk(&gateway);
    let mut pings = 0;
    while pings < 5 {
        match socket.receive() {
            // What it answers is told on, too.
            Ok(told) => assert!(told.contains("heard"), "{told}"),
            Err(other) => {
                assert!(format!("{other:?}").contains("0x89"), "{other:?}");
                socket.send_frame(0x8a, b"").expect("sent");
                pings += 1;
            }
        }
    }
    // Who does not answer is not there.
    let (code, why) = socket.receive_close().expect("a goodbye");
    assert_eq!((code, why.as_str()), (1001, "nobody said anything"));
}

#[test]
fn a_drain_ends_talks_between_two_answers() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 50000, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    answer(&mut socket);
    let mut busy = talk(&gateway);
    busy.send(&event("go_on")).expect("sent");
    until(&mut busy, "response.output_audio.delta");
    gateway.signal(Signal::TERM);
    let told: Value = serde_json::from_str(&socket.receive().expect("an event")).expect("JSON");
    assert_eq!(told["type"], "error", "{told}");
    let (code, why) = socket.receive_close().expect("a goodbye");
    assert!(code == 1001 && why.contains("shutting down"), "{code} {why}");
    // An answer under way is heard to its end.
    busy.send(&event("speak")).expect("sent");
    until(&mut busy, "response.done");
    drop(busy);
    gateway.wait();
}

#[test]
fn it_costs_what_each_class_of_tokens_does() {
    let origin = realtime();
    let models = sole("openai", "/v1", &origin, "gpt-realtime");
    let gateway = held_to("{ money: 1 USD, per: day }", models);
    let mut socket = talk(&gateway);
    answer(&mut socket);
    drop(socket);
    // 55 × 4 + 70 × 0.4 + 7 × 32 + 30 × 16 + 91 × 64 USD a million.
    counts(&gateway, "architrave_llm_consumer_cost_nano_usd_total", 6_776_000.0);
}

#[test]
fn when_nothing_is_left_the_next_answer_is_refused_and_the_talk_ends() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 4300, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    answer(&mut socket);
    // What is no answer is heard still.
    socket.send(&event("session.update")).expect("sent");
    until(&mut socket, "heard");
    socket.send(&event("response.create")).expect("sent");
    let told: Value = serde_json::from_str(&socket.receive().expect("an event")).expect("JSON");
    assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("rate_limited")));
    let (code, why) = socket.receive_close().expect("a goodbye");
    assert!(code == 1008 && why.contains("left of a budget"), "{code} {why}");
    assert!(socket.client().ends_within(SOON));
    has_spent(&gateway, 253);
    let refused = WebSocket::connect_as(gateway.web(), REALTIME, &[KEY]).err().expect("refused");
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert_eq!(origin.count(), 1);
}

#[test]
fn an_answer_that_begins_by_itself_is_cut_where_nothing_is_left() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 4400, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    socket.send(&event("speak")).expect("sent");
    until(&mut socket, "response.done");
    socket.send(&event("speak")).expect("sent");
    until(&mut socket, "response.created");
    let told: Value = serde_json::from_str(&socket.receive().expect("an event")).expect("JSON");
    assert_eq!(told["type"], "error");
    assert_eq!(socket.receive_close().expect("a goodbye").0, 1008);
    eventually("what it began with is paid for", SOON, || {
        (of_budget(&gateway, "reserved") == 0 && of_budget(&gateway, "spent") >= 506).then_some(())
    });
}

#[test]
fn who_leaves_in_mid_answer_pays_for_what_came() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 50000, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    answer(&mut socket);
    socket.send(&event("go_on")).expect("sent");
    until(&mut socket, "response.output_audio.delta");
    socket.client().reset();
    drop(socket);
    // What was said before, and a second of sound.
    eventually("it is paid for", SOON, || {
        let spent = of_budget(&gateway, "spent");
        let is_paid = of_budget(&gateway, "reserved") == 0 && spent >= 253 + 253 + 20;
        (is_paid && spent < 600).then_some(())
    });
    let mut socket = talk(&gateway);
    socket.send(&event("vanish")).expect("sent");
    let (code, why) = socket.receive_close().expect("a goodbye");
    assert_eq!((code, why.as_str()), (1011, "the provider went away"));
}

#[test]
fn what_cannot_be_read_is_refused_and_the_talk_goes_on() {
    let origin = realtime();
    let gateway = held_to("{ tokens: 50000, per: day }", config(&[&origin]));
    let mut socket = talk(&gateway);
    let twice = r#"{"type":"session.update","type":"response.create"}"#.as_bytes();
    let bad: [(u8, &[u8]); 4] =
        [(0x81, b"hello"), (0x82, &[0, 1, 255]), (0x81, twice), (0x81, b"")];
    for (first, payload) in bad {
        socket.send_frame(first, payload).expect("sent");
        let told: Value = serde_json::from_str(&socket.receive().expect("an event")).expect("JSON");
        assert_eq!(
            (&told["type"], &told["error"]["type"]),
            (&json!("error"), &json!("invalid_request_error"))
        );
    }
    // In pieces, and in a binary frame, it is what it is.
    socket.send_frame(0x02, br#"{"type":"resp"#).expect("sent");
    socket.send_frame(0x80, br#"onse.create"}"#).expect("sent");
    until(&mut socket, "response.done");
    // Large sound goes through without being held.
    let sound = "A".repeat(1 << 20);
    let append = json!({ "type": "input_audio_buffer.append", "audio": sound }).to_string();
    socket.send(&append).expect("sent");
    until(&mut socket, "heard");
    let ends = |bytes: &[u8]| {
        let mut socket = talk(&gateway);
        socket.client().send(bytes).expect("sent");
        socket.receive_close().expect("a goodbye").0
    };
    assert_eq!(ends(&[0x81, 2, b'{', b'}']), 1002, "without a mask");
    assert_eq!(ends(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]), 1009, "a tebibyte");
}

#[test]
fn nothing_is_forgotten_when_the_process_is_killed() {
    let origin = realtime();
    let folder = TempDir::new().expect("there is room for a directory");
    let start = || {
        let more = "budgets: [{ tokens: 50000, per: month }]";
        let file = with_ada(keyed(config(&[&origin])), more);
        GatewayOptions::new().data(folder.path()).start(file)
    };
    let gateway = start();
    let mut socket = talk(&gateway);
    for _ in 0..3 {
        answer(&mut socket);
    }
    socket.send(&event("go_on")).expect("sent");
    until(&mut socket, "response.output_audio.delta");
    gateway.kill();
    drop((gateway, socket));
    let gateway = start();
    let spent = of_budget(&gateway, "spent");
    assert!((4 * 253..12_000).contains(&spent), "{spent}");
    answer(&mut talk(&gateway));
}

/// A provider of Gemini's that says which setup it got and answers each turn.
fn live() -> Origin {
    Origin::start(|exchange| serve_talk(exchange, says_live))
}

/// What it says to a message.
fn says_live(message: &str) -> Option<Vec<String>> {
    let asked: Value = serde_json::from_str(message).expect("JSON");
    if asked["setup"].is_object() {
        return Some(vec![json!({ "setupComplete": {}, "got": asked }).to_string()]);
    }
    let speaks = json!({ "serverContent": { "modelTurn": { "parts": [{ "text": "hi" }] } } });
    let over = json!({
        "serverContent": { "turnComplete": true },
        "usageMetadata": {
            "promptTokenCount": 30, "responseTokenCount": 12, "totalTokenCount": 42,
            "promptTokensDetails": [{ "modality": "AUDIO", "tokenCount": 20 }],
            "responseTokensDetails": [{ "modality": "AUDIO", "tokenCount": 12 }],
        },
    });
    Some(vec![speaks.to_string(), over.to_string()])
}

fn turn(socket: &mut WebSocket) -> String {
    let turn = json!({ "clientContent": { "turns": [], "turnComplete": true } });
    socket.send(&turn.to_string()).expect("sent");
    socket.receive().expect("words");
    socket.receive().expect("an end")
}

/// The same JSON as `serde_json` writes it.
fn sorted(text: &str) -> String {
    serde_json::from_str::<Value>(text).expect("JSON").to_string()
}

fn open(to: SocketAddr, first: &str) -> WebSocket {
    let field = "x-goog-api-key: ada-key-0123456789";
    let mut socket = WebSocket::connect_as(to, LIVE, &[field]).expect("switched");
    socket.send_frame(0x82, first.as_bytes()).expect("sent");
    socket
}

fn gemini(origin: &Origin) -> architrave_testkit::Config {
    sole("gemini", "/v1beta", origin, "gemini-3.8-live")
}

#[test]
fn geminis_live_is_with_the_model_that_the_first_message_names() {
    let origin = live();
    let gateway = held_to("{ tokens: 4200, per: day }", gemini(&origin));
    let setup = r#"{"setup":{"model":"models/fast","generationConfig":{"maxOutputTokens":4096}}}"#;
    let mut socket = open(gateway.web(), setup);
    let got: Value = serde_json::from_str(&socket.receive().expect("an answer")).expect("JSON");
    let expected = setup.replace("models/fast", "models/gemini-3.8-live");
    assert_eq!(got["got"].to_string(), sorted(&expected));
    let request = &origin.requests()[0];
    assert_eq!((request.target.as_str(), request.get("x-goog-api-key")), (LIVE, Some("key-0")));
    assert!(turn(&mut socket).contains("usageMetadata"));
    eventually("it is paid for", SOON, || (of_budget(&gateway, "spent") == 42).then_some(()));
    // With less than an answer may use left, the second turn is its last.
    turn(&mut socket);
    let more = json!({ "clientContent": { "turns": [], "turnComplete": true } });
    socket.send(&more.to_string()).expect("sent");
    let (code, why) = socket.receive_close().expect("a goodbye");
    assert!(code == 1008 && why.contains("left of a budget"), "{code} {why}");
    has_spent(&gateway, 84);
}

#[test]
fn what_is_wrong_with_geminis_live_is_told_in_the_close_frame() {
    let origin = live();
    let gateway = held_to("{ tokens: 5000, per: day }", gemini(&origin));
    let ends = |first: &str| open(gateway.web(), first).receive_close().expect("a goodbye");
    let (code, why) = ends(r#"{"setup":{"model":"models/nobodys"}}"#);
    assert!(code == 1008 && why.contains("no model `nobodys`"), "{code} {why}");
    for wrong in ["hello", "{}", r#"{"setup":{}}"#, r#"{"clientContent":{"turnComplete":true}}"#] {
        assert_eq!(ends(wrong).0, 1007, "{wrong}");
    }
    assert_eq!(origin.count(), 0);
    let key = "x-goog-api-key: nobodys-key-0123456789";
    let unknown = WebSocket::connect_as(gateway.web(), LIVE, &[key]).err().expect("refused");
    assert_eq!(unknown.status, 401);
    // Its answers may be as long as the model can make them.
    let (code, why) = ends(r#"{"setup":{"model":"models/fast"}}"#);
    assert!(code == 1008 && why.contains("left of a budget"), "{code} {why}");
    let limited = r#"{"setup":{"model":"models/fast","generationConfig":{"maxOutputTokens":99}}}"#;
    let mut again = open(gateway.web(), limited);
    again.receive().expect("an answer");
    again.send(r#"{"setup":{"model":"models/dear"}}"#).expect("sent");
    assert_eq!(again.receive_close().expect("a goodbye").0, 1007);
    // Whom the provider refuses.
    let refusing = Origin::start(|exchange| {
        exchange.reply(403, &[], r#"{"error":{"code":403,"message":"no"}}"#)
    });
    let gateway = held_to("{ tokens: 5000, per: day }", gemini(&refusing));
    let (code, why) =
        open(gateway.web(), r#"{"setup":{"model":"fast"}}"#).receive_close().expect("a goodbye");
    assert!(code == 1008 || code == 1011, "{code} {why}");
    has_spent(&gateway, 0);
}

#[test]
fn what_another_consumer_keeps_is_not_there_in_a_talk() {
    let origin = Origin::start(|exchange| {
        if exchange.target().starts_with("/ws/") {
            return serve_talk(exchange, says_live);
        }
        exchange.read_body();
        let made = json!({ "name": "cachedContents/c1", "model": "models/gemini-3.8-live" });
        reply(exchange, 200, &made.to_string());
    });
    let gateway = Gateway::start(with_bob(with_ada(keyed(gemini(&origin)), ""), ""));
    let ask = json!({ "model": "models/fast", "contents": [] });
    let made = post(gateway.web(), "/v1beta/cachedContents", &[KEY], &ask);
    assert_eq!(made.status, 200, "{}", made.text());
    let setup = |named: &str| {
        let setup = json!({ "model": "models/fast", "cachedContent": named });
        json!({ "setup": setup }).to_string()
    };
    let open = |key: &str, first: &str| {
        let mut socket = WebSocket::connect_as(gateway.web(), LIVE, &[key]).expect("switched");
        socket.send(first).expect("sent");
        socket
    };
    let named = setup("cachedContents/c1");
    assert!(open(KEY, &named).receive().expect("an answer").contains("cachedContents/c1"));
    let (code, why) = open(BOB, &named).receive_close().expect("a goodbye");
    assert!(code == 1008 && why.contains("nothing of that id"), "{code} {why}");
}

/// A provider that makes keys and talks to whoever shows one.
fn minting() -> Origin {
    Origin::start(|exchange| {
        if exchange.target().starts_with("/v1/realtime?") {
            return serve_talk(exchange, answers);
        }
        let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let ends_at = architrave_testkit::unix_seconds() + 60;
        let value = format!("ek_{}", "0123456789".repeat(3));
        let said = match asked["session"].is_object() {
            true => json!({ "value": value, "expires_at": ends_at, "session": asked["session"] }),
            false => json!({ "client_secret": { "value": value, "expires_at": ends_at } }),
        };
        reply(exchange, 200, &said.to_string());
    })
}

#[test]
fn a_key_for_a_talk_is_good_here_as_whoever_asked_for_it() {
    let origin = minting();
    let models = keyed(config(&[&origin]));
    let held = with_ada(models, "budgets: [{ tokens: 9000, per: day }]");
    let gateway = Gateway::start(with_bob(held, ""));
    let asked = json!({ "session": { "type": "realtime", "model": "fast" } });
    let secrets = "/v1/realtime/client_secrets";
    let theirs = parsed(&post(gateway.web(), secrets, &[BOB], &asked))["value"].clone();
    assert_eq!(theirs, json!(format!("ek_{}", "0123456789".repeat(3))), "nothing holds bob");
    let ours = parsed(&post(gateway.web(), secrets, &[KEY], &asked))["value"].clone();
    let older = json!({ "model": "fast" });
    let older = parsed(&post(gateway.web(), "/v1/realtime/sessions", &[KEY], &older));
    let older = older["client_secret"]["value"].clone();
    assert!(
        ours != theirs && ours != older && ours.as_str().is_some_and(|it| it.starts_with("ek_"))
    );
    for key in [&ours, &older] {
        let shown = format!("Authorization: Bearer {}", key.as_str().expect("a key"));
        let mut socket =
            WebSocket::connect_as(gateway.web(), "/v1/realtime", &[&shown]).expect("switched");
        socket.send("{}").expect("sent");
        until(&mut socket, "heard");
        assert!(of_budget(&gateway, "reserved") >= 4_096, "it is ada who talks");
        let got = origin.last();
        // By its key the provider knows what the talk is to be like.
        assert_eq!(
            got.get("authorization"),
            Some(&*format!("Bearer {}", theirs.as_str().expect("a key")))
        );
        assert_eq!(got.target, "/v1/realtime?model=there-0");
        socket.send_frame(0x88, &1000u16.to_be_bytes()).expect("sent");
        socket.receive_close().expect("a goodbye");
        has_spent(&gateway, 0);
    }
    let browser = format!(
        "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{}",
        theirs.as_str().expect("a key")
    );
    drop(WebSocket::connect_as(gateway.web(), REALTIME, &[&browser]).expect("switched"));
    assert_eq!(origin.last().get("sec-websocket-protocol"), Some("realtime"));
    // It is good for that talk and nothing else.
    let shown = format!("Authorization: Bearer {}", ours.as_str().expect("a key"));
    let refused = |path: &str, fields: &[&str]| {
        WebSocket::connect_as(gateway.web(), path, fields).err().expect("refused").status
    };
    assert_eq!(refused("/v1/realtime?model=other", &[&shown]), 403);
    assert_eq!(refused("/v1/realtime", &[&shown, BOB]), 401, "two keys are none");
    assert_eq!(refused("/v1/realtime", &["Authorization: Bearer ek_0"]), 401);
    let chat = json!({ "model": "fast", "messages": [] });
    assert_eq!(post(gateway.web(), "/v1/chat/completions", &[&shown], &chat).status, 401);
}

#[test]
fn the_client_of_openai_talks() {
    let origin = minting();
    let gateway = held_to("{ tokens: 4400, per: day }", config(&[&origin]));
    sdk::talk("openai", &format!("http://{}", gateway.web()), "ada-key-0123456789", None);
    has_spent(&gateway, 253);
}

#[test]
fn the_client_of_google_talks() {
    // It talks over TLS alone.
    let (authority, dir) = (Authority::new(), TempDir::new().expect("there is room"));
    let (cert, key) = authority.issue(&["localhost"]).write(dir.path(), "site");
    let entry = format!("{{ cert_file: \"{}\", key_file: \"{}\" }}", cert.display(), key.display());
    let tls = format!("protocol: https\ntls: {{ certificates: [{entry}] }}");
    let origin = live();
    let gateway = held_to("{ tokens: 65600, per: day }", gemini(&origin).listener("tls", &tls));
    let address = format!("https://localhost:{}", gateway.addr("tls").port());
    let trusted = authority.write(dir.path());
    sdk::talk("google_genai", &address, "ada-key-0123456789", Some(&trusted));
    has_spent(&gateway, 42);
}

#[test]
fn a_token_of_geminis_is_good_here_as_whoever_asked_for_it() {
    let origin = Origin::start(|exchange| {
        if exchange.target() == "/v1alpha/auth_tokens" {
            let asked: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
            assert_eq!(asked["bidiGenerateContentSetup"]["model"], "models/gemini-3.8-live");
            return reply(exchange, 200, r#"{"name":"auth_tokens/theirs"}"#);
        }
        serve_talk(exchange, says_live);
    });
    let gateway = held_to("{ tokens: 140000, per: day }", gemini(&origin));
    let key = "x-goog-api-key: ada-key-0123456789";
    let ask = |model: &str| {
        let body = json!({ "uses": 1, "bidiGenerateContentSetup": { "model": model } });
        post(gateway.web(), "/v1alpha/auth_tokens", &[key], &body)
    };
    assert_eq!((ask("models/nobodys").status, ask("").status), (404, 400));
    let token = parsed(&ask("models/fast"))["name"].clone();
    let token = token.as_str().expect("a name");
    assert!(token.starts_with("auth_tokens/") && token != "auth_tokens/theirs", "{token}");
    let path = format!("{LIVE}Constrained").replace("v1beta", "v1alpha");
    let open = |path: &str, fields: &[&str], model: &str| {
        let mut socket = WebSocket::connect_as(gateway.web(), path, fields).expect("switched");
        socket.send(&json!({ "setup": { "model": model } }).to_string()).expect("sent");
        socket
    };
    // As the official client shows it, and as a browser does.
    let fields = [format!("Authorization: Token {token}"), format!("x-goog-api-key: {token}")];
    let mut socket = open(&path, &[&*fields[0], &*fields[1]], "models/fast");
    assert!(socket.receive().expect("an answer").contains("gemini-3.8-live"));
    let got = origin.last();
    assert_eq!(
        (got.get("authorization"), got.get("x-goog-api-key")),
        (Some("Token auth_tokens/theirs"), None)
    );
    assert_eq!(got.target, path);
    assert!(turn(&mut socket).contains("usageMetadata"));
    drop(socket);
    has_spent(&gateway, 42);
    let by_query = format!("{path}?access_token={token}");
    open(&by_query, &[], "models/fast").receive().expect("an answer");
    let (code, why) = open(&by_query, &[], "models/other").receive_close().expect("a goodbye");
    assert!(code == 1008 && why.contains("another model"), "{code} {why}");
    let unknown = format!("{path}?access_token=auth_tokens/0");
    let refused = WebSocket::connect_as(gateway.web(), &unknown, &[]).err().expect("refused");
    assert_eq!(refused.status, 401);
}
