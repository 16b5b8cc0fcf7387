//! What is left of bodies that are kept.

use super::*;

fn kept(content_type: &str, text: &str, bytes_max: usize, redact: &[&str]) -> serde_json::Value {
    let redact: Vec<String> = redact.iter().map(|name| (*name).to_owned()).collect();
    let rule = BodyRule::new(bytes_max, &redact, Arc::default());
    let mut request = BodyStart { content_type: content_type.into(), ..BodyStart::default() };
    text.as_bytes().chunks(3).for_each(|piece| rule.take(&mut request, piece));
    let bodies = LineBodies { rule: rule.into(), request, response: BodyStart::default() };
    let told = bodies.to_json([text.len() as u64, 0]);
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

fn check(content_type: &str, text: &str, expected: &str) {
    let told = kept(content_type, text, 4_096, &["color"]);
    assert_eq!(told["request"]["text"], expected, "{text}");
    assert_eq!(told["response"], serde_json::Value::Null);
}

#[test]
fn what_is_secret_by_its_name_is_taken_out() {
    let json = "application/json; charset=utf-8";
    check(json, r#"{"a":1,"password":"x y","b":2}"#, r#"{"a":1,"password":"***","b":2}"#);
    check(json, r#"{"New-Password" : "x\"y" , "b":2}"#, r#"{"New-Password" : "***" , "b":2}"#);
    check(json, r#"{"apiKey":{"a":[1,{"b":"}"}]},"b":2}"#, r#"{"apiKey":"***","b":2}"#);
    check(json, r#"[{"pin":1234},{"pin": 12}]"#, r#"[{"pin":"***"},{"pin": "***"}]"#);
    check(json, r#"{"Color":"red","say":"password"}"#, r#"{"Color":"***","say":"password"}"#);
    // Written so that it is not seen at once.
    check(json, r#"{"pass\u0077ord":"x"}"#, r#"{"pass\u0077ord":"***"}"#);
    check(
        json,
        r#"{"secretAccessKey":"x","Subscription-Key":"y","primary_key":7,"jwt":"z"}"#,
        r#"{"secretAccessKey":"***","Subscription-Key":"***","primary_key":7,"jwt":"***"}"#,
    );
    check(json, r#"{"max_tokens":5,"tokens":[1]}"#, r#"{"max_tokens":5,"tokens":[1]}"#);
    check(
        "text/event-stream",
        "data: {\"token\": \"a\", \"x\": 1}\n\ndata: {\"token\": \"b\"}\n\n",
        "data: {\"token\": \"***\", \"x\": 1}\n\ndata: {\"token\": \"***\"}\n\n",
    );
    // JSON in a text of JSON, as tools are called with.
    check(
        json,
        r#"{"arguments":"{\"password\":\"x\",\"a\":\"b\"}","c":"say \"hi\""}"#,
        r#"{"arguments":"{\"password\":\"***\",\"a\":\"b\"}","c":"say \"hi\""}"#,
    );
    let form = "application/x-www-form-urlencoded";
    check(form, "a=1&client_secret=x%20y&b=2", "a=1&client_secret=***&b=2");
    check(form, "pass%77ord=x&colour=red", "pass%77ord=***&colour=red");
}

#[test]
fn of_what_a_tool_is_called_with_no_fragment_is_kept() {
    let fragments = [r#"{\"password\": \""#, r#"hunter2 "#, r#"is it\"}"#];
    let streams: [&dyn Fn(&str) -> String; 7] = [
        // OpenAI's, older and newer; Anthropic's; Bedrock's; Cohere's; Vertex's; AG-UI's.
        &|it| {
            format!(
                r#"{{"choices":[{{"delta":{{"tool_calls":[{{"index":0,"function":{{"arguments":"{it}"}}}}]}}}}]}}"#
            )
        },
        &|it| {
            format!(
                r#"{{"type":"response.function_call_arguments.delta","item_id":"fc_1","delta":"{it}"}}"#
            )
        },
        &|it| {
            format!(
                r#"{{"type":"content_block_delta","index":1,"delta":{{"type":"input_json_delta","partial_json":"{it}"}}}}"#
            )
        },
        &|it| format!(r#"{{"contentBlockDelta":{{"delta":{{"toolUse":{{"input":"{it}"}}}}}}}}"#),
        &|it| {
            format!(
                r#"{{"type":"tool-call-delta","delta":{{"message":{{"tool_calls":{{"function":{{"argum\u0065nts":"{it}"}}}}}}}}}}"#
            )
        },
        &|it| {
            format!(
                r#"{{"functionCall":{{"partialArgs":[{{"jsonPath":"$.password","stringValue":"{it}"}}]}}}}"#
            )
        },
        &|it| format!(r#"{{"delta":"{it}","type":"TOOL_CALL_ARGS"}}"#),
    ];
    let leaks = |shown: &str| ["hunter", "is it", "passw"].iter().any(|it| shown.contains(it));
    for stream in streams {
        for (content_type, before, after) in [
            ("text/event-stream; charset=utf-8", "event: e\ndata: ", "\n\n"),
            ("text/event-stream", "data: ", "\r\n\r\n"),
            ("application/x-ndjson", "", "\n"),
            ("application/jsonl", "", "\r\n"),
        ] {
            let events = fragments.map(|it| [before, &stream(it), after].concat());
            let text = events.concat();
            for bytes_max in 1..=text.len() {
                let told = kept(content_type, &text, bytes_max, &[]);
                let shown = told["request"]["text"].as_str().unwrap();
                assert!(!leaks(shown), "{content_type}, {bytes_max}: {shown}");
            }
            let told = kept(content_type, &text, 16_384, &[]);
            let shown = told["request"]["text"].as_str().unwrap();
            assert_eq!(shown.matches("***").count(), 3, "{shown}");
        }
    }
}

#[test]
fn what_is_no_fragment_of_a_call_stays_in_a_stream() {
    let events = "text/event-stream";
    // A quote too many in one event does not turn inside out what comes behind it.
    let said = "data: he said \"hi\n\ndata: {\"password\":\"x\"}\n\n";
    check(events, said, "data: he said \"hi\n\ndata: {\"password\":\"***\"}\n\n");
    for text in [
        "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Rome\"}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: [DONE]\n\n",
        // What is whole is looked into by its names.
        "data: {\"params\":{\"arguments\":{\"city\":\"Rome\"}}}",
    ] {
        check(events, text, text);
    }
    let line = "{\"body\":{\"input\":\"a text\"}}\n{\"body\":{\"input\":\"another\"}}";
    check("application/jsonl", line, line);
    let whole = r#"{"delta":"a","input":"b","arguments":"{\"city\":\"Rome\"}"}"#;
    check("application/json", whole, whole);
}

#[test]
fn of_a_beginning_nothing_secret_is_left() {
    for text in [
        r#"{"a":1,"password":"correct horse battery","b":2}"#,
        r#"{"a":"{\"password\":\"correct horse battery\",\"b\":2}"}"#,
    ] {
        for bytes_max in 1..=text.len() {
            let told = kept("application/json", text, bytes_max, &[]);
            let shown = told["request"]["text"].as_str().unwrap();
            assert!(!shown.contains('c') && !shown.contains("horse"), "{bytes_max}: {shown}");
            assert_eq!(told["request"]["is_cut"], bytes_max < text.len());
        }
    }
}

#[test]
fn what_nobody_can_look_into_is_not_kept() {
    for content_type in ["", "text/plain", "application/xml", "application/octet-stream"] {
        let told = kept(content_type, "password: x", 4_096, &[]);
        assert_eq!(told["request"]["text"], serde_json::Value::Null, "{content_type}");
    }
    let mut start = BodyStart { content_type: "application/json".into(), ..BodyStart::default() };
    start.is_encoded = true;
    start.bytes = b"{}".to_vec();
    let bodies = LineBodies { response: start, ..LineBodies::default() };
    let told = bodies.to_json([0, 2]);
    assert_eq!(
        told,
        "{\"request\":null,\"response\":{\"content_type\":\"application/json\",\"text\":null,\
         \"is_cut\":false}}"
    );
}
