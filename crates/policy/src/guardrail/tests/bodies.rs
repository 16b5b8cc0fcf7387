//! Whole bodies of every dialect: texts are seen through where they stand, all else stays.

use base64::Engine;

use super::*;

fn request(body: &str) -> String {
    let seen = guards(&[all()]).see_request(body).unwrap();
    seen.map_or_else(|| body.to_owned(), |seen| String::from_utf8(seen).unwrap())
}

fn reply(body: &str) -> String {
    let seen = guards(&[all()]).see_reply(body).unwrap();
    seen.map_or_else(|| body.to_owned(), |seen| String::from_utf8(seen).unwrap())
}

/// `~` stands for a text in which something is found, and for its mask in what comes out.
fn check(see: fn(&str) -> String, body: &str) {
    let (given, expected) = (body.replace('~', "ann@example.com"), body.replace('~', "[masked]"));
    assert_eq!(see(&given), expected);
}

#[test]
fn texts_of_requests_in_every_dialect_are_seen_through() {
    for body in [
        // OpenAI Chat
        r#"{"model":"m", "messages" : [{"role":"system","content":"~"},{"role":"user","content":[{"type":"text","text":"a ~ b"}]}]}"#,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"to\":\"~\",\"n\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"~"}]}"#,
        r#"{"tools":[{"type":"function","function":{"name":"f","description":"~","parameters":{"type":"object","properties":{"description":{"type":"string","description":"~"}}}}}]}"#,
        // OpenAI Responses
        r#"{"instructions":"~","input":"~"}"#,
        r#"{"input":[{"type":"message","content":"~"},{"role":"user","content":[{"type":"input_text","text":"~"}]},{"type":"function_call","arguments":"{\"a\":[\"~\"]}"},{"type":"function_call_output","output":"~"}],"prompt":{"id":"p","variables":{"x":"~"}}}"#,
        // Anthropic
        r#"{"system":[{"type":"text","text":"~","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"~"}]},{"type":"document","title":"~","source":{"type":"text","media_type":"text/plain","data":"~"}}]},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"to":["~",{"deep":"~"}]}}]}]}"#,
        r#"{"messages":[{"content":[{"source":{"data":"~","media_type":"text/plain","type":"text"}}]}]}"#,
        // Gemini
        r#"{"systemInstruction":{"parts":[{"text":"~"}]},"contents":[{"parts":[{"text":"~"},{"functionCall":{"name":"f","args":{"to":"~"}}},{"functionResponse":{"name":"f","response":{"said":"~"}}}]}]}"#,
        // Bedrock
        r#"{"system":[{"text":"~"}],"messages":[{"content":[{"text":"~"},{"toolUse":{"toolUseId":"t","name":"f","input":{"to":"~"}}},{"toolResult":{"content":[{"json":{"a":"~"}},{"text":"~"}]}}]}]}"#,
        // Cohere
        r#"{"messages":[{"role":"user","content":"~"},{"role":"assistant","tool_plan":"~"}],"documents":["~",{"id":"d","data":{"title":"~","body":"~"}}]}"#,
        // What a model has thought and nobody signed
        r#"{"messages":[{"role":"assistant","reasoning_content":"~","reasoning":"~","signature":"s","content":[{"type":"thinking","thinking":"~"},{"type":"thinking","thinking":"~","signature":""}]}]}"#,
        r#"{"input":[{"type":"reasoning","summary":[{"type":"summary_text","text":"~"}],"encrypted_content":null}],"messages":[{"reasoning_details":[{"type":"reasoning.text","text":"~"},{"type":"reasoning.summary","summary":"~"}]},{"content":[{"reasoningContent":{"reasoningText":{"text":"~"}}}]}]}"#,
        r#"{"messages":[{"reasoning_details":[{"summary":"~"}]}]}"#,
        // Arguments that are no JSON, or not to their end
        r#"{"messages":[{"tool_calls":[{"function":{"arguments":"to ~ and 4111 1111 1111 1111"}}]}]}"#.replace("4111 1111 1111 1111", "~").as_str(),
        r#"{"arguments":"{\"to\": ~}"}"#,
        r#"{"arguments":"{} ~"}"#,
        // Lists in lists, and documents in any words
        r#"{"input":[["~"],["b",["~"]]]}"#,
        r#"{"messages":[{"role":"tool","content":[{"type":"document","document":{"id":"d","data":"~"}}]},{"role":"tool","content":[[{"type":"text","text":"~"}]]}]}"#,
        r#"{"documents":[{"id":"d","body":"~","by":["~"]}]}"#,
        // Values that schemas name
        r#"{"tools":[{"input_schema":{"properties":{"default":{"type":"string","enum":["~"],"default":"~","$comment":"~"}},"$defs":{"x":{"const":"~"}},"examples":[{"a":"~"}]},"input_examples":[{"a":"~"}]}]}"#,
        r#"{"tools":[{"parameter_definitions":{"description":{"type":"str","description":"~"}}}]}"#,
        // Beside chat
        r#"{"inputs":"~","negative_prompt":"~","message":"~","chat_history":[{"message":"~"}]}"#,
        r#"{"input":["~","b"]}"#,
        r#"{"query":"~","documents":["~"]}"#,
        r#"{"prompt":"~","suffix":"~"}"#,
    ] {
        check(request, body);
    }
}

#[test]
fn escapes_in_what_a_tool_gives_hide_nothing() {
    for (given, expected) in [
        (r#"{\"to\": \"ann\u0040example.com\", \"n\": 1}"#, r#"{\"to\": \"[masked]\", \"n\": 1}"#),
        (r#"[\"\u0061nn@example.com\"]"#, r#"[\"[masked]\"]"#),
        (r#"\"to \u0061nn@example.com\""#, r#"\"to [masked]\""#),
    ] {
        // As they stand in a string of the body: each backslash twice.
        let double = |text: &str| text.replace('\\', r"\\").replace(r#"\\""#, r#"\""#);
        for body in [
            r#"{"messages":[{"role":"tool","tool_call_id":"c","content":"~"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"~"}]}]}"#,
            r#"{"input":[{"type":"function_call_output","call_id":"c","output":"~"}]}"#,
        ] {
            let (given, expected) = (double(given), double(expected));
            assert_eq!(request(&body.replace('~', &given)), body.replace('~', &expected));
        }
    }
    let plain = r#"{"messages":[{"role":"tool","content":"{\"a\": \"x\\u00fcy\\n\"}"}]}"#;
    assert_eq!(guards(&[all()]).see_request(plain), Ok(None), "it stays as it came");
}

#[test]
fn documents_in_base64_that_are_texts_are_seen_through() {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let (given, expected) = ("Ann;ann@example.com\n", "Ann;[masked]\n");
    for body in [
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.csv","file_data":"data:text/csv;base64,~"}}]}]}"#,
        r#"{"input":[{"role":"user","content":[{"type":"input_file","filename":"a.csv","file_data":"~"}]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"text/plain","data":"~"}}]}]}"#,
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"text/plain","data":"~"}},{"inline_data":{"data":"~","mime_type":"application/json"}}]}]}"#,
        r#"{"messages":[{"content":[{"document":{"format":"csv","name":"a","source":{"bytes":"~"}}}]}]}"#,
    ] {
        let seen = request(&body.replace('~', &encoded(given)));
        assert_eq!(seen, body.replace('~', &encoded(expected)));
        assert!(
            guards(&[refusing(all())]).see_request(&body.replace('~', &encoded(given))).is_err()
        );
        let other = body.replace('~', &encoded("nothing of the kind"));
        assert_eq!(guards(&[all()]).see_request(&other), Ok(None));
    }
    let tool = r#"{"tools":[{"type":"mcp","server_label":"a","server_description":"~"}]}"#;
    check(request, tool);
}

#[test]
fn texts_of_replies_in_every_dialect_are_seen_through() {
    for body in [
        r#"{"choices":[{"message":{"role":"assistant","content":"~","refusal":"~","reasoning_content":"~","tool_calls":[{"function":{"arguments":"{\"a\":\"~\"}"}}]}}]}"#,
        r#"{"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"~"}]},{"type":"message","content":[{"type":"output_text","text":"~"}]}]}"#,
        r#"{"content":[{"type":"thinking","thinking":"~","signature":"s"},{"type":"text","text":"~"},{"type":"tool_use","input":{"a":"~"}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"~"},{"functionCall":{"args":{"a":"~"}}}]}}]}"#,
        r#"{"output":{"message":{"content":[{"text":"~"},{"reasoningContent":{"reasoningText":{"text":"~"}}}]}}}"#,
        r#"{"message":{"content":[{"type":"text","text":"~"}],"tool_plan":"~"}}"#,
        r#"{"choices":[{"text":"~"}]}"#,
        r#"{"choices":[{"message":{"audio":{"id":"a","data":"c2s","transcript":"~"}}}]}"#,
        r#"{"content":[{"type":"code_execution_tool_result","content":{"stdout":"~","stderr":"~"}}],"text":"no more ~"#,
    ] {
        check(reply, body);
    }
}

#[test]
fn what_is_no_text_is_left_alone_byte_for_byte() {
    let mail = "ann@example.com";
    for body in [
        r#"{"model":"~","user":"~","metadata":{"who":"~"},"tool_choice":{"function":{"name":"~"}}}"#,
        r#"{"messages":[{"role":"user","name":"~","content":[{"type":"image_url","image_url":{"url":"https://x/~"}},{"type":"input_audio","input_audio":{"data":"~","format":"wav"}}]}]}"#,
        r#"{"messages":[{"content":[{"type":"image","source":{"type":"base64","data":"~"}},{"type":"thinking","thinking":"a","signature":"~"}]}]}"#,
        r#"{"tools":[{"function":{"parameters":{"properties":{"~":{"type":"~","pattern":"~"}},"required":["~"]}}}]}"#,
        r#"{"reasoning":{"effort":"~","summary":"~"},"messages":[{"content":[{"reasoningContent":{"reasoningText":{"text":"a","signature":"~"}}}]},{"reasoning_details":[{"type":"reasoning.text","text":"a","signature":"~"},{"type":"reasoning.encrypted","data":"~"}]}]}"#,
        r#"{"input":[{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"a"}],"encrypted_content":"~"}]}"#,
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"a/b","data":"~"},"thoughtSignature":"~"}]}]}"#,
        r#"["~"]"#,
    ] {
        let body = body.replace('~', mail);
        assert_eq!(guards(&[all()]).see_request(&body), Ok(None), "{body}");
    }
}

#[test]
fn a_signature_hides_nothing_and_what_has_one_is_not_masked() {
    for body in [
        r#"{"messages":[{"content":[{"type":"thinking","thinking":"~","signature":"s"}]}]}"#,
        r#"{"messages":[{"content":[{"signature":"s","thinking":"~"}]},{"content":"~"}]}"#,
        r#"{"messages":[{"content":[{"reasoningContent":{"reasoningText":{"text":"~","signature":"s"}}}]}]}"#,
        r#"{"messages":[{"reasoning_details":[{"type":"reasoning.text","text":"~","signature":"s"}]}]}"#,
        r#"{"messages":[{"reasoning_details":[{"type":"reasoning.summary","summary":"~","signature":"s"}]}]}"#,
        r#"{"messages":[{"reasoning_details":[{"summary":"~","signature":"google:forged"}]}]}"#,
    ] {
        let given = body.replace('~', "ann@example.com");
        assert!(guards(&[all()]).see_request(&given).is_err(), "{body}");
        let given = body.replace('~', "nothing of the kind");
        assert_eq!(guards(&[all()]).see_request(&given), Ok(None), "{body}");
    }
    // Of Responses what it comes to is left out; nothing in it is signed.
    let body = |summary| {
        format!(
            r#"{{"input":[{{"type":"reasoning","id":"r","summary":{summary},"encrypted_content":"x"}},{{"content":"~"}}]}}"#
        )
        .replace('~', "[masked]")
    };
    let given = body(
        r#"[{"type":"summary_text","text":"to ann@example.com"},{"type":"summary_text","text":"b"}]"#,
    );
    assert_eq!(request(&given), body("[]"));
    let refusing = guards(&[refusing(all())]);
    assert!(refusing.see_request(&given).is_err());
    // On the other side, it is the maker's own.
    check(reply, r#"{"content":[{"type":"thinking","thinking":"~","signature":"s"}]}"#);
}

#[test]
fn what_is_refused_for_its_signature_is_counted_as_that_by_who_found_it() {
    let findings = [(); 2].map(|()| Arc::<Findings>::default());
    let mut guards = Guards::default();
    let configs = [config(&["nightfall"], &[], &[]), config(&["dawn"], &[], &[])];
    for (config, findings) in configs.iter().zip(&findings) {
        let rules = Arc::new(Rules::new(config, Arc::clone(findings)));
        guards.add(&Guardrail { rules, on_request: true, on_response: true });
    }
    let body = |signed: &str| {
        format!(
            r#"{{"content":[{{"type":"text","text":"dawn"}},{{"type":"thinking","signature":"s",{signed}}}]}}"#
        )
    };
    let counts = || findings.each_ref().map(|one| one.counts());
    assert!(guards.see_request(&body(r#""thinking":"nightfall""#)).is_err());
    assert_eq!(counts(), [(1, 1), (1, 0)]);
    assert!(guards.see_request(&body(r#""thinking":"noon""#)).is_ok());
    assert_eq!(counts(), [(1, 1), (2, 0)]);
}

#[test]
fn what_cannot_be_read_hides_nothing() {
    let mail = "ann@example.com";
    for body in
        ["not JSON: ~", "{\"content\":\"\t\",\"text\":\"~\"}", r#"{"text":"\q","content":"~"}"#]
    {
        let body = body.replace('~', mail);
        let seen = guards(&[all()]).see_request(&body);
        assert!(!matches!(seen, Ok(None)), "{body}");
    }
}

#[test]
fn escapes_hide_nothing_and_numbers_in_data_are_looked_at() {
    let body = r#"{"input":"a\u006en\u0040example.com \ud83d\ude00","x":1}"#;
    assert_eq!(request(body), r#"{"input":"[masked] 😀","x":1}"#);
    let body = r#"{"input":{"card":4111111111111111,"n":12,"ok":true}}"#;
    assert_eq!(request(body), r#"{"input":{"card":"[masked]","n":12,"ok":true}}"#);
    let body = r#"{"arguments":"{\"card\":4111111111111111,\"n\":[12,-3.5e2]}"}"#;
    let seen = r#"{"arguments":"{\"card\":\"[masked]\",\"n\":[12,-3.5e2]}"}"#;
    assert_eq!(request(body), seen);
}

#[test]
fn a_mask_with_quotes_leaves_json_what_it_is() {
    let config = config::Guardrail { mask: "\"x\\".to_owned(), ..all() };
    let body = r#"{"arguments":"{\"to\":\"ann@example.com\"}","text":"ann@example.com"}"#;
    let seen = guards(&[config]).see_request(body).unwrap().unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!(seen["text"], "\"x\\");
    let arguments: serde_json::Value =
        serde_json::from_str(seen["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments["to"], "\"x\\");
}

#[test]
fn log_probabilities_tell_no_masked_token() {
    let body = r#"{"choices":[{"message":{"content":"hi"},"logprobs":{"content":[{"token":"hi"}]}}],"a":null}"#;
    let seen = r#"{"choices":[{"message":{"content":"hi"},"logprobs":null}],"a":null}"#;
    assert_eq!(reply(body), seen);
    let without = r#"{"choices":[{"message":{"content":"hi"},"logprobs":null}]}"#;
    assert_eq!(guards(&[all()]).see_reply(without), Ok(None));
}

#[test]
fn what_is_refused_is_refused_and_the_client_is_not_told_what_it_was() {
    let guards = guards(&[refusing(all())]);
    let found = guards.see_request(r#"{"messages":[{"content":"at nightfall"}]}"#).unwrap_err();
    assert_eq!(found.what, "keyword");
    let error = refusal(found);
    assert_eq!((error.kind, error.status), (ErrorKind::ContentRefused, 403));
    assert!(!error.message.contains("keyword"));
    assert_eq!(guards.see_request(r#"{"messages":[{"content":"at noon"}]}"#), Ok(None));
}

#[test]
fn each_guardrail_gets_what_the_one_before_lets_out() {
    let first =
        config::Guardrail { mask: "<mail>".into(), ..config(&[], &[], &[PersonalData::Email]) };
    let second = config(&["secret"], &[], &[]);
    let body = r#"{"prompt":"secret of ann@example.com"}"#;
    let seen = guards(&[first, second]).see_request(body).unwrap().unwrap();
    assert_eq!(String::from_utf8(seen).unwrap(), r#"{"prompt":"[masked] of <mail>"}"#);
}

#[test]
fn a_direction_that_is_not_looked_at_lets_all_through() {
    let guards = guards(&[config::Guardrail { on_request: false, ..all() }]);
    assert!(!guards.looks_at_requests() && guards.looks_at_replies());
    assert_eq!(guards.see_request(r#"{"prompt":"ann@example.com"}"#), Ok(None));
    assert!(guards.see_reply(r#"{"text":"ann@example.com"}"#).unwrap().is_some());
}

#[test]
fn sound_of_a_model_is_no_text() {
    let body = r#"{"message":{"audio":{"id":"a","data":"ann@example.com","expires_at":1}},"reasoning":{"summary":"nightfall"}}"#;
    assert_eq!(guards(&[all()]).see_reply(body), Ok(None));
}

#[test]
fn answers_of_batches_are_seen_through_one_by_one() {
    let body = "{\"custom_id\":\"~\",\"text\":\"~\"}\n{\"response\":{\"body\":{\"text\":\"~\"}}}\n";
    let seen = body.replace('~', "ann@example.com");
    let seen = guards(&[all()]).see_reply(&seen).unwrap().unwrap();
    let expected = "{\"custom_id\":\"ann@example.com\",\"text\":\"[masked]\"}\n{\"response\":{\"body\":{\"text\":\"[masked]\"}}}\n";
    assert_eq!(String::from_utf8(seen).unwrap(), expected);
    check(reply, "{\"text\":\"a\"} and ~");
    check(reply, "\"~\"");
    check(reply, "12 of ~");
}

#[test]
fn texts_that_are_no_json_are_seen_through_as_they_are() {
    let seen =
        guards(&[all()]).see_text_reply("1\n00:00:01,000 --> 00:00:02,000\nann@example.com\n");
    let seen = String::from_utf8(seen.unwrap().unwrap()).unwrap();
    assert_eq!(seen, "1\n00:00:01,000 --> 00:00:02,000\n[masked]\n");
    assert_eq!(guards(&[all()]).see_text_reply("hello"), Ok(None));
    let names = ["prompt", "input", "file", "model", "language"];
    assert_eq!(names.map(Guards::is_text_part), [true, true, false, false, false]);
    assert!(guards(&[refusing(all())]).see_text_reply("at nightfall").is_err());
    assert_eq!(
        guards(&[all()]).see_text_request("at \"nightfall\"").unwrap().unwrap(),
        b"at \"[masked]\""
    );
}

#[test]
fn what_lies_deep_is_found() {
    let deep = |levels: usize| {
        let (open, close) = (r#"{"summary":[{"x":"#.repeat(levels), "}]}".repeat(levels));
        format!("{open}{}{close}", r#"{"text":"ann@example.com"}"#)
    };
    assert!(request(&deep(40)).contains("[masked]"));
}

#[test]
fn a_reply_too_deep_to_be_gone_through_is_refused_and_not_let_through() {
    let deep = |open: &str, close: &str, levels: usize| {
        let (open, close) = (open.repeat(levels), close.repeat(levels));
        format!("{open}{}{close}", r#"{"text":"ann@\u0065xample.com"}"#)
    };
    let guards = guards(&[all()]);
    for (open, close) in [("[", "]"), (r#"{"input":"#, "}"), (r#"{"content":["#, "]}")] {
        let seen = guards.see_reply(&deep(open, close, 50)).unwrap();
        assert!(String::from_utf8(seen.unwrap()).unwrap().contains("[masked]"));
        for levels in [200, 100_000] {
            assert_eq!(guards.see_reply(&deep(open, close, levels)), Err(Found::TOO_DEEP));
        }
    }
}

#[test]
fn what_tools_images_and_transcripts_say_beside_the_answer_is_text() {
    for body in [
        r#"{"output":[{"type":"code_interpreter_call","id":"ci","code":"~","outputs":[{"type":"logs","logs":"a ~"},{"type":"image","url":"https://x"}]}]}"#,
        r#"{"output":[{"type":"image_generation_call","revised_prompt":"~","result":"aGk="}]}"#,
        r#"{"created":1,"data":[{"b64_json":"aGk=","revised_prompt":"~"}]}"#,
        r#"{"text":"~","words":[{"word":"~","start":0.1,"end":0.2}],"segments":[{"text":"~"}]}"#,
        r#"{"output":[{"type":"mcp_call","arguments":"{}","output":null,"error":"~"}]}"#,
        r#"{"output":[{"type":"mcp_call","error":{"type":"http_error","code":500,"message":"~"}}]}"#,
        r#"{"content":[{"type":"output_text","text":"~","annotations":[{"type":"file_citation","file_id":"f","quote":"~"}]}]}"#,
        r#"{"content":[{"type":"text_editor_code_execution_tool_result","content":{"lines":["-~","+~"],"old_start":1}}]}"#,
        r#"{"content":[{"type":"bash_code_execution_tool_result","content":{"error_message":"~","error_code":"unavailable"}}]}"#,
        r#"{"trace":{"guardrail":{"modelOutput":["~"],"inputAssessment":{"g":{"sensitiveInformationPolicy":{"piiEntities":[{"match":"~","type":"EMAIL"}]}}}}}}"#,
        r#"{"message":{"citations":[{"text":"~","sources":[{"type":"tool","id":"t","tool_output":{"to":"~"}}]}]}}"#,
    ] {
        check(reply, body);
    }
    // A client may send back what was answered.
    let sent = r#"{"input":[{"type":"code_interpreter_call","code":"~","outputs":[{"type":"logs","logs":"~"}]},{"type":"mcp_call","error":"~"}]}"#;
    check(request, sent);
    check(reply, r#"{"error":{"code":"~","message":"~"}}"#.replacen('~', "c", 1).as_str());
}

#[test]
fn a_file_in_a_url_is_seen_through_wherever_it_stands() {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    for body in [
        r#"{"messages":[{"content":[{"type":"image_url","image_url":{"url":"^"}}]}]}"#,
        r#"{"input":[{"content":[{"type":"input_image","image_url":"^"}]}]}"#,
        r#"{"messages":[{"content":[{"type":"file","file":{"file_data":"^"}}]}]}"#,
        r#"{"anything":["^"]}"#,
    ] {
        for head in ["data:text/plain;base64,", "DATA:text/csv;BASE64,", "data:image/png;base64,"] {
            let with = |text: &str| body.replace('^', &format!("{head}{}", encode(text)));
            assert_eq!(request(&with("to ann@example.com")), with("to [masked]"));
        }
        let given = body.replace('^', "data:text/plain,to%20ann%40example.com");
        assert_eq!(request(&given), body.replace('^', "data:text/plain,to%20%5Bmasked%5D"));
        let unreadable = body.replace('^', "data:text/plain;base64,!!!");
        assert!(guards(&[all()]).see_request(&unreadable).is_err(), "{unreadable}");
        // No file, only a word.
        for none in ["data:none", "https://example.com/a.png"] {
            assert_eq!(request(&body.replace('^', none)), body.replace('^', none));
        }
    }
}
