//! What the scan finds, refuses and changes; however the body is cut.

use proptest::prelude::*;

use super::{Member, Scan, ScanError, ScanLimits, Scanned, Splice, Watch, Watched};

static WATCH: Watch = Watch {
    members: &[
        Member::top(Watched::Model, "model"),
        Member::top(Watched::Stream, "stream"),
        Member::top(Watched::OutputTokensMax, "max_tokens"),
        Member::top(Watched::StreamOptions, "stream_options"),
        Member::within(Watched::StreamOptions, Watched::StreamUsage, "include_usage"),
    ],
};

const BODY: &str = r#"{ "messages":[{"role":"user","content":[{"type":"text","text":"h\u00e9 \"model\": привет"},
 {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}], "model" : "small" ,"stream":true,
 "max_tokens": 120, "stream_options":{"include_usage":false},"x":{"model":"inner","a":[1,-2.5e3,null,"",[],{}]}}"#;

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
    assert_eq!(found.sizes.wide, 12);
    assert_eq!(found.sizes.items, 4);
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
        (r#"{"stream_options":{"x":123}}"#, r#"{"stream_options":{"include_usage":true,"x":123}}"#),
    ] {
        let found = scan(body).unwrap();
        let mut splice = Splice::new();
        splice.set(&found, &WATCH, Watched::StreamUsage, b"true".to_vec());
        assert_eq!(String::from_utf8(splice.apply(body.as_bytes())).unwrap(), expected);
    }
}

proptest! {
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
