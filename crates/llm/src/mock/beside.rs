//! What the mock says beside chat and vectors: rankings, judgements, images and sound, made by rules
//! that a reader can tell beforehand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::draw::{Draw, of_text};
use super::{embed, mp3};
use crate::chat::{ChatError, Text};
use crate::dialect::Context;
use crate::frame::crc32::crc32;
use crate::json::{Cursor, JsonError, Kind, Number, Writer};
use crate::rerank::{self, Ranked, RerankReply, Wire};
use crate::used::Used;

/// An answer that is no chat.
#[derive(Debug, PartialEq, Eq)]
pub struct MockAnswer {
    /// What it is.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl MockAnswer {
    fn json(body: Vec<u8>) -> Self {
        Self { content_type: "application/json", body }
    }
}

/// In how many dimensions documents are compared.
const RANK_DIMENSIONS: usize = 256;

/// The documents of a request, best first: those that share words with the question fit it.
///
/// # Errors
/// What is wrong with the request.
pub fn rank(body: &str, context: &Context) -> Result<MockAnswer, ChatError> {
    let (request, _losses) = rerank::read_request(None, body.as_bytes())?;
    let asked = embed(&request.query, RANK_DIMENSIONS);
    let mut scores: Vec<(u64, f32)> = (0..)
        .zip(&request.documents)
        .map(|(place, document)| {
            let fields = document.fields.as_ref().map(|fields| fields.as_str());
            let text = document.text.as_deref().or(fields).unwrap_or_default();
            let near: f32 = embed(text, RANK_DIMENSIONS)
                .iter()
                .zip(&asked)
                .map(|(one, other)| one * other)
                .sum();
            (place, near.clamp(0.0, 1.0))
        })
        .collect();
    scores.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    scores
        .truncate(request.top.map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(usize::MAX)));
    let results = scores.into_iter().filter_map(|(index, score)| {
        Some(Ranked { index, score: Number::new(score.to_string())?, document: None })
    });
    let reply = RerankReply {
        id: None,
        model: Some(Text::Borrowed(&context.model)),
        results: results.collect(),
        used: Used { requests: Some(1), ..Used::default() },
    };
    let mut out = Vec::new();
    let wish = rerank::Wish::of(Wire::CohereV1, &request);
    rerank::write_reply(&reply, &wish, context, &mut out);
    Ok(MockAnswer::json(out))
}

/// What can be wrong with a text; one that has such a word in it is flagged for it.
const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// What each text of a request is judged to be.
///
/// # Errors
/// That there is none.
pub fn moderate(body: &str, context: &Context) -> Result<MockAnswer, ChatError> {
    let mut inputs: Vec<String> = Vec::new();
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, name| match (name, cursor.kind()) {
        ("input", Kind::Text) => cursor.text().map(|text| inputs.push(text.into_owned())),
        ("input", Kind::Array) => cursor.array(|cursor| inputs_of(cursor, &mut inputs)),
        _ => cursor.skip(),
    })?;
    if inputs.is_empty() {
        return Err(ChatError::invalid("input", "there is nothing to judge"));
    }
    let mut out = Vec::new();
    Writer::new(&mut out).object(|w| {
        w.key("id").texts(&["modr-", &context.id]);
        w.key("model").text(&context.model);
        w.key("results").array(|w| inputs.iter().for_each(|input| judge(input, w)));
    });
    Ok(MockAnswer::json(out))
}

/// A text, or a part with one; images are found harmless.
fn inputs_of(cursor: &mut Cursor<'_>, inputs: &mut Vec<String>) -> Result<(), JsonError> {
    match cursor.kind() {
        Kind::Text => inputs.push(cursor.text()?.into_owned()),
        Kind::Object => {
            let mut said = String::new();
            cursor.object(|cursor, name| match (name, cursor.kind()) {
                ("text", Kind::Text) => cursor.text().map(|text| said = text.into_owned()),
                _ => cursor.skip(),
            })?;
            inputs.push(said);
        }
        _ => cursor.skip()?,
    }
    Ok(())
}

fn judge(input: &str, w: &mut Writer<'_>) {
    let input = input.to_lowercase();
    let is_found = |category: &str| input.contains(category);
    w.object(|w| {
        w.key("flagged").truth(CATEGORIES.into_iter().any(is_found));
        w.key("categories").object(|w| {
            CATEGORIES.into_iter().for_each(|one| w.key(one).truth(is_found(one)));
        });
        w.key("category_scores").object(|w| {
            for category in CATEGORIES {
                let score = if is_found(category) { "0.99" } else { "0.0001" };
                w.key(category).number(&Number::new(score).expect("it is a number"));
            }
        });
        w.key("category_applied_input_types").object(|w| {
            for category in CATEGORIES {
                w.key(category).array(|w| w.text("text"));
            }
        });
    });
}

/// More images are refused.
const IMAGES_MAX: u64 = 10;
/// How wide and how high an image is, whatever was asked for.
const IMAGE_SIDE: u32 = 32;

/// Small images in the colour of what is to be seen: the same words, the same colour.
///
/// # Errors
/// That nothing is said of what is to be seen, or that too many are asked for.
pub fn draw(body: &str, context: &Context) -> Result<MockAnswer, ChatError> {
    let (mut prompt, mut count, mut as_link) = (Text::default(), 1, false);
    Cursor::new(body).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("prompt", Kind::Text) => prompt = cursor.text()?,
            ("n", Kind::Scalar) => count = cursor.count()?,
            ("response_format", Kind::Text) => as_link = cursor.text()? == "url",
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if prompt.is_empty() {
        return Err(ChatError::invalid("prompt", "there is nothing to draw"));
    }
    if !(1..=IMAGES_MAX).contains(&count) {
        return Err(ChatError::invalid("n", format!("must be from 1 to {IMAGES_MAX}")));
    }
    let mut out = Vec::new();
    Writer::new(&mut out).object(|w| {
        w.key("created").count(context.created_s);
        w.key("output_format").text("png");
        w.key("data").array(|w| {
            for place in 0..count {
                let image = STANDARD.encode(png(of_text(&prompt).wrapping_add(place)));
                w.object(|w| match as_link {
                    true => w.key("url").texts(&["data:image/png;base64,", &image]),
                    false => w.key("b64_json").text(&image),
                });
            }
        });
    });
    Ok(MockAnswer::json(out))
}

/// A picture of one colour, with a frame of another.
fn png(seed: u64) -> Vec<u8> {
    let mut colours = Draw::new(seed);
    let [.., red, green, blue] = colours.next().to_be_bytes();
    let (plain, frame) = ([red, green, blue], [!red, !green, !blue]);
    let mut rows = Vec::new();
    for y in 0..IMAGE_SIDE {
        // No filter.
        rows.push(0);
        for x in 0..IMAGE_SIDE {
            let is_edge = [x, y].iter().any(|at| *at == 0 || *at == IMAGE_SIDE - 1);
            rows.extend(if is_edge { frame } else { plain });
        }
    }
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = IMAGE_SIDE.to_be_bytes();
    // Eight bits of red, green and blue each.
    chunk(&mut image, b"IHDR", &[&side[..], &side, &[8, 2, 0, 0, 0]].concat());
    chunk(&mut image, b"IDAT", &stored(&rows));
    chunk(&mut image, b"IEND", b"");
    image
}

fn chunk(image: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("images are small");
    image.extend(length.to_be_bytes());
    let from = image.len();
    image.extend(kind);
    image.extend(data);
    let checksum = crc32(&image[from..]);
    image.extend(checksum.to_be_bytes());
}

/// Bytes as zlib has them, not made smaller.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("images are small");
    let (mut one, mut two) = (1u32, 0u32);
    for byte in bytes {
        one = (one + u32::from(*byte)) % 65_521;
        two = (two + one) % 65_521;
    }
    let mut out = vec![0x78, 0x01, 0x01];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(bytes);
    out.extend((two << 16 | one).to_be_bytes());
    out
}

const SAMPLES_A_SECOND: u32 = 16_000;
/// How much of a tone is made for each character, up to a limit.
const SAMPLES_A_CHARACTER: usize = SAMPLES_A_SECOND as usize / 15;
const SECONDS_MAX: usize = 30;
/// The tone that is heard, in periods a second: the a above middle c.
const TONE: u32 = 440;

/// A tone as long as what is said would take: a WAV, or bare samples where `pcm` is asked for.
///
/// # Errors
/// That there is nothing to say.
pub fn speak(body: &str) -> Result<MockAnswer, ChatError> {
    let (mut input, mut format) = (Text::default(), Text::default());
    Cursor::new(body).object(|cursor, name| {
        match (name, cursor.kind()) {
            ("input", Kind::Text) => input = cursor.text()?,
            ("response_format", Kind::Text) => format = cursor.text()?,
            _ => cursor.skip()?,
        }
        Ok(())
    })?;
    if input.is_empty() {
        return Err(ChatError::invalid("input", "there is nothing to say"));
    }
    let count = (input.chars().count().saturating_mul(SAMPLES_A_CHARACTER))
        .min(SECONDS_MAX * SAMPLES_A_SECOND as usize);
    let samples = || (0..count).flat_map(|at| sample(at).to_le_bytes());
    match &*format {
        "" | "wav" => {}
        "pcm" => return Ok(MockAnswer { content_type: "audio/pcm", body: samples().collect() }),
        "mp3" => return Ok(MockAnswer { content_type: "audio/mpeg", body: mp3::silence(count) }),
        _ => {
            let message = "the mock provider speaks in wav, pcm and mp3 alone";
            return Err(ChatError::invalid("response_format", message));
        }
    }
    let samples: Vec<u8> = samples().collect();
    let length = u32::try_from(samples.len()).expect("sound is short");
    let mut body = b"RIFF".to_vec();
    body.extend((36 + length).to_le_bytes());
    body.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    body.extend(SAMPLES_A_SECOND.to_le_bytes());
    body.extend((2 * SAMPLES_A_SECOND).to_le_bytes());
    body.extend(b"\x02\0\x10\0data");
    body.extend(length.to_le_bytes());
    body.extend(samples);
    Ok(MockAnswer { content_type: "audio/wav", body })
}

/// A quarter of full strength.
fn sample(at: usize) -> i16 {
    let turn = at as f64 * f64::from(TONE) / f64::from(SAMPLES_A_SECOND);
    ((turn * std::f64::consts::TAU).sin() * f64::from(i16::MAX / 4)) as i16
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn context() -> Context {
        Context { id: "x1".into(), model: "pretend/echo".into(), created_s: 7, stream_usage: true }
    }

    fn parsed(answer: &MockAnswer) -> Value {
        assert_eq!(answer.content_type, "application/json");
        serde_json::from_slice(&answer.body).unwrap()
    }

    #[test]
    fn documents_that_share_words_with_the_question_come_first() {
        let body = r#"{"model":"m","query":"tides of Brest","documents":["bread and butter",{"text":"the tides of Brest are high"},"nothing"],"top_n":2,"return_documents":true}"#;
        let ranked = parsed(&rank(body, &context()).unwrap());
        let results = ranked["results"].as_array().unwrap();
        assert_eq!((results.len(), &results[0]["index"]), (2, &json!(1)), "{ranked}");
        let score = |place: usize| results[place]["relevance_score"].as_f64().unwrap();
        assert!(score(0) > 0.5 && score(0) > score(1), "{ranked}");
        assert_eq!(results[0]["document"]["text"], "the tides of Brest are high");
        assert_eq!(rank(r#"{"query":"a"}"#, &context()).unwrap_err().status, 400);
    }

    #[test]
    fn a_text_is_flagged_for_the_categories_that_it_names() {
        let body = r#"{"input":["all is well","Violence!",{"type":"text","text":"hate"},{"type":"image_url","image_url":{"url":"x"}}]}"#;
        let judged = parsed(&moderate(body, &context()).unwrap());
        let flagged = |place: usize| judged["results"][place]["flagged"] == true;
        assert_eq!([0, 1, 2, 3].map(flagged), [false, true, true, false], "{judged}");
        assert_eq!(judged["results"][1]["categories"]["violence"], true);
        assert_eq!(judged["results"][1]["categories"]["hate"], false);
        assert_eq!(moderate("{}", &context()).unwrap_err().param.as_deref(), Some("input"));
    }

    #[test]
    fn images_are_sound_and_of_the_colour_of_their_words() {
        let images = |body: &str| parsed(&draw(body, &context()).unwrap())["data"].clone();
        let two = images(r#"{"prompt":"a pier","n":2}"#);
        assert_eq!(two.as_array().unwrap().len(), 2);
        assert_ne!(two[0], two[1]);
        assert_eq!(two[0], images(r#"{"prompt":"a pier"}"#)[0]);
        let link = images(r#"{"prompt":"a pier","response_format":"url"}"#);
        let start = "data:image/png;base64,";
        assert_eq!(
            link[0]["url"].as_str().unwrap().strip_prefix(start),
            two[0]["b64_json"].as_str()
        );
        let bytes = STANDARD.decode(two[0]["b64_json"].as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        // Every chunk ends with the checksum of its kind and data, and the last one is the end.
        let (mut at, mut last) = (8, Vec::new());
        while at < bytes.len() {
            let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            let told = &bytes[at + 4..at + 8 + length];
            let checksum = &bytes[at + 8 + length..at + 12 + length];
            assert_eq!(crc32(told).to_be_bytes(), checksum);
            last = told.to_vec();
            at += 12 + length;
        }
        assert_eq!(last, b"IEND");
        for body in ["{}", r#"{"prompt":"a","n":0}"#, r#"{"prompt":"a","n":11}"#] {
            assert_eq!(draw(body, &context()).unwrap_err().status, 400, "{body}");
        }
    }

    #[test]
    fn what_is_said_is_a_tone_of_its_length() {
        let said = |body: &str| speak(body).unwrap();
        let wav = said(r#"{"input":"fifteen letters","voice":"alloy"}"#);
        assert_eq!(wav.content_type, "audio/wav");
        let second = 2 * SAMPLES_A_CHARACTER * 15;
        assert_eq!((wav.body.len(), &wav.body[8..12]), (44 + second, &b"WAVE"[..]));
        assert!(wav.body[44..].iter().any(|byte| *byte != 0));
        let bare = said(r#"{"input":"fifteen letters","response_format":"pcm"}"#);
        assert_eq!((bare.content_type, bare.body.as_slice()), ("audio/pcm", &wav.body[44..]));
        let long = said(&format!(r#"{{"input":"{}"}}"#, "a".repeat(100_000)));
        assert_eq!(long.body.len(), 44 + 2 * SECONDS_MAX * SAMPLES_A_SECOND as usize);
        let silent = said(r#"{"input":"fifteen letters","response_format":"mp3"}"#);
        assert_eq!((silent.content_type, &silent.body[..2]), ("audio/mpeg", &b"\xFF\xF3"[..]));
        let opus = speak(r#"{"input":"fifteen letters","response_format":"opus"}"#).unwrap_err();
        assert_eq!((opus.status, opus.param.as_deref()), (400, Some("response_format")));
        assert_eq!(speak("{}").unwrap_err().param.as_deref(), Some("input"));
    }
}
