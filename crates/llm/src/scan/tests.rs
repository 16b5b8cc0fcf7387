//! What the scan finds, refuses and changes; however the body is cut.

use proptest::prelude::*;

use super::{Member, Scan, ScanError, ScanLimits, Scanned, Spellings, Splice, Watch, Watched};

static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
        Member::top(Watched::StreamOptions, "stream_options"),
        Member::within(Watched::StreamOptions, Watched::StreamUsage, "include_usage"),
    ],
    spellings: Spellings::One,
};

const BODY: &str = r#"{ "messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9 \"model\": привет"},
 {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}], "model" : "small" ,"stream":true,
 "max_tokens": 120, "mimeType":"audio/of-a-sort-that-nobody-ever-heard-of", "stream_options":{"include_usage":false},"x":{"model":"inner","a":[1,-2.5e3,null,"",[],{}]}}"#;

fn scan(body: &str) -> Result<Scanned, ScanError> {
    Scanned::whole(body.as_bytes(), &WATCH)
}

#[test]
fn members_are_found_at_their_level_only() {
    let found = scan(BODY).unwrap();
    let body = BODY.as_bytes();
    assert_eq!(found.text(Watched::Model, body).unwrap(), "small");
    assert!(found.is_true(Watched::Stream, body));
    assert_eq!(found.count(Watched::OutputTokensMax, body), Some(120));
    assert_eq!(found.raw(Watched::StreamUsage, body), Some("false"));
    assert_eq!(found.raw(Watched::StreamOptions, body), Some(r#"{"include_usage":false}"#));
    assert_eq!(found.sizes.media_items, 1);
    assert_eq!(found.sizes.media, 26);
    assert_eq!(found.sizes.links, 1);
    assert_eq!(found.sizes.wide, 12);
    assert_eq!(found.sizes.items, 4);
}

#[test]
fn what_a_model_must_be_able_to_do_is_seen_in_every_dialect() {
    use crate::dialect::Dialect as D;
    for (dialect, body, needs) in [
        (
            D::OpenaiChat,
            r#"{"messages":[{"role":"user","content":"an image/png, json_schema"}]}"#,
            &[][..],
        ),
        (
            D::OpenaiChat,
            r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#,
            &["images"],
        ),
        (
            D::OpenaiChat,
            r#"{"messages":[{"content":[{"type":"input_audio","input_audio":{}}]}]}"#,
            &["audio"],
        ),
        (
            D::OpenaiChat,
            r#"{"messages":[{"content":[{"type":"file","file":{}}]}]}"#,
            &["documents"],
        ),
        (
            D::OpenaiChat,
            r#"{"tools":[{}],"response_format":{"type":"json_schema","json_schema":{}}}"#,
            &["tools", "schema"],
        ),
        (D::OpenaiChat, r#"{"response_format":{"type":"json_object"}}"#, &[]),
        (
            D::OpenaiResponses,
            r#"{"input":[{"content":[{"type":"input_image"},{"type":"input_file"}]}],"text":{"format":{"type":"json_schema"}}}"#,
            &["schema", "images", "documents"],
        ),
        (
            D::AnthropicMessages,
            r#"{"messages":[{"content":[{"type":"image","source":{"type":"base64"}},{"type":"document"}]}]}"#,
            &["images", "documents"],
        ),
        (
            D::AnthropicMessages,
            r#"{"output_config":{"format":{"type":"json_schema"}},"tools":[]}"#,
            &["tools", "schema"],
        ),
        (
            D::AnthropicMessages,
            r#"{"messages":[{"content":[{"type":"tool_use","input":{"image":{}}}]}]}"#,
            &[],
        ),
        (
            D::GeminiGenerateContent,
            r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/webp"}},{"fileData":{"mime_type":"video/mp4"}}]}]}"#,
            &["images", "video"],
        ),
        (
            D::GeminiGenerateContent,
            r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf"}}]}],"generationConfig":{"responseSchema":{"type":"OBJECT"}}}"#,
            &["schema", "documents"],
        ),
        (
            D::BedrockConverse,
            r#"{"messages":[{"content":[{"image":{"format":"png"}},{"document":{}}]}],"toolConfig":{}}"#,
            &["tools", "images", "documents"],
        ),
        (
            D::BedrockConverse,
            r#"{"outputConfig":{"textFormat":{"type":"json_schema"}},"messages":[{"content":[{"toolResult":{"content":[{"video":{}}]}}]}]}"#,
            &["schema", "video"],
        ),
        (
            D::CohereChat,
            r#"{"messages":[{"content":[{"type":"image_url"}]}],"response_format":{"type":"json_object","json_schema":{}}}"#,
            &["schema", "images"],
        ),
    ] {
        let found = Scanned::whole(body.as_bytes(), dialect.watch()).unwrap();
        let names: Vec<_> = found.needs.iter().map(|need| need.name()).collect();
        assert_eq!(names, needs, "{body}");
    }
}

#[test]
fn answers_in_sound_or_images_and_prompts_kept_for_an_hour_are_dear_however_cut() {
    let dear = [
        r#"{"modalities":["text","audio"],"audio":{"voice":"a"}}"#,
        r#"{"generationConfig":{"responseModalities" : ["IMAGE"]}}"#,
        r#"{"generation_config":{"response_modalities":["TEXT","AUDIO"]}}"#,
        r#"{"mod\u0061lities":["audio"]}"#,
        r#"{"modalities":["t\u0065xt"]}"#,
        r#"{"tools":[{"type":"image_generation"}]}"#,
        r#"{"tools":[{"type":"image\u005fgeneration"}]}"#,
        r#"{"system":[{"cache_control":{"type":"ephemeral","ttl": "1h"}}]}"#,
        r#"{"system":[{"cache_control":{"ttl":"\u0031h"}}]}"#,
    ];
    let plain = [
        r#"{"modalities":["text"],"x":[1]}"#,
        r#"{"messages":[{"content":"\"modalities\":[\"audio\"],\"ttl\":\"1h\""}]}"#,
        r#"{"messages":["modalities","audio","ttl","1h","image_generation"]}"#,
        r#"{"cache_control":{"type":"ephemeral","ttl":"5m"}}"#,
        r#"{"source":{"media_type":"image\/png"}}"#,
        r#"{"modalities":null}"#,
    ];
    for (bodies, is_dear) in [(&dear[..], true), (&plain[..], false)] {
        for body in bodies {
            for cut in 0..body.len() {
                let mut scan = Scan::new(&WATCH, ScanLimits::default());
                let (one, other) = body.as_bytes().split_at(cut);
                scan.push(one).and_then(|()| scan.push(other)).unwrap();
                assert_eq!(scan.finish().unwrap().is_dear, is_dear, "{body} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_search_is_offered_by_a_tool_and_by_no_word_elsewhere_however_written_and_cut() {
    use crate::dialect::Dialect as D;
    let offers = [
        (
            D::OpenaiResponses,
            r#"{"tools":[{"type":"function"},{"type":"web_search_preview_2025_03_11"}]}"#,
        ),
        (D::OpenaiResponses, r#"{"to\u006fls":[{"type":"web_search"}]}"#),
        (D::OpenaiResponses, r#"{"tools":[{"t\u0079pe":"web\u005fsearch"}]}"#),
        (D::AnthropicMessages, r#"{"tools":[{"name":"s","type":"web_search_20250305"}]}"#),
        (D::GeminiGenerateContent, r#"{"tools":[{"googleSearch":{}}]}"#),
        (D::GeminiGenerateContent, r#"{"tools":[{"google\u005fsearch":{}}]}"#),
        (D::GeminiGenerateContent, r#"{"tools":[{"googleSearchRetrieval":{}}]}"#),
        (D::GeminiGenerateContent, r#"{"tools":[{"enterpriseWebSearch":{}}]}"#),
    ];
    let plain = [
        (D::OpenaiResponses, r#"{"input":[{"type":"web_search_call","id":"w"}]}"#),
        (
            D::OpenaiResponses,
            r#"{"tools":[{"type":"function","name":"web_search"}],"input":"web_search"}"#,
        ),
        (D::OpenaiResponses, r#"{"tools":[],"tool_choice":{"type":"web_search"}}"#),
        (
            D::OpenaiChat,
            r#"{"tools":[{"type":"function","function":{"name":"web_search","parameters":{"type":"web_search"}}}]}"#,
        ),
        (
            D::GeminiGenerateContent,
            r#"{"tools":[{"functionDeclarations":[{"name":"google_search"}]}]}"#,
        ),
        (D::GeminiGenerateContent, r#"{"contents":[{"google_search":{}}]}"#),
    ];
    for (bodies, is_offered) in [(&offers[..], true), (&plain[..], false)] {
        for (dialect, body) in bodies {
            for cut in 0..body.len() {
                let mut scan = Scan::new(dialect.watch(), ScanLimits::default());
                let (one, other) = body.as_bytes().split_at(cut);
                scan.push(one).and_then(|()| scan.push(other)).unwrap();
                assert_eq!(scan.finish().unwrap().offers_search, is_offered, "{body} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_search_is_asked_for_by_its_field_alone_however_written() {
    let watch = crate::dialect::Dialect::OpenaiChat.watch();
    for (body, is_asked) in [
        (r#"{"web_search_options":{}}"#, true),
        (r#"{"web\u005fsearch_options":{},"model":"m"}"#, true),
        (r#"{"web_search_options":null}"#, false),
        (r#"{"messages":[{"content":"\"web_search_options\""}]}"#, false),
        (r#"{"messages":[{"content":"web_search_options"}]}"#, false),
        (r#"{"tools":[{"function":{"name":"web_search_options"}}]}"#, false),
        (r#"{"metadata":{"web_search_options":{}}}"#, false),
    ] {
        let found = Scanned::whole(body.as_bytes(), watch).unwrap();
        assert_eq!(found.says(Watched::SearchOptions, body.as_bytes()), is_asked, "{body}");
    }
}

#[test]
fn a_link_is_told_from_media_by_its_length() {
    let image = format!(
        r#"{{"content":[{{"image_url":{{"url":"{}"}}}},{{"file_url":"https://a.example/a.pdf"}}]}}"#,
        "A".repeat(5_000)
    );
    let sizes = scan(&image).unwrap().sizes;
    assert_eq!((sizes.media_items, sizes.links), (2, 1));
}

#[test]
fn a_name_is_found_behind_its_escapes() {
    let body = r#"{"mod\u0065l":"m"}"#;
    assert_eq!(scan(body).unwrap().text(Watched::Model, body.as_bytes()).unwrap(), "m");
}

#[test]
fn what_is_no_sound_body_is_refused() {
    let wrong = [
        "",
        "{",
        "[]",
        "3",
        "{\"a\":1}}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":[1,]}",
        "{\"a\":01}",
        "{\"a\":tru}",
        "{\"a\":1]",
        "{\"a\":\"",
        "{\"a\":1} x",
        "{a:1}",
        "{\"a\":}",
        "{\"a\":\"b\" \"c\":1}",
        "{\"a\":1.}",
        "{\"\\x\":1}",
    ];
    for body in wrong {
        assert!(scan(body).is_err(), "{body}");
    }
}

#[test]
fn doubled_names_are_refused_however_written_and_wherever() {
    for body in [
        r#"{"model":"a","model":"b"}"#,
        r#"{"model":"a","\u006dodel":"b"}"#,
        r#"{"a":[{"b":1,"c":{},"b":2}]}"#,
    ] {
        assert!(matches!(scan(body), Err(ScanError::DoubledField { .. })), "{body}");
    }
    let many: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":{{\"k{n}\":0}}")).collect();
    assert!(scan(&format!("{{{}}}", many.join(","))).is_ok());
    assert!(scan(&format!("{{{},\"k7\":0}}", many.join(","))).is_err());
}

#[test]
fn depth_and_fields_are_bounded() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(scan(&deep(128)).is_ok());
    assert_eq!(scan(&deep(129)), Err(ScanError::TooDeep { at: 128 * 5, max: 128 }));
    let wide: Vec<String> = (0..=16_384).map(|n| format!("\"{n}\":0")).collect();
    let refused = scan(&format!("{{{}}}", wide.join(",")));
    assert!(matches!(refused, Err(ScanError::TooManyFields { .. })));
}

#[test]
fn edits_leave_the_rest_as_it_came() {
    let found = scan(BODY).unwrap();
    let mut splice = Splice::new();
    splice.set(&found, &WATCH, Watched::StreamUsage, b"true".to_vec());
    splice.set_text(&found, &WATCH, Watched::Model, "la\"rge");
    let edited = String::from_utf8(splice.apply(BODY.as_bytes())).unwrap();
    let expected =
        BODY.replace("\"small\"", r#""la\"rge""#).replace("usage\":false", "usage\":true");
    assert_eq!(edited, expected);
}

#[test]
fn what_is_missing_is_put_in() {
    for (body, expected) in [
        ("{}", r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"a":1}"#, r#"{"stream_options":{"include_usage":true},"a":1}"#),
        (r#"{"stream_options":{}}"#, r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"stream_options":null}"#, r#"{"stream_options":{"include_usage":true}}"#),
        ("{\"stream_options\":{ \n \t }}", r#"{"stream_options":{"include_usage":true}}"#),
        (r#"{"stream_options":{"x":123}}"#, r#"{"stream_options":{"include_usage":true,"x":123}}"#),
    ] {
        let found = scan(body).unwrap();
        let mut splice = Splice::new();
        splice.set(&found, &WATCH, Watched::StreamUsage, b"true".to_vec());
        assert_eq!(String::from_utf8(splice.apply(body.as_bytes())).unwrap(), expected);
    }
}

#[test]
fn a_member_is_called_otherwise_however_its_name_is_written() {
    for body in
        [r#"{"a":"max_tokens","max_tokens" : 5}"#, r#"{"a":"max_tokens","max\u005ftokens" : 5}"#]
    {
        let found = scan(body).unwrap();
        let mut splice = Splice::new();
        splice.rename(&found, &WATCH, Watched::OutputTokensMax, Watched::Stream);
        let edited = String::from_utf8(splice.apply(body.as_bytes())).unwrap();
        assert_eq!(edited, r#"{"a":"max_tokens","stream" : 5}"#);
    }
}

#[test]
fn what_is_taken_out_takes_its_comma_along() {
    use Watched::{Model, OutputTokensMax, Stream, StreamOptions, StreamUsage};
    for (body, out, expected) in [
        (r#"{"a":1,"model":"m","b":2}"#, &[Model][..], r#"{"a":1,"b":2}"#),
        (r#"{"a":1 , "model" : "m" , "b":2}"#, &[Model], r#"{"a":1 ,  "b":2}"#),
        (r#"{"a":1 , "model":"m" }"#, &[Model], r#"{"a":1  }"#),
        (r#"{"model":"m"}"#, &[Model], "{}"),
        (r#"{"a":1,"model":"m","stream":true}"#, &[Stream, Model], r#"{"a":1}"#),
        (r#"{"stream":true, "model":"m"}"#, &[Model, Stream], "{}"),
        (r#"{"model":"m","a":1,"stream":true}"#, &[Model, Stream], r#"{"a":1}"#),
        (r#"{"a":1}"#, &[Model, Stream], r#"{"a":1}"#),
        (
            r#"{"stream_options":{"include_usage":false,"x":1}}"#,
            &[StreamUsage],
            r#"{"stream_options":{"x":1}}"#,
        ),
        (r#"{"stream_options":{"include_usage":false},"a":1}"#, &[StreamOptions], r#"{"a":1}"#),
        (r#"{"max_tokens":[{"a":1}],"stream":1}"#, &[OutputTokensMax], r#"{"stream":1}"#),
    ] {
        let found = scan(body).unwrap();
        let mut splice = Splice::new();
        splice.take_out(&found, body.as_bytes(), out);
        assert_eq!(String::from_utf8(splice.apply(body.as_bytes())).unwrap(), expected, "{body}");
    }
}

/// Members of a body in the order of `places`, each with blanks around it by its place.
fn body_of(places: &[usize]) -> String {
    let members = [
        r#""model":"m""#,
        r#""stream":true"#,
        r#""max_tokens":5"#,
        r#""a":",""#,
        r#""b":{"c":[]}"#,
    ];
    let blank = |place: usize| " ".repeat(place % 3);
    let said = places.iter().map(|at| format!("{}{}{}", blank(*at), members[*at], blank(at + 1)));
    format!("{{{}}}", said.collect::<Vec<_>>().join(","))
}

proptest! {
    #[test]
    fn what_is_taken_out_and_put_in_leaves_sound_json(
        places in prop::sample::subsequence(vec![0usize, 1, 2, 3, 4], 0..=5).prop_shuffle(),
        out in prop::sample::subsequence(vec![0usize, 1, 2], 0..=3),
        puts_in in any::<bool>(),
        edits in any::<bool>(),
    ) {
        let watched = [Watched::Model, Watched::Stream, Watched::OutputTokensMax];
        let names = ["model", "stream", "max_tokens"];
        let body = body_of(&places);
        let found = scan(&body).unwrap();
        let mut expected: serde_json::Value = serde_json::from_str(&body).unwrap();
        let members = expected.as_object_mut().unwrap();
        let mut splice = Splice::new();
        if edits && places.contains(&0) {
            splice.set_text(&found, &WATCH, Watched::Model, "other");
            members.insert("model".into(), "other".into());
        }
        if puts_in {
            splice.set(&found, &WATCH, Watched::StreamUsage, b"true".to_vec());
            members.insert("stream_options".into(), serde_json::json!({"include_usage": true}));
        }
        out.iter().for_each(|at| drop(members.remove(names[*at])));
        let out: Vec<Watched> = out.into_iter().map(|at| watched[at]).collect();
        splice.take_out(&found, body.as_bytes(), &out);
        let edited = splice.apply(body.as_bytes());
        let read = serde_json::from_slice::<serde_json::Value>(&edited);
        prop_assert_eq!(read.ok(), Some(expected), "{} of {}", String::from_utf8_lossy(&edited), body);
    }

    #[test]
    fn any_cut_finds_the_same(cuts in prop::collection::vec(0usize..BODY.len(), 0..12)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut scan = Scan::new(&WATCH, ScanLimits::default());
        let mut from = 0;
        for cut in cuts.into_iter().chain([BODY.len()]) {
            scan.push(&BODY.as_bytes()[from..cut]).unwrap();
            from = cut;
        }
        prop_assert_eq!(scan.finish().unwrap(), Scanned::whole(BODY.as_bytes(), &WATCH).unwrap());
    }

    #[test]
    fn it_takes_the_objects_that_serde_takes(text in "\\{[\\[\\]{},:\"ab0.\\-1e]{0,20}\\}") {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match scan(&text) {
            Err(ScanError::DoubledField { .. }) => {}
            ours => prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text),
        }
    }
}
