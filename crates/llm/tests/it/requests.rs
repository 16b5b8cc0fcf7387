//! Requests over all pairs: what a table says is carried comes through, and nothing goes in silence.

use architrave_core::Clock;
use architrave_llm::chat::{ChatError, ChatRequest, ToolChoice};
use architrave_llm::dialect::{Address, Dialect, Quirks};
use architrave_llm::field::{Field, FieldSet, Listed, Say, request_fields};

use crate::{fixtures, values, without};

fn address(request: &ChatRequest<'_>) -> Address<'static> {
    Address {
        model: Some(request.model.clone().into_owned().into()),
        stream: Some(request.stream),
        framing: None,
    }
}

/// What a body says to a dialect that may refuse some of it.
struct Through {
    /// What was said, without what is refused.
    said: ChatRequest<'static>,
    /// What was refused, by its name.
    refused: Vec<Field>,
    /// What it says there.
    came: ChatRequest<'static>,
    /// The fields that should have come through by the table.
    carried: FieldSet<Field>,
    /// What of its own words the dialect does not know.
    unknown: Vec<String>,
    /// What is told as left out.
    told: FieldSet<Field>,
    /// What is said in another way by the table, and leaves no trace of which anybody is told.
    untold: Vec<Field>,
}

/// The fields that are near by the table, of which nothing is to be seen there: without them the
/// very same is written, and they are not told as left out.
fn untold(
    (request, told): (&ChatRequest<'static>, FieldSet<Field>),
    (to, quirks): (Dialect, &Quirks),
    written: &[u8],
) -> Vec<Field> {
    let is_near = |field: &Field| matches!(to.says(*field, quirks), Say::Near(_));
    let near = request_fields(request).iter().filter(is_near);
    let seekable = near.filter(|field| !told.has(*field) && !is_as_without(*field));
    let unseen = seekable.filter(|field| {
        let mut without = request.clone();
        without::take_out(&mut without, *field);
        assert!(!request_fields(&without).has(*field), "{} cannot be taken out", field.name());
        let mut out = Vec::new();
        to.write_request(&without, quirks, &mut out).is_ok() && out == written
    });
    unseen.collect()
}

/// What is said by saying nothing: that is what the table tells of them.
fn is_as_without(field: Field) -> bool {
    matches!(
        field,
        Field::ToolChoiceAuto
            | Field::ToolChoiceNone
            | Field::ServiceClass
            | Field::ReasoningAdaptive
            | Field::ReasoningShown
    )
}

/// Puts a body in another dialect's words, without what that refuses.
fn through(from: Dialect, to: Dialect, quirks: &Quirks, body: &'static str) -> Through {
    let (mut request, _) = from.read_request(body, &Address::default()).unwrap();
    request.model = "there".into();
    let (mut out, mut refused) = (Vec::new(), Vec::new());
    let written = loop {
        let error = match to.write_request(&request, quirks, &mut out) {
            Ok(losses) => break losses,
            Err(error) => error,
        };
        let ChatError { param, message, .. } = error;
        let name = param.unwrap_or_else(|| panic!("{from:?} to {to:?}: no field: {message}"));
        let is_own = request.account.own.first().is_some_and(|own| own.kind == name);
        let field = Field::ALL.iter().copied().find(|field| field.name() == name);
        let field = field.or(is_own.then_some(Field::ProviderOption));
        let field = field.unwrap_or_else(|| panic!("{from:?} to {to:?}: there is no field {name}"));
        assert!(request_fields(&request).has(field), "{from:?} to {to:?}: {name} is not said");
        assert!(matches!(to.says(field, quirks), Say::Refused(_)), "{to:?} refuses {name}");
        without::take_out(&mut request, field);
        assert!(!request_fields(&request).has(field), "{name} cannot be taken out of {body}");
        refused.push(field);
        out.clear();
    };
    let out: &'static str = String::leak(String::from_utf8(out).unwrap());
    let (came, losses) = to
        .read_request(out, &address(&request))
        .unwrap_or_else(|error| panic!("{from:?} to {to:?}: {error}: {out}"));
    assert_eq!(came.model, "there");
    let mut carried = FieldSet::default();
    for field in request_fields(&request).iter() {
        carried.add_if(field, to.says(field, quirks) == Say::Carried);
    }
    // What is left out for what it says is told.
    carried = carried.without(written.dropped);
    if without_tools(&request) && matches!(to.says(Field::ToolChoiceNone, quirks), Say::Near(_)) {
        carried = carried.without(about_tools());
    }
    let told = written.dropped;
    let untold = untold((&request, told), (to, quirks), out.as_bytes());
    Through { said: request, refused, came, carried, unknown: losses.unknown, told, untold }
}

/// The bodies of a dialect, and all that they say.
fn bodies(dialect: Dialect) -> (Vec<&'static str>, FieldSet<Field>) {
    let list = fixtures::list(dialect, "full.json").into_iter().map(|body| &*String::leak(body));
    let list: Vec<&'static str> = list.collect();
    let said = list.iter().fold(FieldSet::default(), |said, body| {
        let (request, _) = dialect.read_request(body, &Address::default()).unwrap();
        said.with(request_fields(&request))
    });
    (list, said)
}

/// Whether no tool may be called. A dialect that has no word for that describes no tools, and tells
/// calls as text.
fn without_tools(request: &ChatRequest<'_>) -> bool {
    request.tooling.tools.is_empty() || request.tooling.choice == Some(ToolChoice::None)
}

/// The fields that are told as left out and can be read all the same.
fn gone(to: Dialect, quirks: &Quirks, through: &Through) -> FieldSet<Field> {
    let mut dropped = FieldSet::default();
    for field in through.told.iter() {
        dropped.add_if(field, matches!(to.says(field, quirks), Say::Dropped(_)));
    }
    let came = request_fields(&through.came);
    came.without(came.without(dropped))
}

fn about_tools() -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    for field in Field::ALL {
        let name = field.name();
        fields.add_if(*field, name.starts_with("tool") || name.starts_with("cache_mark"));
    }
    fields
}

/// What the fixtures cannot show of a pair: the field stands in them only with something that is
/// refused there, or is carried only where its maker reads it.
fn cannot_be_shown(from: Dialect, to: Dialect) -> FieldSet<Field> {
    use Dialect::{AnthropicMessages, BedrockConverse, CohereChat, GeminiGenerateContent};
    let mut fields = FieldSet::default();
    let mut except = |field, claim| fields.add_if(field, claim);
    // Documents are text there, and those with these are bytes or links.
    let is_bare = to == CohereChat && from != CohereChat;
    except(Field::DocumentTitle, is_bare && !matches!(from, AnthropicMessages | BedrockConverse));
    except(Field::DocumentContext, is_bare && from == AnthropicMessages);
    except(Field::DocumentCited, is_bare && matches!(from, AnthropicMessages | BedrockConverse));
    // It stands with the id of a file alone.
    except(Field::ImageDetail, from == GeminiGenerateContent);
    fields
}

#[test]
fn what_a_table_carries_comes_through_with_its_value_and_what_it_refuses_is_named() {
    let mut wrong = Vec::new();
    for &from in Dialect::ALL {
        let (list, said) = bodies(from);
        for &to in Dialect::ALL {
            for (at, quirks) in fixtures::quirks().iter().enumerate() {
                let pair = format!("{from:?} to {to:?} with quirks {at}");
                let hidden = cannot_be_shown(from, to);
                let (mut all, mut refused) = (FieldSet::default(), FieldSet::default());
                for (at, body) in list.iter().enumerate() {
                    let through = through(from, to, quirks, body);
                    let lost =
                        through.carried.without(request_fields(&through.came)).without(hidden);
                    if !lost.is_empty() {
                        wrong.push(format!("{pair}: lost {lost:?} of body {at}"));
                    }
                    if !through.unknown.is_empty() {
                        wrong.push(format!("{pair}: unknown {:?} of body {at}", through.unknown));
                    }
                    if !through.untold.is_empty() {
                        wrong.push(format!("{pair}: untold {:?} of body {at}", through.untold));
                    }
                    // What is told as lost is not there.
                    let there = gone(to, quirks, &through);
                    if !there.is_empty() {
                        wrong.push(format!("{pair}: not lost {there:?} of body {at}"));
                    }
                    for it in values::differing(&through.said, &through.came, through.carried) {
                        wrong.push(format!("{pair}: changed {it:?} of body {at}"));
                    }
                    all = all.with(through.carried);
                    through.refused.into_iter().for_each(|field| refused.add(field));
                }
                // No cell of the table goes untested for this pair.
                let (mut yes, mut no) = (FieldSet::default(), FieldSet::default());
                for field in said.iter() {
                    let says = to.says(field, quirks);
                    yes.add_if(field, says == Say::Carried);
                    no.add_if(field, matches!(says, Say::Refused(_)));
                }
                let untried = yes.without(all).without(hidden);
                let unrefused = no.without(refused);
                if !untried.is_empty() || !unrefused.is_empty() {
                    wrong.push(format!("{pair}: never tried {untried:?}, refused {unrefused:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A conversation with so many calls, their results in another order, and tools only some of which
/// may be called.
fn many_calls(count: usize) -> String {
    let id = |number: usize| format!("call_{number:07}");
    let calls = (0..count).map(|number| {
        let id = id(number);
        format!(r#"{{"id":"{id}","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}"#)
    });
    let results = (0..count).rev().map(|number| {
        let id = id(number);
        format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"r"}}"#)
    });
    let tools = (0..count).map(|number| {
        format!(r#"{{"type":"function","function":{{"name":"f{number}","parameters":{{}}}}}}"#)
    });
    let allowed = (0..count)
        .rev()
        .map(|number| format!(r#"{{"type":"function","function":{{"name":"f{number}"}}}}"#));
    let joined = |list: &mut dyn Iterator<Item = String>| list.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"x"}},
        {{"role":"assistant","tool_calls":[{}]}},{}],"tools":[{}],
        "tool_choice":{{"type":"allowed_tools","allowed_tools":{{"mode":"auto","tools":[{}]}}}}}}"#,
        joined(&mut calls.into_iter()),
        joined(&mut results.into_iter()),
        joined(&mut tools.into_iter()),
        joined(&mut allowed.into_iter()),
    )
}

#[test]
fn many_calls_results_and_tools_are_not_compared_each_with_each() {
    /// Eight times as many take eight times as long; where each is compared with each, thirty times.
    const TIMES: u32 = 8;
    /// Half of what is in between is the machine's.
    const TIMES_MAX: f64 = 16.0;
    /// Something else may have run beside one of them.
    const TRIES: usize = 4;
    let clock = Clock::system();
    let quirks = Quirks { lacks_call_ids: true, ..Quirks::default() };
    let few = many_calls(40_000 / TIMES as usize);
    let many = many_calls(40_000);
    let address_of_none = Address::default();
    let (few, _) = Dialect::OpenaiChat.read_request(&few, &address_of_none).unwrap();
    let (many, _) = Dialect::OpenaiChat.read_request(&many, &address_of_none).unwrap();
    for &to in Dialect::ALL {
        let took = |request: &ChatRequest<'_>| {
            let began = clock.now();
            let mut out = Vec::new();
            to.write_request(request, &quirks, &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            to.read_request(&out, &address(request)).unwrap();
            clock.now().since(began).as_secs_f64()
        };
        let mut ratios = Vec::new();
        while ratios.last().is_none_or(|ratio| *ratio >= TIMES_MAX) {
            assert!(ratios.len() < TRIES, "{to:?} takes {ratios:?} as long for {TIMES} as many");
            ratios.push(took(&many) / took(&few));
        }
    }
}

#[test]
fn fixtures_use_whatever_the_dialect_can_say() {
    for &dialect in Dialect::ALL {
        let mut used = FieldSet::default();
        for body in fixtures::list(dialect, "full.json") {
            let (request, _) = dialect.read_request(&body, &Address::default()).unwrap();
            used = used.with(request_fields(&request));
        }
        for &field in Field::ALL {
            let carried = dialect.says(field, &Quirks::default()) == Say::Carried;
            assert!(
                !carried || used.has(field),
                "{dialect:?} has no fixture with `{}`",
                field.name()
            );
        }
    }
}

#[test]
fn a_request_that_loses_nothing_is_the_same_again() {
    let mut same = 0;
    for &dialect in Dialect::ALL {
        for body in fixtures::list(dialect, "full.json") {
            let (request, _) = dialect.read_request(&body, &Address::default()).unwrap();
            for quirks in fixtures::quirks() {
                let mut out = Vec::new();
                let Ok(losses) = dialect.write_request(&request, &quirks, &mut out) else {
                    continue;
                };
                if losses.is_empty() && (!request.stream || request.stream_usage) {
                    let out = String::from_utf8(out).unwrap();
                    let (again, _) = dialect.read_request(&out, &address(&request)).unwrap();
                    assert_eq!(again, request);
                    same += 1;
                }
            }
        }
    }
    assert!(same >= Dialect::ALL.len());
}

#[test]
fn a_refusal_names_the_field() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}"#;
    let (request, _) = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap();
    let to = Dialect::AnthropicMessages;
    let error = to.write_request(&request, &Quirks::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("audio_bytes"));
    assert_eq!(error.status, 400);
}

#[test]
fn options_of_one_provider_that_change_the_answer_are_refused_by_their_names() {
    use Dialect::{AnthropicMessages, BedrockConverse, CohereChat, OpenaiResponses};
    let user = r#""messages":[{"role":"user","content":"x"}]"#;
    let asked = r#""messages":[{"role":"user","content":[{"text":"x"}]}]"#;
    for (from, body, name) in [
        (
            AnthropicMessages,
            format!(r#"{{"model":"m","max_tokens":9,{user},"mcp_servers":[{{"name":"a"}}]}}"#),
            "mcp_servers",
        ),
        (
            OpenaiResponses,
            r#"{"model":"m","input":"x","max_tool_calls":2}"#.to_owned(),
            "max_tool_calls",
        ),
        (
            BedrockConverse,
            format!(r#"{{{asked},"guardrailConfig":{{"guardrailIdentifier":"g"}}}}"#),
            "guardrailConfig",
        ),
        (
            BedrockConverse,
            format!(r#"{{{asked},"promptVariables":{{"a":{{"text":"b"}}}}}}"#),
            "promptVariables",
        ),
        (CohereChat, format!(r#"{{"model":"m",{user},"safety_mode":"STRICT"}}"#), "safety_mode"),
    ] {
        let (request, read) = from.read_request(&body, &Address::default()).unwrap();
        assert!(read.is_empty(), "{read:?}");
        for &to in Dialect::ALL.iter().filter(|to| **to != from) {
            let error = to.write_request(&request, &Quirks::default(), &mut Vec::new());
            let error = error.expect_err("it is refused");
            assert_eq!((error.param.as_deref(), error.status), (Some(name), 400), "{to:?}");
            assert!(error.message.contains(name), "{}", error.message);
        }
    }
}

#[test]
fn filters_may_be_turned_off_where_there_are_none_and_not_be_made_stricter() {
    let body = |threshold: &str| {
        format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"x"}}]}}],"safetySettings":
            [{{"category":"HARM_CATEGORY_HARASSMENT","threshold":"{threshold}"}}]}}"#
        )
    };
    let to_openai = |threshold| {
        let body = body(threshold);
        let from = Dialect::GeminiGenerateContent;
        let (request, _) = from.read_request(&body, &Address::default()).unwrap();
        Dialect::OpenaiChat.write_request(&request, &Quirks::default(), &mut Vec::new())
    };
    for off in ["OFF", "BLOCK_NONE"] {
        assert_eq!(to_openai(off).unwrap().header().as_deref(), Some("safety_off"));
    }
    let error = to_openai("BLOCK_LOW_AND_ABOVE").unwrap_err();
    assert_eq!(error.param.as_deref(), Some("safety"));
}

#[test]
fn who_wants_json_gets_it_where_only_words_can_say_so() {
    let body = r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},
        {"role":"user","content":"x"}],"response_format":{"type":"json_object"}}"#;
    let (request, _) = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap();
    for to in [Dialect::AnthropicMessages, Dialect::BedrockConverse] {
        let mut out = Vec::new();
        let losses = to.write_request(&request, &Quirks::default(), &mut out).unwrap();
        assert_eq!(losses.header(), None, "{to:?}");
        let body: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let system = body["system"].as_array().unwrap();
        assert_eq!((system.len(), &system[0]["text"]), (2, &"Be brief.".into()), "{body}");
        assert!(system[1]["text"].as_str().unwrap().contains("JSON object"), "{body}");
    }
}

#[test]
fn what_a_schema_is_for_is_told_within_it_where_it_has_no_other_place() {
    let body = |schema: &str| {
        format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],"response_format":
            {{"type":"json_schema","json_schema":{{"name":"tides","description":"a day",
            "schema":{schema}}}}}}}"#
        )
    };
    for to in [Dialect::AnthropicMessages, Dialect::GeminiGenerateContent, Dialect::CohereChat] {
        for (schema, there, lost) in [
            (
                r#"{"type":"object"}"#,
                r#"{"description":"a day","type":"object"}"#,
                "json_schema_name",
            ),
            (
                r#"{"description":"mine"}"#,
                r#"{"description":"mine"}"#,
                "json_schema_name, json_schema_description",
            ),
        ] {
            let body = body(schema);
            let from = Dialect::OpenaiChat;
            let (request, _) = from.read_request(&body, &Address::default()).unwrap();
            let mut out = Vec::new();
            let losses = to.write_request(&request, &Quirks::default(), &mut out).unwrap();
            assert_eq!(losses.header().as_deref(), Some(lost), "{to:?}");
            let out = String::from_utf8(out).unwrap();
            assert!(out.contains(there), "{to:?}: {out}");
        }
    }
}

#[test]
fn a_number_of_log_probabilities_is_a_wish_for_them() {
    let body = r#"{"model":"m","input":"x","top_logprobs":3}"#;
    let (request, _) = Dialect::OpenaiResponses.read_request(body, &Address::default()).unwrap();
    for (to, said) in [
        (Dialect::OpenaiChat, r#""logprobs":true,"top_logprobs":3"#),
        (Dialect::GeminiGenerateContent, r#""responseLogprobs":true,"logprobs":3"#),
    ] {
        let mut out = Vec::new();
        to.write_request(&request, &Quirks::default(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains(said), "{out}");
    }
}

#[test]
fn what_nobody_knows_of_a_function_is_told_and_a_tool_of_the_provider_stays_whole() {
    let anthropic = r#"{"model":"m","max_tokens":9,"messages":[],"tools":[{"name":"f",
        "input_schema":{},"input_examples":[{}],"defer_loading":true},
        {"name":"s","type":"web_search_20250305","max_uses":3}]}"#;
    let (request, losses) =
        Dialect::AnthropicMessages.read_request(anthropic, &Address::default()).unwrap();
    assert_eq!(losses.unknown, ["tools[0].input_examples", "tools[0].defer_loading"]);
    assert_eq!(request.tooling.tools.len(), 2);
    let openai = r#"{"model":"m","messages":[],"tools":[{"zeal":1,"type":"function",
        "function":{"name":"f"}},{"type":"web","zeal":1}]}"#;
    let (_, losses) = Dialect::OpenaiChat.read_request(openai, &Address::default()).unwrap();
    assert_eq!(losses.unknown, ["tools[0].zeal"]);
    let (_, losses) = Dialect::CohereChat.read_request(openai, &Address::default()).unwrap();
    assert_eq!(losses.unknown, ["tools[0].zeal"]);
}

#[test]
fn fields_that_nobody_knows_are_told() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"x","mood":"high"}],"zeal":3,"nothing":null}"#;
    let (_, losses) = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap();
    assert_eq!(losses.unknown, ["messages[0].mood", "zeal"]);
    assert_eq!(losses.header().unwrap(), "messages[0].mood, zeal");
}

#[test]
fn mistakes_are_told_by_field() {
    for (body, field) in [
        (r#"{"messages":"hello"}"#, "messages"),
        (r#"{"messages":[{"role":"king","content":""}]}"#, "messages[0]"),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":7}}]}]}"#,
            "messages[0].content[0].image_url.url",
        ),
        (r#"{"messages":[],"temperature":"hot"}"#, "temperature"),
    ] {
        let error = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(field));
    }
}

/// The names of what is told as left out where a body goes to a dialect.
fn dropped(from: Dialect, body: &str, (to, quirks): (Dialect, &Quirks)) -> String {
    let (request, _) = from.read_request(body, &Address::default()).unwrap();
    let losses = to.write_request(&request, quirks, &mut Vec::new()).unwrap();
    losses.header().unwrap_or_default()
}

#[test]
fn what_only_another_maker_reads_is_told_as_left_out() {
    use Dialect::{
        AnthropicMessages, BedrockConverse, CohereChat, GeminiGenerateContent, OpenaiResponses,
    };
    let signed = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"c2ln"},{"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}]}]}"#;
    let plain = Quirks::default();
    for (to, told) in [
        (AnthropicMessages, "tool_call_signature, reasoning, reasoning_signature"),
        (BedrockConverse, "tool_call_signature, reasoning, reasoning_signature"),
        (OpenaiResponses, "tool_call_signature, reasoning, reasoning_signature"),
        (CohereChat, "tool_call_signature, reasoning_signature"),
        (GeminiGenerateContent, ""),
    ] {
        assert_eq!(dropped(GeminiGenerateContent, signed, (to, &plain)), told, "{to:?}");
    }
    let own = r#"{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"c2ln"}]}]}"#;
    for (to, told) in [
        (AnthropicMessages, ""),
        (BedrockConverse, ""),
        (GeminiGenerateContent, "reasoning, reasoning_signature, reasoning_encrypted"),
    ] {
        assert_eq!(dropped(AnthropicMessages, own, (to, &plain)), told, "{to:?}");
    }
}

#[test]
fn a_wish_that_is_granted_by_half_is_told() {
    let both = r#"{"model":"m","messages":[],"modalities":["text","audio","image"],"audio":{"voice":"a","format":"wav"}}"#;
    let image = r#"{"model":"m","messages":[],"modalities":["text","image"]}"#;
    let gemini = (Dialect::GeminiGenerateContent, &Quirks::default());
    assert_eq!(dropped(Dialect::OpenaiChat, both, gemini), "image_output");
    assert_eq!(dropped(Dialect::OpenaiChat, image, gemini), "");
    let effort = |effort: &str| {
        format!(
            r#"{{"model":"m","max_tokens":9,"messages":[],"output_config":{{"effort":"{effort}"}}}}"#
        )
    };
    for to in [Dialect::OpenaiChat, Dialect::OpenaiResponses] {
        let told =
            |word| dropped(Dialect::AnthropicMessages, &effort(word), (to, &Quirks::default()));
        assert_eq!((&*told("max"), &*told("xhigh")), ("reasoning_effort", ""), "{to:?}");
    }
    let tier = r#"{"model":"m","messages":[],"service_tier":"priority"}"#;
    let claude = (Dialect::AnthropicMessages, &Quirks::default());
    assert_eq!(dropped(Dialect::OpenaiChat, tier, claude), "service_tier");
}

#[test]
fn what_no_dialect_could_say_again_is_refused_with_its_place() {
    let cases = [
        (
            r#"{"model":"m","messages":[{"role":"user","content":"a \ud83d b"}]}"#,
            "messages[0].content",
        ),
        (r#"{"model":"m","messages":[],"temperature":1e400}"#, "temperature"),
    ];
    for (body, place) in cases {
        let refused = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap_err();
        assert_eq!((refused.status, refused.param.as_deref()), (400, Some(place)), "{refused}");
    }
    // A whole pair is a character, and a small number is none too many.
    let sound = r#"{"model":"m","messages":[{"role":"user","content":"\ud83d\ude00"}],"temperature":1e-400}"#;
    assert!(Dialect::OpenaiChat.read_request(sound, &Address::default()).is_ok());
}

#[test]
fn system_text_alone_is_refused_by_those_who_answer_only_to_a_message() {
    let body = r#"{"model":"m","messages":[{"role":"system","content":"Be brief."}]}"#;
    let (request, _) = Dialect::OpenaiChat.read_request(body, &Address::default()).unwrap();
    for &to in Dialect::ALL {
        let written = to.write_request(&request, &Quirks::default(), &mut Vec::new());
        let needs =
            [Dialect::AnthropicMessages, Dialect::BedrockConverse, Dialect::GeminiGenerateContent];
        match written {
            Ok(_) => assert!(!needs.contains(&to), "{to:?}"),
            Err(error) => {
                assert!(needs.contains(&to), "{to:?}: {error}");
                assert_eq!(error.param.as_deref(), Some("messages"));
            }
        }
    }
}
