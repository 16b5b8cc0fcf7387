//! Rankings over all pairs of wires.

use architrave_llm::field::{FieldSet, Listed, Losses, Say};
use architrave_llm::rerank::{
    RerankField, Wire, Wish, read_request, reply, used_of_reply, write_request,
};
use architrave_llm::surface::Surface;

use crate::fixtures::{beside, context};

fn requests(wire: Wire) -> Vec<String> {
    beside("rerank", &format!("{}.json", wire.name()))
}

/// A field that is said in a body, or carried by what comes after.
fn is_in_body(field: RerankField, to: Wire) -> bool {
    let returns_here = matches!(to, Wire::Cohere | Wire::Bedrock);
    to.says(field) == Say::Carried && !(field == RerankField::ReturnsDocuments && returns_here)
}

#[test]
fn what_a_table_carries_comes_through() {
    let mut through = 0;
    for from in Wire::ALL {
        for body in requests(from) {
            let (mut request, _) = read_request(None, body.as_bytes()).unwrap();
            request.model = "there".into();
            for to in Wire::ALL {
                let Ok(written) = write_request(to, &request, &Losses::default()) else { continue };
                let (again, losses) = read_request(Some("there"), &written.body).unwrap();
                assert!(losses.unknown.is_empty(), "{to:?} does not know {losses:?}");
                for field in request.fields().iter().filter(|field| is_in_body(*field, to)) {
                    assert!(again.fields().has(field), "{from:?} to {to:?}: {field:?} of {body}");
                }
                assert_eq!(again.documents.len(), request.documents.len());
                assert_eq!((&again.query, &again.model), (&request.query, &request.model));
                through += 1;
            }
        }
    }
    assert!(through > 12, "{through}");
}

#[test]
fn fixtures_use_whatever_the_wire_can_say() {
    for wire in Wire::ALL {
        let mut used = FieldSet::default();
        for body in requests(wire) {
            used = used.with(read_request(None, body.as_bytes()).unwrap().0.fields());
        }
        for &field in RerankField::ALL {
            assert!(!is_in_body(field, wire) || used.has(field), "{wire:?} lacks {field:?}");
        }
    }
}

#[test]
fn rankings_come_through_with_the_text_of_their_scores() {
    for from in Wire::ALL {
        for body in beside("rerank", &format!("{}_reply.json", from.name())) {
            let told = used_of_reply(body.as_bytes());
            for to in Wire::ALL {
                let wish = Wish { wire: to, documents: Vec::new() };
                let there = reply(body.as_bytes(), &wish, &context()).unwrap();
                let text = String::from_utf8(there.body.clone()).unwrap();
                for score in ["3.2713e-05", "0.87", "0.43", "0.25"] {
                    assert_eq!(body.contains(score), text.contains(score), "{to:?}: {text}");
                }
                assert_eq!(there.used, told);
                let again = used_of_reply(&there.body);
                if to == Wire::CohereV1 {
                    assert_eq!(again, told);
                }
            }
        }
    }
}

#[test]
fn documents_are_repeated_where_the_provider_does_not() {
    let asked =
        r#"{"query":"a","documents":[{"text":"b","title":"t"},"c"],"return_documents":true}"#;
    let (request, _) = read_request(None, asked.as_bytes()).unwrap();
    let ranked = br#"{"results":[{"index":1,"relevance_score":0.5},{"index":0,"relevance_score":0.1},{"index":7,"relevance_score":0}]}"#;
    let answer = |wire| {
        let reply = reply(ranked, &Wish::of(wire, &request), &context()).unwrap();
        String::from_utf8(reply.body).unwrap()
    };
    assert_eq!(
        answer(Wire::CohereV1),
        concat!(
            r#"{"id":"x1","model":"asked","results":["#,
            r#"{"index":1,"relevance_score":0.5,"document":{"text":"c"}},"#,
            r#"{"index":0,"relevance_score":0.1,"document":{"text":"b","title":"t"}},"#,
            r#"{"index":7,"relevance_score":0}],"#,
            r#""meta":{"api_version":{"version":"1"},"billed_units":{}}}"#
        )
    );
    assert!(answer(Wire::Voyage).contains(r#""document":"c""#));
}

#[track_caller]
fn check_refused(body: &str, to: Wire, param: &str) {
    let refused = read_request(None, body.as_bytes())
        .and_then(|(request, read)| write_request(to, &request, &read).map(drop));
    let error = refused.unwrap_err();
    assert_eq!((error.status, error.param.as_deref()), (400, Some(param)), "{error}");
}

#[test]
fn what_is_wrong_is_told_by_field() {
    check_refused(r#"{"query":"a","documents":[]}"#, Wire::Cohere, "documents");
    check_refused(r#"{"query":7,"documents":["a"]}"#, Wire::Cohere, "query");
    check_refused(r#"{"query":"a","documents":["a",7]}"#, Wire::Cohere, "documents[1]");
    let fields = r#"{"query":"a","documents":[{"title":"a"}],"rank_fields":["title"]}"#;
    check_refused(fields, Wire::Cohere, "rank_fields");
    check_refused(r#"{"query":"a","documents":["b",{"c":"d"}]}"#, Wire::Voyage, "documents[1]");
    let error = reply(b"{}", &Wish { wire: Wire::Cohere, documents: vec![] }, &context());
    assert_eq!(error.unwrap_err().status, 502);
}

#[test]
fn wires_of_one_path_are_told_apart_by_their_words() {
    for (surface, body, wire) in [
        (Surface::CohereRerank, "{}", Some(Wire::Cohere)),
        (Surface::CohereRerankV1, r#"{"query":"a","top_n":1}"#, Some(Wire::CohereV1)),
        (Surface::CohereRerankV1, r#"{"query":"a","top_k":1}"#, Some(Wire::Voyage)),
        (Surface::BedrockInvoke, r#"{"query":"a","documents":[]}"#, Some(Wire::Bedrock)),
        (Surface::BedrockInvoke, r#"{"query":"a"}"#, None),
        (Surface::OpenaiChat, r#"{"query":"a","documents":[]}"#, None),
    ] {
        assert_eq!(Wire::of_body(surface, body), wire, "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn any_body_is_survived(
        body in "(\\{|\\}|\\[|\\]|,|:|\"query\"|\"documents\"|\"results\"|\"text\"|1|null| ){0,24}",
    ) {
        let _ = read_request(None, body.as_bytes());
        let _ = used_of_reply(body.as_bytes());
        for wire in Wire::ALL {
            let wish = Wish { wire, documents: Vec::new() };
            let _ = reply(body.as_bytes(), &wish, &context());
        }
    }
}
