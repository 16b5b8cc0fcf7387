//! Vectors over all pairs of wires: what a table says is carried comes through, and numbers come
//! through as the text that they are.

use architrave_llm::embedding::{
    EmbedField, EmbedRequest, Encoding, Wire, Wish, read_request, reply, usage_of_reply,
    write_requests,
};
use architrave_llm::field::{FieldSet, Listed, Losses, Say};

use crate::fixtures::{beside, context};

/// The requests of a wire's fixture.
fn requests(wire: Wire) -> Vec<String> {
    beside("embedding", &format!("{}.json", wire.name()))
}

fn replies(wire: Wire) -> Vec<String> {
    beside("embedding", &format!("{}_reply.json", wire.name()))
}

fn carried(to: Wire, request: &EmbedRequest<'_>) -> FieldSet<EmbedField> {
    let mut carried = FieldSet::default();
    for field in request.fields().iter() {
        carried.add_if(field, to.says(field) == Say::Carried);
    }
    // Of several encodings, others are made here of the one that is asked for.
    carried.without(encodings())
}

fn encodings() -> FieldSet<EmbedField> {
    let mut encodings = FieldSet::default();
    for field in [EmbedField::Floats, EmbedField::Base64, EmbedField::EncodingsMany] {
        encodings.add(field);
    }
    encodings
}

#[test]
fn what_a_table_carries_comes_through() {
    let mut through = 0;
    for from in Wire::ALL {
        for body in requests(from) {
            let (mut request, _) = read_request(from, None, body.as_bytes()).unwrap();
            request.model = "there".into();
            for to in Wire::ALL {
                let Ok(written) = write_requests(to, &request, &Losses::default()) else {
                    continue;
                };
                let mut fields = FieldSet::default();
                let mut inputs = 0;
                for body in &written.bodies {
                    let (again, losses) = read_request(to, Some("there"), body).unwrap();
                    assert!(losses.unknown.is_empty(), "{to:?} does not know {losses:?}");
                    fields = fields.with(again.fields());
                    inputs += again.inputs.len();
                }
                let lost = carried(to, &request).without(fields);
                assert!(lost.is_empty(), "{from:?} to {to:?}: {lost:?} of {body}");
                assert_eq!(inputs, request.inputs.len());
                through += 1;
            }
        }
    }
    assert!(through > 100, "{through}");
}

#[test]
fn a_request_that_loses_nothing_is_the_same_again() {
    for wire in Wire::ALL {
        for body in requests(wire) {
            let (request, _) = read_request(wire, Some("m"), body.as_bytes()).unwrap();
            let Ok(written) = write_requests(wire, &request, &Losses::default()) else { continue };
            let (again, _) = read_request(wire, Some("m"), &written.bodies[0]).unwrap();
            let made_here = EmbedRequest {
                encodings: request.encodings.clone(),
                purpose: request.purpose,
                ..again.clone()
            };
            assert_eq!(made_here, request, "{wire:?}");
        }
    }
}

#[test]
fn fixtures_use_whatever_the_wire_can_say() {
    for wire in Wire::ALL {
        let mut used = FieldSet::default();
        for body in requests(wire) {
            used = used.with(read_request(wire, None, body.as_bytes()).unwrap().0.fields());
        }
        for &field in EmbedField::ALL {
            let is_said = wire.says(field) == Say::Carried && !encodings().has(field);
            assert!(!is_said || used.has(field), "{wire:?} lacks `{}`", field.name());
        }
    }
}

/// The reply of a body, asked for in one encoding on one wire.
fn translated(from: Wire, body: &str, to: Wire, encoding: Encoding, inputs: usize) -> String {
    let wish = Wish {
        wire: to,
        encodings: vec![encoding],
        says_encodings: true,
        inputs,
        texts: Vec::new(),
        tokens_estimate: 7,
    };
    let reply = reply(from, &[body], &wish, &context());
    String::from_utf8(reply.unwrap_or_else(|error| panic!("{from:?} to {to:?}: {error}")).body)
        .unwrap()
}

#[test]
fn numbers_come_through_every_wire_as_they_were_written() {
    let numbers = "[0.25,-0.100000001490116119384765625,1E-7,12]";
    let body = format!(r#"{{"data":[{{"index":0,"embedding":{numbers}}}]}}"#);
    for to in Wire::ALL {
        let there = translated(Wire::Openai, &body, to, Encoding::Float, 1);
        assert!(there.contains(numbers), "{to:?}: {there}");
        let back = translated(to, &there, Wire::Openai, Encoding::Float, 1);
        assert!(back.contains(numbers), "{to:?}: {back}");
    }
}

#[test]
fn numbers_and_base64_are_made_of_each_other() {
    let base64 = "AACAPgAAgL+9N4Y1";
    let body = format!(r#"{{"data":[{{"index":0,"embedding":"{base64}"}}]}}"#);
    for to in Wire::ALL {
        let there = translated(Wire::Openai, &body, to, Encoding::Float, 1);
        assert!(there.contains("[0.25,-1,0.000001]"), "{to:?}: {there}");
        let back = translated(to, &there, Wire::Openai, Encoding::Base64, 1);
        assert!(back.contains(base64), "{to:?}: {back}");
    }
}

#[test]
fn usage_comes_through() {
    for from in Wire::ALL {
        for body in replies(from) {
            let told = usage_of_reply(from, body.as_bytes());
            let inputs = body.matches("0.25").count().max(1);
            for to in [Wire::Openai, Wire::GeminiBatch, Wire::Cohere] {
                let there = translated(from, &body, to, Encoding::Float, inputs);
                let again = usage_of_reply(to, there.as_bytes());
                let total = |usage: Option<architrave_llm::chat::Usage>| {
                    usage.map(|usage| usage.input_total())
                };
                let is_estimated = to == Wire::Openai && told.is_none();
                let told = if is_estimated { Some(7) } else { total(told) };
                assert_eq!(total(again), told, "{from:?} to {to:?}");
            }
        }
    }
}

#[test]
fn many_texts_become_many_requests_where_one_is_taken_at_a_time() {
    let body = r#"{"model":"m","input":["a","b","c"]}"#;
    let (request, read) = read_request(Wire::Openai, None, body.as_bytes()).unwrap();
    let written = write_requests(Wire::Titan, &request, &read).unwrap();
    assert_eq!(written.bodies.len(), 3);
    let replies = [
        r#"{"embedding":[1],"inputTextTokenCount":2}"#,
        r#"{"embedding":[2],"inputTextTokenCount":3}"#,
        r#"{"embedding":[3],"inputTextTokenCount":4}"#,
    ];
    let reply = reply(Wire::Titan, &replies, &Wish::of(Wire::Openai, &request), &context());
    let reply = reply.unwrap();
    assert_eq!(reply.usage.unwrap().input, 9);
    assert_eq!(
        String::from_utf8(reply.body).unwrap(),
        concat!(
            r#"{"id":"embd-x1","object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},"#,
            r#"{"object":"embedding","index":1,"embedding":[2]},"#,
            r#"{"object":"embedding","index":2,"embedding":[3]}],"#,
            r#""model":"asked","usage":{"prompt_tokens":9,"total_tokens":9}}"#
        )
    );
}

#[track_caller]
fn check_wrong(wire: Wire, body: &str, param: &str) {
    let error = read_request(wire, None, body.as_bytes()).unwrap_err();
    assert_eq!((error.status, error.param.as_deref()), (400, Some(param)), "{error}");
}

#[test]
fn mistakes_are_told_by_field() {
    check_wrong(Wire::Openai, r#"{"input":[]}"#, "input");
    check_wrong(Wire::Openai, r#"{"input":["a",1]}"#, "input[1]");
    check_wrong(Wire::Openai, r#"{"input":[1,"a"]}"#, "input[1]");
    check_wrong(Wire::Openai, r#"{"input":[[1,"a"]]}"#, "input[0][1]");
    check_wrong(Wire::Openai, r#"{"input":"a","encoding_format":"hex"}"#, "encoding_format");
    check_wrong(Wire::Cohere, r#"{"texts":[],"input_type":"x"}"#, "input_type");
    check_wrong(Wire::Cohere, r#"{"model":"m"}"#, "texts");
    check_wrong(Wire::Gemini, r#"{"content":{"parts":[{}]}}"#, "content.parts[0]");
    let other = r#"{"requests":[{"content":{"parts":[{"text":"a"}]}},{"title":"b","taskType":"CLUSTERING","content":{"parts":[{"text":"a"}]}}]}"#;
    check_wrong(Wire::GeminiBatch, other, "requests[1]");
    check_wrong(Wire::Predict, r#"{"instances":[{"title":"a"}]}"#, "instances[0]");
    check_wrong(Wire::Titan, r#"{"inputText":7}"#, "inputText");
}

#[track_caller]
fn check_refused(from: Wire, body: &str, to: Wire, param: &str) {
    let (request, read) = read_request(from, None, body.as_bytes()).unwrap();
    let error = write_requests(to, &request, &read).unwrap_err();
    assert_eq!((error.status, error.param.as_deref()), (400, Some(param)), "{error}");
}

#[test]
fn what_would_mean_something_else_is_refused_by_name() {
    check_refused(Wire::Openai, r#"{"input":[1,2]}"#, Wire::Cohere, "input_tokens");
    let small = r#"{"texts":["a"],"embedding_types":["int8"]}"#;
    check_refused(Wire::Cohere, small, Wire::Openai, "embedding_types");
    let image = r#"{"images":["data:image/png;base64,iVBO"]}"#;
    check_refused(Wire::Cohere, image, Wire::Openai, "images");
    let sized = r#"{"input":"a","dimensions":8}"#;
    check_refused(Wire::Openai, sized, Wire::CohereV1, "dimensions");
}

#[test]
fn a_reply_that_does_not_fit_is_a_failure_of_the_provider() {
    let (request, _) = read_request(Wire::Openai, None, br#"{"input":["a","b"]}"#).unwrap();
    let wish = Wish::of(Wire::Openai, &request);
    for body in [
        r#"{"embeddings":[{"values":[1]}]}"#,
        r#"{"embeddings":[{"values":[1]},{}]}"#,
        "no JSON",
        "",
    ] {
        let error = reply(Wire::GeminiBatch, &[body], &wish, &context()).unwrap_err();
        assert_eq!(error.status, 502, "{body}");
    }
    let wish = Wish { encodings: vec![Encoding::Base64], inputs: 1, ..wish };
    let wrong = r#"{"embeddings":[{"values":["a"]}]}"#;
    assert_eq!(reply(Wire::GeminiBatch, &[wrong], &wish, &context()).unwrap_err().status, 502);
}

#[test]
fn bare_calls_are_told_apart_by_their_body() {
    use architrave_llm::surface::Surface::{BedrockInvoke, GeminiPredict};
    for (surface, body, wire) in [
        (BedrockInvoke, r#"{"inputText":"a"}"#, Some(Wire::Titan)),
        (BedrockInvoke, r#"{"inputText":"a","textGenerationConfig":{}}"#, None),
        (BedrockInvoke, r#"{"texts":["a"],"input_type":"b"}"#, Some(Wire::BedrockCohere)),
        (BedrockInvoke, r#"{"anthropic_version":"a","messages":[]}"#, None),
        (BedrockInvoke, "[", None),
        (GeminiPredict, r#"{"instances":[{"content":"a"}]}"#, Some(Wire::Predict)),
        (GeminiPredict, r#"{"instances":[{"prompt":"a"}]}"#, None),
    ] {
        assert_eq!(Wire::of_body(surface, body), wire, "{body}");
    }
    let model = |model| Wire::of_model(BedrockInvoke, model);
    assert_eq!(model("eu.amazon.titan-embed-text-v2:0"), Some(Wire::Titan));
    assert_eq!(model("cohere.embed-english-v3"), Some(Wire::BedrockCohere));
    assert_eq!(model("amazon.nova-2-multimodal-embeddings-v1:0"), None);
}

proptest::proptest! {
    #[test]
    fn any_body_is_survived(
        body in "(\\{|\\}|\\[|\\]|,|:|\"input\"|\"texts\"|\"data\"|\"embedding\"|\"a\"|1|null| ){0,24}",
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
    ) {
        for wire in Wire::ALL {
            for body in [body.as_bytes(), &bytes] {
                let _ = read_request(wire, None, body);
                let _ = usage_of_reply(wire, body);
            }
        }
    }
}
