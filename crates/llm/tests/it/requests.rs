//! Requests over all pairs: what a table says is carried comes through, and nothing goes in silence.

use std::time::Duration;

use architrave_core::Clock;
use architrave_llm::chat::{ChatRequest, ToolChoice};
use architrave_llm::dialect::{Address, Dialect, Quirks};
use architrave_llm::field::{Field, FieldSet, Listed, Say, request_fields};

use crate::fixtures;

fn address(request: &ChatRequest<'_>) -> Address<'static> {
    Address {
        model: Some(request.model.clone().into_owned().into()),
        stream: Some(request.stream),
        framing: None,
    }
}

/// The fields that came through, and those that should have by the table; none where it is refused.
fn through(
    from: Dialect,
    to: Dialect,
    quirks: &Quirks,
    body: &str,
) -> Option<(FieldSet<Field>, FieldSet<Field>)> {
    let (mut request, _) = from.read_request(body, &Address::default()).unwrap();
    // What is refused is left out by leaving out the whole request; the rest of the list has more.
    let mut out = Vec::new();
    request.model = "there".into();
    to.write_request(&request, quirks, &mut out).ok()?;
    let out = String::from_utf8(out).unwrap();
    let (again, losses) = to
        .read_request(&out, &address(&request))
        .unwrap_or_else(|error| panic!("{from:?} to {to:?}: {error}: {out}"));
    assert!(losses.unknown.is_empty(), "{to:?} does not know what it wrote: {losses:?}");
    assert_eq!(again.model, "there");
    let mut carried = FieldSet::default();
    for field in request_fields(&request).iter() {
        carried.add_if(field, to.says(field, quirks) == Say::Carried);
    }
    if without_tools(&request) && matches!(to.says(Field::ToolChoiceNone, quirks), Say::Near(_)) {
        carried = carried.without(about_tools());
    }
    Some((request_fields(&again), carried))
}

/// Whether no tool may be called. A dialect that has no word for that describes no tools, and tells
/// calls as text.
fn without_tools(request: &ChatRequest<'_>) -> bool {
    request.tooling.tools.is_empty() || request.tooling.choice == Some(ToolChoice::None)
}

fn about_tools() -> FieldSet<Field> {
    let mut fields = FieldSet::default();
    for field in Field::ALL {
        let name = field.name();
        fields.add_if(*field, name.starts_with("tool") || name.starts_with("cache_mark"));
    }
    fields
}

#[test]
fn what_a_table_carries_comes_through() {
    for &from in Dialect::ALL {
        for (&to, quirks) in Dialect::ALL.iter().zip([fixtures::quirks(); 6]) {
            for (quirks, body) in quirks.iter().flat_map(|quirks| {
                fixtures::list(from, "full.json").into_iter().map(move |body| (quirks, body))
            }) {
                let Some((came, carried)) = through(from, to, quirks, &body) else { continue };
                let lost = carried.without(came);
                assert!(lost.is_empty(), "{from:?} to {to:?}: {lost:?} of {body}");
            }
        }
    }
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
    /// A comparison of each with each takes half as long again, a loaded machine a third of it.
    const LIMIT: Duration = Duration::from_secs(3);
    let body = many_calls(40_000);
    let clock = Clock::system();
    let quirks = Quirks { lacks_call_ids: true, ..Quirks::default() };
    let (request, _) = Dialect::OpenaiChat.read_request(&body, &Address::default()).unwrap();
    for &to in Dialect::ALL {
        let began = clock.now();
        let mut out = Vec::new();
        to.write_request(&request, &quirks, &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        to.read_request(&out, &address(&request)).unwrap();
        let took = clock.now().since(began);
        assert!(took < LIMIT, "{to:?} took {took:?}");
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
