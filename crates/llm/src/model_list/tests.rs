//! Lists as the families' own SDKs read them.

use super::{ListedModel, write_list, write_model};
use crate::catalog::ModelKind;
use crate::surface::Family;

const MODELS: [ListedModel<'static>; 3] = [
    ListedModel {
        id: "house-large",
        owner: "openai",
        created_s: 1_767_225_600,
        kind: Some(ModelKind::Chat),
        input_max: Some(128_000),
        output_max: Some(8_192),
    },
    ListedModel {
        id: "house/\"small\"",
        owner: "mistral",
        created_s: 0,
        kind: None,
        input_max: None,
        output_max: None,
    },
    ListedModel {
        id: "vectors",
        owner: "cohere",
        created_s: 1,
        kind: Some(ModelKind::Embedding),
        input_max: Some(512),
        output_max: None,
    },
];

fn list(family: Family, query: &str) -> String {
    String::from_utf8(write_list(family, &MODELS, query).unwrap()).unwrap()
}

fn one(family: Family) -> String {
    String::from_utf8(write_model(family, &MODELS[0])).unwrap()
}

#[test]
fn openai_lists_all_at_once() {
    assert_eq!(
        list(Family::Openai, "limit=1"),
        concat!(
            r#"{"object":"list","data":["#,
            r#"{"id":"house-large","object":"model","created":1767225600,"owned_by":"openai","context_length":128000},"#,
            r#"{"id":"house/\"small\"","object":"model","created":0,"owned_by":"mistral"},"#,
            r#"{"id":"vectors","object":"model","created":1,"owned_by":"cohere","context_length":512}]}"#
        )
    );
}

#[test]
fn a_model_is_told_in_the_words_of_each_family() {
    assert_eq!(
        one(Family::Anthropic),
        concat!(
            r#"{"type":"model","id":"house-large","display_name":"house-large","#,
            r#""created_at":"2026-01-01T00:00:00Z","lifecycle":"active","#,
            r#""max_input_tokens":128000,"max_tokens":8192}"#
        )
    );
    assert_eq!(
        one(Family::Gemini),
        concat!(
            r#"{"name":"models/house-large","version":"001","displayName":"house-large","#,
            r#""inputTokenLimit":128000,"outputTokenLimit":8192,"#,
            r#""supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}"#
        )
    );
    assert_eq!(
        one(Family::Cohere),
        concat!(
            r#"{"name":"house-large","is_deprecated":false,"endpoints":["chat"],"#,
            r#""finetuned":false,"context_length":128000}"#
        )
    );
}

/// The names on a page, and whether there is more by its mark.
#[track_caller]
fn check(family: Family, query: &str, names: &[&str], next: &str) {
    let page = list(family, query);
    for model in &MODELS {
        let name = match family {
            Family::Gemini => format!("\"models/{}\"", model.id.replace('"', "\\\"")),
            _ => format!("\"{}\"", model.id.replace('"', "\\\"")),
        };
        assert_eq!(page.contains(&name), names.contains(&model.id), "{name} in {page}");
    }
    assert!(page.contains(next), "{next} in {page}");
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let small = "house/\"small\"";
    check(Family::Anthropic, "limit=2", &["house-large", small], r#""has_more":true"#);
    check(
        Family::Anthropic,
        "limit=2&after_id=house%2F%22small%22",
        &["vectors"],
        r#""has_more":false"#,
    );
    check(Family::Anthropic, "limit=1&before_id=vectors", &[small], r#""has_more":true"#);
    check(Family::Anthropic, "before_id=vectors", &["house-large", small], r#""has_more":false"#);
    check(Family::Gemini, "pageSize=1", &["house-large"], r#""nextPageToken":"house-large""#);
    check(Family::Gemini, "pageToken=house-large", &[small, "vectors"], "]}");
    check(
        Family::Cohere,
        "page_size=1&page_token=house-large",
        &[small],
        r#""next_page_token":"house/\"small\"""#,
    );
    let empty = String::from_utf8(write_list(Family::Anthropic, &[], "").unwrap()).unwrap();
    assert_eq!(empty, r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#);
}

#[test]
fn a_page_that_is_not_there_is_refused() {
    for (family, query, param) in [
        (Family::Anthropic, "limit=0", "limit"),
        (Family::Gemini, "pageSize=many", "pageSize"),
        (Family::Anthropic, "after_id=nobody", "after_id"),
    ] {
        let error = write_list(family, &MODELS, query).unwrap_err();
        assert_eq!((error.status, error.param.as_deref()), (400, Some(param)));
    }
}
