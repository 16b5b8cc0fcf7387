//! A price list as operators have it, and everything that can be wrong with one.

use super::*;
use crate::catalog::Catalog;

const LIST: &str = r#"{
    "sample_spec": { "litellm_provider": "one of https://example", "mode": "one of: chat", "input_cost_per_token": 0.0 },
    "gpt-x": {
        "litellm_provider": "openai", "mode": "chat", "max_input_tokens": 128000, "max_output_tokens": "16384",
        "input_cost_per_token": 1.5e-07, "output_cost_per_token": "0.0000006", "cache_read_input_token_cost": null, "cache_read_input_audio_token_cost": 1e-7,
        "input_cost_per_token_above_200k_tokens": 3e-7,
        "input_cost_per_token_flex": 7.5e-8, "output_cost_per_token_flex": "0.0000006",
        "output_cost_per_token_priority": 1.2e-6, "input_cost_per_token_above_200k_tokens_priority": 6e-7,
        "input_cost_per_token_batches": 1e-9, "supports_vision": true, "supports_function_calling": false
    },
    "openai/gpt-x": { "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 4.0000000000000003e-07 },
    "vertex_ai/gemini-x": {
        "litellm_provider": "vertex_ai-language-models", "mode": "chat", "supported_modalities": ["text"], "supports_video_input": true,
        "tiered_pricing": [
            { "range": [0, 32000.0], "input_cost_per_token": 1e-6 },
            { "range": [32000, 128000], "input_cost_per_token": 2e-6 }
        ]
    },
    "lab/big one": { "litellm_provider": "elsewhere", "mode": "chat" },
    "lab/big": { "litellm_provider": "lab", "mode": "chat", "output_cost_per_token": 1e-6 },
    "openai/search": { "litellm_provider": "openai", "mode": "vector_store" }
}
"#;

#[test]
fn a_list_becomes_rows() {
    let list = PriceMap::read(LIST, |name| name == "lab").unwrap();
    assert_eq!(
        list.rows,
        "lab/big chat - - - output=1\n\
         openai/gpt-x chat - - - input=0.4\n\
         vertex/gemini-x chat - - video,!images,!audio input=1 above=32000 input=2\n"
    );
    assert_eq!((list.taken, list.skipped), (3, 3));
    let list = PriceMap::read(&LIST.replace("\"openai/gpt-x\"", "\"elsewhere/gpt-x\""), |_| false);
    let rows = list.unwrap().rows;
    assert!(rows.contains("openai/elsewhere/gpt-x chat - - - input=0.4\n"), "{rows}");
    let row = "openai/gpt-x chat 128000 16384 images,!tools cache_read_audio=0.1 input=0.15 output=0.6 above=200000 input=0.3 \
               class=flex input=0.075 class=priority output=1.2 above=200000 input=0.6\n";
    assert!(rows.contains(row), "{rows}");
    assert!(Catalog::embedded().merge(&rows).is_ok());
}

#[test]
fn one_number_says_how_much_dearer_fast_answers_are() {
    let list = r#"{"claude-x":{"litellm_provider":"anthropic","mode":"chat",
        "input_cost_per_token":5e-6,"output_cost_per_token":2.5e-5,"input_cost_per_token_above_200k_tokens":1e-5,
        "provider_specific_entry":{"us":1.1,"fast":2.5}}}"#;
    let rows = PriceMap::read(list, |_| false).unwrap().rows;
    let row = "anthropic/claude-x chat - - - input=5 output=25 above=200000 input=10 \
               class=fast input=12.5 output=62.5 above=200000 input=25\n";
    assert_eq!(rows, row);
    let wrong = PriceMap::read(&list.replace("2.5}", "\"much\"}"), |_| false).unwrap_err();
    assert!(wrong[0].to_string().starts_with("line 3: `provider_specific_entry: {"), "{wrong:?}");
}

#[test]
fn searches_have_a_price_each_or_a_prompt() {
    let entry = |key: &str, source: &str, price: &str| {
        format!(
            r#""{key}":{{"litellm_provider":"{source}","mode":"chat","input_cost_per_token":1e-6,
            "search_context_cost_per_query":{{"search_context_size_low":{price},
            "search_context_size_medium":0.5,"search_context_size_high":0.9}}}}"#
        )
    };
    let list = [
        entry("gpt-x", "openai", "0.01"),
        entry("gpt-y", "openai", "0.035"),
        entry("gemini/gemini-2.5-x", "gemini", "0.035"),
        entry("gemini/gemini-3-x", "gemini", "\"0.014\""),
        entry("gpt-z", "openai", "0.0"),
    ];
    let rows = PriceMap::read(&format!("{{{}}}", list.join(",")), |_| false).unwrap().rows;
    let expected = "gemini/gemini-2.5-x chat - - - input=1 searched=0.035\n\
                    gemini/gemini-3-x chat - - - input=1 search=0.014\n\
                    openai/gpt-x chat - - - input=1 search=0.01\n\
                    openai/gpt-y chat - - - input=1 search=0.035\n\
                    openai/gpt-z chat - - - input=1\n";
    assert_eq!(rows, expected);
    let wrong = format!("{{{}}}", entry("gpt-x", "openai", "\"much\""));
    let wrong = PriceMap::read(&wrong, |_| false).unwrap_err();
    assert!(wrong[0].to_string().contains("search_context_cost_per_query"), "{wrong:?}");
}

#[test]
fn the_smallest_search_that_has_a_price_is_the_one() {
    for (costs, search) in [
        (r#""search_context_size_low":null,"search_context_size_medium":0.02"#, " search=0.02"),
        (r#""search_context_size_high":0.03,"search_context_size_medium":null"#, " search=0.03"),
        (r#""search_context_size_high":0.03,"search_context_size_medium":0.02"#, " search=0.02"),
        (r#""search_context_size_low":null"#, ""),
        ("", ""),
    ] {
        let list = format!(
            r#"{{"gpt-x":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6,
            "search_context_cost_per_query":{{{costs}}}}}}}"#
        );
        let rows = PriceMap::read(&list, |_| false).unwrap().rows;
        assert_eq!(rows, format!("openai/gpt-x chat - - - input=1{search}\n"), "{costs}");
    }
}

#[test]
fn a_list_is_told_from_rows() {
    for text in ["{}", "\n\t {", "\u{feff}{"] {
        assert!(PriceMap::is_one(text), "{text:?}");
    }
    for text in ["", "# {", "openai/x chat - - -", "[]"] {
        assert!(!PriceMap::is_one(text), "{text:?}");
    }
}

#[test]
fn everything_wrong_in_a_list_is_told_with_its_line() {
    let list = LIST
        .replace("1.5e-07", "-1.5e-07")
        .replace("4.0000000000000003e-07", "\"cheap\"")
        .replace("[32000, 128000]", "[\"many\", 1]")
        .replace("\"lab/big\"", "\"lab/big \"");
    let errors = PriceMap::read(&list, |name| name == "lab").unwrap_err();
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        said[..3],
        [
            "line 5: `input_cost_per_token: -1.5e-07`: a price cannot be below zero",
            "line 11: `input_cost_per_token: \"cheap\"`: a price must be a decimal number, as 0.15 or 1.5e-7",
            "line 16: `[\"many\", 1]` is no range of tokens",
        ]
    );
    assert!(said[3].starts_with("line 20: `lab/big ` is no name"), "{said:?}");
    assert_eq!(said.len(), 4);
}

#[test]
fn what_is_no_list_at_all_is_told_with_its_line() {
    let said = |text: &str| PriceMap::read(text, |_| true).unwrap_err()[0].to_string();
    assert_eq!(said("{\n\"a\": {},\n\"b\" {}}"), "line 3: the body misses a colon (byte 15)");
    assert_eq!(said("{\"a\":\n\n[1]}"), "line 3: the body must be an object (byte 7)");
    assert_eq!(said("{}\n{}"), "line 2: the body goes on after its end (byte 3)");
    assert!(said("{\n\"a\": {\"b\": 1").starts_with("line 2: "));
}

#[test]
fn rows_that_are_no_models_are_passed_over() {
    let entry = |key: &str| {
        format!(
            r#""{key}":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6}}"#
        )
    };
    let junk = [
        "hd/1024-x-1792/dall-e-3",
        "1024-x-1024/50-steps/stable-1",
        "512-x-512/max-steps/stable-0",
        "together-ai-up-to-4b",
        "us-gov-east-1/gpt-x",
        "eu-west-3/gpt-x",
        "sample_spec/1-month-commitment/gpt-x",
    ];
    let real = ["gpt-4-x-1", "accounts/house/models/x-1", "eu/gpt-x", "up-to", "x-large-steps"];
    let list: Vec<String> = junk.iter().chain(&real).map(|key| entry(key)).collect();
    let list = PriceMap::read(&format!("{{{}}}", list.join(",")), |_| false).unwrap();
    assert_eq!((list.taken, list.skipped), (real.len(), junk.len()), "{}", list.rows);
    let catalog = Catalog::embedded();
    let providers: Vec<_> = catalog.providers().collect();
    let models = providers.iter().flat_map(|provider| catalog.models(&provider.name));
    for model in models {
        assert!(is_model_name(&model.name), "{}/{}", model.provider, model.name);
    }
}
