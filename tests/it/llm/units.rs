//! What is charged by something else than tokens: characters, seconds, images, searches.

use architrave_testkit::{
    Config, Exchange, Gateway, GatewayOptions, Origin, Response, SOON, eventually,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::form::{self, file_of, part};
use super::house::{has_spent, keyed, of_budget, with_ada};
use super::{KEY, post, reply};

/// Models of a provider that is nobody's.
const ROWS: &str = "
lab https://lab.example/v1 bearer openai_chat
lab/voice speech - - - character_in=0.000015
lab/reader speech - - - second_out=0.0003
lab/ear transcription - - - second_in=0.0001
lab/brush image - - - image_out=0.04
lab/paint image - - - pixel_out=0.00000001
";

/// A gateway in front of one provider, and a consumer with a budget in USD.
struct House {
    gateway: Gateway,
    _rows: TempDir,
}

impl House {
    fn new(origin: &Origin, kind: &str, usd: &str) -> Self {
        let rows = TempDir::new().expect("there is room for a directory");
        let file = rows.path().join("catalog.txt");
        std::fs::write(&file, ROWS).expect("there is room for a file");
        let providers = format!(
            "providers: [{{ name: lab, kind: {kind}, base_url: \"http://{}\", \
             credentials: [{{ value: upstream-key }}] }}]",
            origin.addr()
        );
        let budget = format!("budgets: [{{ money: {usd} USD, per: month }}]");
        let config = keyed(Config::new().web().and(&providers));
        let config = with_ada(config, &format!("models: [\"lab/*\"]\n{budget}"));
        let file = file.display().to_string();
        let gateway = GatewayOptions::new().env("ARCHITRAVE_CATALOG", &file).start(&config);
        Self { gateway, _rows: rows }
    }

    /// Waits until the exchange is settled, at that many nano-USD in all.
    #[track_caller]
    fn has_spent(&self, nano_usd: u64) {
        has_spent(&self.gateway, nano_usd);
    }

    fn speak(&self, model: &str, characters: usize) -> Response {
        let body = json!({ "model": model, "voice": "a", "input": "x".repeat(characters) });
        post(self.gateway.web(), "/v1/audio/speech", &[KEY], &body)
    }

    fn transcribe(&self, file: &[u8], format: &str) -> Response {
        let parts = [part("model", "lab/ear"), part("response_format", format)];
        let [model, format] = parts.map(String::into_bytes);
        let parts = [model, format, file_of(file)];
        form::send(self.gateway.web(), "/v1/audio/transcriptions", &[KEY], &parts)
    }
}

/// Sound of so many seconds.
fn wave(seconds: usize) -> Vec<u8> {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend(8_000u32.to_le_bytes());
    file.extend(16_000u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
    // The form's last line is not to begin another second.
    file.resize(seconds * 16_000 - 100, 0);
    file
}

fn sound(exchange: &mut Exchange<'_>, file: &[u8]) {
    let _body = exchange.read_body();
    exchange.reply(200, &[("Content-Type", "audio/wav")], file);
}

#[test]
fn speech_costs_its_characters_though_the_answer_is_sound() {
    let origin = Origin::start(|exchange| sound(exchange, b"no sound that anybody knows"));
    let house = House::new(&origin, "lab", "1");
    let answer = house.speak("lab/voice", 1_000);
    assert_eq!((answer.status, answer.get("content-type")), (200, Some("audio/wav")));
    house.has_spent(15_000_000);
}

#[test]
fn speech_is_reserved_before_it_is_made() {
    let house = std::sync::Arc::new(std::sync::OnceLock::<House>::new());
    let (seen, of_origin) = (std::sync::Arc::new(std::sync::Mutex::new(0)), house.clone());
    let told = seen.clone();
    let origin = Origin::start(move |exchange| {
        let house = of_origin.get().expect("it has started");
        *told.lock().expect("nobody panics") = of_budget(&house.gateway, "reserved");
        sound(exchange, b"x");
    });
    let house = house.get_or_init(|| House::new(&origin, "lab", "0.02"));
    assert_eq!(house.speak("lab/voice", 1_400).status, 200);
    assert_eq!(*seen.lock().expect("nobody panics"), 21_000_000);
    house.has_spent(21_000_000);
    assert_eq!((house.speak("lab/voice", 1).status, origin.count()), (429, 1));
}

#[test]
fn sound_of_an_answer_costs_its_seconds() {
    let origin = Origin::start(|exchange| sound(exchange, &wave(7)));
    let house = House::new(&origin, "lab", "1");
    assert_eq!(house.speak("lab/reader", 15 * 3).status, 200);
    house.has_spent(7 * 300_000);
}

#[test]
fn a_transcript_in_plain_text_costs_the_seconds_that_were_heard() {
    for (format, media_type, transcript) in [
        ("text", "text/plain; charset=utf-8", "hello there"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,000 --> 00:00:02,000\nhello\n"),
        ("vtt", "text/vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nhello\n"),
        ("json", "application/json", r#"{"text":"hello"}"#),
    ] {
        let origin = Origin::start(move |exchange| {
            let _body = exchange.read_body();
            exchange.reply(200, &[("Content-Type", media_type)], transcript);
        });
        let house = House::new(&origin, "lab", "1");
        let answer = house.transcribe(&wave(60), format);
        assert_eq!((answer.status, answer.text()), (200, transcript.to_owned()));
        house.has_spent(60 * 100_000);
    }
    let told = r#"{"text":"hello","duration":4.5}"#;
    let origin = Origin::start(move |exchange| {
        let _body = exchange.read_body();
        reply(exchange, 200, told);
    });
    let house = House::new(&origin, "lab", "1");
    let answer = house.transcribe(&wave(60), "verbose_json");
    assert_eq!(answer.get("x-architrave-cost"), Some("0.0005"));
    house.has_spent(5 * 100_000);
}

#[test]
fn images_that_cannot_be_paid_for_are_not_made() {
    let origin = Origin::start(|exchange| {
        let body: Value = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let made = vec![json!({ "url": "x" }); body["n"].as_u64().unwrap_or(1) as usize];
        reply(exchange, 200, &json!({ "created": 1, "data": made }).to_string());
    });
    let house = House::new(&origin, "lab", "0.1");
    let draw = |body: &Value| post(house.gateway.web(), "/v1/images/generations", &[KEY], body);
    let refused = draw(&json!({ "model": "lab/brush", "prompt": "a", "n": 3 }));
    assert_eq!((refused.status, origin.count()), (429, 0), "{}", refused.text());
    let made = draw(&json!({ "model": "lab/brush", "prompt": "a", "n": 2 }));
    assert_eq!(made.get("x-architrave-cost"), Some("0.08"), "{}", made.text());
    house.has_spent(80_000_000);
    let made = draw(&json!({ "model": "lab/paint", "prompt": "a", "size": "1000x500" }));
    assert_eq!(made.get("x-architrave-cost"), Some("0.005"), "{}", made.text());
}

#[test]
fn the_head_of_a_bare_call_at_bedrock_tells_its_tokens() {
    let origin = Origin::start(|exchange| {
        let _body = exchange.read_body();
        let fields = [
            ("Content-Type", "application/json"),
            ("x-amzn-bedrock-input-token-count", "1000"),
            ("x-amzn-bedrock-output-token-count", "500"),
        ];
        exchange.reply(200, &fields, r#"{"generation":"hello"}"#);
    });
    let house = House::new(&origin, "bedrock-api-key", "1");
    let path = "/model/lab%2Famazon.nova-lite-v1:0/invoke";
    let answer = post(house.gateway.web(), path, &[KEY], &json!({ "prompt": "hi" }));
    // 1,000 at 0.06 a million and 500 at 0.24.
    assert_eq!(answer.get("x-architrave-cost"), Some("0.00018"), "{}", answer.text());
    house.has_spent(180_000);
}

#[test]
fn a_model_that_nobody_knows_the_price_of_is_told_of_once() {
    let origin = super::saying("hello");
    let house = House::new(&origin, "lab", "1");
    for model in ["lab/unheard", "lab/unheard", "lab/unheard-too"] {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
        let answer = post(house.gateway.web(), "/v1/chat/completions", &[KEY], &body);
        assert_eq!(answer.get("x-architrave-cost"), Some("0"), "{}", answer.text());
    }
    let told = |model: &str| {
        let of_it = format!("deployment=\"{model}\"");
        let lines = house.gateway.stderr().lines();
        lines.iter().filter(|line| line.contains("counts as free") && line.contains(&of_it)).count()
    };
    eventually("both are told of", SOON, || (told("lab/unheard-too") > 0).then_some(()));
    assert_eq!((told("lab/unheard"), told("lab/unheard-too")), (1, 1));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    })
}

/// An event of AWS's binary stream, a piece of what a model says in it, in base64.
fn chunk(said: &str) -> Vec<u8> {
    let payload = json!({ "bytes": said, "p": "abcdef" }).to_string();
    let mut headers = Vec::new();
    for (name, value) in [(":event-type", "chunk"), (":message-type", "event")] {
        headers.push(name.len() as u8);
        headers.extend(name.bytes());
        headers.push(7);
        headers.extend((value.len() as u16).to_be_bytes());
        headers.extend(value.bytes());
    }
    let mut event = ((16 + headers.len() + payload.len()) as u32).to_be_bytes().to_vec();
    event.extend((headers.len() as u32).to_be_bytes());
    event.extend(crc32(&event).to_be_bytes());
    event.extend(headers);
    event.extend(payload.bytes());
    event.extend(crc32(&event).to_be_bytes());
    event
}

#[test]
fn the_last_event_of_a_streamed_bare_call_tells_its_tokens() {
    // {"outputText":"hello"}, and the last one with
    // "amazon-bedrock-invocationMetrics":{"inputTokenCount":1000,"outputTokenCount":500}.
    let stream = [
        chunk("eyJvdXRwdXRUZXh0IjoiaGVsbG8ifQ=="),
        chunk("eyJvdXRwdXRUZXh0IjoiIiwiYW1hem9uLWJlZHJvY2staW52b2NhdGlvbk1ldHJpY3MiOnsiaW5wdXRUb2tlbkNvdW50IjoxMDAwLCJvdXRwdXRUb2tlbkNvdW50Ijo1MDB9fQ=="),
    ]
    .concat();
    let said = stream.clone();
    let origin = Origin::start(move |exchange| {
        let _body = exchange.read_body();
        let fields = [("Content-Type", "application/vnd.amazon.eventstream")];
        exchange.reply(200, &fields, &said);
    });
    let house = House::new(&origin, "bedrock-api-key", "1");
    let path = "/model/lab%2Famazon.nova-lite-v1:0/invoke-with-response-stream";
    let answer = post(house.gateway.web(), path, &[KEY], &json!({ "prompt": "hi" }));
    assert_eq!((answer.status, &answer.body), (200, &stream));
    house.has_spent(180_000);
}
